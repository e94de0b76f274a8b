"""Quantiles, covariances, correlations."""

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .. import ops
from ..ops.manipulation import shaped
from ..ops.reductions import axes_of
from ..primitive import Array, Node, call_of, describe


def median(a: Array, axis: Any = None, *, keepdims: bool = False) -> Array:
    return _quantile_along(a, 0.5, axis, keepdims)


def quantile(a: Array, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False) -> Array:
    if method != "linear":
        raise TypeError(f"{call_of('quantile', a)}: with a Tensor method is 'linear', given {method!r}")
    return _quantile_along(a, q, axis, keepdims)


def percentile(a: Array, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False) -> Array:
    return quantile(a, shaped(q) / 100, axis, method=method, keepdims=keepdims)


def _quantile_along(a: Array, q: Any, axis: Any, keepdims: bool, passes_over_nan: bool = False) -> Array:
    """By the linear method. A nan is the largest of all, and so is passed over or, by NumPy's rule, is the answer."""
    a, q = shaped(a), shaped(q)
    if np.any(ops.less(q, 0)) or np.any(ops.greater(q, 1)):
        raise ValueError(f"{call_of('quantile', a, q)}: quantiles lie between 0 and 1, percentiles between 0 and 100")
    axes = axes_of(a, None) if axis is None else normalize_axis_tuple(axis, a.ndim)
    others = tuple(i for i in range(a.ndim) if i not in axes)
    rows = ops.reshape(ops.transpose(a, (*others, *axes)), (*[a.shape[i] for i in others], -1))
    rows = ops.sort(rows, axis=-1)
    missing = np.isnan(rows._data if isinstance(rows, Node) else rows)
    last = np.maximum(np.sum(~missing if passes_over_nan else missing | True, axis=-1, keepdims=True) - 1, 0)
    place = ops.reshape(q, (-1,) + (1,) * rows.ndim) * last
    lower = np.floor(place._data if isinstance(place, Node) else place).astype(np.intp)
    spread = ops.broadcast_to(rows, (lower.shape[0], *rows.shape))
    low, high = [ops.take_along_axis(spread, np.minimum(i, last), axis=-1)[..., 0] for i in (lower, lower + 1)]
    out = low + (high - low) * ops.astype(place - lower, a.dtype)[..., 0]
    if not passes_over_nan and missing.any():
        out = ops.where(missing.any(axis=-1), np.nan, out)
    kept = tuple(1 if i in axes else n for i, n in enumerate(a.shape)) if keepdims else out.shape[1:]
    return ops.reshape(out, (*q.shape, *kept))


def cov(
    m: Array, y: Array = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None,
    fweights: Any = None, aweights: Any = None,
) -> Array:  # fmt: skip
    if fweights is not None or aweights is not None:
        raise TypeError(f"{call_of('cov', m)} takes no weights: scale the rows with their square roots")
    m = _variables(m, rowvar)
    if y is not None:
        m = ops.concatenate([m, _variables(y, rowvar)], axis=0)
    n = m.shape[1] - ((0 if bias else 1) if ddof is None else ddof)
    deviation = m - ops.mean(m, axis=1, keepdims=True)
    return ops.squeeze(deviation @ ops.conj(ops.matrix_transpose(deviation)) / n)


def _variables(m: Array, rowvar: bool) -> Array:
    m = shaped(m)
    if m.ndim > 2:
        raise ValueError(f"{describe(m)}: variables and observations are two axes or one")
    m = ops.reshape(m, (1, -1)) if m.ndim < 2 else m
    return m if rowvar or m.shape[0] == 1 else ops.matrix_transpose(m)


def corrcoef(x: Array, y: Array = None, rowvar: bool = True) -> Array:
    c = cov(x, y, rowvar)
    if not c.ndim:
        return c / c
    steps = np.arange(c.shape[0])
    deviation = ops.sqrt(ops.real(c[steps, steps]))
    return c / deviation[:, None] / deviation


def bincount(x: Any, /, weights: Array = None, minlength: int = 0) -> Array:
    x = x._data if isinstance(x, Node) else np.asarray(x)
    if weights is None:
        raise TypeError("bincount counts, and has no derivative: give it .detach()")
    n = max(minlength, int(x.max()) + 1 if x.size else 0)
    return ops.indexing._scatter(ops.astype(weights, np.float64), (n,), x)
