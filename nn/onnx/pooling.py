"""Poolings, of windows and of whole images."""

from typing import Any

import numpy as np

from ..layers import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
)
from .activations import as_result
from .conversions import conversion
from .convolution import as_it_was, begins_and_ends, channels_first, padding_pairs
from .graph import Graph, Value


def _pooled(graph: Graph, kind: str, layer: Any, x: Value) -> Value:
    x = channels_first(graph, x, layer.channels_last)
    pairs = padding_pairs(layer.padding, x.sample_shape[1:], layer.pool_size, layer.strides)
    pads = begins_and_ends(pairs)
    if any(max(pair) >= n for pair, n in zip(pairs, layer.pool_size, strict=True)):
        raise NotImplementedError(
            f"{graph.path}: ONNX has no pooling whose windows of {layer.pool_size} fit into their padding, given"
            f" {layer.padding}"
        )
    y = graph.node(kind, x, kernel_shape=layer.pool_size, strides=layer.strides, pads=pads)
    return as_it_was(graph, y, layer.channels_last)


@conversion(MaxPooling1D, MaxPooling2D)
def max_pooling(graph: Graph, layer: Any, x: Value) -> Value:
    return _pooled(graph, "MaxPool", layer, x)


@conversion(AveragePooling1D, AveragePooling2D)
def average_pooling(graph: Graph, layer: Any, x: Value) -> Value:
    return _pooled(graph, "AveragePool", layer, as_result(graph, np.mean, x))


def _reduced(graph: Graph, kind: str, layer: Any, x: Value) -> Value:
    x = channels_first(graph, x, layer.channels_last)
    y = graph.node(kind, x, graph.constant(list(range(2, x.ndim)), "axes"), keepdims=int(layer.keepdims))
    return as_it_was(graph, y, layer.channels_last) if layer.keepdims else y


@conversion(GlobalMaxPooling1D, GlobalMaxPooling2D)
def global_max_pooling(graph: Graph, layer: Any, x: Value) -> Value:
    return _reduced(graph, "ReduceMax", layer, x)


@conversion(GlobalAveragePooling1D, GlobalAveragePooling2D)
def global_average_pooling(graph: Graph, layer: Any, x: Value) -> Value:
    return _reduced(graph, "ReduceMean", layer, as_result(graph, np.mean, x))
