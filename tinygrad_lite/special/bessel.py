"""Bessel functions; those with a number for a name are the orders 0 and 1. https://dlmf.nist.gov/10."""

from .. import ops
from ..primitive import Array
from .scipys import primitive, refused, sp


@primitive(refused("the order", 0), lambda g, out, v, x: g * (jv(v - 1, x) - jv(v + 1, x)) / 2)
def jv(v: Array, x: Array, /) -> Array:
    """Bessel's function of the first kind, of order v."""
    return sp.jv(v, x)


@primitive(refused("the order", 0), lambda g, out, v, x: g * (yv(v - 1, x) - yv(v + 1, x)) / 2)
def yv(v: Array, x: Array, /) -> Array:
    """Bessel's function of the second kind, of order v."""
    return sp.yv(v, x)


@primitive(refused("the order", 0), lambda g, out, v, x: g * (iv(v - 1, x) + iv(v + 1, x)) / 2)
def iv(v: Array, x: Array, /) -> Array:
    """The modified function of the first kind, of order v."""
    return sp.iv(v, x)


@primitive(refused("the order", 0),
           lambda g, out, v, x: g * ((ive(v - 1, x) + ive(v + 1, x)) / 2 - ops.sign(x) * out))  # fmt: skip
def ive(v: Array, x: Array, /) -> Array:
    """exp(-abs(x)) iv(v, x)."""
    return sp.ive(v, x)


@primitive(refused("the order", 0), lambda g, out, v, x: g * (kv(v - 1, x) + kv(v + 1, x)) / -2)
def kv(v: Array, x: Array, /) -> Array:
    """The modified function of the second kind, of order v."""
    return sp.kv(v, x)


@primitive(lambda g, out, x: -g * j1(x))
def j0(x: Array, /) -> Array:
    """jv(0, x)."""
    return sp.j0(x)


@primitive(lambda g, out, x: g * (j0(x) - jv(2, x)) / 2)
def j1(x: Array, /) -> Array:
    """jv(1, x)."""
    return sp.j1(x)


@primitive(lambda g, out, x: -g * y1(x))
def y0(x: Array, /) -> Array:
    """yv(0, x)."""
    return sp.y0(x)


@primitive(lambda g, out, x: g * (y0(x) - yv(2, x)) / 2)
def y1(x: Array, /) -> Array:
    """yv(1, x)."""
    return sp.y1(x)


@primitive(lambda g, out, x: g * i1(x))
def i0(x: Array, /) -> Array:
    """iv(0, x)."""
    return sp.i0(x)


@primitive(lambda g, out, x: g * (i0(x) + iv(2, x)) / 2)
def i1(x: Array, /) -> Array:
    """iv(1, x)."""
    return sp.i1(x)


@primitive(lambda g, out, x: g * (i1e(x) - ops.sign(x) * out))
def i0e(x: Array, /) -> Array:
    """exp(-abs(x)) i0(x)."""
    return sp.i0e(x)


@primitive(lambda g, out, x: g * ((i0e(x) + ive(2, x)) / 2 - ops.sign(x) * out))
def i1e(x: Array, /) -> Array:
    """exp(-abs(x)) i1(x)."""
    return sp.i1e(x)


@primitive(lambda g, out, x: -g * k1(x))
def k0(x: Array, /) -> Array:
    """kv(0, x)."""
    return sp.k0(x)


@primitive(lambda g, out, x: g * (k0(x) + kv(2, x)) / -2)
def k1(x: Array, /) -> Array:
    """kv(1, x)."""
    return sp.k1(x)
