"""Fair timing on a noisy machine: contestants take turns, medians are compared, the table states the ratios."""

import importlib.util
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

Contestant = Callable[[], object]
Turns = dict[str, list[float]]

stay_open = ExitStack()  # contexts that a contestant enters for good


def take_turns(contestants: dict[str, Contestant], rounds: int, repeats: int) -> Turns:
    """Seconds for one call of each contestant, in each round: the median of `repeats` calls."""
    turns: Turns = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            time.sleep(0.05)  # let the threads of the one before stop spinning
            run()
            run()
            turns[name].append(statistics.median(_seconds(run) for _ in range(repeats)))
    return turns


def _seconds(run: Contestant) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def print_table(title: str, turns: Turns, unit: str, scale: float, reference: str, ours: str) -> None:
    """A line for each contestant: its median, how many times the reference that is, and ours as a share of it.

    The ratios are medians over the rounds, each of two figures from the same round: the machine's mood cancels out.
    """
    print(f"\n{title}\n")
    print(f"| | {unit} | x {reference} | {ours} / this |")
    print("|---|---:|---:|---:|")
    for name, figures in sorted(turns.items(), key=lambda row: statistics.median(row[1])):
        cells = (statistics.median(figures) * scale, ratio(figures, turns[reference]), ratio(turns[ours], figures))
        bold = "**" if name == ours else ""
        print(f"| {bold}{name}{bold} | {cells[0]:.3g} | {cells[1]:.2f} | {cells[2]:.2f} |", flush=True)


def ratio(these: list[float], those: list[float]) -> float:
    """The median, over the rounds, of this / that."""
    return statistics.median(a / b for a, b in zip(these, those, strict=True))


def needs(package: str) -> str:
    """What to write when a peer is not there."""
    return f"{package} is not installed: pip install 'tinygrad_lite[bench]' for the comparison"


class Worker:
    """A contestant in a process of its own, which runs `python -m module name` and ends in `serve`."""

    def __init__(self, module: str, name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self) -> float:
        """Has one step done."""
        return self._ask("step")

    def peak_memory(self) -> float:
        """Bytes: the largest resident size so far."""
        return self._ask("memory")

    def _ask(self, what: str) -> float:
        assert self.process.stdin is not None and self.process.stdout is not None
        print(what, file=self.process.stdin, flush=True)
        for line in self.process.stdout:  # a library may print words of its own
            if line.startswith("done "):
                return float(line.split()[1])
        raise RuntimeError(f"{' '.join(map(str, self.process.args))} ended early")  # type: ignore[arg-type]


@contextmanager
def apart(module: str, contestants: Mapping[str, tuple[str, Any]]) -> Iterator[dict[str, Worker]]:
    """A worker for each contestant whose package is installed; what is missing is said."""
    workers = {}
    for name, (package, _) in contestants.items():
        if importlib.util.find_spec(package) is None:
            print(needs(package))
        else:
            workers[name] = Worker(module, name)
    try:
        yield workers
    finally:
        for worker in workers.values():
            worker.process.kill()
            worker.process.communicate()


def serve(step: Contestant) -> None:
    """The worker's side: does what it is asked for on standard input, and says when it is done."""
    for line in sys.stdin:
        if line.strip() == "memory":
            print("done", 1024 * float(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]), flush=True)
        else:
            step()
            print("done 0", flush=True)
