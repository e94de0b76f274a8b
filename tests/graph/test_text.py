"""Text from outside, in each format a picture is written in: well-formed, and nothing active in it."""

import json
import random
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_lite as tg
from hostile import NASTY, harmless, hostile
from tinygrad_lite.graph import render
from tinygrad_lite.graph.as_json import from_json

drawn = pytest.mark.skipif(not render._commands("svg"), reason="nothing is installed that draws")

MARKS = "\\\"'<>&;:{}|[]()#%/`*_~!@$^=+-.,? \n\r\t\0\x1b\u2028\u202e\ud800\udfff\ufeff\ue000é漢😀"
WORDS = [
    "script",
    "onload=",
    "javascript:",
    "href",
    "end",
    "subgraph",
    "click",
    "style",
    "%%{init",
    "-->",
    "]]>",
    "</svg>",
]
WORDS += [
    "<!--",
    "&lt;",
    "&#0;",
    "\\N",
    "</script>",
    "url(",
    "linkStyle 0",
    "classDef",
    "import",
    '"""',
    "```",
    "---\n",
]


def labels(count):
    """As many labels, the same ones in each run: marks that mean something somewhere, and words that do."""
    rng = random.Random(4)
    pieces = lambda: rng.choice([MARKS[rng.randrange(len(MARKS))], rng.choice(WORDS), "a"])
    return ["".join(pieces() for _ in range(rng.randrange(12))) for _ in range(count)]


BATCHES = [NASTY] + [labels(1000)[i : i + 50] for i in range(0, 1000, 50)]
batches = pytest.mark.parametrize("names", BATCHES, ids=["nasty"] + [f"labels {i}" for i in range(20)])


def picture(names):
    return tg.draw(hostile(names), limit=10_000, roll=False)


@drawn
@batches
def test_svg(names):
    harmless(render.render(picture(names).source, "svg"))


@batches
def test_mermaid(names):
    """A line is one of a few forms, in which a label is between quotes and holds nothing but letters and numbers."""
    label = r'"(?:[^\x00-\x7f]|[\w .,=+/()-]|#\d+;|<b>|</b>|<br/>)*"'
    forms = [
        r"flowchart TD",
        rf"about\[{label}\]:::about",
        rf"n\d+[(\[]+{label}[)\]]+:::\w+",
        rf"subgraph b\d+\[{label}\]",
        r"end",
        r"class [b\d,]+ box",
        rf"n\d+ (-->|-\.->)(\|{label}\|)? n\d+",
        r"linkStyle [\d,]+ [\w:#,.-]+",
        r"classDef \w+ [\w:#,.-]+",
    ]
    text = picture(names).mermaid
    start, title, stop, *lines = text.rstrip("\n").split("\n")
    assert (start, stop) == ("---", "---")
    assert isinstance(json.loads(title.removeprefix("title: ")), str)
    for line in lines:
        assert re.fullmatch("|".join(forms), line.strip(" ")), line
    nodes = sum(bool(re.match(r" *n\d+[(\[]", line)) for line in lines)
    assert nodes == len(picture(names).graph.items) or "folded into one" in text or "closed" in text


@batches
def test_json(names):
    drawing = picture(names)
    text = drawing.json
    assert text.isascii() and not set("<>&") & set(text)
    assert from_json(text) == drawing.graph
    assert {i.name for i in from_json(text).items} >= set(names)


@drawn
def test_nasty_names_give_a_harmless_picture():
    svg = render.render(tg.draw(hostile(NASTY)).source, "svg")
    root = harmless(svg)
    shown = " ".join(root.itertext())
    assert "<script>alert(1)</script>" in shown  # as text
    assert "😀" in shown
    assert "x" * 50 not in shown


@drawn
@pytest.mark.parametrize("name", NASTY)
def test_each_nasty_name_alone(name):
    harmless(render.render(tg.draw(hostile([name])).source, "svg"))


characters = st.characters(exclude_categories=()) | st.sampled_from("\\\"'<>&;:{}|[]#%/\0\n\r\t\u202e\ud800N")


@drawn
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(characters, max_size=60), min_size=1, max_size=8))
def test_any_names_give_a_harmless_picture(names):
    harmless(render.render(tg.draw(hostile(names)).source, "svg"))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(characters, max_size=60), min_size=1, max_size=8))
def test_any_names_give_dot_with_no_more_than_it_should_hold(names):
    pygraphviz = pytest.importorskip("pygraphviz")
    drawing = tg.draw(hostile(names))
    parsed = pygraphviz.AGraph(string=drawing.source)
    assert sorted(parsed.nodes()) == sorted(f"n{i.id}" for i in drawing.graph.items)
    assert len(parsed.edges()) == len(drawing.graph.edges)
    assert not any(e.attr["URL"] or e.attr["href"] for e in [*parsed.nodes_iter(), *parsed.edges_iter()])
