"""The same elements in another shape, order, place or dtype."""

import math
import operator
from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..batching import Rule, axes_behind, first_axis
from ..namespace import check_device
from ..primitive import Array, Node, call_of, describe
from ..primitive import primitive as _primitive

Shape = int | tuple[int, ...]
primitive = partial(_primitive, complex="as written")  # to move elements is the same for complex ones


def shaped(x: Array) -> Array:
    """x, if it has axes to ask for; a list or a bare number as an array."""
    return x if hasattr(x, "ndim") else np.asarray(x)


def _reshape_batch(call: Rule, mapped: Any, x: Array, shape: Shape) -> Array:
    shape = shape if isinstance(shape, (tuple, list)) else (shape,)
    one = np.reshape(np.broadcast_to(0, x.shape[1:]), shape)  # which finds out a length of -1
    return call(x, (x.shape[0], *one.shape))


@primitive(
    lambda g, out, x, shape: g.reshape(x.shape),
    view=True,
    hint="One length may be -1: it is computed",
    batch=_reshape_batch,
)
def _reshape(x: Array, shape: Shape) -> Array:
    return np.reshape(x, shape)


def reshape(x: Array, /, shape: Shape, *, copy: bool | None = None) -> Array:
    """The same elements, in order, in another shape. copy=False: a ValueError where that can't be had for nothing."""
    if copy is not None:
        array = np.reshape(x._data if isinstance(x, Node) else x, shape, copy=copy)
        if not isinstance(x, Node):
            return array
    return _reshape(x, shape)


