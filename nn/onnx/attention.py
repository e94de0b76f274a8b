"""Attention, written out: opset 20 has no operation for it."""

import math
from functools import reduce
from typing import Any

import numpy as np

from tinygrad_lite import Tensor

from ..layers import MultiHeadAttention
from ..layers.attention import Projection
from .calls import converted
from .conversions import conversion
from .dense import affine
from .graph import Graph, Value
from .shapes import reshaped


@conversion(Projection)
def projection(graph: Graph, layer: Projection, x: Value) -> Value:
    x = graph.cast(x, layer.kernel.dtype)
    inputs, units = math.prod(layer.kernel.shape[: layer.axes]), math.prod(layer.outputs)
    kernel = graph.weight(layer.kernel, layer.kernel.data.reshape(inputs, units))
    bias = graph.weight(layer.bias, layer.bias.data.reshape(units)) if layer.use_bias else None
    if layer.axes > 1:
        x = reshaped(graph, x, *x.sample_shape[: -layer.axes], inputs)
    y = affine(graph, x, kernel, bias)
    return y if len(layer.outputs) == 1 else reshaped(graph, y, *y.sample_shape[:-1], *layer.outputs)


@conversion(MultiHeadAttention)
def attention(
    graph: Graph,
    layer: MultiHeadAttention,
    query: Value,
    value: Any,
    key: Any = None,
    query_mask: Any = None,
    value_mask: Any = None,
    key_mask: Any = None,
    attention_mask: Any = None,
    return_attention_scores: bool = False,
    use_causal_mask: bool = False,
) -> Any:
    value = graph.value(value)
    key = value if key is None else graph.value(key)
    masks = [
        _mask(graph, query_mask, (1, 3)),
        _mask(graph, value_mask, (1, 2)),
        _mask(graph, key_mask, (1, 2)),
        _attention_mask(graph, attention_mask),
        np.tri(query.sample_shape[0], key.sample_shape[0])[None, None] > 0 if use_causal_mask else None,
    ]
    query = graph.node("Mul", converted(graph, layer.query, query), layer.key_dim**-0.5)
    key, value = converted(graph, layer.key, key), converted(graph, layer.value, value)
    scores = graph.node("MatMul", graph.transpose(query, (0, 2, 1, 3)), graph.transpose(key, (0, 2, 3, 1)))
    weights = _softmax(graph, scores, [mask for mask in masks if mask is not None])
    mean = graph.node("MatMul", weights, graph.transpose(value, (0, 2, 1, 3)))
    out = converted(graph, layer.attention_output, graph.transpose(mean, (0, 2, 1, 3)))
    return (out, weights) if return_attention_scores else out


def _softmax(graph: Graph, scores: Value, masks: list[Any]) -> Value:
    """softmax(scores) where all masks are True, else 0; so a query that may look nowhere has weights of 0."""
    if not masks:
        return graph.node("Softmax", scores, axis=-1)
    mask = reduce(lambda a, b: graph.node("And", a, b), [graph.value(mask) for mask in masks])
    lowest = np.array(np.finfo(scores.dtype).min, scores.dtype)
    weights = graph.node("Softmax", graph.node("Where", mask, scores, lowest), axis=-1)
    known = reduce(np.logical_and, masks) if all(isinstance(mask, np.ndarray) for mask in masks) else None
    if known is not None and known.any(axis=-1).all():
        return weights
    return graph.node("Mul", weights, graph.cast(mask, scores.dtype))


def _mask(graph: Graph, mask: Any, new_axes: tuple[int, ...]) -> Any:
    """The mask as booleans, an array or a Value, with new axes so that it broadcasts to the scores."""
    if mask is None:
        return None
    if not isinstance(mask, Value):
        return np.expand_dims(np.asarray(mask.data if isinstance(mask, Tensor) else mask).astype(bool), new_axes)
    mask = graph.cast(mask, bool)
    return graph.node("Unsqueeze", mask, graph.constant(new_axes, "axes")) if new_axes else mask


def _attention_mask(graph: Graph, mask: Any) -> Any:
    axes = mask.ndim if isinstance(mask, (Value, Tensor)) else np.ndim(mask)
    if isinstance(mask, Value) and axes == 2:
        raise NotImplementedError(
            f"{graph.path}: an attention_mask that is an input has the batch axis, (batch, queries, keys); given the"
            f" shape {mask.shape}"
        )
    return _mask(graph, mask, {2: (0, 1), 3: (1,)}.get(axes, ()))
