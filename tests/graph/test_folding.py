"""A graph made small enough to look at: blocks rolled up, constants and reshapes hidden; what is left stays true."""

import numpy as np
import pytest

import tinygrad_lite as tg
from tinygrad_lite.graph import read
from tinygrad_lite.graph.hide import hide
from tinygrad_lite.graph.roll import roll
from tinygrad_lite.graph.summary import TIMES


def blocks(weights, between=None, last=None):
    """A chain of boxes block, block_1, ... of one weight each, with `between(h)` after each."""
    h = tg.sin(tg.tensor(1.0, requires_grad=True, name="x"))
    with tg.scope("model"):
        for i, w in enumerate(weights):
            with tg.scope(f"block_{i}" if i else "block"):
                h = tg.tanh(h * tg.tensor(w, requires_grad=True, name=f"block_{i}.w"))
                if i == last:
                    h = h + 1
            h = between(h) if between else h
    return tg.exp(h)


def shape(graph):
    return [(i.name or i.operation, i.scope) for i in graph.items]


def flow(graph):
    return [(e.source, e.target) for e in graph.edges]


# Rolled up.


def test_equal_blocks_are_rolled_up_into_the_one_most_to_blame():
    y = blocks([0.5, 0.25, 0.75, 2.0])
    whole = read(y)
    graph = roll(whole)
    heats = [box.heat("gradient") for box in whole.boxes[1:]]
    worst = int(np.argmax(heats))
    name = f"block_{worst}" if worst else "block"
    assert shape(graph) == [
        ("x", ()),
        ("sin", ()),
        (f"block_{worst}.w", ("model", name)),
        ("multiply", ("model", name)),
        ("tanh", ("model", name)),
        ("exp", ()),
    ]
    assert flow(graph) == [(0, 1), (1, 3), (2, 3), (3, 4), (4, 5)]
    assert [len(box.copies) for box in graph.boxes] == [0, 4]
    assert [copy.heat("gradient") for copy in graph.boxes[1].copies] == heats
    assert graph.boxes[1].measures["gradient"] == pytest.approx(np.hypot.reduce(heats))
    assert graph.boxes[1].measures["bytes"] == sum(box.measures["bytes"] for box in whole.boxes[1:])
    assert graph.notes == (f"block {TIMES} 4: block … block_3 are alike, {name} is shown, the most to blame.",)


def test_what_is_shown_of_rolled_up_blocks_is_one_of_them():
    y = blocks([0.5, 0.25, 0.75])
    whole, graph = read(y), roll(read(y))
    shown = [i for i in graph.items if i.scope]
    assert [(i.value, i.gradient) for i in shown] == [
        (i.value, i.gradient) for i in whole.items if i.scope == shown[0].scope
    ]


def test_blocks_without_weights_of_their_own_are_compared_by_what_flows_through():
    w = tg.tensor(0.5, requires_grad=True)
    h = tg.sin(w)
    for i in range(4):
        with tg.scope(f"step_{i}"):
            h = tg.sin(h * w)
    graph = roll(read(h + 1))
    copies = graph.boxes[0].copies
    assert [copy.heat("gradient") for copy in copies] == [None] * 4
    gradients = [i.sensitivity for i in read(h + 1).items if i.scope and i.operation == "sin"]
    assert [copy.heat_among("gradient") for copy in copies] == gradients
    assert graph.boxes[0].scope == ("step_3",)
    assert flow(graph) == [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4)]
    assert "step_3 is shown, the most to blame" in graph.notes[0]


def test_nan_is_most_to_blame():
    graph = roll(read(blocks([1.0, 1.0, float("nan"), 1.0])))
    assert len(graph.boxes[1].copies) == 4
    assert graph.boxes[1].measures["gradient"] != graph.boxes[1].measures["gradient"]


@pytest.mark.parametrize(
    "y",
    [
        pytest.param(blocks([0.5, 0.25]), id="two are seen at a glance"),
        pytest.param(blocks([0.5, 0.25, 0.125], between=lambda h: h + 1), id="what is between would be lost"),
        pytest.param(blocks([0.5, 0.25, 0.125], last=1), id="one is different"),
        pytest.param(blocks([0.5, [0.25, 1.0], 0.125]), id="one has another shape"),
    ],
)
def test_what_is_not_alike_or_not_in_a_row_stays(y):
    whole = read(y)
    assert roll(whole) == whole


def test_blocks_in_blocks_are_rolled_up_too():
    h = tg.sin(tg.tensor(1.0, requires_grad=True))
    for i in range(5):
        with tg.scope(f"stage_{i}"):
            for j in range(4):
                with tg.scope(f"layer_{4 * i + j}"):
                    h = h * tg.tensor(0.5 + i + j, requires_grad=True)
    graph = roll(read(h + 1))
    assert len(graph.items) == 5
    assert [len(box.copies) for box in graph.boxes] == [5, 4]
    assert flow(graph) == [(0, 1), (1, 3), (2, 3), (3, 4)]


