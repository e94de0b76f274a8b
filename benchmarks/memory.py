"""Peak memory of 50 training steps of the article's network, each contestant in a process of its own."""

import importlib.util
import subprocess
import sys
from pathlib import Path

from .measuring import needs, print_table
from .networks import CONTESTANTS


def peak(name: str) -> float:
    """Bytes: the largest resident size of a process that runs 50 steps."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.memory", name], check=True, capture_output=True, text=True)
    return float(done.stdout)


def main() -> None:
    rows = {}
    for name, (package, _) in CONTESTANTS.items():
        if importlib.util.find_spec(package) is None:
            print(needs(package))
        else:
            rows[name] = [peak(name)]
    print_table("Peak memory of 50 such steps", rows, "MB", 1e-6, reference="bare matmuls", ours="tinygrad_lite")


def _peak_of_this_process() -> float:
    """Linux's high-water mark; `ru_maxrss` would count the parent's memory from before the exec."""
    status = Path("/proc/self/status").read_text()
    return 1024 * float(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    step = CONTESTANTS[sys.argv[1]][1]()
    for _ in range(50):
        step()
    print(_peak_of_this_process())
