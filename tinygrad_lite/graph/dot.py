"""The picture as a text in Graphviz's language: items are cards, layers are boxes, colours carry the heat."""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from . import style, words
from .header import header
from .measures import HEATS, said
from .structure import DEEPEST, Box, Edge, Graph, Item
from .style import Scale
from .summary import Summary, figure
from .text import cell, hint, row, shown, small, table, visible

_BESIDE = 2  # leaves that stand beside an operation; more stand above it
_LABELLED = 16  # items: a picture up to here has a number at each edge
_ROOMY = 60  # items: a larger picture leaves the numbers that a card holds to its tooltip
STRIP = 48  # cells of a strip: more copies share them


def source_of(graph: Graph) -> str:
    """The DOT source of the picture. The same graph gives the same text, byte for byte.

    In the SVG, the group of an item has the id `n3` (of the graph's items the fourth), that of an edge `e3`, that of a
    box `b3`.
    """
    import graphviz  # only a picture needs it

    return _Picture(graph, graphviz).text()


@dataclass
class _Box:
    """A named box, the items in it and the boxes in it."""

    place: int = -1  # among the graph's boxes
    items: list[Item] = field(default_factory=list)
    boxes: list["_Box"] = field(default_factory=list)


class _Picture:
    def __init__(self, graph: Graph, graphviz: Any) -> None:
        self.graph = graph
        self.verbatim = graphviz.nohtml  # a text that is not taken for an HTML label
        self.scale = Scale.of(graph.heats())
        self.beside = _beside(graph)
        self.labelled = len(graph.items) <= _LABELLED
        self.roomy = len(graph.items) <= _ROOMY
        self.dot = graphviz.Digraph(
            graph_attr={
                "label": f"<{header(graph, self.scale)}>", "labelloc": "t", "labeljust": "c", "bgcolor": style.PAPER,
                "fontname": style.FONT, "fontcolor": style.INK, "rankdir": "TB", "ranksep": "0.27", "nodesep": "0.3",
                "pad": "0.2", "tooltip": " ",
            },
            node_attr={
                "shape": "box", "style": "rounded,filled", "fontname": style.FONT, "fontsize": "10",
                "fontcolor": style.INK, "margin": "0.09,0.075", "height": "0", "width": "0",
            },
            edge_attr={"fontname": style.FONT, "fontsize": "9", "fontcolor": style.GREY, "arrowsize": "0.6"},
        )  # fmt: skip

    def text(self) -> str:
        root = _Box()
        boxes = {(): root} | {box.scope: _Box(i) for i, box in enumerate(self.graph.boxes)}
        for box in self.graph.boxes:
            boxes[box.scope[:-1]].boxes.append(boxes[box.scope])
        for item in self.graph.items:
            boxes[item.scope[:DEEPEST]].items.append(item)
        self.fill(self.dot, root, 0)
        for i, edge in enumerate(self.graph.edges):
            self.edge(i, edge)
        return self.dot.source

    # Boxes and cards.

    def fill(self, dot: Any, box: _Box, depth: int) -> None:
        for item in box.items:
            dot.node(f"n{item.id}", f"<{self.card(item)}>", id=f"n{item.id}", **self.frame(item))
        for item in box.items:
            if sides := self.beside.get(item.id):
                with dot.subgraph() as beside:
                    beside.attr(rank="same")
                    for id in (*sides, item.id):
                        beside.node(f"n{id}")
        for inner in box.boxes:
            own = self.graph.boxes[inner.place]
            with dot.subgraph(name=f"cluster_{inner.place}") as cluster:
                cluster.attr(
                    id=f"b{inner.place}", label=f"<{self.title(own)}>", labeljust="l", labelloc="t", margin="9",
                    style="rounded,filled", fillcolor=style.BOX_FILLS[depth % 2],
                    color=style.GREY if own.copies else style.BOX_BORDER, penwidth="1.6" if own.copies else "1",
                    tooltip=self.verbatim(hint(words.box_story(own, self.graph.heat))),
                )  # fmt: skip
                self.fill(cluster, inner, depth + 1)

    def title(self, box: Box) -> str:
        """What is written on a box: its name, its own heat, and that of each copy it stands for."""
        name = shown(words.called(box.scope[-1], box.copies))
        cells = [cell(f'<B><FONT POINT-SIZE="10" COLOR="{style.GREY}">{visible(name)}</FONT></B>')]
        width = 7 * len(name)
        if (heat := box.heat(self.graph.heat)) is not None:
            cells.append(self.chip(heat, label=False))
            width += 45
        if box.copies and not self.graph.failed:
            cells.append(f"<TD>{self.strip(box.copies)}</TD>")
            width += 9 * min(len(box.copies), STRIP)
        cells.append(
            f'<TD WIDTH="{min(width, 180)}"></TD>'
        )  # keeps the title out of the way of what flows in the middle
        return table(row(*cells), padding=2, spacing=2)

    def frame(self, item: Item) -> dict[str, str]:
        """The attributes of a card's outline."""
        look = {"tooltip": self.verbatim(hint(words.story(item)))}
        if item.kind == "operation":
            family = style.family_of(item.operation)
            look |= {"fillcolor": family.fill, "color": family.border}
        elif item.kind == "data":
            look |= {"fillcolor": style.PAPER, "color": style.FAINT, "style": "filled"}
        elif item.kind == "failed":
            return look | {"fillcolor": style.FAILED, "color": style.WRONG, "penwidth": "2.4"}
        elif item.kind == "parameter":
            look |= {"fillcolor": style.PAPER, "color": style.GREY, "penwidth": "1.4", "style": "filled"}
        else:
            look |= {"fillcolor": style.BOX_FILLS[1], "color": style.GREY, "style": "rounded,filled,dashed"}
        if item.id == self.graph.result:
            look |= {"color": style.INK, "penwidth": "2.4"}
        if any(x and x.wrong for x in (item.value, item.gradient)):
            look |= {"color": style.WRONG, "penwidth": "2.4"}
        return look

    def card(self, item: Item) -> str:
        heat = item.heat(self.graph.heat)
        on_edges = item.kind == "operation" and self.graph.heat in ("gradient", "blame")
        chips = [] if heat is None or on_edges else [row(self.chip(heat))]
        if item.kind == "fold":
            return table(row(cell(f"<I>{visible(item.name, 100)}</I>", 2)), *chips)
        title = f"<B>{visible(words.title(item))}</B>"
        if item.kind == "operation":
            border = style.family_of(item.operation).border
            title = f'<FONT COLOR="{_darker(border)}" POINT-SIZE="11">{title}</FONT>'
        if item.kind == "failed":
            title = f'<FONT COLOR="{style.WRONG}" POINT-SIZE="11">{title}</FONT>'
        if beside := words.beside(item):
            longest = 60 if item.kind == "layer" else 40
            title += f' <FONT COLOR="{style.GREY}" POINT-SIZE="9">{visible(beside, longest)}</FONT>'
        rows = [row(cell(title, 2))]
        if kind := words.array(item):
            rows.append(row(cell(small(kind), 2)))
        for label, summary in (("value", item.value), ("gradient", item.gradient)):
            if summary and (self.roomy or summary.wrong or item.id == self.graph.result):
                rows.append(_fact(label, summary))
        if dead := words.dead(item):
            rows.append(_fact("neurons", Summary(dead)))
        if item.copies and not self.graph.failed:
            rows.append(row(f'<TD COLSPAN="2">{self.strip(item.copies)}</TD>'))
        return table(*rows, *chips)

    def chip(self, heat: float, label: bool = True) -> str:
        """The heat of one thing: a coloured cell with the number in it."""
        text = visible((f"{HEATS[self.graph.heat].label} " if label else "") + said(self.graph.heat, heat))
        letters = f'<FONT POINT-SIZE="{9 if label else 8}" COLOR="{self.scale.ink(heat)}">{text}</FONT>'
        looks = f'COLSPAN="{2 if label else 1}" CELLPADDING="2" STYLE="ROUNDED" BGCOLOR="{self.scale.colour(heat)}"'
        return f"<TD {looks}>{letters}</TD>"

    def strip(self, copies: tuple[Box, ...]) -> str:
        """The heat of each copy as a row of cells, from the first to the last."""
        step = -(-len(copies) // STRIP)
        cells = []
        for start in range(0, len(copies), step):
            heats = [h for box in copies[start : start + step] if (h := box.heat_among(self.graph.heat)) is not None]
            wrong = [h for h in heats if not math.isfinite(h)]
            colour = self.scale.colour((wrong or [max(heats)])[0]) if heats else style.BOX_BORDER
            cells.append(f'<TD WIDTH="8" HEIGHT="10" FIXEDSIZE="TRUE" BGCOLOR="{colour}"></TD>')
        looks = (
            f'BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="1" FIXEDSIZE="TRUE" WIDTH="{9 * len(cells) + 1}"'
        )
        return f'<TABLE {looks} HEIGHT="12">{row(*cells)}</TABLE>'

    # Edges.

    def edge(self, place: int, edge: Edge) -> None:
        look = self.line(edge)
        tooltip = self.verbatim(hint(words.edge_story(self.graph, edge)))
        ends = [f"n{edge.source}", f"n{edge.target}"]
        sides = self.beside.get(edge.target, ())
        if edge.source in sides:
            if sides.index(edge.source) % 2:  # every other one stands on the right: in a row, arrows lead rightwards
                ends.reverse()
                look["dir"] = "back"
        else:
            look["weight"] = "50"
        self.dot.edge(*ends, id=f"e{place}", tooltip=tooltip, labeltooltip=tooltip, **look)

    def line(self, edge: Edge) -> dict[str, str]:
        """How an edge is drawn: dashed where no gradient flows, else by its heat."""
        if self.graph.failed:  # nothing flows back
            return {"color": style.GREY, "penwidth": "1.2"}
        heat = self.graph.heat_of(edge)
        if edge.sensitivity is None and (heat is None or self.graph.items[edge.source].kind == "data"):
            return {"color": style.FAINT, "style": "dashed", "penwidth": "1"}
        if heat is None:
            return {"color": style.FAINT, "penwidth": "1.2"}
        width = self.scale.width(heat)
        look = {"color": self.scale.colour(heat), "penwidth": str(width)}
        gap = "\u2002" if width < 3 else "\u2002\u2002"
        if not math.isfinite(heat):
            look |= {"style": "dashed", "label": gap + figure(heat), "fontcolor": style.WRONG}
        elif heat == 0:
            look |= {"style": "dotted", "label": gap + "0"}
        elif self.labelled and self.graph.heat in ("gradient", "blame"):
            look |= {"label": gap + (edge.share if self.graph.heat == "gradient" else figure(heat, 3))}
        return look


def _beside(graph: Graph) -> dict[int, list[int]]:
    """The leaves that stand beside the one operation that uses them: a layer is one row, and the flow is one line.

    What flows through comes from above: an operation or, where a leaf starts the flow, the data.
    """
    uses: dict[int, set[int]] = {}
    inputs: dict[int, list[int]] = {}
    for edge in graph.edges:
        uses.setdefault(edge.source, set()).add(edge.target)
        inputs.setdefault(edge.target, []).append(edge.source)
    beside = {}
    for target, sources in inputs.items():
        sources = list(dict.fromkeys(sources))
        scope = graph.items[target].scope
        own = [graph.items[i] for i in sources if len(uses[i]) == 1 and graph.items[i].scope == scope]
        leaves = [x for x in own if x.kind in ("parameter", "data")]
        kinds = {graph.items[i].kind for i in sources}
        if kinds <= {"parameter", "data"}:
            leaves = [x for x in leaves if x.kind == "parameter" and "data" in kinds]
        if 0 < len(leaves) < len(sources) and len(leaves) <= _BESIDE:
            beside[target] = [x.id for x in leaves]
    return beside


def _fact(label: str, summary: Summary) -> str:
    text = f"<B>{visible(summary.text)}</B>" if summary.wrong else visible(summary.text)
    colour = style.WRONG if summary.wrong else style.INK
    value = f'<FONT POINT-SIZE="9" COLOR="{colour}">{text}</FONT>'
    return row(f'<TD ALIGN="LEFT">{small(label, "&#160;&#160;")}</TD><TD ALIGN="RIGHT">{value}</TD>')


def _darker(colour: str) -> str:
    return "#" + "".join(f"{int(int(colour[i:j], 16) * 0.6):02X}" for i, j in pairwise((1, 3, 5, 7)))
