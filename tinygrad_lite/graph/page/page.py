"""Puts the page together: the picture, what is known, our own style sheet and scripts, and nothing from anywhere else.

The page may be opened by anybody anywhere, and it shows names that somebody chose. So its Content-Security-Policy lets
only those scripts run and those style rules apply that are written here, by their digests; nothing is loaded. What is
told stands in a block of JSON, which the scripts put on the page as text.
"""

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree

from .. import style
from ..structure import Graph
from .dark import colours_in, in_the_dark, rules_for_the_dark
from .facts import facts_of
from .svg import picture_of

_SCRIPTS = (
    "picture",
    "routes",
    "folding",
    "paint",
    "details",
    "search",
    "reach",
    "walk",
    "film",
    "main",
)  # each uses those before it
_PLACE = re.compile(r"<!--\[(\w+)\]-->")


def page_of(graphs: Sequence[Graph], labels: Sequence[str] = ("",), laid_out: Graph | None = None) -> str:
    """The HTML of the page. The same graphs give the same text, byte for byte. Raises render.CannotRender.

    graphs: the same computation at successive steps. labels: what each step is called. laid_out: the graph that is
    given to Graphviz, the first by default.
    """
    facts = facts_of(graphs, labels)
    picture = picture_of(laid_out or graphs[0])
    sheet = f"{_colours()}\n{_asset('page.css')}\n{rules_for_the_dark(colours_in(picture))}"
    script = "\n".join(_asset(f"{name}.js") for name in _SCRIPTS)
    policy = f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(sheet)}'; base-uri 'none'"
    parts = {
        "policy": f'<meta http-equiv="Content-Security-Policy" content="{policy}; form-action \'none\'">',
        "title": html.escape(facts["title"]),
        "style": f"<style>{sheet}</style>",
        "picture": ElementTree.tostring(picture, encoding="unicode"),
        "facts": f'<script type="application/json" id="facts">{_json(facts)}</script>',
        "script": f'<script type="module">{script}</script>',
    }
    return _PLACE.sub(lambda place: parts[place[1]], _asset("page.html"))


def _json(facts: Any) -> str:
    """JSON that no parser of HTML takes for a tag or a comment."""
    text = json.dumps(facts, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _colours() -> str:
    """The picture's own colours as variables of the style sheet, in the light and in the dark."""
    colours = {
        "ink": style.INK, "grey": style.GREY, "faint": style.FAINT, "paper": style.PAPER, "box": style.BOX_FILLS[0],
        "inner-box": style.BOX_FILLS[1], "border": style.BOX_BORDER, "wrong": style.WRONG,
    }  # fmt: skip
    light = " ".join(f"--{name}: {colour.lower()};" for name, colour in colours.items())
    dark = " ".join(f"--{name}: {in_the_dark(colour.lower())};" for name, colour in colours.items())
    return f':root {{ {light} }}\n[data-theme="dark"] {{ {dark} }}'
