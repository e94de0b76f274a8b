"""The recorded graph as plain items, edges and boxes: what each value is, and how strongly the result answers to it.

*Sensitivity* is the plain word for gradient: how much the result moves when a value moves a little. A single number has
the sensitivity |d result / d value|. For an array it is the length of the gradient, the root of the sum of its squares:
move the array by a small step of length 1 in the direction that matters most, and the result moves by this much.

An item's sensitivity is that of all the ways its value reaches the result by. An edge's sensitivity is its own share:
what the operation at its end hands back to this one argument.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from . import measures
from .measures import Measures
from .summary import Summary, figure

DEEPEST = 8  # boxes inside boxes that are told apart; what lies deeper belongs to the last of them
Kind = Literal["parameter", "data", "operation", "layer", "fold", "failed"]


@dataclass(frozen=True, slots=True)
class Item:
    """One value of the graph, or many of them folded into one.

    parameter: a leaf that wants a gradient. data: a leaf that doesn't. operation: a step and its result. layer: a box
    that was closed. fold: what was left out of a graph that is too large to look at.
    failed: an operation that raised an error.
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
    measures: Measures = field(default_factory=dict)  # what is known of `measures.HEATS`; see `measures.folded`
    scope: tuple[str, ...] = ()
    line: str = ""  # where the program recorded it, "train.py:12", if that was asked for: see `record_lines`
    code: str = ""  # what is written in that line
    copies: tuple["Box", ...] = ()  # of a layer that stands for several of the same structure: all of them

    @property
    def sensitivity(self) -> float | None:
        """The length of its gradient. None where no gradient flows."""
        return self.measures.get("gradient")

    def heat(self, kind: str) -> float | None:
        """One of `measures.HEATS`, if it can be told of this item."""
        if kind == "ratio" and self.kind in ("operation", "data"):
            return None
        return measures.of(self.measures, kind)


@dataclass(frozen=True, slots=True)
class Edge:
    """What flows from an item into an operation, and how strongly the result answers to it there."""

    source: int
    target: int
    sensitivity: float | None = None
    blame: float | None = None  # see `measures.blame`
    handed: float | None = None  # the number handed back, with its sign, or the length of the array handed back

    @property
    def share(self) -> str:
        """What is handed back, in words."""
        return "" if self.handed is None else figure(self.handed, 3)


@dataclass(frozen=True, slots=True)
class Box:
    """A named part of the graph, a layer or a block of them: all items whose scope begins with these names."""

    scope: tuple[str, ...]
    measures: Measures = field(default_factory=dict)  # of all that it holds, as of one closed item
    note: str = ""  # what it holds, counted
    copies: tuple["Box", ...] = ()  # where it stands for several of the same structure: all of them, also itself
    kind: ClassVar[str] = "box"

    def heat(self, kind: str) -> float | None:
        """One of `measures.HEATS`, if it can be told of this box."""
        return measures.of(self.measures, kind)

    def heat_among(self, kind: str) -> float | None:
        """What it is compared with its copies by: its heat or, where it has no weights, the gradient of its output."""
        own = self.heat(kind)
        return self.measures.get("flow") if own is None and kind == "gradient" else own


