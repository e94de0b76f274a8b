"""After an error: what failed, what it was given, where, and the picture of what led there."""

import gc
import sys
import traceback
import weakref
import xml.etree.ElementTree as ElementTree
from functools import reduce

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from tinygrad_lite.graph import fold
from tinygrad_lite.graph.as_json import from_json
from tinygrad_lite.primitive import Node


def failed_in_a_model():
    nn.set_random_seed(0)
    model = nn.Sequential([nn.Dense(8, "relu"), nn.Dense(3)])
    model(np.ones((4, 5)))
    model.layers[1].kernel = tg.tensor(np.ones((9, 3), np.float32), requires_grad=True, name="kernel")
    try:
        return model(np.ones((4, 5)))
    except ValueError as error:
        return error


def test_the_error_names_the_module_and_the_way_to_the_picture():
    error = failed_in_a_model()
    assert error.__notes__ == ["in sequential / dense_1. tinygrad_lite.explain_error() draws what led there"]
    assert str(error).startswith("affine(Tensor float32(4, 8), Tensor 'kernel' float32(9, 3), ")


def test_the_picture_goes_up_to_the_operation_that_failed():
    failure = tg.explain_error(failed_in_a_model())
    assert failure.operation == "affine" and failure.place == ("sequential", "dense_1")
    operations = [(x.kind, x.operation, x.scope) for x in failure.graph.items if x.operation]
    assert operations == [
        ("operation", "affine", ("sequential", "dense")),
        ("operation", "relu", ("sequential", "dense")),
        ("failed", "affine", ("sequential", "dense_1")),
    ]
    last = failure.graph.items[-1]
    assert last.note == "(4, 8), (9, 3), (3,)"
    assert [failure.graph.items[e.source].shape for e in failure.graph.edges if e.target == last.id] == [
        (4, 8), (9, 3), (3,)]  # fmt: skip


def test_the_words_say_what_where_and_which_line():
    text = str(tg.explain_error(failed_in_a_model()))
    assert text.startswith("affine failed in sequential / dense_1\n")
    assert "  given    Tensor float32(4, 8) from relu\n           Tensor 'kernel' float32(9, 3)\n" in text
    assert (
        "asked by test_failure.py:" in text
        and "in failed_in_a_model\n               return model(np.ones((4, 5)))" in text
    )
    assert "What led there: 2 recorded steps" in text
    assert max(map(len, text.splitlines())) <= 88


def test_it_is_drawn(tmp_path):
    failure = tg.explain_error(failed_in_a_model())
    root = ElementTree.parse(failure.save(tmp_path / "error.svg")).getroot()
    words = " ".join("".join(x.itertext()) for x in root.iter("{http://www.w3.org/2000/svg}text"))
    assert "affine failed in sequential / dense_1" in words and "ValueError: affine" in words
    bundle = failure._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg") and bundle["text/plain"] == str(failure)


def test_it_is_written_in_each_format(tmp_path):
    failure = tg.explain_error(failed_in_a_model())
    assert '("<b>✗ affine failed</b> (4, 8), (9, 3), (3,)"):::failed' in failure.mermaid
    assert "-.->" not in failure.mermaid and "sensitivity" not in failure.mermaid
    assert from_json(failure.json) == failure.graph
    assert "ValueError: affine" in failure.save(tmp_path / "error.html").read_text(encoding="utf-8")


class Step(nn.Module):
    """Each of its own width, so that no two are alike."""

    def __init__(self, width, name):
        self.name = name
        self.inner = nn.Dense(width, name="inner")

    def call(self, x):
        return self.inner(x).sum() * tg.tanh(x)


def failed_deep_inside(steps):
    model = nn.Sequential([Step(2 + i, f"step{i}") for i in range(steps)], name="model")
    model(np.ones((1, 3), np.float32))
    model.layers[-1].inner.kernel = tg.tensor(np.ones((9, 3), np.float32), requires_grad=True, name="kernel")
    try:
        return model(np.ones((1, 3), np.float32))
    except ValueError as error:
        return error


