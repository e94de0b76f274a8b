"""x log(y) and the entropies. 0 log 0 is 0, and there its derivatives are 0."""

from .. import ops
from ..primitive import Array
from .scipys import primitive, sp


def _scaled(x: Array, y: Array) -> Array:
    """x / y, 0 where x is 0."""
    nothing = ops.equal(x, 0)
    return ops.where(nothing, 0.0, x / ops.where(nothing, 1.0, y))


def _log_unless(nothing: Array, x: Array) -> Array:
    return ops.where(nothing, 0.0, ops.log(ops.where(nothing, 1.0, x)))


@primitive(lambda g, out, x, y: g * _log_unless(ops.logical_and(ops.equal(x, 0), ops.equal(y, 0)), y),
           lambda g, out, x, y: g * _scaled(x, y))  # fmt: skip
def xlogy(x: Array, y: Array, /) -> Array:
    """x log(y); 0 where x is 0."""
    return sp.xlogy(x, y)


@primitive(lambda g, out, x, y: g * _log_unless(ops.logical_and(ops.equal(x, 0), ops.equal(y, -1)), 1 + y),
           lambda g, out, x, y: g * _scaled(x, 1 + y))  # fmt: skip
def xlog1py(x: Array, y: Array, /) -> Array:
    """x log(1 + y), exact where y is tiny; 0 where x is 0."""
    return sp.xlog1py(x, y)


@primitive(lambda g, out, x: g * (-1 - ops.log(x)))
def entr(x: Array, /) -> Array:
    """-x log(x); 0 at 0, where the derivative is infinite."""
    return sp.entr(x)


def _log_ratio(x: Array, y: Array) -> Array:
    nothing = ops.logical_and(ops.equal(x, 0), ops.equal(y, 0))
    return _log_unless(nothing, x) - _log_unless(nothing, y)


@primitive(lambda g, out, x, y: g * (1 + _log_ratio(x, y)),
           lambda g, out, x, y: -g * _scaled(x, y))  # fmt: skip
def rel_entr(x: Array, y: Array, /) -> Array:
    """x log(x / y); 0 where x is 0."""
    return sp.rel_entr(x, y)


@primitive(lambda g, out, x, y: g * _log_ratio(x, y),
           lambda g, out, x, y: g * (1 - _scaled(x, y)))  # fmt: skip
def kl_div(x: Array, y: Array, /) -> Array:
    """x log(x / y) - x + y."""
    return sp.kl_div(x, y)
