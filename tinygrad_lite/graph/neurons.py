"""The picture of a network as neurons and links: a circle for each neuron, a line for each link."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from . import style
from .header import ramp
from .picture import Picture
from .style import Scale
from .summary import TIMES, figure, look
from .text import hint, markup, shown

_POSITIVE, _NEGATIVE = "#1B7F79", "#7A4FB0"  # of weights; a colour-blind eye tells them apart, and blame alone is red
_DIAMETER, _SMALL = 50.0, 32.0  # of a neuron, of a bias neuron, in points
_ROW, _COLUMN = 74.0, 190.0  # from one neuron to the next, from one layer to the next, at least
_WIDER, _HIGHER = 1.6, 1.3  # where there are numbers at each link
_LABEL = (88.0, 19.0)  # the room that they take
_SPACE = "&#160;"
_LABELLED = 24  # links: a picture up to here has numbers at each


class _Circle(NamedTuple):
    """A neuron and where it stands."""

    id: str
    name: str
    neuron: Any
    x: float
    y: float
    diameter: float


def draw_neurons(network: Any, *, most: int = 16) -> Picture:
    """The picture of a network as neurons and links.

    A circle is a neuron, with its output, and its sensitivity below, which also is its colour; a small circle is a bias
    neuron. A line is a link: green and purple are positive and negative weights, and the wider, the more weight. A
    small network has its numbers at each link: the weight and, on the colour of the blame, the sensitivity.

    network: what `nn.as_neurons(model)` gives, or anything with the same words: it has `layers`, a layer has `neurons`
    and perhaps a `bias` neuron, a neuron has `output`, `sensitivity` and `links_in`, a link has `source`, `weight` and
    `sensitivity`. What is not known is None. Of a layer with more than `most` neurons the middle is left out, and the
    picture says so.

    >>> import nn, tinygrad_lite as tg
    >>> tg.draw_neurons(nn.as_neurons(nn.Sequential([nn.Dense(2, input_shape=(3,))])))
    <Picture of 3 + 2 neurons and 8 links>
    """
    if not all(hasattr(layer, "neurons") for layer in getattr(network, "layers", [None])):
        raise TypeError(
            f"draw_neurons needs layers of neurons, given {type(network).__name__}: of a model of Dense layers,"
            " nn.as_neurons(model) makes them"
        )
    if most < 2:
        raise ValueError(f"most must be at least 2, the first and the last neuron of a layer, given {most}")
    links = sum(len(neuron.links_in) for layer in network.layers for neuron in layer.neurons)
    sizes = " + ".join(f"{len(layer.neurons):,}" for layer in network.layers)
    words = f"{sizes} neurons and {links:,} link{'s' * (links != 1)}"
    return Picture(_Neurons(network.layers, words, most).text(), words)


class _Neurons:
    """Where each circle, line and number stands, and what it says: as a text in Graphviz's language."""

    def __init__(self, layers: list[Any], words: str, most: int) -> None:
        import graphviz  # only a picture needs it

        self.verbatim = graphviz.nohtml
        self.layers, self.words, self.most = layers, words, most
        self.circles: dict[Any, _Circle] = {}
        self.words_at: list[tuple[str, float, float]] = []
        self.labelled = sum(len(neuron.links_in) for layer in layers for neuron in layer.neurons) <= _LABELLED
        self.place()
        self.links = [link for x in self.circles for link in x.links_in if link.source in self.circles]
        blamed = [x.sensitivity for x in (*self.circles, *self.links) if x.sensitivity is not None]
        self.blamed = bool(blamed)
        self.scale = Scale.of([_length(s) for s in blamed])
        self.heaviest = max((abs(link.weight) for link in self.links if math.isfinite(link.weight)), default=0) or 1.0
        self.dot = graphviz.Digraph(
            graph_attr={
                "layout": "neato", "inputscale": "72", "splines": "line", "outputorder": "edgesfirst", "pad": "0.2",
                "label": f"<{self.header()}>", "labelloc": "t", "bgcolor": style.PAPER, "fontname": style.FONT,
                "fontcolor": style.INK, "tooltip": " ",
            },
            node_attr={
                "shape": "circle", "style": "filled", "fixedsize": "true", "fontname": style.FONT, "fontsize": "10",
                "fontcolor": style.INK, "fillcolor": style.PAPER, "color": style.GREY, "margin": "0",
            },
            edge_attr={"arrowsize": "0.5"},
        )  # fmt: skip

    # Where everything stands.

    def place(self) -> None:
        """Columns from left to right, each in the middle, its bias neuron on top."""
        tallest = min(max(len(layer.neurons) for layer in self.layers), self.most)
        row, column = _ROW, max(_COLUMN, 0.62 * _ROW * tallest)
        if self.labelled:
            row, column = _HIGHER * row, _WIDER * column
        for i, layer in enumerate(self.layers):
            name = getattr(layer, "name", None) or _role(i, len(self.layers))
            rows = self.rows(len(layer.neurons))
            top = (len(rows) - 1) / 2 * row
            for place, k in enumerate(rows):
                if k is None:
                    words = _font(f"⋮ {len(layer.neurons) - len(rows) + 1:,} more ⋮", style.GREY, 10)
                    self.words_at.append((words, i * column, top - place * row))
                else:
                    self.put(f"n{i}_{k}", f"{name}[{k}]", layer.neurons[k], i * column, top - place * row, _DIAMETER)
            self.words_at.append((f"<I>{_font(name, style.GREY, 10)}</I>", i * column, -(tallest / 2 + 0.15) * row))
            bias = getattr(layer, "bias", None)
            if bias is not None and i + 1 < len(self.layers):
                self.put(f"n{i}_bias", f"{name}.bias", bias, i * column, top + 0.92 * row, _SMALL)

    def rows(self, count: int) -> list[int | None]:
        """The neurons that are shown, and None where some are left out."""
        if count <= self.most:
            return list(range(count))
        last = (self.most - 1) // 2
        return [*range(self.most - 1 - last), None, *range(count - last, count)]

    def put(self, id: str, name: str, neuron: Any, x: float, y: float, diameter: float) -> None:
        self.circles[neuron] = _Circle(id, name, neuron, x, y, diameter)

    # What is drawn.

    def text(self) -> str:
        for link in self.links:
            self.line(link)
        for circle in self.circles.values():
            self.circle(circle)
        for words, x, y in self.words_at:
            self.write(f"<{words}>", x, y)
        for (x, y), link in self.labels():
            self.write(f"<{self.label(link)}>", x, y, tooltip=self.story(link))
        return self.dot.source

    def write(self, label: str, x: float, y: float, **look: str) -> None:
        name = f"t{len(self.dot.body)}"
        self.dot.node(name, label, shape="plaintext", style="", fixedsize="false", width="0", height="0",
                      pos=_at(x, y), **({"tooltip": " "} | look))  # fmt: skip

    def circle(self, circle: _Circle) -> None:
        neuron, bias = circle.neuron, circle.diameter == _SMALL
        look = {"tooltip": self.story(neuron), "pos": _at(circle.x, circle.y), "width": f"{circle.diameter / 72:.3f}"}
        ink, rows = style.INK, []
        if neuron.sensitivity is not None and not bias:
            blame = _length(neuron.sensitivity)
            look["fillcolor"], ink = self.scale.colour(blame), self.scale.ink(blame)
        if neuron.output is not None:
            output = "1" if bias else figure(float(np.mean(neuron.output)), 3)
            rows.append(f"<B>{_font(output, ink, 10)}</B>")
        if neuron.sensitivity is not None and not bias:
            rows.append(_font(_number(neuron.sensitivity), ink, 8))
        if bias:
            look |= {"fillcolor": style.BOX_FILLS[1], "color": style.FAINT}
        self.dot.node(circle.id, f"<{'<BR/>'.join(rows) or ' '}>", **look)

    def line(self, link: Any) -> None:
        colour = _colour(link.weight)
        share = abs(link.weight) / self.heaviest if math.isfinite(link.weight) else 1.0
        look = {"penwidth": f"{0.7 + 4.3 * share:.2f}"}
        if not self.labelled:  # many lines: the heavy ones stand out
            look["arrowhead"] = "none"
            colour += f"{round(40 + 190 * share):02X}"
        tooltip = self.story(link)
        self.dot.edge(self.circles[link.source].id, self.circles[link.target].id, color=colour, tooltip=tooltip, **look)

    def label(self, link: Any) -> str:
        colour = _colour(link.weight)
        cells = f'<TD BGCOLOR="{style.PAPER}"><B>{_font(figure(link.weight, 3), colour, 9)}</B></TD>'
        if link.sensitivity is not None:
            blame = _length(link.sensitivity)
            number = _font(_number(link.sensitivity), self.scale.ink(blame), 8)
            cells += f'<TD BGCOLOR="{self.scale.colour(blame)}">{number}</TD>'
        return f'<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="2" CELLSPACING="0"><TR>{cells}</TR></TABLE>'

    def labels(self) -> Iterator[tuple[tuple[float, float], Any]]:
        """Where each link's numbers stand: on their line, and out of each other's way as far as possible."""
        taken: list[tuple[float, float]] = []
        for link in self.links if self.labelled else ():
            a, b = self.circles[link.source], self.circles[link.target]

            def spot(t: float, a: _Circle = a, b: _Circle = b) -> tuple[float, float]:
                return a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)

            spots = [spot(t / 100) for t in (34, 42, 50, 58, 66, 26, 74, 30, 38, 46, 54, 62, 70)]
            taken.append(min(spots, key=lambda at: sum(_overlap(at, other) for other in taken)))
            yield taken[-1], link

    # What is told.

    def story(self, x: Any) -> str:
        """All that is known about a neuron or a link, for who points at it."""
        if x in self.circles:
            lines = [shown(self.circles[x].name)]
            lines += [] if x.output is None else [f"output {figure(float(np.mean(x.output)))}"]
        else:
            ends = f"{shown(self.circles[x.source].name)} → {shown(self.circles[x.target].name)}"
            lines = [ends, f"weight {figure(x.weight)}"]
            if x.source.output is not None:
                output = float(np.mean(x.source.output))
                lines.append(f"hands on {figure(x.weight * output)} = {figure(x.weight)} {TIMES} {figure(output)}")
        lines += [] if x.sensitivity is None else [f"sensitivity {_number(x.sensitivity, 4)}"]
        return self.verbatim(hint(lines))

    def header(self) -> str:
        """What is seen, and what the colours mean."""
        keys = [
            f"{_font('━', _POSITIVE, 10)} {_font('positive weight', style.GREY, 9)}",
            f"{_font('━', _NEGATIVE, 10)} {_font('negative weight', style.GREY, 9)}",
        ]
        rows = [f"<B>{_font(self.words, style.INK, 14)}</B>", f"{_SPACE}{_SPACE} ".join(keys)]
        if self.blamed:
            where = "a circle: output, sensitivity" + ("; a line: weight, sensitivity" if self.labelled else "")
            told = "sensitivity: how strongly the error answers to a small change there"
            rows += [_font(where, style.GREY, 9), _font(told, style.GREY, 9), ramp("gradient", self.scale)]
        body = "".join(f"<TR><TD>{row}</TD></TR>" for row in (*rows, " "))
        return f'<TABLE BORDER="0" CELLBORDER="0" CELLPADDING="2" CELLSPACING="0">{body}</TABLE>'


def _role(place: int, count: int) -> str:
    return "input" if place == 0 else "output" if place == count - 1 else "hidden"


def _colour(weight: float) -> str:
    if not math.isfinite(weight):
        return style.WRONG
    return _POSITIVE if weight > 0 else _NEGATIVE if weight < 0 else style.GREY


def _number(sensitivity: Any, digits: int = 2) -> str:
    """A sensitivity; of a batch, how long the vector of its samples' is."""
    number = float(sensitivity) if np.ndim(sensitivity) == 0 else _length(sensitivity)
    return figure(number + 0.0, digits)  # -0.0 is 0


def _length(sensitivity: Any) -> float:
    with np.errstate(all="ignore"):
        return look(np.asarray(sensitivity)).length


def _overlap(a: tuple[float, float], b: tuple[float, float]) -> float:
    return max(0.0, _LABEL[0] - abs(a[0] - b[0])) * max(0.0, _LABEL[1] - abs(a[1] - b[1]))


def _at(x: float, y: float) -> str:
    return f"{x:.1f},{y:.1f}!"


def _font(text: str, colour: str, size: int) -> str:
    return f'<FONT COLOR="{colour}" POINT-SIZE="{size}">{markup(shown(text, 100)) or " "}</FONT>'
