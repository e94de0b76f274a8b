"""What counts as an image, and in which shades it is shown."""

from typing import Any

import numpy as np

from tinygrad_lite import Tensor

from .style import LOST


def as_images(name: str, given: Any) -> np.ndarray:
    """Images (n, height, width), or with a last axis of 3 or 4 colour channels.

    Raises TypeError for what holds no numbers, ValueError for another shape, which says what to write instead.
    """
    images = given.detach().numpy() if isinstance(given, Tensor) else np.asarray(given)
    if images.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of numbers, given {type(given).__name__} of {images.dtype}")
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.ndim == 3 or (images.ndim == 4 and images.shape[-1] in (3, 4)):
        if 0 in images.shape:
            raise ValueError(f"{name} must be at least one image, given the shape {images.shape}")
        return images
    raise ValueError(
        f"{name} must be images of the shape (n, height, width), or with 1, 3 or 4 channels last, given {images.shape}"
        + _advice(name, images.shape)
    )


def _advice(name: str, shape: tuple[int, ...]) -> str:
    if len(shape) == 2 and (side := square_side(shape[1])) is not None and shape[0] != shape[1]:
        return f": write {name}.reshape(-1, {side}, {side})"
    if len(shape) == 2:
        return f": a single image is {name}[None]"
    if len(shape) == 4 and shape[1] in (1, 3, 4):
        return f": the channels are put last by np.moveaxis({name}, 1, -1)"
    return ""


def square_side(pixels: int) -> int | None:
    """The side of the square of so many pixels, None if there is none."""
    side = round(pixels**0.5)
    return side if side * side == pixels else None


def input_shape(model: Any) -> tuple[int, ...] | None:
    """The shape of one sample of the model's input, if it says it."""
    symbols = getattr(model, "inputs", None)
    return symbols[0].sample_shape if symbols else getattr(model, "input_shape", None)


def finite_span(values: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest finite value; (0, 1) where there is none."""
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def strongest(values: np.ndarray, share: float = 1.0) -> float:
    """How far from 0 this share of the finite values stays; more than 0."""
    finite = np.abs(values[np.isfinite(values)])
    return (float(np.quantile(finite, share)) or float(finite.max()) or 1.0) if finite.size else 1.0


class Shades:
    """In which shades images of one kind are shown: each image that is given to `of` on the same scale.

    uint8 goes from 0 to 255, other numbers from 0 to 1 if none is outside, else from the smallest to the largest.
    A grey image that is mostly at its lowest value is writing: dark on white paper. Others go from black to white.
    """

    def __init__(self, images: np.ndarray) -> None:
        low, high = finite_span(images)
        self.low, self.high = (0.0, 255.0) if images.dtype == np.uint8 else (min(low, 0.0), max(high, 1.0))
        if images.dtype != np.uint8 and (self.low < 0 or self.high > 1):
            self.low, self.high = low, high
        self.high = max(self.high, np.nextafter(self.low, np.inf))
        some = images[:: max(1, len(images) // 100)]
        self.writing = images.ndim == 3 and bool(np.mean(some <= low + 0.05 * (high - low)) > 0.5)

    def of(self, image: np.ndarray) -> dict[str, Any]:
        """What `Sheet.image` is given to show it."""
        if image.ndim == 2:
            import matplotlib

            colours = matplotlib.colormaps["gray_r" if self.writing else "gray"].with_extremes(bad=LOST)
            return {"pixels": image, "cmap": colours, "vmin": self.low, "vmax": self.high}
        return {"pixels": coloured((image.astype(float) - self.low) / (self.high - self.low))}


def coloured(pixels: np.ndarray) -> np.ndarray:
    """Colours, cut to 0 to 1; a pixel that is nan or infinite in one of them has the colour of what is lost."""
    from matplotlib.colors import to_rgba

    lost = ~np.isfinite(pixels).all(axis=-1)
    colours = np.clip(pixels, 0, 1)
    colours[lost] = to_rgba(LOST)[: pixels.shape[-1]]
    return colours
