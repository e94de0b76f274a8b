"""The picture as a text in Mermaid's language, which code hosts and many editors show without any tool."""

import json
import math
from collections.abc import Iterator

from . import fold, style, words
from .measures import HEATS, said
from .structure import DEEPEST, Box, Edge, Graph, Item
from .style import Scale
from .summary import figure
from .text import shown

_LEVELS = 6  # of heat: lines and outlines of one level share a line of the text
_LABELLED = 40  # items: a picture up to here has a number at each edge
_LONGEST, _EDGES = 50_000, 500  # what Mermaid takes: characters and edges
_SHAPES = {"operation": "(%s)", "parameter": "[%s]", "data": "[%s]", "layer": "[[%s]]", "fold": "[[%s]]",
           "failed": "(%s)"}  # fmt: skip
_PLAIN = frozenset(" .,=+/_-()")  # marks that mean nothing inside a quoted label


def mermaid_of(graph: Graph) -> str:
    """The Mermaid source of the picture. The same graph gives the same text.

    What Mermaid would refuse as too long is folded further.
    """
    limit = len(graph.items)
    text = _Picture(graph).text()
    smaller = graph
    while (len(text) > _LONGEST or len(smaller.edges) > _EDGES) and limit > 4:
        limit = limit * 2 // 3
        smaller = fold.fit(graph, limit)
        text = _Picture(smaller).text()
    return text


def inert(text: str, longest: int = 40) -> str:
    """A text as it is written in a quoted label: what is no letter and no digit, by its number.

    >>> inert('"] click <b>')
    '#34;#93; click #60;b#62;'
    """
    return "".join(c if c.isalnum() or c in _PLAIN or ord(c) > 127 else f"#{ord(c)};" for c in shown(text, longest))


class _Picture:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.scale = Scale.of(graph.heats())
        self.classes: dict[str, str] = {}  # those in use, with their looks

    def text(self) -> str:
        body = ["flowchart TD", *self.about(), *self.items(), *self.edges()]
        body += [f"  classDef {name} {look}" for name, look in self.classes.items()]
        title = json.dumps(words.result(self.graph), ensure_ascii=False)
        return "\n".join(["---", f"title: {title}", "---", *body]) + "\n"

    def about(self) -> list[str]:
        """A card that says what the colours mean, and what the reader must be told."""
        graph = self.graph
        lines = [*graph.warnings]
        if blamed := words.hottest(graph):
            lines.append(f"{HEATS[graph.heat].most}: " + ", ".join(f"{n} ({said(graph.heat, x)})" for n, x in blamed))
        lines += words.notes(graph)
        lines += [HEATS[graph.heat].words] * (not graph.failed)
        look = f"fill:{style.PAPER},stroke:{style.PAPER},color:{style.WRONG if graph.warnings else style.GREY}"
        self.classes["about"] = look
        return [f'  about["{"<br/>".join(inert(line, 160) for line in lines)}"]:::about']

    def items(self) -> Iterator[str]:
        members: dict[tuple[str, ...], list[Item]] = {(): []}
        members |= {box.scope: [] for box in self.graph.boxes}
        for item in self.graph.items:
            members[item.scope[:DEEPEST]].append(item)
        inner: dict[tuple[str, ...], list[int]] = {}
        for i, box in enumerate(self.graph.boxes):
            inner.setdefault(box.scope[:-1], []).append(i)
        yield from map(self.item, members[()])
        stack = [(i, False) for i in reversed(inner.get((), []))]
        while stack:
            place, leaving = stack.pop()
            box = self.graph.boxes[place]
            indent = "  " * len(box.scope)
            if leaving:
                yield f"{indent}end"
                continue
            yield f'{indent}subgraph b{place}["{self.box(box)}"]'
            yield from ("  " * len(box.scope) + self.item(item) for item in members[box.scope])
            stack.append((place, True))
            stack += [(i, False) for i in reversed(inner.get(box.scope, []))]
        if self.graph.boxes:
            self.classes["box"] = f"fill:{style.BOX_FILLS[0]},stroke:{style.BOX_BORDER},color:{style.GREY}"
            yield f"  class {','.join(f'b{i}' for i in range(len(self.graph.boxes)))} box"

    def box(self, box: Box) -> str:
        heat = box.heat(self.graph.heat)
        name = inert(words.called(box.scope[-1], box.copies))
        return name if heat is None else f"{name} · {inert(said(self.graph.heat, heat))}"

    def item(self, item: Item) -> str:
        lines = [f"<b>{inert(words.title(item), 100 if item.kind == 'fold' else 40)}</b>"]
        if beside := words.beside(item):
            lines[0] += ("<br/>" if item.kind == "layer" else " ") + inert(beside)
        lines += [inert(words.array(item))] if item.dtype else []
        lines += [inert(item.value.text)] if item.value else []
        if item.kind != "operation" and (heat := item.heat(self.graph.heat)) is not None:
            lines.append(inert(f"{HEATS[self.graph.heat].label} {said(self.graph.heat, heat)}"))
        shape = _SHAPES[item.kind] % f'"{"<br/>".join(lines)}"'
        return f"  n{item.id}{shape}:::{self.look(item)}"

    def look(self, item: Item) -> str:
        """The class of an item: the family of an operation, the level of heat of all else."""
        heat = item.heat(self.graph.heat)
        if item.kind == "failed":
            name, fill, stroke, width = "failed", style.FAILED, style.WRONG, 3
        elif any(x and x.wrong for x in (item.value, item.gradient)):
            name, fill, stroke, width = "wrong", style.PAPER, style.WRONG, 3
        elif item.kind == "operation":
            family = style.family_of(item.operation)
            name, fill, stroke, width = family.name, family.fill, family.border, 1
        elif heat is None:
            name, fill, stroke, width = "cold", style.PAPER, style.FAINT, 1
        else:
            level = self.level(heat)
            name, fill, stroke, width = f"heat{level}", style.PAPER, style.ramp(level / (_LEVELS - 1)), 3
        if item.id == self.graph.result and name not in ("wrong", "failed"):
            name, stroke, width = "result", style.INK, 3
        self.classes[name] = f"fill:{fill},stroke:{stroke},stroke-width:{width}px,color:{style.INK}"
        return name

    def level(self, heat: float) -> int:
        return round(self.scale.place(heat) * (_LEVELS - 1))

    def edges(self) -> Iterator[str]:
        alike: dict[str, list[int]] = {}
        labelled = len(self.graph.items) <= _LABELLED
        for i, edge in enumerate(self.graph.edges):
            line, label = self.line(edge)
            alike.setdefault(line, []).append(i)
            arrow = "-.->" if edge.sensitivity is None and not self.graph.failed else "-->"
            text = f'|"{inert(label)}"|' if label and labelled else ""
            yield f"  n{edge.source} {arrow}{text} n{edge.target}"
        for line, places in sorted(alike.items(), key=lambda x: x[1]):
            yield f"  linkStyle {','.join(map(str, places))} {line}"

    def line(self, edge: Edge) -> tuple[str, str]:
        """How it looks, and what is written on it."""
        heat = self.graph.heat_of(edge)
        if heat is None:
            return f"stroke:{style.FAINT},stroke-width:1px", ""
        if not math.isfinite(heat):
            return f"stroke:{style.WRONG},stroke-width:4px", figure(heat)
        level = self.level(heat)
        label = edge.share if self.graph.heat == "gradient" else ""
        return f"stroke:{style.ramp(level / (_LEVELS - 1))},stroke-width:{1 + level * 0.6:.1f}px", label
