"""Files that are whole: nobody ever meets half of one, and nothing of a save that failed stays behind."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_BEGIN, _END = ".tinygrad_lite-", ".tmp"
_UNNAMED = getattr(os, "O_TMPFILE", 0)  # Linux: a file in a folder, but without a name
_CHMOD_TAKES_DESCRIPTORS = os.chmod in os.supports_fd


def write(path: str | os.PathLike[str], content: bytes | Iterable[Any]) -> Path:
    """Writes a file so that under its name there is always all of the old content or all of the new one.

    That holds for a full disk, an error and SIGKILL at any moment, and for several that write the same file (the last
    one wins); the new content is on the disk when this returns. A link stays a link to the file that is replaced, which
    keeps its mode and, as far as allowed, its owner. Other hard links to it keep the old content.

    It is written to a file without a name, which vanishes with its writer. Where there are none (only Linux has them,
    and not on every file system), and for a moment before it gets its name, it is called `.tinygrad_lite-*.tmp`; what
    somebody who was killed left under such a name is removed by the next write into the folder.

    path: an ordinary file, or a new one in a folder that exists. content: bytes, or an iterable of bytes, arrays and
    other buffers, written one after the other without a copy. Returns the path.

    Raises OSError if it is a folder, a device, a pipe or a socket, is read-only, or can't be written. Then everything
    is as it was.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(folder + "/greeting", b"hello").read_text()
    'hello'
    """
    path = Path(path)
    old = _status(path)
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    _sweep(folder)
    pieces: Iterable[Any] = [content] if isinstance(content, (bytes, bytearray, memoryview)) else content
    beside = os.path.join(folder, f"{_BEGIN}{uuid4().hex}{_END}")
    descriptor, named = _open(folder, beside, 0o666 if old is None else stat.S_IMODE(old.st_mode))
    try:
        with open(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            if old is not None:
                _make_like(old, descriptor if _CHMOD_TAKES_DESCRIPTORS else beside)
            os.fsync(descriptor)
            if not named:
                # An absolute path ignores dst_dir_fd; with it, Python calls linkat, which is able to follow the link.
                os.link(f"/proc/self/fd/{descriptor}", beside, dst_dir_fd=descriptor, follow_symlinks=True)
            if fcntl is None:
                file.close()  # Windows renames no open file
            os.replace(beside, target)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(beside)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            error.filename = os.fspath(path)
        raise
    _sync(folder)
    return path


def _status(path: Path) -> os.stat_result | None:
    """What is there now, if it may be replaced."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{path} is not an ordinary file: nothing was written")
    if not os.access(path, os.W_OK):
        raise PermissionError(f"{path} is read-only: nothing was written")
    return status


def _open(folder: str, beside: str, mode: int) -> tuple[int, bool]:
    """The descriptor of a new file, which is locked as long as its writer lives, and whether it has its name."""
    if _UNNAMED and os.path.isdir("/proc/self/fd"):
        with suppress(OSError):  # this file system knows no files without a name
            descriptor = os.open(folder, _UNNAMED | os.O_WRONLY, mode)
            _lock(descriptor)
            return descriptor, False
    while True:
        descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), mode)
        _lock(descriptor)
        if os.path.exists(beside):
            return descriptor, True
        os.close(descriptor)  # somebody swept it away before it was locked


def _lock(descriptor: int) -> None:
    if fcntl is not None:
        with suppress(OSError):  # this file system knows no locks: what is left behind is never swept away
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def _sweep(folder: str) -> None:
    """Removes what those left here who were killed: nobody holds the lock."""
    names: list[str] = []
    with suppress(PermissionError):  # one may be allowed to write here, but not to look
        names = os.listdir(folder)
    for name in names:
        if name.startswith(_BEGIN) and name.endswith(_END) and fcntl is not None:
            left = os.path.join(folder, name)
            with suppress(OSError):
                descriptor = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(left)
                finally:
                    os.close(descriptor)


def _make_like(old: os.stat_result, new: int | str) -> None:
    made = os.stat(new)
    if (made.st_uid, made.st_gid) != (old.st_uid, old.st_gid):
        with suppress(PermissionError):
            os.chown(new, old.st_uid, old.st_gid)
    os.chmod(new, stat.S_IMODE(old.st_mode))


def _sync(folder: str) -> None:
    """Has the new name on the disk, too."""
    with suppress(PermissionError):  # Windows opens no folder, nor does anybody one that may not be read
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
