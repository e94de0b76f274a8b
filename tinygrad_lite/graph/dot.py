"""The picture as a text in Graphviz's language: items are cards, layers are boxes, edges carry the blame."""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from . import style
from .fold import DEEPEST
from .structure import Edge, Graph, Item
from .style import Scale
from .summary import TIMES, Summary, figure
from .text import hint, markup, shown

_BESIDE = 2  # leaves that stand beside an operation; more stand above it
_LABELLED = 16  # items: a picture up to here has a number at each edge


def source_of(graph: Graph) -> str:
    """The DOT source of the picture. The same graph gives the same text, byte for byte."""
    import graphviz  # only a picture needs it

    return _Picture(graph, graphviz).text()


@dataclass
class _Box:
    """A named box, the items in it and the boxes in it."""

    items: list[Item] = field(default_factory=list)
    boxes: dict[str, "_Box"] = field(default_factory=dict)


class _Picture:
    def __init__(self, graph: Graph, graphviz: Any) -> None:
        self.graph = graph
        self.verbatim = graphviz.nohtml  # a text that is not taken for an HTML label
        found = [x.sensitivity for x in graph.edges]
        found += [x.sensitivity for x in graph.items if x.kind != "operation"]
        self.scale = Scale.of([s for s in found if s is not None])
        self.beside = _beside(graph)
        self.labelled = len(graph.items) <= _LABELLED
        self.boxes = 0
        self.dot = graphviz.Digraph(
            graph_attr={
                "label": f"<{self.header()}>", "labelloc": "t", "labeljust": "c", "bgcolor": style.PAPER,
                "fontname": style.FONT, "fontcolor": style.INK, "rankdir": "TB", "ranksep": "0.27", "nodesep": "0.4",
                "pad": "0.2", "tooltip": " ",
            },
            node_attr={
                "shape": "box", "style": "rounded,filled", "fontname": style.FONT, "fontsize": "10",
                "fontcolor": style.INK, "margin": "0.09,0.06", "height": "0", "width": "0",
            },
            edge_attr={"fontname": style.FONT, "fontsize": "9", "fontcolor": style.GREY, "arrowsize": "0.6"},
        )  # fmt: skip

    def text(self) -> str:
        root = _Box()
        for item in self.graph.items:
            box = root
            for name in item.scope[:DEEPEST]:
                box = box.boxes.setdefault(name, _Box())
            box.items.append(item)
        self.fill(self.dot, root, 0)
        for edge in self.graph.edges:
            self.edge(edge)
        return self.dot.source

    # Boxes and cards.

    def fill(self, dot: Any, box: _Box, depth: int) -> None:
        for item in box.items:
            dot.node(f"n{item.id}", f"<{self.card(item)}>", **self.frame(item))
        for item in box.items:
            if sides := self.beside.get(item.id):
                with dot.subgraph() as row:
                    row.attr(rank="same")
                    for id in (*sides, item.id):
                        row.node(f"n{id}")
        for name, inner in box.boxes.items():
            self.boxes += 1
            title = f'<B><FONT POINT-SIZE="10" COLOR="{style.GREY}">{_words(name)}</FONT></B>'
            with dot.subgraph(name=f"cluster_{self.boxes}") as cluster:
                cluster.attr(
                    label=f"<{title}>", labeljust="l", labelloc="t", style="rounded,filled", color=style.BOX_BORDER,
                    fillcolor=style.BOX_FILLS[depth % 2], margin="9", tooltip=self.verbatim(hint([shown(name)])),
                )  # fmt: skip
                self.fill(cluster, inner, depth + 1)

    def frame(self, item: Item) -> dict[str, str]:
        """The attributes of a card's outline."""
        look = {"tooltip": self.verbatim(hint(_story(item)))}
        if item.kind == "operation":
            family = style.family_of(item.operation)
            look |= {"fillcolor": family.fill, "color": family.border}
        elif item.kind == "data":
            look |= {"fillcolor": style.PAPER, "color": style.FAINT, "style": "filled"}
        elif item.kind == "parameter":
            look |= {"fillcolor": style.PAPER, "color": style.GREY, "penwidth": "1.4", "style": "filled"}
        else:
            look |= {"fillcolor": style.BOX_FILLS[1], "color": style.GREY, "style": "rounded,filled,dashed"}
        if item.id == self.graph.result:
            look |= {"color": style.INK, "penwidth": "2.4"}
        return look

    def card(self, item: Item) -> str:
        blame = [] if item.sensitivity is None or item.kind == "operation" else [_row(self.blame(item.sensitivity))]
        if item.kind == "fold":
            return _table(_row(_cell(f"<I>{_words(item.name, 100)}</I>", 2)), *blame)
        title = f"<B>{_words(_title(item))}</B>"
        beside = item.note if item.kind in ("operation", "layer") else ""
        if item.kind == "operation" and item.name:
            beside = f"{item.operation} {beside}".strip()
        if item.kind == "operation":
            border = style.family_of(item.operation).border
            title = f'<FONT COLOR="{_darker(border)}" POINT-SIZE="11">{title}</FONT>'
        if beside:
            title += f' <FONT COLOR="{style.GREY}">{_words(beside)}</FONT>'
        rows = [_row(_cell(title, 2))]
        if kind := _kind_of_array(item):
            rows.append(_row(_cell(_small(kind), 2)))
        rows += [_fact("value", item.value)] if item.value else []
        rows += [_fact("gradient", item.gradient)] if item.gradient else []
        return _table(*rows, *blame)

    def blame(self, sensitivity: float) -> str:
        """The sensitivity of a parameter, or of all those in a layer, as a coloured bar."""
        words = f'<FONT POINT-SIZE="9" COLOR="{self.scale.ink(sensitivity)}">sensitivity {_mark(sensitivity)}</FONT>'
        return f'<TD COLSPAN="2" STYLE="ROUNDED" BGCOLOR="{self.scale.colour(sensitivity)}">{words}</TD>'

    # Edges.

    def edge(self, edge: Edge) -> None:
        source, target = self.graph.items[edge.source], self.graph.items[edge.target]
        way = f"{shown(_title(source))} → {shown(_title(target))}"
        strength = edge.sensitivity
        if strength is None:
            look = {"color": style.FAINT, "style": "dashed", "penwidth": "1"}
            told = "no gradient flows here"
        else:
            width = self.scale.width(strength)
            look = {"color": self.scale.colour(strength), "penwidth": str(width)}
            told = f"sensitivity {figure(strength)}"
            gap = "\u2002" if width < 3 else "\u2002\u2002"
            if not math.isfinite(strength):
                look |= {"style": "dashed", "label": gap + figure(strength), "fontcolor": style.WRONG}
            elif strength == 0:
                look |= {"style": "dotted", "label": gap + "0"}
            elif self.labelled:
                look |= {"label": gap + edge.share}
        tooltip = self.verbatim(hint([way, told]))
        ends = [f"n{edge.source}", f"n{edge.target}"]
        sides = self.beside.get(edge.target, ())
        if edge.source in sides:
            if sides.index(edge.source) % 2:  # every other one stands on the right: in a row, arrows lead rightwards
                ends.reverse()
                look["dir"] = "back"
        else:
            look["weight"] = "50"
        self.dot.edge(*ends, tooltip=tooltip, labeltooltip=tooltip, **look)

    # Above the picture.

    def header(self) -> str:
        result = self.graph.items[self.graph.result]
        is_loss = style.family_of(result.operation).name == "loss" or "loss" in result.scope
        name = result.name or ("loss" if is_loss else "result")
        value = f" = {result.value.text}" if result.value else ""
        rows = [_row(_cell(f'<FONT POINT-SIZE="16"><B>{_words(name)}{markup(value)}</B></FONT>'))]
        if blamed := [x for x in self.graph.to_blame if x.name]:
            words = ", ".join(f"<B>{_words(x.name)}</B> ({_mark(x.sensitivity or 0.0)})" for x in blamed)
            rows.append(_row(_cell(f'<FONT COLOR="{style.GREY}" POINT-SIZE="10">most to blame: {words}</FONT>')))
        rows += [_row(_cell(_small(note))) for note in self.graph.notes]
        if any(x.sensitivity is not None for x in self.graph.edges):
            rows.append(_row(f"<TD>{self.legend()}</TD>"))
        return _table(*rows, _row('<TD HEIGHT="4"></TD>'), padding=3)

    def legend(self) -> str:
        low, high = self.scale.low, self.scale.high
        steps = 12
        bar = "".join(
            f'<TD WIDTH="12" HEIGHT="9" FIXEDSIZE="TRUE" BGCOLOR="{style.ramp(i / (steps - 1))}"></TD>'
            for i in range(steps)
        )
        ends = [figure(low, 2) if low < high else "0", figure(high, 2)]
        ramp = "".join(
            [
                f'<TD ALIGN="RIGHT" WIDTH="60" HEIGHT="14" FIXEDSIZE="TRUE">{_small(ends[0])}&#160;</TD>',
                bar,
                f'<TD ALIGN="LEFT" WIDTH="60" HEIGHT="14" FIXEDSIZE="TRUE">&#160;{_small(ends[1])}</TD>',
            ]
        )
        words = "sensitivity: how strongly the result answers to a small change there"
        families = sorted({style.family_of(x.operation) for x in self.graph.items if x.operation})
        keys = [f'<FONT COLOR="{f.border}">■</FONT> {_small(f.name)}' for f in families]
        if any(x.sensitivity is None for x in self.graph.edges):
            keys.append(f'<FONT COLOR="{style.FAINT}">- - -</FONT> {_small("no gradient")}')
        looks = 'BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0" FIXEDSIZE="TRUE" WIDTH="264" HEIGHT="14"'
        rows = [_cell(_small(words)), _cell(f"<TABLE {looks}>{_row(ramp)}</TABLE>"), _cell("&#160;&#160; ".join(keys))]
        return _table(*map(_row, rows), padding=1)


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


