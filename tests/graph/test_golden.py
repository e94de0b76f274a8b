"""Pictures stay as they are, byte for byte, until somebody looks at the new ones: `python tests/graph/test_golden.py`.

The numbers are sums of a few powers of two, so that they are the same on every machine.
"""

import re
import sys
from pathlib import Path

import pytest

import tinygrad_lite as tg
from tinygrad_lite.graph.as_json import from_json
from tinygrad_lite.graph.measures import HEATS

FOLDER = Path(__file__).parent / "golden"


def neuron():
    """One neuron, as simple as it gets."""
    x = tg.tensor(2.0, name="x")
    w, b = tg.tensor(0.5, requires_grad=True, name="w"), tg.tensor(0.25, requires_grad=True, name="b")
    return tg.draw((x * w + b - 1.0) ** 2)


def network(**options):
    """Boxes in boxes, three of which are alike."""
    h = tg.tensor([[1.0, -0.5], [2.0, 0.25]], name="x")
    with tg.scope("model"):
        for i in range(4):
            w = tg.tensor([[1.0, -0.5 * i], [0.25, 0.5]], requires_grad=True, name=f"block_{i}.dense.w")
            with tg.scope(f"block_{i}"):
                with tg.scope("dense"):
                    h = h @ w
                h = tg.maximum(h, 0)
    return tg.draw((h * h).sum(), **options)


def wrong():
    """Numbers that JSON has no word for."""
    x = tg.tensor([4.0, 0.0, -1.0], requires_grad=True, name="x")
    with tg.scope("root"):
        y = tg.sqrt(abs(x)) / tg.tensor([1.0, 0.0, 1.0], name="scale")
    return tg.draw(y.reshape(3, 1).sum(), hide=["shapes"])


PICTURES = {
    "neuron": neuron,
    "network": network,
    "closed": lambda: network(depth=1, heat="blame"),
    "capped": lambda: network(limit=6, roll=False),
    "wrong": wrong,
}


def texts(name):
    drawing = PICTURES[name]()
    return {"dot": drawing.source, "mmd": drawing.mermaid, "json": drawing.json}


@pytest.mark.filterwarnings("ignore:.*encountered in.*:RuntimeWarning")
@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_is_the_one_that_was_looked_at(name):
    for suffix, text in texts(name).items():
        golden = (FOLDER / f"{name}.{suffix}").read_text(encoding="utf-8")
        assert rounded(text) == rounded(golden), f"{name}.{suffix}: see {__file__}"


def rounded(text):
    """The last digits of a root are not the same on every machine."""
    return re.sub(r"\d+\.\d{10,}", lambda x: f"{float(x[0]):.10g}", text)


@pytest.mark.filterwarnings("ignore:.*encountered in.*:RuntimeWarning")
@pytest.mark.parametrize("name", PICTURES)
def test_json_holds_all_that_the_picture_shows(name):
    drawing = PICTURES[name]()
    again = from_json(drawing.json)
    # nan is not equal to itself: compared as text
    assert repr(again) == repr(drawing.graph)
    assert tg.graph.Drawing(again).source == drawing.source
    assert tg.graph.Drawing(again).mermaid == drawing.mermaid


@pytest.mark.parametrize("heat", HEATS)
def test_json_holds_each_heat(heat):
    drawing = network(heat=heat)
    again = from_json(drawing.json)
    assert again == drawing.graph
    assert tg.graph.Drawing(again).source == drawing.source


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": "tinygrad_lite graph", "version": 2}', "[" * 100_000],
    ids=["nothing", "a list", "no format", "a later version", "too deep"],
)
def test_what_is_no_graph_is_refused(text):
    with pytest.raises(ValueError, match="not the JSON of a graph"):
        from_json(text)


@pytest.mark.parametrize("scope", ['["model"]', '["model", "block_3"]', '["model", "block_3", "dense"]'])
@pytest.mark.parametrize("other", ['["other"]', "[]"])
def test_json_without_a_box_that_something_stands_in_is_refused(scope, other):
    text = network(roll=False).json
    wrong = text.replace(f'"scope": {scope}, "measures"', f'"scope": {other}, "measures"')
    assert wrong != text
    with pytest.raises(ValueError, match="in a box that is not there"):
        from_json(wrong)


def test_json_with_ends_that_are_not_there_is_refused():
    text = neuron().json
    with pytest.raises(ValueError, match="none of the items"):
        from_json(text.replace('"target": 2', '"target": 99'))
    with pytest.raises(ValueError, match="none of the items"):
        from_json(text.replace('"result": 6', '"result": 99'))
    with pytest.raises(ValueError, match="unknown kind"):
        from_json(text.replace('"kind": "operation"', '"kind": "evil"'))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or PICTURES:
        for suffix, text in texts(name).items():
            (FOLDER / f"{name}.{suffix}").write_text(text, encoding="utf-8")
            print("wrote", FOLDER / f"{name}.{suffix}")
