"""Products and sums of elements of matrices and vectors, written with other operations."""

import operator

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..ops import products
from ..ops.indexing import getitem
from ..ops.manipulation import moveaxis, shaped, stack
from ..ops.reductions import sum
from ..primitive import Array, describe
from .matrices import identity_like
from .solving import inv


def cross(x: Array, y: Array, /, *, axis: int = -1) -> Array:
    """The cross product of vectors of length 3 along an axis: as long as their parallelogram is large, upright on it.

    >>> import tinygrad_lite as tg
    >>> tg.linalg.cross(tg.tensor([2.0, 1.0, 0.0]), tg.tensor([1.0, 3.0, 0.0]))
    tensor([0., 0., 5.])
    """
    x, y = shaped(x), shaped(y)
    if any(v.shape[normalize_axis_index(axis, v.ndim)] != 3 for v in (x, y)):
        raise ValueError(f"cross({describe(x)}, {describe(y)}): axis {axis} must be of length 3")
    (a, b, c), (d, e, f) = ([moveaxis(v, axis, -1)[..., i] for i in range(3)] for v in (x, y))
    return moveaxis(stack([b * f - c * e, c * d - a * f, a * e - b * d], -1), -1, axis)


def diagonal(x: Array, /, *, offset: int = 0) -> Array:
    """The diagonal of each matrix, or one that is `offset` places above it."""
    x = shaped(x)
    if x.ndim < 2:
        raise ValueError(f"diagonal({describe(x)}): it needs two axes or more")
    rows, columns = x.shape[-2:]
    i = np.arange(max(0, -offset), min(rows, columns - offset))
    return getitem(x, (..., i, i + offset))


def trace(x: Array, /, *, offset: int = 0, dtype: np.dtype | str | None = None) -> Array:
    """The sum of the diagonal of each matrix."""
    return sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def outer(x: Array, y: Array, /) -> Array:
    """Every element of the vector x times every element of the vector y: a matrix."""
    x, y = shaped(x), shaped(y)
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError(f"outer({describe(x)}, {describe(y)}): both must have one axis. tinygrad_lite.outer flattens")
    return products.outer(x, y)


def matrix_power(x: Array, n: int, /) -> Array:
    """The product of n matrices x; of their inverses if n is negative; of none, the identity."""
    x, n = shaped(x), operator.index(n)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise np.linalg.LinAlgError(f"matrix_power({describe(x)}, {n}): it needs square matrices")
    if n == 0:
        return np.broadcast_to(identity_like(x), x.shape) + x * 0
    x, n = (inv(x), -n) if n < 0 else (x, n)
    power = None
    while True:  # x, x**2, x**4, ...: those of the binary digits of n
        if n & 1:
            power = x if power is None else power @ x
        n >>= 1
        if not n:
            return power
        x = x @ x
