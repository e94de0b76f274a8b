"""Faults injected into files: how many were tried, and how many got through. The exit status is 1 if one did, with us.

Each library meets each fault in a process of its own, `python -m benchmarks.reliability LIBRARY FAULT`.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from .faults import FAULTS, LIBRARIES, OURS
from .measuring import needs


def main() -> None:
    print("\nFaults that got through, of those that were tried; - where a library can't meet them\n")
    names = [name for name, library in LIBRARIES.items() if importlib.util.find_spec(library.package)]
    for name in LIBRARIES.keys() - set(names):
        print(needs(LIBRARIES[name].package))
    print(f"| | {' | '.join(names)} |")
    print(f"|---{'|---:' * len(names)}|")
    tried, through = 0, []
    for fault in FAULTS:
        cells = []
        for name in names:
            outcomes = _in_a_process(name, fault)
            wrong = [outcome for outcome in outcomes if outcome]
            cells.append(f"{len(wrong):,} of {len(outcomes):,}" if outcomes else "-")
            if name == OURS:
                tried += len(outcomes)
                through += [f"{fault}: {outcome}" for outcome in wrong]
        print(f"| {fault} | {' | '.join(cells)} |", flush=True)
    print(*through, sep="\n")
    print(f"{OURS}: {len(through):,} of {tried:,} faults got through")
    if through:
        sys.exit(1)


def _in_a_process(name: str, fault: str) -> list[str]:
    command = [sys.executable, "-m", "benchmarks.reliability", name, fault]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    outcomes: list[str] = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('"')]
    if done.returncode:
        outcomes.append(f"it ended early: {done.stderr.strip()[-300:]}")
    return outcomes


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for outcome in FAULTS[sys.argv[2]](sys.argv[1], Path(folder)):
            print(json.dumps(outcome), flush=True)
