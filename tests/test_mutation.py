"""Changes in place, by every route there is: the right gradient or an error, never a wrong number."""

import gc

import numpy as np
import pytest

import tinygrad_lite as tg


def leaf(*values):
    return tg.tensor(np.array(values), requires_grad=True)


def right_or_error(x, y, expected):
    """y.backward() leaves `expected` in x.grad, or raises and leaves nothing."""
    refused = ""
    try:
        y.backward(np.ones(y.shape))
    except RuntimeError as error:
        refused = str(error)
    assert "in place" in refused if x.grad is None else x.grad.tolist() == expected


# The ten routes. Each changes `z` or `array`, which y = x * z was computed from, to 100 and more.


def by_iadd(z):
    z += 100


def by_setitem(z):
    z[...] = 100


def by_out(z):
    np.multiply(2, 3, out=z)


def by_data(z):
    z.data = [100.0, 100.0]


def by_array_of_data(z):
    z.data[...] = 100


def by_numpy(z):
    z.detach().numpy()[...] = 100


def by_writeable(z):
    with z.writeable() as array:
        array[...] = 100


def by_a_view_taken_after(z):
    view = z[:]
    view += 100


def by_a_detached_view(z):
    view = z.detach()
    view[...] = 100


ROUTES = [by_iadd, by_setitem, by_out, by_data, by_array_of_data, by_numpy, by_writeable, by_a_view_taken_after]
ROUTES += [by_a_detached_view]


@pytest.mark.parametrize("no_grad", [False, True])
@pytest.mark.parametrize("make", ["constant", "leaf", "computed"])
@pytest.mark.parametrize("route", ROUTES)
def test_a_tensor_changed_after_use(route, make, no_grad):
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    z = {"constant": w.detach().copy(), "leaf": w, "computed": w * 1}[make]
    y = x * z
    try:
        if no_grad:
            with tg.no_grad():
                route(z)
        else:
            route(z)
    except (RuntimeError, TypeError, ValueError):  # refused: then nothing has changed
        assert z.tolist() == [3.0, 4.0]
    assert y.tolist() == [3.0, 8.0]
    right_or_error(x, y, [3.0, 4.0])


def test_a_view_taken_before_keeps_its_values_and_its_gradient():
    x = leaf(1.0, 2.0)
    y = x * 3
    view = y[:1]
    y[...] = 100.0
    assert view.tolist() == [3.0] and y.tolist() == [100.0, 100.0]
    right_or_error(x, view, [3.0, 0.0])


def test_a_view_taken_before_and_changed_leaves_the_tensor_as_it_was():
    x = leaf(1.0, 2.0)
    y = x * 3
    view = y[:1]
    view *= 100
    assert y.tolist() == [3.0, 6.0]
    right_or_error(x, y, [3.0, 3.0])


@pytest.mark.parametrize("make", [lambda a: a, lambda a: a[:], lambda a: a[::-1]], ids=["itself", "view", "reversed"])
def test_the_caller_s_array_may_be_written_to(make):
    x, array = leaf(1.0, 1.0), np.array([3.0, 3.0])
    y = x * make(array)
    array[...] = 100
    right_or_error(x, y, [3.0, 3.0])
    assert x.grad is not None  # not even an error


def test_the_caller_s_array_of_a_leaf_a_seed_and_an_index_may_be_written_to():
    array, seed, index, mask = np.array([3.0, 4.0]), np.ones(2), np.array([0, 0]), np.array([True, False])
    x = tg.tensor(array, requires_grad=True)
    y = x * x
    z = x[index].sum() + x[mask].sum()
    array[...], index[...], mask[...] = 100, 1, True
    y.backward(seed, retain_graph=True)
    seed[...] = 100
    assert x.grad.tolist() == [6.0, 8.0]
    z.backward()
    assert x.grad.tolist() == [9.0, 8.0]


def test_an_index_that_is_a_tensor_may_be_changed():
    x, i, n = leaf(1.0, 2.0, 3.0), tg.tensor([0, 0]), tg.tensor(1)
    y = x[i].sum() + x[n:].sum()
    i += 1
    n += 1
    y.backward()
    assert x.grad.tolist() == [2.0, 1.0, 1.0]


