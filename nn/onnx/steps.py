"""A recurrent layer's steps one by one, in an ONNX Scan: where the mask is False, the states stay what they were."""

from typing import Any

import numpy as np

from ..layers import GRU, LSTM
from ..layers.recurrent import Recurrent
from .dense import affine
from .graph import Graph, Value


def through_steps(
    graph: Graph, layer: Recurrent, x: Value, initial: list[Value], mask: Value
) -> tuple[Value, list[Value]]:
    """The states after each step, in order of time, and the last ones. x: (time, batch, features)."""
    bias = layer.input_bias()
    sums = affine(graph, x, layer.kernel, None if bias is None else graph.weight(layer.bias, bias.data))
    masks = graph.node("Unsqueeze", graph.transpose(graph.cast(mask, bool), (1, 0)), graph.constant([2], "axes"))
    states = initial or [_zeros(graph, layer, x)] * len(layer.state_names)
    inner, path = graph.inner(), graph.path
    before = [inner.input(f"{path}.{name}", (None, layer.units), x.dtype) for name in layer.state_names]
    step = inner.input(f"{path}.step", (None, sums.shape[-1]), x.dtype)
    present = inner.input(f"{path}.present", (None, 1), np.dtype(bool))
    after = [
        inner.node("Where", present, new, old)
        for new, old in zip(_step(inner, layer, step, before), before, strict=True)
    ]
    shown = inner.node("Identity", after[0])
    names = {
        f"{path}.{name}.next": value for name, value in zip([*layer.state_names, "out"], [*after, shown], strict=True)
    }
    body = inner.finished(f"{path}.body", [*before, step, present], names)
    direction = int(layer.go_backwards)
    *last, sequence = graph.node(
        "Scan",
        *states,
        sums,
        masks,
        outputs=len(states) + 1,
        body=body,
        num_scan_inputs=2,
        scan_input_directions=[direction] * 2,
        scan_output_directions=[direction],
    )
    return sequence, last


def _zeros(graph: Graph, layer: Recurrent, x: Value) -> Value:
    """The initial state, for as many samples as there are."""
    samples = graph.node("Shape", x, start=1, end=2)
    shape = graph.node("Concat", samples, graph.constant([layer.units], "units"), axis=0)
    return graph.node("Expand", graph.constant(np.zeros((1, 1), x.dtype), "zero"), shape)


def _step(graph: Graph, layer: Any, x: Value, states: list[Value]) -> list[Value]:
    """The new states: the layer's formula."""
    product = graph.node("MatMul", states[0], layer.recurrent_kernel)
    if isinstance(layer, GRU):
        return [_gru(graph, layer, x, states[0], product)]
    if isinstance(layer, LSTM):
        return _lstm(graph, layer, graph.node("Add", x, product), states[1])
    return [_activated(graph, layer.activation, graph.node("Add", x, product))]


def _lstm(graph: Graph, layer: LSTM, sums: Value, memory: Value) -> list[Value]:
    write, forget, new, read = graph.node("Split", sums, outputs=4, axis=1, num_outputs=4)
    write, forget, read = [_activated(graph, layer.recurrent_activation, gate) for gate in (write, forget, read)]
    written = graph.node("Mul", write, _activated(graph, layer.activation, new))
    memory = graph.node("Add", graph.node("Mul", forget, memory), written)
    return [graph.node("Mul", read, _activated(graph, layer.activation, memory)), memory]


def _gru(graph: Graph, layer: GRU, x: Value, state: Value, product: Value) -> Value:
    if layer.use_bias:
        product = graph.node("Add", product, graph.weight(layer.bias, layer.bias.data[1]))
    given, handed = (graph.node("Split", each, outputs=3, axis=1, num_outputs=3) for each in (x, product))
    update, reset = [
        _activated(graph, layer.recurrent_activation, graph.node("Add", a, b))
        for a, b in zip(given[:2], handed[:2], strict=True)
    ]
    new = graph.node("Add", given[2], graph.node("Mul", reset, handed[2]))
    new = _activated(graph, layer.activation, new)
    return graph.node("Add", new, graph.node("Mul", update, graph.node("Sub", state, new)))


def _activated(graph: Graph, name: str, x: Value) -> Value:
    return x if name == "linear" else graph.node(name.capitalize(), x)
