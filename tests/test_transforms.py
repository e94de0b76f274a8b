"""grad, value_and_grad, vjp and check_grads: derivatives of functions, in any nesting."""

import math

import numpy as np
import pytest

import tinygrad_lite as tg


def nth(f, n):
    for _ in range(n):
        f = tg.grad(f)
    return f


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_orders_to_four(order):
    x = np.float64(0.7)
    cycle = [math.sin, math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x)]
    assert nth(tg.sin, order)(x).item() == pytest.approx(cycle[order % 4](x))
    assert nth(lambda x: x**5, order)(x).item() == pytest.approx(math.perm(5, order) * x ** (5 - order))
    assert nth(lambda x: tg.exp(2 * x), order)(x).item() == pytest.approx(2**order * math.exp(2 * x))


@pytest.mark.parametrize("outer", [1.0, np.float32(1.0), tg.tensor(1.0), tg.tensor(1.0, requires_grad=True)])
def test_no_perturbation_confusion(outer):
    """d/dx (x * d/dy (x + y)) = 1, where confused systems answer 2."""
    assert tg.grad(lambda x: x * tg.grad(lambda y: x + y)(1.0))(outer).item() == 1


def test_no_perturbation_confusion_when_the_same_value_is_both():
    # d/dx [x * d/dy (y * x) at y = x] = 2x; and the total derivative through the point: d/dx [d/dy y³ at y = x²] = 12x³
    assert tg.grad(lambda x: x * tg.grad(lambda y: y * x)(x))(3.0).item() == 6
    assert tg.grad(lambda x: tg.grad(lambda y: y**3)(x * x))(2.0).item() == 96


def test_mixed_partial_derivatives():
    f = lambda x, y: x**2 * y**3
    assert tg.grad(tg.grad(f, 0), 1)(2.0, 3.0).item() == 2 * 2 * 3 * 9
    assert [g.item() for g in tg.grad(f, (1, 0))(2.0, 3.0)] == [108, 108]


def test_argnums_choose_and_the_rest_is_passed_on():
    f = lambda n, x, *, scale: (x * n * scale).sum()
    assert tg.grad(f, argnums=1)(3, [1.0, 2.0], scale=2).tolist() == [6.0, 6.0]


def test_value_and_grad_hands_back_both_as_constants():
    value, g = tg.value_and_grad(lambda x: (x * x).sum())(np.array([1.0, 2.0]))
    assert value.item() == 5 and g.tolist() == [2.0, 4.0] and not value.requires_grad and not g.requires_grad


def test_value_and_grad_keeps_the_value_s_own_gradient_for_those_outside():
    assert tg.grad(lambda x: tg.value_and_grad(lambda y: 3 * y)(x)[0])(2.0).item() == 3
    w = tg.tensor(2.0, requires_grad=True)
    value, g = tg.value_and_grad(lambda x: x + w * w)(1.0)
    (value + 0 * g).backward()
    assert w.grad.item() == 4


def test_a_function_that_hands_back_a_watched_tensor_as_it_is():
    w = tg.tensor(2.0, requires_grad=True)
    value, g = tg.value_and_grad(lambda x: w)(1.0)
    value.backward()
    assert g.item() == 0 and w.grad.item() == 1


def test_gradients_flow_to_what_a_function_closes_over():
    w = tg.tensor(3.0, requires_grad=True)
    tg.grad(lambda x: w * x * x)(2.0).backward()  # d/dx = 2wx
    assert w.grad.item() == 4


def test_inside_no_grad_a_gradient_is_a_constant():
    w = tg.tensor(3.0, requires_grad=True)
    with tg.no_grad():
        value, g = tg.value_and_grad(lambda x: w * x * x)(2.0)
        y, _ = tg.vjp(lambda x: w * x * x, 2.0)
    assert g.item() == 12 and not any(t.requires_grad for t in (value, g, y))


