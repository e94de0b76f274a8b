"""A chain of a million operations on one number: seconds for each phase, and bytes for each node.

Each contestant has a process of its own and a thread with 512 KiB of stack, at Python's own recursion limit.
"""

import importlib.util
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .measuring import needs

LENGTH = 1_000_000


def tinygrad_lite() -> tuple[Any, Callable[[Any], object]]:
    import tinygrad_lite as tg

    return tg.tensor(1.0, requires_grad=True), lambda y: y.backward()


def pytorch() -> tuple[Any, Callable[[Any], object]]:
    import torch

    return torch.tensor(1.0, requires_grad=True), lambda y: y.backward()


def mygrad() -> tuple[Any, Callable[[Any], object]]:
    import mygrad as mg

    return mg.tensor(1.0), lambda y: y.backward()


def hips_autograd() -> tuple[Any, Callable[[Any], object]]:
    from autograd.core import VJPNode, backward_pass
    from autograd.tracer import new_box

    return new_box(1.0, 0, VJPNode.new_root()), lambda y: backward_pass(1.0, y._node)


def micrograd() -> tuple[Any, Callable[[Any], object]]:
    from micrograd.engine import Value

    return Value(1.0), lambda y: y.backward()


CONTESTANTS = {
    "tinygrad_lite": ("tinygrad_lite", tinygrad_lite),
    "PyTorch eager": ("torch", pytorch),
    "HIPS autograd": ("autograd", hips_autograd),
    "MyGrad": ("mygrad", mygrad),
    "micrograd": ("micrograd", micrograd),
}


def _resident() -> float:
    return 1024 * float(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0])


def _run(name: str) -> dict[str, float]:
    x, backward = CONTESTANTS[name][1]()
    before, start = _resident(), time.perf_counter()
    y = x
    for _ in range(LENGTH // 2):
        y = y * 1.0000001
        y = y + 0.5
    built = time.perf_counter()
    size = (_resident() - before) / LENGTH
    backward(y)
    walked = time.perf_counter()
    del y
    return {"forward": built - start, "backward": walked - built, "delete": time.perf_counter() - walked, "bytes": size}


def main() -> None:
    print(f"\nA chain of {LENGTH:,} operations on one number\n")
    print("| | forward s | backward s | delete s | in all s | bytes a node |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, (package, _) in CONTESTANTS.items():
        if importlib.util.find_spec(package) is None:
            print(needs(package))
            continue
        command = [sys.executable, "-m", "benchmarks.deep_graph", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not done.stdout:
            reason = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            print(f"| {name} | stops: {reason[0][:60]} | | | | |", flush=True)
            continue
        r = json.loads(done.stdout)
        total = r["forward"] + r["backward"] + r["delete"]
        row = (r["forward"], r["backward"], r["delete"], total)
        print(f"| {name} | {' | '.join(f'{t:.2f}' for t in row)} | {r['bytes']:.0f} |", flush=True)


if __name__ == "__main__":
    threading.stack_size(512 * 1024)
    thread = threading.Thread(target=lambda: print(json.dumps(_run(sys.argv[1]))))
    thread.start()
    thread.join()
