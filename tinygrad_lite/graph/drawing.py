"""The picture of who is to blame for the error: made of a result, shown in a notebook, saved to a file."""

import os
import shutil
import warnings
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..primitive import Node
from . import dot, fold
from .render import FORMATS, CannotRender, render
from .structure import Graph, read
from .text import shown


class Drawing:
    """A picture of a recorded graph. It has its own copy of all that it shows: the graph may be freed or change."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def source(self) -> str:
        """The picture as a text in Graphviz's language, DOT."""
        return dot.source_of(self.graph)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to a file that ends in .svg, .png, .pdf or .dot, and returns the path written.

        The file is written beside and renamed: there is the old one or the whole new one. Where nothing is installed
        that draws, the DOT source is written instead, under the same name with .dot, and a warning says how to get the
        picture.
        """
        path = Path(path)
        format = path.suffix[1:].lower()
        if format not in (*FORMATS, "dot"):
            raise ValueError(f"the file must end in .svg, .png, .pdf or .dot, given {path.name!r}")
        if format == "dot":
            return _write(path, self.source.encode())
        try:
            return _write(path, render(self.source, format))
        except CannotRender as error:
            written = _write(path.with_suffix(".dot"), self.source.encode())
            warnings.warn(f"no picture {path.name}, the graph is in {written.name}. {error}", stacklevel=2)
            return written

    def __repr__(self) -> str:
        result = self.graph.items[self.graph.result]
        value = result.value.text if result.value else ""
        blamed = self.graph.to_blame
        answers = f", it answers most to {shown(blamed[0].name)!r}" if blamed and blamed[0].name else ""
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


def draw(result: Node, *, depth: int | None = None, limit: int = 200) -> Drawing:
    """The picture of how `result` was computed and of who is to blame for it.

    Each value is shown with its name, shape, dtype, what it holds and its gradient; each operation in the colour of its
    family; each layer (`scope`) as a box. Colour and width of the edges are the *sensitivity*, the plain word for
    gradient: how strongly the result answers to a small change there (see `tinygrad_lite.graph.structure`).

    It computes the gradients for itself: nothing is added to any `.grad` and the graph stays as it is. Call it before
    `loss.backward()`, or after `loss.backward(retain_graph=True)`.

    depth: boxes inside so many others are drawn closed, as one item each; None opens all. limit: a graph with more
    items than this has its boxes closed and then its middle folded into one item, and the picture says so.

    Raises RuntimeError if the graph was freed or a Tensor in it was changed after use, TypeError if `result` is not a
    Tensor.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor(2.0, requires_grad=True, name="x")
    >>> tg.draw(x * x)
    <Drawing of multiply = 4: 2 items, 2 edges, it answers most to 'x'>
    """
    graph = read(result)
    if depth is not None:
        graph = fold.close(graph, depth)
    return Drawing(fold.fit(graph, limit))


def _write(path: Path, content: bytes) -> Path:
    """Writes beside and renames, so that nobody ever meets half a file. A link stays a link, the mode stays."""
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise OSError(f"{path} is not an ordinary file: nothing was written")
    beside = target.with_name(f".{uuid4().hex}.tmp")
    try:
        beside.write_bytes(content)
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)
    return path
