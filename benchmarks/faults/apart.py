"""Processes that can be killed: `python -m benchmarks.faults.apart LIBRARY` forks one for each order."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .libraries import LIBRARIES, Library, numbered


class Apart:
    """A process that has the library imported, and forks another one for each order: that one may die or hang."""

    def __init__(self, name: str) -> None:
        command = [sys.executable, "-m", "benchmarks.faults.apart", name]
        root = Path(__file__).parents[2]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)

    def order(self, what: str, path: Path, number: int = 0) -> int:
        """Has somebody save for ever, save, or load; his process id."""
        assert self.process.stdin is not None
        print(json.dumps([what, str(path), number]), file=self.process.stdin, flush=True)
        return int(self.said())

    def said(self) -> str:
        """The next line of him who was ordered: after his last one `dead`."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args} ended early")
        return line.strip()

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextmanager
def apart(name: str) -> Iterator[Apart]:
    process = Apart(name)
    try:
        yield process
    finally:
        process.close()


def _serve(library: Library) -> None:
    """Apart's side."""
    library.save(Path(tempfile.mkdtemp(), f"warm{library.suffix}"), numbered(0))  # everything is imported
    for line in sys.stdin:
        what, path, number = json.loads(line)
        child = os.fork()
        if not child:
            try:
                _say(os.getpid())
                _obey(library, what, Path(path), number)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        _say("dead")


def _say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())  # at once: another process may be speaking


def _obey(library: Library, what: str, path: Path, number: int) -> None:
    try:
        while True:
            if what == "load":
                library.load(path)
            else:
                library.save(path, numbered(number))
            _say("done", number)
            if what != "save for ever":
                break
            number += 1
    except BaseException as error:
        _say("refused", type(error).__name__)


if __name__ == "__main__":
    _serve(LIBRARIES[sys.argv[1]])
