"""How long `import` takes, in a fresh interpreter, less the interpreter's own start."""

import importlib.util
import os
import subprocess
import sys

from .measuring import needs, print_table, take_turns

PROGRAMS = {
    "python": "pass",
    "numpy": "import numpy",
    "tinygrad_lite": "import tinygrad_lite",
    "nn": "import nn",
    "HIPS autograd": "import autograd.numpy",
    "MyGrad": "import mygrad",
    "PyTorch": "import torch",
}


def main() -> None:
    # Compiled files are kept, as on any installed copy.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    contestants = {}
    for name, program in PROGRAMS.items():
        package = program.split()[-1].split(".")[0]
        if package != "pass" and importlib.util.find_spec(package) is None:
            print(needs(package))
            continue
        contestants[name] = lambda program=program: subprocess.run(
            [sys.executable, "-c", program], check=True, env=environment
        )
    seconds = take_turns(contestants, rounds=15, repeats=1)
    start = seconds.pop("python")
    rows = {name: [a - b for a, b in zip(values, start, strict=True)] for name, values in seconds.items()}
    print_table("Import, less Python's own start", rows, "s", 1, reference="numpy", ours="tinygrad_lite")


if __name__ == "__main__":
    main()
