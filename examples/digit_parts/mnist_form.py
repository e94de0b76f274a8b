"""Brings ink into the form of MNIST's images, as their makers did: LeCun, Cortes and Burges 1998.

The box of the ink is scaled to 20 x 20 pixels, keeping its ratio, and the ink's centre of mass goes to the middle of
28 x 28. One thing is added: strokes thinner or fatter than MNIST's become as thick as most are there. A ballpoint pen's
line would else vanish where the picture is made small.
"""

from dataclasses import dataclass

import numpy as np

SIDE, BOX = 28, 20
# How thick strokes are in 98 of 100 training images, in pixels of the 28 x 28; and a pen that is read well.
THIN, FAT = 1.6, 4.6
PEN = 3.0
_FINE = 4  # pixels of the working picture in one of the 28


@dataclass(frozen=True)
class Form:
    """The image as MNIST's, and where it lies in what was given.

    image: float32 (28, 28), 0 for paper to 1 for ink. left, top: the given coordinates of its upper left corner;
    scale: the given units that one of its pixels is wide.
    """

    image: np.ndarray
    left: float
    top: float
    scale: float


def of_ink(ink: np.ndarray) -> Form:
    """The form of ink (height, width), 0 for paper to 1 for ink. Raises ValueError where there is none.

    >>> ink = np.zeros((300, 200))
    >>> ink[50:250, 90:110] = 1
    >>> form = of_ink(ink)
    >>> form.image[4:24, 13:15].min(), form.image.sum(), form.scale
    (np.float32(1.0), np.float32(40.0), 10.0)
    """
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if not len(rows):
        raise ValueError("there is no ink")
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    grown = _grown_by(ink[top:bottom, left:right])
    scale = max(bottom - top, right - left) / (BOX - 2 * grown)
    middle = np.array([top + bottom, left + right]) / 2
    height, width = (min(BOX, max(1, round(n / scale + 2 * grown))) for n in (bottom - top, right - left))
    first = middle - scale * np.array([height, width]) / 2
    if grown:
        margin = int(np.ceil(abs(grown)))
        shape = (height + 2 * margin) * _FINE, (width + 2 * margin) * _FINE
        fine = resampled(ink, first - margin * scale, shape, scale / _FINE)
        fine = thicker(fine, grown * _FINE) if grown > 0 else 1 - thicker(1 - fine, -grown * _FINE)
        small = resampled(fine, (margin * _FINE, margin * _FINE), (height, width), _FINE)
    else:
        small = resampled(ink, first, (height, width), scale)
    return _centred(small, first[1], first[0], scale)


def of_strokes(strokes: list[np.ndarray], pen: float) -> Form:
    """The form of lines that were drawn: each stroke float (n, 2) of x and y, the pen so wide.

    However small or big the digit is drawn, its lines are as thick as usual in MNIST: of lines, as opposed to a
    picture, one knows where their middle runs. Raises ValueError where there are none.

    >>> form = of_strokes([np.array([[50.0, 10.0], [50.0, 180.0]])], pen=20)
    >>> form.image[4:24, 14].min(), form.image[:4].sum(), form.scale
    (np.float32(1.0), np.float32(0.0), 10.0)
    """
    strokes = [stroke for stroke in strokes if len(stroke)]
    if not strokes:
        raise ValueError("there is no ink")
    points = np.concatenate(strokes)
    low, high = points.min(0), points.max(0)
    scale = max(*(high - low), pen) / (BOX - PEN)
    width, height = (min(BOX, int(np.ceil(n / scale + PEN - 1e-9))) for n in high - low)
    first = (low + high) / 2 - scale * np.array([width, height]) / 2
    starts = np.concatenate([stroke[:-1] if len(stroke) > 1 else stroke for stroke in strokes])
    ends = np.concatenate([stroke[1:] if len(stroke) > 1 else stroke for stroke in strokes])
    small = _drawn((starts - first) / scale, (ends - first) / scale, (height, width))
    return _centred(small, first[0], first[1], scale)


