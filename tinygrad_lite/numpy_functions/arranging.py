"""The same elements in another order or place, or some of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from .. import ops
from ..ops.manipulation import shaped
from ..primitive import Array, Node, call_of


def ravel(a: Array, order: str = "C") -> Array:
    return ops.reshape(_in_order(a, order), (-1,))


def reshape(a: Array, /, shape: Any = None, order: str = "C", *, copy: bool | None = None) -> Array:
    if order != "F":
        return ops.reshape(a, shape, copy=copy)
    shape = np.reshape(np.empty(a.shape), shape).shape
    return ops.transpose(ops.reshape(ops.transpose(a), shape[::-1]))


def _in_order(a: Array, order: str) -> Array:
    return ops.transpose(a) if order == "F" else a


def fliplr(m: Array) -> Array:
    return ops.flip(m, axis=1)


def flipud(m: Array) -> Array:
    return ops.flip(m, axis=0)


def rot90(m: Array, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Array:
    if len(axes) != 2 or len(set(normalize_axis_tuple(axes, m.ndim, allow_duplicate=True))) != 2:
        raise ValueError(f"{call_of('rot90', m)}: axes must be two different ones, given {axes}")
    for _ in range(k % 4):
        m = ops.flip(ops.swapaxes(m, *axes), axis=axes[0])
    return m


def rollaxis(a: Array, axis: int, start: int = 0) -> Array:
    axis = normalize_axis_index(axis, a.ndim)
    start = start + a.ndim if start < 0 else start
    return ops.moveaxis(a, axis, start - (axis < start))


def copy(a: Array, order: str = "K", subok: bool = False) -> Array:
    return ops.positive(a) if a.dtype != bool else ops.astype(a, bool)


def diagonal(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    a = ops.moveaxis(a, (axis1, axis2), (-2, -1))
    n = max(0, min(a.shape[-2] + min(offset, 0), a.shape[-1] - max(offset, 0)))
    steps = np.arange(n)
    return a[..., steps + max(-offset, 0), steps + max(offset, 0)]


def trace(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Array:
    return ops.sum(diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


def diag(v: Array, k: int = 0) -> Array:
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ValueError(f"{call_of('diag', v)}: it needs one axis or two")
    n = v.shape[0] + abs(k)
    steps = np.arange(v.shape[0])
    zeros = ops.broadcast_to(v[:0].sum(), (n, n))
    return ops.setitem(zeros, (steps + max(-k, 0), steps + max(k, 0)), v)


def diagflat(v: Array, k: int = 0) -> Array:
    return diag(ops.reshape(v, (-1,)), k)


def resize(a: Array, new_shape: Any) -> Array:
    a = ops.reshape(a, (-1,))
    places = np.resize(np.arange(a.shape[0]), new_shape)
    return ops.take(a, places)


def compress(condition: Any, a: Array, axis: int | None = None) -> Array:
    return ops.take(a, np.flatnonzero(_bare(condition)), axis)


def extract(condition: Any, arr: Array) -> Array:
    return ops.take(arr, np.flatnonzero(_bare(condition)))


def choose(a: Any, choices: Sequence[Array], mode: str = "raise") -> Array:
    which = np.choose(_bare(a), list(range(len(choices))), mode=mode)  # type: ignore[call-overload]
    return select([which == i for i in range(len(choices))], choices)


def select(condlist: Sequence[Any], choicelist: Sequence[Array], default: Array = 0) -> Array:
    if len(condlist) != len(choicelist):
        raise ValueError(f"select: {len(condlist)} conditions and {len(choicelist)} choices: there must be as many")
    out = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        out = ops.where(condition, choice, out)
    return out


def partition(a: Array, kth: Any, axis: int | None = -1) -> Array:
    a, axis = (ops.reshape(a, (-1,)), 0) if axis is None else (a, axis)
    return ops.take_along_axis(a, np.argpartition(_bare(a), kth, axis=axis), axis)


def apply_along_axis(func1d: Any, axis: int, arr: Array, *args: Any, **kwargs: Any) -> Array:
    arr = ops.moveaxis(arr, axis, -1)
    rows = [func1d(arr[i], *args, **kwargs) for i in np.ndindex(*arr.shape[:-1])]
    out = ops.stack([shaped(row) for row in rows])
    return (
        ops.moveaxis(ops.reshape(out, (*arr.shape[:-1], *out.shape[1:])), -1, axis)
        if out.ndim > 1
        else (ops.reshape(out, arr.shape[:-1]))
    )


def sliding_window_view(x: Array, window_shape: Any, axis: Any = None) -> Array:
    places = np.lib.stride_tricks.sliding_window_view(np.arange(x.size).reshape(x.shape), window_shape, axis)
    return ops.take(x, places)


def _bare(x: Any) -> Any:
    return x._data if isinstance(x, Node) else np.asarray(x)