def test_in_a_large_graph_other_boxes_are_closed_but_not_those_around_what_failed():
    failure = tg.explain_error(failed_deep_inside(60))
    last = failure.graph.items[-1]
    assert (last.kind, last.operation, last.scope) == ("failed", "affine", ("model", "step59", "inner"))
    assert [x.name for x in failure.graph.items if x.kind == "layer"] == [f"step{i}" for i in range(59)]
    before = [failure.graph.items[e.source].name for e in failure.graph.edges if e.target == last.id]
    assert before == ["step58", "kernel", "step59.inner.bias"]
    assert "What led there: 235 recorded steps" in str(failure)
    assert [x.kind for x in fold.close(failure.whole, 0).items[-3:]] == ["parameter", "parameter", "failed"]


def test_a_page_of_it_opens_what_there_is_room_for():
    def parts(x, step):
        with tg.scope("model"), tg.scope(f"step{step}"):
            for k in range(9):
                with tg.scope(f"part{k}"):
                    for _ in range(3):
                        x = x + (10.0 * step + k)  # no two are alike
            return x + np.ones((step == 5) * 3 + 1)

    with pytest.raises(ValueError) as caught:
        reduce(parts, range(6), tg.tensor([1.0, 2.0], requires_grad=True))
    opened = tg.explain_error(caught.value).opened
    for limit in range(20, 100):
        least, page = (fold.fit(opened, limit, but) for but in ((), fold.room(opened, limit)))
        assert len(least.items) <= len(page.items) <= limit


def test_of_blocks_that_are_alike_the_last_is_shown():
    nn.set_random_seed(0)
    blocks = [nn.Sequential([nn.Dense(4, "relu")], name=f"block_{i}") for i in range(9)]
    with pytest.raises(ValueError) as caught:
        nn.Sequential([*blocks, nn.Reshape((3,))], name="net")(np.ones((2, 4), np.float32))
    graph = tg.explain_error(caught.value).graph
    rolled = [(box.scope, len(box.copies)) for box in graph.boxes if box.copies]
    assert rolled == [(("net", "block_8"), 9)]
    assert graph.notes[-1] == "block × 9: block_0 … block_8 are alike, block_8 is shown."


X = tg.tensor(np.ones((2, 3)), requires_grad=True, name="x")


def own(a, *, key):
    raise ValueError("mine")


def several(*xs, **more):
    raise ValueError("mine")


@tg.primitive(lambda g, out, x: g.reshape(77))
def wrong_rule(x):
    return x * 1.0


@pytest.mark.parametrize(
    ("run", "operation", "operands"),
    [
        (lambda: nn.losses.mean_squared_error(np.ones((2, 4)), X), "mean_squared_error",
         ["y_true = array float64(2, 4)", "y_pred = Tensor 'x' float64(2, 3)"]),
        (lambda: X.backward(), "backward", ["root = Tensor 'x' float64(2, 3)"]),
        (lambda: wrong_rule(X).sum().backward(), "backward", ["root = Tensor float64() from sum"]),
        (lambda: own(1, key=X), "own", ["key = Tensor 'x' float64(2, 3)"]),
        (lambda: several(1, y=X), "several", ["more = Tensor 'x' float64(2, 3)"]),
        (lambda: several(X, X.data), "several", ["xs = Tensor 'x' float64(2, 3)", "xs = array float64(2, 3)"]),
    ],
)  # fmt: skip
def test_what_failed_is_called_as_the_program_knows_it(run, operation, operands):
    with pytest.raises((ValueError, RuntimeError)) as caught:
        run()
    failure = tg.explain_error(caught.value)
    assert (failure.operation, failure.operands) == (operation, operands)
    assert failure.graph.items[-1].note == ", ".join([x.rpartition("float64")[2].split(" from")[0] for x in operands])


def test_what_was_noted_on_the_error_is_told():
    with pytest.raises(ValueError) as caught:
        wrong_rule(X).sum().backward()
    assert "in the derivative of wrong_rule by a Tensor 'x' float64(2, 3)" in str(tg.explain_error(caught.value))


class Stubborn(Exception):
    def __setattr__(self, name, value):
        raise ValueError("no attributes")

    def __getattr__(self, name):
        raise ValueError("none at all")