def _inverse(axes: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if axes is None else tuple(int(a) for a in np.argsort([a % len(axes) for a in axes]))


def _transpose_batch(call: Rule, mapped: Any, x: Array, axes: tuple[int, ...] | None) -> Array:
    ndim = x.ndim - 1
    return call(x, (0, *axes_behind(tuple(range(ndim)[::-1]) if axes is None else tuple(axes), ndim)))


@primitive(lambda g, out, x, axes: transpose(g, _inverse(axes)), view=True, batch=_transpose_batch)
def transpose(x: Array, /, axes: tuple[int, ...] | None = None) -> Array:
    """The axes in another order: `axes`, or reversed."""
    return np.transpose(x, axes)


def swapaxes(x: Array, /, axis1: int, axis2: int) -> Array:
    """Two axes exchanged."""
    x = shaped(x)
    axes = list(range(x.ndim))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return transpose(x, tuple(axes))


def matrix_transpose(x: Array, /) -> Array:
    """Each matrix, the last two axes, transposed."""
    x = shaped(x)
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose({describe(x)}): it needs two axes or more")
    return swapaxes(x, -1, -2)


def moveaxis(x: Array, source: int | tuple[int, ...], destination: int | tuple[int, ...], /) -> Array:
    """Axes moved to other places, the others in their order."""
    x = shaped(x)
    sources, places = normalize_axis_tuple(source, x.ndim), normalize_axis_tuple(destination, x.ndim)
    if len(sources) != len(places):
        raise ValueError(f"{call_of('moveaxis', x)}: {len(sources)} axes can't go to {len(places)} places")
    axes = [a for a in range(x.ndim) if a not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        axes.insert(place, axis)
    return transpose(x, tuple(axes))


def expand_dims(x: Array, /, axis: int | tuple[int, ...]) -> Array:
    """A new axis of length 1 at the given place, or one at each of the given places of the result."""
    x = shaped(x)
    ndim = x.ndim + (len(axis) if isinstance(axis, tuple) else 1)
    places, lengths = normalize_axis_tuple(axis, ndim), iter(x.shape)
    return reshape(x, tuple([1 if a in places else next(lengths) for a in range(ndim)]))


def squeeze(x: Array, /, axis: int | tuple[int, ...] | None = None) -> Array:
    """Without its axes of length 1: all of them, or those given."""
    x = shaped(x)
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim)
    if axis is not None and any(x.shape[a] != 1 for a in axes):
        raise ValueError(f"{call_of('squeeze', x)}: axis {axis} has a length other than 1")
    return reshape(x, tuple(n for a, n in enumerate(x.shape) if not (n == 1 and a in axes)))


def _broadcast_batch(call: Rule, mapped: Any, x: Array, shape: Shape) -> Array:
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    x = reshape(x, (x.shape[0], *(1,) * (len(shape) + 1 - x.ndim), *x.shape[1:]))
    return call(x, (x.shape[0], *shape))


# The walk sums over what broadcasting stretched: the rule has nothing left to do.
@primitive(lambda g, out, x, shape: g, view=True, batch=_broadcast_batch)
def broadcast_to(x: Array, /, shape: Shape) -> Array:
    """Repeated along new axes, and along axes of length 1, without a copy."""
    return np.broadcast_to(x, shape)


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """The shape that arrays of these shapes have together."""
    return np.broadcast_shapes(*shapes)


def broadcast_arrays(*arrays: Array) -> tuple[Array, ...]:
    """All of them in the shape that they have together."""
    every = [shaped(x) for x in arrays]
    shape = broadcast_shapes(*[x.shape for x in every])
    return tuple([broadcast_to(x, shape) for x in every])


def meshgrid(*arrays: Array, indexing: str = "xy") -> tuple[Array, ...]:
    """The coordinates of a grid, from the coordinates along each axis; 'xy' has the first two axes exchanged."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing is 'xy' or 'ij', given {indexing!r}")
    n = len(arrays)
    places = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else range(n)
    lines = [reshape(x, (-1,) + (1,) * (n - 1 - place)) for x, place in zip(arrays, places, strict=True)]
    return broadcast_arrays(*[expand_dims(x, tuple(range(n - x.ndim))) for x in lines])


@primitive(lambda g, out, x, axis: flip(g, axis), view=True, batch="axis")
def flip(x: Array, /, axis: int | tuple[int, ...] | None = None) -> Array:
    """The elements in reverse order along the given axes (all, by default)."""
    return np.flip(x, axis)


def _minus(shift: Any) -> Any:
    return tuple(-s for s in shift) if isinstance(shift, tuple) else -shift


def _roll_batch(call: Rule, mapped: Any, x: Array, shift: Any, axis: Any) -> Array:
    if axis is not None:
        return call(x, shift, axes_behind(axis, x.ndim - 1))
    return reshape(call(reshape(x, (x.shape[0], math.prod(x.shape[1:]))), shift, 1), x.shape)


@primitive(lambda g, out, x, shift, axis: roll(g, _minus(shift), axis), batch=_roll_batch)
def roll(x: Array, /, shift: Shape, axis: int | tuple[int, ...] | None = None) -> Array:
    """The elements moved along an axis; those that fall off one end come back at the other."""
    return np.roll(x, shift, axis)


def _concatenate_ends(g: Array, out: Array, *arrays: Array, axis: int) -> tuple[Array, list[int]]:
    """Where each ends, counted once for all of them."""
    return g, list(accumulate([x.shape[axis] for x in arrays], initial=0))


def _concatenate_rule(i: int, shared: tuple[Array, list[int]], out: Array, *arrays: Array, axis: int) -> Array:
    g, ends = shared
    return g[(slice(None),) * (axis % g.ndim) + (slice(ends[i], ends[i + 1]),)]


def _concatenate_batch(call: Rule, mapped: Any, *arrays: Array, axis: int) -> Array:
    arrays = tuple(first_axis(mapped, arrays))
    return call(*arrays, axis=axes_behind(axis, arrays[0].ndim - 1))


@primitive(
    _concatenate_rule,
    variadic=True,
    shared=_concatenate_ends,
    hint="All shapes must be equal, but for the axis that is joined",
    batch=_concatenate_batch,
)
def _concatenate(*arrays: Array, axis: int) -> Array:
    return np.concatenate(arrays, axis=axis)


def concatenate(arrays: Sequence[Array], /, axis: int | None = 0) -> Array:
    """Joined end to end along an existing axis; with axis=None, flattened first."""
    if axis is None:
        return _concatenate(*[reshape(x, (-1,)) for x in arrays], axis=0)
    return _concatenate(*arrays, axis=axis)


def stack(arrays: Sequence[Array], /, axis: int = 0) -> Array:
    """Joined along a new axis."""
    arrays = [shaped(x) for x in arrays]
    if len({x.shape for x in arrays}) > 1:
        raise ValueError(f"{call_of('stack', *arrays)}: all shapes must be equal")
    return concatenate([expand_dims(x, axis) for x in arrays], axis=axis)


def unstack(x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """Taken apart along an axis: the opposite of stack."""
    x = moveaxis(x, axis, 0)
    return tuple([x[i] for i in range(x.shape[0])])


def split(x: Array, /, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]:
    """Cut along an axis: into so many equal parts, or before the given positions."""
    x = shaped(x)
    length = x.shape[normalize_axis_index(axis, x.ndim)]
    if isinstance(indices_or_sections, int):
        if indices_or_sections < 1:
            raise ValueError(f"{call_of('split', x)}: into 1 part or more, given {indices_or_sections}")
        if length % indices_or_sections:
            words = f"{call_of('split', x)}: an axis of length {length} does not divide"
            raise ValueError(f"{words} into {indices_or_sections} equal parts")
        cuts = list(accumulate([length // indices_or_sections] * (indices_or_sections - 1)))
    else:
        cuts = list(indices_or_sections)
    before = (slice(None),) * normalize_axis_index(axis, x.ndim)
    return [x[(*before, slice(a, b))] for a, b in zip([0, *cuts], [*cuts, length], strict=True)]


def _pad_rule(g: Array, out: Array, x: Array, pad_width: tuple[tuple[int, int], ...], constant_values: float) -> Array:
    return g[tuple(slice(before, before + n) for (before, _), n in zip(pad_width, x.shape, strict=True))]


def _pad_batch(
    call: Rule, mapped: Any, x: Array, pad_width: tuple[tuple[int, int], ...], constant_values: float
) -> Array:
    return call(x, ((0, 0), *pad_width), constant_values)


@primitive(_pad_rule, batch=_pad_batch)
def _pad(x: Array, pad_width: tuple[tuple[int, int], ...], constant_values: float) -> Array:
    return np.pad(x, pad_width, constant_values=constant_values)


def pad(x: Array, /, pad_width: Any, constant_values: float = 0.0) -> Array:
    """A border of a constant around it: pad_width is a number, (before, after), or one such pair for each axis."""
    x = shaped(x)
    pairs = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)).tolist()
    return _pad(x, tuple((before, after) for before, after in pairs), constant_values)


def tile(x: Array, reps: Shape, /) -> Array:
    """Repeated as a whole, so many times along each axis."""
    x = shaped(x)
    reps = tuple(reps) if isinstance(reps, (tuple, list)) else (reps,)
    shape = (1,) * (len(reps) - x.ndim) + x.shape
    reps = (1,) * (len(shape) - len(reps)) + reps
    doubled = reshape(x, tuple(n for length in shape for n in (1, length)))
    stretched = broadcast_to(doubled, tuple(n for pair in zip(reps, shape, strict=True) for n in pair))
    return reshape(stretched, tuple(r * n for r, n in zip(reps, shape, strict=True)))


def repeat(x: Array, repeats: Any, /, axis: int | None = None) -> Array:
    """Each element repeated so many times, along an axis or, without one, in the flattened array.

    repeats: a number, or one for each place along the axis.
    """
    x = shaped(x)
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    axis = normalize_axis_index(axis, x.ndim)
    if np.ndim(repeats):
        times = repeats._data if isinstance(repeats, Node) else np.asarray(repeats)
        return x[(slice(None),) * axis + (np.repeat(np.arange(x.shape[axis]), times),)]
    repeats, place = operator.index(repeats), axis + 1
    stretched = broadcast_to(expand_dims(x, place), (*x.shape[:place], repeats, *x.shape[place:]))
    return reshape(stretched, (*x.shape[:axis], x.shape[axis] * repeats, *x.shape[place:]))


def _triangle_batch(call: Rule, mapped: Any, x: Array, k: int) -> Array:
    if x.ndim == 2:  # of a vector, NumPy makes a square matrix first
        x = np.broadcast_to(x[:, None], (x.shape[0], x.shape[1], x.shape[1]))
    return call(x, k)


@primitive(lambda g, out, x, k: tril(g, k), batch=_triangle_batch)
def tril(x: Array, /, k: int = 0) -> Array:
    """The lower triangle of the last two axes, zeros elsewhere."""
    return np.tril(x, k)


@primitive(lambda g, out, x, k: triu(g, k), batch=_triangle_batch)
def triu(x: Array, /, k: int = 0) -> Array:
    """The upper triangle of the last two axes, zeros elsewhere."""
    return np.triu(x, k)


@primitive(lambda g, out, x, dtype: g, batch="elementwise")  # the walk brings it back to the dtype of x
def _cast(x: Array, dtype: np.dtype) -> Array:
    return x.astype(dtype)


@primitive(batch="elementwise")
def _cast_to_constant(x: Array, *, dtype: np.dtype) -> Array:
    return x.astype(dtype)


def astype(x: Array, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Array:
    """A copy in another dtype. To integers or booleans: a constant, no gradient flows through it.

    copy=False: x itself, if that is its dtype.
    """
    check_device(device)
    dtype = np.dtype(dtype)
    if not copy and getattr(x, "dtype", None) == dtype:
        return x
    return (_cast if dtype.kind in "fc" else _cast_to_constant)(x, dtype=dtype)


@primitive(view=True)
def detach(x: Array, /) -> Array:
    """The same values, cut off from the graph: a constant."""
    return x
