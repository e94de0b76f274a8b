"""The strokes of a digit's picture: its ink thinned to lines one pixel wide, and the lines as a pen would draw them."""

import numpy as np

FINE = 4  # pixels of the thinned picture in one of the digit's


def strokes_of(image):
    """The lines of an image (28, 28) from 0 to 1, each float (n, 2) of x and y in the image's pixels."""
    lines = thinned(enlarged(image, FINE) > 0.4)
    return [(np.array(path)[:, ::-1] + 0.5) / FINE for path in _paths(set(map(tuple, np.argwhere(lines).tolist())))]


def enlarged(image, times):
    """The image so many times as large, its pixels blended linearly."""
    n = len(image)
    at = np.clip((np.arange(n * times) + 0.5) / times - 0.5, 0, n - 1)
    low = np.minimum(at.astype(int), n - 2)
    blend = np.zeros((n * times, n))
    blend[np.arange(n * times), low] = 1 - (at - low)
    blend[np.arange(n * times), low + 1] += at - low
    return blend @ image @ blend.T


def thinned(ink):
    """The ink without what can be taken from its rim without tearing it: Zhang and Suen 1984."""
    ink = np.pad(ink.astype(int), 1)
    while True:
        before = ink.sum()
        for first in (True, False):
            n, ne, e, se, s, sw, w, nw = (
                np.roll(ink, shift, (0, 1))
                for shift in [(1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1)]
            )
            around = [n, ne, e, se, s, sw, w, nw]
            turns = sum((a == 0) & (b == 1) for a, b in zip(around, around[1:] + around[:1], strict=True))
            removable = (ink == 1) & (turns == 1) & (sum(around) >= 2) & (sum(around) <= 6)
            corner = (n * e * s == 0) & (e * s * w == 0) if first else (n * e * w == 0) & (n * s * w == 0)
            ink = ink * ~(removable & corner)
        if ink.sum() == before:
            return ink[1:-1, 1:-1].astype(bool)


def _around(pixel):
    row, column = pixel
    straight = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    return [(row + a, column + b) for a, b in [*straight, (-1, -1), (-1, 1), (1, -1), (1, 1)]]


def _paths(left):
    """Each pixel is drawn once: along the line while it goes on, then from where a branch begins."""
    drawn, paths = set(), []
    while left:
        ends = [p for p in left if sum(q in left for q in _around(p)) == 1]
        branches = [p for p in left if any(q in drawn for q in _around(p))]
        start = min(branches or ends or left)
        path = [next((q for q in _around(start) if q in drawn), start)]
        here = start
        while here is not None:
            path.append(here)
            left.discard(here)
            drawn.add(here)
            here = next((q for q in _around(here) if q in left), None)
        paths.append(path)
    return paths
