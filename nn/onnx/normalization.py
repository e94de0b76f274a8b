"""Normalizations."""

from typing import Any

import numpy as np

from tinygrad_lite import Tensor

from ..layers import BatchNormalization, GroupNormalization, LayerNormalization, RMSNormalization
from .conversions import conversion
from .graph import Graph, Value
from .shapes import reshaped


def _dtype(layer: Any, x: Value) -> Any:
    """What the layer gives; it computes in single precision at least."""
    weights = [weight for weight in vars(layer).values() if isinstance(weight, Tensor)]
    return weights[0].dtype if weights else x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)


def _wide(graph: Graph, layer: Any, x: Value) -> Value:
    return graph.cast(x, np.result_type(_dtype(layer, x), np.float32))


def _weight(graph: Graph, weight: Tensor | None, x: Value, shape: tuple[int, ...], otherwise: float) -> Value:
    """The weight in x's dtype and this shape; where there is none, a number that changes nothing."""
    if weight is None:
        return graph.constant(np.full(shape, otherwise, x.dtype), "ones" if otherwise else "zeros")
    return graph.weight(weight, weight.data.astype(x.dtype).reshape(shape))


def _arranged(
    graph: Graph, layer: Any, x: Value, first: bool = False
) -> tuple[Value, tuple[int, ...], tuple[int, ...]]:
    """x with the layer's axes behind the others, or right after the batch; their lengths; the order that leads back."""
    own = sorted({a % x.ndim for a in (layer.axis if isinstance(layer.axis, tuple) else [layer.axis])})
    if 0 in own:
        raise NotImplementedError(
            f"{graph.path}: a normalization over the batch (axis={layer.axis}) has weights for one batch size only; in"
            " an ONNX file the batch may have any"
        )
    others = [a for a in range(1, x.ndim) if a not in own]
    order = (0, *own, *others) if first else (0, *others, *own)
    lengths = tuple([x.sample_shape[a - 1] for a in own])
    return graph.transpose(x, order), lengths, tuple(np.argsort(order).tolist())


@conversion(BatchNormalization)
def batch_normalization(graph: Graph, layer: BatchNormalization, x: Value) -> Value:
    dtype = _dtype(layer, x)
    x, shape, back = _arranged(graph, layer, _wide(graph, layer, x), first=True)
    weights = [(layer.gamma, 1.0), (layer.beta, 0.0), (layer.moving_mean, 0.0), (layer.moving_variance, 1.0)]
    given = [_weight(graph, weight, x, shape, otherwise) for weight, otherwise in weights]
    y = graph.node("BatchNormalization", x, *given, epsilon=layer.epsilon)
    return graph.cast(graph.transpose(y, back), dtype)


@conversion(LayerNormalization)
def layer_normalization(graph: Graph, layer: LayerNormalization, x: Value) -> Value:
    dtype = _dtype(layer, x)
    x, shape, back = _arranged(graph, layer, _wide(graph, layer, x))
    gamma = _weight(graph, layer.gamma, x, shape, 1.0)
    beta = None if layer.beta is None else _weight(graph, layer.beta, x, shape, 0.0)
    y = graph.node("LayerNormalization", x, gamma, beta, axis=-len(shape), epsilon=layer.epsilon)
    return graph.cast(graph.transpose(y, back), dtype)


@conversion(RMSNormalization)
def rms_normalization(graph: Graph, layer: RMSNormalization, x: Value) -> Value:
    dtype = _dtype(layer, x)
    x, shape, back = _arranged(graph, layer, _wide(graph, layer, x))
    axes = graph.constant(list(range(-len(shape), 0)), "axes")
    squares = graph.node("ReduceMean", graph.node("Mul", x, x), axes)
    y = graph.node("Div", x, graph.node("Sqrt", graph.node("Add", squares, layer.epsilon)))
    y = graph.node("Mul", y, _weight(graph, layer.scale, x, shape, 1.0))
    return graph.cast(graph.transpose(y, back), dtype)


@conversion(GroupNormalization)
def group_normalization(graph: Graph, layer: GroupNormalization, x: Value) -> Value:
    dtype = _dtype(layer, x)
    x, (channels,), back = _arranged(graph, layer, _wide(graph, layer, x), first=True)
    groups = layer.groups if layer.groups > 0 else channels
    ones, zeros = _weight(graph, None, x, (groups,), 1.0), _weight(graph, None, x, (groups,), 0.0)
    apart = reshaped(graph, x, groups, -1)
    y = reshaped(graph, graph.node("InstanceNormalization", apart, ones, zeros, epsilon=layer.epsilon), *x.sample_shape)
    per_channel = (channels, *[1] * (x.ndim - 2))
    if layer.gamma is not None:
        y = graph.node("Mul", y, _weight(graph, layer.gamma, x, per_channel, 1.0))
    if layer.beta is not None:
        y = graph.node("Add", y, _weight(graph, layer.beta, x, per_channel, 0.0))
    return graph.cast(graph.transpose(y, back), dtype)
