"""The picture: what it tells is true, what it is given does not change, and nobody's names get out of their place."""

import gc
import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from typing import get_args

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from hostile import harmless
from tinygrad_lite.graph import Drawing, measures, read, render
from tinygrad_lite.graph.measures import HEATS, Heat
from tinygrad_lite.graph.style import Scale, ramp
from tinygrad_lite.graph.summary import MINUS, TIMES

drawn = pytest.mark.skipif(not render._commands("svg"), reason="nothing is installed that draws")


def small():
    """y = (x * w + 1).sum(), with two boxes."""
    x = tg.tensor([1.0, 2.0, 3.0], name="x")
    w = tg.tensor([0.5, -1.0, 2.0], requires_grad=True, name="layer.w")
    with tg.scope("model"), tg.scope("layer"):
        y = x * w + 1
    return x, w, y.sum()


# What it tells is true.


def test_items_and_edges_are_those_of_the_computation():
    _, _, loss = small()
    graph = read(loss)
    assert [(i.kind, i.name, i.operation, i.note) for i in graph.items] == [
        ("data", "x", "", ""),
        ("parameter", "layer.w", "", ""),
        ("operation", "", "multiply", ""),
        ("operation", "", "add", "· + 1"),
        ("operation", "", "sum", ""),
    ]
    assert [(e.source, e.target) for e in graph.edges] == [(0, 2), (1, 2), (2, 3), (3, 4)]
    assert [i.scope for i in graph.items] == [(), ("model", "layer"), ("model", "layer"), ("model", "layer"), ()]
    assert [(i.shape, i.dtype) for i in graph.items] == [((3,), "float32")] * 4 + [((), "float32")]
    assert graph.items[graph.result].value.text == "7.5"
    assert [i.id for i in graph.to_blame] == [1]


def test_gradients_are_those_of_backward():
    rng = np.random.default_rng(0)
    a = tg.tensor(rng.standard_normal((4, 3)), requires_grad=True)
    b = tg.tensor(rng.standard_normal(3), requires_grad=True)
    loss = (tg.tanh(a * b) @ b).sum() + (b * b).sum()
    found = {i.shape: i.sensitivity for i in read(loss).items if i.kind == "parameter"}
    loss.backward()
    assert found == pytest.approx({x.shape: np.linalg.norm(x.grad.numpy()) for x in (a, b)})


def test_an_edge_carries_its_own_share_and_the_item_carries_the_sum():
    x = tg.tensor(2.0, requires_grad=True)
    graph = read(x * x + 3 * x)
    assert [e.sensitivity for e in graph.edges if e.source == 0] == [2, 2, 3]
    assert graph.items[0].sensitivity == 7
    assert graph.items[0].gradient.text == "7"


def test_a_share_belongs_to_its_argument_also_beside_arguments_without_a_rule():
    @tg.primitive(None, lambda g, out, x, y: 5 * g)
    def second_only(x, y):
        return x + 5 * y

    x, y = (tg.tensor(1.0, requires_grad=True, name=n) for n in "xy")
    graph = read(second_only(x, y))
    assert {graph.items[e.source].name: e.sensitivity for e in graph.edges} == {"x": None, "y": 5.0}


def test_settings_are_told_but_for_the_usual():
    image, kernel = np.ones((2, 9, 9, 4)), tg.tensor(np.ones((3, 3, 4, 6)), requires_grad=True)
    pairs = tg.tensor(np.ones((3, 3, 2, 6)), requires_grad=True)
    notes = [read(y).items[-1].note for y in (
        tg.conv(image, kernel), tg.conv(image, kernel, None, 2, "same", 2), tg.conv(image, pairs, groups=2),
        tg.max_pool(tg.tensor(image, requires_grad=True), 2), kernel.sum(), kernel.sum(axis=(0, 1)))]  # fmt: skip
    assert notes == [
        f"windows=3 {TIMES} 3",
        f"windows=3 {TIMES} 3, strides 2 {TIMES} 2, padding 2 {TIMES} 2, dilation 2 {TIMES} 2",
        f"groups=2, windows=3 {TIMES} 3",
        f"windows=2 {TIMES} 2, strides 2 {TIMES} 2",
        "",
        "axis=(0, 1)",
    ]


