"""Repeated blocks rolled up: of sibling boxes that are alike, one is shown and says how many there are."""

from collections.abc import Collection
from dataclasses import replace

from . import measures
from .structure import DEEPEST, Box, Edge, Graph, rebuilt, stem
from .summary import TIMES

_LEAST = 3  # two boxes are seen at a glance
Scope = tuple[str, ...]


def roll(graph: Graph, stay: Collection[Scope] | None = None) -> Graph:
    """The graph with each run of three or more sibling boxes of the same structure and shapes rolled up into one.

    The one that stays is the one with the greatest heat or, if given, the one whose scope is in `stay`: what is shown
    in it is its own, its box has the `copies` and the measures of all together. Edges from one copy to the next are
    left out.

    >>> import tinygrad_lite as tg
    >>> from .reading import read
    >>> h = tg.sin(tg.tensor(2.0, requires_grad=True))
    >>> for i in range(5):
    ...     with tg.scope(f"block_{i}"):
    ...         h = h * tg.tensor(0.5, requires_grad=True)
    >>> graph = roll(read(h + 1))
    >>> len(graph.items), len(graph.boxes[0].copies)
    (5, 5)
    """
    return _Rolling(graph, stay).rolled()


class _Rolling:
    def __init__(self, graph: Graph, stay: Collection[Scope] | None) -> None:
        self.graph, self.stay = graph, stay
        self.members: dict[Scope, list[int]] = {box.scope: [] for box in graph.boxes}
        self.children: dict[Scope, list[Box]] = {}
        for box in graph.boxes:
            self.children.setdefault(box.scope[:-1], []).append(box)
        for item in graph.items:
            for depth in range(1, min(len(item.scope), DEEPEST) + 1):
                self.members[item.scope[:depth]].append(item.id)
        self.sources: list[list[int]] = [[] for _ in graph.items]
        for edge in graph.edges:
            self.sources[edge.target].append(edge.source)
        self.stands_for = list(range(len(graph.items)))  # each item's: the one that is shown in its place
        self.copy: list[dict[Scope, int]] = [{} for _ in graph.items]  # of each run it is in: of which copy
        self.shown: dict[Scope, tuple[int, tuple[Box, ...]]] = {}  # of each box shown: which copy it is, and all

    def rolled(self) -> Graph:
        parents: list[Scope] = [()]
        while parents:
            for run in self.runs(self.children.get(parents.pop(), [])):
                place = self.chosen(run) if len(run) > 1 else 0
                if len(run) > 1:
                    self.take_together(run, place)
                parents.append(run[place].scope)
        if not self.shown:
            return self.graph
        self.leave_out_constants()
        kept = [i for i, other in enumerate(self.stands_for) if i == other]
        places = {old: new for new, old in enumerate(kept)}
        items = [replace(self.graph.items[i], id=new) for new, i in enumerate(kept)]
        edges = [replace(e, source=places[e.source], target=places[e.target]) for e in self.edges()]
        boxes = [self.box(box) for box in self.graph.boxes]
        whole = replace(self.graph, boxes=tuple(boxes), notes=(*self.graph.notes, *map(self.note, self.shown)))
        return rebuilt(whole, items, edges, places[self.graph.result])

    def runs(self, siblings: list[Box]) -> list[list[Box]]:
        """The boxes in order: those that can be rolled up together, and each other one alone."""
        runs: list[list[Box]] = []
        before: object = None
        scopes: set[Scope] = set()  # of the boxes of the run
        for box in siblings:
            structure = self.structure(box)
            if runs and structure == before and self.goes_on(runs[-1][0], scopes, box):
                runs[-1].append(box)
                scopes.add(box.scope)
            else:
                runs.append([box])
                before, scopes = structure, {box.scope}
        return [part for run in runs for part in ([run] if len(run) >= _LEAST else [[box] for box in run])]

    def structure(self, box: Box) -> object:
        """What makes two boxes alike: the same items in inner boxes of the same kind, connected in the same way."""
        ids = self.members[box.scope]
        places = {id: i for i, id in enumerate(ids)}
        inner: dict[Scope, int] = {}
        found: list[object] = [stem(box.scope[-1])]
        for id in ids:
            x = self.graph.items[id]
            path = x.scope[len(box.scope) :]
            words = inner.setdefault(path, len(inner)), tuple(map(stem, path))
            inputs = tuple([places.get(source, -1) for source in self.sources[id]])
            found.append((words, x.kind, x.operation, x.note, x.shape, x.dtype, inputs))
        return found

    def goes_on(self, start: Box, scopes: set[Scope], box: Box) -> bool:
        """True if `box` takes what it is given from the run, or from what was there before: from nothing between."""
        first, own, depth = self.members[start.scope][0], self.members[box.scope], len(box.scope)
        if self.graph.result in own or self.graph.result in self.members[start.scope]:
            return False
        for id in own:
            for source in self.sources[id]:
                x = self.graph.items[source]
                outside = x.scope[:depth] != box.scope and x.scope[:depth] not in scopes
                if outside and source >= first and x.kind not in ("parameter", "data"):
                    return False
        return True

    def chosen(self, run: list[Box]) -> int:
        """The place of the box that stays."""
        if self.stay is not None:
            return next((i for i, box in enumerate(run) if box.scope in self.stay), 0)
        if self.graph.failed:
            return len(run) - 1  # next to what failed
        heats = [box.heat_among(self.graph.heat) or 0.0 for box in run]
        return max(range(len(run)), key=lambda i: (heats[i] != heats[i], heats[i]))

    def take_together(self, run: list[Box], place: int) -> None:
        shown = run[place].scope
        self.shown[shown] = place, tuple(run)
        for i, box in enumerate(run):
            for id, other in zip(self.members[box.scope], self.members[shown], strict=True):
                self.stands_for[id] = other
                self.copy[id][shown] = i

    def leave_out_constants(self) -> None:
        """A constant from outside that only a copy uses stands for nothing that is shown: it goes with the copy."""
        users: dict[int, list[int]] = {}
        for edge in self.graph.edges:
            if self.graph.items[edge.source].kind in ("parameter", "data"):
                users.setdefault(edge.source, []).append(edge.target)
        places = {(s, t): i for t, found in enumerate(self.sources) for i, s in reversed([*enumerate(found)])}
        own = {(t, places[s, t]): s for s, found in users.items() for t in found if self.end(t) == t}
        for source, found in users.items():
            targets = {(self.end(t), places[source, t]) for t in found}
            if all(self.end(t) != t for t in found) and len(targets) == 1:
                self.stands_for[source] = own.get(targets.pop(), source)

    def edges(self) -> list[Edge]:
        """The edges of what is shown; and where only a copy is connected with what is outside, the strongest such."""
        own: list[tuple[int, Edge]] = []
        moved: list[tuple[int, Edge]] = []
        for place, edge in enumerate(self.graph.edges):
            a, b = self.copy[edge.source], self.copy[edge.target]
            if all(a[run] == b[run] == self.shown[run][0] for run in a.keys() & b.keys()):
                ends = self.end(edge.source), self.end(edge.target)
                found = own if ends == (edge.source, edge.target) else moved
                found.append((place, replace(edge, source=ends[0], target=ends[1])))
        taken = {(edge.source, edge.target) for _, edge in own}
        strongest: dict[tuple[int, int], tuple[int, Edge]] = {}
        for place, edge in moved:
            ends = edge.source, edge.target
            known = strongest.get(ends)
            if ends not in taken and (not known or (edge.sensitivity or 0.0) > (known[1].sensitivity or 0.0)):
                strongest[ends] = place, edge
        return [edge for _, edge in sorted([*own, *strongest.values()], key=lambda x: x[0])]

    def end(self, id: int) -> int:
        while self.stands_for[id] != id:  # a copy of a copy
            id = self.stands_for[id]
        return id

    def box(self, box: Box) -> Box:
        if box.scope not in self.shown:
            return box
        copies = self.shown[box.scope][1]
        return replace(box, copies=copies, measures=measures.folded(copies))

    def note(self, scope: Scope) -> str:
        place, copies = self.shown[scope]
        most = measures.HEATS[self.graph.heat].most
        is_hottest = (
            self.stay is None and not self.graph.failed and copies[place].heat_among(self.graph.heat) is not None
        )
        why = f", the {most}" if is_hottest else ""
        names = f"{copies[0].scope[-1]} … {copies[-1].scope[-1]}"
        return f"{stem(scope[-1])} {TIMES} {len(copies)}: {names} are alike, {scope[-1]} is shown{why}."
