"""Reductions that pass over nan."""

from typing import Any

import numpy as np

from .. import ops
from ..primitive import Array
from . import reductions, statistics

NONE: Any = np._NoValue


def nansum(a: Array, axis: Any = None, dtype: Any = None, *, keepdims: Any = NONE) -> Array:
    return reductions.sum(a, axis, dtype, keepdims=keepdims, where=ops.logical_not(ops.isnan(a)))


def nanprod(a: Array, axis: Any = None, dtype: Any = None, *, keepdims: Any = NONE) -> Array:
    return reductions.prod(a, axis, dtype, keepdims=keepdims, where=ops.logical_not(ops.isnan(a)))


def nanmean(a: Array, axis: Any = None, dtype: Any = None, *, keepdims: Any = NONE) -> Array:
    return reductions.mean(a, axis, dtype, keepdims=keepdims, where=ops.logical_not(ops.isnan(a)))


def nanvar(a: Array, axis: Any = None, dtype: Any = None, *, ddof: float = 0, keepdims: Any = NONE) -> Array:
    return reductions.var(a, axis, dtype, ddof=ddof, keepdims=keepdims, where=ops.logical_not(ops.isnan(a)))


def nanstd(a: Array, axis: Any = None, dtype: Any = None, *, ddof: float = 0, keepdims: Any = NONE) -> Array:
    return ops.sqrt(nanvar(a, axis, dtype, ddof=ddof, keepdims=keepdims))


def nanmax(a: Array, axis: Any = None, *, keepdims: Any = NONE) -> Array:
    return _extreme(ops.max, a, axis, keepdims, -np.inf)


def nanmin(a: Array, axis: Any = None, *, keepdims: Any = NONE) -> Array:
    return _extreme(ops.min, a, axis, keepdims, np.inf)


def _extreme(of: Any, a: Array, axis: Any, keepdims: Any, least: float) -> Array:
    keeps = keepdims is not NONE and bool(keepdims)
    gone = ops.isnan(a)
    out = of(ops.where(gone, least, a), axis, keepdims=keeps)
    return ops.where(ops.all(gone, axis, keepdims=keeps), np.nan, out)


def nancumsum(a: Array, axis: int | None = None, dtype: Any = None) -> Array:
    return reductions.cumsum(ops.where(ops.isnan(a), 0, a), axis, dtype)


def nancumprod(a: Array, axis: int | None = None, dtype: Any = None) -> Array:
    return reductions.cumprod(ops.where(ops.isnan(a), 1, a), axis, dtype)


def nanmedian(a: Array, axis: Any = None, *, keepdims: Any = NONE) -> Array:
    return nanquantile(a, 0.5, axis, keepdims=keepdims)


def nanpercentile(a: Array, q: Any, axis: Any = None, *, keepdims: Any = NONE) -> Array:
    return nanquantile(a, np.asarray(q) / 100, axis, keepdims=keepdims)


def nanquantile(a: Array, q: Any, axis: Any = None, *, keepdims: Any = NONE) -> Array:
    return statistics._quantile_along(a, q, axis, keepdims is not NONE and bool(keepdims), passes_over_nan=True)
