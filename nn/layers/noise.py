"""Normally distributed noise while learning."""

import math
from typing import Any

import numpy as np

from tinygrad_lite import Tensor

from ..checks import number
from ..random import random_generator
from .dropout import TrainingNoise, dropout


def _normal(shape: tuple[int, ...], stddev: float, dtype: Any) -> np.ndarray:
    drawn = np.float64 if dtype == np.float64 else np.float32
    return (random_generator().standard_normal(shape, drawn) * stddev).astype(dtype, copy=False)


class GaussianNoise(TrainingNoise):
    """While training, adds normally distributed noise of mean 0 and this standard deviation to each element.

    Numbers that are not floating point become float32.

    >>> import nn
    >>> nn.GaussianNoise(0.1)([1.0, 2.0])  # not training: nothing happens
    tensor([1., 2.])
    """

    def __init__(self, stddev: float, input_shape: tuple[int, ...] | None = None, name: str | None = None) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.stddev = number("stddev", stddev)

    @property
    def amount(self) -> float:
        return self.stddev

    def disturbed(self, x: Tensor) -> Tensor:
        return x + _normal(x.shape, self.stddev, x.dtype)


class GaussianDropout(TrainingNoise):
    """While training, multiplies by noise of mean 1 and of dropout's variance: Srivastava et al. 2014.

    rate: from 0 to below 1; the variance is rate / (1 - rate). Numbers that are not floating point become float32.

    >>> import nn
    >>> nn.GaussianDropout(0.5)([1.0, 2.0])  # not training: nothing happens
    tensor([1., 2.])
    """

    def __init__(self, rate: float, input_shape: tuple[int, ...] | None = None, name: str | None = None) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.rate = number("rate", rate, below=1)

    @property
    def amount(self) -> float:
        return self.rate

    def disturbed(self, x: Tensor) -> Tensor:
        return dropout(x, mask=1 + _normal(x.shape, math.sqrt(self.rate / (1 - self.rate)), x.dtype))
