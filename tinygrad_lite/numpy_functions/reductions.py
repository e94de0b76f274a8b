"""NumPy's options of the reductions: `where`, `initial`, `dtype`."""

import math
from typing import Any

import numpy as np

from .. import ops
from ..ops.manipulation import shaped
from ..primitive import Array, call_of

NONE: Any = np._NoValue  # what NumPy's functions have where nothing was given


def _kept(x: Array, where: Any, fill: Any) -> Array:
    return x if where is NONE or where is True else ops.where(where, x, fill)


def _keeps(keepdims: Any) -> bool:
    return keepdims is not NONE and bool(keepdims)


def sum(
    a: Array, axis: Any = None, dtype: Any = None, *, keepdims: Any = NONE, initial: Any = NONE, where: Any = NONE
) -> Array:
    out = ops.sum(_kept(a, where, 0), axis, dtype, keepdims=_keeps(keepdims))
    return out if initial is NONE else out + initial


def prod(
    a: Array, axis: Any = None, dtype: Any = None, *, keepdims: Any = NONE, initial: Any = NONE, where: Any = NONE
) -> Array:
    out = ops.prod(_kept(a, where, 1), axis, dtype, keepdims=_keeps(keepdims))
    return out if initial is NONE else out * initial


def max(a: Array, axis: Any = None, *, keepdims: Any = NONE, initial: Any = NONE, where: Any = NONE) -> Array:
    return _extreme(ops.max, ops.maximum, a, axis, keepdims, initial, where)


def min(a: Array, axis: Any = None, *, keepdims: Any = NONE, initial: Any = NONE, where: Any = NONE) -> Array:
    return _extreme(ops.min, ops.minimum, a, axis, keepdims, initial, where)


def amax(a: Array, axis: Any = None, *, keepdims: Any = NONE, initial: Any = NONE, where: Any = NONE) -> Array:
    return _extreme(ops.max, ops.maximum, a, axis, keepdims, initial, where)


def amin(a: Array, axis: Any = None, *, keepdims: Any = NONE, initial: Any = NONE, where: Any = NONE) -> Array:
    return _extreme(ops.min, ops.minimum, a, axis, keepdims, initial, where)


def _extreme(of: Any, pair: Any, a: Array, axis: Any, keepdims: Any, initial: Any, where: Any) -> Array:
    if where is not NONE and where is not True and initial is NONE:
        raise ValueError(f"{call_of(of.__name__, a)} with where= needs initial=, what there is where nothing else is")
    out = of(_kept(a, where, initial), axis, keepdims=_keeps(keepdims))
    return out if initial is NONE else pair(out, initial)


def mean(a: Array, axis: Any = None, dtype: Any = None, *, keepdims: Any = NONE, where: Any = NONE) -> Array:
    a = shaped(a) if dtype is None else ops.astype(a, dtype)
    if where is NONE or where is True:
        return ops.mean(a, axis, keepdims=_keeps(keepdims))
    return ops.sum(ops.where(where, a, 0), axis, keepdims=_keeps(keepdims)) / _count(a, axis, keepdims, where)


def _count(a: Array, axis: Any, keepdims: Any, where: Any) -> Array:
    there = ops.broadcast_to(shaped(where), a.shape)
    return ops.astype(ops.count_nonzero(there, axis, keepdims=_keeps(keepdims)), np.result_type(a.dtype, np.float32))


def var(
    a: Array, axis: Any = None, dtype: Any = None, *, ddof: float = 0, keepdims: Any = NONE, where: Any = NONE,
    mean: Any = NONE, correction: Any = NONE,
) -> Array:  # fmt: skip
    a = shaped(a) if dtype is None else ops.astype(a, dtype)
    ddof = ddof if correction is NONE else correction
    if where in (NONE, True) if not hasattr(where, "shape") else False:
        if mean is NONE:
            return ops.var(a, axis, ddof=ddof, keepdims=_keeps(keepdims))
        where = True
    there = ops.broadcast_to(shaped(where), a.shape)
    count = _count(a, axis, True, there)
    middle = ops.sum(ops.where(there, a, 0), axis, keepdims=True) / count if mean is NONE else mean
    squares = ops.where(there, ops.square(ops.abs(a - middle)), 0)
    return ops.sum(squares, axis, keepdims=_keeps(keepdims)) / (_count(a, axis, keepdims, there) - ddof)


def std(
    a: Array, axis: Any = None, dtype: Any = None, *, ddof: float = 0, keepdims: Any = NONE, where: Any = NONE,
    mean: Any = NONE, correction: Any = NONE,
) -> Array:  # fmt: skip
    if where is NONE and mean is NONE:
        a = shaped(a) if dtype is None else ops.astype(a, dtype)
        return ops.std(a, axis, ddof=ddof if correction is NONE else correction, keepdims=_keeps(keepdims))
    options = {"ddof": ddof, "keepdims": keepdims, "where": where, "mean": mean, "correction": correction}
    return ops.sqrt(var(a, axis, dtype, **options))


def all(a: Array, axis: Any = None, *, keepdims: Any = NONE, where: Any = NONE) -> Array:
    return ops.all(_kept(a, where, True), axis, keepdims=_keeps(keepdims))


def any(a: Array, axis: Any = None, *, keepdims: Any = NONE, where: Any = NONE) -> Array:
    return ops.any(_kept(a, where, False), axis, keepdims=_keeps(keepdims))


def cumsum(a: Array, axis: int | None = None, dtype: Any = None) -> Array:
    return _running(ops.cumsum, a, axis, dtype)


def cumprod(a: Array, axis: int | None = None, dtype: Any = None) -> Array:
    return _running(ops.cumprod, a, axis, dtype)


def _running(of: Any, a: Array, axis: int | None, dtype: Any) -> Array:
    a = shaped(a) if dtype is None else ops.astype(a, dtype)
    return of(ops.reshape(a, (-1,)), 0) if axis is None else of(a, axis)


def ptp(a: Array, axis: Any = None, *, keepdims: Any = NONE) -> Array:
    return ops.max(a, axis, keepdims=_keeps(keepdims)) - ops.min(a, axis, keepdims=_keeps(keepdims))


def average(
    a: Array, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = NONE
) -> Array | tuple[Array, Array]:
    if weights is None:
        out = ops.mean(a, axis, keepdims=_keeps(keepdims))
        sums = ops.broadcast_to(shaped(np.asarray(a.size / math.prod(out.shape), a.dtype)), out.shape)
    else:
        weights = shaped(weights)
        if weights.shape != a.shape and weights.ndim == 1 and isinstance(axis, int):
            weights = ops.moveaxis(ops.reshape(weights, (1,) * (a.ndim - 1) + (-1,)), -1, axis)
        weights = ops.broadcast_to(weights, a.shape)
        sums = ops.sum(weights, axis, keepdims=_keeps(keepdims))
        out = ops.sum(a * weights, axis, keepdims=_keeps(keepdims)) / sums
    return (out, sums) if returned else out
