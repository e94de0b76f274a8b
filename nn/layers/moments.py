"""Sums, moments and scalings that normalisation is made of, in few passes over memory.

In each, `shape` is that of a statistic: the shape of x, with 1 for each axis that the statistic is taken over. NumPy's
own reductions and broadcasting are slow where the inner axis is short, and each operation on a whole batch reads and
writes memory. So axes that are treated alike are merged, and x is walked through in blocks that stay in the cache. The
derivatives of these functions are these functions again.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_lite import batching, broadcast_to, primitive, stack

Array = Any
Shape = tuple[int, ...]

_BLOCK = 1 << 16  # elements: a few such blocks fit into a core's own cache


def count(x: Array, shape: Shape) -> int:
    """How many elements of x one element of the statistic is taken over."""
    return math.prod([n for n, own in zip(x.shape, _padded(shape, x), strict=True) if own == 1])


def _padded(shape: Shape, x: Array) -> Shape:
    return (1,) * (x.ndim - len(shape)) + shape


def _merged(x: Array, shape: Shape) -> tuple[Array, Shape]:
    """x with neighbouring axes merged where the statistic has both or neither, and the statistic's shape then."""
    lengths: list[int] = []
    kept: list[bool] = []
    for length, own in zip(x.shape, _padded(shape, x), strict=True):
        if length == 1:
            continue
        if kept and kept[-1] == (own != 1):
            lengths[-1] *= length
        else:
            lengths.append(length)
            kept.append(own != 1)
    if not lengths:
        lengths, kept = [1], [False]
    return x.reshape(tuple(lengths)), tuple([n if k else 1 for n, k in zip(lengths, kept, strict=True)])


