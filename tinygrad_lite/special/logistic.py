"""The logistic function. expit(-x) is 1 - expit(x), exact where that is tiny."""

from typing import Any

from .. import ops
from ..ops import logsumexp
from ..primitive import Array
from .scipys import primitive, sp


@primitive(lambda g, out, x: g * out * expit(-x))
def expit(x: Array, /) -> Array:
    """The logistic function, 1 / (1 + exp(-x))."""
    return sp.expit(x)


@primitive(lambda g, out, x: g * expit(-x))
def log_expit(x: Array, /) -> Array:
    """log(expit(x))."""
    return sp.log_expit(x)


@primitive(lambda g, out, x: g / (x * (1 - x)))
def logit(x: Array, /) -> Array:
    """log(x / (1 - x)), the y with expit(y) = x."""
    return sp.logit(x)


def softmax(x: Array, axis: Any = None) -> Array:
    """exp(x) divided by its sum along the axes, over all elements by default."""
    return ops.exp(log_softmax(x, axis))


def log_softmax(x: Array, axis: Any = None) -> Array:
    """log(softmax(x)): x less its logsumexp along the axes, over all elements by default."""
    return x - logsumexp(x, axis=axis, keepdims=True)
