"""A picture: a text in Graphviz's language, shown in a notebook or saved to a file."""

import os
import warnings
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

from ..files import write
from .render import FORMATS, CannotRender, render


class Picture:
    """A picture of anything. words: what a terminal shows instead."""

    def __init__(self, source: str, words: str) -> None:
        self._source, self.words = source, words

    @property
    def source(self) -> str:
        """The picture as a text in Graphviz's language, DOT."""
        return self._source

    def _kinds(self) -> dict[str, Callable[[], str | bytes]]:
        """The kinds of files it can be saved as, by their endings, and what makes the content of each."""
        drawn = {kind: partial(lambda kind: render(self.source, kind), kind) for kind in FORMATS}
        return {**drawn, "dot": lambda: self.source}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to a file, as what its name ends in, and returns the path written.

        .svg, .png, .pdf: the picture. .dot: its source. Of a computation there is more: see `Drawing`.

        The file is written beside and renamed: there is the old one or the whole new one. Where nothing is installed
        that draws, the DOT source is written instead, under the same name with .dot, and a warning says how to get the
        picture.
        """
        path = Path(path)
        kinds = self._kinds()
        make = kinds.get(path.suffix[1:].lower())
        if make is None:
            known = ", ".join([f".{kind}" for kind in kinds])
            raise ValueError(f"the file must end in one of {known}, given {path.name!r}")
        try:
            content = make()
        except CannotRender as error:
            written = write(path.with_suffix(".dot"), self.source.encode())
            warnings.warn(f"no picture {path.name}, its source is in {written.name}. {error}", stacklevel=2)
            return written
        return write(path, content.encode() if isinstance(content, str) else content)

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