# Words.


def _title(item: Item) -> str:
    """The name without what the box around already says, or what the item is."""
    if item.kind == "fold":
        return item.name
    if item.kind == "layer":
        return item.name
    if not item.name:
        return item.operation or item.kind
    parts = item.name.split(".")
    for length in range(min(len(parts) - 1, len(item.scope)), 0, -1):
        if tuple(parts[:length]) == item.scope[-length:]:
            return ".".join(parts[length:])
    return item.name


def _kind_of_array(item: Item) -> str:
    lengths = f" {TIMES} ".join(map(str, item.shape))
    return f"{lengths or 'scalar'} · {item.dtype}" if item.dtype else ""


def _story(item: Item) -> list[str]:
    """All that is known about an item, for who points at it."""
    lines = [" / ".join([*map(shown, item.scope), shown(item.name or _title(item))])]
    if item.operation:
        lines.append(f"{item.kind} {shown(item.operation)} {shown(item.note)}".strip())
    elif item.kind != "fold":
        lines.append(f"{item.kind} {shown(item.note)}".strip())
    lines += [f"shape {item.shape} {shown(item.dtype)}"] if item.dtype else []
    lines += [f"value {item.value.text}"] if item.value else []
    lines += [f"gradient {item.gradient.text}"] if item.gradient else []
    lines += [f"sensitivity {figure(item.sensitivity)}"] if item.sensitivity is not None else []
    return lines


