"""Convolutions. ONNX has the channels before the positions, in images and in kernels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

import tinygrad_lite as tg

from ..layers import Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D
from .calls import converted
from .conversions import conversion
from .graph import Graph, Value

Pairs = list[tuple[int, int]]


def channels_first(graph: Graph, x: Value, channels_last: bool) -> Value:
    """x with its channels before its positions."""
    return graph.transpose(x, (0, x.ndim - 1, *range(1, x.ndim - 1))) if channels_last else x


def as_it_was(graph: Graph, x: Value, channels_last: bool) -> Value:
    """x, whose channels are before its positions, as the layer gives it."""
    return graph.transpose(x, (0, *range(2, x.ndim), 1)) if channels_last else x


def padding_pairs(padding: Any, lengths: Sequence[Any], spans: Sequence[int], strides: Sequence[int]) -> Pairs:
    """How many positions are added before and after, for each axis; see `tinygrad_lite.conv`."""
    if padding == "same":
        totals = [
            max(0, (-(-n // step) - 1) * step + span - n) for n, span, step in zip(lengths, spans, strides, strict=True)
        ]
        return [(total // 2, total - total // 2) for total in totals]
    if padding == "causal":
        return [(span - 1, 0) for span in spans]
    if padding == "valid":
        padding = 0
    each = padding if isinstance(padding, (tuple, list)) else [padding] * len(spans)
    return [(n[0], n[1]) if isinstance(n, (tuple, list)) else (n, n) for n in each]


def begins_and_ends(pairs: Pairs) -> list[int]:
    """In ONNX's order: what is added before each axis, then what is added after each."""
    return [before for before, _ in pairs] + [after for _, after in pairs]


def spans(layer: Any) -> list[int]:
    """The length of a window along each axis, with its holes."""
    return [(n - 1) * d + 1 for n, d in zip(layer.kernel_size, layer.dilation_rate, strict=True)]


def _kernel(array: Any) -> np.ndarray:
    """(*window, inputs, outputs) as (outputs, inputs, *window)."""
    return np.ascontiguousarray(np.transpose(array, (array.ndim - 1, array.ndim - 2, *range(array.ndim - 2))))


def _convolved(graph: Graph, kind: str, layer: Any, x: Value, kernel: Any, pairs: Pairs, **options: Any) -> Value:
    y = graph.node(
        kind,
        x,
        graph.weight(layer.kernel, _kernel(kernel)),
        layer.bias,
        kernel_shape=layer.kernel_size,
        strides=layer.strides,
        dilations=layer.dilation_rate,
        group=layer.groups,
        pads=begins_and_ends(pairs),
        **options,
    )
    return converted(graph, layer.activation, as_it_was(graph, y, layer.channels_last))


@conversion(Conv1D, Conv2D)
def conv(graph: Graph, layer: Any, x: Value) -> Value:
    x = channels_first(graph, graph.cast(x, layer.kernel.dtype), layer.channels_last)
    pairs = padding_pairs(layer.padding, x.sample_shape[1:], spans(layer), layer.strides)
    return _convolved(graph, "Conv", layer, x, layer.kernel.data, pairs)


@conversion(DepthwiseConv2D)
def depthwise(graph: Graph, layer: DepthwiseConv2D, x: Value) -> Value:
    x = channels_first(graph, graph.cast(x, layer.kernel.dtype), layer.channels_last)
    pairs = padding_pairs(layer.padding, x.sample_shape[1:], spans(layer), layer.strides)
    kernel = layer.kernel.data.reshape(*layer.kernel_size, 1, layer.filters)
    return _convolved(graph, "Conv", layer, x, kernel, pairs)


@conversion(Conv2DTranspose)
def conv_transpose(graph: Graph, layer: Conv2DTranspose, x: Value) -> Value:
    x = channels_first(graph, graph.cast(x, layer.kernel.dtype), layer.channels_last)
    channels, *before = x.sample_shape
    lengths = layer.convolve(tg.zeros((1, *before, channels), x.dtype)).shape[
        1:-1
    ]  # it chooses among the possible ones
    pairs = padding_pairs(layer.padding, lengths, spans(layer), layer.strides)
    least = [
        step * (n - 1) + span - sum(pair)
        for n, step, span, pair in zip(before, layer.strides, spans(layer), pairs, strict=True)
    ]
    extra = [length - n for length, n in zip(lengths, least, strict=True)]
    return _convolved(graph, "ConvTranspose", layer, x, layer.kernel.data, pairs, output_padding=extra)
