"""Nests of dicts, lists, numbers and arrays: saved, and loaded as they were."""

import math
import os
import random
from collections import OrderedDict, namedtuple
from enum import Enum

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

import tinygrad_lite as tg
from nn import files
from nn.files import header, strict_json

DTYPES = st.sampled_from(sorted(header.NAMES, key=str))
ARRAYS = DTYPES.flatmap(lambda dtype: st_numpy.arrays(dtype, st_numpy.array_shapes(min_dims=0, min_side=0, max_side=3)))
SCALARS = DTYPES.flatmap(lambda dtype: st_numpy.arrays(dtype, ())).map(lambda array: array[()])
TEXTS = st.text(st.characters(codec=None), max_size=4) | st.sampled_from(
    ["", ".", "a.b", "$", "$array", "$$", "__metadata__", "0"]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(1 << 200), 1 << 200)
    | st.floats()
    | TEXTS
    | ARRAYS
    | SCALARS
)
NESTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=12,
)


def assert_same(given, expected):
    """Equal, of the same types, in the same order."""
    assert type(given) is type(expected)
    if isinstance(expected, dict):
        assert [*given] == [*expected]
        for name in expected:
            assert_same(given[name], expected[name])
    elif isinstance(expected, (list, tuple)):
        assert len(given) == len(expected)
        for one, other in zip(given, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, (np.ndarray, np.generic)):
        assert given.dtype == expected.dtype and given.shape == expected.shape
        assert given.tobytes() == expected.tobytes()
    elif isinstance(expected, float):
        assert given == expected or (math.isnan(given) and math.isnan(expected))
        assert math.copysign(1, given) == math.copysign(1, expected) or math.isnan(expected)
    else:
        assert given == expected


@hypothesis.given(nest=NESTS)
@hypothesis.settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_every_nest_is_loaded_as_it_was(tmp_path_factory, nest):
    path = tmp_path_factory.getbasetemp() / "nest"
    files.save(path, nest)
    assert_same(files.load(path), nest)


@pytest.mark.parametrize(
    "nest",
    [
        {},
        [],
        (),
        {"": {}},
        {"": {"": []}},
        {"a": {"b": np.arange(3)}, "a.b": np.arange(4), "a.b_": np.arange(5)},
        {"a.b": np.arange(4), "a": {"b": np.arange(3)}, "a.b_": np.arange(5)},
        {"__metadata__": np.arange(3)},
        {"\ud800": np.arange(3), "\\ud800": np.arange(2), "text": "\udfff"},
        {"$array": "a", "a": np.arange(3)},
        {"$array": np.arange(3), "$$": {"$tuple": [1]}},
        {"a": {"$array": "b"}, "b": np.arange(2)},
        [np.arange(2), [np.arange(3), (np.arange(4), "x")]],
        np.arange(3),
        np.float32(0.1),
        {"half": np.float16(1 / 3), "yes": np.True_, "double": np.float64(0.1), "complex": np.complex64(1 + 2j)},
        [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1, 1e308],
        [True, 1, 1.0, False, 0, 0.0],
        [1 << 63, -(1 << 63), (1 << 64) - 1, 1 << 64, -(1 << 64), 1 << 20_000],
        "text",
        None,
    ],
)
def test_nests_of_many_kinds(tmp_path, nest):
    path = tmp_path / "nest"
    files.save(path, nest)
    assert_same(files.load(path), nest)


def test_generators_go_on_where_they_were(tmp_path):
    path = tmp_path / "states"
    generators = [
        np.random.Generator(bits(3)) for bits in (np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64)
    ]
    python = random.Random(3)
    states = {"numpy": [generator.bit_generator.state for generator in generators], "python": python.getstate()}
    files.save(path, states)
    expected = [generator.random(5).tolist() for generator in generators], python.random()
    loaded = files.load(path)
    for generator, state in zip(generators, loaded["numpy"], strict=True):
        generator.bit_generator.state = state
    python.setstate(loaded["python"])
    assert ([generator.random(5).tolist() for generator in generators], python.random()) == expected


