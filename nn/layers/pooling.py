"""Pooling: an image made smaller, of each window the largest element or the mean."""

from typing import Any

from tinygrad_lite import Tensor, average_pool, max_pool, moveaxis

from ..checks import whole_numbers
from .data_format import check_axes, is_channels_last
from .layer import Layer


class _Pooling(Layer):
    axes = 2

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: Any = "valid",
        data_format: str = "channels_last",
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.pool_size = whole_numbers("pool_size", pool_size, self.axes)
        self.strides = self.pool_size if strides is None else whole_numbers("strides", strides, self.axes)
        self.padding = padding
        self.channels_last = is_channels_last(data_format)

    def pool(self, x: Tensor) -> Tensor:
        """The pooled x, whose channels are last."""
        raise NotImplementedError

    def call(self, x: Tensor) -> Tensor:
        check_axes(self, x.shape, self.axes, self.channels_last)
        return self.pool(x) if self.channels_last else moveaxis(self.pool(moveaxis(x, 1, -1)), -1, 1)


class MaxPooling2D(_Pooling):
    """The largest element of each window, channel by channel.

    x: (batch, height, width, channels), or with data_format="channels_first" (batch, channels, height, width).
    strides: from one window to the next, by default the pool_size. padding as in Conv2D: what lies outside never wins.

    >>> import nn, numpy as np
    >>> nn.MaxPooling2D(2)(np.zeros((1, 24, 24, 64), np.float32)).shape
    (1, 12, 12, 64)
    """

    def pool(self, x: Tensor) -> Tensor:
        return max_pool(x, self.pool_size, self.strides, self.padding)


class MaxPooling1D(MaxPooling2D):
    """The same along one axis: x (batch, steps, channels)."""

    axes = 1


class AveragePooling2D(_Pooling):
    """The mean of each window, channel by channel; what lies outside does not count. Arguments as in MaxPooling2D.

    >>> import nn, numpy as np
    >>> nn.AveragePooling2D(2)(np.arange(4.0).reshape(1, 2, 2, 1)).tolist()
    [[[[1.5]]]]
    """

    def pool(self, x: Tensor) -> Tensor:
        return average_pool(x, self.pool_size, self.strides, self.padding)


class AveragePooling1D(AveragePooling2D):
    """The same along one axis: x (batch, steps, channels)."""

    axes = 1


class _GlobalPooling(Layer):
    axes = 2

    def __init__(
        self,
        data_format: str = "channels_last",
        keepdims: bool = False,
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.channels_last = is_channels_last(data_format)
        self.keepdims = keepdims

    def inner(self, x: Tensor) -> tuple[int, ...]:
        """The axes that are pooled."""
        check_axes(self, x.shape, self.axes, self.channels_last)
        return tuple(range(1, self.axes + 1) if self.channels_last else range(2, self.axes + 2))


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel over the whole image: (batch, height, width, channels) -> (batch, channels)."""

    def call(self, x: Tensor) -> Tensor:
        return x.mean(axis=self.inner(x), keepdims=self.keepdims)


class GlobalAveragePooling1D(GlobalAveragePooling2D):
    """The mean of each channel over all steps: (batch, steps, channels) -> (batch, channels)."""

    axes = 1


class GlobalMaxPooling2D(_GlobalPooling):
    """The largest element of each channel: (batch, height, width, channels) -> (batch, channels)."""

    def call(self, x: Tensor) -> Tensor:
        return x.max(axis=self.inner(x), keepdims=self.keepdims)


class GlobalMaxPooling1D(GlobalMaxPooling2D):
    """The largest element of each channel over all steps: (batch, steps, channels) -> (batch, channels)."""

    axes = 1