def test_data_given_as_a_setting_is_drawn_under_the_setting_s_name():
    @tg.primitive(lambda g, out, x, mask, rate: g * mask)
    def masked(x, mask, rate):
        return x * mask

    x = tg.tensor([1.0, 2.0], requires_grad=True, name="x")
    graph = read(masked(x, mask=np.array([0.0, 1.0]), rate=0.5))
    assert [(i.kind, i.name or i.operation, i.note) for i in graph.items] == [
        ("parameter", "x", ""),
        ("data", "mask", ""),
        ("operation", "masked", "rate=0.5"),
    ]
    assert [(e.source, e.target, e.sensitivity) for e in graph.edges] == [(0, 2, 1.0), (1, 2, None)]


def test_a_zero_cotangent_wins_in_the_picture_too():
    x = tg.tensor([4.0, 0.0], requires_grad=True)
    graph = read(tg.where(x > 0, tg.sqrt(x), 0.0).sum())
    assert [e.sensitivity for e in graph.edges if e.source == graph.to_blame[0].id] == [0.25]
    assert all(np.isfinite(e.sensitivity) for e in graph.edges if e.sensitivity is not None)


def test_a_constant_has_no_sensitivity():
    _, _, loss = small()
    graph = read(loss)
    assert graph.items[0].sensitivity is graph.items[0].gradient is graph.edges[0].sensitivity is None


def test_a_length_does_not_overflow():
    x = tg.tensor(np.ones(4), requires_grad=True)
    assert read((x * 1e200).sum()).items[0].sensitivity == pytest.approx(2e200)


def test_a_change_in_place_is_drawn_as_the_step_it_was():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    z = y * y
    y += 1
    graph = read((z + y).sum())
    assert [i.operation for i in graph.items] == ["", "multiply", "multiply", "add", "add", "sum"]
    assert [(e.source, e.target) for e in graph.edges] == [(0, 1), (1, 2), (1, 2), (1, 3), (2, 4), (3, 4), (4, 5)]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([1.0, 2.0], "[1, 2]"),
        ([], "empty"),
        ([7.0] * 100, "all 7"),
        (np.arange(100), "0 … 99"),
        ([True, False] * 5, "50 % True"),
        ([np.nan, np.inf, 1.0] + [0.0] * 97, "1 nan and 1 inf of 100"),
        ([1 + 2j], "(1+2j)"),
        ([1 + 2j] * 9, "mean 1+2j"),
        ([0.1234567, 2e-7], f"[0.123, 2e{MINUS}7]"),
        ([1e9, 1e9 + 2] * 50, "1e9 ± 1"),  # squares of which nothing but the mean is left
        (np.arange(600_000.0), "300000 ± 173205"),  # more than one block
        ([1e-200, 3e-200] * 9, f"2e{MINUS}200 ± 1e{MINUS}200"),  # squares that are 0
        (np.array([1.5e308] * 9 + [0.0]), "0 … 1.5e308"),  # NumPy's mean overflows
    ],
)
def test_values_in_a_few_words(values, text):
    summary = read(tg.tensor(np.asarray(values))).items[0].value
    assert summary.text == text
    assert summary.wrong == ("nan" in text)


def test_a_result_that_is_no_single_number_says_what_its_sensitivities_are_of():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    drawing = tg.draw(x * 3)
    assert "of its sum" in drawing.source
    assert drawing.graph.items[0].gradient.text == "[3, 3]"


def test_a_tensor_without_history_is_one_card():
    assert [i.kind for i in read(tg.tensor([1.0, 2.0])).items] == ["data"]
    assert [i.kind for i in read(tg.tensor(1.0, requires_grad=True)).items] == ["parameter"]


def test_a_name_does_not_repeat_what_its_box_says():
    source = tg.draw(small()[2]).source
    assert "<B>w</B>" in source
    assert "most to blame: <B>layer.w</B>" in source


def test_groups_of_the_picture_are_found_by_what_they_show():
    graph = tg.draw(small()[2]).graph
    assert [b.scope for b in graph.boxes] == [("model",), ("model", "layer")]
    source = tg.draw(small()[2]).source
    assert sorted(re.findall(r"id=(\w+)", source)) == sorted(
        [f"n{i.id}" for i in graph.items] + [f"e{i}" for i in range(len(graph.edges))] + ["b0", "b1"]
    )
    assert re.search(r"n0 -> n2 .*id=e0", source)


# What it measures.


def test_blame_is_the_share_of_the_result():
    x = tg.tensor([1.0, -2.0], requires_grad=True)
    graph = read((x * tg.tensor([3.0, 5.0])).sum())  # homogeneous: the shares of the result are 3 and -10
    assert graph.items[0].measures["blame"] == 13
    assert [e.blame for e in graph.edges] == [13, None, 13]


