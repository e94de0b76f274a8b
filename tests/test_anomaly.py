"""`detect_anomaly` names the operation, the numbers and the line of the first value or gradient that isn't finite."""

import re
import threading

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy says it in its own way, too


def leaf(*numbers, name="x"):
    return tg.tensor(np.array(numbers), requires_grad=True, name=name)


def message(work, kind=FloatingPointError, **options):
    with pytest.raises(kind) as caught, tg.detect_anomaly(**options):
        work()
    return re.sub(r"\.py:\d+:", ".py:", str(caught.value))  # the code that is shown stands at that line


def test_forward_the_operation_its_operands_the_place_and_the_line():
    x = leaf(1.0, 0.0, 2.0)

    def work():
        with tg.scope("layer"):
            y = x * 3
            return tg.log(y) * 2

    assert message(work) == (
        "log(Tensor float64(3,)) made 1 of 3 numbers -inf, first at [1], of 0. In layer."
        " Asked by test_anomaly.py: return tg.log(y) * 2"
    )


def test_backward_the_rule_and_the_line_that_recorded_it():
    x = leaf(4.0, 0.0)

    def work():
        y = tg.sqrt(x)
        (y * 2).sum().backward()

    assert message(work) == (
        "the derivative of sqrt by Tensor 'x' float64(2,) made 1 of 2 numbers inf, first at [1]:"
        " handed 2, computed as 0 from 0. Asked by test_anomaly.py: y = tg.sqrt(x)"
    )
    assert x.grad is None


@pytest.mark.parametrize("transform", [tg.grad, lambda f: lambda x: tg.grad(lambda v: tg.grad(f)(v).sum())(x)])
def test_transforms_are_looked_at_as_well(transform):
    assert "the derivative of sqrt" in message(lambda: transform(lambda v: tg.sqrt(v).sum())(leaf(4.0, 0.0)))


def test_a_mask_of_infinities_is_no_anomaly():
    scores = tg.tensor(np.ones((2, 3)), requires_grad=True)
    mask = np.array([[True, True, False], [True, False, False]])
    with tg.detect_anomaly():
        attention = nn.activations.softmax(tg.where(mask, scores, -np.inf))
        (attention * np.arange(3.0)).sum().backward()
    assert np.isfinite(scores.grad.numpy()).all()


def test_infinities_may_be_allowed_and_nan_is_still_found():
    x = leaf(0.0)
    with tg.detect_anomaly(nan_only=True):
        y = tg.log(x)
    assert "multiply(Tensor float64(1,), 0.0) made its number nan" in message(lambda: y * 0.0, nan_only=True)


def test_a_nan_that_was_handed_in_is_said_to_be():
    x = leaf(1.0, 2.0)
    text = message(lambda: x * np.array([1.0, np.nan]))
    assert text.startswith("multiply was given nan: array float64(2,) has 1 of 2 numbers nan, first at [1]")


def test_a_zero_cotangent_wins_and_is_no_anomaly():
    x = leaf(0.0, 4.0)
    for create_graph in (False, True):
        with tg.detect_anomaly():
            (tg.sqrt(x) * np.array([0.0, 1.0])).sum().backward(create_graph=create_graph)
    assert x.grad.tolist() == [0.0, 0.5]


def test_a_network_says_its_layer_and_explain_error_draws_it():
    model = nn.Sequential([nn.Dense(4, "relu", input_shape=(3,)), nn.Dense(2)])
    model(np.ones((2, 3)))
    with tg.no_grad():
        model.layers[1].kernel[...] = np.inf
    with pytest.raises(FloatingPointError) as caught, tg.detect_anomaly():
        model(np.zeros((2, 3)))
    failure = tg.explain_error(caught.value)
    assert "dense" in str(caught.value) and failure.operation in str(caught.value) and failure.place


def test_outside_and_in_other_threads_nothing_is_detected():
    found = []
    with tg.detect_anomaly():
        thread = threading.Thread(target=lambda: found.append(tg.log(leaf(0.0)).item()))
        thread.start()
        thread.join()
    tg.sqrt(leaf(0.0)).sum().backward()
    assert found == [-np.inf] and tg.is_grad_enabled()


def test_as_a_decorator_and_nested_in_other_blocks():
    @tg.detect_anomaly()
    def work(x):
        with tg.no_grad():
            tg.log(x)
        with tg.enable_grad(), tg.scope("inner"):
            return tg.log(x)

    with pytest.raises(FloatingPointError, match="In inner"):
        work(leaf(0.0))


def test_an_overflow_of_sums_is_named():
    x = leaf(1.0)
    assert "the gradient of Tensor 'x'" in message(lambda: (x * 1e308 + x * 1e308 * 1.0).sum().backward())
