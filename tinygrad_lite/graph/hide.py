"""Leaves out what distracts: constants, and steps that only reshape or cast. What is around it is joined through it."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from .structure import Edge, Graph, Item, rebuilt

KINDS = {
    "constants": "values that want no gradient: inputs, labels, masks",
    "shapes": "steps that give values another shape or order",
    "casts": "steps that give values another dtype",
}
_SHAPES = frozenset(["reshape", "transpose", "broadcast_to", "flip", "roll"])


def hide(graph: Graph, kinds: Collection[str]) -> Graph:
    """The graph without what is of these KINDS. The result stays. An edge that is joined through what is hidden tells
    what the value at its beginning is handed along that way.

    Raises ValueError for an unknown kind.

    >>> import tinygrad_lite as tg
    >>> from .reading import read
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True, name="x")
    >>> graph = hide(read((x.reshape(2, 1) * [3.0]).sum()), ["shapes", "constants"])
    >>> [item.name or item.operation for item in graph.items], graph.notes
    (['x', 'multiply', 'sum'], ('Hidden: 1 constant, 1 shape.',))
    """
    kinds = [kinds] if isinstance(kinds, str) else kinds
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"hide takes some of {', '.join(map(repr, KINDS))}, given {kind!r}")
    users = [0] * len(graph.items)
    for edge in graph.edges:
        users[edge.source] += 1

    def is_hidden(x: Item) -> bool:
        adds_up = x.operation == "broadcast_to" and users[x.id] > 1  # then nobody knows each user's part of the sum
        return _kind_of(x) in kinds and x.id != graph.result and not adds_up

    hidden = {x.id: _kind_of(x) for x in graph.items if is_hidden(x)}
    if not hidden:
        return graph
    incoming: dict[int, list[Edge]] = {}  # of what is hidden: the edges that come to it from what is shown
    edges: list[Edge] = []
    for edge in graph.edges:
        if edge.source not in hidden:
            joined = [edge]
        else:
            joined = [_joined(before, edge, users[edge.source]) for before in incoming.get(edge.source, ())]
        (incoming.setdefault(edge.target, []) if edge.target in hidden else edges).extend(joined)
    kept = [x for x in graph.items if x.id not in hidden]
    places = {x.id: i for i, x in enumerate(kept)}
    items = [replace(x, id=i) for i, x in enumerate(kept)]
    edges = [replace(e, source=places[e.source], target=places[e.target]) for e in edges]
    told = replace(graph, notes=(*graph.notes, f"Hidden: {_counted(hidden.values())}."))
    return rebuilt(told, items, edges, places[graph.result])


def _kind_of(item: Item) -> str:
    if item.kind == "data":
        return "constants"
    return "shapes" if item.operation in _SHAPES else "casts" if item.operation == "cast" else ""


def _joined(before: Edge, after: Edge, users: int) -> Edge:
    """One edge for two. What comes before tells its share, unless what is hidden was used in several places."""
    if before.sensitivity is None or after.sensitivity is None:
        return Edge(before.source, after.target)
    return replace(before if users == 1 else after, source=before.source, target=after.target)


def _counted(kinds: Iterable[str]) -> str:
    kinds = list(kinds)
    counts = {kind: kinds.count(kind) for kind in KINDS}
    return ", ".join(f"{n:,} {kind if n > 1 else kind[:-1]}" for kind, n in counts.items() if n)
