"""What may be at the place where a file is saved: modes and links stay, and special files are refused."""

import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .apart import Apart, apart
from .libraries import LIBRARIES, number_in, numbered


def mode_and_links(name: str, folder: Path) -> Iterator[str]:
    """A file that is replaced keeps its mode, and a symbolic link to it stays one."""
    library = LIBRARIES[name]
    for mode in (0o600, 0o640, 0o644, 0o660, 0o664, 0o666):
        for number, is_link in enumerate((False, True)):
            place = folder / f"{mode:o} {number}"
            (place / "far").mkdir(parents=True)
            path = target = place / f"file{library.suffix}"
            if is_link:
                target = place / "far" / "target"
                path.symlink_to(Path("far", "target"))
            target.write_bytes(b"old")
            target.chmod(mode)
            library.save(path, numbered(1))
            found = stat.S_IMODE(path.stat().st_mode)
            if path.is_symlink() != is_link:
                yield "the link was replaced"
            elif found != mode:
                yield f"mode {mode:o} became {found:o}"
            elif number_in(library, target) != 1:
                yield "not written"
            else:
                yield ""


def special_files(name: str, folder: Path) -> Iterator[str]:
    """Folders, pipes, sockets and devices are neither replaced nor written to nor read from: an error at once."""
    library = LIBRARIES[name]
    made: dict[str, Callable[[Path], Any]] = {"folder": Path.mkdir, "pipe": os.mkfifo, "socket": _socket}
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # of our own: the system's could be replaced
        made["null"] = lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        made["zero"] = lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    with apart(name) as process:
        for kind, make in made.items():
            for what in ("save", "load"):
                path = folder / f"{kind} {what}{library.suffix}"
                make(path)
                before = path.lstat().st_mode
                child = process.order(what, path)
                done = _said_in_time(process, child)
                if path.lstat().st_mode != before:
                    done = "it was replaced"
                yield f"{what}, {kind}: {done}" if done else ""


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, _inside(path.parent):
        server.bind(path.name)  # a full path may be too long


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _said_in_time(process: Apart, child: int, seconds: float = 2) -> str:
    """What it made of its order, if anything but a refusal."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and _is_alive(child):
        time.sleep(0.005)
    hangs = _is_alive(child)
    if hangs:
        os.kill(child, 9)
    said = process.said()
    if said != "dead":
        assert process.said() == "dead"
    if hangs:
        return "it hangs"
    return "" if said.startswith("refused") else "no error" if said.startswith("done") else "it died"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