def _words(text: str, longest: int = 40) -> str:
    return markup(shown(text, longest)) or "&#160;"


def _small(text: str, gap: str = "") -> str:
    return f'<FONT POINT-SIZE="9" COLOR="{style.GREY}">{_words(text, 100)}{gap}</FONT>'


def _mark(number: float) -> str:
    return markup(figure(number, 3))


def _fact(label: str, summary: Summary) -> str:
    text = f"<B>{_words(summary.text)}</B>" if summary.wrong else _words(summary.text)
    colour = style.WRONG if summary.wrong else style.INK
    value = f'<FONT POINT-SIZE="9" COLOR="{colour}">{text}</FONT>'
    return _row(f'<TD ALIGN="LEFT">{_small(label, "&#160;&#160;")}</TD><TD ALIGN="RIGHT">{value}</TD>')


def _darker(colour: str) -> str:
    return "#" + "".join(f"{int(int(colour[i:j], 16) * 0.6):02X}" for i, j in pairwise((1, 3, 5, 7)))


def _cell(content: str, span: int = 1) -> str:
    return f'<TD COLSPAN="{span}">{content}</TD>' if span > 1 else f"<TD>{content}</TD>"


def _row(*cells: str) -> str:
    return f"<TR>{''.join(cells)}</TR>"


def _table(*rows: str, padding: int = 1, spacing: int = 0) -> str:
    looks = f'BORDER="0" CELLBORDER="0" CELLPADDING="{padding}" CELLSPACING="{spacing}"'
    return f"<TABLE {looks}>{''.join(rows)}</TABLE>"
