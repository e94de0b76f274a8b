"""Losses between a square and a straight line, and powers near a limit."""

from .. import ops
from ..primitive import Array
from .scipys import primitive, refused, sp


@primitive(lambda g, out, d, r: g * ops.maximum(ops.abs(r) - d, 0.0),
           lambda g, out, d, r: g * ops.clip(r, -d, d))  # fmt: skip
def huber(delta: Array, r: Array, /) -> Array:
    """r**2 / 2 up to abs(r) = delta, a straight line from there on."""
    return sp.huber(delta, r)


def _slope(d: Array, r: Array) -> Array:
    return r / ops.sqrt(1 + (r / d) ** 2)


@primitive(lambda g, out, d, r: g * (2 * out - r * _slope(d, r)) / d,
           lambda g, out, d, r: g * _slope(d, r))  # fmt: skip
def pseudo_huber(delta: Array, r: Array, /) -> Array:
    """delta**2 (sqrt(1 + (r / delta)**2) - 1): like `huber`, smooth."""
    return sp.pseudo_huber(delta, r)


@primitive(lambda g, out, x: -g * ops.sin(x))
def cosm1(x: Array, /) -> Array:
    """cos(x) - 1, exact where x is tiny."""
    return sp.cosm1(x)


@primitive(refused("a", 0), refused("b", 1), lambda g, out, a, b, x: g * (a / b) * hyp1f1(a + 1, b + 1, x))
def hyp1f1(a: Array, b: Array, x: Array, /) -> Array:
    """Kummer's confluent hypergeometric function."""
    return sp.hyp1f1(a, b, x)


@primitive(lambda g, out, x: g * hyp1f1(2.0, 3.0, x) / 2)
def exprel(x: Array, /) -> Array:
    """(exp(x) - 1) / x; 1 at 0."""
    return sp.exprel(x)


def boxcox(x: Array, lmbda: Array, /) -> Array:
    """(x**lmbda - 1) / lmbda; log(x) where lmbda is 0, with the derivative by lmbda there too."""
    return ops.log(x) * exprel(lmbda * ops.log(x))
