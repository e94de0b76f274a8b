"""Questions about elements: comparisons, logic, bits. The answers are constants, no gradient flows through them."""

from functools import partial

import numpy as np

from ..primitive import Array
from ..primitive import primitive as _primitive

primitive = partial(_primitive, batch="elementwise")


@primitive()
def equal(x: Array, y: Array, /) -> Array:
    """x == y."""
    return np.equal(x, y)


@primitive()
def not_equal(x: Array, y: Array, /) -> Array:
    """x != y."""
    return np.not_equal(x, y)


@primitive()
def less(x: Array, y: Array, /) -> Array:
    """x < y."""
    return np.less(x, y)


@primitive()
def less_equal(x: Array, y: Array, /) -> Array:
    """x <= y."""
    return np.less_equal(x, y)


@primitive()
def greater(x: Array, y: Array, /) -> Array:
    """x > y."""
    return np.greater(x, y)


@primitive()
def greater_equal(x: Array, y: Array, /) -> Array:
    """x >= y."""
    return np.greater_equal(x, y)


@primitive()
def logical_and(x: Array, y: Array, /) -> Array:
    """True where both are not 0."""
    return np.logical_and(x, y)


@primitive()
def logical_or(x: Array, y: Array, /) -> Array:
    """True where one is not 0."""
    return np.logical_or(x, y)


@primitive()
def logical_xor(x: Array, y: Array, /) -> Array:
    """True where exactly one is not 0."""
    return np.logical_xor(x, y)


@primitive()
def logical_not(x: Array, /) -> Array:
    """True where x is 0."""
    return np.logical_not(x)


@primitive()
def bitwise_and(x: Array, y: Array, /) -> Array:
    """x & y, of integers or booleans."""
    return x & y


@primitive()
def bitwise_or(x: Array, y: Array, /) -> Array:
    """x | y, of integers or booleans."""
    return x | y


@primitive()
def bitwise_xor(x: Array, y: Array, /) -> Array:
    """x ^ y, of integers or booleans."""
    return x ^ y


@primitive()
def bitwise_left_shift(x: Array, y: Array, /) -> Array:
    """The bits of x moved y places up."""
    return np.left_shift(x, y)


@primitive()
def bitwise_right_shift(x: Array, y: Array, /) -> Array:
    """The bits of x moved y places down."""
    return np.right_shift(x, y)


@primitive()
def invert(x: Array, /) -> Array:
    """~x, of integers or booleans."""
    return ~x


@primitive()
def signbit(x: Array, /) -> Array:
    """True where the sign is a minus, also of -0.0."""
    return np.signbit(x)


@primitive()
def isfinite(x: Array, /) -> Array:
    """True where x is neither infinite nor nan."""
    return np.isfinite(x)


@primitive()
def isinf(x: Array, /) -> Array:
    """True where x is infinite."""
    return np.isinf(x)


@primitive()
def isnan(x: Array, /) -> Array:
    """True where x is not a number."""
    return np.isnan(x)
