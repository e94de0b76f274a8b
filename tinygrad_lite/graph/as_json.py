"""The graph as JSON, for other programs: all that a picture is made of, and back.

    {"format": "tinygrad_lite graph", "version": 1,
     "heat": "gradient",             what the colours say: one of measures.HEATS
     "result": 4,                    the id of the item that is the result
     "notes": [...], "warnings": [...],
     "to_blame": [...],              the items with the greatest heat, with the ids they had before any folding
     "boxes": [{"scope": ["model", "dense"], "note": "...", "measures": {...}, "copies": [...]}, ...],
     "items": [{"id": 0, "kind": "parameter", "name": "w", "operation": "", "note": "", "shape": [3],
                "dtype": "float32", "value": {"text": "[1, 2, 3]", "wrong": false}, "gradient": ..., "measures": {...},
                "scope": ["model"], "line": "train.py:12", "code": "y = x * w", "copies": []}, ...],
     "edges": [{"source": 0, "target": 2, "sensitivity": 2.0, "blame": 6.0, "handed": -2.0}, ...]}

An item's id is its place, and it comes after all that it was computed from, unless boxes are closed. `measures` holds
what is known: gradient (the length), blame, activation, bytes, time; size (the length of a parameter), dead (the share
of silent relus), flow (the length of the gradient of what a box puts out). No value is null unless nothing is
known of it. Numbers that JSON has no word for are the strings "nan", "inf" and "-inf". A reader must not mind keys that
it does not know; the version changes when the meaning of one does.
"""

import json
import math
from dataclasses import fields
from typing import Any, get_args

from . import measures
from .structure import DEEPEST, Box, Edge, Graph, Item, Kind
from .summary import Summary

FORMAT, VERSION = "tinygrad_lite graph", 1


def to_json(graph: Graph) -> str:
    """The graph as strict JSON, an item or edge a line. The same graph gives the same text.

    >>> import tinygrad_lite as tg
    >>> drawing = tg.draw(tg.tensor(3.0, requires_grad=True, name="x") * 2)
    >>> from_json(drawing.json) == drawing.graph
    True
    """
    head = {"format": FORMAT, "version": VERSION, "heat": graph.heat, "result": graph.result}
    head |= {"notes": graph.notes, "warnings": graph.warnings}
    lines = [f'"{key}": {_text(value)}' for key, value in head.items()]
    for key in ("to_blame", "boxes", "items", "edges"):
        members = ",\n  ".join(_text(_plain(x)) for x in getattr(graph, key))
        lines.append(f'"{key}": [\n  {members}\n ]' if members else f'"{key}": []')
    return "{" + ",\n ".join(lines) + "}\n"


def from_json(text: str) -> Graph:
    """The graph that `to_json` wrote. Raises ValueError for anything else."""
    try:
        found = json.loads(text)
        if found["format"] != FORMAT or found["version"] != VERSION:
            raise ValueError(f"expected {FORMAT!r} of version {VERSION}")
        graph = Graph(
            items=[_item(x) for x in found["items"]],
            edges=[
                Edge(x["source"], x["target"], *map(_number, (x["sensitivity"], x["blame"], x["handed"])))
                for x in found["edges"]
            ],
            result=found["result"],
            to_blame=tuple([_item(x) for x in found["to_blame"]]),
            notes=tuple(map(str, found["notes"])),
            boxes=tuple([_box(x) for x in found["boxes"]]),
            heat=measures.known(found["heat"]),
            warnings=tuple(map(str, found["warnings"])),
        )
        ends = {end for edge in graph.edges for end in (edge.source, edge.target)} | {graph.result}
        if [x.id for x in graph.items] != list(range(len(graph.items))) or not ends <= set(range(len(graph.items))):
            raise ValueError("an edge or the result is none of the items")
        boxes = {box.scope for box in graph.boxes} | {()}
        inside = [x.scope[:DEEPEST] for x in graph.items] + [box.scope[:-1] for box in graph.boxes]
        if not boxes.issuperset(inside) or any(not box.scope for box in graph.boxes):
            raise ValueError("an item or a box stands in a box that is not there")
    except (KeyError, TypeError, AttributeError, RecursionError, ValueError) as error:
        raise ValueError(f"not the JSON of a graph: {type(error).__name__}: {error}") from None
    return graph


def _plain(x: Any) -> Any:
    """A part of the graph as JSON's own kinds."""
    if isinstance(x, float):
        return x if math.isfinite(x) else "nan" if x != x else "inf" if x > 0 else "-inf"
    if isinstance(x, dict):
        return {key: _plain(value) for key, value in x.items()}
    if isinstance(x, tuple):
        return [_plain(value) for value in x]
    if isinstance(x, (Item, Edge, Box, Summary)):
        return {f.name: _plain(getattr(x, f.name)) for f in fields(x)}
    return x


def _text(x: Any) -> str:
    """Without any mark that would end a script, should it be written into a page."""
    text = json.dumps(x, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _number(x: Any) -> float | None:
    return None if x is None else float(x)


def _measures(found: dict[str, Any]) -> dict[str, float]:
    return {str(kind): float(number) for kind, number in found.items()}


def _summary(found: dict[str, Any] | None) -> Summary | None:
    return None if found is None else Summary(str(found["text"]), bool(found["wrong"]))


def _box(found: dict[str, Any]) -> Box:
    copies = tuple([_box(x) for x in found["copies"]])
    return Box(tuple(map(str, found["scope"])), _measures(found["measures"]), str(found["note"]), copies)


def _item(found: dict[str, Any]) -> Item:
    words = {key: str(found[key]) for key in ("name", "operation", "note", "dtype", "line", "code")}
    if found["kind"] not in get_args(Kind):
        raise ValueError(f"unknown kind {found['kind']!r}")
    return Item(
        id=int(found["id"]), kind=found["kind"], shape=tuple(map(int, found["shape"])),
        value=_summary(found["value"]), gradient=_summary(found["gradient"]), measures=_measures(found["measures"]),
        scope=tuple(map(str, found["scope"])), copies=tuple([_box(x) for x in found["copies"]]), **words,
    )  # fmt: skip
