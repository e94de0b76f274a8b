"""Every output a weighted sum of every input."""

from collections.abc import Callable
from typing import Any

from tinygrad_lite import Tensor, batching, matmul, primitive

from .. import activations
from ..checks import whole_number
from .layer import Layer


def _flat(x: Any) -> Any:
    return x if x.ndim == 2 else x.reshape((-1, x.shape[-1]))


@primitive(
    lambda g, out, x, kernel, bias: matmul(g, kernel.mT),
    lambda g, out, x, kernel, bias: matmul(_flat(x).mT, _flat(g)),
    lambda g, out, x, kernel, bias: g,
    hint="The last axis of x must be as long as the first of the kernel",
    batch=batching.Formula(lambda x, kernel, bias: x @ kernel + bias),
)
def affine(x: Any, kernel: Any, bias: Any) -> Any:
    """x @ kernel + bias, in one step: x (..., inputs), kernel (inputs, units), bias (units,)."""
    out = matmul(x, kernel)
    out += bias
    return out


def _check(shape: tuple[int, ...]) -> None:
    if len(shape) < 2:
        raise ValueError(
            f"Dense needs an input of shape (batch, ..., inputs), given {shape}: one sample is x[None], a batch of one"
        )


class Dense(Layer):
    """activation(x @ kernel + bias): every unit sees every input.

    x is (batch, ..., inputs), the result (batch, ..., units). kernel (inputs, units) and bias (units,) are made when
    the number of inputs is known: at the first call, or from input_shape. It computes in the kernel's dtype.

    >>> import nn, numpy as np
    >>> nn.Dense(3)(np.ones((2, 5), np.float32)).shape
    (2, 3)
    """

    def __init__(
        self,
        units: int,
        activation: str | Callable[..., Any] | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.units = whole_number("units", units, 1)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer

    def build(self, input_shape: tuple[int, ...]) -> None:
        _check(input_shape)
        self.kernel = self.add_weight((input_shape[-1], self.units), self.kernel_initializer)
        if self.use_bias:
            self.bias = self.add_weight((self.units,), self.bias_initializer)

    def call(self, x: Tensor) -> Tensor:
        _check(x.shape)
        if x.dtype != self.kernel.dtype:
            x = x.astype(self.kernel.dtype)
        return self.activation(affine(x, self.kernel, self.bias) if self.use_bias else matmul(x, self.kernel))
