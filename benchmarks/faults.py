"""What can happen to files: each fault is a function that has it happen to a library and yields what came of each try.

What came of it is "" where the fault was withstood or noticed, else what got through. A fault that a library can't meet
yields nothing. The folder is empty and the fault's own; it may leave there what it likes.
"""

import json
import os
import random
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import killed_training
from .hostile_files import HOSTILE

Arrays = dict[str, np.ndarray]


class Library(NamedTuple):
    """What saves arrays and loads them. suffix: without it, it would write to another path than it is told."""

    package: str
    save: Callable[[Path, Arrays], Any]
    load: Callable[[Path], Arrays]
    suffix: str = ".safetensors"
    is_safetensors: bool = True
    load_into: Callable[[Any, Path], Any] | None = None  # the weights of a model


def _nn_save(path: Path, arrays: Arrays) -> Any:
    import nn

    return nn.files.save(path, arrays)


def _nn_load(path: Path) -> Arrays:
    import nn

    return nn.files.load(path)


def _torch_save(path: Path, arrays: Arrays) -> Any:
    import torch

    return torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, path)


def _torch_load(path: Path) -> Arrays:
    import torch

    return {name: tensor.numpy() for name, tensor in torch.load(path).items()}


def _numpy_load(path: Path) -> Arrays:
    with open(path, "rb") as file, np.load(file) as arrays:
        return dict(arrays)


def _safetensors_save(path: Path, arrays: Arrays) -> Any:
    import safetensors.numpy

    return safetensors.numpy.save_file(arrays, path)


def _safetensors_load(path: Path) -> Arrays:
    import safetensors.numpy

    return safetensors.numpy.load_file(path)


OURS = "tinygrad_lite"
LIBRARIES = {
    OURS: Library("nn", _nn_save, _nn_load, load_into=lambda model, path: model.load_weights(path)),
    "safetensors": Library("safetensors", _safetensors_save, _safetensors_load),
    "torch.save": Library("torch", _torch_save, _torch_load, ".pt", is_safetensors=False),
    "numpy.savez": Library("numpy", lambda path, a: np.savez(path, **a), _numpy_load, ".npz", is_safetensors=False),
}


def numbered(number: int, size: int = 400_000) -> Arrays:
    """The arrays of the save of this number: each holds it everywhere."""
    return {"a": np.full(size, number, np.float32), "b": np.full((7, 3), number, np.int64)}


def number_in(library: Library, path: Path) -> int | str:
    """The number of the save that the file is, whole; or what is wrong with it."""
    try:
        arrays = library.load(path)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    numbers = {float(number) for array in arrays.values() for number in np.unique(array)}
    if {*arrays} != {"a", "b"} or len(numbers) != 1:
        return "parts of several files"
    return int(numbers.pop())


def _what_is_there(library: Library, path: Path, allowed: Callable[[int], bool]) -> str:
    number = number_in(library, path)
    if isinstance(number, str):
        return f"the file is lost: {number}"
    if not allowed(number):
        return f"the file holds save {number}"
    litter = sorted({*os.listdir(path.parent)} - {path.name})
    return f"litter: {litter}" if litter else ""


# Processes that can be killed.


class Apart:
    """A process that has the library imported, and forks another one for each order: that one may die or hang."""

    def __init__(self, name: str) -> None:
        command = [sys.executable, "-m", "benchmarks.faults", name]
        root = Path(__file__).parents[1]
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


# The faults.


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
            yield wrong or _what_is_there(library, path, lambda n, number=number: n == number + 999)
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
        yield _what_is_there(library, path, lambda number: number == 1) if refused else "no error"
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
            yield _what_is_there(library, path, lambda number: number == 1) if refused else "no error"
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
        yield _what_is_there(library, path, lambda n, allowed=allowed: n in allowed)
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


def other_model(name: str, folder: Path) -> Iterator[str]:
    """The weights of another model, and what is no weights: an error, and the model is as it was."""
    library = LIBRARIES[name]
    if library.load_into is None:
        return
    import nn

    def network(*units: int) -> Any:
        return nn.Sequential([nn.Dense(units[0], input_shape=(3,)), *map(nn.Dense, units[1:])])

    model = network(4, 5)
    state = model.state_dict()
    last = [*state][-1]
    files = {
        "of another layer's width": network(4, 6).state_dict(),
        "of more layers": network(4, 5, 5).state_dict(),
        "of fewer layers": network(4).state_dict(),
        "under other names": {f"model.{name}": array for name, array in state.items()},
        "transposed": {name: array.T for name, array in state.items()},
        "one missing": {name: array for name, array in state.items() if name != last},
        "one complex": state | {last: state[last] + 1j},
        "one a text": state | {last: "text"},
        "one a list": state | {last: [1, "2"]},
        "in a list": [*state.values()],
        "nothing": {},
    }
    for what, nest in files.items():
        if isinstance(nest, dict):
            nest = {name: array + 1 if isinstance(array, np.ndarray) else array for name, array in nest.items()}
        path = nn.files.save(folder / "weights.safetensors", nest)
        before = [array.tobytes() for array in model.get_weights()]
        try:
            library.load_into(model, path)
            wrong = "no error"
        except ValueError as error:
            wrong = "" if path.name in str(error) else f"the error does not name the file: {error}"
        except Exception as error:
            wrong = f"{type(error).__name__}: {error}"
        if [array.tobytes() for array in model.get_weights()] != before:
            wrong = "the model has changed"
        yield f"{what}: {wrong}" if wrong else ""


Fault = Callable[[str, Path], Iterator[str]]


def training_killed(name: str, folder: Path) -> Iterator[str]:
    """Training that saves after each batch is killed at random moments and goes on: it ends as if nothing had been."""
    if name == OURS:
        outcome = killed_training.killed(folder, 50)
        yield from ["" if outcome.same else "resumed training ended otherwise"] * outcome.kills


FAULTS: dict[str, Fault] = {
    "SIGKILL at a random moment of a save": killed,
    "file size limit at a random byte of a save": file_size_limit,
    "full disk at a random byte of a save": full_disk,
    "each system call of a save fails": failing_call,
    "a random bit flipped": random_bits,
    "each bit of the header flipped": header_bits,
    "cut at each byte": truncated,
    "hostile files": hostile,
    "mode and symbolic links kept": mode_and_links,
    "folders, pipes, sockets, devices": special_files,
    "the weights of another model": other_model,
    "training killed at a random moment, and resumed": training_killed,
}


if __name__ == "__main__":
    _serve(LIBRARIES[sys.argv[1]])
