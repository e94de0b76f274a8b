"""Reading and writing parts of an array: NumPy's basic and advanced indexing, both with derivatives."""

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..batching import Batch, Refused, Rule
from ..primitive import Array, Node, describe
from .elementwise import where
from .manipulation import moveaxis, primitive, reshape, shaped


def freeze(index: Any) -> Any:
    """The index with its Tensors, arrays and lists as arrays of our own: nobody can change them until backward."""
    return tuple([_frozen(i) for i in index]) if isinstance(index, tuple) else _frozen(index)


def _frozen(i: Any) -> Any:
    if isinstance(i, slice):
        return slice(*[n if n is None else operator.index(n) for n in (i.start, i.stop, i.step)])
    if i is None or i is ... or isinstance(i, (int, np.generic)):
        return i
    if isinstance(i, Node) or hasattr(i, "__array_function__"):
        return (i._data if isinstance(i, Node) else i).copy()
    array = np.array(i)
    return array if array.size else array.astype(np.intp)


def _is_basic(index: Any) -> bool:
    """True for a frozen index that names no element twice: then adding is the same as writing."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(i is None or i is ... or isinstance(i, (int, np.integer, slice)) for i in parts) and not any(
        isinstance(i, bool) for i in parts
    )


# Under vmap. Where the index is the same for all examples, they go last, where no index reaches them; where each has
# its own, the number of the example is one index more.


def _written_out(index: Any, ndim: int) -> tuple[Any, ...]:
    """The index without an ellipsis."""
    parts = index if isinstance(index, tuple) else (index,)
    if not any(i is ... for i in parts):
        return parts
    place = [i is ... for i in parts].index(True)
    used = sum([i.ndim if _is_mask(i) else i is not None and i is not ... for i in parts])
    return (*parts[:place], *[slice(None)] * (ndim - used), *parts[place + 1 :])


def _is_mask(i: Any) -> bool:
    return getattr(i, "dtype", None) == np.bool_ or isinstance(i, bool)


class _EachItsOwn:
    """An index of which some parts differ from example to example.

    index: for an array with the examples first, or for one that all share. moves: the axes of what it reads, and where
    they belong.
    """

    moves: tuple[tuple[int, ...], tuple[int, ...]]

    def __init__(self, index: Any, ndim: int, size: int, shared: bool) -> None:
        parts = list(_written_out(index, ndim))
        if any(_is_mask(i) or (type(i) is Batch and type(i.array) is Batch) for i in parts):
            raise Refused("a mask that differs from example to example picks different numbers of elements")
        places = [p for p, i in enumerate(parts) if i is not None and not isinstance(i, slice)]
        axes = max([np.ndim(i) for i in parts if hasattr(i, "ndim")])
        for p in places:
            if type(parts[p]) is Batch:
                own = parts[p].array
                parts[p] = own.reshape(size, *(1,) * (axes + 1 - own.ndim), *own.shape[1:])
        together = places == list(range(places[0], places[-1] + 1))
        if shared:
            self.index = tuple(parts)
            self.moves = ((places[0] if together else 0,), (0,))
        else:
            self.index = (np.arange(size).reshape(size, *(1,) * axes), *parts)
            last = places[0] if together else 0
            self.moves = tuple(range(1, 1 + axes)), tuple(range(1 + last, 1 + last + axes))


def _has_own(index: Any) -> bool:
    return any(type(i) is Batch for i in (index if isinstance(index, tuple) else (index,)))


def _getitem_batch(call: Rule, mapped: list[bool], x: Array, index: Any) -> Array:
    if _has_own(index):
        size = next(i.level.size for i in (index if isinstance(index, tuple) else (index,)) if type(i) is Batch)
        own = _EachItsOwn(index, x.ndim - mapped[0], size, shared=not mapped[0])
        return moveaxis(call(x, own.index), *own.moves)
    if _is_basic(index):
        return call(x, (slice(None), *(index if isinstance(index, tuple) else (index,))))
    return moveaxis(call(moveaxis(x, 0, -1), _written_out(index, x.ndim - 1)), -1, 0)


def _scatter_batch(call: Rule, mapped: list[bool], x: Array, shape: tuple[int, ...], index: Any) -> Array:
    if _has_own(index):
        size = next(i.level.size for i in (index if isinstance(index, tuple) else (index,)) if type(i) is Batch)
        own = _EachItsOwn(index, len(shape), size, shared=False)
        x = x if mapped[0] else np.broadcast_to(x, (size, *x.shape))
        return call(moveaxis(x, *own.moves[::-1]), (size, *shape), own.index)
    return moveaxis(call(moveaxis(x, 0, -1), (*shape, x.shape[0]), _written_out(index, len(shape))), -1, 0)


def _setitem_batch(call: Rule, mapped: list[bool], x: Array, value: Array, index: Any) -> Array:
    if _has_own(index):
        raise Refused
    x = moveaxis(x if mapped[0] else np.broadcast_to(x, (value.shape[0], *x.shape)), 0, -1)
    value = moveaxis(value, 0, -1) if mapped[1] else value[..., None] if np.ndim(value) else value
    return moveaxis(call(x, value, _written_out(index, x.ndim - 1)), -1, 0)


_HINT = "An index is made of integers, slices, ..., None, and arrays of integers or booleans"


def _getitem_rule(g: Array, out: Array, x: Array, index: Any) -> Array:
    return _scatter(g, x.shape, index)


@primitive(_getitem_rule, view=True, hint=_HINT, batch=_getitem_batch)
def _getitem(x: Array, index: Any) -> Array:
    return x[index]


def getitem(x: Array, index: Any) -> Array:
    """x[index]. An element that is read twice is handed both cotangents."""
    return _getitem(x, freeze(index))


@primitive(lambda g, out, x, shape, index: _getitem(g, index), batch=_scatter_batch)
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
    places = np.zeros_like(x, dtype=np.intp)
    turns = np.cumsum(np.ones_like(handed, dtype=np.intp)).reshape(handed.shape)
    places[index] = turns
    return where(places[index] == turns, handed, 0.0)


@primitive(_overwritten_rule, _value_rule, hint=_HINT, batch=_setitem_batch)
def _setitem(x: Array, value: Array, index: Any) -> Array:
    out = np.copy(x, subok=True)
    out[index] = value
    return out


def setitem(x: Array, index: Any, value: Array) -> Array:
    """A copy of x in which x[index] is replaced by the value; with a Tensor, `x[index] = value` does it in place.

    >>> import tinygrad_lite as tg
    >>> tg.setitem(tg.tensor([1.0, 2.0, 3.0]), 0, 9.0)
    tensor([9., 2., 3.])
    """
    if isinstance(value, Node) and value._requires_grad and x.dtype.kind not in "fc":
        raise TypeError(
            f"{describe(x)} can't hold a {describe(value)} that wants a gradient: write x.astype('float32')"
        )
    return _setitem(x, value, freeze(index))


def take(x: Array, indices: Any, /, axis: int | None = None) -> Array:
    """The elements, or along an axis the slices, at the given positions."""
    if axis is None:
        return getitem(reshape(x, (-1,)), indices)
    x = shaped(x)
    return getitem(x, (slice(None),) * normalize_axis_index(axis, x.ndim) + (indices,))


def take_along_axis(x: Array, indices: Any, /, axis: int = -1) -> Array:
    """For each line along the axis, the elements at that line's own positions."""
    x, indices = shaped(x), freeze(indices)
    axis = normalize_axis_index(axis, x.ndim)
    if np.ndim(indices) != x.ndim:
        words = f"take_along_axis({describe(x)}): indices must have as many axes, given {np.ndim(indices)}"
        raise ValueError(words)
    grid = [np.arange(n).reshape([-1 if i == a else 1 for i in range(x.ndim)]) for a, n in enumerate(x.shape)]
    grid[axis] = indices
    return getitem(x, tuple(grid))
