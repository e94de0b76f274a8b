"""Zeros around each sample's positions."""

from typing import Any

import tinygrad_lite as tg
from tinygrad_lite import Tensor

from ..checks import whole_number
from .data_format import is_channels_last
from .layer import Layer

Pair = tuple[int, int]


def _pair(name: str, value: Any) -> Pair:
    """(before, after), of a number for both or two numbers."""
    before, after = value if isinstance(value, (tuple, list)) and len(value) == 2 else (value, value)
    return whole_number(name, before, 0), whole_number(name, after, 0)


class _ZeroPadding(Layer):
    """Zeros before and after each axis of positions."""

    def __init__(
        self, padding: tuple[Pair, ...], data_format: str, input_shape: tuple[int, ...] | None, name: str | None
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.padding = padding
        self.data_format = data_format
        is_channels_last(data_format)

    def call(self, x: Tensor) -> Tensor:
        if x.ndim != len(self.padding) + 2:
            raise ValueError(
                f"{type(self).__name__} needs an input of {len(self.padding) + 2} axes: batch, channels and"
                f" {len(self.padding)} of positions, given {x.shape}"
            )
        none = (0, 0)
        if is_channels_last(self.data_format):
            return tg.pad(x, (none, *self.padding, none))
        return tg.pad(x, (none, none, *self.padding))


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after each sequence: (batch, steps, channels) -> (batch, before + steps + after, channels).

    padding: a number for both ends, or (before, after). data_format: "channels_last", or "channels_first" for
    (batch, channels, steps).

    >>> import nn, numpy as np
    >>> nn.ZeroPadding1D((0, 1))(np.ones((1, 2, 1), np.float32)).reshape(-1)
    tensor([1., 1., 0.])
    """

    def __init__(
        self,
        padding: int | Pair = 1,
        data_format: str = "channels_last",
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__((_pair("padding", padding),), data_format, input_shape, name)


class ZeroPadding2D(_ZeroPadding):
    """Zeros around each image: (batch, height, width, channels) -> (batch, top + height + bottom, ..., channels).

    padding: a number for all sides, (height, width), or ((top, bottom), (left, right)). data_format: "channels_last",
    or "channels_first" for (batch, channels, height, width).

    >>> import nn, numpy as np
    >>> nn.ZeroPadding2D(((1, 0), (2, 2)))(np.ones((5, 28, 28, 3), np.float32)).shape
    (5, 29, 32, 3)
    """

    def __init__(
        self,
        padding: int | Pair | tuple[Pair, Pair] = (1, 1),
        data_format: str = "channels_last",
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        height, width = padding if isinstance(padding, (tuple, list)) and len(padding) == 2 else (padding, padding)
        super().__init__((_pair("padding", height), _pair("padding", width)), data_format, input_shape, name)
