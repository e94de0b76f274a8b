"""What is done to symbols with Python's operators and indexing."""

from typing import Any

import numpy as np

import tinygrad_lite as tg
from tinygrad_lite import Tensor

from ..symbol import get_item
from .conversions import conversion
from .graph import Graph, Value

LAST, FIRST = 2**63 - 1, -(2**63)  # as far as a slice may go


def _dtype(function: Any, *operands: Any) -> Any:
    """What the function gives for these operands: Python's numbers take the dtype of what they meet."""
    likes = [x if isinstance(x, (bool, int, float)) else np.ones((), x.dtype) for x in operands]
    return np.asarray(function(*likes)).dtype


def _operator(function: Any, kind: str, dtype_of: Any) -> None:
    """Registers a function of two arguments, of which one may be an array or a number."""

    @conversion(function)
    def convert(graph: Graph, *operands: Any) -> Value:
        operands = tuple([np.asarray(x) if isinstance(x, (list, tuple)) else x for x in operands])
        dtype = _dtype(dtype_of, *operands)
        return graph.node(kind, *[graph.cast(graph.value(x, dtype), dtype) for x in operands])


_operator(tg.add, "Add", np.add)
_operator(tg.subtract, "Sub", np.subtract)
_operator(tg.multiply, "Mul", np.multiply)
_operator(tg.divide, "Div", np.divide)
_operator(tg.power, "Pow", np.power)
_operator(tg.matmul, "MatMul", np.multiply)


@conversion(tg.astype)
def cast(graph: Graph, x: Value, dtype: Any) -> Value:
    return graph.cast(x, np.dtype(dtype))


@conversion(get_item)
def indexed(graph: Graph, x: Value, key: Any) -> Value:
    """First the slices, then what picks places, then the new axes: each is a node, where it is needed."""
    keys = _by_axis(graph, x, key)
    own = [k for k in keys if k is not None]
    slices = [(axis, k) for axis, k in enumerate(own) if isinstance(k, slice) and k != slice(None)]
    if slices:
        steps = [_or(k.step, 1) for _, k in slices]
        starts = [_or(k.start, 0 if step > 0 else LAST) for (_, k), step in zip(slices, steps, strict=True)]
        ends = [_or(k.stop, LAST if step > 0 else FIRST) for (_, k), step in zip(slices, steps, strict=True)]
        arguments = {"starts": starts, "ends": ends, "axes": [axis for axis, _ in slices], "steps": steps}
        x = graph.node("Slice", x, *[graph.constant(numbers, name) for name, numbers in arguments.items()])
    for axis, k in reversed(list(enumerate(own))):
        if not isinstance(k, slice):
            x = graph.node("Gather", x, graph.constant(k, "indices"), axis=axis)
    new, axis = [], 0
    for k in keys:
        new += [axis] if k is None else []
        axis += k.ndim if isinstance(k, np.ndarray) else 1
    return graph.node("Unsqueeze", x, graph.constant(new, "axes")) if new else x


def _or(place: Any, otherwise: int) -> int:
    return otherwise if place is None else int(place)


def _by_axis(graph: Graph, x: Value, key: Any) -> list[Any]:
    """For each axis a slice or an array of places (of no axes: one place), and None for each new one."""
    keys = list(key) if isinstance(key, tuple) else [key]
    if any(isinstance(k, (bool, np.bool_, Value)) for k in keys):
        raise NotImplementedError(f"ONNX export knows x[...] with slices and whole numbers, given {key!r:.60}")
    keys = [k if k is None or k is ... or isinstance(k, slice) else _places(k) for k in keys]
    missing = x.ndim - sum(1 for k in keys if k is not None and k is not ...)
    at = next((i for i, k in enumerate(keys) if k is ...), len(keys))
    keys = [*keys[:at], *[slice(None)] * missing, *keys[at + 1 :]]
    picking = [k for k in keys if isinstance(k, np.ndarray)]
    if len(picking) > 1 and any(k.ndim for k in picking):
        raise NotImplementedError(
            f"ONNX export knows one array among the indices of x[...], with no number beside it, given {key!r:.60}"
        )
    return keys


def _places(k: Any) -> np.ndarray:
    array = np.asarray(k.data if isinstance(k, Tensor) else k)
    if array.dtype == bool and array.ndim > 1:
        raise NotImplementedError("ONNX export knows masks of one axis in x[...], given one of more")
    return np.flatnonzero(array) if array.dtype == bool else array.astype(np.int64)
