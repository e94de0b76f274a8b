"""Fair timing on a noisy machine: contestants take turns, medians are compared, the table states the ratios."""

import statistics
import time
from collections.abc import Callable

Contestant = Callable[[], object]
Turns = dict[str, list[float]]


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
