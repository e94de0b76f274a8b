"""The safetensors format: the length of a header, the header (JSON), and the arrays' bytes one behind the other.

The metadata of the files that we write has two marks: the format's version and a SHA-256 of the whole file, with zeros
where the digest itself stands. Whatever bit of a file is changed, one of the marks is still there, and wherever there
is one, both have to be, and the digest has to be right. So every change is noticed, and files of other programs, which
have neither, are read as they are. SHA-256, since it takes 0.07 s for 100 MB here (CRC-32, which proves less, 0.05;
BLAKE2b 0.15).
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_lite import files

from . import strict_json
from .header import LARGEST, METADATA, NAMES, Entry, in_file_order, parse

_FORMAT, _DIGEST = "tinygrad_lite.format", "tinygrad_lite.sha256"
_VERSION = "1"
_NO_DIGEST = "0" * 64
_OTHERS = {  # how files of other kinds begin
    b"PK": "it is a zip file, as torch.save and Keras's model.save write. Nothing is unpickled here: in PyTorch, write"
    " safetensors.torch.save_file(net.state_dict(), 'net.safetensors') and here nn.exchange.from_torch; in Keras,"
    " net.save_weights('net.weights.h5') and here nn.exchange.from_keras",
    b"\x80": "it is pickled, and nothing is unpickled here: in PyTorch, write"
    " safetensors.torch.save_file(net.state_dict(), 'net.safetensors')",
    b"\x89HDF\r\n\x1a\n": "it is an HDF5 file: nn.exchange.from_keras(model, path) takes the weights that Keras's"
    " net.save_weights('net.weights.h5') wrote",
}

Array = np.ndarray[Any, np.dtype[Any]]


def write(path: str | os.PathLike[str], arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> Path:
    """Writes arrays by name, and texts by name, to a safetensors file, all or nothing.

    The arrays may lie in memory in any order of their axes and bytes. TypeError for a dtype that the format hasn't.
    """
    stored = {name: np.asarray(array, array.dtype.newbyteorder("<"), order="C") for name, array in arrays.items()}
    # The widest numbers first, so that each array begins at a multiple of its item size, for readers that map files.
    in_order = sorted(stored, key=lambda name: -stored[name].itemsize)
    header: dict[str, Any] = {METADATA: {_FORMAT: _VERSION, _DIGEST: _NO_DIGEST, **metadata}}
    header |= {name: {"dtype": dtype_name(array.dtype), "shape": array.shape} for name, array in stored.items()}
    position = 0
    for name in in_order:
        header[name]["data_offsets"] = position, (position := position + stored[name].nbytes)
    json_text = json.dumps(header, ensure_ascii=False, separators=(",", ":"))
    strict_json.check_size(json_text)
    text = json_text.encode()
    text += b" " * (-len(text) % 8)
    if len(text) > LARGEST:
        raise ValueError(f"all that is no array takes {len(text):,} bytes; a safetensors file has room for {LARGEST:,}")
    pieces: list[Any] = [len(text).to_bytes(8, "little"), text, *(stored[name] for name in in_order)]
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    mark = f'"{_DIGEST}":"'.encode()
    pieces[1] = text.replace(mark + _NO_DIGEST.encode(), mark + digest.hexdigest().encode(), 1)
    return files.write(path, pieces)


def dtype_name(dtype: np.dtype[Any]) -> str:
    """What the format calls a dtype, of any byte order: `F32`. TypeError if it has no name for it."""
    name = NAMES.get(dtype.newbyteorder("<"))
    if name is None:
        kinds = "bool, integers, float16, float32, float64 and complex64"
        raise TypeError(f"a safetensors file can't hold an array of {dtype}, only of {kinds}")
    return name


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays and the texts in a safetensors file, of ours or of other programs. ValueError for any other file."""
    try:
        # Before opening it: opening a pipe waits for a writer, opening a device may do anything.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise ValueError("it is a folder or a special file; give a regular file")
        with open(path, "rb") as file:
            return _parse(file, os.fstat(file.fileno()).st_size)
    except ValueError as reason:
        raise ValueError(f"cannot read {os.fspath(path)!r} as a safetensors file: {reason}") from None


def _parse(file: BufferedReader, size: int) -> tuple[dict[str, Array], dict[str, str]]:
    start = file.read(8)
    if len(start) < 8:
        raise ValueError(f"it ends after {len(start)} bytes; expected 8 that state the length of its header")
    length = int.from_bytes(start, "little")
    if length > min(size - 8, LARGEST):
        if other := next((what for first, what in _OTHERS.items() if start.startswith(first)), None):
            raise ValueError(other)
        most = f"{size - 8:,} are left" if size - 8 < LARGEST else f"{LARGEST:,} are the most that is allowed"
        raise ValueError(f"it says that its header has {length:,} bytes; {most}")
    header = file.read(length)
    entries, metadata = parse(header, size - 8 - length)

    expected = _expected_digest(metadata)
    digest = hashlib.sha256(start + header.replace(expected.encode(), _NO_DIGEST.encode()) if expected else b"")
    arrays = {}
    for entry in in_file_order(entries):
        raw: Any = np.empty(entry.end - entry.begin, np.uint8)
        if file.readinto(raw) < len(raw):
            raise ValueError("it became shorter while it was read")
        if expected:
            digest.update(raw)
        arrays[entry.name] = _array(entry, raw)
    if expected and digest.hexdigest() != expected:
        raise ValueError("its checksum is wrong: it was changed after it was written; take another copy of it")
    if metadata.pop(_FORMAT, _VERSION) != _VERSION:
        raise ValueError("it was written by a later version of tinygrad_lite: install that one")
    metadata.pop(_DIGEST, None)
    return {entry.name: arrays[entry.name] for entry in entries}, metadata


def _expected_digest(metadata: dict[str, str]) -> str:
    """The digest that a file of ours states; none for a file of another program."""
    if _FORMAT not in metadata and _DIGEST not in metadata:
        return ""
    stated = metadata.get(_DIGEST, "")
    if _FORMAT not in metadata or not re.fullmatch("[0-9a-f]{64}", stated):
        raise ValueError("its checksum is damaged: it was changed after it was written; take another copy of it")
    return stated


def _array(entry: Entry, raw: Array) -> Array:
    if entry.kind == "BOOL" and (raw > 1).any():
        raise ValueError(f"the array {entry.name[:100]!r} of bools has bytes other than 0 and 1")
    array = raw.view(entry.dtype).reshape(entry.shape)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    return (array.astype(np.uint32) << 16).view(np.float32) if entry.kind == "BF16" else array
