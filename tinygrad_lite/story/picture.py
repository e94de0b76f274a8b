"""The drawing beside the story: the steps that are told, and which of its parts light up with which step."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..graph import dot, fold
from ..graph.measures import folded
from ..graph.reading import _is_plain_number
from ..graph.render import CannotRender, render
from ..graph.structure import Graph, Item, counted
from ..primitive import Node
from .steps import Telling

_WHOLE = 60  # items: a graph up to here is drawn as it is


@dataclass
class Picture:
    """A graph to draw. nodes: by the number of a step, its item; edges: those along which it hands something back."""

    graph: Graph
    nodes: dict[int, int]
    edges: dict[int, tuple[int, ...]]

    @cached_property
    def svg(self) -> str:
        """The drawing, or nothing where nothing is installed that draws."""
        try:
            svg = render(dot.source_of(self.graph), "svg").decode()
        except CannotRender:
            return ""
        return svg[svg.index("<svg") :]


def places_of(graph: Graph, nodes: Sequence[Node]) -> dict[int, int]:
    """For each node (of a history, newest first), by its number, the item of the graph that stands for it."""
    operations = [item.id for item in graph.items if item.kind == "operation"]
    steps: list[Any] = [node for node in reversed(nodes) if node._primitive is not None]
    sources: dict[int, list[int]] = {}
    for edge in graph.edges:
        sources.setdefault(edge.target, []).append(edge.source)
    places = {node._number: id for node, id in zip(steps, operations, strict=True)}
    for node, id in zip(steps, operations, strict=True):
        drawn = [x for x in node._inputs if x is not None and not _is_plain_number(x)]
        for x, source in zip(drawn, sources.get(id, ()), strict=False):
            if isinstance(x, Node):
                places.setdefault(x._number, source)
    if not steps:
        places[nodes[0]._number] = graph.result
    return places


def picture_of(graph: Graph, places: dict[int, int], telling: Telling) -> Picture:
    """The drawing of a story: the whole graph or, of a large one, what is told and what it was computed from."""
    items = {step.number: places[step.node] for step in telling.steps}
    if len(graph.items) > _WHOLE:
        kept = set(items.values())
        leaves = [e.source for e in graph.edges if e.target in kept and graph.items[e.source].kind == "parameter"]
        graph, moved = _around(graph, kept.union(leaves[:_WHOLE]))
        items = {number: moved[id] for number, id in items.items()}
        places = {step.node: items[step.number] for step in telling.steps}
    edges: dict[int, tuple[int, ...]] = {}
    for step in telling.steps:
        to = {places.get(share.to) for share in step.shares}
        edges[step.number] = tuple([
            i for i, edge in enumerate(graph.edges)
            if edge.target == items[step.number] and edge.sensitivity is not None
            and (edge.source in to or (None in to and graph.items[edge.source].kind == "fold"))
        ])  # fmt: skip
    return Picture(graph, items, edges)


def _around(graph: Graph, kept: set[int]) -> tuple[Graph, dict[int, int]]:
    """The graph with only the items of those ids, and one item for all that stands between two of them.

    Also where each of them stands now. What is folded lies between the kept ones in the order of birth, so that all
    edges still lead from older to newer.
    """
    runs: dict[int, int] = {}
    seen = 0
    for item in graph.items:
        if item.id in kept:
            seen += 1
        else:
            runs[item.id] = seen

    def rest(_: int, members: list[Item]) -> Item:
        return Item(0, "fold", name=f"… {counted(members)} more", measures=folded(members))

    merged = fold._merge(graph, lambda item: runs.get(item.id), rest)
    places = [x.id for x in merged.items if x.kind != "fold"]
    return merged, dict(zip(sorted(kept), places, strict=True))