def noted():
    error = ValueError()
    error.__notes__ = "not a list"
    return error


@pytest.mark.parametrize("make", [Stubborn, noted, KeyboardInterrupt, SystemExit])
def test_a_box_is_left_whatever_is_raised_in_it(make):
    error, caught = make(), None
    try:
        with tg.scope("outer"), tg.scope("inner"):
            raise error
    except BaseException as met:
        caught = met
    assert caught is error
    assert (X * 2).scope == ()


def test_an_error_of_a_layer_itself_shows_its_input():
    with pytest.raises(ValueError, match="Dense needs an input of shape") as caught:
        nn.Sequential([nn.Dense(3)])(np.ones(5))
    failure = tg.explain_error(caught.value)
    assert (failure.operation, failure.operands) == ("Dense", ["x = Tensor float64(5,)"])
    assert failure.place == ("sequential", "dense")
    assert failure.graph.items[-1].kind == "failed"


def test_an_operation_outside_of_any_module():
    x = tg.tensor(np.ones(3), requires_grad=True, name="x")
    with pytest.raises(ValueError) as caught:
        (x * 2) + np.ones(4)
    assert not hasattr(caught.value, "__notes__")
    failure = tg.explain_error(caught.value)
    assert failure.operation == "add" and failure.place == ()
    assert failure.operands == ["Tensor float64(3,) from multiply", "array float64(4,)"]
    with pytest.raises(ValueError) as caught:
        tg.reshape(x * 2, (2, 2))
    assert tg.explain_error(caught.value).graph.items[-1].operation == "reshape"


def test_without_an_argument_it_takes_the_error_at_hand(monkeypatch):
    try:
        tg.tensor(np.ones(3)) + np.ones(4)
    except ValueError:
        assert tg.explain_error().operation == "add"
    monkeypatch.delattr(sys, "last_exc", raising=False)
    monkeypatch.delattr(sys, "last_value", raising=False)
    with pytest.raises(RuntimeError, match="there was no error that could be explained"):
        tg.explain_error()
    monkeypatch.setattr(sys, "last_value", failed_in_a_model(), raising=False)
    assert tg.explain_error().operation == "affine"


def test_what_is_no_error_or_far_from_any_tensor_says_so():
    with pytest.raises(TypeError, match="takes an exception, given 'x'"):
        tg.explain_error("x")
    with pytest.raises(RuntimeError, match="no Tensor was near this error"):
        tg.explain_error(ValueError("x"))


def test_an_error_that_was_wrapped_is_found():
    try:
        try:
            tg.tensor(np.ones(3)) + np.ones(4)
        except ValueError as error:
            raise RuntimeError("the step failed") from error
    except RuntimeError as error:
        failure = tg.explain_error(error)
    assert failure.operation == "add" and failure.message == "RuntimeError: the step failed"


def test_an_error_that_was_wrapped_in_a_function_with_tensors_is_found():
    def step(x):
        try:
            return tg.exp(x) + np.ones(4)
        except ValueError as error:
            raise RuntimeError("the step failed") from error

    with pytest.raises(RuntimeError) as caught:
        step(tg.tensor(np.ones(3), requires_grad=True))
    failure = tg.explain_error(caught.value)
    assert failure.operation == "add" and failure.code == "return tg.exp(x) + np.ones(4)"


def fail_in_backward(x):
    wrong = tg.primitive(lambda g, out, x: np.ones(7))(lambda x: x * 1)
    wrong(tg.exp(x)).sum().backward()


def freed(x):
    y = tg.exp(x).sum()
    y.backward()
    y.backward()


