"""backward(): what it adds up, what it keeps, what it frees, and what is left when it fails."""

import itertools
import weakref
from contextlib import suppress

import numpy as np
import pytest

import tinygrad_lite as tg


def leaf(*values):
    return tg.tensor(np.array(values), requires_grad=True)


def test_gradients_accumulate_until_they_are_reset():
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    assert x.grad.tolist() == [5.0, 7.0] and first.tolist() == [2.0, 4.0]
    x.grad = None
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_a_gradient_is_a_constant_tensor_of_its_leaf_s_shape_and_dtype():
    x = tg.tensor(np.ones((2, 3), "float32"), requires_grad=True)
    (x * np.ones((4, 1, 3))).sum().backward()
    assert isinstance(x.grad, tg.Tensor) and x.grad.shape == (2, 3) and x.grad.dtype == np.float32
    assert x.grad.is_leaf and not x.grad.requires_grad


def test_only_leaves_that_want_one_get_a_gradient():
    x, constant = leaf(2.0), tg.tensor([3.0])
    y = x * constant
    y.sum().backward()
    assert x.grad is not None and constant.grad is None and y.grad is None


def test_the_leaf_itself_can_be_the_start():
    x = leaf(2.0)
    x.backward([3.0])
    assert x.grad.tolist() == [3.0]


def test_a_seed_is_the_cotangent_to_start_with():
    x = leaf(1.0, 2.0)
    for seed in (np.array([1.0, 10.0]), [1, 10], tg.tensor([1.0, 10.0])):
        x.grad = None
        (x * 2).backward(seed)
        assert x.grad.tolist() == [2.0, 20.0]


def test_a_result_of_one_element_needs_no_seed():
    x = leaf(3.0)
    (x * x).reshape(1, 1).backward()
    assert x.grad.tolist() == [6.0]


def test_an_input_used_many_times_is_handed_the_sum_over_all_paths():
    x = leaf(2.0)
    y = x * x + x * x * x + x
    z = y + y * x + x
    z.backward()
    # z = (x² + x³ + x)(1 + x) + x
    assert x.grad.tolist() == [(2 * 2 + 3 * 4 + 1) * 3 + (4 + 8 + 2) + 1]


def test_a_node_hands_on_its_cotangent_once_and_complete():
    """The order of birth is topological: with 2 ** 60 paths, each step is visited once."""
    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad.tolist() == [2.0**60]


def test_two_branches_of_different_depth_meet_right():
    x = leaf(3.0)
    deep = x * 1
    for _ in range(5):
        deep = deep * 2
    (deep * x + x).backward()
    assert x.grad.tolist() == [2 * 32 * 3 + 1]


# The graph: kept, freed, differentiated again.


def test_backward_frees_the_graph_and_says_so_when_it_is_needed_again():
    x = leaf(2.0)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match=r"freed.*retain_graph=True"):
        y.backward()
    with pytest.raises(RuntimeError, match="freed"):
        (y * 3).backward()
    assert x.grad.tolist() == [4.0]


def test_freeing_lets_go_of_what_the_graph_held():
    x = leaf(2.0)
    middle = x * 2
    y = middle * middle
    gone = weakref.ref(middle)
    del middle
    y.backward()
    assert gone() is None and y.requires_grad and repr(y)