def test_blocks_side_by_side_are_rolled_up():
    x = tg.sin(tg.tensor([1.0, 2.0], requires_grad=True))
    heads = []
    for i in range(6):
        with tg.scope(f"head_{i}"):
            heads.append(x * tg.tensor([1.0 + i, 2.0], requires_grad=True))
    graph = roll(read(tg.concatenate(heads).sum()))
    assert [i.operation for i in graph.items if i.kind == "operation"] == ["sin", "multiply", "concatenate", "sum"]
    assert [len(box.copies) for box in graph.boxes] == [6]


def test_a_constant_of_each_copy_goes_with_it():
    masks = [tg.tensor(np.full(3, i + 1.0), name=f"mask_{i}") for i in range(5)]
    h = tg.sin(tg.tensor(np.ones(3), requires_grad=True))
    for i, mask in enumerate(masks):
        with tg.scope(f"block_{i}"):
            h = h * mask * tg.tensor(np.ones(3), requires_grad=True)
    graph = roll(read(h.sum()))
    (shown,) = [i.name for i in graph.items if i.kind == "data"]
    assert graph.boxes[0].scope[-1].removeprefix("block") == shown.removeprefix("mask")


@pytest.mark.parametrize("factors", [[2.0, 7.0], [7.0, 2.0]])
def test_of_edges_that_only_copies_have_the_strongest_is_shown(factors):
    h, ends = tg.sin(tg.tensor([1.0], requires_grad=True)), []
    for i in range(4):
        with tg.scope(f"block_{i}"):
            h = h * tg.tensor([1.0 if i < 3 else 0.01], requires_grad=True)
            ends.append(h)
    aside = tg.concatenate(ends[:2]) * tg.tensor(factors)
    graph = roll(read(aside.sum() + 1000 * h.sum()))
    assert graph.boxes[0].scope == ("block_3",)
    (joined,) = [i.id for i in graph.items if i.operation == "concatenate"]
    assert [e.sensitivity for e in graph.edges if e.target == joined] == [7]


def test_a_closed_rolled_up_box_keeps_its_copies():
    drawing = tg.draw(blocks([0.5, 0.25, 0.75, 2.0]), depth=1)
    (layer,) = [i for i in drawing.graph.items if i.kind == "layer"]
    assert len(layer.copies) == 4
    assert layer.note == "2 operations, 1 parameter each"
    assert f"block {TIMES} 4" in drawing.source
    assert f"block {TIMES} 4" not in tg.draw(blocks([0.5, 0.25, 0.75, 2.0]), roll=False).source


# Hidden.


def reshaping():
    x = tg.tensor([[1.0, 2.0]], requires_grad=True, name="x")
    y = x.reshape(2).reshape(2, 1).T * tg.tensor([[3.0, 4.0]], name="factor")
    return (y.astype("float64") ** 2).sum()


def test_hidden_steps_are_joined_through():
    graph = hide(read(reshaping()), ["shapes"])
    assert [i.name or i.operation for i in graph.items] == ["x", "factor", "multiply", "cast", "power", "sum"]
    assert flow(graph) == [(0, 2), (1, 2), (2, 3), (3, 4), (4, 5)]
    assert graph.edges[0].sensitivity == read(reshaping()).items[0].sensitivity
    assert graph.notes == ("Hidden: 3 shapes.",)


def test_all_kinds_at_once():
    graph = hide(read(reshaping()), ["shapes", "constants", "casts"])
    assert [i.name or i.operation for i in graph.items] == ["x", "multiply", "power", "sum"]
    assert flow(graph) == [(0, 1), (1, 2), (2, 3)]
    assert graph.notes == ("Hidden: 1 constant, 3 shapes, 1 cast.",)
    assert [i.id for i in graph.items] == list(range(4))


def test_what_is_handed_through_a_hidden_step_used_twice_is_told_apart():
    x = tg.tensor([1.0, 2.0], requires_grad=True, name="x")
    flat = x.reshape(2, 1)
    graph = hide(read((3 * flat).sum() + flat.sum()), ["shapes"])
    assert sorted(e.sensitivity for e in graph.edges if e.source == 0) == pytest.approx([2**0.5, 3 * 2**0.5])


def test_what_each_user_of_a_stretched_value_hands_back_is_not_known_and_so_it_is_not_hidden():
    x = tg.tensor([1.0, 2.0], requires_grad=True, name="x")
    rows = tg.broadcast_to(x, (5, 2))
    assert [i.operation for i in hide(read((rows * 2.0).sum() + rows.sum()), ["shapes"]).items][:2] == [
        "",
        "broadcast_to",
    ]
    graph = hide(read((rows * 2.0).sum()), ["shapes"])
    assert [i.operation for i in graph.items] == ["", "multiply", "sum"]
    assert graph.edges[0].sensitivity == graph.items[0].sensitivity == pytest.approx(10 * 2**0.5)


def test_the_result_is_never_hidden():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    graph = hide(read((x * 2).reshape(2, 1)), ["shapes"])
    assert [i.operation for i in graph.items] == ["", "multiply", "reshape"]
    assert graph.items[graph.result].operation == "reshape"
    assert [i.kind for i in hide(read(tg.tensor(1.0)), ["constants"]).items] == ["data"]


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match=r"'constants', 'shapes', 'casts', given 'reshapes'"):
        tg.draw(reshaping(), hide=["reshapes"])
    assert len(tg.draw(reshaping(), hide="shapes").graph.items) == 6