def _drawn(starts: np.ndarray, ends: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The ink of a round pen along each segment: 1 inside, 0 outside, and on the rim as much as it covers."""
    height, width = shape
    pixels = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), -1).reshape(-1, 1, 2)
    nearest = np.full(len(pixels), np.inf)
    for first in range(0, len(starts), 500):  # 400 pixels x 500 segments at a time
        start, along = starts[first : first + 500], (ends - starts)[first : first + 500]
        length = np.maximum((along**2).sum(-1), 1e-12)
        share = np.clip(((pixels - start) * along).sum(-1) / length, 0, 1)
        away = pixels - start - share[..., None] * along
        nearest = np.minimum(nearest, np.sqrt((away**2).sum(-1)).min(1))
    return np.clip(PEN / 2 + 0.5 - nearest, 0, 1).reshape(shape)


def _centred(small: np.ndarray, left: float, top: float, scale: float) -> Form:
    """The small picture, whose upper left corner is at (left, top), moved to the middle by whole pixels."""
    height, width = small.shape
    image = np.zeros((SIDE, SIDE), np.float32)
    down, right = (
        int(np.clip(SIDE // 2 - np.floor(np.arange(n) @ line / small.sum() + 0.5), 0, SIDE - n))
        for n, line in ((height, small.sum(1)), (width, small.sum(0)))
    )
    image[down : down + height, right : right + width] = small
    return Form(image, float(left - right * scale), float(top - down * scale), float(scale))


def _grown_by(ink: np.ndarray) -> float:
    """By how much each rim of the ink has to move for a usual thickness, in pixels of the 28 x 28; mostly 0."""
    scale = max(ink.shape) / (BOX * _FINE)
    fine = resampled(ink, (0, 0), tuple(max(1, round(n / scale)) for n in ink.shape), scale) if scale > 1 else ink
    thickness = stroke_width(fine) * BOX / max(fine.shape)
    return 0.0 if THIN <= thickness <= FAT else (PEN - thickness) / 2


def stroke_width(ink: np.ndarray) -> float:
    """How thick the strokes are, in pixels: a long line has twice its area over its rim, blurred or not."""
    padded = np.pad(ink, ((0, 1), (0, 1)), constant_values=0.0)
    padded = np.pad(padded, ((1, 0), (1, 0)))
    rim = np.hypot(np.diff(padded, axis=0)[:, :-1], np.diff(padded, axis=1)[:-1]).sum()
    return float(2 * ink.sum() / max(rim, 1e-12))


def thicker(ink: np.ndarray, radius: float) -> np.ndarray:
    """The ink as a round brush of this radius leaves it that goes over all of it."""
    reach = int(np.ceil(radius))
    height, width = ink.shape
    padded = np.pad(ink, reach, mode="edge")
    result = ink
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            if (cover := np.clip(radius + 0.5 - np.hypot(down, right), 0, 1)) > 0:
                moved = padded[reach + down : reach + down + height, reach + right : reach + right + width]
                result = np.maximum(result, cover * moved)
    return result


def resampled(
    picture: np.ndarray, first: tuple[float, float] | np.ndarray, shape: tuple[int, ...], scale: float
) -> np.ndarray:
    """The means over shape[0] x shape[1] squares of the side `scale`, the first at (row, column) `first`; 0 outside.

    >>> resampled(np.eye(4), (0, 0), (2, 2), 2)
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    down, right = (_overlap(at, n, scale, size) for at, n, size in zip(first, shape, picture.shape, strict=True))
    return down @ picture @ right.T


def _overlap(first: float, n: int, scale: float, size: int) -> np.ndarray:
    """The share of each of n intervals of the length `scale`, from `first` on, that each of `size` pixels covers."""
    edges, pixels = first + scale * np.arange(n + 1)[:, None], np.arange(size)
    return np.clip(np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels), 0, None) / scale
