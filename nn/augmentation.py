"""Changed copies of images to learn from: moved, turned, zoomed, slanted and bent, all of it by one interpolation."""

from typing import Any

import numpy as np

from tinygrad_lite import by_blocks

from .checks import number
from .random import random_generator


def warp(
    images: Any, shift: Any = 0.0, rotate: Any = 0.0, zoom: Any = 1.0, shear: Any = 0.0, displacement: Any = None
) -> np.ndarray:
    """The images zoomed, slanted, turned and moved, in this order, about their middle. What comes in from outside is 0.

    images: (n, height, width) or (n, height, width, channels). Floating point numbers keep their dtype, others become
    float32: 0 to 255 stay 0 to 255. The result is a new array. What to do is one for all images, or one for each:

    shift: pixels (down, right), shape (2,) or (n, 2). rotate: degrees counterclockwise, () or (n,). zoom: factors
    (vertical, horizontal), above 1 is larger, (), (2,) or (n, 2). shear: the slant in degrees, to the right as in
    italics, () or (n,). displacement: for each pixel of the result how many pixels farther (down, right) it is looked
    up, (2, height, width) or (n, 2, height, width).

    Interpolation is bilinear, and once for all of it, since each one blurs. Raises TypeError for what are no real
    numbers, ValueError for shapes that do not fit, infinities, nan, and a zoom that is not above 0.

    >>> import nn, numpy as np
    >>> nn.augmentation.warp(np.array([[[1, 2], [3, 4]]]), shift=(0, 1))
    array([[[0., 1.],
            [0., 3.]]], dtype=float32)
    """
    images = np.asarray(images)
    check_images("images", images.shape)
    if images.dtype.kind not in "buif":
        raise TypeError(f"images must be made of real numbers, given an array of {images.dtype}")
    n, height, width = images.shape[:3]
    kept = images.dtype if images.dtype.kind == "f" else np.dtype(np.float32)
    dtype = np.result_type(kept, np.float32)  # what is computed in: float16 is too coarse to say where a pixel is
    zoom = _for_each("zoom", zoom, (n, 2))
    if not (zoom > 0).all():
        raise ValueError(f"zoom must be above 0, given {zoom.min()}")
    back = _way_back(
        _for_each("shift", shift, (n, 2)),
        np.radians(_for_each("rotate", rotate, (n,))),
        zoom,
        np.radians(_for_each("shear", shear, (n,))),
        middle=np.array([(height - 1) / 2, (width - 1) / 2]),
    ).astype(dtype)
    if displacement is not None:
        displacement = _for_each("displacement", displacement, (n, 2, height, width))
    grid = np.stack([*np.indices((height, width)), np.ones((height, width))]).astype(dtype)
    warped = np.empty(images.shape, kept)

    def work(block: Any) -> None:
        places = np.tensordot(back[block], grid, 1)
        if displacement is not None:
            places += displacement[block]
        warped[block] = _interpolated(images[block], places)

    by_blocks(work, (n, height, width, 16))  # about 16 numbers are at work for each pixel: they are to stay in cache
    return warped


def smooth_noise(shape: tuple[int, ...], sigma: float) -> np.ndarray:
    """Random float32 numbers with mean 0 and standard deviation 1 that change slowly along the last two axes.

    They are noise smoothed by a Gaussian whose standard deviation is `sigma` pixels. So those d pixels apart correlate
    by exp(-(d / (2 sigma))**2). As a displacement this is the elastic distortion of Simard et al. 2003.

    >>> import nn
    >>> nn.augmentation.smooth_noise((5, 2, 28, 28), sigma=4).shape
    (5, 2, 28, 28)
    """
    *front, height, width = shape
    noise = random_generator().random((height, *front, width), np.float32)
    noise -= 0.5
    noise *= 12**0.5  # that of uniform numbers is 1 / sqrt(12)
    noise = _smoothing(height, sigma) @ noise.reshape(height, -1)
    noise = noise.reshape(-1, width) @ _smoothing(width, sigma).T
    return np.moveaxis(noise.reshape(height, *front, width), 0, -2)


def check_images(name: str, shape: tuple[int, ...]) -> None:
    """That this is the shape of a batch of images."""
    if len(shape) not in (3, 4):
        raise ValueError(
            f"{name} must have the shape (n, height, width) or (n, height, width, channels), given {shape}:"
            " use reshape, or nn.Reshape before it"
        )


def _for_each(name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The value, checked, for each image."""
    array = np.asarray(value)
    if array.dtype.kind not in "buif":
        raise TypeError(f"{name} must be made of real numbers, given {type(value).__name__} {value!r:.60}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, given {'nan' if np.isnan(array).any() else 'an infinity'}")
    if array.ndim > len(shape) or any(m not in (1, k) for m, k in zip(array.shape[::-1], shape[::-1], strict=False)):
        raise ValueError(f"{name} must have the shape {shape}, or one that broadcasts to it, given {array.shape}")
    return np.broadcast_to(array, shape)


def _way_back(shift: Any, angle: Any, zoom: Any, slant: Any, middle: np.ndarray) -> np.ndarray:
    """(n, 2, 3): times (row, column, 1) of a pixel of the result, where in the image it comes from.

    It is moved back, turned back, slanted back and zoomed back.
    """
    cos, sin, tan = np.cos(angle), np.sin(angle), np.tan(slant)
    back = np.array([[cos, sin], [tan * cos - sin, tan * sin + cos]]).transpose(2, 0, 1) / zoom[:, :, None]
    return np.concatenate([back, middle[:, None] - back @ (middle + shift)[:, :, None]], axis=2)


def _interpolated(images: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The images' values at these (rows, columns): the mean of the four pixels around, each weighted by its nearness.

    There is a border of zeros around the images, and places outside are brought to it, so that no pixel is a case of
    its own. `places` is written to.
    """
    n, height, width, *channels = images.shape
    rows, columns = height + 3, width + 3
    padded = np.zeros((n, rows, columns, *channels), places.dtype)
    padded[:, 1 : height + 1, 1 : width + 1] = images
    pixels = padded.reshape(n * rows * columns, *channels)

    places += 1
    np.clip(places, 0, np.array([height + 1, width + 1], places.dtype)[:, None, None], out=places)
    corner = places.astype(np.intp)  # the pixel above and to the left
    places -= corner.astype(places.dtype)
    down, right = places.reshape(n, 2, height, width, *[1 for _ in channels]).swapaxes(0, 1)
    index = corner[:, 0] * columns
    index += corner[:, 1]
    index += (np.arange(n) * (rows * columns))[:, None, None]

    def between(index: np.ndarray) -> np.ndarray:
        left, step = pixels.take(index, axis=0), pixels.take(index + 1, axis=0)
        step -= left
        step *= right
        left += step
        return left

    upper, lower = between(index), between(index + columns)
    lower -= upper
    lower *= down
    upper += lower
    return upper


def _smoothing(size: int, sigma: float) -> np.ndarray:
    """A matrix that smooths a column of noise. Each of its rows has the length 1: the variance stays what it was."""
    places = np.arange(size, dtype=np.float32)
    sigma = max(number("sigma", sigma), 0.01)  # a hundredth of a pixel is no smoothing at all
    matrix = np.exp(-0.5 * ((places[:, None] - places) / sigma) ** 2)
    return matrix / np.sqrt((matrix * matrix).sum(axis=1, keepdims=True))
