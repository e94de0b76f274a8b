"""The error function and the normal distribution: https://dlmf.nist.gov/7."""

from math import pi, sqrt

from .. import ops
from ..primitive import Array
from .scipys import primitive, sp


@primitive(lambda g, out, x: g * (2 / sqrt(pi)) * ops.exp(-x * x))
def erf(x: Array, /) -> Array:
    """The error function: 2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor([0.0, 1.0], requires_grad=True)
    >>> tg.special.erf(x).sum().backward()
    >>> x.grad
    tensor([1.1283792, 0.4151075])
    """
    return sp.erf(x)


@primitive(lambda g, out, x: g * (-2 / sqrt(pi)) * ops.exp(-x * x))
def erfc(x: Array, /) -> Array:
    """1 - erf(x), exact where that is tiny."""
    return sp.erfc(x)


@primitive(lambda g, out, x: g * (2 * x * out - 2 / sqrt(pi)))
def erfcx(x: Array, /) -> Array:
    """exp(x**2) erfc(x)."""
    return sp.erfcx(x)


@primitive(lambda g, out, x: g * (sqrt(pi) / 2) * ops.exp(out * out))
def erfinv(x: Array, /) -> Array:
    """The y with erf(y) = x."""
    return sp.erfinv(x)


@primitive(lambda g, out, x: g * (-sqrt(pi) / 2) * ops.exp(out * out))
def erfcinv(x: Array, /) -> Array:
    """The y with erfc(y) = x."""
    return sp.erfcinv(x)


@primitive(lambda g, out, x: g * ops.exp(-x * x / 2) / sqrt(2 * pi))
def ndtr(x: Array, /) -> Array:
    """How likely a standard normal number is below x."""
    return sp.ndtr(x)


@primitive(lambda g, out, x: g * ops.exp(-x * x / 2 - out) / sqrt(2 * pi))
def log_ndtr(x: Array, /) -> Array:
    """log(ndtr(x)), exact where ndtr(x) is tiny."""
    return sp.log_ndtr(x)


@primitive(lambda g, out, x: g * sqrt(2 * pi) * ops.exp(out * out / 2))
def ndtri(x: Array, /) -> Array:
    """The y with ndtr(y) = x."""
    return sp.ndtri(x)


@primitive(lambda g, out, x: g * sqrt(2 * pi) * ops.exp(out * out / 2 + x))
def ndtri_exp(x: Array, /) -> Array:
    """The y with log_ndtr(y) = x."""
    return sp.ndtri_exp(x)
