"""Every position of a sequence looks at others and takes what it needs: Vaswani et al. 2017."""

import functools
import math
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, matmul

from ..checks import number, whole_number
from ..module import Module, as_tensor
from .dense import affine
from .dot_product_attention import attention_weights, dot_product_attention, weighted_mean
from .dropout import Dropout
from .layer import Layer


class Projection(Module):
    """x @ kernel + bias over the last `axes` axes of x: the kernel is (*inputs, *outputs), the bias `outputs`.

    An EinsumDense, in Keras's words: a Dense whose inputs or units have axes, such as (heads, size).
    """

    def __init__(
        self,
        name: str,
        outputs: tuple[int, ...],
        use_bias: bool,
        kernel_initializer: Any,
        bias_initializer: Any,
        axes: int = 1,
    ) -> None:
        self.name = name
        self.outputs = outputs
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
        self.axes = axes

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.kernel = self.add_weight((*input_shape[-self.axes :], *self.outputs), self.kernel_initializer)
        if self.use_bias:
            self.bias = self.add_weight(self.outputs, self.bias_initializer)

    def call(self, x: Tensor) -> Tensor:
        if x.dtype != self.kernel.dtype:
            x = x.astype(self.kernel.dtype)
        rows, units = x.shape[: -self.axes], math.prod(self.outputs)
        x = x.reshape((math.prod(rows), math.prod(x.shape[-self.axes :])))
        kernel = self.kernel.reshape((-1, units))
        y = affine(x, kernel, self.bias.reshape((units,))) if self.use_bias else matmul(x, kernel)
        return y.reshape((*rows, *self.outputs))