def test_retain_graph_keeps_it():
    x = leaf(2.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [8.0]


def test_create_graph_makes_gradients_that_can_be_differentiated():
    x = leaf(2.0)
    (x**4).backward(create_graph=True)
    for expected in (48.0, 48.0, 24.0):
        g, x.grad = x.grad, None
        assert g.requires_grad
        g.backward(create_graph=True)
        assert x.grad.tolist() == [expected]
    x.grad = None


def test_create_graph_through_the_seed():
    x, seed = leaf(3.0), leaf(5.0)
    (x * x).backward(seed, create_graph=True)
    g, x.grad = x.grad, None
    assert seed.grad is None
    g.backward()
    assert x.grad.tolist() == [10.0] and seed.grad.tolist() == [6.0]


# Modes.


def test_nothing_is_recorded_inside_no_grad_and_everything_inside_enable_grad():
    x = leaf(2.0)
    with tg.no_grad():
        assert not (x * x).requires_grad and not tg.is_grad_enabled()
        with tg.enable_grad():
            assert (x * x).requires_grad
        assert not (x * x).requires_grad
    assert (x * x).requires_grad


def test_no_grad_decorates_functions_also_recursive_ones():
    @tg.no_grad()
    def power(x, n):
        return x if n == 1 else x * power(x, n - 1)

    assert not power(leaf(2.0), 3).requires_grad and tg.is_grad_enabled()


def test_modes_are_restored_after_an_exception():
    for mode, inside in ((tg.no_grad, False), (tg.enable_grad, True)):
        with suppress(KeyError), mode():
            assert tg.is_grad_enabled() is inside
            raise KeyError
        assert tg.is_grad_enabled()


def test_one_block_can_be_entered_again_and_within_itself():
    block = tg.no_grad()
    for _ in range(2):
        with block:
            with block:
                assert not tg.is_grad_enabled()
            assert not tg.is_grad_enabled()
        assert tg.is_grad_enabled()


def test_backward_works_inside_no_grad():
    x = leaf(3.0)
    y = x * x
    with tg.no_grad():
        y.backward()
    assert x.grad.tolist() == [6.0]


def test_nothing_to_differentiate_is_an_error_that_says_what_to_do():
    for y in (tg.tensor(2.0) * 3, leaf(2.0).detach()):
        with pytest.raises(RuntimeError, match="requires_grad=True"):
            y.backward()
    for y in (leaf(2.0)[0] > 1, tg.argmax(leaf(2.0)), leaf(2.0).astype(int)[0]):
        with pytest.raises(RuntimeError, match=rf"{y.dtype}\(\): whole numbers and booleans .* have no derivative"):
            y.backward()


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("recording", [False, True])
def test_a_rule_that_raises_leaves_every_gradient_and_mode_as_it_was(create_graph, recording):
    class Broken(Exception):
        pass

    def rule(g, out, x):
        raise Broken

    broken = tg.primitive(rule)(lambda x: x * 2)
    x, w = leaf(2.0), leaf(3.0)
    (x * w).backward()
    before = x.grad, w.grad
    y = w * (broken(x) + w * x)
    with tg.enable_grad() if recording else tg.no_grad():
        with pytest.raises(Broken):
            y.backward(create_graph=create_graph)
        assert tg.is_grad_enabled() is recording
    assert x.grad is before[0] and w.grad is before[1]
    assert (x.grad.tolist(), w.grad.tolist()) == ([3.0], [2.0])
    with pytest.raises(Broken):  # and the graph is still there
        y.backward()


def test_a_rule_of_the_wrong_shape_raises():
    wrong = tg.primitive(lambda g, out, x: np.ones(3))(lambda x: x * 2)
    x = leaf(1.0, 2.0)
    with pytest.raises(ValueError):
        wrong(x).backward(np.ones(2))
    assert x.grad is None


# Memory of their own.


@pytest.mark.parametrize("create_graph", [False, True])
def test_no_gradient_shares_memory_with_anything(create_graph):
    passing = tg.primitive(lambda g, out, a, b: b, lambda g, out, a, b: g)(lambda a, b: a + b)
    array, seed = np.ones((2, 3)), np.full((2, 3), 2.0)
    steps = {
        "leaf": lambda x, y: x,
        "add": lambda x, y: x + y,
        "views": lambda x, y: (x.T.T + y.reshape(3, 2).reshape(2, 3))[...],
        "array": lambda x, y: x * array + y,
        "passing": passing,
        "one path of two": lambda x, y: x + y + x,
        "concatenate": lambda x, y: tg.concatenate([x, y])[:2] + tg.concatenate([x, y])[2:],
        "clip": lambda x, y: tg.clip(x) + tg.where(True, y, x),
        "broadcast": lambda x, y: tg.broadcast_to(x, (2, 3)) + y,
    }
    for name, step in steps.items():
        x, y = leaf([1.0] * 3, [2.0] * 3), leaf([3.0] * 3, [4.0] * 3)
        step(x, y).backward(seed, create_graph=create_graph)
        arrays = [array, seed, x._data, y._data] + [t.grad._data for t in (x, y) if t.grad is not None]
        assert not any(np.shares_memory(a, b) for a, b in itertools.combinations(arrays, 2)), name
        x.grad = y.grad = None


def test_writing_to_a_gradient_changes_nothing_else():
    x, y = leaf(1.0, 1.0), leaf(1.0, 1.0)
    seed = np.ones(2)
    (x + y).backward(seed)
    x.grad *= 100
    x.grad[0] = 7.0
    assert y.grad.tolist() == [1.0, 1.0] and seed.tolist() == [1.0, 1.0]


def test_a_gradient_that_is_assigned_must_fit():
    x = leaf(1.0, 2.0)
    x.grad = tg.tensor(np.zeros(2))
    for wrong, error in [(np.zeros(2), TypeError), (tg.zeros(2), ValueError), (tg.zeros(3, float), ValueError)]:
        with pytest.raises(error, match="grad"):
            x.grad = wrong


def test_an_error_in_a_rule_names_the_operation_and_keeps_its_type():
    def rule(g, out, x):
        raise KeyError("no such table")

    look_up = tg.primitive(rule)(lambda x: x * 2)
    look_up.primitive.name = "look_up"
    with pytest.raises(KeyError, match=r"no such table(.|\n)*in the derivative of look_up by a Tensor float64\(1,\)"):
        look_up(leaf(2.0)).backward()


def test_a_rule_whose_cotangent_has_another_shape_of_the_same_size_raises():
    turned = tg.primitive(lambda g, out, x: g.T)(lambda x: x * 2)
    x = leaf([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    with pytest.raises(ValueError, match=r"\(3, 2\) for an argument of \(2, 3\)"):
        turned(x).backward(np.ones((2, 3)))
    assert x.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_primitive_may_compute_with_python_s_numbers(create_graph):
    forwards = {
        1: lambda x: float(x) ** 2,
        2: lambda x, y: float(x) ** 2,
        3: lambda x, scale=1: float(x) ** 2,
    }
    for arity, forward in forwards.items():
        rules = [lambda g, out, x, *_, **__: 2 * x.item(), lambda *_: 0][: 2 if arity == 2 else 1]
        square = tg.primitive(*rules)(forward)
        x = leaf(3.0)[0].detach()
        x.requires_grad = True
        y = square(x, leaf(1.0)[0]) if arity == 2 else square(x)
        assert y.dtype == np.float64 and y.shape == () and repr(y)
        y.backward(create_graph=create_graph)
        assert x.grad.item() == 6.0 and x.grad.dtype == np.float64


def test_the_gradient_of_a_matrix_used_by_a_batch_is_one_product_of_all_rows():
    x, w = tg.tensor(np.ones((50, 4, 3))), tg.tensor(np.ones((3, 2)), requires_grad=True)
    out = x @ w
    _, rule = out._primitive.rules
    assert rule(np.ones(out.shape), out._data, x._data, w._data).shape == (3, 2)
    for shape in ((0, 4, 3), (2, 4, 0)):
        w = tg.tensor(np.ones((shape[-1], 2)), requires_grad=True)
        (np.ones(shape) @ w).sum().backward()
        assert w.grad.tolist() == np.zeros((shape[-1], 2)).tolist()


def test_a_parameter_that_is_a_number_in_a_tensor_reaches_the_operation_as_a_number():
    seen = []

    @tg.primitive(lambda g, out, x, n: g * n)
    def times(x, n):
        seen.append(n)
        return x * n

    x = leaf(1.0, 2.0)
    times(x, tg.tensor(3)).sum().backward()
    assert type(seen[0]) is np.int64 and x.grad.tolist() == [3.0, 3.0]
