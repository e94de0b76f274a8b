"""Lengths of vectors and sizes of matrices."""

import math
from typing import Any

import numpy as np

from ..ops import reductions
from ..ops.comparisons import equal
from ..ops.elementwise import abs, sign, where
from ..ops.manipulation import expand_dims, moveaxis, shaped
from ..ops.reductions import Axis, max, min, spread, sum
from ..primitive import Array, describe, primitive
from .matrices import floating
from .singular_values import svdvals


def _p_norm_rule(g: Array, out: Array, x: Array, ord: float, axis: Axis, keepdims: bool) -> Array:
    out = spread(out, x, axis, keepdims)
    size = abs(x) / where(equal(out, 0), 1.0, out)
    slopes = where(equal(size, 0), 0.0, where(equal(size, 0), 1.0, size) ** (ord - 1))
    return spread(g, x, axis, keepdims) * (sign(x) * slopes)


@primitive(_p_norm_rule, complex="as written", batch="axis")
def _p_norm(x: Array, ord: float, axis: Axis, keepdims: bool) -> Array:
    sizes = np.absolute(x)
    top = np.max(sizes, axis=axis, keepdims=True, initial=0)
    top = np.where((top == 0) | np.isinf(top), 1, top)
    out = np.sum((sizes / top) ** ord, axis=axis, keepdims=True) ** (1 / ord) * top
    return out if keepdims else np.squeeze(out, reductions.axes_of(x, axis))


@primitive(lambda g, out, x: g * 0, elementwise=True, complex="as written")
def _one_unless_zero(x: Array) -> Array:
    return (x != 0).astype(np.finfo(x.dtype).dtype)


def vector_norm(x: Array, /, *, axis: Axis = None, keepdims: bool = False, ord: float = 2) -> Array:
    """The p-norm sum(|x|**p) ** (1/p) over the given axes (all, by default), p = ord.

    inf and -inf: the largest and the smallest |x|, equals share the derivative; 0: how many are not 0, whose
    derivative is 0. The derivative at an element of 0 is 0.

    >>> import tinygrad_lite as tg
    >>> tg.grad(tg.linalg.vector_norm)([3.0, 4.0])
    tensor([0.6, 0.8])
    """
    x = floating(x)
    if ord == 2:
        return reductions.norm(x, axis, keepdims=keepdims)
    if ord == math.inf:
        return max(abs(x), axis, keepdims=keepdims)
    if ord == -math.inf:
        return min(abs(x), axis, keepdims=keepdims)
    if ord == 0:
        return sum(_one_unless_zero(x), axis, keepdims=keepdims)
    if ord == 1:
        return sum(abs(x), axis, keepdims=keepdims)
    return _p_norm(x, ord, axis, keepdims)


_MATRIX_NORMS = "'fro', 'nuc', 1, 2, inf, -1, -2, -inf"


def matrix_norm(x: Array, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    """The size of each matrix.

    "fro": the root of the sum of the squares of its elements. "nuc", 2, -2: the sum, the largest and the smallest of
    its singular values. 1, -1, inf, -inf: the largest and the smallest sum of |x| over a column, and over a row.
    """
    x = floating(x)
    if x.ndim < 2:
        raise ValueError(f"matrix_norm({describe(x)}): it needs two axes or more")
    if ord in ("fro", None):
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in (1, -1, math.inf, -math.inf):
        lines = -2 if ord in (1, -1) else -1
        sums = sum(abs(x), axis=lines, keepdims=True)
        return (max if ord > 0 else min)(sums, axis=(-2, -1), keepdims=keepdims)
    if ord not in ("nuc", 2, -2):
        raise ValueError(f"matrix_norm: ord must be one of {_MATRIX_NORMS}, given {ord!r}")
    out = (sum if ord == "nuc" else max if ord == 2 else min)(svdvals(x), axis=-1)
    return expand_dims(expand_dims(out, -1), -1) if keepdims else out


def norm(x: Array, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Array:
    """NumPy's norm: of vectors along one axis, of matrices in two, of all elements if neither ord nor axis is given."""
    x = shaped(x)
    if axis is None:
        if ord is None:
            return vector_norm(x, keepdims=keepdims)
        axis = tuple(range(x.ndim))
    if isinstance(axis, int) or len(axis) == 1:
        return vector_norm(x, axis=axis, keepdims=keepdims, ord=2 if ord is None else ord)
    if len(axis) != 2:
        raise ValueError(f"norm({describe(x)}): a vector has one axis, a matrix two, given axis={axis}")
    out = matrix_norm(moveaxis(x, axis, (-2, -1)), ord=ord)
    for a in sorted(reductions.axes_of(x, axis)) if keepdims else ():
        out = expand_dims(out, a)
    return out
