"""The story as Markdown, for notes and pages that are written in it."""

import re

from .formula import Formula
from .sentences import Piece, Sentence, closing, heading, opening, paragraphs, plain
from .steps import Telling

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&])")  # what Markdown, HTML or LaTeX might take for its own


def markdown_of(telling: Telling, formula: Formula | None, no_formula: str) -> str:
    """The story as a title, a numbered list and the formula in LaTeX."""
    parts = [f"## {_escaped(heading(telling))}", *map(_escaped, opening(telling))]
    for paragraph in paragraphs(telling):
        if not paragraph.number:
            parts.append(f"⋮ *{_escaped(plain(paragraph.title))}*")
            continue
        lines = [
            f"{paragraph.number}. **{_escaped(plain(paragraph.title))}**",
            *[_line(line.sentence) for line in paragraph.lines],
        ]
        parts.append("  \n   ".join(lines))
    parts += [f"All together: {_line(sentence)}" for sentence in closing(telling)]
    if formula is not None:
        parts += ["The same as a formula:", formula._repr_latex_()]
        parts += [_escaped(note) for note in formula.notes]
    else:
        parts.append(_escaped(f"No formula: {no_formula}."))
    return "\n\n".join(parts)


def _line(sentence: Sentence) -> str:
    return "".join(map(_piece, sentence))


def _piece(piece: Piece) -> str:
    text = _escaped(piece.text)
    return f"**{text}**" if piece.kind == "handed" else f"*{text}*" if piece.kind == "name" else text


def _escaped(text: str) -> str:
    return _ACTIVE.sub(r"\\\1", text)
