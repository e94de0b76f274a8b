"""Convolutions: the same small set of weights for every window of an image, a sound or a text."""

from collections.abc import Callable
from typing import Any

from tinygrad_lite import Tensor, conv, conv_transpose, moveaxis, reshape

from .. import activations
from ..checks import whole_number, whole_numbers
from .data_format import check_axes, is_channels_last
from .layer import Layer


class Conv(Layer):
    """What the convolutions share: Conv1D and Conv2D are this with one and two axes between batch and channels."""

    axes = 2
    shares_batch = True

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str = "channels_last",
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: str | Callable[..., Any] | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.filters = whole_number("filters", filters, 1)
        self.kernel_size = whole_numbers("kernel_size", kernel_size, self.axes)
        self.strides = whole_numbers("strides", strides, self.axes)
        self.dilation_rate = whole_numbers("dilation_rate", dilation_rate, self.axes)
        self.padding = padding
        self.channels_last = is_channels_last(data_format)
        self.groups = whole_number("groups", groups, 1)
        if self.filters % self.groups:
            raise ValueError(f"filters must be a multiple of groups, given {filters} filters in {groups} groups")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        """The kernel's shape for inputs of so many channels."""
        return (*self.kernel_size, channels // self.groups, self.filters)

    def build(self, input_shape: tuple[int, ...]) -> None:
        check_axes(self, input_shape, self.axes, self.channels_last)
        channels = input_shape[-1 if self.channels_last else 1]
        if channels % self.groups:
            raise ValueError(f"the channels must be a multiple of groups, given {channels} in {self.groups} groups")
        self.kernel = self.add_weight(self.kernel_shape(channels), self.kernel_initializer)
        self.bias = self.add_weight((self.filters,), self.bias_initializer) if self.use_bias else None

    def convolve(self, x: Tensor) -> Tensor:
        """What is added up of x, whose channels are last, with the bias."""
        return conv(x, self.kernel, self.bias, self.strides, self.padding, self.dilation_rate, self.groups)

    def call(self, x: Tensor) -> Tensor:
        check_axes(self, x.shape, self.axes, self.channels_last)
        if x.dtype != self.kernel.dtype:
            x = x.astype(self.kernel.dtype)
        if self.channels_last:
            return self.activation(self.convolve(x))
        return self.activation(moveaxis(self.convolve(moveaxis(x, 1, -1)), -1, 1))


class Conv2D(Conv):
    """activation(convolution of x with kernel + bias): each filter looks at every window of an image.

    x: (batch, height, width, channels), or with data_format="channels_first" (batch, channels, height, width); the
    result has `filters` channels. padding: "valid" (windows inside the image only), "same" (as many windows as there
    are strides in the image), a number, or for each axis a number or a pair (before, after). With groups, channels and
    filters are split and each group sees its own channels only. kernel: (*kernel_size, channels // groups, filters),
    bias: (filters,). It computes in the kernel's dtype.

    >>> import nn, numpy as np
    >>> nn.Conv2D(32, 3, activation="relu")(np.zeros((2, 28, 28, 1), np.float32)).shape
    (2, 26, 26, 32)
    """


class Conv1D(Conv):
    """The same along one axis: x (batch, steps, channels), the result (batch, steps, filters).

    padding may also be "causal": no window sees what comes after its own step.

    >>> import nn, numpy as np
    >>> nn.Conv1D(8, 3, padding="causal")(np.zeros((2, 10, 4), np.float32)).shape
    (2, 10, 8)
    """

    axes = 1

    def convolve(self, x: Tensor) -> Tensor:
        padding = self.padding
        if padding == "causal":
            padding = [((self.kernel_size[0] - 1) * self.dilation_rate[0], 0)]
        return conv(x, self.kernel, self.bias, self.strides, padding, self.dilation_rate, self.groups)


class DepthwiseConv2D(Conv):
    """A convolution of each channel by itself, with `depth_multiplier` filters for each.

    x: (batch, height, width, channels); the result has channels * depth_multiplier channels, those of one input channel
    beside each other. kernel: (*kernel_size, channels, depth_multiplier). The other options are those of Conv2D.

    >>> import nn, numpy as np
    >>> nn.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(np.zeros((2, 8, 8, 5), np.float32)).shape
    (2, 8, 8, 10)
    """

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        depth_multiplier: int = 1,
        depthwise_initializer: Any = "glorot_uniform",
        **options: Any,
    ) -> None:
        self.depth_multiplier = whole_number("depth_multiplier", depth_multiplier, 1)
        # It has as many groups as channels and as many filters as that makes, which `build` will know.
        super().__init__(
            1, kernel_size, strides, padding, groups=1, kernel_initializer=depthwise_initializer, **options
        )

    def build(self, input_shape: tuple[int, ...]) -> None:
        check_axes(self, input_shape, self.axes, self.channels_last)
        self.groups = input_shape[-1 if self.channels_last else 1]
        self.filters = self.groups * self.depth_multiplier
        super().build(input_shape)

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        return (*self.kernel_size, channels, self.depth_multiplier)

    def convolve(self, x: Tensor) -> Tensor:
        kernel = reshape(self.kernel, (*self.kernel_size, 1, self.filters))
        return conv(x, kernel, self.bias, self.strides, self.padding, self.dilation_rate, self.groups)


class Conv2DTranspose(Conv):
    """The way back through a convolution: each element of x is handed on to a whole window, so images grow.

    x: (batch, height, width, channels); the result has `filters` channels, and with strides s and padding "same" s
    times the height and width. kernel: (*kernel_size, filters // groups, channels). output_padding: see
    `tinygrad_lite.conv_transpose`. The other options are those of Conv2D.

    >>> import nn, numpy as np
    >>> nn.Conv2DTranspose(3, 5, strides=2, padding="same")(np.zeros((2, 7, 7, 8), np.float32)).shape
    (2, 14, 14, 3)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        output_padding: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(filters, kernel_size, strides, padding, **options)
        self.output_padding = output_padding

    def kernel_shape(self, channels: int) -> tuple[int, ...]:
        return (*self.kernel_size, self.filters // self.groups, channels)

    def convolve(self, x: Tensor) -> Tensor:
        y = conv_transpose(
            x, self.kernel, self.strides, self.padding, self.output_padding, self.dilation_rate, self.groups
        )
        return y if self.bias is None else y + self.bias
