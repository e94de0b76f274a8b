"""From a result to its graph in plain items and edges: one walk back, which everything measured is taken from."""

import inspect
import linecache
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter
from typing import Any

import numpy as np

from .. import backprop
from ..batching import Batch, bare
from ..mode import ScopeWithLine
from ..primitive import NUMBERS, Array, Node, describe
from . import measures
from .structure import Edge, Graph, Item, Kind, boxes_of
from .summary import SIGNS, Summary, figure, look

_BLAMED = 3
_NO_SHARE = None, None, None


def read(result: Node, heat: str = "gradient") -> Graph:
    """Reads the graph that `result` was computed by. Every `.grad` and the graph itself stay as they are.

    The walk back starts with 1, or with ones where the result is not a single number. heat: what the colours are to
    say, one of `measures.HEATS`; for "time", each operation is computed once more.

    Raises RuntimeError where the graph was freed, or where a Tensor in it was changed in place after use; TypeError if
    `result` is not a Tensor, ValueError for an unknown heat.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor(3.0, requires_grad=True, name="x")
    >>> graph = read(x * x)
    >>> [(item.name or item.operation, item.value.text, item.gradient.text) for item in graph.items]
    [('x', '3', '6'), ('multiply', '9', '1')]
    >>> [(edge.source, edge.target, edge.share) for edge in graph.edges]
    [(0, 1, '3'), (0, 1, '3')]
    """
    measures.known(heat)
    if not isinstance(result, Node):
        raise TypeError(f"draw() takes a Tensor, the result of a computation, given {describe(result)}")
    try:
        nodes = backprop.history(result)
    except RuntimeError as error:
        raise RuntimeError(
            f"{error}. To see the graph, call draw(loss) before loss.backward() and before the optimizer's step,"
            " or call backward(retain_graph=True)"
        ) from None
    with np.errstate(all="ignore"):
        return _read(result, nodes, heat)


def _read(result: Node, nodes: list[Node], heat: str) -> Graph:
    blame = _Blame()
    if nodes:
        backprop.pull_back(nodes, np.ones_like(result._data)[()], watch=blame.watch)
    notes: tuple[str, ...] = ()
    if nodes and result._data.size != 1:
        notes = ("The result is not a single number: sensitivities are those of its sum.",)
    return _Reading(blame, heat).all_of(nodes or [result], notes)


def graph_of(nodes: list[Node]) -> Graph:
    """The graph of these nodes (newest first) without walking it back: nothing is said of any sensitivity."""
    return _Reading(_Blame(), "gradient").all_of(nodes, ())


class _Blame:
    """Looks over the shoulder of the walk back; it keeps a few numbers of each cotangent, never the array."""

    def __init__(self) -> None:
        self.of_node: dict[int, tuple[Summary, float, float]] = {}  # the gradient, its length, the blame
        self.of_arguments: dict[int, list[tuple[float, float, float]]] = {}  # length, blame, the number handed back
        self.handed: dict[int, int] = {}  # how many shares each node was given

    def watch(self, node: Node, argument: Node | None, g: Array) -> None:
        if argument is None:
            number = node._number
            if self.handed.pop(number, 0) != 1:  # a sum of several shares, or what the walk starts with
                self.of_node[number] = self.measured(node, g)
            self.of_arguments[number] = []
        else:
            number = argument._number
            self.of_node[number] = found = self.measured(argument, g)
            self.handed[number] = self.handed.get(number, 0) + 1
            self.of_arguments[node._number].append((found[1], found[2], g.item() if g.size == 1 else found[1]))

    def measured(self, node: Node, g: Array) -> tuple[Summary, float, float]:
        summary, length, _ = look(g)
        return summary, length, measures.blame(bare(node._data), g)