def test_an_older_view_of_the_array_behind_asarray_is_the_caller_s_business_but_writing_to_the_tensor_is_not():
    array = np.array([1.0, 2.0])
    t = tg.asarray(array)
    t[...] = 5.0
    assert array.tolist() == [1.0, 2.0] and t.tolist() == [5.0, 5.0]


def test_an_optimizer_step_on_an_old_graph_raises():
    w = leaf(1.0, 2.0)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    with tg.no_grad():
        w -= 0.1 * w.grad
    with pytest.raises(RuntimeError, match="changed in place after multiply"):
        loss.backward()


def test_an_optimizer_step_through_writeable_memory_raises_too():
    w = leaf(1.0, 2.0)
    loss = (w * w).sum()
    with tg.no_grad(), w.writeable() as array:
        array -= 0.1
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


@pytest.mark.parametrize("change", [by_iadd, by_setitem, by_writeable])
def test_vjp_notices_what_was_changed_before_the_pull(change):
    w = leaf(2.0)
    _, pull = tg.vjp(lambda x: x * w, [3.0])
    with tg.no_grad():
        change(w)
    with pytest.raises(RuntimeError, match="in place"):
        pull([1.0])


def test_vjp_hands_out_a_value_that_may_be_written_to():
    w = leaf(2.0)
    for f in (lambda x: x * 3, lambda x: x * w):
        y, pull = tg.vjp(f, np.array([3.0]))
        expected = pull([1.0])[0].tolist()
        y *= 10
        assert pull([1.0])[0].tolist() == expected


def test_a_function_that_changes_its_argument_can_t_be_differentiated():
    def f(x):
        x *= 2
        return x * x

    for call in (lambda: tg.grad(f)(3.0), lambda: tg.grad(lambda x: tg.grad(f)(x))(3.0)):
        with pytest.raises(RuntimeError, match="in place"):
            call()


# In-place changes with a recorded gradient.

