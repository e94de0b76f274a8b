"""The picture on the page: what Graphviz drew, with each part under a name of its own, and its colours in the dark."""

import re
import xml.etree.ElementTree as ElementTree
from typing import TypeAlias
from xml.etree.ElementTree import Element, SubElement

from ..dot import source_of
from ..render import render
from ..structure import Graph, Item
from ..text import shown
from ..words import beside, dead

Extent: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom

_GROUP = re.compile(r"[bne]\d+")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_SHAPES = ("path", "polygon", "ellipse", "polyline", "text")
_KEPT = ("d", "points", "x", "y", "text-anchor", "font-size", "font-weight", "font-style", "fill",
         "stroke", "stroke-width", "stroke-dasharray")  # fmt: skip


def picture_of(graph: Graph) -> Element:
    """The SVG of a graph: boxes, edges, items, each a group under its id (see `dot.source_of`). Raises CannotRender.

    What stands above the picture is left out, and so are Graphviz's tooltips: the page has its own words. The parts of
    a group have classes: see `_mark_item` and so on.
    """
    drawn = ElementTree.fromstring(render(source_of(graph), "svg"))
    found = {x.get("id", ""): x for x in drawn.iter() if _GROUP.fullmatch(x.get("id", ""))}
    svg = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "id": "picture", "role": "group"})
    world = SubElement(svg, "g", id="world")
    boxes, edges, items = (SubElement(world, "g", id=name) for name in ("boxes", "edges", "items"))
    extents = []
    for i in range(len(graph.boxes)):
        group = _group(boxes, found[f"b{i}"])
        extents.append(_extent(group[0]))
        _mark_box(group)
    cards = []
    for item in graph.items:
        group = _group(items, found[f"n{item.id}"])
        cards.append(_extent(group[0]))
        _mark_item(group, item)
    for i, edge in enumerate(graph.edges):
        _mark_edge(_group(edges, found[f"e{i}"]), cards[edge.source], cards[edge.target])
    lefts, tops, rights, bottoms = zip(*extents, *cards, strict=True)
    left, top, right, bottom = min(lefts), min(tops), max(rights), max(bottoms)
    svg.set("viewBox", " ".join(map(_short, (left - 20, top - 20, right - left + 40, bottom - top + 40))))
    return svg


def _mark_box(group: Element) -> None:
    """frame: the outline, a <rect>, so that it can change its size. title: all that is written on it."""
    frame, *written = list(group)
    left, top, right, bottom = _extent(frame)
    frame.tag = "rect"
    for name in ("d", "points"):
        frame.attrib.pop(name, None)
    sides = {"x": left, "y": top, "width": right - left, "height": bottom - top, "rx": 11}
    frame.attrib |= {"class": "frame"} | {name: _short(number) for name, number in sides.items()}
    title = SubElement(group, "g", {"class": "title"})
    for part in written:
        group.remove(part)
        title.append(part)
    _mark_heat(written)


def _mark_item(group: Element, item: Item) -> None:
    """outline: the card. value, gradient, neurons, beside: texts that may change. Its heat: see `_mark_heat`."""
    outline, *written = list(group)
    outline.set("class", "outline")
    left, _, right, _ = _extent(outline)
    texts = [x for x in written if x.tag == "text"]
    for label, fact in (("value", item.value), ("gradient", item.gradient), ("neurons", dead(item))):
        places = [i for i, x in enumerate(texts[:-1]) if (x.text or "").strip() == label]
        if fact and places:
            name, number = texts[places[-1]], texts[places[-1] + 1]
            number.attrib |= {"class": label, "text-anchor": "end"}  # one of another length ends at the same place
            number.set("x", _short(right - float(name.get("x", left)) + left))
    for text in texts[1:3]:  # the second, or the third where the space before it is one by itself
        if (words := shown(beside(item))) and (text.text or "").strip() == words:
            text.set("class", "beside")
    _mark_heat(written)


def _mark_heat(parts: list[Element]) -> None:
    """bar and bar-text: the number of its heat. cell: the heat of one copy that it stands for."""
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        if part.tag == "polygon":
            part.set("class", "cell")
        elif part.tag == "path":
            part.set("class", "bar")
            left, _, right, _ = _extent(part)
            if following is not None and following.tag == "text":
                following.attrib |= {"class": "bar-text", "text-anchor": "middle", "x": _short((left + right) / 2)}


def _mark_edge(group: Element, source: Extent, target: Extent) -> None:
    """line, head: the arrow, one of each, also where Graphviz draws an edge twice. share: the number on it."""
    for part in list(group):
        name = {"path": "line", "polygon": "head"}.get(part.tag, "share")
        if any(x.get("class") == name for x in group):
            group.remove(part)
            continue
        part.set("class", name)
        if name == "line":
            part.set("d", _from_source(part.get("d", ""), source, target))


def _group(parent: Element, drawn: Element) -> Element:
    """A group with the shapes and texts that Graphviz put somewhere inside `drawn`, without links and titles."""
    group = SubElement(parent, "g", id=drawn.get("id", ""))
    for x in drawn.iter():
        tag = x.tag.rpartition("}")[2]
        if tag in _SHAPES and (tag == "text" or x.get("stroke") != "transparent" or x.get("fill") != "none"):
            part = SubElement(group, tag, {name: value for name in _KEPT if (value := x.get(name)) is not None})
            part.text = x.text
    return group


def _numbers(shape: Element) -> list[float]:
    return [float(x) for x in _NUMBER.findall(shape.get("d") or shape.get("points") or "")]


def _extent(shape: Element) -> Extent:
    numbers = _numbers(shape)
    return min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])


def _from_source(path: str, source: Extent, target: Extent) -> str:
    """The path of an edge so that it leads from the source's card to the target's, if it was drawn backwards, too."""
    numbers = [float(x) for x in _NUMBER.findall(path)]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    if _distance(points[0], source) + _distance(points[-1], target) > (
        _distance(points[0], target) + _distance(points[-1], source)
    ):
        points.reverse()
    words = [f"{_short(x)},{_short(y)}" for x, y in points]
    return f"M{words[0]}C{' '.join(words[1:])}"


def _distance(point: tuple[float, float], box: Extent) -> float:
    (x, y), (x0, y0, x1, y1) = point, box
    return max(x0 - x, 0, x - x1) + max(y0 - y, 0, y - y1)


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