class MultiHeadAttention(Layer):
    """Each query takes a mean of the values, weighted by how well their keys answer it, in several ways at once.

    Called with query (batch, queries, dim) and value (batch, keys, value dim), and with a key (batch, keys, key dim)
    where it is not the value itself. Self-attention is `layer(x, x)`. The result is (batch, queries, dim); with
    return_attention_scores, a pair: it and the weights after the softmax (batch, heads, queries, keys).

    num_heads: how many ways to look. key_dim, value_dim (key_dim, by default): the size of a head's queries and keys,
    and of its values. dropout: the share of the weights that is dropped while training. output_shape: the shape of
    one result instead of (dim,).

    Masks are arrays of booleans, True where one may look; all that are given hold. query_mask (batch, queries),
    value_mask and key_mask (batch, keys), attention_mask (queries, keys), (batch, queries, keys) or
    (batch, heads, queries, keys); use_causal_mask: query i sees the keys 0..i. A query that may look nowhere gets
    weights of 0: the result is the bias. (Keras does the same where it computes the weights; where it hands the work
    to a fused operation of its backend, such a query takes the mean of all values.)

    Weights: query.kernel (dim, heads, key_dim), query.bias (heads, key_dim), likewise key and value, then
    attention_output.kernel (heads, value_dim, dim) and attention_output.bias (dim,).
    Raises ValueError for shapes that don't fit, TypeError for a mask of floats.

    >>> import nn, numpy as np
    >>> layer = nn.MultiHeadAttention(num_heads=2, key_dim=3)
    >>> x = np.ones((4, 5, 6), np.float32)
    >>> layer(x, x).shape
    (4, 5, 6)
    >>> _, weights = layer(x, x, use_causal_mask=True, return_attention_scores=True)
    >>> weights.shape
    (4, 2, 5, 5)
    >>> weights[0, 0, 1].tolist()
    [0.5, 0.5, 0.0, 0.0, 0.0]
    """

    shares_batch = True

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | tuple[int, ...] | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        name: str | None = None,
    ) -> None:
        super().__init__(name=name)
        self.num_heads = whole_number("num_heads", num_heads, 1)
        self.key_dim = whole_number("key_dim", key_dim, 1)
        self.value_dim = self.key_dim if value_dim is None else whole_number("value_dim", value_dim, 1)
        self.dropout = Dropout(number("dropout", dropout, below=1))
        self._outputs = () if output_shape is None else _lengths(output_shape)
        options = (use_bias, kernel_initializer, bias_initializer)
        self.query = Projection("query", (self.num_heads, self.key_dim), *options)
        self.key = Projection("key", (self.num_heads, self.key_dim), *options)
        self.value = Projection("value", (self.num_heads, self.value_dim), *options)
        self.attention_output = Projection("attention_output", self._outputs, *options, axes=2)

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.attention_output.outputs = self._outputs or input_shape[-1:]

    def call(  # type: ignore[override]
        self,
        query: Tensor,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        value = as_tensor(value)
        key = value if key is None else as_tensor(key)
        _check_shapes(query.shape, value.shape, key.shape)
        mask = _combined(
            (query.shape[0], self.num_heads, query.shape[1], key.shape[1]),
            query_mask,
            value_mask,
            key_mask,
            attention_mask,
            use_causal_mask,
        )
        if not self.attention_output.built:
            self.build(query.shape)  # a call that failed may have been the first
        query, key, value = self.query(query) * self.key_dim**-0.5, self.key(key), self.value(value)
        if not return_attention_scores and not (self.training and self.dropout.rate):
            return self.attention_output(dot_product_attention(query, key, value, mask))
        weights = attention_weights(query, key, mask)
        out = self.attention_output(weighted_mean(self.dropout(weights), value))
        return (out, weights) if return_attention_scores else out


def _check_shapes(query: tuple[int, ...], value: tuple[int, ...], key: tuple[int, ...]) -> None:
    if not (len(query) == len(value) == len(key) == 3 and query[0] == value[0] and value[:2] == key[:2]):
        raise ValueError(
            "MultiHeadAttention needs a query (batch, queries, dim), a value (batch, keys, value dim) and, if it is not"
            f" the value, a key (batch, keys, key dim); given query {query}, value {value}, key {key}"
        )


def _lengths(output_shape: Any) -> tuple[int, ...]:
    lengths = output_shape if isinstance(output_shape, (tuple, list)) else (output_shape,)
    return tuple([whole_number("output_shape", n, 1) for n in lengths])


def _combined(
    shape: tuple[int, ...], query_mask: Any, value_mask: Any, key_mask: Any, attention_mask: Any, causal: bool
) -> np.ndarray | None:
    """All masks in one, of four axes, to be broadcast to (batch, heads, queries, keys); None if there are none."""
    batch, _, queries, keys = shape
    masks = []
    if query_mask is not None:
        masks.append(_mask("query_mask", query_mask, (batch, queries))[:, None, :, None])
    if value_mask is not None:
        masks.append(_mask("value_mask", value_mask, (batch, keys))[:, None, None, :])
    if key_mask is not None:
        masks.append(_mask("key_mask", key_mask, (batch, keys))[:, None, None, :])
    if attention_mask is not None:
        mask = _mask("attention_mask", attention_mask, shape, (batch, queries, keys), (queries, keys))
        masks.append(mask[:, None] if mask.ndim == 3 else mask if mask.ndim == 4 else mask[None, None])
    if causal:
        masks.append(np.tri(queries, keys, dtype=bool)[None, None])
    return functools.reduce(np.logical_and, masks) if masks else None


def _mask(name: str, mask: Any, *shapes: tuple[int, ...]) -> np.ndarray:
    """The mask as booleans, if it has one of the shapes, or lengths of 1 in it."""
    array = mask.numpy() if isinstance(mask, Tensor) else np.asarray(mask)
    if array.dtype.kind not in "biu":
        raise TypeError(f"{name} holds booleans, True where one may look, given {array.dtype}: write {name} > 0.5")
    if not any(
        array.ndim == len(shape) and all(n in (1, m) for n, m in zip(array.shape, shape, strict=True))
        for shape in shapes
    ):
        raise ValueError(f"{name} has the shape {array.shape}, needed is {' or '.join(map(str, shapes))}")
    return array.astype(bool)