@pytest.mark.parametrize(
    ("fail", "operation"),
    [
        (lambda x: nn.losses.mean_squared_error(np.ones((2, 2)), x), "mean_squared_error"),
        (lambda x: (x * 2).backward(), "backward"),
        (fail_in_backward, "backward"),
        (freed, "backward"),
        (lambda x: bool(x), "bool"),
        (lambda x: x.__iadd__(1), "iadd"),
        (lambda x: np.linalg.inv(tg.exp(x)), "inv"),
        (lambda x: np.asarray(tg.exp(x)), "numpy"),
        (lambda x: tg.einsum("ij,jk->", x), "einsum"),
        (lambda x: np.split(x, 2, axis=1), "split"),
    ],
)
def test_what_failed_is_called_by_the_name_that_the_program_used(fail, operation):
    x = tg.tensor(np.ones((2, 3)), requires_grad=True, name="x")
    with pytest.raises((ValueError, TypeError, RuntimeError)) as caught:
        fail(x)
    failure = tg.explain_error(caught.value)
    assert failure.operation == operation and failure.graph.items[-1].kind == "failed"


def test_what_an_error_says_in_notes_is_told_too():
    with pytest.raises(ValueError) as caught:
        fail_in_backward(tg.tensor(np.ones((2, 3)), requires_grad=True, name="x"))
    assert "\nin the derivative of <lambda> by a Tensor float64(2, 3)\n" in str(tg.explain_error(caught.value))
    assert "explain_error" not in str(tg.explain_error(failed_in_a_model()))


class NoAttributes(Exception):
    def __setattr__(self, name, value):
        raise RuntimeError("nothing is written here")


def test_a_scope_is_left_whatever_is_raised_inside_it():
    class Failing(nn.Module):
        def call(self, x):
            raise NoAttributes

    with pytest.raises(NoAttributes):
        Failing()(np.ones(3))
    assert (tg.tensor(1.0, requires_grad=True) * 2).scope == ()


def test_without_a_recorded_graph_the_operation_is_shown():
    x = tg.tensor(np.ones((2, 3)), requires_grad=True)
    with tg.no_grad(), pytest.raises(ValueError) as caught:
        tg.exp(x) @ x
    assert [item.kind for item in tg.explain_error(caught.value).graph.items] == ["data", "parameter", "failed"]
    y = (x * 2).sum()
    y.backward()
    with pytest.raises(ValueError) as caught:
        y + np.ones((0, 3)) @ x
    assert tg.explain_error(caught.value).graph.items[-1].kind == "failed"


def test_only_the_innermost_module_speaks_and_only_once():
    with pytest.raises(KeyError) as caught, tg.scope("outer"), tg.scope("inner"):
        raise KeyError("x")
    assert caught.value.__notes__ == ["in outer / inner. tinygrad_lite.explain_error() draws what led there"]
    with pytest.raises(KeyboardInterrupt) as stopped, tg.scope("outer"):
        raise KeyboardInterrupt
    assert not hasattr(stopped.value, "__notes__")


@pytest.mark.parametrize("name", ["<b>x</b>", 'a"b', "a\nb\0c", "x" * 500, "\u202e", "a:b|c{d}", "&#0;", "\ud800"])
def test_names_may_hold_anything(name, tmp_path):
    x = tg.tensor(np.ones(3), requires_grad=True, name=name)
    with pytest.raises(ValueError) as caught, tg.scope(name):
        tg.exp(x) + np.ones(4)
    assert all(note.isprintable() for note in caught.value.__notes__)
    failure = tg.explain_error(caught.value)
    ElementTree.parse(failure.save(tmp_path / "x.svg"))
    assert all(line.isprintable() for line in str(failure).splitlines())


def test_the_picture_and_the_error_hold_on_to_no_tensor():
    """With the collector off: when the exception is gone, so is all that it was about."""

    def fail():
        x = tg.tensor(np.ones(3), requires_grad=True)
        seen.append(weakref.ref(x))
        with tg.scope("box"):
            return tg.exp(x) + np.ones(4)

    seen: list[weakref.ref[Node]] = []
    gc.collect()
    gc.disable()
    try:
        try:
            fail()
        except ValueError as error:
            failure = tg.explain_error(error)
        assert seen[0]() is None
    finally:
        gc.enable()
    assert failure.operation == "add"


def test_a_traceback_prints_the_note():
    text = "".join(traceback.format_exception(failed_in_a_model()))
    assert text.endswith("in sequential / dense_1. tinygrad_lite.explain_error() draws what led there\n")
