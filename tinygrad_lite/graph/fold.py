"""Makes a graph small enough to look at: closes boxes, leaves out the middle, and says so."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from .measures import folded
from .structure import DEEPEST, Box, Edge, Graph, Item, counted, rebuilt

Scope = tuple[str, ...]
_LEAVES = 12  # of those that one operation is given, where the graph is too large


def close(graph: Graph, depth: int, but: Collection[Scope] = ()) -> Graph:
    """The graph with each box that lies inside `depth` others closed: one item stands for all that it holds.

    A box in which an operation failed stays open, and so do those whose scopes are in `but`.

    >>> import tinygrad_lite as tg
    >>> from .reading import read
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> with tg.scope("square"):
    ...     y = x * x
    >>> [item.kind for item in close(read(y + 1), depth=0).items]
    ['layer', 'operation']
    """
    if depth < 0:
        raise ValueError(f"depth must be 0 (all boxes closed) or more, given {depth}")

    end = graph.items[graph.result].scope[:DEEPEST] if graph.failed else ()
    stay = {*but, *[end[:length] for length in range(1, len(end) + 1)]}

    def stands_for(item: Item) -> Scope | None:
        length = depth + 1
        while length <= len(item.scope) and item.scope[:length] in stay:
            length += 1
        return item.scope[:length] if length <= len(item.scope) else None

    boxes = {box.scope: box for box in graph.boxes}

    def layer(scope: Scope, members: list[Item]) -> Item:
        box = boxes.get(scope) or Box(scope, folded(members), counted(members))
        last = max(members, key=lambda x: (x.kind == "operation", x.id))
        return replace(last, kind="layer", name=scope[-1], operation="", note=box.note + " each" * bool(box.copies),
                       scope=scope[:-1], measures=box.measures, copies=box.copies, line="", code="")  # fmt: skip

    return _merge(graph, stands_for, layer)


def cap(graph: Graph, limit: int) -> Graph:
    """The graph with at most `limit` items: of a longer one its beginning and its end, and one item for the rest."""
    if limit < 2:
        raise ValueError(f"limit must be at least 2 items, given {limit}")
    if len(graph.items) <= limit:
        return graph
    sources: dict[int, list[int]] = {}
    for edge in graph.edges:
        if graph.items[edge.source].kind in ("parameter", "data"):
            sources.setdefault(edge.target, []).append(edge.source)
    steps = [x.id for x in graph.items if x.kind not in ("parameter", "data")]
    kept = {graph.result}
    first, last = 0, len(steps) - 1
    while first <= last and len(kept) < limit - 1:
        from_the_end = (last - first) % 2 == (len(steps) - 1) % 2
        step = steps[last if from_the_end else first]
        first, last = (first, last - 1) if from_the_end else (first + 1, last)
        kept.add(step)
        kept.update(sorted(sources.get(step, ()))[: min(_LEAVES, limit - 1 - len(kept))])

    def stands_for(item: Item) -> str | None:
        return None if item.id in kept else "rest"

    def rest(_: str, members: list[Item]) -> Item:
        return Item(0, "fold", name=f"… {counted(members)} more", measures=folded(members))

    capped = _merge(graph, stands_for, rest)
    hidden = len(graph.items) - len(kept)
    note = f"{hidden:,} of {len(graph.items):,} values are folded into one: the graph is too large to be looked at."
    return replace(capped, notes=(*capped.notes, note))


def fit(graph: Graph, limit: int, but: Collection[Scope] = ()) -> Graph:
    """The graph itself or, if it has more items than `limit`, with as many boxes closed as it takes, then capped.

    The boxes whose scopes are in `but` stay open.
    """
    smaller, _ = _closed(graph, limit, but)
    if smaller is not graph:
        note = f"Boxes are closed: {len(graph.items):,} values in {len(smaller.items):,} items."
        smaller = replace(smaller, notes=(*smaller.notes, note))
    return cap(smaller, limit)


def room(graph: Graph, limit: int) -> set[Scope]:
    """Of the boxes that `fit` closes, those that can stay open all the same, those with the greatest heat first."""
    closed, depth = _closed(graph, limit)
    left = limit - len(closed.items)
    members = Counter([item.scope[: depth + 1] for item in graph.items])
    layers = [x for x in closed.items if x.kind == "layer"] if left > 0 else []
    found: set[Scope] = set()
    for x in sorted(layers, key=lambda x: -(x.heat(graph.heat) or 0.0)):
        scope = (*x.scope, x.name)
        if scope in members and members[scope] <= left + 1:
            left -= members[scope] - 1
            found.add(scope)
    return {box.scope for box in graph.boxes if box.scope[: depth + 1] in found}


def _closed(graph: Graph, limit: int, but: Collection[Scope] = ()) -> tuple[Graph, int]:
    """The graph with as many boxes closed as it takes, and the depth from which on they are."""
    smaller, depth = graph, min(max((len(x.scope) for x in graph.items), default=0), DEEPEST)
    while len(smaller.items) > limit and depth > 0:
        depth -= 1
        smaller = close(graph, depth, but)
    return smaller, depth


def _merge(graph: Graph, stands_for: Callable[[Item], Any], make: Callable[[Any, list[Item]], Item]) -> Graph:
    """The graph with all items of one key made into one, which stands at the place of its first member.

    Of the edges that fall together the strongest is kept.
    """
    members: dict[Any, list[Item]] = {}
    order: list[Any] = []
    for item in graph.items:
        key = stands_for(item)
        if key is None:
            order.append(item)
        elif key in members:
            members[key].append(item)
        else:
            members[key] = [item]
            order.append(key)
    places: dict[int, int] = {}
    items = []
    for id, entry in enumerate(order):
        group = [entry] if isinstance(entry, Item) else members[entry]
        places.update((x.id, id) for x in group)
        items.append(replace(entry if isinstance(entry, Item) else make(entry, group), id=id))
    alone = [isinstance(entry, Item) for entry in order]
    edges: list[Edge] = []
    strongest: dict[tuple[int, int], int] = {}
    for edge in graph.edges:
        source, target = places[edge.source], places[edge.target]
        moved = replace(edge, source=source, target=target)
        if alone[source] and alone[target]:
            edges.append(moved)
        elif source != target:
            known = strongest.setdefault((source, target), len(edges))
            if known == len(edges):
                edges.append(moved)
            elif (moved.sensitivity or 0.0) > (edges[known].sensitivity or 0.0):
                edges[known] = moved
    return rebuilt(graph, items, edges, places[graph.result])
