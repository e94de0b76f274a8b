"""IDX files, the format of MNIST: two zero bytes, a dtype code, the number of dimensions, their sizes, the data.

The sizes are big-endian int32, the data is big-endian in C order, and the whole is often gzipped. A file may lie in
every one of these places; nothing it says is believed before it has been compared with the bytes that are there.
"""

from __future__ import annotations

import math
import os
import stat
import struct
import zlib
from typing import Any, BinaryIO, Protocol

import numpy as np

_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_DIMS = 32  # the most that every NumPy can hold
_PIECE = 1 << 18
_DEFLATE_RATIO = 1032  # deflate spends two bits, at the least, on 258 bytes


def read(path: str | os.PathLike[str], max_bytes: int = 1 << 30) -> np.ndarray[Any, np.dtype[Any]]:
    """The array in an IDX file, plain or gzipped (the first bytes tell, not the name).

    The file is not trusted: memory is taken only for data that is really there.

    Args:
        path: a regular file.
        max_bytes: the largest array to accept, in bytes.

    Returns:
        A writeable array in C order and native byte order: uint8, int8, int16, int32, float32 or float64, of the 1 to
        32 dimensions that the file states.

    Raises:
        ValueError: it is not a regular file, not an IDX file, shorter or longer than it says, damaged, or larger than
            `max_bytes`. The message names the file and the reason.
        OSError: it is missing (`FileNotFoundError`) or cannot be read.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "labels")
        ...     _ = path.write_bytes(bytes([0, 0, 0x08, 1, 0, 0, 0, 3, 7, 2, 1]))  # one axis of 3 uint8
        ...     read(path)
        array([7, 2, 1], dtype=uint8)
    """
    try:
        # Before opening it: opening a pipe waits for a writer, opening a device may do anything.
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is a folder or a special file; give a regular file")
        with open(path, "rb") as file:
            return _parse(file, status.st_size, max_bytes)
    except (ValueError, zlib.error) as reason:
        raise ValueError(f"cannot read {os.fspath(path)!r} as an IDX file: {reason}") from None


class _Stream(Protocol):
    def read(self, count: int, /) -> bytes: ...


class _Gunzip:
    """A file of exactly one gzip member, inflated a bounded piece at a time.

    Not `gzip.GzipFile`: that one accepts any number of members and padding behind them.
    """

    def __init__(self, file: BinaryIO):
        self._file = file
        self._inflater = zlib.decompressobj(wbits=31)  # 31: a gzip header, and its checksum and length at the end

    def read(self, count: int, /) -> bytes:
        """1 to `count` bytes; none at the end, if that is sound."""
        piece = b""
        while not piece and not self._inflater.eof:
            data = self._inflater.unconsumed_tail or self._file.read(_PIECE)
            piece = self._inflater.decompress(data, count)
            if not data and not piece and not self._inflater.eof:
                raise ValueError("its gzip stream is cut short; get the file again")
        if not piece and (self._inflater.unused_data or self._file.read(1)):
            raise ValueError("there are bytes behind the end of its gzip stream; get the file again")
        return piece


def _parse(file: BinaryIO, size: int, max_bytes: int) -> np.ndarray[Any, np.dtype[Any]]:
    gzipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    stream: _Stream = _Gunzip(file) if gzipped else file

    dtype, shape = _header(stream)
    claimed = math.prod(shape) * dtype.itemsize
    claim = f"its header says {dtype.newbyteorder('=').name} of shape {shape}, {claimed:,} bytes"
    room = size * _DEFLATE_RATIO if gzipped else size - (4 + 4 * len(shape))
    if claimed > max_bytes:
        raise ValueError(f"{claim}, above max_bytes={max_bytes:,}; raise max_bytes if you trust the file")
    if claimed > room:
        raise ValueError(f"{claim}, but it holds {'at most ' if gzipped else ''}{room:,}; get the file again")
    data = _take(stream, claimed)
    if len(data) < claimed:
        raise ValueError(f"{claim}, but it holds {len(data):,}; get the file again")
    if stream.read(1):
        raise ValueError(f"{claim}, but it holds more; get the file again")
    array = np.ndarray(shape, dtype, buffer=data)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _header(stream: _Stream) -> tuple[np.dtype[Any], tuple[int, ...]]:
    magic = _take(stream, 4)
    if len(magic) < 4:
        raise ValueError(f"it ends after {len(magic)} bytes; expected a magic number of 4 bytes")
    if magic[:2] != b"\0\0" or magic[2] not in _DTYPES:
        codes = ", ".join(f"{code:02x}" for code in _DTYPES)
        raise ValueError(f"it starts with {magic.hex(' ')}; expected 00 00, then a dtype code out of {codes}")
    dims = magic[3]
    if not 1 <= dims <= _MOST_DIMS:
        raise ValueError(f"its header says {dims} dimensions; expected 1 to {_MOST_DIMS}")
    sizes = _take(stream, 4 * dims)
    if len(sizes) < 4 * dims:
        raise ValueError(f"it ends in the middle of the sizes of its {dims} dimensions; get the file again")
    shape = struct.unpack(f">{dims}i", sizes)
    if min(shape) < 0:
        raise ValueError(f"its header says shape {shape}; expected no negative size")
    return np.dtype(_DTYPES[magic[2]]), shape


def _take(stream: _Stream, count: int) -> bytearray:
    """The next `count` bytes, or as many as there are: memory grows with what arrives, not with what was claimed."""
    taken = bytearray()
    while len(taken) < count and (piece := stream.read(min(_PIECE, count - len(taken)))):
        taken += piece
    return taken
