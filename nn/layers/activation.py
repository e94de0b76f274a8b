"""An activation as a layer of its own."""

from collections.abc import Callable
from typing import Any

from tinygrad_lite import Tensor

from .. import activations
from .layer import Layer


class Activation(Layer):
    """Applies an activation, given by name or as a function, to each element (softmax: along the last axis).

    >>> import nn
    >>> nn.Activation("relu")([-1.0, 2.0])
    tensor([0., 2.])
    """

    def __init__(
        self,
        activation: str | Callable[..., Any],
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.activation = activations.get(activation)

    def call(self, x: Tensor) -> Tensor:
        return self.activation(x)
