"""Differences, integrals, interpolation, convolution."""

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .. import ops
from ..ops.manipulation import shaped
from ..primitive import Array, Node, call_of


def ediff1d(ary: Array, to_end: Array = None, to_begin: Array = None) -> Array:
    ary = ops.reshape(ary, (-1,))
    parts = [to_begin, ary[1:] - ary[:-1], to_end]
    return ops.concatenate([ops.reshape(shaped(part), (-1,)) for part in parts if part is not None])


def trapezoid(y: Array, x: Array = None, dx: Array = 1.0, axis: int = -1) -> Array:
    y = ops.moveaxis(shaped(y), axis, -1)
    if x is not None:
        x = shaped(x)
        dx = ops.diff(x) if x.ndim == 1 else ops.diff(ops.moveaxis(x, axis, -1), axis=-1)
    return ops.sum(dx * (y[..., 1:] + y[..., :-1]) / 2, axis=-1)


def gradient(f: Array, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = shaped(f)
    axes = range(f.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    axes = normalize_axis_tuple(axes, f.ndim)
    if edge_order not in (1, 2):
        raise ValueError(f"{call_of('gradient', f)}: edge_order must be 1 or 2, given {edge_order}")
    spacings = varargs or (1.0,)
    spacings = spacings * len(axes) if len(spacings) == 1 else spacings
    if len(spacings) != len(axes):
        raise TypeError(f"{call_of('gradient', f)}: {len(varargs)} spacings were given for {len(axes)} axes")
    out = [_slope(f, a, spacing, edge_order) for a, spacing in zip(axes, spacings, strict=True)]
    return out[0] if len(out) == 1 else tuple(out)


def _slope(f: Array, axis: int, spacing: Any, edge_order: int) -> Array:
    f = ops.moveaxis(f, axis, -1)
    if f.shape[-1] < edge_order + 1:
        raise ValueError(f"{call_of('gradient', f)}: it needs {edge_order + 1} elements along each axis")
    spacing = shaped(spacing)
    steps = ops.diff(spacing) if spacing.ndim else ops.broadcast_to(spacing, (f.shape[-1] - 1,))
    left, right = steps[:-1], steps[1:]
    rises = (f[..., 1:] - f[..., :-1]) / steps
    inner = (rises[..., :-1] * right + rises[..., 1:] * left) / (left + right)
    first, last = rises[..., :1], rises[..., -1:]
    if edge_order == 2:
        first = first + (first - rises[..., 1:2]) * (steps[0] / (steps[0] + steps[1]))
        last = last + (last - rises[..., -2:-1]) * (steps[-1] / (steps[-1] + steps[-2]))
    return ops.moveaxis(ops.concatenate([first, inner, last], axis=-1), -1, axis)


def interp(x: Array, xp: Array, fp: Array, left: Any = None, right: Any = None, period: Any = None) -> Array:
    if period is not None:
        raise TypeError(f"{call_of('interp', x, xp, fp)} takes no period: write interp(x % period, xp, fp)")
    x, xp, fp = shaped(x), shaped(xp), shaped(fp)
    places = xp._data if isinstance(xp, Node) else xp
    at = x._data if isinstance(x, Node) else x
    i = np.clip(np.searchsorted(places, at, side="right") - 1, 0, max(len(places) - 2, 0))
    share = (x - xp[i]) / (xp[i + 1] - xp[i])
    out = fp[i] + (fp[i + 1] - fp[i]) * share
    out = ops.where(ops.less(x, xp[0]), fp[0] if left is None else left, out)
    return ops.where(ops.greater(x, xp[-1]), fp[-1] if right is None else right, out)


def convolve(a: Array, v: Array, mode: str = "full") -> Array:
    a, v = ops.reshape(shaped(a), (-1,)), ops.reshape(shaped(v), (-1,))
    if not a.shape[0] or not v.shape[0]:
        raise ValueError(f"{call_of('convolve', a, v)}: both must have elements")
    if v.shape[0] > a.shape[0]:
        a, v = v, a
    n, m = a.shape[0], v.shape[0]
    wide = ops.pad(a, m - 1)
    out = wide[np.arange(n + m - 1)[:, None] + np.arange(m)] @ ops.flip(v)
    if mode == "full":
        return out
    if mode not in ("same", "valid"):
        raise ValueError(f"{call_of('convolve', a, v)}: mode is 'full', 'same' or 'valid', given {mode!r}")
    return out[(m - 1) // 2 : (m - 1) // 2 + n] if mode == "same" else out[m - 1 : n]


def correlate(a: Array, v: Array, mode: str = "valid") -> Array:
    a, v = shaped(a), shaped(v)
    if v.shape[0] > a.shape[0]:
        return ops.flip(ops.conj(correlate(v, a, mode)))
    return convolve(a, ops.conj(ops.flip(v)), mode)


def unwrap(p: Array, discont: Any = None, axis: int = -1, *, period: float = 2 * np.pi) -> Array:
    values = p._data if isinstance(p, Node) else p
    return p + (np.unwrap(values, discont, axis, period=period) - values)
