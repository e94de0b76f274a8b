"""Each sample in one row."""

import math

from tinygrad_lite import Tensor

from .layer import Layer


class Flatten(Layer):
    """(batch, a, b, ...) -> (batch, a * b * ...): each sample becomes one row.

    >>> import nn, numpy as np
    >>> nn.Flatten()(np.zeros((5, 28, 28), np.float32)).shape
    (5, 784)
    """

    def call(self, x: Tensor) -> Tensor:
        if not x.ndim:
            raise ValueError("Flatten needs an input of shape (batch, ...), given ()")
        return x.reshape(x.shape[0], math.prod(x.shape[1:]))
