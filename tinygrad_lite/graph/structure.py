"""The recorded graph as plain items and edges, with what each value is and how strongly the result answers to it.

*Sensitivity* is the plain word for gradient: how much the result moves when a value moves a little. A single number has
the sensitivity |d result / d value|. For an array it is the length of the gradient, the root of the sum of its squares:
move the array by a small step of length 1 in the direction that matters most, and the result moves by this much.

An item's sensitivity is that of all the ways its value reaches the result by. An edge's sensitivity is its own share:
what the operation at its end hands back to this one argument.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import numpy as np

from .. import backprop
from ..primitive import NUMBERS, Array, Node, describe
from .summary import MINUS, TIMES, Summary, figure, signed, strength, summarise

_SIGNS = {"add": " + ", "subtract": f" {MINUS} ", "multiply": f" {TIMES} ", "divide": " / ", "power": " ** "}
_BLAMED = 3
Kind = Literal["parameter", "data", "operation", "layer", "fold"]


@dataclass(frozen=True, slots=True)
class Item:
    """One value of the graph, or many of them folded into one.

    parameter: a leaf that wants a gradient. data: a leaf that doesn't. operation: a step and its result. layer: a box
    that was closed. fold: what was left out of a graph that is too large to look at.
    """

    id: int  # its place in the graph's items: an item comes after all that it was computed from
    kind: Kind
    name: str = ""
    operation: str = ""
    note: str = ""  # the step's numbers and settings: "· ** 2", "axis=1"
    shape: tuple[int, ...] = ()
    dtype: str = ""
    value: Summary | None = None
    gradient: Summary | None = None
    sensitivity: float | None = (
        None  # None where no gradient flows; of a layer or fold: that of its parameters together
    )
    scope: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """What flows from an item into an operation, and how strongly the result answers to it there."""

    source: int
    target: int
    sensitivity: float | None = None
    share: str = ""  # the number handed back, with its sign, or the length of the array handed back


@dataclass(frozen=True, slots=True)
class Graph:
    """All that a picture of the graph needs to know; it holds on to no Tensor."""

    items: list[Item]
    edges: list[Edge]
    result: int
    to_blame: tuple[Item, ...] = ()  # the parameters that the result answers to most strongly, strongest first
    notes: tuple[str, ...] = ()  # what the reader of the picture must be told


def read(result: Node) -> Graph:
    """Reads the graph that `result` was computed by. Every `.grad` and the graph itself stay as they are.

    The walk back starts with 1, or with ones where the result is not a single number. Raises RuntimeError where the
    graph was freed, or where a Tensor in it was changed in place after use; TypeError if `result` is not a Tensor.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor(3.0, requires_grad=True, name="x")
    >>> graph = read(x * x)
    >>> [(item.name or item.operation, item.value.text, item.gradient.text) for item in graph.items]
    [('x', '3', '6'), ('multiply', '9', '1')]
    >>> [(edge.source, edge.target, edge.share) for edge in graph.edges]
    [(0, 1, '3'), (0, 1, '3')]
    """
    if not isinstance(result, Node):
        raise TypeError(f"draw() takes a Tensor, the result of a computation, given {describe(result)}")
    try:
        nodes = backprop.history(result)
    except RuntimeError as error:
        raise RuntimeError(
            f"{error}. To see the graph, call draw(loss) before loss.backward() and before the optimizer's step,"
            " or call backward(retain_graph=True)"
        ) from None
    blame = _Blame()
    if nodes:
        backprop.pull_back(nodes, np.ones_like(result._data)[()], watch=blame.watch)
    notes: tuple[str, ...] = ()
    if nodes and result._data.size != 1:
        notes = ("The result is not a single number: sensitivities are those of its sum.",)
    return _Reading(blame).all_of(nodes or [result], notes)


class _Blame:
    """Looks over the shoulder of the walk back; it keeps a few numbers of each cotangent, never the array."""

    def __init__(self) -> None:
        self.of_node: dict[int, tuple[Summary, float]] = {}
        self.of_arguments: dict[int, list[tuple[float, str]]] = {}

    def watch(self, node: Node, argument: Node | None, g: Array) -> None:
        if argument is None:
            self.of_node[node._number] = summarise(g), strength(g)
            self.of_arguments[node._number] = []
        else:
            self.of_arguments[node._number].append((strength(g), signed(g)))


@dataclass
class _Reading:
    """The items and edges found so far, oldest first."""

    blame: _Blame
    items: list[Item] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)  # a node's number, or minus a bare array's id: its item's id

    def all_of(self, nodes: list[Node], notes: tuple[str, ...]) -> Graph:
        homes = _homes(nodes)
        for node in reversed(nodes):
            if node._primitive is not None:
                self._operation(node, homes)
        if not self.items:
            self._leaf(nodes[0], ())
        blamed = [(-x.sensitivity, x.id) for x in self.items if x.kind == "parameter" and x.sensitivity]
        worst = sorted(blamed, key=lambda x: (x[0] == x[0], x))[:_BLAMED]  # nan before all
        return Graph(self.items, self.edges, len(self.items) - 1, tuple(self.items[id] for _, id in worst), notes)

    def _operation(self, node: Node, homes: dict[int, tuple[str, ...]]) -> None:
        step: Any = node._primitive
        arguments, words = [], []
        for i, x in enumerate(node._inputs or ()):
            if _is_plain_number(x):
                words.append(_word(x))
                continue
            if x is None:
                continue
            words.append("·")
            key = _key(x)
            if key not in self.places:
                self._leaf(x, homes[key] if not isinstance(x, Node) or x._requires_grad else ())
            wanted = isinstance(x, Node) and x._requires_grad and (step.variadic or step.rules[i] is not None)
            arguments.append((self.places[key], wanted))
        for name, v in node._params.items():
            if _is_array(v):
                if _key(v) not in self.places:
                    self._leaf(v, node._scope, name)
                arguments.append((self.places[_key(v)], False))
        notes = [] if set(words) <= {"·"} else [_formula(step.name, words)]
        notes += [f"{name}={word}" for name, v in node._params.items() if (word := _setting(v))]
        id = self._add(node, "operation", node._scope, operation=step.name, note=", ".join(notes))
        shares = iter(self.blame.of_arguments.get(node._number, ()))
        for source, wanted in arguments:
            share = next(shares, (None, "")) if wanted else (None, "")
            self.edges.append(Edge(source, id, *share))

    def _leaf(self, x: Any, scope: tuple[str, ...], role: str = "") -> None:
        self._add(x, "parameter" if isinstance(x, Node) and x._requires_grad else "data", scope, role)

    def _add(self, x: Any, kind: Kind, scope: tuple[str, ...], role: str = "", **more: str) -> int:
        data, name = (x._data, x.name or role) if isinstance(x, Node) else (x, role)
        id = self.places[_key(x)] = len(self.items)
        gradient, sensitivity = self.blame.of_node.get(x._number, (None, None)) if isinstance(x, Node) else (None, None)
        name = str(name or "")
        shape, dtype = tuple(data.shape), _name_of(data.dtype)
        self.items.append(
            Item(id, kind, name, **more, shape=shape, dtype=dtype, value=summarise(data), scope=scope,
                 gradient=gradient, sensitivity=sensitivity)
        )  # fmt: skip
        return id


_name_of = cache(str)  # NumPy takes its time to spell a dtype


def _homes(nodes: Iterable[Node]) -> dict[int, tuple[str, ...]]:
    """The box that each leaf belongs to: the innermost one that holds all the operations it is used in."""
    homes: dict[int, tuple[str, ...]] = {}
    for node in nodes:
        for x in node._inputs or ():
            if not isinstance(x, Node) or x._primitive is None:
                key, scope = _key(x), node._scope
                known = homes.get(key, scope)
                if known != scope:
                    same = [a == b for a, b in zip(known, scope, strict=False)]
                    scope = scope[: [*same, False].index(False)]
                homes[key] = scope
    return homes


def _key(x: Any) -> int:
    return x._number if isinstance(x, Node) else -id(x)


def _is_plain_number(x: Any) -> bool:
    """A constant without axes and without a name is written into the operation, it needs no place of its own."""
    if isinstance(x, Node):
        return not x._requires_grad and x._data.ndim == 0 and not x.name
    return type(x) in NUMBERS or (x is not None and x.ndim == 0)


def _formula(operation: str, words: list[str]) -> str:
    """What an operation does with its constants: `· ** 2`, `(·, 0)`."""
    return _SIGNS[operation].join(words) if operation in _SIGNS else f"({', '.join(words)})"


def _word(x: Any) -> str:
    number = x._data.item() if isinstance(x, Node) else x if isinstance(x, (int, float)) else x.item()
    return figure(number, 6) if isinstance(number, float) else str(number)


def _is_array(setting: Any) -> bool:
    """A setting that is data: labels, a mask. It is drawn like an argument that no gradient flows to."""
    return isinstance(setting, Node) or (hasattr(setting, "dtype") and getattr(setting, "ndim", 0) > 0)


def _setting(value: Any, depth: int = 0) -> str:
    """A step's setting, if it says anything and is short: numbers, words and tuples of them."""
    if value is None or value is False:
        return ""
    if isinstance(value, (bool, int)):
        return str(value)
    if isinstance(value, float):
        return figure(value)
    if isinstance(value, str):
        return value[:60]
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, tuple) and len(value) <= 6 and depth < 2:
        words = [_setting(v, depth + 1) for v in value]
        return f"({', '.join(words)})" if all(words) else ""
    return ""
