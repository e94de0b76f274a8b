"""`record_lines`: each step knows the line of the program that asked for it, and nobody else pays for that."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from tinygrad_lite.graph import read
from tinygrad_lite.mode import Mode, current


@pytest.fixture
def x():
    return tg.tensor([1.0, 2.0], requires_grad=True, name="x")


def code(result):
    return {i.operation: i.code for i in read(result).items if i.kind == "operation"}


def test_each_step_remembers_its_line(x):
    with tg.record_lines():
        y = tg.sin(x)
        z = (
            y * 2  # of an expression over several lines, its own
        ).sum()
    found = code(z)
    assert found["sin"] == "y = tg.sin(x)"
    assert found["multiply"] == "y * 2  # of an expression over several lines, its own"
    file, _, number = read(z).items[1].line.partition(":")
    assert file == "test_lines.py"
    assert Path(__file__).read_text().splitlines()[int(number) - 1].strip() == "y = tg.sin(x)"


def test_the_line_is_the_user_s_also_through_layers_and_through_numpy(x):
    layer = nn.Dense(3, activation="tanh")
    layer(x[None])
    with tg.record_lines():
        h = layer(x[None])
        y = np.sum(np.sqrt(h * h))
    assert code(y) == {
        "getitem": "h = layer(x[None])",
        "affine": "h = layer(x[None])",
        "tanh": "h = layer(x[None])",
        "multiply": "y = np.sum(np.sqrt(h * h))",
        "sqrt": "y = np.sum(np.sqrt(h * h))",
        "sum": "y = np.sum(np.sqrt(h * h))",
    }


def test_it_nests_with_the_other_modes(x):
    with tg.record_lines(), tg.scope("outer"):
        with tg.no_grad(), tg.enable_grad(), tg.scope("inner"):
            y = x * 3
        with tg.no_grad():
            assert not (x * 3).requires_grad
        z = y + 1
    assert y.scope == ("outer", "inner") and z.scope == ("outer",)
    assert code(z) == {"multiply": "y = x * 3", "add": "z = y + 1"}


def test_outside_nothing_is_remembered_and_nothing_is_different(x):
    before = current.get()
    with tg.record_lines():
        pass
    assert current.get() is before and type(before) is Mode
    y = x * 3
    assert type(y._scope) is tuple
    assert [(i.line, i.code) for i in read(y).items] == [("", "")] * 2


def test_it_belongs_to_the_thread_and_decorates_functions(x):
    with tg.record_lines(), ThreadPoolExecutor(1) as pool:
        there = pool.submit(lambda: x * 3).result()

    @tg.record_lines()
    def here():
        return x * 3

    assert code(there) == {"multiply": ""}
    assert code(here()) == {"multiply": "return x * 3"}


def test_code_that_is_in_no_file_has_a_line_all_the_same(x):
    found = {"tg": tg, "x": x}
    exec(compile("with tg.record_lines():\n    y = x * 3", "<typed>", "exec"), found)
    item = read(found["y"]).items[1]
    assert (item.line, item.code) == ("<typed>:2", "")
