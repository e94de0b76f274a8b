"""What an ONNX file is made of: a graph that grows node by node."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_lite import Tensor

from ..naming import unique_name
from .library import library

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto, TypeProto, ValueInfoProto

OPSET, IR_VERSION = 20, 9  # of January 2024: onnxruntime 1.17, onnx 1.15
BATCH = "batch"
SMALL = 64  # of so many numbers, a constant may say what shape a node's result has
AT_EACH_ELEMENT = {
    *("Abs", "Neg", "Sign", "Ceil", "Floor", "Round", "Reciprocal", "Sqrt", "Exp", "Log", "Erf", "Cast", "Not"),
    *("Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Tanh", "Asinh", "Acosh", "Atanh"),
    *("Relu", "LeakyRelu", "Elu", "Gelu", "Sigmoid", "Softplus"),
    *("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mean", "And", "Where"),
}


@dataclass(frozen=True)
class Value:
    """What stands for a Tensor in an ONNX graph: a name, a shape (None for the batch axis) and a dtype.

    Where there is an `order`, what has that name has its axes in another one, and is transposed by `order` when someone
    needs it so. Thus a convolution's transposes never come to be where the next one would take them back. Where there
    is an `array`, it is a constant, which goes into the file when a node needs it.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: np.dtype
    order: tuple[int, ...] | None = None
    array: np.ndarray | None = field(default=None, compare=False, repr=False)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of one sample: without the batch axis."""
        return self.shape[1:]  # type: ignore[return-value]

    @property
    def ndim(self) -> int:
        """The number of axes, with the batch axis."""
        return len(self.shape)


class Graph:
    """An ONNX graph in the making: `node` adds an operation, whose inputs are Values, weights, arrays and numbers."""

    def __init__(self, weights: Iterable[tuple[str, Tensor]] = ()) -> None:
        self.onnx = library()
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.types: dict[str, TypeProto] = {}  # of all that has a name
        self._weight_names = {id(weight): name for name, weight in weights}
        self._transposed: dict[tuple[str, tuple[int, ...]], Value] = {}
        self._path: list[str] = []

    def inner(self) -> "Graph":
        """A graph for the inside of a node, such as a Scan: it shares the names with this one, and nothing else."""
        inner = Graph()
        inner.types, inner._weight_names, inner._path = self.types, self._weight_names, self._path
        return inner

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Inside, what is added has a name that begins with this one."""
        self._path.append(name)
        try:
            yield
        finally:
            self._path.pop()

    @property
    def path(self) -> str:
        """The name of the layer whose nodes are being added."""
        return ".".join(self._path)

    # What nodes are given.

    def input(self, name: str, shape: tuple[int | None, ...], dtype: np.dtype) -> Value:
        """A value that comes from outside."""
        name = unique_name(name, self.types)
        self._declare(name, dtype, shape)
        return Value(name, shape, dtype)

    def constant(self, array: Any, name: str = "constant") -> Value:
        """An array, as it is."""
        return self._constant(np.asarray(array), ".".join([*self._path, name]))

    def weight(self, weight: Tensor, array: Any = None) -> Value:
        """A weight under its own name, such as `dense.kernel`; if need be, as an array in ONNX's layout."""
        name = self._weight_names.get(id(weight)) or ".".join([*self._path, "constant"])
        return self._constant(np.asarray(weight.data if array is None else array), name)

    def _constant(self, array: np.ndarray, name: str) -> Value:
        return Value(name, array.shape, array.dtype, array=array)

    def value(self, x: Any, dtype: Any = None) -> Value:
        """x as a Value: it may be one, a Tensor, an array or a number. dtype: that of a number."""
        if isinstance(x, Value):
            return x
        if isinstance(x, Tensor):
            return self.weight(x)
        return self.constant(np.asarray(x, dtype if isinstance(x, (bool, int, float)) else None))

    # Nodes.

    def node(self, kind: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        """Adds a node, such as `node("Gemm", x, layer.kernel, layer.bias)`, and gives its Value, or a list of several.

        kind and attributes are those of https://onnx.ai/onnx/operators. inputs: Values, weights, arrays, numbers (of
        the dtype of the first Value), None where one is left out. Raises ValueError for what ONNX does not allow.
        """
        dtype = next((x.dtype for x in inputs if isinstance(x, Value)), None)
        values = [None if x is None else self.value(x, dtype) for x in inputs]
        order = _common_order(values) if kind in AT_EACH_ELEMENT else None
        names = ["" if x is None else self._written(self._in_order(x, order)) for x in values]
        while names and not names[-1]:
            names.pop()  # nothing is said of what is left out at the end
        results = [self._result(name, order) for name in self._add(kind, names, outputs, attributes)]
        return results if outputs > 1 else results[0]

    def _add(self, kind: str, names: list[str], outputs: int, attributes: dict[str, Any]) -> list[str]:
        helper = self.onnx.helper
        label = unique_name(".".join([*self._path, kind]), self.types)
        results = [label] + [unique_name(f"{label}.{i}", self.types) for i in range(1, outputs)]
        node = helper.make_node(kind, names, results, name=label, **attributes)
        types = {name: self.types[name] for name in names if name}
        small = [name for name in names if name in self.constants and self.constants[name].size <= SMALL]
        known = {name: self._tensor(name) for name in small}
        try:
            schema, opsets = self.onnx.defs.get_schema(kind, OPSET), [helper.make_opsetid("", OPSET)]
            self.types |= self.onnx.shape_inference.infer_node_outputs(
                schema, node, types, known, opset_imports=opsets, ir_version=IR_VERSION
            )
        except Exception as error:  # its classes are those of a compiled library, and have no other base in common
            raise ValueError(f"ONNX has no {kind} for what {self.path or 'the model'} does: {error}") from error
        self.nodes.append(node)
        return results

    def _result(self, name: str, order: tuple[int, ...] | None = None) -> Value:
        kind = self.types[name].tensor_type
        lengths = tuple([d.dim_value if d.WhichOneof("value") == "dim_value" else None for d in kind.shape.dim])
        shape = lengths if order is None else tuple([lengths[a] for a in order])
        return Value(name, shape, np.dtype(self.onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)), order)

    def cast(self, x: Value, dtype: Any) -> Value:
        """x in this dtype."""
        if x.dtype == dtype:
            return x
        if x.array is not None:
            return self._constant(x.array.astype(dtype), x.name)
        return self.node("Cast", x, to=self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    # The order of axes.

    def transpose(self, x: Value, axes: tuple[int, ...]) -> Value:
        """x with its axes in this order. Nothing is transposed until someone needs it so."""
        if x.array is not None:
            return self._constant(x.array.transpose(axes), x.name)
        order = tuple([a if x.order is None else x.order[a] for a in axes])
        is_its_own = order == tuple(range(x.ndim))
        return replace(x, shape=tuple([x.shape[a] for a in axes]), order=None if is_its_own else order)

    def stored(self, x: Value) -> tuple[Value, tuple[int, ...]]:
        """x as it is there, without a transpose, and the order of axes that makes x of it."""
        order = x.order or tuple(range(x.ndim))
        return self.transpose(x, _inverse(order)), order

    def _in_order(self, x: Value, order: tuple[int, ...] | None) -> Value:
        """The Value that is x once its axes are put in this order."""
        if order and x.ndim:
            if x.array is not None:  # as NumPy would lengthen its shape
                x = self._constant(x.array.reshape((1,) * (len(order) - x.ndim) + x.array.shape), x.name)
            x = self.transpose(x, _inverse(order))
        if x.order is None:
            return x
        if (x.name, x.order) not in self._transposed:
            (made,) = self._add("Transpose", [x.name], 1, {"perm": x.order})
            self._transposed[x.name, x.order] = self._result(made)
        return self._transposed[x.name, x.order]

    # The file.

    def _written(self, x: Value) -> str:
        """The name under which a node finds x. A constant that is there already is not written twice."""
        if x.array is None:
            return x.name
        for name in chain([x.name], (f"{x.name}_{i}" for i in count(1))):
            if name not in self.types:
                self.constants[name] = x.array
                self._declare(name, x.dtype, x.shape)
                break
            if name in self.constants and _same(self.constants[name], x.array):
                break
        return name

    def _declare(self, name: str, dtype: np.dtype, shape: tuple[int | None, ...]) -> None:
        helper = self.onnx.helper
        self.types[name] = helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(dtype), _lengths(shape))

    def _tensor(self, name: str) -> "TensorProto":
        return self.onnx.numpy_helper.from_array(self.constants[name], name)

    def _information(self, name: str, x: Value) -> "ValueInfoProto":
        helper = self.onnx.helper
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), _lengths(x.shape))

    def finished(self, name: str, inputs: Iterable[Value], outputs: dict[str, Value]) -> "GraphProto":
        """All of it, with these inputs and, under these names, these outputs. What nobody uses is left out."""
        inputs, ends = list(inputs), []
        renamed = {x.name: x.name for x in inputs}
        for wanted, x in outputs.items():
            x = self._in_order(x, None)
            if x.name in renamed or x.array is not None:
                x = self.node("Identity", x)
            renamed[x.name] = unique_name(wanted, self.types)
            self.types[renamed[x.name]] = self.types[x.name]
            ends.append(self._information(renamed[x.name], x))
        needed, nodes = set(renamed), []
        for node in reversed(self.nodes):
            if not needed.isdisjoint(node.output):
                nodes.append(node)
                needed |= set(node.input)
                for names in (node.input, node.output):
                    names[:] = [renamed.get(each, each) for each in names]
        constants = [self._tensor(each) for each in self.constants if each in needed]
        starts = [self._information(x.name, x) for x in inputs]
        return self.onnx.helper.make_graph(nodes[::-1], name, starts, ends, constants)


def _lengths(shape: tuple[int | None, ...]) -> list[int | str]:
    return [BATCH if n is None else n for n in shape]


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([order.index(a) for a in range(len(order))])


def _common_order(values: list[Value | None]) -> tuple[int, ...] | None:
    """In what order the axes may stay, where something is done at each element: that of the first that has one."""
    given = [x for x in values if x is not None]
    order = next((x.order for x in given if x.order), None)
    fits = order and all(x.ndim in (0, len(order)) or (x.array is not None and x.ndim < len(order)) for x in given)
    return order if fits else None
