"""Docstrings as they are written here, plain text with `code` in backquotes, made the markup that Sphinx reads."""

import re
from typing import Any

from sphinx.application import Sphinx

import tinygrad_lite

CODE = re.compile(r"(``[^`]+``|`[^`]+`)")
NAME = re.compile(r"`[A-Za-z_]\w*(\.\w+)*`")
EXPLAINED = re.compile(r"(^|(?<=[.;][ \n])|(?<=\),[ \n]))([a-z_]\w*(?:, [a-z_]\w*)*):(?=[ \n])")  # arguments
SIGNS = re.compile(
    r"(?<![\w*])\*\w+\*(?![\w*])|[*|\\]|(?<=\w)_(?!\w)"
)  # an *emphasised* word, or what has to be escaped


def marked_up(text: str) -> str:
    """A docstring in reStructuredText: examples as they are, in the rest only ` and *word* mean something."""
    return "\n\n".join(block if block.startswith(">>>") else _prose(block) for block in text.split("\n\n"))


def _prose(block: str) -> str:
    parts = CODE.split(EXPLAINED.sub(r"``\2``:", block))
    return "".join(_code(part) if part.startswith("`") else SIGNS.sub(_plain, part) for part in parts)


def _plain(sign: re.Match[str]) -> str:
    return sign[0] if len(sign[0]) > 1 else f"\\{sign[0]}"


def _code(part: str) -> str:
    """Set as code; a name is a link to its entry, if it has one. The escaped spaces part it from its neighbours."""
    return rf"\ :py:obj:{part}\ " if NAME.fullmatch(part) else rf"\ ``{part.strip('`')}``\ "


def write(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """The docstring of one entry. A Tensor's method without one is the function of the same name."""
    function = name.removeprefix("tinygrad_lite.Tensor.")
    if not any(lines) and function != name and hasattr(tinygrad_lite.ops, function):
        lines[:] = [f"The function :py:func:`~tinygrad_lite.{function}` of this Tensor.", ""]
    else:
        lines[:] = marked_up("\n".join(lines)).split("\n")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", write)
    return {"parallel_read_safe": True}
