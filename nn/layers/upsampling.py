"""More positions of the same picture."""

import math
from itertools import product
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, batching, broadcast_to, matmul, primitive

from ..checks import whole_number, whole_numbers
from .data_format import is_channels_last
from .layer import Layer

Array = Any


def _repeat_rule(g: Array, out: Array, x: Array, factors: tuple[int, ...]) -> Array:
    return sum_of_tiles(g, factors=factors)


def _repeated(x: Array, factors: tuple[int, ...]) -> Array:
    shape = tuple([length for pair in zip(x.shape, factors, strict=True) for length in pair])
    stretched = broadcast_to(x.reshape(tuple([length for n in x.shape for length in (n, 1)])), shape)
    return stretched.reshape(tuple([n * factor for n, factor in zip(x.shape, factors, strict=True)]))


def _summed(x: Array, factors: tuple[int, ...]) -> Array:
    tiles = x.reshape(tuple([length for n, f in zip(x.shape, factors, strict=True) for length in (n // f, f)]))
    return tiles.sum(axis=tuple(range(1, tiles.ndim, 2)))


@primitive(_repeat_rule, batch=batching.Formula(_repeated))
def repeat_positions(x: Array, factors: tuple[int, ...]) -> Array:
    """Each element repeated along each axis, so many times in a row as its factor says."""
    apart = x.reshape(tuple([length for n in x.shape for length in (n, 1)]))
    spread = np.broadcast_to(apart, tuple([length for pair in zip(x.shape, factors, strict=True) for length in pair]))
    return spread.reshape(tuple([n * factor for n, factor in zip(x.shape, factors, strict=True)]))


@primitive(lambda g, out, x, factors: repeat_positions(g, factors=factors), batch=batching.Formula(_summed))
def sum_of_tiles(x: Array, factors: tuple[int, ...]) -> Array:
    """The sum of each tile, of as many elements along each axis as its factor says."""
    first, *others = [
        x[tuple([slice(start, None, factor) for start, factor in zip(starts, factors, strict=True)])]
        for starts in product(*map(range, factors))
    ]
    out = first.copy()
    for part in others:
        out += part
    return out


def interpolation_weights(length: int, factor: int, dtype: Any) -> np.ndarray:
    """The matrix (length * factor, length) that interpolates linearly between the centres of the elements.

    Before the first and after the last centre it repeats these.
    """
    at = np.clip((np.arange(length * factor) + 0.5) / factor - 0.5, 0, length - 1)
    left = at.astype(int)
    right = np.minimum(left + 1, length - 1)
    rows = np.arange(len(at))
    weights = np.zeros((len(at), length), dtype)
    weights[rows, left] = 1 - (at - left)
    weights[rows, right] += at - left
    return weights


def _interpolated(x: Tensor, axis: int, factor: int) -> Tensor:
    before, length, after = math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1 :])
    out = matmul(interpolation_weights(length, factor, x.dtype), x.reshape(before, length, after))
    return out.reshape(*x.shape[:axis], length * factor, *x.shape[axis + 1 :])


class UpSampling1D(Layer):
    """Each step `size` times in a row: (batch, steps, channels) -> (batch, steps * size, channels).

    >>> import nn, numpy as np
    >>> nn.UpSampling1D(2)(np.array([[[1.0], [2.0]]], np.float32)).reshape(-1)
    tensor([1., 1., 2., 2.])
    """

    def __init__(self, size: int = 2, input_shape: tuple[int, ...] | None = None, name: str | None = None) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.size = whole_number("size", size, 1)

    def call(self, x: Tensor) -> Tensor:
        if x.ndim != 3:
            raise ValueError(f"UpSampling1D needs an input of shape (batch, steps, channels), given {x.shape}")
        return repeat_positions(x, factors=(1, self.size, 1))


class UpSampling2D(Layer):
    """Larger images: (batch, height, width, channels) -> (batch, height * size[0], width * size[1], channels).

    size: a number for both, or (for the height, for the width). data_format: "channels_last", or "channels_first" for
    (batch, channels, height, width). interpolation: "nearest" repeats rows and columns; "bilinear" is linear between
    the pixels' centres, and numbers that are not floating point become float32.

    >>> import nn, numpy as np
    >>> nn.UpSampling2D((1, 2), interpolation="bilinear")(np.array([[[[0.0], [4.0]]]], np.float32)).reshape(-1)
    tensor([0., 1., 3., 4.])
    """

    def __init__(
        self,
        size: int | tuple[int, int] = (2, 2),
        data_format: str = "channels_last",
        interpolation: str = "nearest",
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.size = whole_numbers("size", size, 2)
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError(f'interpolation is "nearest" or "bilinear"; {interpolation!r} was given')
        self.interpolation = interpolation
        self.data_format = data_format
        self.height_axis = 1 if is_channels_last(data_format) else 2

    def call(self, x: Tensor) -> Tensor:
        if x.ndim != 4:
            raise ValueError(f"UpSampling2D needs an input of 4 axes: batch, height, width, channels, given {x.shape}")
        if self.interpolation == "nearest":
            return repeat_positions(x, factors=(1, *self.size, 1) if self.height_axis == 1 else (1, 1, *self.size))
        if x.dtype.kind != "f":
            x = x.astype(np.float32)
        for axis, factor in enumerate(self.size, self.height_axis):
            x = _interpolated(x, axis, factor)
        return x