def test_blame_is_taken_in_float64_whatever_the_values_are():
    x = tg.tensor(np.full((2, 2), 300, np.float16), requires_grad=True)
    assert read(((x - np.float16(299)) * np.float16(400)).sum()).items[0].measures["blame"] == 4 * 300 * 400
    for number in (np.float32(1e30), np.float32(1e-30)):
        with np.errstate(all="ignore"):
            assert measures.blame(np.full(3, number), np.full(3, number)) == pytest.approx(3 * float(number) ** 2)


def test_a_box_and_its_closed_item_have_the_measures_of_their_parameters_together():
    x = tg.tensor([[3.0, 4.0]])
    with tg.scope("layer"):
        w = tg.tensor([[1.0], [0.5]], requires_grad=True, name="w")
        b = tg.tensor([12.0], requires_grad=True, name="b")
        y = (x @ w + b).sum()
    (box,) = read(y).boxes
    assert box.scope == ("layer",)
    assert box.measures["gradient"] == pytest.approx((3**2 + 4**2 + 1) ** 0.5)
    assert box.measures["blame"] == 3 * 1 + 4 * 0.5 + 12
    assert box.heat("ratio") == pytest.approx((26 / (1 + 0.25 + 144)) ** 0.5)
    assert box.measures["bytes"] == 4 * (2 + 1 + 1 + 1 + 1)  # w, b, and what matmul, add and sum computed
    closed = tg.draw(y * 1.0, depth=0).graph.items[1]
    assert closed.kind == "layer" and closed.measures == box.measures


def test_a_view_takes_no_memory_of_its_own():
    x = tg.tensor(np.ones((2, 3), np.float32), requires_grad=True)
    graph = read((x.reshape(6) * 2).sum())
    assert [i.heat("bytes") for i in graph.items] == [24, 0, 24, 4]


def test_the_share_of_dead_relus_is_measured():
    x = tg.tensor([[1.0, -1.0, -2.0, 0.0], [2.0, -3.0, 4.0, 0.0]], requires_grad=True)
    graph = read(nn.activations.relu(x).sum())
    assert [i.measures["dead"] for i in graph.items if i.operation == "relu"] == [0.5]


@pytest.mark.parametrize("heat", HEATS)
def test_each_heat_can_be_told_of_something(heat):
    graph = read(small()[2], heat)
    assert graph.heat == heat
    found = [i.heat(heat) for i in graph.items]
    assert any(h is not None for h in found)
    assert graph.to_blame[0].heat(heat) == max(i.heat(heat) for i in graph.items if i.kind == graph.to_blame[0].kind)


def test_the_heats_are_those_that_the_type_checker_knows():
    assert get_args(Heat) == tuple(HEATS)


def test_an_unknown_heat_is_refused():
    with pytest.raises(ValueError, match=r"'gradient', 'blame'.*given 'grad'"):
        tg.draw(small()[2], heat="grad")


# What it is given does not change.


def test_drawing_leaves_gradients_and_graph_as_they_are():
    _, w, loss = small()
    tg.draw(loss)
    assert w.grad is None
    loss.backward(retain_graph=True)
    before = w.grad
    tg.draw(loss)
    assert w.grad is before
    np.testing.assert_array_equal(w.grad.numpy(), [1, 2, 3])
    loss.backward()


def test_a_freed_graph_is_an_error_that_says_when_to_draw():
    _, _, loss = small()
    loss.backward()
    with pytest.raises(RuntimeError, match=r"freed.*draw\(loss\) before loss\.backward\(\).*retain_graph=True"):
        tg.draw(loss)


def test_what_is_no_tensor_is_refused():
    with pytest.raises(TypeError, match="Tensor"):
        tg.draw(3.0)


def test_a_drawing_outlives_its_graph():
    _, _, loss = small()
    drawing = tg.draw(loss)
    expected = tg.draw(loss).source
    loss.backward()
    del loss
    gc.collect()
    assert drawing.source == expected


def test_the_same_computation_gives_the_same_text():
    assert tg.draw(small()[2]).source == tg.draw(small()[2]).source


def test_importing_the_engine_does_not_import_graphviz():
    code = "import sys, tinygrad_lite; assert not {'graphviz', 'pygraphviz'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# Large graphs.


@pytest.fixture(scope="module")
def deep():
    x = tg.tensor(1.0, requires_grad=True, name="x")
    y = x
    for _ in range(20_000):
        y = y * 1.0001
    return y


def test_a_deep_graph_does_not_meet_the_recursion_limit(deep):
    graph = read(deep)
    assert len(graph.items) == 20_001
    assert graph.items[0].sensitivity == pytest.approx(1.0001**20_000, rel=1e-2)