@dataclass
class _Reading:
    """The items and edges found so far, oldest first."""

    blame: _Blame
    heat: str
    items: list[Item] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    began: int = 0  # the number of the oldest step: a constant that is older came from outside
    places: dict[int, int] = field(default_factory=dict)  # a node's number, or minus a bare array's id: its item's id

    def all_of(self, nodes: list[Node], notes: tuple[str, ...]) -> Graph:
        homes = _homes(nodes)
        self.began = min([node._number for node in nodes if node._primitive is not None], default=0)
        for node in reversed(nodes):
            if node._primitive is not None:
                self._operation(node, homes)
        if not self.items:
            self._leaf(nodes[0], ())
        result, boxes = len(self.items) - 1, boxes_of(self.items)
        hottest = _hottest(self.items, self.heat)
        return Graph(self.items, self.edges, result, hottest, notes, boxes, self.heat, _warnings(self.items))

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
                outside = isinstance(x, Node) and not x._requires_grad and x._number < self.began
                self._leaf(x, () if outside else homes[key])
            wanted = isinstance(x, Node) and x._requires_grad and (step.variadic or step.rules[i] is not None)
            arguments.append((self.places[key], wanted))
        for name, v in node._params.items():
            if _is_array(v):
                if _key(v) not in self.places:
                    self._leaf(v, node._scope, name)
                arguments.append((self.places[_key(v)], False))
        notes = [] if set(words) <= {"·"} else [_formula(step.name, words)]
        usual = _defaults(step.forward)
        notes += [
            f"{k}={word}" for k, v in node._params.items() if v is not usual.get(k, ...) and (word := _setting(v))
        ]
        line, code = _line(node._scope)
        id = self._add(node, "operation", node._scope, operation=step.name, note=", ".join(notes), line=line, code=code)
        shares = iter(self.blame.of_arguments.get(node._number, ()))
        for source, wanted in arguments:
            share = next(shares, _NO_SHARE) if wanted else _NO_SHARE
            self.edges.append(Edge(source, id, *share))

    def _leaf(self, x: Any, scope: tuple[str, ...], role: str = "") -> None:
        self._add(x, "parameter" if isinstance(x, Node) and x._requires_grad else "data", scope, role)

    def _add(self, x: Any, kind: Kind, scope: tuple[str, ...], role: str = "", **more: Any) -> int:
        data, name = (x._data, x.name or role) if isinstance(x, Node) else (x, role)
        id = self.places[_key(x)] = len(self.items)
        values = bare(data)  # of all examples, inside of vmap
        seen, gradient = look(values), None
        measured = measures.of_value(values, seen, kind == "parameter", more.get("operation") == "relu")
        if isinstance(x, Node) and x._primitive and x._primitive.view and getattr(data, "base", None) is not None:
            measured["bytes"] = 0.0  # it looks at the memory of another
        if isinstance(x, Node) and (found := self.blame.of_node.get(x._number)):
            gradient, measured["gradient"], measured["blame"] = found
        if self.heat == "time" and kind == "operation" and (seconds := _seconds(x)) is not None:
            measured["time"] = seconds
        name = str(name or "")
        shape, dtype = tuple(data.shape), _name_of(data.dtype)
        self.items.append(
            Item(id, kind, name, **more, shape=shape, dtype=dtype, value=seen.summary, scope=scope[:],
                 gradient=gradient, measures=measured)
        )  # fmt: skip
        return id


def _seconds(node: Node) -> float | None:
    """How long the operation takes, computed once more: the shorter of two times."""
    step: Any = node._primitive
    data = [x._data if isinstance(x, Node) else x for x in node._inputs or ()]
    times = []
    for _ in range(2):
        began = perf_counter()
        try:
            step.forward(*data, **node._params)
        except Exception:  # an operation that works only once is no reason to have no picture
            return None
        times.append(perf_counter() - began)
    return min(times)


def _warnings(items: list[Item]) -> tuple[str, ...]:
    """Where nan and infinite numbers come from: the oldest value, and the gradient that the walk back met first."""
    values = [x for x in items if x.value and x.value.wrong]
    gradients = [x for x in items if x.gradient and x.gradient.wrong]
    found = [f"the first value is that of {_place(values[0])}"] if values else []
    found += [f"going back, the first gradient is that of {_place(gradients[-1])}"] if gradients else []
    return (f"nan or inf: {'; '.join(found)}.",) if found else ()


def _place(item: Item) -> str:
    return " / ".join([*item.scope, item.name or item.operation or item.kind])


def _line(scope: tuple[str, ...]) -> tuple[str, str]:
    """The line of the program, as `train.py:12`, and what is written there; nothing where it was not recorded."""
    if not isinstance(scope, ScopeWithLine) or scope.line is None:
        return "", ""
    file, number = scope.line
    return f"{os.path.basename(file)}:{number}", linecache.getline(file, number).strip()


def _hottest(items: list[Item], heat: str) -> tuple[Item, ...]:
    """Of what the heat is about, the items that have most of it; nan comes before all."""
    kind = measures.HEATS[heat].about
    found = [(x.heat(heat) or 0.0, x) for x in items if x.kind == kind]
    found = sorted([x for x in found if x[0]], key=lambda x: (x[0] == x[0], -x[0], x[1].id))
    return tuple([x for _, x in found[:_BLAMED]])


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
        return not x._requires_grad and x._data.ndim == 0 and type(x._data) is not Batch and not x.name
    return type(x) in NUMBERS or (x is not None and x.ndim == 0)


@cache
def _defaults(forward: Any) -> dict[str, Any]:
    """What its settings are where nobody says otherwise: not worth a word."""
    return {x.name: x.default for x in inspect.signature(forward).parameters.values() if x.default is not x.empty}


def _formula(operation: str, words: list[str]) -> str:
    """What an operation does with its constants: `· ** 2`, `(·, 0)`."""
    return SIGNS[operation].join(words) if operation in SIGNS else f"({', '.join(words)})"


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
    if hasattr(value, "_fields"):  # a NamedTuple has words of its own
        return str(value)[:60]
    if isinstance(value, tuple) and len(value) <= 6 and depth < 2:
        words = [_setting(v, depth + 1) for v in value]
        return f"({', '.join(words)})" if all(words) else ""
    return ""
