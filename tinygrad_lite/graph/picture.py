"""A picture: a text in Graphviz's language, shown in a notebook or saved to a file."""

import os
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

from .files import write
from .render import FORMATS, CannotRender, render


class Picture:
    """A picture of anything. source: its text in Graphviz's language, DOT. words: what a terminal shows instead."""

    def __init__(self, source: str, words: str) -> None:
        self.source = source
        self.words = words

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to a file that ends in .svg, .png, .pdf or .dot, and returns the path written.

        The file is written beside and renamed. Where nothing is installed that draws, the DOT source is written
        instead, under the same name with .dot, and a warning says how to get the picture.
        """
        path = Path(path)
        format = path.suffix[1:].lower()
        if format not in (*FORMATS, "dot"):
            raise ValueError(f"the file must end in .svg, .png, .pdf or .dot, given {path.name!r}")
        if format == "dot":
            return write(path, self.source.encode())
        try:
            return write(path, render(self.source, format))
        except CannotRender as error:
            written = write(path.with_suffix(".dot"), self.source.encode())
            warnings.warn(f"no picture {path.name}, its text is in {written.name}. {error}", stacklevel=2)
            return written

    def __repr__(self) -> str:
        return f"<Picture of {self.words}>"

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
