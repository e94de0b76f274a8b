"""register_hook and retain_grad: PyTorch's words for looking at a gradient on its way back, and keeping it."""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_lite as tg


def watched(value, name=None):
    return tg.tensor(value, requires_grad=True, name=name)


def test_a_hook_sees_all_that_a_tensor_is_handed_once():
    x, seen = watched([1.0, 2.0]), []
    y = x * 3
    y.register_hook(seen.append)
    x.register_hook(seen.append)
    (y * y + y).sum().backward()
    assert [g.tolist() for g in seen] == [[7.0, 13.0], [21.0, 39.0]]  # y's first, each time the whole sum
    assert all(isinstance(g, tg.Tensor) and not g.requires_grad for g in seen)
    assert x.grad.tolist() == [21.0, 39.0]


def test_what_a_hook_returns_goes_on_in_its_place():
    x = watched(2.0)
    y = x * 3
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: g + 1)
    (y * 5).backward()
    assert x.grad.item() == (5 * 10 + 1) * 3


def test_a_leaf_s_hook_changes_what_is_added_to_its_gradient():
    x = watched([1.0, -4.0])
    x.register_hook(lambda g: np.sign(g.numpy()))
    for _ in range(2):
        (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, -2.0] and x.grad.dtype == np.float32


def test_a_hook_on_the_result_sees_the_seed():
    x = watched(2.0)
    y, seen = x * x, []
    y.register_hook(lambda g: seen.append(g.item()) or -g)
    y.backward(10.0)
    assert seen == [10.0] and x.grad.item() == -40.0


def test_a_handle_takes_its_hook_away():
    x, seen = watched(1.0), []
    handle = x.register_hook(lambda g: seen.append("first"))
    with x.register_hook(lambda g: seen.append("second")):
        (2 * x).backward()
    (2 * x).backward()
    handle.remove()
    handle.remove()
    (2 * x).backward()
    assert seen == ["first", "second", "first"]


def test_a_hook_may_take_itself_away():
    x, seen = watched(1.0), []
    handle = x.register_hook(lambda g: (seen.append(g.item()), handle.remove())[0])
    for _ in range(2):
        (2 * x).backward()
    assert seen == [2.0]


def test_a_recorded_gradient_and_what_replaces_it_can_be_differentiated():
    x = watched(3.0)
    y = x * x
    y.register_hook(lambda g: g * x)
    y.backward(create_graph=True)
    assert x.grad.item() == 18  # x * 2x
    (second,) = tg.vjp(lambda t: t, 1.0)[1]()  # an unrelated walk has no hooks to call
    assert second.item() == 1
    g, x.grad = x.grad, None
    g.backward()
    assert x.grad.item() == 12


def test_transforms_call_the_hooks_inside_a_function_and_never_those_of_its_arguments():
    x, seen = watched(3.0), []
    x.register_hook(lambda g: seen.append("x"))

    def f(t):
        y = t * t
        y.register_hook(lambda g: seen.append(g.item()) or 2 * g)
        return y * 1

    assert tg.grad(f)(x).item() == 12 and seen == [1.0]
    assert tg.grad(tg.grad(f))(3.0).item() == 4


def test_hooks_are_called_once_where_the_walk_needs_care():
    x, seen = watched([0.0, 4.0]), []
    y = tg.sqrt(x)
    y.register_hook(seen.append)
    tg.where(x > 0, y, 0.0).sum().backward()
    assert len(seen) == 1 and x.grad.tolist() == [0.0, 0.25]


def test_drawing_and_explaining_call_no_hooks():
    x = watched(2.0)
    y = x * x
    y.register_hook(lambda g: pytest.fail("called"))
    y.retain_grad()
    tg.draw(y)
    tg.explain(y)
    assert y.grad is None


def test_what_a_hook_does_to_the_gradient_it_is_shown_changes_nothing():
    x = watched([1.0, 2.0])

    def spoil(g):
        g[...] = 7
        g *= 0

    x.register_hook(spoil)
    (3 * x).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_a_gradient_shares_no_memory_with_what_a_hook_gave():
    x, given = watched([1.0, 2.0]), tg.tensor([5.0, 6.0])
    x.register_hook(lambda g: given)
    x.sum().backward()
    with x.grad.writeable() as array:
        array[...] = 0
    assert given.tolist() == [5.0, 6.0]


