"""The picture of who is to blame for the error: made of a result, shown in a notebook, saved to a file."""

import os
import warnings
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any

from ..primitive import Node
from . import dot, fold, measures, words
from . import hide as hiding
from . import roll as rolling
from .as_json import to_json
from .files import write
from .measures import Heat
from .mermaid import mermaid_of
from .page import page_of
from .reading import read
from .render import FORMATS, CannotRender, render
from .structure import Graph
from .text import shown

ON_A_PAGE = 400  # items: a page can close boxes for itself, but all it can open has to be laid out


class Drawing:
    """A picture of a recorded graph. It has its own copy of all that it shows: the graph may be freed or change.

    graph: what the picture shows. opened: the same with all boxes open. whole: the same before any were rolled up.
    """

    def __init__(self, graph: Graph, whole: Graph | None = None, opened: Graph | None = None) -> None:
        self.graph = graph
        self.whole = graph if whole is None else whole
        self.opened = self.whole if opened is None else opened

    @cached_property
    def source(self) -> str:
        """The picture as a text in Graphviz's language, DOT."""
        return dot.source_of(self.graph)

    @cached_property
    def mermaid(self) -> str:
        """The picture as a text in Mermaid's language."""
        return mermaid_of(self.graph)

    @cached_property
    def json(self) -> str:
        """All that the picture is made of, as JSON: see `tinygrad_lite.graph.as_json`."""
        return to_json(self.graph)

    @property
    def page(self) -> str:
        """The HTML of a page to walk through; see `save`. Raises CannotRender where nothing is installed that draws."""
        return page_of([fold.fit(self.opened, ON_A_PAGE)])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to a file, in the format that its name ends in, and returns the path written.

        .svg, .png, .pdf: the picture. .html: a page to walk through, which needs nothing else; it opens and closes
        boxes, tells about each value, and goes forward and backward step by step. .dot: the picture's source. .mmd,
        .md: Mermaid, bare or in a page of Markdown, which code hosts show without any tool. .json: all that the picture
        is made of, see `tinygrad_lite.graph.as_json`.

        The file is written beside and renamed: there is the old one or the whole new one. Where nothing is installed
        that draws, the DOT source is written instead, under the same name with .dot, and a warning says how to get the
        picture.
        """
        path = Path(path)
        format = path.suffix[1:].lower()
        texts = {"dot": lambda: self.source, "mmd": lambda: self.mermaid, "json": lambda: self.json}
        texts["md"] = lambda: f"```mermaid\n{self.mermaid}```\n"
        if format in texts:
            return write(path, texts[format]().encode())
        if format not in (*FORMATS, "html"):
            known = ", ".join([f".{x}" for x in (*FORMATS, *texts, "html")])
            raise ValueError(f"the file must end in one of {known}, given {path.name!r}")
        try:
            return write(path, self.page.encode() if format == "html" else render(self.source, format))
        except CannotRender as error:
            written = write(path.with_suffix(".dot"), self.source.encode())
            warnings.warn(f"no picture {path.name}, the graph is in {written.name}. {error}", stacklevel=2)
            return written

    def __repr__(self) -> str:
        result = self.graph.items[self.graph.result]
        value = result.value.text if result.value else ""
        blamed = [name for name, _ in words.hottest(self.graph)]
        answers = f", {measures.HEATS[self.graph.heat].most} {shown(blamed[0])!r}" if blamed else ""
        name = shown(result.name or result.operation or result.kind)
        return f"<Drawing of {name} = {value}: {len(self.graph.items)} items, {len(self.graph.edges)} edges{answers}>"

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        """What a notebook shows. It never raises: without a picture there are the words."""
        bundle = {"text/plain": repr(self)}
        wanted = (include is None or "image/svg+xml" in include) and "image/svg+xml" not in (exclude or ())
        if wanted:
            try:
                svg = render(self.source, "svg").decode()
                bundle["image/svg+xml"] = svg[svg.index("<svg") :]
            except Exception as error:
                bundle["text/plain"] += f"\n{error}"
        return {kind: x for kind, x in bundle.items() if kind not in (exclude or ()) and kind in (include or bundle)}


def draw(
    result: Node,
    *,
    depth: int | None = None,
    limit: int = 200,
    heat: Heat = "gradient",
    hide: Collection[str] = (),
    roll: bool = True,
) -> Drawing:
    """The picture of how `result` was computed and of who is to blame for it.

    Each value is shown with its name, shape, dtype, what it holds and its gradient; each operation in the colour of its
    family; each layer (`scope`) as a box. Colour and width of the edges are the *sensitivity*, the plain word for
    gradient: how strongly the result answers to a small change there (see `tinygrad_lite.graph.structure`).

    It computes the gradients for itself: nothing is added to any `.grad` and the graph stays as it is. Call it before
    `loss.backward()`, or after `loss.backward(retain_graph=True)`.

    depth: boxes inside so many others are drawn closed, as one item each; None opens all. limit: a graph with more
    items than this has its boxes closed and then its middle folded into one item. roll: three or more sibling boxes of
    the same structure and shapes are rolled up into the one with the greatest heat. hide: leaves out "constants"
    (values that want no gradient), "shapes" (reshape, transpose and their like), "casts", or several of them; what is
    around is joined through. Whatever is left out, the picture says so.

    heat: what the colours say. "gradient": sensitivity. "blame": |value * sensitivity|, to first order the share of the
    result. "ratio": gradient to weight. "activation": the mean of |value|. "bytes": memory. "time": each operation is
    computed once more, and its time taken.

    Raises RuntimeError if the graph was freed or a Tensor in it was changed after use, TypeError if `result` is not a
    Tensor, ValueError for a depth, limit, heat or hide that does not exist.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor(2.0, requires_grad=True, name="x")
    >>> tg.draw(x * x)
    <Drawing of multiply = 4: 2 items, 2 edges, most to blame 'x'>
    """
    whole = hiding.hide(read(result, heat), hide)
    opened = rolling.roll(whole) if roll else whole
    graph = opened if depth is None else fold.close(opened, depth)
    return Drawing(fold.fit(graph, limit), whole, opened)
