"""Leaving out neurons at random while learning."""

import math
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, primitive

from ..checks import number
from ..random import random_generator
from .layer import Layer


@primitive(lambda g, out, x, mask: g * mask)
def dropout(x: Any, mask: Any) -> Any:
    """x * mask, where the mask is a constant array: 0 where a value is dropped, else what makes up for it."""
    return x * mask


def dropout_mask(shape: tuple[int, ...], rate: float, dtype: Any) -> np.ndarray:
    """0 with the probability `rate`, else 1 / (1 - rate), so that the mean stays what it was.

    The probability is a whole number of 65,536ths: 16 random bits an element are three times as fast as a random float.
    """
    size = math.prod(shape)
    bits = random_generator().bit_generator.random_raw(size // 4 + 1).view(np.uint16)[:size].reshape(shape)
    return np.multiply(bits >= round(rate * 65536), 1 / (1 - rate), dtype=dtype)


class Dropout(Layer):
    """While training, sets each element to 0 with probability `rate` and scales up the rest: Srivastava et al. 2014.

    rate: the share that is dropped, from 0 to below 1. Numbers that are not floating point become float32.

    >>> import nn
    >>> nn.Dropout(0.5)([1.0, 2.0])  # not training: nothing happens
    tensor([1., 2.])
    """

    def __init__(self, rate: float, input_shape: tuple[int, ...] | None = None, name: str | None = None) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.rate = number("rate", rate, below=1)

    def call(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return x
        if x.dtype.kind != "f":
            x = x.astype(np.float32)
        return dropout(x, mask=dropout_mask(x.shape, self.rate, x.dtype))