CHANGES = {
    "y += x": (lambda x, y: y.__iadd__(x), lambda x, y: y + x),
    "y -= x": (lambda x, y: y.__isub__(x), lambda x, y: y - x),
    "y *= x": (lambda x, y: y.__imul__(x), lambda x, y: y * x),
    "y /= x": (lambda x, y: y.__itruediv__(x), lambda x, y: y / x),
    "y **= 2": (lambda x, y: y.__ipow__(2), lambda x, y: y**2),
    "y //= x": (lambda x, y: y.__ifloordiv__(x), lambda x, y: y // x),
    "y %= x": (lambda x, y: y.__imod__(x), lambda x, y: y % x),
    "y @= m": (lambda x, y: y.__imatmul__(np.eye(3) * 2), lambda x, y: y @ (np.eye(3) * 2)),
    "y += y": (lambda x, y: y.__iadd__(y), lambda x, y: y + y),
    "y *= y": (lambda x, y: y.__imul__(y), lambda x, y: y * y),
    "y *= y[::-1]": (lambda x, y: y.__imul__(y[::-1]), lambda x, y: y * y[::-1]),
    "y[1:] = y[:-1]": (
        lambda x, y: y.__setitem__(slice(1, None), y[:-1]),
        lambda x, y: tg.setitem(y, slice(1, None), y[:-1]),
    ),
    "y[0] = x[2]": (lambda x, y: y.__setitem__(0, x[2]), lambda x, y: tg.setitem(y, 0, x[2])),
    "y[y > 2] = 0": (lambda x, y: y.__setitem__(y > 2, 0.0), lambda x, y: tg.setitem(y, y > 2, 0.0)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_in_place_has_the_gradient_of_the_same_step_without(name):
    in_place, pure = CHANGES[name]

    def changed(x):
        y = x * 1.5
        before = y * y
        in_place(x, y)
        return y * before

    def plain(x):
        y = x * 1.5
        return pure(x, y) * (y * y)

    x = np.array([0.7, 1.8, 2.1])
    assert changed(tg.tensor(x)).tolist() == plain(tg.tensor(x)).tolist()
    expected = tg.grad(lambda x: plain(x).sum())(x)
    np.testing.assert_allclose(tg.grad(lambda x: changed(x).sum())(x).data, expected.data)
    tg.check_grads(changed, x)


def test_y_at_i_plus_equals():
    def f(x):
        y = x * 1
        y[0] += x[1]
        y[1:] *= 3.0
        return y * np.array([1.0, 10.0, 100.0])

    x = leaf(1.0, 2.0, 3.0)
    y = f(x)
    assert y.tolist() == [3.0, 60.0, 900.0]
    y.backward(np.ones(3))
    assert x.grad.tolist() == [1.0, 31.0, 300.0]


def test_a_loop_of_writes_in_place():
    x = leaf(2.0)
    y = tg.zeros(50, dtype=float)
    y[0] = x[0]
    for i in range(1, 50):
        y[i] = y[i - 1] * 1.1
    y[-1].backward()
    np.testing.assert_allclose(x.grad.data, [1.1**49])


def test_each_consumer_sees_the_version_it_used():
    x = leaf(2.0)
    y = x * 1
    used = []
    for _ in range(4):
        used.append(y * y)
        y *= 3
    sum(used).backward([1.0])
    assert x.grad.tolist() == [sum(2 * 2 * 9.0**k for k in range(4))]


def test_a_constant_that_receives_a_gradient_becomes_part_of_the_graph():
    w, z = leaf(2.0), tg.zeros(1, dtype=float)
    z += w * 3
    assert z.requires_grad and not z.is_leaf
    z.backward([1.0])
    assert w.grad.tolist() == [3.0]


def test_a_leaf_that_wants_a_gradient_is_changed_inside_no_grad_only():
    w = leaf(1.0)
    for change in (by_iadd, by_setitem, by_writeable):
        with pytest.raises(RuntimeError, match=r"leaf.*no_grad"):
            change(w)
    with tg.no_grad():
        w += 1
    assert w.tolist() == [2.0] and w.is_leaf and w.requires_grad


def test_a_change_that_does_not_fit_is_refused_and_leaves_everything_as_it_was():
    y, whole = leaf(1.0, 2.0) * 1, tg.tensor([1, 2])
    number = y._number
    for change, error in [
        (lambda: y.__iadd__(np.ones((3, 2))), ValueError),
        (lambda: y.__iadd__(np.ones(3)), ValueError),
        (lambda: y.__setitem__(5, 1.0), IndexError),
        (lambda: y.__imul__(1j), TypeError),
        (lambda: whole.__iadd__(0.5), TypeError),
        (lambda: whole.__setitem__(0, leaf(0.5)[0]), TypeError),
    ]:
        with pytest.raises(error):
            change()
    assert y.tolist() == [1.0, 2.0] and y._number == number and whole.tolist() == [1, 2]


def test_values_handed_out_are_read_only_and_keep_their_values():
    for hand_out in (
        lambda t: t.numpy(),
        np.asarray,
        lambda t: t.data,
        lambda t: t[:],
        lambda t: t.reshape(2),
        lambda t: t.T,
    ):
        for change in (by_iadd, by_setitem, by_data, by_writeable):
            t = tg.tensor([1.0, 2.0])
            handed = hand_out(t)
            change(t)
            assert handed.tolist() == [1.0, 2.0] and t.tolist() in ([100.0, 100.0], [101.0, 102.0])
        if isinstance(handed, np.ndarray):
            with pytest.raises(ValueError, match="read-only"):
                handed[0] = 5


def test_changes_in_place_leave_no_reference_cycle():
    x = leaf(1.0, 2.0, 3.0)
    gc.collect()
    gc.disable()
    try:
        y = x * 1
        y[1:] = y[:-1]
        y += y
        y *= y[::-1]
        y[0] += 1
        del y
        assert gc.collect() == 0
    finally:
        gc.enable()


STEPS = {
    "add": (lambda a, b, i: a + b, None),
    "multiply": (lambda a, b, i: a * b, None),
    "view": (lambda a, b, i: a[::-1], None),
    "index": (lambda a, b, i: a[[0, i, i]], None),
    "maximum": (lambda a, b, i: tg.maximum(a, b), None),
    "a += b": (lambda a, b, i: a + b, lambda a, b, i: a.__iadd__(b)),
    "a *= a[::-1]": (lambda a, b, i: a * (a[::-1] * 0.5), lambda a, b, i: a.__imul__(a[::-1] * 0.5)),
    "a[i] = b[0]": (lambda a, b, i: tg.setitem(a, i, b[0]), lambda a, b, i: a.__setitem__(i, b[0])),
    "a[1:] = b[:-1]": (
        lambda a, b, i: tg.setitem(a, slice(1, None), b[:-1]),
        lambda a, b, i: a.__setitem__(slice(1, None), b[:-1]),
    ),
}


def _run(program, x, in_place):
    values = [x * 1.0, x * 0.5, tg.sin(x)]
    for name, a, b, i in program:
        a, b = a % len(values), b % len(values)
        pure, change = STEPS[name]
        if change is None:
            values.append(pure(values[a], values[b], i))
        elif in_place:
            change(values[a], values[b], i)
        else:
            values[a] = pure(values[a], values[b], i)
    return tg.tanh(sum(values) * 0.1).sum()


@pytest.mark.parametrize("seed", range(100))
def test_a_random_program_in_place_has_the_gradients_of_the_same_program_without(seed):
    rng = np.random.default_rng(seed)
    program = [(rng.choice([*STEPS]), *rng.integers(100, size=2), int(rng.integers(3))) for _ in range(12)]
    point = rng.standard_normal(3)
    for derivative in (
        lambda f: tg.grad(f)(point),
        lambda f: tg.grad(lambda x: (tg.grad(f)(x) ** 2).sum())(point),
    ):
        changed, pure = (derivative(lambda x, p=p: _run(program, x, in_place=p)) for p in (True, False))
        np.testing.assert_allclose(changed.data, pure.data, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "identity",
    [
        tg.primitive(lambda g, out, x: -g)(lambda x: x),
        tg.primitive(lambda g, out, x, factor: g * factor)(lambda x, factor=2.0: x),
        tg.primitive(lambda g, out, x, y: g, None)(lambda x, y=1.0: x),
    ],
)
def test_a_primitive_that_returns_its_argument_does_not_expose_it_to_writes(identity):
    w, t = leaf(1.0, 1.0), tg.tensor(np.array([3.0, 4.0]))
    y = w * (identity(t, 1.0) if len(identity.primitive.rules) == 2 else identity(t))
    t[...] = 100.0
    y.backward(np.ones(2))
    assert w.grad.tolist() == [3.0, 4.0]


def test_only_what_shares_memory_makes_a_write_copy():
    for use, copies in [(lambda w: w[[0, 1]], False), (lambda w: w[w > 0], False), (lambda w: w[0], False),
                        (lambda w: w[:1], True), (lambda w: w.T, True), (lambda w: w.detach(), True)]:  # fmt: skip
        w = leaf(1.0, 2.0)
        used, memory = use(w), w._data
        before = used.tolist()
        with tg.no_grad(), w.writeable() as array:
            array[...] = 100
        assert used.tolist() == before
        assert (w._data is not memory) is copies


@pytest.mark.parametrize("kind", [np.asarray, tg.tensor], ids=["array", "Tensor"])
def test_an_array_given_as_a_parameter_is_read_as_it_was(kind):
    @tg.primitive(lambda g, out, x, factor: g * factor)
    def scaled(x, factor):
        return x * factor

    x, factor = tg.tensor([1.0, 2.0], requires_grad=True), kind(np.float32([3.0, 4.0]))
    y = scaled(x, factor=factor)
    factor[...] = 100
    y.backward([1.0, 1.0])
    assert x.grad.tolist() == [3, 4]
