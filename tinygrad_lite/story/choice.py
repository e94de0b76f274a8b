"""Which steps of a long story are told: those that the largest share of what arrives went through."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..graph.summary import look
from ..primitive import Array, Node

_PASSED_ON = 0.25  # the weight of a step that hands on what it is handed and that nobody gave a name


@dataclass
class Strengths:
    """How strong each sensitivity is, and each share of it: a few numbers of each, never the array."""

    of_node: dict[int, float] = field(default_factory=dict)
    handed: dict[int, list[tuple[int, float]]] = field(default_factory=dict)  # by a node: (to whom, how strong)

    def watch(self, node: Node, argument: Node | None, g: Array) -> None:
        if argument is None:
            self.of_node[node._number] = look(g).length
            self.handed[node._number] = []
        else:
            self.handed[node._number].append((argument._number, look(g).length))


def on_the_way(nodes: list[Node], ends: Iterable[int]) -> list[Node]:
    """Those of the nodes (newest first) that one of the ends lies behind, and the ends themselves."""
    depends = set(ends)
    for node in reversed(nodes):
        if any(isinstance(x, Node) and x._number in depends for x in node._inputs or ()):
            depends.add(node._number)
    return [node for node in nodes if node._number in depends]


def told(way: list[Node], strengths: Strengths, ends: Mapping[int, Node], limit: int) -> list[Node]:
    """The steps on the way (newest first) that are worth telling, at most `limit`, in their order."""
    steps = [node for node in way if node._primitive is not None]
    if len(steps) <= limit:
        return steps
    shares = _shares(way, strengths, ends)
    ranked = []
    for place, node in enumerate(steps):
        number = node._number
        handed = [s for _, s in strengths.handed.get(number, ())]
        passed_on = not node.name and all(s == strengths.of_node.get(number) for s in handed)
        weight = shares.get(number, 0.0) * (_PASSED_ON if passed_on else 1.0)
        ranked.append((-weight, min(place, len(steps) - 1 - place), place))
    kept = {0} | {place for _, _, place in sorted(ranked)[: limit - 1]}
    if len(kept) < limit:
        kept.add(sorted(ranked)[limit - 1][2])
    return [steps[place] for place in sorted(kept)]


def _shares(way: list[Node], strengths: Strengths, ends: Mapping[int, Node]) -> dict[int, float]:
    """For each node, which share (0 to 1) of all that arrives at the ends went through it, by its strength."""
    arrived = {number: _finite(strengths.of_node.get(number, 0.0)) for number in ends}
    total = math.fsum(arrived.values())
    shares = {number: s / total if total else 1 / len(arrived) for number, s in arrived.items()}
    users: dict[int, list[tuple[int, float]]] = {}
    for node in way:
        for number, s in strengths.handed.get(node._number, ()):
            users.setdefault(number, []).append((node._number, _finite(s)))
    for node in reversed(way):
        mine, givers = shares.get(node._number, 0.0), users.get(node._number, ())
        together = math.fsum(s for _, s in givers)
        for number, s in givers:
            part = s / together if together else 1 / len(givers)
            shares[number] = shares.get(number, 0.0) + mine * part
    return shares


def _finite(s: float) -> float:
    return s if math.isfinite(s) else float(np.finfo(np.float32).max)  # nan and inf come before all