def test_a_large_graph_is_folded_and_says_so(deep):
    drawing = tg.draw(deep, limit=50)
    assert len(drawing.graph.items) == 50
    assert "19,952 operations more" in drawing.source
    assert "19,952 of 20,001 values" in drawing.source
    assert drawing.graph.items[0].name == "x"
    assert drawing.graph.items[drawing.graph.result].value.text == read(deep).items[-1].value.text


def test_mermaid_of_a_large_graph_is_no_longer_than_mermaid_takes(deep):
    drawing = tg.draw(deep, limit=3000)
    assert len(drawing.graph.items) == 3000
    assert len(drawing.mermaid) <= 50_000
    assert 300 < drawing.mermaid.count("-->") <= 500
    assert "are folded into one" in drawing.mermaid


def test_boxes_in_boxes_without_end_are_written_in_each_format(deep):
    with ExitStack() as boxes:
        for i in range(5000):
            boxes.enter_context(tg.scope(f"box_{i}"))
        y = tg.tensor(1.0, requires_grad=True) * 2
    drawing = tg.draw(y)
    assert drawing.mermaid.count("subgraph") == 8
    assert len(json.loads(drawing.json)["items"][1]["scope"]) == 5000
    assert len(Drawing(read(deep)).json.splitlines()) > 40_000


def test_an_operation_with_thousands_of_arguments_is_folded():
    leaves = [tg.tensor([1.0], requires_grad=True) for _ in range(3000)]
    graph = tg.draw(tg.concatenate(leaves).sum()).graph
    assert len(graph.items) < 20
    fold = next(i for i in graph.items if i.kind == "fold")
    assert fold.sensitivity == pytest.approx((3000 - 12) ** 0.5)


def test_boxes_close_at_a_depth_and_keep_the_blame_of_their_parameters():
    _, _, loss = small()
    graph = tg.draw(loss, depth=1).graph
    assert [(i.kind, i.name or i.operation) for i in graph.items] == [
        ("data", "x"),
        ("layer", "layer"),
        ("operation", "sum"),
    ]
    assert graph.items[1].sensitivity == pytest.approx(14**0.5)
    assert [i.name for i in graph.to_blame] == ["layer.w"]
    assert tg.draw(loss, depth=0).graph.items[1].name == "model"


def test_boxes_close_before_anything_is_left_out():
    h = tg.tensor(1.0, requires_grad=True)
    for i in range(10):
        with tg.scope(f"block_{i}"):
            for _ in range(10):
                h = tg.sin(h)
    drawing = tg.draw(h, limit=30, roll=False)
    assert [i.name for i in drawing.graph.items] == [f"block_{i}" for i in range(10)]
    assert "Boxes are closed" in drawing.source


def test_boxes_in_boxes_without_end_are_drawn_to_a_depth():
    with ExitStack() as boxes:
        for i in range(1000):
            boxes.enter_context(tg.scope(f"box_{i}"))
        y = tg.tensor(1.0, requires_grad=True) * 2
    assert tg.draw(y).source.count("subgraph cluster") == 8


@pytest.mark.parametrize("wrong", [{"depth": -1}, {"limit": 1}])
def test_senseless_sizes_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        tg.draw(small()[2], **wrong)


# Files and notebooks.


@drawn
@pytest.mark.parametrize(
    ("suffix", "magic"),
    [
        ("svg", b"<?xml"),
        ("png", b"\x89PNG\r\n"),
        ("PDF", b"%PDF-"),
        ("dot", b"digraph"),
        ("mmd", b"---\ntitle"),
        ("md", b"```mermaid\n---"),
        ("json", b'{"format": "tinygrad_lite graph"'),
    ],
)
def test_save_writes_what_the_suffix_says(tmp_path, suffix, magic):
    path = tmp_path / f"graph.{suffix}"
    assert tg.draw(small()[2]).save(path) == path
    assert path.read_bytes().startswith(magic)
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_suffix_is_an_error_that_names_the_known(tmp_path):
    with pytest.raises(
        ValueError, match=r"\.svg, \.png, \.pdf, \.dot, \.mmd, \.md, \.json, \.html, given 'graph\.jpg'"
    ):
        tg.draw(small()[2]).save(tmp_path / "graph.jpg")
    assert not list(tmp_path.iterdir())


def test_a_save_that_fails_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "graph.dot"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        tg.draw(small()[2]).save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_saving_through_a_link_keeps_the_link(tmp_path):
    file, link = tmp_path / "file.dot", tmp_path / "link.dot"
    file.write_text("old")
    link.symlink_to(file)
    tg.draw(small()[2]).save(link)
    assert link.is_symlink()
    assert file.read_text().startswith("digraph")


