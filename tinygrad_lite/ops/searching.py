"""In order, and where: sorting, searching, and what is different from all others."""

from typing import Any, NamedTuple

import numpy as np

from ..primitive import Array, Node, leaf, primitive
from .indexing import getitem, take_along_axis
from .manipulation import reshape, shaped


@primitive(batch="axis")
def argsort(x: Array, /, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Array:
    """The positions that put the elements along an axis in order."""
    if not descending:
        return np.argsort(x, axis=axis, stable=stable)
    # Sorted from the back, and read from the back: equals stay in their order.
    backwards = np.flip(np.argsort(np.flip(x, axis), axis=axis, stable=stable), axis)
    return x.shape[axis] - 1 - backwards


def sort(x: Array, /, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Array:
    """The elements along an axis in order; each hands its derivative to where it came from.

    >>> import tinygrad_lite as tg
    >>> tg.sort(tg.tensor([3.0, 1.0, 2.0]), descending=True)
    tensor([3., 2., 1.])
    """
    x = shaped(x)
    return take_along_axis(x, argsort(x, axis, descending=descending, stable=stable), axis)


@primitive()
def searchsorted(x1: Array, x2: Array, /, *, side: Any = "left", sorter: Any = None) -> Array:
    """For each element of x2, its place in the ordered x1: before its equals, or behind them with side='right'."""
    return np.searchsorted(x1, x2, side=side, sorter=sorter)


@primitive()
def _nonzero(x: Array) -> Array:
    if not np.ndim(x):
        raise ValueError("an array without axes has no positions: write x.reshape(1)")
    return np.stack(np.nonzero(x))


def nonzero(x: Array, /) -> tuple[Array, ...]:
    """The positions of the elements that are not 0, for each axis an array of them."""
    return tuple(_nonzero(x))


@primitive(batch="axis")
def count_nonzero(x: Array, /, axis: Any = None, *, keepdims: bool = False) -> Array:
    """How many elements are not 0."""
    return np.sum(np.not_equal(x, 0), axis=axis, keepdims=keepdims, dtype=np.intp)


@primitive()
def isin(x1: Array, x2: Array, /, *, invert: bool = False) -> Array:
    """True for each element of x1 that is found in x2."""
    return np.isin(x1, x2, invert=invert)


class Unique(NamedTuple):
    """The different values, where each comes first, which of them each element is, and how often each comes."""

    values: Array
    indices: Array
    inverse_indices: Array
    counts: Array


class UniqueCounts(NamedTuple):
    """The different values, and how often each comes."""

    values: Array
    counts: Array


class UniqueInverse(NamedTuple):
    """The different values, and which of them each element is."""

    values: Array
    inverse_indices: Array


def unique_all(x: Array, /) -> Unique:
    """The different values in order, each with its first place and its count. Every nan differs from all others.

    The first of several equals is handed their derivative.

    >>> import tinygrad_lite as tg
    >>> tg.unique_all(tg.tensor([3, 1, 3])).counts
    tensor([1, 2])
    """
    x = shaped(x)
    array = x._data if isinstance(x, Node) else x
    found = np.unique(array, return_index=True, return_inverse=True, return_counts=True, equal_nan=False)[1:]
    indices, inverse, counts = [leaf(type(x), a) if isinstance(x, Node) else a for a in found]
    return Unique(getitem(reshape(x, (-1,)), indices), indices, reshape(inverse, x.shape), counts)


def unique_counts(x: Array, /) -> UniqueCounts:
    """The different values in order, and how often each comes."""
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Array, /) -> UniqueInverse:
    """The different values in order, and for each element which of them it is."""
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Array, /) -> Array:
    """The different values in order."""
    return unique_all(x).values