def test_an_optimizer_s_steps_leave_a_leaf_its_hook():
    x, seen = watched([1.0]), []
    x.register_hook(lambda g: seen.append(g.item()))
    for step in (lambda: x.data, lambda: x.__isub__(1.0), lambda: x.__setitem__(0, 9.0)):
        with tg.no_grad():
            step()
        (2 * x).sum().backward()
    assert seen == [2.0, 2.0, 2.0]


def test_after_a_change_in_place_a_hook_stays_with_the_former_value_and_retain_grad_goes_on():
    x, seen = watched(3.0), []
    y = x * 1
    handle = y.register_hook(lambda g: seen.append(g.item()))
    y.retain_grad()
    z = y * 10
    y *= 2
    (y + z).backward(retain_graph=True)
    assert seen == [2.0 + 10.0] and y.grad.item() == 1.0 and x.grad.item() == 12.0
    handle.remove()
    (y + z).backward()
    assert seen == [12.0]


# retain_grad


def test_a_retained_gradient_is_that_of_a_leaf_in_its_place():
    x = watched([1.0, 2.0])
    y = x * 3
    y.retain_grad()
    assert y.retains_grad and not y.is_leaf and not x.retains_grad
    (y * y).sum().backward(retain_graph=True)
    assert y.grad.tolist() == [6.0, 12.0]
    (y * y).sum().backward()
    assert y.grad.tolist() == [12.0, 24.0]  # added up, as in a leaf


def test_it_is_retained_as_the_hooks_left_it_whatever_their_order():
    x = watched(2.0)
    y = x * 3
    y.retain_grad()
    y.register_hook(lambda g: 10 * g)
    y.backward()
    assert y.grad.item() == 10 and x.grad.item() == 30


def test_retained_gradients_share_no_memory():
    x = watched([1.0, 2.0])
    y = x.reshape(2, 1)
    z = +y
    for t in (x, y, z):
        t.retain_grad()
    seed = np.ones((2, 1), np.float32)
    z.backward(seed)
    grads = [x.grad, y.grad, z.grad]
    for i, g in enumerate(grads):
        with g.writeable() as array:
            array[...] = i
    assert [g.reshape(-1).tolist() for g in grads] == [[0, 0], [1, 1], [2, 2]] and (seed == 1).all()


def test_a_leaf_s_gradient_is_kept_anyway():
    x = watched(2.0)
    x.retain_grad()
    (x * x).backward()
    assert x.grad.item() == 4 and not x.retains_grad


def test_only_backward_writes_a_retained_gradient():
    x, seen = watched(2.0), []

    def f(t):
        y = t * t
        y.retain_grad()
        seen.append(y)
        return y * 3

    tg.grad(f)(x)
    assert seen[0].grad is None


def test_nothing_is_kept_where_a_hook_raises():
    x = watched([1.0], name="x")
    y = x * 2
    y.name = "y"
    y.retain_grad()
    handle = x.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        y.sum().backward(retain_graph=True)
    assert caught.value.__notes__ == ["in a hook of a Tensor 'x' float32(1,)"]
    assert x.grad is None and y.grad is None and tg.is_grad_enabled()
    handle.remove()
    y.sum().backward()
    assert y.grad.item() == 1


def test_errors_say_what_is_wanted():
    x = watched([1.0, 2.0], name="x")
    with pytest.raises(TypeError, match="a function of the gradient, given 3"):
        x.register_hook(3)
    for ask in (tg.Tensor.retain_grad, lambda t: t.register_hook(print)):
        with pytest.raises(RuntimeError, match=r"Tensor 'c' float32\(\) that wants no gradient: .*requires_grad=True"):
            ask(tg.tensor(1.0, name="c"))
    x.register_hook(lambda g: [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"the same shape, or None: given .* for \(2,\)"):
        x.sum().backward()


def test_hooks_are_neither_copied_nor_pickled_nor_do_they_keep_a_graph_alive():
    import copy
    import pickle

    x = watched([1.0])
    x.register_hook(lambda g: pytest.fail("called"))
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        y.sum().backward()
    gc.disable()
    try:
        y = x * 2
        handle = y.register_hook(lambda g: None)
        ref = weakref.ref(y)
        del y
        assert ref() is None
        handle.remove()
    finally:
        gc.enable()
