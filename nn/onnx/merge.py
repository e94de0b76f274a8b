"""Several inputs to one."""

from functools import reduce
from typing import Any

import numpy as np

from ..layers import Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract
from .conversions import conversion
from .graph import Graph, Value


def alike(graph: Graph, inputs: Any, least: Any = None) -> list[Value]:
    """The inputs in one dtype: whole numbers next to floating point numbers become such."""
    values = [graph.value(x) for x in inputs]
    floats = [x.dtype for x in values if x.dtype.kind == "f"] or ([least] if least else [x.dtype for x in values])
    return [graph.cast(x, np.result_type(*floats)) for x in values]


def _one_by_one(layer: type, kind: str) -> None:
    """Registers a layer that takes its inputs together two by two."""

    @conversion(layer)
    def convert(graph: Graph, layer: Any, inputs: Any) -> Value:
        return reduce(lambda x, y: graph.node(kind, x, y), alike(graph, inputs))


for _layer, _kind in {Add: "Add", Subtract: "Sub", Multiply: "Mul", Maximum: "Max", Minimum: "Min"}.items():
    _one_by_one(_layer, _kind)


@conversion(Average)
def average(graph: Graph, layer: Average, inputs: Any) -> Value:
    return graph.node("Mean", *alike(graph, inputs, np.float32))


@conversion(Concatenate)
def concatenate(graph: Graph, layer: Concatenate, inputs: Any) -> Value:
    return joined(graph, alike(graph, inputs), layer.axis)


def joined(graph: Graph, values: list[Value], axis: int) -> Value:
    """One after the other along this axis, in whatever order their axes are if that is the same for all."""
    orders = {x.order for x in values}
    if len(orders) > 1 or orders == {None}:
        return graph.node("Concat", *values, axis=axis)
    bare, order = zip(*map(graph.stored, values), strict=True)
    return graph.transpose(graph.node("Concat", *bare, axis=order[0][axis]), order[0])


@conversion(Dot)
def dot(graph: Graph, layer: Dot, inputs: Any) -> Value:
    (x, y) = alike(graph, inputs)
    a, b = layer.axes[0] % x.ndim, layer.axes[1] % y.ndim
    if layer.normalize:
        x, y = _unit(graph, x, a), _unit(graph, y, b)
    left, right = "z" + "abcdefgh"[: x.ndim - 2], "z" + "stuvwxy"[: y.ndim - 2]
    equation = f"{left[:a]}k{left[a:]},{right[:b]}k{right[b:]}->{left}{right[1:]}"
    out = graph.node("Einsum", x, y, equation=equation)
    return out if out.ndim > 1 else graph.node("Unsqueeze", out, graph.constant([1], "axes"))


def _unit(graph: Graph, x: Value, axis: int) -> Value:
    length = graph.node("ReduceL2", x, graph.constant([axis], "axes"))
    return graph.node("Div", x, graph.node("Max", length, 1e-12))
