"""Reading and writing parts of an array: NumPy's basic and advanced indexing, both with derivatives."""

from typing import Any

import numpy as np

from ..primitive import Array, Node, primitive
from .elementwise import where


def freeze(index: Any) -> Any:
    """The index with its Tensors, arrays and lists as arrays of our own: nobody can change them until backward."""
    if isinstance(index, tuple):
        return tuple(freeze(i) for i in index)
    if isinstance(index, Node):
        return index._data.copy()
    if isinstance(index, list):
        return np.array(index, dtype=np.intp if not index else None)
    return index.copy() if isinstance(index, np.ndarray) else index


def _is_basic(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(not isinstance(i, (np.ndarray, bool, np.bool_)) for i in parts)


_HINT = "An index is made of integers, slices, ..., None, and arrays of integers or booleans"


def _getitem_rule(g: Array, out: Array, x: Array, index: Any) -> Array:
    return _scatter(g, x.shape, index)


@primitive(_getitem_rule, view=True, hint=_HINT)
def _getitem(x: Array, index: Any) -> Array:
    return x[index]


def getitem(x: Array, index: Any) -> Array:
    """x[index]. An element that is read twice is handed both cotangents."""
    return _getitem(x, freeze(index))


@primitive(lambda g, out, x, shape, index: _getitem(g, index))
def _scatter(x: Array, shape: tuple[int, ...], index: Any) -> Array:
    """Zeros of the given shape with x added at the index."""
    out = np.zeros_like(x, shape=shape)
    if _is_basic(index):
        out[index] = x
    else:
        np.add.at(out, index, x)
    return out


def _overwritten_rule(g: Array, out: Array, x: Array, value: Array, index: Any) -> Array:
    return _setitem(g, 0.0, index)


def _value_rule(g: Array, out: Array, x: Array, value: Array, index: Any) -> Array:
    handed = _getitem(g, index)
    if _is_basic(index):
        return handed
    # A place that is written twice keeps the last value: only that one is to blame.
    places = np.zeros(x.shape, np.intp)
    turns = np.arange(handed.size).reshape(handed.shape)
    places[index] = turns
    return where(places[index] == turns, handed, 0.0)


@primitive(_overwritten_rule, _value_rule, hint=_HINT)
def _setitem(x: Array, value: Array, index: Any) -> Array:
    out = np.array(x, copy=True, subok=True)
    out[index] = value
    return out


def setitem(x: Array, index: Any, value: Array) -> Array:
    """A copy of x in which x[index] is replaced by the value; with a Tensor, `x[index] = value` does it in place.

    >>> import tinygrad_lite as tg
    >>> tg.setitem(tg.tensor([1.0, 2.0, 3.0]), 0, 9.0)
    tensor([9., 2., 3.])
    """
    return _setitem(x, value, freeze(index))


def take(x: Array, indices: Any, axis: int | None = None) -> Array:
    """The elements, or along an axis the slices, at the given positions."""
    if axis is None:
        return getitem(x.reshape(-1), indices)
    return getitem(x, (slice(None),) * (axis % x.ndim) + (freeze(indices),))


def take_along_axis(x: Array, indices: Any, axis: int) -> Array:
    """For each line along the axis, the elements at that line's own positions."""
    indices = np.asarray(freeze(indices))
    axis %= x.ndim
    grid = [np.arange(n).reshape([-1 if i == a else 1 for i in range(x.ndim)]) for a, n in enumerate(x.shape)]
    grid[axis] = indices
    return getitem(x, tuple(grid))