def test_subclasses_come_as_what_they_are_made_of(tmp_path):
    path = tmp_path / "nest"
    files.save(path, OrderedDict(b=1, a=OrderedDict()))
    assert_same(files.load(path), {"b": 1, "a": {}})
    mapped = np.memmap(tmp_path / "memory", np.float32, "w+", shape=(2,))
    files.save(path, {"a": mapped})
    assert type(files.load(path)["a"]) is np.ndarray


class Colour(Enum):
    RED = 1


@pytest.mark.parametrize(
    ("nest", "words"),
    [
        ({"a": [1, {"b": {1, 2}}]}, r"the set at 'a\.1\.b'"),
        ({"a": print}, "the builtin_function_or_method at 'a'"),
        (b"bytes", "the bytes at the top"),
        ([1j], "the complex at '0'"),
        ([range(3)], "the range at '0'"),
        ([Colour.RED], "the Colour at '0'"),
        ([namedtuple("Point", "x")(1)], "the Point at '0'"),
        ([tg.tensor(1.0)], "the Tensor at '0'"),
        ([object()], "the object at '0'"),
        ({"a": {1: 2}}, "the key 1 of the dict at 'a'"),
        ({None: 2}, "the key None of the dict at the top"),
        ({"a": np.array([None])}, "at 'a'.*an array of object"),
        ({"a": np.array(["text"])}, "at 'a'.*an array of <U4"),
        ({"a": np.str_("text")}, "at 'a'.*an array of <U4"),
        ({"a": np.datetime64("2020")}, "at 'a'.*an array of datetime64"),
        ({"a": np.zeros(2, "i4,f4")}, "at 'a'.*an array of"),
        ({"a": np.zeros(2, complex)}, "at 'a'.*complex128, only of bool.*complex64"),
        ({"a": np.zeros(2, np.longdouble)}, "at 'a'.*an array of float128"),
        ({"a": np.ma.masked_array([1, 2], [True, False])}, "the MaskedArray at 'a'"),
    ],
    ids=str,
)  # fmt: skip
def test_what_a_file_cannot_hold_is_refused_with_its_place_before_anything_is_written(tmp_path, nest, words):
    path = tmp_path / "nest"
    with pytest.raises(TypeError, match=words):
        files.save(path, nest)
    assert not os.listdir(tmp_path)


def test_a_nest_that_is_too_deep_or_contains_itself_is_refused(tmp_path):
    path, nest, itself = tmp_path / "nest", None, {}
    for _ in range(100):
        nest = [nest]
    files.save(path, nest)
    assert_same(files.load(path), nest)
    itself["itself"] = itself
    for given in ([nest], itself):
        with pytest.raises(ValueError, match="more than 100 levels deep, or contains itself"):
            files.save(path, given)
    assert_same(files.load(path), nest)


def test_more_numbers_that_are_in_no_array_than_a_reader_takes_are_refused_when_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(strict_json, "_MOST", 1000)
    with pytest.raises(ValueError, match=r"more than 1,000 values.*make arrays of long lists"):
        files.save(tmp_path / "nest", {"a": [0] * 1001})
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a":{"$array":"b"}}', "the array 'b', which is not there"),
        ('[{"$array":"a"},{"$array":"a"}]', "the array 'a', which is not there, or twice"),
        ('{"$array":["a"]}', "which is not there"),
        ("{}", "leaves out the array 'a'"),
        ('{"$array":"a","b":1}', "unknown '\\$array'"),
        ('{"$pickle":"a"}', "unknown '\\$pickle'"),
        ('{"$int":"zz"}', "zz"),
        ('{"$int":7}', "damaged"),
        ('{"$float":[]}', "damaged"),
        ('{"$tuple":7}', "damaged"),
        ("[NaN]", "NaN"),
        ("[" * 100_000, "deeply"),
        ("[1", "JSON"),
        ('{"a":1,"a":1}', "twice"),
        ("[" + "9" * 5000 + "]", "5000 digits"),
    ],
)
def test_a_nest_that_lies_is_refused(tmp_path, text, words):
    path = tmp_path / "lies"
    files.safetensors.write(path, {"a": np.arange(3)}, {"tinygrad_lite.nest": text})
    with pytest.raises(ValueError, match=words) as refusal:
        files.load(path)
    assert "lies" in str(refusal.value)
