"""What the page knows of the graph beside its picture: plain data, made for JSON."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from .. import style, words
from ..dot import STRIP
from ..formulas import Formula, local_derivative
from ..measures import HEATS, said
from ..structure import DEEPEST, Box, Edge, Graph, Item
from ..style import Scale
from ..summary import MINUS, TIMES, figure
from ..text import shown
from .dark import in_the_dark

_STOPS = 9  # of the scale's colours; the page mixes those between


def facts_of(graphs: Sequence[Graph], labels: Sequence[str]) -> dict[str, Any]:
    """All that the page tells: what stays the same, under `items`, `edges` and `boxes`, and what each step changes.

    graphs: the same computation at successive steps (often just one). labels: what each step is called.
    """
    graph = graphs[0]
    heats = {heat: found for heat in HEATS if (found := _Heat(heat, graphs)).is_there}
    into: list[list[Edge]] = [[] for _ in graph.items]
    for edge in graph.edges:
        into[edge.target].append(edge)
    formulas = [_formula(graph, item, into[item.id]) for item in graph.items]
    handed = [iter(f.handed_back if f else ()) for f in formulas]
    places = {box.scope: i for i, box in enumerate(graph.boxes)}
    colours = [style.ramp(i / (_STOPS - 1)).lower() for i in range(_STOPS)]
    scale = Scale(1.0, 2.0)
    families = sorted({style.family_of(x.operation) for x in graph.items if x.operation})
    return {
        "title": words.result(graph).rpartition(" = ")[0] or words.result(graph),
        "notes": [shown(note, words.LONGEST_NOTE) for note in graph.notes],
        "result": graph.result,
        "failed": graph.failed,
        "heat": graph.heat if graph.heat in heats else next(iter(heats), ""),
        "heats": {heat: found.facts for heat, found in heats.items()},
        "widths": [scale.width(scale.low), scale.width(scale.high)],
        "ramp": {"light": colours, "dark": [in_the_dark(c) for c in colours]},
        "families": [
            {"name": f.name, "light": f.border.lower(), "dark": in_the_dark(f.border.lower())} for f in families
        ],
        "items": [_item(x, f, places) for x, f in zip(graph.items, formulas, strict=True)],
        "edges": [{"source": e.source, "target": e.target, "rule": next(handed[e.target], "")} for e in graph.edges],
        "boxes": [
            {
                "name": shown(words.called(box.scope[-1], box.copies)),
                "note": shown(box.note),
                "path": [*map(shown, box.scope)],
                "parent": places.get(box.scope[:-1], -1),
            }
            for box in graph.boxes
        ],
        "steps": [_step(g, label, heats, graph) for g, label in zip(graphs, labels, strict=True)],
    }


class _Heat:
    """One of `measures.HEATS` on a scale of its own, which is the same at every step."""

    def __init__(self, name: str, graphs: Sequence[Graph]) -> None:
        self.name = name
        found = [number for graph in graphs for number in replace(graph, heat=name).heats()]
        self.is_there = any(found)
        self.scale = Scale.of(found)

    def is_on_edges(self, x: Item | Box) -> bool:
        """True for what the edges of an operation tell, and not its card."""
        return x.kind == "operation" and self.name in ("gradient", "blame")

    def strip(self, copies: Sequence[Box]) -> list[float | None]:
        """The places on the scale of the copies that an item or box stands for, as many as there are cells."""
        step = -(-len(copies) // STRIP)
        cells = [
            [self.place(copy.heat(self.name)) for copy in copies[i : i + step]] for i in range(0, len(copies), step)
        ]
        return [max((x for x in places if x is not None), default=None) for places in cells]

    @property
    def facts(self) -> dict[str, Any]:
        kind, low, high = HEATS[self.name], self.scale.low, self.scale.high
        return {
            "label": kind.label,
            "words": kind.words,
            "most": kind.most,
            "about": kind.about,
            "low": said(self.name, low, 2) if low < high else "0",
            "high": said(self.name, high, 2),
        }

    def place(self, number: float | None) -> float | None:
        """Between 0 and 1 on the scale; 2 for nan and infinite."""
        if number is None:
            return None
        return round(self.scale.place(number), 3) if math.isfinite(number) else 2


def _formula(graph: Graph, item: Item, edges: list[Edge]) -> Formula | None:
    return Formula(graph, item, edges) if item.kind == "operation" else None


def _item(item: Item, formula: Formula | None, places: dict[tuple[str, ...], int]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "kind": item.kind,
        "title": shown(words.title(item), 100),
        "name": shown(item.name),
        "operation": shown(item.operation),
        "family": style.family_of(item.operation).name if item.operation else "",
        "shape": f" {TIMES} ".join(map(str, item.shape)) or "scalar" if item.dtype else "",
        "dtype": shown(item.dtype),
        "box": places.get(item.scope[:DEEPEST], -1),
        "line": shown(item.line, 200),
        "code": shown(item.code, 200),
    }
    if formula:
        facts |= {"formula": formula.words, "shapes": formula.shapes}
    return {key: value for key, value in facts.items() if value != ""}


def _step(graph: Graph, label: str, heats: dict[str, _Heat], first: Graph) -> dict[str, Any]:
    """What one step of training changes. `number` is for the little curve, None where the result is none.

    Formulas are told where their constants are not those of the first step.
    """
    into: list[list[Edge]] = [[] for _ in graph.items]
    for edge in graph.edges:
        into[edge.target].append(edge)
    items = []
    rules: dict[int, Iterator[str]] = {}
    for item in graph.items:
        facts: dict[str, Any] = _heats(heats, item)
        for key, summary in (("value", item.value), ("gradient", item.gradient)):
            if summary:
                facts[key] = shown(summary.text, 60)
                if summary.wrong:
                    facts.setdefault("wrong", []).append(key)
        if beside := words.beside(item):
            facts["beside"] = shown(beside)
        if item.note:
            facts["note"] = shown(item.note, 60)
        if dead := words.dead(item):
            facts["neurons"] = dead
        if formula := _formula(graph, item, into[item.id]):
            if numbers := formula.numbers:
                facts["numbers"] = numbers
            if item.note != first.items[item.id].note:
                facts["formula"] = formula.words
                rules[item.id] = iter(formula.handed_back)
        items.append(facts)
    edges = []
    seen = {name: replace(graph, heat=name) for name in heats}
    for edge in graph.edges:
        told: dict[str, Any] = {}
        for heat in heats.values():
            if (place := heat.place(seen[heat.name].heat_of(edge))) is not None:
                told.setdefault("heats", {})[heat.name] = place
        if edge.sensitivity is not None:
            target = graph.items[edge.target]
            told |= {"share": edge.share, "length": figure(edge.sensitivity, 3)}
            if (local := local_derivative(target, edge)) and not graph.items[edge.source].shape:
                told["local"] = local
        if edge.target in rules:
            told["rule"] = next(rules[edge.target], "")
        edges.append(told)
    number = _number(graph.items[graph.result])
    boxes = [_heats(heats, box) for box in graph.boxes]
    warnings = [shown(warning, words.LONGEST_NOTE) for warning in graph.warnings]
    return {"label": label, "number": number, "warnings": warnings, "items": items, "edges": edges, "boxes": boxes}


def _number(item: Item) -> float | None:
    """The value of a single number, as far as it is told."""
    try:
        number = float(item.value.text.replace(MINUS, "-")) if item.value else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _heats(heats: dict[str, _Heat], x: Item | Box) -> dict[str, Any]:
    """For each heat, the place on its scale and the number in words; and the places of all copies it stands for.

    heats: what its card or its title tells. flow: what the edges of an operation tell.
    """
    facts: dict[str, Any] = {"heats": {}}
    for name, heat in heats.items():
        if (number := x.heat(name)) is not None:
            facts.setdefault("flow" if heat.is_on_edges(x) else "heats", {})[name] = [
                heat.place(number),
                said(name, number),
            ]
    return facts | ({"strips": {name: heat.strip(x.copies) for name, heat in heats.items()}} if x.copies else {})
