"""Fair timing on a noisy machine: contestants take turns, medians are compared, the table states the ratios."""

import statistics
import time
from collections.abc import Callable

Contestant = Callable[[], object]


def take_turns(contestants: dict[str, Contestant], rounds: int, repeats: int) -> dict[str, float]:
    """Seconds for one call of each: the median over `rounds` turns of the median of `repeats` calls."""
    turns: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            time.sleep(0.05)  # let the threads of the one before stop spinning
            run()
            run()
            turns[name].append(statistics.median(_seconds(run) for _ in range(repeats)))
    return {name: statistics.median(times) for name, times in turns.items()}


def _seconds(run: Contestant) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def print_table(title: str, rows: dict[str, float], unit: str, scale: float, reference: str, ours: str) -> None:
    """One line each: the figure, and how many times the reference and ours it is."""
    print(f"\n{title}\n")
    print(f"| | {unit} | x {reference} | ours / this |")
    print("|---|---:|---:|---:|")
    for name, value in sorted(rows.items(), key=lambda row: row[1]):
        bold = "**" if name == ours else ""
        print(
            f"| {bold}{name}{bold} | {value * scale:.3g} | {value / rows[reference]:.2f} | {rows[ours] / value:.2f} |",
            flush=True,
        )


def needs(package: str) -> str:
    """What to write when a peer is not there."""
    return f"{package} is not installed: pip install 'tinygrad_lite[bench]' for the comparison"
