"""Files that are damaged, or lie: reading them is an error."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .hostile_files import HOSTILE
from .libraries import LIBRARIES, OURS, Library


def _is_silent(library: Library, path: Path, content: bytes) -> str:
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
    try:
        library.load(path)
    except Exception:
        return ""
    return "no error"


def _small(library: Library, folder: Path) -> tuple[Path, bytes]:
    path = folder / f"file{library.suffix}"
    rng = np.random.default_rng(4)
    library.save(path, {"kernel": rng.standard_normal((20, 30)).astype("f4"), "bias": np.zeros(30, "f4")})
    return path, path.read_bytes()


def _flipped(content: bytes, bit: int) -> bytes:
    damaged = bytearray(content)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def random_bits(name: str, folder: Path, tries: int = 300) -> Iterator[str]:
    """A random bit of the file is flipped: loading is an error."""
    library = LIBRARIES[name]
    path, content = _small(library, folder)
    for bit in random.Random(5).sample(range(8 * len(content)), tries):
        found = _is_silent(library, path, _flipped(content, bit))
        yield f"bit {bit}: {found}" if found else ""


def header_bits(name: str, folder: Path, step: int = 1) -> Iterator[str]:
    """Each bit of the header is flipped, its length and padding included."""
    library = LIBRARIES[name]
    if not library.is_safetensors:
        return
    path, content = _small(library, folder)
    for bit in range(0, 64 + 8 * int.from_bytes(content[:8], "little"), step):
        found = _is_silent(library, path, _flipped(content, bit))
        yield f"bit {bit}: {found}" if found else ""


def truncated(name: str, folder: Path, step: int = 1) -> Iterator[str]:
    """The file is cut at each byte."""
    library = LIBRARIES[name]
    path, content = _small(library, folder)
    for length in range(0, len(content), step):
        found = _is_silent(library, path, content[:length])
        yield f"{length} of {len(content)} bytes: {found}" if found else ""


STRICTER = {"float8", "float4", "an entry with more"}  # than the format: not held against other readers


def hostile(name: str, folder: Path) -> Iterator[str]:
    """Files that lie: refused within a second, by us as a ValueError that names the file."""
    library = LIBRARIES[name]
    if not library.is_safetensors:
        return
    library.load(_small(library, folder)[0])  # everything is imported
    path = folder / "lies.safetensors"
    for what, (content, reason) in HOSTILE.items():
        if name != OURS and what in STRICTER:
            continue
        path.write_bytes(content)
        start = time.perf_counter()
        try:
            library.load(path)
            wrong = "no error"
        except Exception as error:
            is_told = isinstance(error, ValueError) and path.name in str(error) and reason in str(error)
            wrong = f"{type(error).__name__}: {error}" if name == OURS and not is_told else ""
        if time.perf_counter() - start > 1:
            wrong = "took more than a second"
        yield f"{what}: {wrong}" if wrong else ""
