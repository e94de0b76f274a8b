"""Layers that only move numbers: other shapes, other orders, zeros around, more of the same."""

import math
from typing import Any

import numpy as np

from ..layers import Flatten, Permute, Reshape, UpSampling1D, UpSampling2D, ZeroPadding1D, ZeroPadding2D
from ..layers.data_format import is_channels_last
from .conversions import conversion
from .convolution import as_it_was, begins_and_ends, channels_first
from .graph import Graph, Value


def reshaped(graph: Graph, x: Value, *lengths: int) -> Value:
    """x with these lengths after the batch axis, in the order of its numbers."""
    return graph.node("Reshape", x, graph.constant([0, *lengths], "shape"))  # 0: as it is


@conversion(Flatten)
def flatten(graph: Graph, layer: Flatten, x: Value) -> Value:
    return x if x.ndim == 2 else graph.node("Flatten", x, axis=1)


@conversion(Reshape)
def reshape(graph: Graph, layer: Reshape, x: Value) -> Value:
    size, known = math.prod(x.sample_shape), math.prod([n for n in layer.target_shape if n != -1])
    return reshaped(graph, x, *[size // known if n == -1 else n for n in layer.target_shape])


@conversion(Permute)
def permute(graph: Graph, layer: Permute, x: Value) -> Value:
    return graph.transpose(x, (0, *layer.dims))


@conversion(ZeroPadding1D, ZeroPadding2D)
def zero_padding(graph: Graph, layer: Any, x: Value) -> Value:
    pairs = _by_axis(layer, (0, 0), *layer.padding)
    bare, order = graph.stored(x)  # zeros are added in whatever order its axes are
    pads = begins_and_ends([pairs[order.index(a)] for a in range(x.ndim)])
    return graph.transpose(graph.node("Pad", bare, graph.constant(pads, "pads")), order)


@conversion(UpSampling1D)
def up_sampling_1d(graph: Graph, layer: UpSampling1D, x: Value) -> Value:
    return _repeated(graph, x, [1, layer.size, 1])


@conversion(UpSampling2D)
def up_sampling_2d(graph: Graph, layer: UpSampling2D, x: Value) -> Value:
    if layer.interpolation == "nearest":
        return _repeated(graph, x, _by_axis(layer, 1, *layer.size))
    last = is_channels_last(layer.data_format)
    x = channels_first(graph, x if x.dtype.kind == "f" else graph.cast(x, np.float32), last)
    scales = graph.constant(np.array([1, 1, *layer.size], np.float32), "scales")
    y = graph.node("Resize", x, None, scales, mode="linear", coordinate_transformation_mode="half_pixel")
    return as_it_was(graph, y, last)


def _repeated(graph: Graph, x: Value, factors: list[int]) -> Value:
    bare, order = graph.stored(x)
    scales = graph.constant(np.array([factors[order.index(a)] for a in range(x.ndim)], np.float32), "scales")
    y = graph.node(
        "Resize", bare, None, scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
    )
    return graph.transpose(y, order)


def _by_axis(layer: Any, other: Any, *of_positions: Any) -> list[Any]:
    """What is said of the positions, and the other for batch and channels, in the order of the layer's axes."""
    return [other, *of_positions, other] if is_channels_last(layer.data_format) else [other, other, *of_positions]
