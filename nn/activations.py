"""What a neuron makes of its sum. Each is a function of Tensors or arrays; `Activation("relu")` is the layer.

Written with the engine's operations; those that training meets at every step are primitives with a rule of their own.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_lite as tg
from tinygrad_lite import primitive

from .naming import choose


def _gate_rule(g: Any, out: Any, x: Any, gate: Any) -> Any:
    return _where_positive(g, gate)


@primitive(_gate_rule, None, batch="elementwise")
def _where_positive(x: Any, gate: Any) -> Any:
    """x where the gate is positive, else 0."""
    out = np.empty_like(x)
    tg.by_blocks(lambda block: np.multiply(x[block], gate[block] > 0, out=out[block]), x.shape)
    return out[()]


@primitive(lambda g, out, x: _where_positive(g, out), batch="elementwise")
def relu(x: Any) -> Any:
    """max(x, 0). The derivative at 0 is 0."""
    out = np.empty_like(x)
    tg.by_blocks(lambda block: np.maximum(x[block], 0, out=out[block]), x.shape)
    return out[()]


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x where x > 0, else negative_slope * x."""
    return tg.where(x > 0, x, negative_slope * x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, else alpha * (exp(x) - 1): Clevert et al. 2016."""
    return tg.where(x > 0, x, alpha * tg.expm1(tg.minimum(x, 0.0)))


def _sigmoid_rule(g: Any, out: Any, x: Any) -> Any:
    return g * (out * (1 - out))


@primitive(_sigmoid_rule, elementwise=True)
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


@primitive(lambda g, out, x: g * sigmoid(x), elementwise=True)
def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow: a smooth relu."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def silu(x: Any) -> Any:
    """x * sigmoid(x), also called swish: Elfwing et al. 2018."""
    return x * sigmoid(x)


@primitive(lambda g, out, x: g * (2 / math.sqrt(math.pi)) * tg.exp(-x * x), elementwise=True)
def erf(x: Any) -> Any:
    """The error function. SciPy's where it is installed, else the standard library's, number by number."""
    try:
        from scipy.special import erf as fast
    except ImportError:
        return np.asarray(np.frompyfunc(math.erf, 1, 1)(x), dtype=x.dtype)
    return fast(x)


def gelu(x: Any, approximate: bool = False) -> Any:
    """x times the normal distribution's share below x: Hendrycks and Gimpel 2016; or its approximation by tanh."""
    if approximate:
        return 0.5 * x * (1 + tg.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return tg.tanh(x)


def linear(x: Any) -> Any:
    """x itself."""
    return x


def _top(x: Any, axis: int) -> Any:
    """The largest along the axis; of an empty one 0."""
    return np.max(x, axis=axis, keepdims=True) if x.shape[axis] else 0


def _softmax_rule(g: Any, out: Any, x: Any, axis: int) -> Any:
    return out * (g - (g * out).sum(axis=axis, keepdims=True))


@primitive(_softmax_rule, batch="axis")
def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis: positive numbers that add up to 1."""
    e = np.exp(x - _top(x, axis))
    return e / np.sum(e, axis=axis, keepdims=True)


def _log_softmax_rule(g: Any, out: Any, x: Any, axis: int) -> Any:
    return g - tg.exp(out) * g.sum(axis=axis, keepdims=True)


@primitive(_log_softmax_rule, batch="axis")
def log_softmax(x: Any, axis: int = -1) -> Any:
    """log(softmax(x)), exact where softmax itself would round to 0."""
    shifted = x - _top(x, axis)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True)) if x.shape[axis] else shifted


ACTIVATIONS: dict[str, Callable[..., Any]] = {
    f.__name__: f for f in (relu, leaky_relu, elu, gelu, silu, sigmoid, tanh, softplus, softmax, log_softmax, linear)
}


def get(activation: "str | Callable[..., Any] | None") -> Callable[..., Any]:
    """The activation of that name; a function is taken as it is; None is `linear`."""
    if activation is None:
        return linear
    return choose("activation", activation, ACTIVATIONS)
