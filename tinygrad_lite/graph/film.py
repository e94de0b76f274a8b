"""A training run as one page: the same picture at successive steps, and a slider."""

import html
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from ..files import write
from . import fold
from . import roll as rolling
from .drawing import ON_A_PAGE, Drawing
from .measures import Measures, said
from .page import page_of
from .render import CannotRender
from .structure import Box, Graph, Item
from .summary import Summary
from .text import shown


class Film:
    """Pictures of one computation at successive steps, on a page with a slider. In a notebook it shows itself."""

    def __init__(self, graphs: list[Graph], labels: list[str]) -> None:
        self.graphs = graphs
        self.labels = labels

    @cached_property
    def page(self) -> str:
        """The HTML of the page. Raises CannotRender where nothing is installed that draws."""
        return page_of(self.graphs, self.labels, _roomy(self.graphs))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the page to a file that ends in .html, beside and renamed, and returns the path.

        Raises ValueError for another ending, CannotRender where nothing is installed that draws.
        """
        path = Path(path)
        if path.suffix.lower() != ".html":
            raise ValueError(f"a film is a page: the file must end in .html, given {path.name!r}")
        return write(path, self.page.encode())

    def __len__(self) -> int:
        return len(self.graphs)

    def __repr__(self) -> str:
        ends = [graph.items[graph.result] for graph in (self.graphs[0], *self.graphs[1:][-1:])]
        values = " → ".join(x.value.text for x in ends if x.value)
        name = shown(ends[0].name or ends[0].operation or ends[0].kind)
        return f"<Film of {name} = {values}: {len(self)} step{'s' * (len(self) != 1)}>"

    def _repr_html_(self) -> str:
        """The page in a frame that may run its own scripts and nothing else; where nothing draws, the words."""
        try:
            page = self.page
        except CannotRender as error:
            return f"<p>{html.escape(f'{self!r} {error}')}</p>"
        frame = 'sandbox="allow-scripts" width="100%" height="680" style="border: 0" title="computation graph"'
        return f'<iframe {frame} srcdoc="{html.escape(page)}"></iframe>'


def film(drawings: Drawing | Iterable[Drawing], labels: Iterable[str] | None = None) -> Film:
    """The drawings of one computation at successive steps of a training run, as one page with a slider over them.

    drawings: one for each step, each drawn before its `backward()`; one alone is a page, too. labels: what the steps
    are called; "step 0", "step 1", ... by default. All have the same places, and one scale of colours.

    Raises ValueError where there are no drawings, where labels and drawings differ in number, or where two drawings
    are not of one computation: other operations, names or shapes. TypeError for what are no drawings.

    >>> import tinygrad_lite as tg
    >>> w = tg.tensor(1.0, requires_grad=True, name="w")
    >>> drawings = []
    >>> for step in range(3):
    ...     loss = (w * 2.0 - 6.0) ** 2
    ...     drawings.append(tg.draw(loss))
    ...     loss.backward()
    ...     with tg.no_grad():
    ...         w -= 0.1 * w.grad
    ...     w.grad = None
    >>> tg.film(drawings)
    <Film of power = 16 → 0.0256: 3 steps>
    """
    given = [drawings] if isinstance(drawings, Drawing) else list(drawings)
    for drawing in given:
        if not isinstance(drawing, Drawing):
            raise TypeError(f"film() takes the Drawings that draw(loss) gives, given {type(drawing).__name__}")
    if not given:
        raise ValueError("film() needs at least one drawing: collect draw(loss) before each loss.backward()")
    names = [f"step {i}" for i in range(len(given))] if labels is None else [shown(str(label)) for label in labels]
    if len(names) != len(given):
        raise ValueError(f"film() needs a label for each drawing, given {len(names)} labels for {len(given)} drawings")
    opened = [drawing.opened for drawing in given]
    if rolled := {box.scope for box in opened[-1].boxes if box.copies}:  # at each step the same one of them is shown
        opened = [rolling.roll(drawing.whole, rolled) for drawing in given]
    room = fold.room(opened[-1], ON_A_PAGE)
    graphs = [fold.fit(graph, ON_A_PAGE, room) for graph in opened]
    for graph, name in zip(graphs[1:], names[1:], strict=True):
        if difference := _difference(graphs[0], graph):
            raise ValueError(f"film() shows one computation at successive steps, but {name!r} {difference}")
    return Film(graphs, names)


def _difference(first: Graph, other: Graph) -> str:
    """What makes the other graph another computation than the first, nothing if it is the same."""
    for a, b in zip(first.items, other.items, strict=False):
        if _identity(a) != _identity(b):
            return f"has {_told(b)} where the first has {_told(a)}"
    if len(first.items) != len(other.items):
        return f"has {len(other.items)} values, the first has {len(first.items)}"
    if [(e.source, e.target) for e in first.edges] != [(e.source, e.target) for e in other.edges]:
        return "joins its values in another way than the first"
    return ""


def _identity(item: Item) -> tuple[object, ...]:
    return item.kind, item.name, item.operation, item.shape, item.dtype, item.scope


def _told(item: Item) -> str:
    name = f" {shown(item.name)!r}" if item.name else ""
    return f"{item.kind} {shown(item.operation)}".strip() + f"{name} of shape {item.shape}"


def _roomy(graphs: list[Graph]) -> Graph:
    """The first graph with the longest words of all steps, so that there is room for them."""

    def longest(found: Iterable[Summary | None]) -> Summary | None:
        texts = [x.text for x in found if x]
        return Summary(max(texts, key=len)) if texts else None

    def measured(steps: Sequence[Item | Box]) -> Measures:
        return max(steps, key=lambda x: -1 if (number := x.heat(heat)) is None else len(said(heat, number))).measures

    heat = graphs[0].heat
    items = [
        replace(steps[0], value=longest(x.value for x in steps), gradient=longest(x.gradient for x in steps),
                note=max((x.note for x in steps), key=len), measures=measured(steps))
        for steps in zip(*(graph.items for graph in graphs), strict=True)
    ]  # fmt: skip
    boxes = [
        replace(steps[0], measures=measured(steps)) for steps in zip(*(graph.boxes for graph in graphs), strict=True)
    ]
    return replace(graphs[0], items=items, boxes=tuple(boxes))