@dataclass(frozen=True, slots=True)
class Graph:
    """All that a picture of the graph needs to know; it holds on to no Tensor."""

    items: list[Item]
    edges: list[Edge]
    result: int
    to_blame: tuple[Item, ...] = ()  # those with the greatest heat, greatest first, as they were before any folding
    notes: tuple[str, ...] = ()  # what the reader of the picture must be told
    boxes: tuple[Box, ...] = ()  # in the order in which items first stand in them, a box before those inside it
    heat: str = "gradient"  # what the colours of its picture say: one of `measures.HEATS`
    warnings: tuple[str, ...] = ()  # where nan and infinite numbers begin

    @property
    def failed(self) -> bool:
        """True for a graph that ends in an error: there is no result, and nothing flows back."""
        return self.items[self.result].kind == "failed"

    def heat_of(self, edge: Edge) -> float | None:
        """What the colour of an edge says: its own share, or what its source is coloured for."""
        if self.heat == "gradient":
            return edge.sensitivity
        if self.heat == "blame":
            return edge.blame
        return self.items[edge.source].heat(self.heat) if self.heat != "time" else None

    def value_origins(self) -> list[Item]:
        """Where the nan or inf of the result began: the values that hold some though nothing they were made of does.

        Only those that led to it, oldest first; none if the result is finite.
        """
        found = {self.result} if _wrong(self.items[self.result].value) else set()
        caused = set()
        for edge in sorted(self.edges, key=lambda edge: -edge.target):
            if edge.target in found and _wrong(self.items[edge.source].value):
                found.add(edge.source)
                caused.add(edge.target)
        return [self.items[i] for i in sorted(found - caused)]

    def gradient_origins(self) -> list[Edge]:
        """Where the nan or inf of parameters' gradients began, newest first: what handed it on was handed finite ones.

        That is an edge: its target is the operation whose derivative it was, its source what that was handed to.
        """
        found = {x.id for x in self.items if x.kind == "parameter" and _wrong(x.gradient)}
        origins = []
        for edge in sorted(self.edges, key=lambda edge: edge.target):
            if edge.source in found:
                if _wrong(self.items[edge.target].gradient):
                    found.add(edge.target)
                elif edge.handed is not None and not math.isfinite(edge.handed):
                    origins.append(edge)
        return origins[::-1]

    def heats(self) -> list[float]:
        """All that is coloured, to make a scale of: of items, edges, boxes and each copy that a box stands for."""
        on_edges = self.heat in ("gradient", "blame")
        found = [self.heat_of(x) for x in self.edges]
        found += [x.heat(self.heat) for x in self.items if not on_edges or x.kind != "operation"]
        found += [box.heat(self.heat) for box in self.boxes]
        found += [copy.heat_among(self.heat) for box in self.boxes for copy in box.copies]
        found += [copy.heat_among(self.heat) for item in self.items for copy in item.copies]
        return [x for x in found if x is not None]


def _wrong(summary: Summary | None) -> bool:
    return summary is not None and summary.wrong


def boxes_of(items: Iterable[Item]) -> tuple[Box, ...]:
    """The boxes that these items stand in, with what can be measured of each."""
    members: dict[tuple[str, ...], list[Item]] = {}
    for item in items:
        for depth in range(1, min(len(item.scope), DEEPEST) + 1):
            members.setdefault(item.scope[:depth], []).append(item)
    return tuple([Box(scope, measures.folded(found), counted(found)) for scope, found in members.items()])


def counted(items: Iterable[Item]) -> str:
    """How many there are of each kind: "12 operations, 4 parameters"."""
    kinds = [x.kind for x in items]
    counts = {
        "operation": kinds.count("operation") + kinds.count("layer"),
        "parameter": kinds.count("parameter"),
        "value": kinds.count("data"),
    }
    return ", ".join(f"{n:,} {what}{'s' * (n > 1)}" for what, n in counts.items() if n)


def rebuilt(graph: Graph, items: list[Item], edges: list[Edge], result: int) -> Graph:
    """The graph with other items and edges, and of its boxes those that still hold something."""
    scopes = {item.scope[:depth] for item in items for depth in range(1, min(len(item.scope), DEEPEST) + 1)}
    boxes = tuple([box for box in graph.boxes if box.scope in scopes])
    return replace(graph, items=items, edges=edges, result=result, boxes=boxes)


def stem(name: str) -> str:
    """A name without the number that tells it from its siblings.

    >>> stem("block_12"), stem("conv2d"), stem("7")
    ('block', 'conv2d', '7')
    """
    return re.sub(r"(?<=.)_\d+$", "", name, flags=re.DOTALL)
