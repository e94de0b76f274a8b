"""The story as a page of its own: the drawing beside the steps. It loads nothing, and runs our own script only."""

import base64
import hashlib
import html
from functools import cache
from importlib.resources import files

from .formula import Formula
from .picture import Picture
from .sentences import Line, Paragraph, Piece, Sentence, closing, heading, opening, paragraphs
from .steps import Telling

_FRAME_HEIGHT = 640  # pixels, in a notebook


def page_of(telling: Telling, picture: Picture, formula: Formula | None, no_formula: str) -> str:
    """The HTML of the page. Without anything that draws, it is the words alone."""
    title = html.escape(heading(telling))
    svg = picture.svg
    words = [f"<p>{html.escape(words)}</p>" for words in opening(telling)]
    steps = [_step(paragraph, picture) for paragraph in paragraphs(telling)]
    ending = [f'<p class="together">All together: {_line(sentence)}</p>' for sentence in closing(telling)]
    drawn = f'<figure id="drawing">{svg}</figure>' if svg else ""
    sheet, script = _asset("story.css"), _asset("story.js")
    allowed = f"script-src '{_digest(script)}'; style-src '{_digest(sheet)}'"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    return _PAGE.format(
        policy=policy, title=title, sheet=sheet, script=script, kind="" if svg else ' class="words"', drawing=drawn,
        opening="\n".join(words), steps="\n".join(steps), ending="\n".join([*ending, _formula(formula, no_formula)]),
    )  # fmt: skip


def frame_of(page: str) -> str:
    """The page in a frame, for a notebook: its style and its script reach nothing outside."""
    looks = f'width="100%" height="{_FRAME_HEIGHT}" style="border: 0"'
    return f'<iframe sandbox="allow-scripts" {looks} srcdoc="{html.escape(page)}"></iframe>'


def _step(paragraph: Paragraph, picture: Picture) -> str:
    title, lines = _line(paragraph.title), "".join(_told(line) for line in paragraph.lines)
    if not paragraph.number:
        return f'<li class="left-out">{title}</li>'
    edges = picture.edges[paragraph.number]
    to = {picture.graph.edges[i].source for i in edges}
    marks = f'data-node="n{picture.nodes[paragraph.number]}" data-edges="{_ids("e", edges)}" data-to="{_ids("n", to)}"'
    kind = ' class="end"' if paragraph.end else ""
    return f'<li{kind} {marks} tabindex="0"><b class="number">{paragraph.number}</b><h2>{title}</h2>{lines}</li>'


def _told(line: Line) -> str:
    kind = f' class="{line.kind}"' if line.kind else ""
    return f"<p{kind}>{_line(line.sentence)}</p>"


def _ids(letter: str, numbers: set[int] | tuple[int, ...]) -> str:
    return " ".join(f"{letter}{n}" for n in sorted(numbers))


def _formula(formula: Formula | None, no_formula: str) -> str:
    if formula is None:
        return f'<p class="no-formula">No formula: {html.escape(no_formula)}.</p>'
    notes = "".join(f"<p>{html.escape(note)}</p>" for note in formula.notes)
    return f'<section class="formula"><h2>The same as a formula</h2>{formula.mathml}{notes}</section>'


def _line(sentence: Sentence) -> str:
    return "".join(map(_piece, sentence))


def _piece(piece: Piece) -> str:
    text = html.escape(piece.text)
    return f'<span class="{piece.kind}">{text}</span>' if piece.kind else text


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


_PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{sheet}</style>
</head>
<body>
<main{kind}>
{drawing}
<article>
<header><h1>{title}</h1>
{opening}
</header>
<nav id="walk" hidden>
<button id="back" title="One step back (←)">◀</button>
<button id="play" title="Play or pause (space)">▶ Play</button>
<button id="on" title="One step on (→)">▶</button>
<output id="where"></output>
<button id="theme" title="Light or dark">◐</button>
</nav>
<ol id="steps">
{steps}
</ol>
{ending}
</article>
</main>
<script type="module">{script}</script>
</body>
</html>
"""
