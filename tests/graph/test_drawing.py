"""The picture: what it tells is true, what it is given does not change, and nobody's names get out of their place."""

import gc
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from contextlib import ExitStack

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_lite as tg
from tinygrad_lite.graph import drawing, read, render
from tinygrad_lite.graph.style import Scale, ramp

drawn = pytest.mark.skipif(not render._commands("svg"), reason="nothing is installed that draws")

NASTY = [
    "",
    '"',
    "\\",
    "\\N\\G\\E\\l",
    "<b>bold</b>",
    "<<TABLE><TR><TD>x</TD></TR></TABLE>>",
    "</TD></TR></TABLE>> ]; evil [label=<",
    '"]; evil [URL="javascript:alert(1)"',
    "<script>alert(1)</script>",
    "</text></svg><script>alert(1)</script>",
    "&#0; &lt;script&gt; &amp;amp; &bogus;",
    "line one\nline two\r\n\ttab",
    "nul \0 and \x1b[31m controls \x7f \ufffe",
    "x" * 100_000,
    "😀 👨‍👩‍👧 שלום \u202eevil\u202c é",
    "lone \ud800 surrogates \udfff",
    "a:b:c {|} //comment /* */ #",
    "%s %(x)s {0} ${x}",
]


def small():
    """y = (x * w + 1).sum(), with two boxes."""
    x = tg.tensor([1.0, 2.0, 3.0], name="x")
    w = tg.tensor([0.5, -1.0, 2.0], requires_grad=True, name="layer.w")
    with tg.scope("model"), tg.scope("layer"):
        y = x * w + 1
    return x, w, y.sum()


def hostile(names):
    """A graph that has these names everywhere: of leaves, boxes, operations and the result."""
    total = tg.tensor(1.0, requires_grad=True, name=names[0])
    for name in names:

        @tg.primitive(lambda g, out, x, y, setting: g * y, lambda g, out, x, y, setting: g * x)
        def own(x, y, setting):
            return x * y

        own.primitive.name = name
        with tg.scope(name), tg.scope(name):
            total = own(total, tg.tensor([1.0, 2.0], requires_grad=True, name=name), name)
            total.name = name
    return total


def harmless(svg):
    """The picture is well-formed XML in which nothing is active."""
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        assert element.tag.rpartition("}")[2] in {
            "svg",
            "g",
            "title",
            "polygon",
            "path",
            "ellipse",
            "text",
            "a",
            "polyline",
        }
        for attribute, value in element.attrib.items():
            local = attribute.rpartition("}")[2].lower()
            assert not local.startswith("on")
            assert local != "href"
            assert local == "title" or "javascript:" not in value.lower()
    return root


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
        ([0.1234567, 2e-7], "[0.123, 2e−7]"),  # noqa: RUF001 - a real minus sign
        (np.array([1.5e308] * 9 + [0.0]), "0 … 1.5e308"),  # NumPy's mean overflows
    ],
)
def test_values_in_a_few_words(values, text):
    summary = read(tg.tensor(values)).items[0].value
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
    drawing = tg.draw(h, limit=30)
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


# Text from outside.


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


# Files and notebooks.


@drawn
@pytest.mark.parametrize(
    ("suffix", "magic"), [("svg", b"<?xml"), ("png", b"\x89PNG\r\n"), ("PDF", b"%PDF-"), ("dot", b"digraph")]
)
def test_save_writes_what_the_suffix_says(tmp_path, suffix, magic):
    path = tmp_path / f"graph.{suffix}"
    assert tg.draw(small()[2]).save(path) == path
    assert path.read_bytes().startswith(magic)
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_suffix_is_an_error_that_names_the_known(tmp_path):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf or \.dot.*graph\.jpg"):
        tg.draw(small()[2]).save(tmp_path / "graph.jpg")
    assert not list(tmp_path.iterdir())


def test_a_save_that_fails_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "graph.dot"
    path.write_text("old")
    monkeypatch.setattr(drawing.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
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
