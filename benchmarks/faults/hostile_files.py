"""Safetensors files that lie: each a name, its bytes, and what a reader that refuses it should say."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np


def file(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    """A file with this header, given as bytes or as what its JSON says, and this data; its length may be a lie."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(dtype: Any = "U8", shape: Any = (4,), data_offsets: Any = (0, 4), **more: Any) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": data_offsets, **more}


def one(**changed: Any) -> bytes:
    """A file of one array of four bytes, sound but for what is changed."""
    return file({"a": entry(**changed)}, bytes(4))


def _raw(members: str) -> bytes:
    """A file of four bytes whose header has these members, as text."""
    return file(f"{{{members}}}".encode(), bytes(4))


def _sizes(shape: str, offsets: str = "[0,4]") -> bytes:
    return _raw(f'"a":{{"dtype":"U8","shape":{shape},"data_offsets":{offsets}}}')


_SOUND = json.dumps(entry())


def hostile() -> Iterator[tuple[str, bytes, str]]:
    yield "empty", b"", "ends after 0 bytes"
    yield "half a length", bytes(5), "ends after 5 bytes"
    yield "no header", bytes(8), "begin with {"
    yield "header longer than the file", file({}, length=3), "says that its header has 3 bytes"
    yield "header of 2**63 bytes", file({}, length=1 << 63), "9,223,372,036,854,775,808"
    yield "header of 2**64 - 1 bytes", file({}, length=(1 << 64) - 1), "18,446,744,073,709,551,615"
    yield "header shorter than it is", file({"a": entry()}, bytes(4), length=20), "JSON"
    yield (
        "header ends inside the data",
        file({"a": entry()}, bytes(4), length=len(json.dumps({"a": entry()})) + 2),
        "JSON",
    )
    yield "a list as header", file([entry()], bytes(4)), "begin with {"
    yield "a space before the header", file(b" {}"), "begin with {"
    yield "something behind the header", file(b"{}{}"), "JSON"
    yield "no UTF-8", file(b'{"\xff":' + _SOUND.encode() + b"}", bytes(4)), "utf-8"
    yield "half a surrogate pair as name", file(rb'{"\ud800":' + _SOUND.encode() + b"}", bytes(4)), "surrogates"
    yield "half a surrogate pair as text", file(rb'{"__metadata__":{"a":"\udfff"}}'), "surrogates"
    yield "a name twice", _raw(f'"a":{_SOUND},"a":{_SOUND}'), "the name 'a' twice"
    yield "metadata twice", _raw(f'"__metadata__":{{}},"a":{_SOUND},"__metadata__":{{}}'), "twice"
    yield "a text twice", file(b'{"__metadata__":{"a":"","a":""}}'), "twice"
    yield "a dtype twice", _raw('"a":{"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]}'), "twice"
    yield "deep lists", file(b'{"a":' + b"[" * 100_000), "deeply"
    yield "deep dicts", file(b'{"a":' * 100_000), "deeply"
    yield "deep and closed", file(b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}"), "deeply"
    yield "millions of values", file(b'{"a":[' + b"[]," * 2_000_000 + b"[]]}"), "1,000,000 values"
    yield "millions of entries", file(b"{" + b'"a":{},' * 2_000_000 + b'"a":{}}'), "1,000,000 values"
    yield "metadata that is a list", file({"__metadata__": []}), "not a dict of strings"
    yield "metadata that is null", file({"__metadata__": None}), "not a dict of strings"
    yield "metadata with a number", file({"__metadata__": {"a": 1}}), "not a dict of strings"
    yield "an entry that is null", file({"a": None}), "None"
    yield "an entry that is a list", file({"a": [1]}), "expected its dtype"
    yield "an entry without a shape", file({"a": {"dtype": "U8", "data_offsets": [0, 4]}}, bytes(4)), "its shape"
    yield "an entry with more", one(strides=[1]), "strides"
    yield "an unknown dtype", one(dtype="U3"), "'U3'"
    yield "a dtype of Python", one(dtype="O"), "'O'"
    yield "a dtype that is a list", one(dtype=["U8"]), "['U8']"
    yield "a dtype that is null", one(dtype=None), "None"
    yield "float8", one(dtype="F8_E4M3"), "F8_E4M3"
    yield "float4", one(dtype="F4", shape=[8]), "F4"
    yield "a negative size", one(shape=[-4]), "[-4]"
    yield "two negative sizes", one(shape=[-2, -2]), "[-2, -2]"
    yield "a size that is a float", one(shape=[4.0]), "[4.0]"
    yield "a size that is a bool", one(shape=[4, True]), "True"
    yield "a size that is a text", one(shape=["4"]), "['4']"
    yield "a size that is null", one(shape=[None]), "None"
    yield "a shape that is a number", one(shape=4), "shape is 4"
    yield "a shape that is a dict", one(shape={"0": 4}), "{'0': 4}"
    yield "65 axes", one(shape=[4] + [1] * 64), "64 sizes"
    yield (
        "a size of 30 digits",
        _sizes(f"[{'9' * 30}]"),
        "30 digits",
    )
    yield (
        "a size of 10**5 digits",
        _sizes(f"[{'9' * 100_000}]"),
        "100000",
    )
    yield "sizes whose product is 2**64 + 4", one(shape=[4, (1 << 62) + 1]), "takes 4 bytes"
    yield "a size of 2**63 beside a zero", one(shape=[1 << 63, 0], data_offsets=[0, 0]), "9223372036854775808"
    yield "sizes of 2**62 beside a zero", file({"a": entry(shape=[0, 1 << 62, 8], data_offsets=[0, 0])}), "can't hold"
    yield "an array larger than the file", one(shape=[1 << 40], data_offsets=[0, 1 << 40]), "1,099,511,627,776"
    yield "a shape larger than its bytes", one(shape=[5]), "takes 5"
    yield "a shape smaller than its bytes", one(shape=[3]), "takes 3"
    yield "an item size that does not fit", one(dtype="F64", shape=[1]), "takes 8"
    yield "NaN", _sizes("[NaN]"), "NaN"
    yield "Infinity", _sizes("[Infinity]"), "Infinity"
    yield (
        "an offset of -Infinity",
        _sizes("[4]", "[-Infinity,4]"),
        "-Infinity",
    )
    yield "a size of 1e400", _sizes("[1e400]"), "inf"
    yield "offsets the other way round", one(data_offsets=[4, 0]), "[4, 0]"
    yield "negative offsets", one(data_offsets=[-4, 0]), "[-4, 0]"
    yield "one offset", one(data_offsets=[4]), "[4]"
    yield "three offsets", one(data_offsets=[0, 4, 8]), "[0, 4, 8]"
    yield "offsets that are floats", one(data_offsets=[0.0, 4.0]), "[0.0, 4.0]"
    yield "offsets that are bools", one(shape=[1], data_offsets=[False, True]), "[False, True]"
    yield "offsets that are null", one(data_offsets=None), "None"
    yield "offsets of 2**64", one(data_offsets=[1 << 64, (1 << 64) + 4]), "18446744073709551616"
    yield "an overlap", file({"a": entry(), "b": entry(data_offsets=[2, 6])}, bytes(6)), "overlaps"
    yield "the same bytes twice", file({"a": entry(), "b": entry()}, bytes(4)), "overlaps"
    yield "a hole", file({"a": entry(), "b": entry(data_offsets=[5, 9])}, bytes(9)), "hole"
    yield "a hole at the beginning", file({"a": entry(data_offsets=[1, 5])}, bytes(5)), "hole"
    yield (
        "an empty array in another one",
        file({"a": entry(), "b": entry(shape=[0], data_offsets=[2, 2])}, bytes(4)),
        "overlaps",
    )
    yield "an empty array behind the end", file({"a": entry(shape=[0], data_offsets=[9, 9])}), "hole"
    yield "bytes behind the data", file({"a": entry()}, bytes(5)), "there are 5"
    yield "data without arrays", file({}, bytes(5)), "there are 5"
    yield "data that ends early", file({"a": entry()}, bytes(3)), "there are 3"
    yield "no data", file({"a": entry()}), "there are 0"
    yield "a bool of 2", file({"a": entry("BOOL")}, b"\0\1\2\1"), "other than 0 and 1"
    yield "a pickle", b"\x80\x04\x95\x0b\0\0\0\0\0\0\0\x8c\x05posix", "it is pickled"
    yield (
        "a NumPy file",
        b"\x93NUMPY\x01\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }" + bytes(4),
        "header has",
    )
    yield "noise", np.random.default_rng(0).bytes(1000), "header has"


HOSTILE = {name: (content, reason) for name, content, reason in hostile()}
