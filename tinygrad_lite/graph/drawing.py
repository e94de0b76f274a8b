"""The picture of who is to blame for the error: made of a result, shown in a notebook, saved to a file."""

from collections.abc import Callable, Collection
from functools import cached_property

from ..primitive import Node
from . import dot, fold, measures, words
from . import hide as hiding
from . import roll as rolling
from .as_json import to_json
from .measures import Heat
from .mermaid import mermaid_of
from .page import page_of
from .picture import Picture
from .reading import read
from .structure import Graph
from .text import shown

ON_A_PAGE = 400  # items: a page can close boxes for itself, but all it can open has to be laid out


class Drawing(Picture):
    """A picture of a recorded graph. It has its own copy of all that it shows: the graph may be freed or change.

    A notebook shows it. `save(path)` writes what the path ends in. .svg, .png, .pdf: the picture. .html: a page to walk
    through, which needs nothing else; it opens and closes boxes, tells about each value, and goes forward and backward
    step by step. .mmd, .md: Mermaid, bare or in a page of Markdown, which code hosts show without any tool. .json: all
    that the picture is made of, see `tinygrad_lite.graph.as_json`. .dot: its source in Graphviz's language.

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
        return page_of([fold.fit(self.opened, ON_A_PAGE, fold.room(self.opened, ON_A_PAGE))])

    def _kinds(self) -> dict[str, Callable[[], str | bytes]]:
        texts = {"mmd": lambda: self.mermaid, "md": lambda: f"```mermaid\n{self.mermaid}```\n"}
        return {**super()._kinds(), **texts, "json": lambda: self.json, "html": lambda: self.page}

    def __repr__(self) -> str:
        result = self.graph.items[self.graph.result]
        value = result.value.text if result.value else ""
        blamed = [name for name, _ in words.hottest(self.graph)]
        answers = f", {measures.HEATS[self.graph.heat].most} {shown(blamed[0])!r}" if blamed else ""
        name = shown(result.name or result.operation or result.kind)
        return f"<Drawing of {name} = {value}: {len(self.graph.items)} items, {len(self.graph.edges)} edges{answers}>"


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
