"""Activations: Keras's numbers, exact derivatives, nothing lost at the ends of the scale."""

import math

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn import activations

X = [-30.0, -2.0, -0.5, 0.0, 0.5, 2.0, 30.0]
# What Keras 3.15 gives for X in float64 (gelu: the exact form, by math.erf).
KERAS = [
    ("relu", [0.0, 0.0, 0.0, 0.0, 0.5, 2.0, 30.0]),
    ("leaky_relu", [-6.0, -0.4, -0.1, 0.0, 0.5, 2.0, 30.0]),
    ("elu", [-0.9999999999999064, -0.8646647167633873, -0.3934693402873666, 0.0, 0.5, 2.0, 30.0]),
    ("gelu", [0.5 * x * (1 + math.erf(x / math.sqrt(2))) for x in X]),
    (
        "silu",
        [-2.8072868906517896e-12, -0.2384058440442351, -0.1887703343990727, 0.0, 0.3112296656009273]
        + [1.7615941559557646, 29.999999999997197],
    ),
    (
        "sigmoid",
        [9.357622968839299e-14, 0.11920292202211755, 0.3775406687981454, 0.5, 0.6224593312018546]
        + [0.8807970779778823, 0.9999999999999065],
    ),
    ("tanh", [math.tanh(x) for x in X]),
    (
        "softplus",
        [9.357622968839737e-14, 0.1269280110429725, 0.4740769841801067, 0.6931471805599453, 0.9740769841801067]
        + [2.1269280110429727, 30.0],
    ),
    (
        "softmax",
        [8.756510762687687e-27, 1.26641655490814e-14, 5.6756852326269975e-14, 9.357622968830735e-14]
        + [1.5428112031903315e-13, 6.914400106933228e-13, 0.9999999999989913],
    ),
    (
        "log_softmax",
        [-60.00000000000101, -32.00000000000101, -30.50000000000101, -30.00000000000101, -29.50000000000101]
        + [-28.00000000000101, -1.0087486401739085e-12],
    ),
    ("linear", X),
]


@pytest.mark.parametrize(("name", "expected"), KERAS)
def test_values_are_keras_values(name, expected):
    np.testing.assert_allclose(activations.get(name)(np.array(X)), expected, rtol=1e-12, atol=1e-26)


def test_every_activation_has_a_row():
    assert {name for name, _ in KERAS} == set(activations.ACTIVATIONS)


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_derivatives_are_exact_to_second_order(name):
    tg.check_grads(activations.get(name), np.random.default_rng(1).standard_normal((3, 5)))


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (0, 3), (3, 0)])
def test_shape_and_float32_are_kept(name, shape):
    if "softmax" in name:
        shape = (2, *shape)  # it needs an axis
    out = activations.get(name)(tg.zeros(shape, requires_grad=True))
    assert (out.shape, out.dtype) == (shape, np.float32)


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_layer_and_function_agree(name):
    x = np.linspace(-3, 3, 12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(nn.Activation(name)(x).numpy(), activations.get(name)(x))


@pytest.mark.parametrize(("x", "value"), [(1000.0, 1.0), (-1000.0, 0.0)])
def test_sigmoid_far_out_is_exact_and_hands_back_zero(x, value):
    t = tg.tensor(x, requires_grad=True)
    y = activations.sigmoid(t)
    y.backward()
    assert (y.item(), t.grad.item()) == (value, 0.0)


def test_log_softmax_of_huge_logits_is_exact():
    t = tg.tensor([1e4, -1e4, 0.0], requires_grad=True)
    y = activations.log_softmax(t)
    y.backward([0.0, 1.0, 0.0])
    np.testing.assert_array_equal(y.detach().numpy(), np.float32([0, -2e4, -1e4]))
    np.testing.assert_array_equal(t.grad.numpy(), np.float32([-1, 1, 0]))


def test_relu_hands_back_nothing_at_zero():
    t = tg.tensor([-1.0, 0.0, 1.0], requires_grad=True)
    activations.relu(t).sum().backward()
    assert t.grad.tolist() == [0, 0, 1]


def test_relu_lets_nan_through():
    assert np.isnan(activations.relu(np.array([np.nan], np.float32))).all()


def test_erf_without_scipy_is_the_standard_librarys(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "scipy.special", None)
    np.testing.assert_allclose(activations.erf(np.array([-1.5, 0.0, 0.3])), [math.erf(x) for x in (-1.5, 0.0, 0.3)])


def test_unknown_name_lists_the_names():
    with pytest.raises(ValueError, match=r"no activation named 'rellu'. Did you mean 'relu'\?"):
        nn.Activation("rellu")
