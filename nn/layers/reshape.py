"""Each sample's numbers in another shape or order."""

import math

import numpy as np

import tinygrad_lite as tg
from tinygrad_lite import Tensor

from .layer import Layer


def _whole_numbers(name: str, values: tuple[int, ...]) -> tuple[int, ...]:
    if not isinstance(values, (tuple, list)):
        raise TypeError(f"{name} must be a tuple of whole numbers, given {type(values).__name__} {values!r:.60}")
    if any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) for n in values):
        raise TypeError(f"{name} must be a tuple of whole numbers, given {values!r:.60}")
    return tuple([int(n) for n in values])


class Reshape(Layer):
    """(batch, ...) -> (batch, *target_shape): each sample in another shape, its elements in order.

    One length of target_shape may be -1: it is computed. Raises ValueError for samples of another number of elements.

    >>> import nn, numpy as np
    >>> nn.Reshape((4, -1))(np.zeros((5, 12), np.float32)).shape
    (5, 4, 3)
    """

    def __init__(
        self, target_shape: tuple[int, ...], input_shape: tuple[int, ...] | None = None, name: str | None = None
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.target_shape = _whole_numbers("target_shape", target_shape)
        if min(self.target_shape, default=1) < -1 or self.target_shape.count(-1) > 1:
            raise ValueError(f"target_shape is made of lengths, of which one may be -1, given {target_shape!r}")

    def call(self, x: Tensor) -> Tensor:
        if not x.ndim:
            raise ValueError("Reshape needs an input of shape (batch, ...), given ()")
        size = math.prod(x.shape[1:])
        known = math.prod([n for n in self.target_shape if n != -1])
        free = size // known if known and -1 in self.target_shape else 1
        if known * free != size:
            raise ValueError(
                f"Reshape({self.target_shape}) was given samples of shape {x.shape[1:]}: {size} elements don't fit"
            )
        return x.reshape(x.shape[0], *[free if n == -1 else n for n in self.target_shape])


class Permute(Layer):
    """Each sample's axes in another order: dims names the one that comes first, second, ...; the batch is axis 0.

    >>> import nn, numpy as np
    >>> nn.Permute((2, 1))(np.zeros((5, 10, 64), np.float32)).shape
    (5, 64, 10)
    """

    def __init__(
        self, dims: tuple[int, ...], input_shape: tuple[int, ...] | None = None, name: str | None = None
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.dims = _whole_numbers("dims", dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"dims must be the numbers 1..{len(self.dims)} in some order, given {dims!r}")

    def call(self, x: Tensor) -> Tensor:
        if x.ndim != len(self.dims) + 1:
            raise ValueError(
                f"Permute({self.dims}) needs an input of {len(self.dims) + 1} axes, the batch included, given {x.shape}"
            )
        return tg.transpose(x, (0, *self.dims))
