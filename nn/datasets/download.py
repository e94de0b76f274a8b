"""Files of known size and digest, downloaded once into the user's cache folder.

A file is kept in memory until its digest is right, then written beside its place and renamed: whatever interrupts this,
the cache holds the whole file or none. It is meant for files that fit in memory several times over.
"""

from __future__ import annotations

import hashlib
import math
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

_PIECE = 1 << 16
_SLOWEST = 8192  # bytes per second: a mirror that drips below it is given up


def cache_folder() -> Path:
    """Where this user's caches go: `$XDG_CACHE_HOME`, or else the platform's usual place; with `/tinygrad_lite`.

    Example:
        >>> cache_folder().name
        'tinygrad_lite'
    """
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if chosen.is_absolute():  # the XDG specification: a relative one is to be ignored
        home = chosen
    elif sys.platform == "win32":
        home = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        home = Path.home() / "Library" / "Caches"
    else:
        home = Path.home() / ".cache"
    return home / "tinygrad_lite"


def fetch(
    files: Mapping[str, tuple[int, str]], mirrors: Sequence[str], folder: Path, timeout: float, advice: str
) -> dict[str, Path]:
    """The paths in `folder` of all `files`; those that are not there, or not sound, are downloaded first.

    Args:
        files: for each file name its size in bytes and its SHA-256 digest in hexadecimal.
        mirrors: addresses that end in a slash, tried in turn; the one that served a file is asked first for the next.
        folder: made if need be.
        timeout: seconds to wait for the mirrors to answer, shared evenly among them, and for an answer to go on.
        advice: a sentence for the errors: what to do instead.

    Raises:
        ValueError: `timeout` is not a positive number.
        ConnectionError: no mirror served a file; the message says why for each. The others are not tried then.
        OSError: the folder cannot be written.
    """
    if not 0 < timeout < math.inf:
        raise ValueError(f"timeout is {timeout!r}; expected a positive number of seconds, such as 5.0")
    paths = {name: folder / name for name in files}
    for name, (size, sha256) in files.items():
        path = paths[name]
        try:
            if _is_sound(path, size, sha256):
                continue
            data, served = _download(name, size, sha256, mirrors, timeout, advice)
            # Over a damaged file: removing that first could hit a good one that another process has just put there.
            _write(path, data)
        except ConnectionError:
            raise
        except OSError as error:  # with its errno, OSError turns itself into PermissionError and the like
            reason = f"{error.strerror}; cannot keep downloads in this folder. {advice}"
            raise OSError(error.errno, reason, str(folder)) from error
        mirrors = sorted(mirrors, key=lambda mirror: mirror != served)
    return paths


def _is_sound(path: Path, size: int, sha256: str) -> bool:
    # The size first: a file of the wrong size is not read at all.
    return path.is_file() and path.stat().st_size == size and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with open(beside, "xb") as file:
            file.write(data)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _download(
    name: str, size: int, sha256: str, mirrors: Sequence[str], timeout: float, advice: str
) -> tuple[bytes, str]:
    """The file's bytes, and the mirror that served them."""
    failures = []
    share = timeout / len(mirrors)  # so that a silent mirror leaves time for the others
    for mirror in mirrors:
        try:
            with _connect(mirror + name, share, timeout) as response, _progress(name, size) as advance:
                data = _body(response, size, timeout, advance)
            if (digest := hashlib.sha256(data).hexdigest()) != sha256:
                raise ValueError(f"it served other content: SHA-256 {digest}, expected {sha256}")
            return data, mirror
        except (OSError, HTTPException, ValueError) as error:
            # The words may be the mirror's own, of any length and with control characters.
            said = "".join(c if c.isprintable() else "?" for c in f"{type(error).__name__}: {error}"[:300])
            failures.append(f"  {mirror}{name}: {said}")
    why = "\n".join(failures)
    raise ConnectionError(
        f"cannot download {name}, no mirror served it:\n{why}\n{advice} Or try again, with a timeout above {timeout}."
    )


def _connect(url: str, patience: float, timeout: float) -> HTTPResponse:
    """The opened `url`, after at most `patience` seconds by the clock.

    `urlopen` alone has no such bound: its timeout leaves out the name look-up, and starts again for each address.
    """
    answer: Future[HTTPResponse] = Future()

    def ask() -> None:
        try:
            response = urlopen(url, timeout=timeout)
        except Exception as error:
            if isinstance(error, HTTPError):
                error.close()  # it is a response too, and holds the connection
            if answer.set_running_or_notify_cancel():
                answer.set_exception(error)
        else:
            if answer.set_running_or_notify_cancel():
                answer.set_result(response)
            else:
                response.close()  # too late, nobody waits for it any more

    threading.Thread(target=ask, name=f"connect to {url}", daemon=True).start()
    try:
        return answer.result(patience)
    except TimeoutError:
        if answer.cancel():
            raise TimeoutError(f"no answer within {patience:.1f} s") from None
        return answer.result()  # it came at the last moment, or is a time-out of the connection's own
    finally:
        answer.cancel()  # for an interrupt while waiting


def _body(response: HTTPResponse, size: int, timeout: float, advance: Callable[[int], object]) -> bytes:
    """The first `size` bytes of the answer: what comes behind them is never asked for."""
    data = bytearray()
    deadline = time.monotonic() + timeout + size / _SLOWEST
    while len(data) < size and (piece := response.read1(min(_PIECE, size - len(data)))):
        data += piece
        advance(len(piece))
        if time.monotonic() > deadline:
            raise TimeoutError(f"too slow: {len(data):,} of {size:,} bytes so far")
    if len(data) < size:
        raise ValueError(f"cut short: {len(data):,} of {size:,} bytes")
    return bytes(data)


@contextmanager
def _progress(name: str, size: int) -> Iterator[Callable[[int], object]]:
    """Shows a download: a bar where tqdm is installed, else a line. Yields what to call with each count of bytes."""
    try:
        from tqdm import tqdm
    except ImportError:
        print(f"Downloading {name} ({size / 1e6:.1f} MB)", file=sys.stderr)
        yield lambda count: None
    else:
        with tqdm(total=size, desc=name, unit="B", unit_scale=True) as bar:
            yield bar.update