def _rows_in_block(x: Array) -> int:
    return max(1, _BLOCK // max(1, math.prod(x.shape[1:])))


def _blocks(x: Array) -> list[slice]:
    step = _rows_in_block(x)
    return [slice(at, min(at + step, x.shape[0])) for at in range(0, x.shape[0], step)]


def _block_of(statistic: Array, x: Array, shape: Shape) -> Callable[[slice], Array]:
    """The function that gives the statistic's part for a block of x."""
    statistic = statistic.reshape(shape)
    if shape[0] != 1:
        return lambda rows: statistic[rows]
    # The same for all: written out once, so that NumPy's loops over a block are as long as the block.
    wide = np.broadcast_to(statistic, (min(_rows_in_block(x), x.shape[0]), *x.shape[1:])).copy()
    return lambda rows: wide[: rows.stop - rows.start]


def _sums(products: Callable[[slice], list[tuple[Array, ...]]], x: Array, shape: Shape) -> Array:
    """For each of the products (tuples of factors) that the function gives of a block, its sums over all of x."""
    axes = "abcdefghijklmnopqrstuvwxyz"[: x.ndim]
    kept = "".join([axis for axis, length in zip(axes, shape, strict=True) if length != 1])
    parts = [
        np.stack([np.einsum(",".join([axes] * len(factors)) + "->" + kept, *factors) for factors in products(rows)])
        for rows in _blocks(x)
    ]
    joined = np.sum(np.stack(parts), axis=0) if shape[0] == 1 else np.concatenate(parts, axis=1)
    return joined.reshape((-1, *shape))


# What vmap computes in place of the functions below.


def _sum_to(x: Array, shape: Shape) -> Array:
    axes = tuple([axis for axis, length in enumerate(_padded(shape, x)) if length == 1])
    return x.sum(axis=axes, keepdims=True).reshape(shape)


def _product(x: Array, y: Array, centre: Array, shape: Shape) -> Array:
    return _sum_to(x * (y if centre is None else y - centre), shape)


def _scaled(x: Array, scale: Array, shift: Array, centre: Array) -> Array:
    out = (x if centre is None else x - centre) * scale
    return out if shift is None else out + shift


def _mean_and_variance(x: Array, shape: Shape) -> Array:
    mean = _sum_to(x, shape) / count(x, shape)
    return stack([mean, _sum_to((x - mean) ** 2, shape) / count(x, shape)])


@primitive(lambda g, out, x, shape: broadcast_to(g, x.shape), batch=batching.Formula(_sum_to))
def total(x: Array, shape: Shape) -> Array:
    """The sums of x that make a statistic of this shape."""
    if not x.size:
        return np.zeros_like(x, shape=shape)
    flat, kept = _merged(x, shape)
    return _sums(lambda rows: [(flat[rows],)], flat, kept).reshape(shape)


def _left_rule(g: Array, out: Array, x: Array, y: Array, centre: Array, shape: Shape) -> Array:
    return scale_shift(y, g, None, centre=centre)


def _right_rule(g: Array, out: Array, x: Array, y: Array, centre: Array, shape: Shape) -> Array:
    return scale_shift(x, g, None)


@primitive(_left_rule, _right_rule, batch=batching.Formula(_product))
def total_product(x: Array, y: Array, centre: Array, shape: Shape) -> Array:
    """The sums of x * (y - centre) that make a statistic of this shape. centre: a constant of that shape, or None."""
    if not x.size:
        return np.zeros_like(x, shape=shape)
    (x, kept), (y, _) = _merged(x, shape), _merged(y, shape)
    if centre is None:
        return _sums(lambda rows: [(x[rows], y[rows])], x, kept).reshape(shape)
    middle = _block_of(centre, y, kept)
    return _sums(lambda rows: [(x[rows], y[rows] - middle(rows))], x, kept).reshape(shape)


def _scaled_rule(g: Array, out: Array, x: Array, scale: Array, shift: Array, centre: Array) -> Array:
    return scale_shift(g, scale, None)


@primitive(
    _scaled_rule,
    lambda g, out, x, scale, shift, centre: total_product(g, x, centre=centre, shape=scale.shape),
    lambda g, out, x, scale, shift, centre: total(g, shape=shift.shape),
    batch=batching.Formula(_scaled),
)
def scale_shift(x: Array, scale: Array, shift: Array, centre: Array = None) -> Array:
    """(x - centre) * scale + shift. The three are statistics of one shape; shift and centre, a constant, may be None.

    The centre could be a part of the shift. Given apart, as the mean, it keeps the derivative by the scale exact where
    the mean is large: that is the sum of g * (x - centre).
    """
    flat, shape = _merged(x, scale.shape)
    if centre is not None:
        shift = -centre * scale if shift is None else shift - centre * scale
    out = np.empty_like(x, order="C")
    flat_out = out.reshape(flat.shape)
    factor = _block_of(scale, flat, shape)
    term = None if shift is None else _block_of(shift, flat, shape)
    for rows in _blocks(flat):
        block = flat_out[rows]
        np.multiply(flat[rows], factor(rows), out=block)
        if term is not None:
            np.add(block, term(rows), out=block)
    return out


def _moments_rule(g: Array, out: Array, x: Array, shape: Shape) -> Array:
    scale = g[1] * (2 / count(x, shape))
    return scale_shift(x, scale, g[0] * (1 / count(x, shape)) - out[0] * scale)


@primitive(_moments_rule, batch=batching.Formula(_mean_and_variance))
def moments(x: Array, shape: Shape) -> Array:
    """The mean and the variance (divided by n) of this shape, stacked: (2, *shape). Right also where the mean is large.

    The shifted algorithm (Chan, Golub and LeVeque 1983): deviations from a first guess at the mean are added up. A
    guess from one block is off by at most sqrt(number of blocks) standard deviations, so that little is cancelled.
    """
    if not x.size:
        return np.zeros_like(x, shape=(2, *shape))
    flat, kept = _merged(x, shape)
    sample = flat[: _rows_in_block(flat)] if kept[0] == 1 else flat
    guess = total(sample, kept) / count(sample, kept)
    middle = _block_of(guess, flat, kept)

    def deviations(rows: slice) -> list[tuple[Array, ...]]:
        deviation = flat[rows] - middle(rows)
        return [(deviation,), (deviation, deviation)]

    offset, squares = _sums(deviations, flat, kept) / count(x, shape)
    return np.stack([guess + offset, squares - offset * offset]).reshape((2, *shape))


@primitive(
    lambda g, out, x, shape: scale_shift(x, g * (2 / count(x, shape)), None),
    batch=batching.Formula(lambda x, shape: _sum_to(x * x, shape) / count(x, shape)),
)
def mean_square(x: Array, shape: Shape) -> Array:
    """The means of x * x that make a statistic of this shape."""
    return total_product(x, x, None, shape) / count(x, shape)
