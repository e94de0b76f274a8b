"""Faults while a file is saved: the old one or the new one is there afterwards, whole, and no litter."""

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .apart import apart
from .libraries import LIBRARIES, OURS, Arrays, Library, number_in, numbered, what_is_there


def killed(name: str, folder: Path, tries: int = 50) -> Iterator[str]:
    """SIGKILL at a random moment of a save: the file is the last or the next one, and litter is gone a save later."""
    library, rng = LIBRARIES[name], random.Random(1)
    path = folder / f"file{library.suffix}"
    with apart(name) as saver:
        for number in range(0, 1000 * tries, 1000):
            library.save(path, numbered(number))
            start = time.perf_counter()
            process, last = saver.order("save for ever", path, number + 1), number + 1
            assert saver.said() == f"done {last}"
            took = time.perf_counter() - start
            time.sleep(rng.uniform(0, 2 * took))
            os.kill(process, 9)
            while (said := saver.said()) != "dead":
                last = int(said.split()[1])
            found = number_in(library, path)
            library.save(path, numbered(number + 999))
            wrong = f"the file is lost: {found}" if isinstance(found, str) else ""
            if not wrong and found not in (last, last + 1):
                wrong = f"the file holds save {found} after save {last} was done"
            yield wrong or what_is_there(library, path, lambda n, number=number: n == number + 999)
            for left in folder.iterdir():
                left.unlink()


def _refused(library: Library, path: Path, arrays: Arrays) -> bool:
    try:
        library.save(path, arrays)
    except Exception:
        return True
    return False


def file_size_limit(name: str, folder: Path, tries: int = 50) -> Iterator[str]:
    """The system allows no more bytes, at random places: the old file is there, whole, and no litter."""
    import resource

    library, rng = LIBRARIES[name], random.Random(2)
    path = folder / f"file{library.suffix}"
    library.save(path, numbered(1))
    size = path.stat().st_size
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    for _ in range(tries):
        library.save(path, numbered(1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (rng.randrange(size), usual[1]))
        try:
            refused = _refused(library, path, numbered(2))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        yield what_is_there(library, path, lambda number: number == 1) if refused else "no error"
        for left in folder.iterdir():
            left.unlink()


def full_disk(name: str, folder: Path, tries: int = 50) -> Iterator[str]:
    """A small file system that is full, at random places; nothing where none can be mounted."""
    library, rng = LIBRARIES[name], random.Random(3)
    mounted = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    try:
        if subprocess.run(mounted, capture_output=True, check=False).returncode:
            return
    except FileNotFoundError:
        return
    try:
        path, filler = folder / "here" / f"file{library.suffix}", folder / "filler"
        path.parent.mkdir()
        library.save(path, numbered(1))
        size = path.stat().st_size
        for _ in range(tries):
            for left in path.parent.iterdir():
                left.unlink()
            filler.unlink(missing_ok=True)
            library.save(path, numbered(1))
            free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
            filler.write_bytes(bytes(free - rng.randrange(size - 4096)))
            refused = _refused(library, path, numbered(2))
            yield what_is_there(library, path, lambda number: number == 1) if refused else "no error"
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def failing_call(name: str, folder: Path) -> Iterator[str]:
    """Each call of the system that a save makes fails in turn, for lack of space: the old file or the new one."""
    if name != OURS:
        return
    library = LIBRARIES[name]
    path = folder / f"file{library.suffix}"
    library.save(path, numbered(0))
    number, before = 1, 0
    while True:
        with _failing(number) as calls:
            refused = _refused(library, path, numbered(number))
        if len(calls) < number:
            return
        allowed = {before, number} if refused else {number}
        yield what_is_there(library, path, lambda n, allowed=allowed: n in allowed)
        found = number_in(library, path)
        before = found if isinstance(found, int) else before
        number += 1


@contextmanager
def _failing(at: int) -> Iterator[list[str]]:
    """Call number `at` of those that write files fails; yields the names of the calls."""
    import builtins
    import errno
    import io

    calls: list[str] = []

    def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **options: Any) -> Any:
            calls.append(name)
            if len(calls) == at:
                raise OSError(errno.ENOSPC, "No space left on device")
            return call(*args, **options)

        return counting

    class Raw(io.FileIO):
        write = counted("write", io.FileIO.write)

    def opened(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if mode != "wb":
            return usual["open"](file, mode, *args, **options)
        return io.BufferedWriter(Raw(file, mode))

    names = ["open", "fsync", "link", "replace", "chmod", "listdir", "fstat"]
    usual = {"open": builtins.open}
    kept = {name: getattr(os, name) for name in names}
    for name, call in kept.items():
        setattr(os, name, counted(name, call))
    builtins.open = opened
    try:
        yield calls
    finally:
        builtins.open = usual["open"]
        for name, call in kept.items():
            setattr(os, name, call)
