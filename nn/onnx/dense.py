"""Layers whose heart is a table: Dense and Embedding."""

from typing import Any

from ..layers import Dense, Embedding
from .calls import converted
from .conversions import conversion
from .graph import Graph, Value


def affine(graph: Graph, x: Value, kernel: Any, bias: Any = None) -> Value:
    """x @ kernel + bias: one node, where x is a matrix."""
    if bias is None:
        return graph.node("MatMul", x, kernel)
    if x.ndim == 2:
        return graph.node("Gemm", x, kernel, bias)
    return graph.node("Add", graph.node("MatMul", x, kernel), bias)


@conversion(Dense)
def dense(graph: Graph, layer: Dense, x: Value) -> Value:
    x = graph.cast(x, layer.kernel.dtype)
    return converted(graph, layer.activation, affine(graph, x, layer.kernel, layer.bias if layer.use_bias else None))


@conversion(Embedding)
def embedding(graph: Graph, layer: Embedding, ids: Value) -> Value:
    return graph.node("Gather", layer.embeddings, ids if ids.dtype in ("int32", "int64") else graph.cast(ids, "int64"))
