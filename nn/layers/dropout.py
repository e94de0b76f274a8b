"""Leaving out neurons at random while learning."""

import math
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, batching, by_blocks, primitive

from ..checks import number
from ..random import random_generator
from .data_format import is_channels_last
from .layer import Layer


def _dropout_rule(g: Any, out: Any, x: Any, mask: Any) -> Any:
    return dropout(g, mask=mask)


@primitive(_dropout_rule, batch=batching.Formula(lambda x, mask: x * mask))
def dropout(x: Any, mask: Any) -> Any:
    """x * mask, where the mask is a constant array: 0 where a value is dropped, else what makes up for it."""
    if mask.shape != x.shape:
        return x * mask
    out = np.empty_like(x)
    by_blocks(lambda block: np.multiply(x[block], mask[block], out=out[block]), x.shape)
    return out[()]


def random_kept(shape: tuple[int, ...], rate: float) -> np.ndarray:
    """False with the probability `rate`.

    The probability is a whole number of 65,536ths: 16 random bits an element are three times as fast as a random float.
    """
    size = math.prod(shape)
    bits = random_generator().bit_generator.random_raw(size // 4 + 1).view(np.uint16)[:size].reshape(shape)
    return bits >= round(rate * 65536)


def dropout_mask(shape: tuple[int, ...], rate: float, dtype: Any) -> np.ndarray:
    """0 with the probability `rate`, else 1 / (1 - rate), so that the mean stays what it was."""
    return np.multiply(random_kept(shape, rate), 1 / (1 - rate), dtype=dtype)


class TrainingNoise(Layer):
    """A layer that changes its input at random while training, and hands it through otherwise.

    A subclass says in `disturbed` what it does; it is given floating point numbers: others become float32.
    """

    @property
    def amount(self) -> float:
        """How much it changes; 0: nothing to do."""
        raise NotImplementedError(f"{type(self).__name__} has to say its amount")

    def call(self, x: Tensor) -> Tensor:
        if not self.training or self.amount == 0:
            return x
        return self.disturbed(x if x.dtype.kind == "f" else x.astype(np.float32))

    def disturbed(self, x: Tensor) -> Tensor:
        """What becomes of x."""
        raise NotImplementedError


class Dropout(TrainingNoise):
    """While training, sets each element to 0 with probability `rate` and scales up the rest: Srivastava et al. 2014.

    rate: the share that is dropped, from 0 to below 1. noise_shape: the shape of the random decisions, where it is not
    that of the input: along an axis of length 1 all elements share one; None is the input's length. Numbers that are
    not floating point become float32.

    >>> import nn
    >>> nn.Dropout(0.5)([1.0, 2.0])  # not training: nothing happens
    tensor([1., 2.])
    """

    def __init__(
        self,
        rate: float,
        noise_shape: tuple[int | None, ...] | None = None,
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.rate = number("rate", rate, below=1)
        self.noise_shape = noise_shape

    @property
    def amount(self) -> float:
        return self.rate

    def decisions(self, x: Tensor) -> tuple[int, ...]:
        """The shape of the random decisions for this input."""
        if self.noise_shape is None:
            return x.shape
        if len(self.noise_shape) != x.ndim or any(n not in (None, 1, m) for n, m in zip(self.noise_shape, x.shape)):  # noqa: B905
            raise ValueError(
                f"{type(self).__name__}: the noise_shape {self.noise_shape} must have for each axis of the input's"
                f" {x.shape} the same length, 1 or None"
            )
        return tuple([m if n is None else n for n, m in zip(self.noise_shape, x.shape, strict=True)])

    def disturbed(self, x: Tensor) -> Tensor:
        return dropout(x, mask=dropout_mask(self.decisions(x), self.rate, x.dtype))


class SpatialDropout1D(Dropout):
    """Dropout of whole channels of a sequence (batch, steps, channels): Tompson et al. 2015.

    >>> import nn, numpy as np
    >>> nn.SpatialDropout1D(0.5).train()(np.ones((4, 9, 8), np.float32)).std(axis=1).max().item()  # alike at each step
    0.0
    """

    def __init__(self, rate: float, input_shape: tuple[int, ...] | None = None, name: str | None = None) -> None:
        super().__init__(rate, (None, 1, None), input_shape=input_shape, name=name)


class SpatialDropout2D(Dropout):
    """Dropout of whole channels of an image (batch, height, width, channels): Tompson et al. 2015.

    data_format: "channels_last", or "channels_first" for (batch, channels, height, width).

    >>> import nn, numpy as np
    >>> nn.SpatialDropout2D(0.5).train()(np.ones((4, 9, 9, 8), np.float32)).std(axis=(1, 2)).max().item()
    0.0
    """

    def __init__(
        self,
        rate: float,
        data_format: str = "channels_last",
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        noise_shape = (None, 1, 1, None) if is_channels_last(data_format) else (None, None, 1, 1)
        super().__init__(rate, noise_shape, input_shape=input_shape, name=name)
        self.data_format = data_format


# What selu saturates to far below 0: Klambauer et al. 2017.
_SELU_FLOOR = -1.6732632423543772 * 1.0507009873554805


class AlphaDropout(Dropout):
    """Dropout for selu: what is dropped becomes selu's lowest value, and mean and variance stay: Klambauer et al. 2017.

    rate and noise_shape: as in Dropout.

    >>> import nn
    >>> nn.AlphaDropout(0.5)([1.0, 2.0])  # not training: nothing happens
    tensor([1., 2.])
    """

    def disturbed(self, x: Tensor) -> Tensor:
        kept = random_kept(self.decisions(x), self.rate)
        scale = ((1 - self.rate) * (1 + self.rate * _SELU_FLOOR**2)) ** -0.5
        shift = -scale * _SELU_FLOOR * self.rate
        offset = np.where(kept, shift, scale * _SELU_FLOOR + shift).astype(x.dtype)
        return dropout(x, mask=np.multiply(kept, scale, dtype=x.dtype)) + offset
