"""Values brought to mean 0 and variance 1, then scaled and shifted by what is learnt."""

from typing import Any

import numpy as np

import tinygrad_lite as tg
from tinygrad_lite import Tensor

from ..checks import number, whole_number
from .layer import Layer
from .moments import mean_square, moments, scale_shift

Axis = int | tuple[int, ...] | list[int]


def _whole(axis: Any) -> int:
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"axis must be a whole number, such as -1, given {axis!r:.60}")
    return int(axis)


def _axes(layer: Layer, axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes as sorted positions, or an error that names the first that x does not have."""
    positions = set()
    for a in axis if isinstance(axis, (tuple, list)) else (axis,):
        if not -ndim <= a < ndim:
            raise ValueError(
                f"{type(layer).__name__}(axis={axis}) was given an input of {ndim} axes: it has no axis {a}"
            )
        positions.add(a % ndim)
    return tuple(sorted(positions))


def _normalized(x: Tensor, mean: Tensor, variance: Tensor, epsilon: float, gamma: Any, beta: Any) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, as one scaling of x. All of one shape but x."""
    scale = 1 / tg.sqrt(variance + epsilon)
    if gamma is not None:
        scale = scale * gamma
    centre = mean.detach()
    shift = (centre - mean) * scale  # 0: it carries the derivative by the mean
    return scale_shift(x, scale, shift if beta is None else shift + beta, centre=centre)


class _Normalization(Layer):
    """What the layers below share: arguments, the learnt scale and shift, and the precision of the arithmetic."""

    def __init__(
        self,
        axis: Axis = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.axis: Axis = tuple(map(_whole, axis)) if isinstance(axis, (tuple, list)) else _whole(axis)
        self.epsilon = number("epsilon", epsilon)
        self.center = center
        self.scale = scale
        self.beta_initializer = beta_initializer
        self.gamma_initializer = gamma_initializer
        self.gamma: Tensor | None = None
        self.beta: Tensor | None = None

    def build(self, input_shape: tuple[int, ...]) -> None:
        shape = tuple([input_shape[a] for a in _axes(self, self.axis, len(input_shape))])
        if self.scale:
            self.gamma = self.add_weight(shape, self.gamma_initializer)
        if self.center:
            self.beta = self.add_weight(shape, self.beta_initializer)

    def call(self, x: Tensor) -> Tensor:
        dtype = next((w.dtype for w in vars(self).values() if isinstance(w, Tensor)), None)
        dtype = dtype or (x.dtype if x.dtype.kind == "f" else np.dtype(np.float32))
        wide = np.result_type(dtype, np.float32)  # of float16, squares would overflow and means be coarse
        out = self.normalize(x if x.dtype == wide else x.astype(wide))
        return out if out.dtype == dtype else out.astype(dtype)

    def normalize(self, x: Tensor) -> Tensor:
        """What `call` computes, on an x of at least single precision."""
        raise NotImplementedError

    def along_axis(self, weight: Any, x: Tensor) -> Any:
        """The weight, if there is one, in a shape that broadcasts against x."""
        if weight is None:
            return None
        axes = _axes(self, self.axis, x.ndim)
        if weight.shape != tuple([x.shape[a] for a in axes]):
            raise ValueError(
                f"{type(self).__name__}(axis={self.axis}) has weights of shape {weight.shape}, which do not fit an"
                f" input of shape {x.shape}"
            )
        return weight.reshape([n if a in axes else 1 for a, n in enumerate(x.shape)])


class BatchNormalization(_Normalization):
    """Each channel at mean 0 and variance 1 over the batch, times gamma plus beta: Ioffe and Szegedy 2015.

    axis: where the channels are; mean and variance are taken over all other axes. While training they are the batch's,
    and the averages moving_mean and moving_variance follow them: moving = moving * momentum + batch's * (1 - momentum).
    Else these averages are used. The variance is divided by n in both, as in Keras. gamma (left out with scale=False)
    and beta (with center=False) have one number a channel. It computes in the weights' dtype, in single precision at
    least. Raises ValueError for an empty batch while training.

    >>> import nn
    >>> layer = nn.BatchNormalization(epsilon=0).train()
    >>> layer([[1.0, 5.0], [3.0, 5.5]])
    tensor([[-1., -1.],
            [ 1.,  1.]], from=scale_shift)
    >>> layer.moving_mean
    tensor([0.02  , 0.0525], name='moving_mean')
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(_whole(axis), epsilon, center, scale, beta_initializer, gamma_initializer, input_shape, name)
        self.momentum = number("momentum", momentum)
        if momentum > 1:
            raise ValueError(f"momentum must be from 0 to 1, given {momentum}")
        self.moving_mean_initializer = moving_mean_initializer
        self.moving_variance_initializer = moving_variance_initializer

    def build(self, input_shape: tuple[int, ...]) -> None:
        super().build(input_shape)
        shape = tuple([input_shape[a] for a in _axes(self, self.axis, len(input_shape))])
        self.moving_mean = self.add_weight(shape, self.moving_mean_initializer, trainable=False)
        self.moving_variance = self.add_weight(shape, self.moving_variance_initializer, trainable=False)

    def normalize(self, x: Tensor) -> Tensor:
        mean, variance = self.along_axis(self.moving_mean, x), self.along_axis(self.moving_variance, x)
        if self.training:
            if not x.size:
                raise ValueError(f"BatchNormalization can't train on an empty batch, given an input of shape {x.shape}")
            mean, variance = moments(x, shape=mean.shape)
            self.follow(mean, variance)
        gamma, beta = self.along_axis(self.gamma, x), self.along_axis(self.beta, x)
        return _normalized(x, mean, variance, self.epsilon, gamma, beta)

    def follow(self, mean: Tensor, variance: Tensor) -> None:
        """Moves the moving averages a step towards a batch's mean and variance."""
        for average, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            with tg.no_grad(), average.writeable() as array:
                array *= self.momentum
                array += new.detach().numpy().reshape(array.shape) * (1 - self.momentum)


class LayerNormalization(_Normalization):
    """Each sample, at each position, at mean 0 and variance 1 over its features, times gamma plus beta: Ba et al. 2016.

    axis: the axis or axes of the features; gamma and beta have their shape. Otherwise as BatchNormalization, without
    averages: training or not, it does the same.

    >>> import nn
    >>> nn.LayerNormalization(epsilon=0)([[1.0, 3.0], [5.0, 5.5]])
    tensor([[-1.,  1.],
            [-1.,  1.]], from=scale_shift)
    """

    def normalize(self, x: Tensor) -> Tensor:
        axes = _axes(self, self.axis, x.ndim)
        mean, variance = moments(x, shape=tuple([1 if a in axes else n for a, n in enumerate(x.shape)]))
        out = _normalized(x, mean, variance, self.epsilon, None, None)
        gamma, beta = self.along_axis(self.gamma, x), self.along_axis(self.beta, x)
        if gamma is None:
            return out if beta is None else out + beta
        return scale_shift(out, gamma, beta)


class RMSNormalization(_Normalization):
    """Each sample, at each position, at mean square 1 over its features, times scale: Zhang and Sennrich 2019.

    axis: the axis or axes of the features; the weight `scale` has their shape. x / sqrt(mean(x * x) + epsilon) * scale.

    >>> import nn
    >>> nn.RMSNormalization()([[1.0, 1.0], [5.0, -5.0]])
    tensor([[ 0.9999995,  0.9999995],
            [ 1.       , -1.       ]], from=scale_shift)
    """

    scale: Any

    def __init__(
        self,
        axis: Axis = -1,
        epsilon: float = 1e-6,
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(axis, epsilon, center=False, scale=False, input_shape=input_shape, name=name)

    def build(self, input_shape: tuple[int, ...]) -> None:
        axes = _axes(self, self.axis, len(input_shape))
        self.scale = self.add_weight(tuple([input_shape[a] for a in axes]), "ones")

    def normalize(self, x: Tensor) -> Tensor:
        axes = _axes(self, self.axis, x.ndim)
        squares = mean_square(x, shape=tuple([1 if a in axes else n for a, n in enumerate(x.shape)]))
        out = scale_shift(x, 1 / tg.sqrt(squares + self.epsilon), None)
        return scale_shift(out, self.along_axis(self.scale, x), None)


class GroupNormalization(_Normalization):
    """Each sample's channels, in groups, at mean 0 and variance 1 over a group and all positions: Wu and He 2018.

    groups: how many; -1 makes each channel a group of its own (instance normalization), 1 takes all together. axis:
    where the channels are. gamma and beta have one number a channel. Otherwise as LayerNormalization. Raises ValueError
    if the number of channels is no multiple of the groups.

    >>> import nn
    >>> nn.GroupNormalization(groups=2, epsilon=0)([[1.0, 3.0, 5.0, 5.5]])
    tensor([[-1.,  1., -1.,  1.]], from=scale_shift)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(_whole(axis), epsilon, center, scale, beta_initializer, gamma_initializer, input_shape, name)
        self.groups = -1 if groups == -1 else whole_number("groups", groups, 1)

    def build(self, input_shape: tuple[int, ...]) -> None:
        (axis,) = _axes(self, self.axis, len(input_shape))
        channels = input_shape[axis]
        if axis == 0:
            raise ValueError(
                f"GroupNormalization(axis={self.axis}) would group samples: an input has the batch as axis 0"
            )
        if channels % self.groups:
            raise ValueError(
                f"{channels} channels, axis {axis} of the input's {input_shape}, can't be divided into {self.groups}"
                " groups: choose groups that divide them"
            )
        super().build(input_shape)

    def normalize(self, x: Tensor) -> Tensor:
        (axis,) = _axes(self, self.axis, x.ndim)
        samples, channels = x.shape[0], x.shape[axis]
        # A group's moments are made of its channels' moments: the means of their means, variances and distances.
        shape = tuple([n if a in (0, axis) else 1 for a, n in enumerate(x.shape)])
        groups = self.groups if self.groups > 0 else channels
        of_channels = moments(x, shape=shape).reshape(2, samples, groups, channels // groups)
        mean = of_channels[0].mean(axis=-1, keepdims=True)
        variance = (of_channels[1] + tg.square(of_channels[0] - mean)).mean(axis=-1, keepdims=True)
        mean, variance = (tg.broadcast_to(m, of_channels.shape[1:]).reshape(shape) for m in (mean, variance))
        gamma, beta = self.along_axis(self.gamma, x), self.along_axis(self.beta, x)
        return _normalized(x, mean, variance, self.epsilon, gamma, beta)
