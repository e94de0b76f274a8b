"""Arrays put together, and taken apart."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .. import ops
from ..ops.manipulation import shaped
from ..primitive import Array, describe


def _at_least(x: Array, ndim: int) -> Array:
    x = shaped(x)
    if ndim == 3 and x.ndim in (1, 2):
        return x[None, :, None] if x.ndim == 1 else x[:, :, None]
    return ops.reshape(x, (1,) * (ndim - x.ndim) + x.shape) if x.ndim < ndim else x


def _each_at_least(arrays: tuple[Array, ...], ndim: int) -> Any:
    out = tuple([_at_least(x, ndim) for x in arrays])
    return out[0] if len(out) == 1 else out


def atleast_1d(*arys: Array) -> Any:
    return _each_at_least(arys, 1)


def atleast_2d(*arys: Array) -> Any:
    return _each_at_least(arys, 2)


def atleast_3d(*arys: Array) -> Any:
    return _each_at_least(arys, 3)


def vstack(tup: Sequence[Array]) -> Array:
    return ops.concatenate([_at_least(x, 2) for x in tup], axis=0)


def hstack(tup: Sequence[Array]) -> Array:
    arrays = [_at_least(x, 1) for x in tup]
    return ops.concatenate(arrays, axis=0 if arrays[0].ndim == 1 else 1)


def dstack(tup: Sequence[Array]) -> Array:
    return ops.concatenate([_at_least(x, 3) for x in tup], axis=2)


def column_stack(tup: Sequence[Array]) -> Array:
    arrays = [ops.matrix_transpose(_at_least(x, 2)) if x.ndim < 2 else x for x in map(shaped, tup)]
    return ops.concatenate(arrays, axis=1)


def block(arrays: Any) -> Array:
    depth = _depth(arrays)
    ndim = max(depth, *[np.ndim(x) for x in _flat(arrays)], 1)
    return _block(arrays, depth, ndim)


def _depth(arrays: Any) -> int:
    return 1 + _depth(arrays[0]) if isinstance(arrays, list) else 0


def _flat(arrays: Any) -> list[Any]:
    return [x for part in arrays for x in _flat(part)] if isinstance(arrays, list) else [arrays]


def _block(arrays: Any, depth: int, ndim: int) -> Array:
    if not isinstance(arrays, list):
        x = shaped(arrays)
        return ops.reshape(x, (1,) * (ndim - x.ndim) + x.shape)
    return ops.concatenate([_block(part, depth - 1, ndim) for part in arrays], axis=ndim - depth)


def append(arr: Array, values: Array, axis: int | None = None) -> Array:
    return ops.concatenate([shaped(arr), shaped(values)], axis=axis)


def insert(arr: Array, obj: Any, values: Array, axis: int | None = None) -> Array:
    arr, values = shaped(arr), shaped(values)
    if axis is None:
        arr, axis = ops.reshape(arr, (-1,)), 0
    axis, n = normalize_axis_index(axis, arr.ndim), arr.shape[axis]
    values = ops.reshape(values, (1,) * (arr.ndim - values.ndim) + values.shape)
    if np.ndim(obj) == 0 and not isinstance(obj, slice):
        values = ops.moveaxis(values, 0, axis)  # as NumPy has it of a single place
        count = values.shape[axis]
    else:
        count = len(np.insert(np.arange(n), obj, 0)) - n
    new = ops.broadcast_to(values, (*arr.shape[:axis], count, *arr.shape[axis + 1 :]))
    return ops.take(ops.concatenate([arr, new], axis=axis), np.insert(np.arange(n), obj, n + np.arange(count)), axis)


def delete(arr: Array, obj: Any, axis: int | None = None) -> Array:
    arr = shaped(arr)
    if axis is None:
        arr, axis = ops.reshape(arr, (-1,)), 0
    return ops.take(arr, np.delete(np.arange(arr.shape[axis]), obj), axis)


def array_split(ary: Array, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    ary = shaped(ary)
    pieces = np.array_split(np.arange(ary.shape[axis]), indices_or_sections)
    return [ops.take(ary, piece, axis) for piece in pieces]


def hsplit(ary: Array, indices_or_sections: Any) -> list[Array]:
    return ops.split(ary, indices_or_sections, axis=0 if ary.ndim == 1 else 1)


def vsplit(ary: Array, indices_or_sections: Any) -> list[Array]:
    if ary.ndim < 2:
        raise ValueError(f"vsplit({describe(ary)}): it needs two axes or more")
    return ops.split(ary, indices_or_sections, axis=0)


def dsplit(ary: Array, indices_or_sections: Any) -> list[Array]:
    return ops.split(ary, indices_or_sections, axis=2)
