"""Pooling: of each window, channel by channel, the largest element or the mean.

What leads back from the largest are two steps, each the derivative of the other: `_put_back` hands a number to the
element of its window that won, `_pick` reads the elements that won. `_sum_pool` and `_spread` are such a pair too.
"""

import math
from typing import Any

import numpy as np

from ..parallel import by_blocks
from ..primitive import Array, call_of, primitive
from .machine_code import written_for
from .manipulation import shaped
from .windows import Windows


def _direct(x: Array, other: Array, shape: tuple[int, ...], windows: Windows) -> Any:
    """The loops in machine code, for inputs of the shape, if there are such loops and they are worth it."""
    work = math.prod(shape) if len(windows.window) == 2 else 0
    return written_for("direct_pooling", 8 * work, x, other)


def _padded(x: Array, windows: Windows, border: Any) -> Array:
    """x with its border of a constant; x itself if there is none."""
    shape = windows.padded_shape(x.shape)
    if shape == x.shape:
        return x
    out = np.full_like(x, border, order="C", shape=shape)
    out[(slice(None), *windows.inside(x.shape))] = x
    return out


def _seen(x: Array, windows: Windows, lengths: tuple[int, ...], border: Any = 0) -> list[Array]:
    """For each element of a window, these elements of all windows: views of the shape of the result."""
    x = _padded(x, windows, border)
    return [x[(slice(None), *place)] for _, place in windows.places(lengths)]


def _handed(x: Array, shape: tuple[int, ...], windows: Windows, winners: Array | None = None) -> Array:
    """Zeros of the shape, with each element of x added to all elements of its window, or to the winner only."""
    padded, lengths = windows.padded_shape(shape), x.shape[1:-1]
    tiled = windows.strides == windows.window and padded[1:-1] == tuple(
        length * window for length, window in zip(lengths, windows.window, strict=True)
    )  # then every element is written exactly once
    out = np.empty_like(x, order="C", shape=shape)

    def work(block: Any) -> None:
        sums = out[block]
        if padded != shape:
            sums = np.empty_like(out, order="C", shape=(len(sums), *padded[1:]))
        if not tiled:
            sums.fill(0)
        for i, (_, place) in enumerate(windows.places(lengths)):
            target = sums[(slice(None), *place)]
            won = 1 if winners is None else winners[block] == i
            if tiled:
                np.multiply(x[block], won, out=target)
            else:
                target += x[block] * won
        if padded != shape:
            out[block] = sums[(slice(None), *windows.inside(shape))]

    by_blocks(work, shape)
    return out


@primitive(batch="samples")
def _winners(x: Array, out: Array, *, windows: Windows) -> Array:
    """Which element of each window is the largest, counted in its order: the first, where several are."""
    winners = np.zeros_like(out, order="C", dtype=np.min_scalar_type(math.prod(windows.window)))
    if direct := _direct(x, out, x.shape, windows):
        direct.find(x, out, winners, windows)
        return winners

    def work(block: Any) -> None:
        largest, beaten = out[block], True
        for seen in _seen(x[block], windows, out.shape[1:-1], _lowest(x.dtype))[:-1]:
            beaten = (seen != largest) & beaten
            winners[block] += beaten

    by_blocks(work, x.shape)
    return winners


def _lowest(dtype: Any) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else dtype.type(-math.inf)


@primitive(
    lambda g, out, x, windows: _put_back(g, _winners(x, out, windows=windows), x.shape, windows), batch="samples"
)
def _max_pool(x: Array, windows: Windows) -> Array:
    lengths = windows.lengths(x.shape)
    out = np.empty_like(x, order="C", shape=(len(x), *lengths, x.shape[-1]))
    if direct := _direct(x, out, x.shape, windows):
        direct.largest(x, out, windows)
        return out

    def work(block: Any) -> None:
        first, *others = _seen(x[block], windows, lengths, _lowest(x.dtype))
        out[block] = first
        for seen in others:
            np.maximum(out[block], seen, out=out[block])

    by_blocks(work, x.shape)
    return out


@primitive(lambda g, out, x, winners, shape, windows: _pick(g, winners, windows), None, batch="samples")
def _put_back(x: Array, winners: Array, shape: tuple[int, ...], windows: Windows) -> Array:
    if direct := _direct(x, x, shape, windows):
        out = np.empty_like(x, order="C", shape=shape)
        direct.hand_back(x, winners, out, windows)
        return out
    return _handed(x, shape, windows, winners)


@primitive(lambda g, out, x, winners, windows: _put_back(g, winners, x.shape, windows), None, batch="samples")
def _pick(x: Array, winners: Array, windows: Windows) -> Array:
    out = np.zeros_like(x, order="C", shape=winners.shape)

    def work(block: Any) -> None:
        for i, seen in enumerate(_seen(x[block], windows, winners.shape[1:-1])):
            out[block] += seen * (winners[block] == i)

    by_blocks(work, x.shape)
    return out


@primitive(lambda g, out, x, windows: _spread(g, x.shape, windows), batch="samples")
def _sum_pool(x: Array, windows: Windows) -> Array:
    lengths = windows.lengths(x.shape)
    out = np.zeros_like(x, order="C", shape=(len(x), *lengths, x.shape[-1]))

    def work(block: Any) -> None:
        for seen in _seen(x[block], windows, lengths):
            out[block] += seen

    by_blocks(work, x.shape)
    return out


@primitive(lambda g, out, x, shape, windows: _sum_pool(g, windows), batch="samples")
def _spread(x: Array, shape: tuple[int, ...], windows: Windows) -> Array:
    return _handed(x, shape, windows)


def max_pool(x: Array, pool_size: Any, strides: Any = None, padding: Any = "valid") -> Array:
    """The largest element of each window, channel by channel: x (batch, ..., channels).

    pool_size: the window's length along each inner axis (or one number for all); strides: the same, by default the
    pool_size; padding as in `conv`: what lies outside never wins. Of several largest the first is handed the gradient.

    >>> import numpy as np, tinygrad_lite as tg
    >>> tg.max_pool(np.array([1.0, 3.0, 2.0, 0.0]).reshape(1, 4, 1), 2).ravel()
    array([3., 2.])
    """
    x = shaped(x)
    return _max_pool(
        x, Windows.of(call_of("max_pool", x), x.shape, pool_size, pool_size if strides is None else strides, padding)
    )


def average_pool(x: Array, pool_size: Any, strides: Any = None, padding: Any = "valid") -> Array:
    """The mean of each window, channel by channel: x (batch, ..., channels). What lies outside does not count.

    >>> import numpy as np, tinygrad_lite as tg
    >>> tg.average_pool(np.array([1.0, 3.0, 2.0, 0.0]).reshape(1, 4, 1), 2).ravel()
    array([2., 1.])
    """
    x = shaped(x)
    windows = Windows.of(
        call_of("average_pool", x), x.shape, pool_size, pool_size if strides is None else strides, padding
    )
    if not any(map(any, windows.padding)):
        return _sum_pool(x, windows) / math.prod(windows.window)
    there = _sum_pool(np.ones((1, *x.shape[1:-1], 1)), windows)  # how many elements of each window
    return _sum_pool(x, windows) / there.astype(x.dtype if x.dtype.kind == "f" else float)
