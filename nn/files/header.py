"""The header of a safetensors file: which arrays it holds, of which dtypes and shapes, and where they begin and end."""

import math
from typing import Any, NamedTuple

import numpy as np

from . import strict_json

LARGEST = 100_000_000  # bytes of a header, as in the safetensors library
METADATA = "__metadata__"
_MOST_DIMS = 64  # the most that NumPy can hold

_NAMES = {"BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8"}
_NAMES |= {"I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8", "C64": "<c8"}
DTYPES = {name: np.dtype(code) for name, code in _NAMES.items()}
NAMES = {dtype: name for name, dtype in DTYPES.items()}
_BFLOAT16 = {"BF16": np.dtype("<u2")}  # the upper half of a float32


class Entry(NamedTuple):
    """An array in the file. dtype: as its bytes lie there; begin, end: counted from the end of the header."""

    name: str
    kind: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    begin: int
    end: int


def parse(header: bytes, size: int) -> tuple[list[Entry], dict[str, str]]:
    """The arrays in the order of the header, and the metadata; ValueError unless they fill the `size` bytes of data."""
    if not header.startswith(b"{"):
        raise ValueError("its header does not begin with {")
    members = strict_json.parse(header.decode())
    metadata = members.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ValueError(f"its {METADATA} is not a dict of strings")
    for text in (*members, *metadata, *metadata.values()):
        text.encode()  # half a surrogate pair is no text
    entries = [_entry(name, given) for name, given in members.items()]
    position = 0
    for entry in in_file_order(entries):
        if entry.begin != position:
            what = "overlaps with another array" if entry.begin < position else "begins behind a hole"
            raise ValueError(f"the array {_short(entry.name)} {what}: at byte {entry.begin:,} instead of {position:,}")
        position = entry.end
    if position != size:
        raise ValueError(f"its header says that there are {position:,} bytes of data, but there are {size:,}")
    return entries, metadata


def in_file_order(entries: list[Entry]) -> list[Entry]:
    """By where they lie in the file; empty ones before what begins at the same place."""
    return sorted(entries, key=lambda entry: (entry.begin, entry.end))


def _entry(name: str, given: Any) -> Entry:
    where = f"its header says of the array {_short(name)}"
    if not isinstance(given, dict) or set(given) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{where} {_short(given)}; expected its dtype, its shape and its data_offsets")
    kind, shape, offsets = given["dtype"], given["shape"], given["data_offsets"]
    dtype = (DTYPES | _BFLOAT16).get(kind) if isinstance(kind, str) else None
    if dtype is None:
        known = ", ".join(DTYPES | _BFLOAT16)
        raise ValueError(f"{where} that its dtype is {_short(kind)}; NumPy has no such numbers, it has {known}")
    if not _are_sizes(shape) or len(shape) > _MOST_DIMS:
        raise ValueError(f"{where} that its shape is {_short(shape)}; expected a list of up to {_MOST_DIMS} sizes")
    if not _are_sizes(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise ValueError(f"{where} that its data_offsets are {_short(offsets)}; expected where it begins and ends")
    if (needed := math.prod(shape) * dtype.itemsize) != offsets[1] - offsets[0]:
        held = offsets[1] - offsets[0]
        raise ValueError(f"{where} that it takes {held:,} bytes; {kind} of shape {_short(shape)} takes {needed:,}")
    try:
        np.broadcast_to(np.empty((), dtype), shape)  # takes no memory: sizes that NumPy can't hold, beside a zero
    except ValueError:
        raise ValueError(f"{where} that its shape is {_short(shape)}, which NumPy can't hold") from None
    return Entry(name, kind, dtype, tuple(shape), *offsets)


def _are_sizes(given: Any) -> bool:
    return isinstance(given, list) and all(type(size) is int and 0 <= size < 1 << 63 for size in given)


def _short(given: Any) -> str:
    text = repr(given)
    return text if len(text) <= 100 else text[:97] + "..."