def test_vjp_pulls_any_cotangent_any_number_of_times():
    y, pull = tg.vjp(lambda a, b: a * b, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    assert y.tolist() == [3.0, 8.0] and not y.requires_grad
    assert [g.tolist() for g in pull([1.0, 1.0])] == [[3.0, 4.0], [1.0, 2.0]]
    assert [g.tolist() for g in pull([0.0, 2.0])] == [[0.0, 8.0], [0.0, 4.0]]


def test_vjp_of_a_cotangent_that_is_watched():
    _, pull = tg.vjp(lambda x: x**3, 2.0)
    seed = tg.tensor(1.0, requires_grad=True)
    pull(seed)[0].backward()
    assert seed.grad.item() == 12


def test_an_argument_that_does_not_matter_has_gradient_zero():
    assert tg.grad(lambda x: tg.tensor(3.0))(np.ones(2)).tolist() == [0.0, 0.0]
    assert tg.grad(lambda x, y: x * 2, 1)(tg.tensor(1.0), 2.0).item() == 0


def test_the_identity():
    assert tg.grad(lambda x: x)(2.0).item() == 1


def test_arguments_are_left_as_they_were():
    x = tg.tensor(2.0, requires_grad=True)
    array = np.array([1.0])
    tg.grad(lambda x: (x * x).sum())(x)
    tg.grad(lambda x: (x * x).sum())(array)
    assert x.grad is None and x.is_leaf and array.tolist() == [1.0]


def test_a_recorded_gradient_of_a_watched_argument():
    x = tg.tensor(2.0, requires_grad=True)
    (tg.grad(lambda y: y**3)(x) * x).backward()  # 3x² * x
    assert x.grad.item() == 36


def test_errors_say_what_is_wanted():
    with pytest.raises(TypeError, match="int64"):
        tg.grad(lambda x: x * 2)(2)
    with pytest.raises(TypeError, match=r"must return Tensors, one or a nest.*2\.0"):
        tg.grad(lambda x: 2.0)(2.0)
    with pytest.raises(ValueError, match=r"single number.*\(2,\).*sum"):
        tg.grad(lambda x: x * 2)([1.0, 2.0])


def test_vjp_after_its_graph_was_freed_raises():
    w = tg.tensor(2.0, requires_grad=True)
    y, pull = tg.vjp(lambda x: x * w, 3.0)
    y.backward()
    with pytest.raises(RuntimeError, match="freed"):
        pull()


# check_grads


def test_check_grads_catches_a_wrong_rule():
    wrong = tg.primitive(lambda g, out, x: g * x)(lambda x: x * x)
    with pytest.raises(AssertionError, match="order 1"):
        tg.check_grads(wrong, 3.0)


def test_check_grads_catches_a_rule_that_is_wrong_in_the_second_order_only():
    """It reads the array behind its input: right as a number, a constant for the next order."""
    unrecorded = tg.primitive(lambda g, out, x: g * (2 * (x.detach() if isinstance(x, tg.Tensor) else x)))
    square = unrecorded(lambda x: x * x)
    tg.check_grads(square, 3.0, order=1)
    with pytest.raises(AssertionError, match="order 2"):
        tg.check_grads(square, 3.0, order=2)


def test_check_grads_catches_a_rule_that_differs_on_tensors():
    two_faced = tg.primitive(lambda g, out, x: g * (3 * x if isinstance(x, tg.Tensor) else 2 * x))
    with pytest.raises(AssertionError, match="recorded"):
        tg.check_grads(two_faced(lambda x: x * x), 3.0, order=1)


def test_check_grads_catches_a_gradient_that_is_lost():
    with pytest.raises(AssertionError, match="order 1"):
        tg.check_grads(lambda x: x.detach() * 2, 3.0)
    with pytest.raises(AssertionError, match="order 1"):
        tg.check_grads(lambda x: x * np.nan, 3.0)


@pytest.mark.parametrize(
    "derivative",
    [
        lambda f, x: tg.grad(f)(x),
        lambda f, x: tg.value_and_grad(f)(x),
        lambda f, x: tg.vjp(f, x),
        lambda f, x: tg.jvp(f, (x,), (x,)),
        lambda f, x: tg.jacobian(f)(x),
        lambda f, x: tg.jacobian(f, mode="forward")(x),
        lambda f, x: tg.hessian(f)(x),
        lambda f, x: tg.hvp(f, x, x),
    ],
)
def test_whole_numbers_and_booleans_have_no_derivative_and_it_is_said(derivative):
    x = np.array([1.0, 3.0, 2.0])
    for f in (tg.argmax, tg.count_nonzero, lambda x: (x < 2).any(), lambda x: x.astype(int).sum()):
        with pytest.raises(TypeError, match=r"returned a Tensor (int64|bool)\(\): whole numbers and booleans"):
            derivative(f, x)


def test_beside_floating_numbers_whole_ones_may_be_returned():
    (values, places), pull = tg.vjp(lambda x: (x * x, tg.argsort(x)), np.array([3.0, 1.0]))
    assert places.tolist() == [1, 0]
    assert pull((values, None))[0].tolist() == [54, 2]
