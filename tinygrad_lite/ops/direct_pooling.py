"""Max pooling in machine code that numba makes: each element is read once. For NumPy arrays with two inner axes."""

from typing import Any

import numpy as np

from ..parallel import by_blocks
from ..primitive import Array
from .machine_code import compiled
from .windows import Windows


@compiled
def _largest(x, out, window, strides, before):  # type: ignore[no-untyped-def]
    _, height, width, channels = x.shape
    for n, i, j in np.ndindex(out.shape[:3]):
        largest = out[n, i, j]
        largest[:] = -np.inf
        for a in range(window[0]):
            for b in range(window[1]):
                y, z = i * strides[0] - before[0] + a, j * strides[1] - before[1] + b
                if 0 <= y < height and 0 <= z < width:
                    for c in range(channels):
                        seen = x[n, y, z, c]
                        largest[c] = seen if seen > largest[c] or seen != seen else largest[c]


@compiled
def _find(x, out, winners, window, strides, before):  # type: ignore[no-untyped-def]
    _, height, width, channels = x.shape
    last = window[0] * window[1] - 1
    for n, i, j in np.ndindex(out.shape[:3]):
        largest, winner = out[n, i, j], winners[n, i, j]
        winner[:] = last
        for k in range(last - 1, -1, -1):
            y, z = i * strides[0] - before[0] + k // window[1], j * strides[1] - before[1] + k % window[1]
            inside = 0 <= y < height and 0 <= z < width
            for c in range(channels):
                seen = x[n, y, z, c] if inside else -np.inf
                winner[c] = k if seen == largest[c] else winner[c]


@compiled
def _hand_back(g, winners, out, window, strides, before):  # type: ignore[no-untyped-def]
    _, height, width, channels = out.shape
    for n in range(len(out)):
        out[n] = 0
        for i, j in np.ndindex(g.shape[1:3]):
            for k in range(window[0] * window[1]):
                y, z = i * strides[0] - before[0] + k // window[1], j * strides[1] - before[1] + k % window[1]
                if 0 <= y < height and 0 <= z < width:
                    for c in range(channels):
                        out[n, y, z, c] += g[n, i, j, c] if winners[n, i, j, c] == k else 0


def _how(windows: Windows) -> tuple[Any, ...]:
    return windows.window, windows.strides, tuple(before for before, _ in windows.padding)


def largest(x: Array, out: Array, windows: Windows) -> None:
    """Fills `out` with the largest element of each window."""
    by_blocks(lambda block: _largest(x[block], out[block], *_how(windows)), x.shape)


def find(x: Array, out: Array, winners: Array, windows: Windows) -> None:
    """Fills `winners` with the place of the first element of each window that is the largest, `out`."""
    by_blocks(lambda block: _find(x[block], out[block], winners[block], *_how(windows)), x.shape)


def hand_back(g: Array, winners: Array, out: Array, windows: Windows) -> None:
    """Fills `out` with zeros and, added to the winner of each window, g."""
    by_blocks(lambda block: _hand_back(g[block], winners[block], out[block], *_how(windows)), out.shape)