def test_what_is_no_ordinary_file_is_refused(tmp_path):
    (tmp_path / "folder.dot").mkdir()
    with pytest.raises(OSError, match="not an ordinary file"):
        tg.draw(small()[2]).save(tmp_path / "folder.dot")


@pytest.fixture
def nothing_draws(monkeypatch):
    monkeypatch.setattr(render.shutil, "which", lambda _: None)
    monkeypatch.setattr(render, "find_spec", lambda _: None)


@pytest.mark.usefixtures("nothing_draws")
def test_where_nothing_draws_the_dot_is_written_and_a_warning_says_how(tmp_path):
    with pytest.warns(UserWarning, match=r"graph\.dot.*pip install 'tinygrad_lite\[examples\]'"):
        written = tg.draw(small()[2]).save(tmp_path / "graph.svg")
    assert written == tmp_path / "graph.dot"
    assert written.read_text().startswith("digraph")


def test_a_program_that_does_not_finish_or_fails_costs_the_picture_only(tmp_path, monkeypatch):
    for code, reason in (
        ("import time; time.sleep(60)", "did not finish"),
        ("raise SystemExit('no fonts')", "no fonts"),
    ):
        monkeypatch.setattr(render, "_commands", lambda _, code=code: [("dot", [sys.executable, "-c", code])])
        monkeypatch.setattr(render, "_SECONDS", 0.5 if "sleep" in code else 60)
        with pytest.warns(UserWarning, match=reason):
            assert tg.draw(small()[2]).save(tmp_path / "graph.png").suffix == ".dot"


@drawn
def test_a_notebook_gets_a_picture_with_its_size():
    bundle = tg.draw(small()[2])._repr_mimebundle_()
    assert set(bundle) == {"image/svg+xml", "text/plain"}
    root = harmless(bundle["image/svg+xml"])
    assert {"width", "height", "viewBox"} <= set(root.attrib)
    assert set(tg.draw(small()[2])._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}
    assert set(tg.draw(small()[2])._repr_mimebundle_(exclude={"text/plain"})) == {"image/svg+xml"}


@pytest.mark.usefixtures("nothing_draws")
def test_a_notebook_without_a_picture_gets_the_words():
    bundle = tg.draw(small()[2])._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert "<Drawing of sum = 7.5" in bundle["text/plain"]
    assert "pip install" in bundle["text/plain"]


# How it looks.


@drawn
def test_a_network_of_layers_is_read_without_scrolling_sideways():
    rng = np.random.default_rng(0)
    h = tg.tensor(rng.random((8, 20)), name="x")
    with tg.scope("sequential"):
        for i in range(4):
            w = tg.tensor(rng.standard_normal((20, 20)), requires_grad=True, name=f"dense_{i}.kernel")
            b = tg.tensor(rng.standard_normal(20), requires_grad=True, name=f"dense_{i}.bias")
            with tg.scope(f"dense_{i}"):
                h = tg.maximum(h @ w + b, 0)
    svg = render.render(tg.draw((h * h).mean()).source, "svg").decode()
    assert float(re.search(r'width="([\d.]+)pt"', svg).group(1)) * 96 / 72 <= 900


def test_the_scale_is_logarithmic_and_gets_darker_all_the_way():
    scale = Scale.of([1.0, 100.0, 0.0, np.inf, np.nan])
    assert [scale.place(s) for s in (0.0, 1.0, 10.0, 100.0, 1e9)] == pytest.approx([0, 0, 0.5, 1, 1])
    assert Scale.of([3.0]).place(3.0) == 1
    assert Scale.of([]).place(0.0) == 0
    assert Scale.of([1e-30, 1.0]).low == 1e-6
    colours = [ramp(i / 20) for i in range(21)]
    light = [sum(w * int(c[i : i + 2], 16) for w, i in ((0.3, 1), (0.59, 3), (0.11, 5))) for c in colours]
    assert light == sorted(light, reverse=True)


def test_stronger_edges_are_wider_and_nan_stands_out():
    x = tg.tensor([4.0, 0.0], requires_grad=True, name="x")
    source = tg.draw((tg.sqrt(x) * 1000).sum()).source
    widths = [float(w) for w in re.findall(r"n\d+ -> n\d+.*?penwidth=([\d.]+)", source)]
    assert len(widths) == 3
    assert widths[2] < widths[1] == widths[0]  # the last hands back 1, the middle 1000, the first infinity
    assert "inf" in source
