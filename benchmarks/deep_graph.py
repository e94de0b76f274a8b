"""A chain of a million operations on one number: seconds for each phase, and bytes for each node. Is it linear?

The second table: chains and wide graphs (a thousand chains side by side, added up) of 1e4, 1e5 and 1e6 operations.

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

LENGTH, WIDTH = 1_000_000, 1000


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


def _peak() -> float:
    return 1024 * float(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


def _chain(x: Any, length: int) -> Any:
    for _ in range(length // 2):
        x = x * 1.0000001
        x = x + 0.5
    return x


def _wide(x: Any, length: int) -> Any:
    ends = [_chain(x, length // WIDTH - 2) for _ in range(WIDTH)]
    total = ends[0] * 1.0
    for end in ends[1:]:
        total = total + end * 1.0
    return total


GRAPHS = {"chain": _chain, "wide": _wide}


def _run(name: str, graph: str = "chain", length: int = LENGTH) -> dict[str, float]:
    x, backward = CONTESTANTS[name][1]()
    backward(_chain(x, 100))  # what the first use loads and starts is no cost of a node
    before, peak, start = _resident(), _peak(), time.perf_counter()
    y = GRAPHS[graph](x, length)
    built = time.perf_counter()
    size = (_resident() - before) / length
    backward(y)
    walked = time.perf_counter()
    del y
    deleted = time.perf_counter() - walked
    megabytes = (_peak() - peak) / 1e6
    return {
        "forward": built - start, "backward": walked - built, "delete": deleted, "bytes": size, "peak": megabytes,
    }  # fmt: skip


def _in_its_own_process(*arguments: Any) -> tuple[dict[str, float], str]:
    command = [sys.executable, "-m", "benchmarks.deep_graph", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout:
        return {}, (done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"])[0]
    return json.loads(done.stdout), ""


def _linear() -> None:
    print("\nForward and backward for graphs of 1e4, 1e5 and 1e6 operations: the same for each operation?\n")
    print("| | graph | operations | forward s | backward s | delete s | peak MB | µs an operation | bytes |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for graph in GRAPHS:
        for length in (10_000, 100_000, 1_000_000):
            for name in ("tinygrad_lite", "PyTorch eager"):
                if importlib.util.find_spec(CONTESTANTS[name][0]) is None:
                    continue
                r, reason = _in_its_own_process(name, graph, length)
                if reason:
                    print(f"| {name} | {graph} | {length:,} | stops: {reason[:60]} | | | | | |")
                    continue
                seconds = [r["forward"], r["backward"], r["delete"]]
                row = " | ".join([f"{t:.3f}" for t in seconds])
                each = f"{1e6 * sum(seconds) / length:.2f} | {1e6 * r['peak'] / length:.0f}"
                print(f"| {name} | {graph} | {length:,} | {row} | {r['peak']:.1f} | {each} |", flush=True)


def main() -> None:
    print(f"\nA chain of {LENGTH:,} operations on one number\n")
    print("| | forward s | backward s | delete s | in all s | bytes a node |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, (package, _) in CONTESTANTS.items():
        if importlib.util.find_spec(package) is None:
            print(needs(package))
            continue
        r, reason = _in_its_own_process(name)
        if reason:
            print(f"| {name} | stops: {reason[:60]} | | | | |", flush=True)
            continue
        total = r["forward"] + r["backward"] + r["delete"]
        row = (r["forward"], r["backward"], r["delete"], total)
        print(f"| {name} | {' | '.join(f'{t:.2f}' for t in row)} | {r['bytes']:.0f} |", flush=True)
    _linear()


if __name__ == "__main__":
    threading.stack_size(512 * 1024)
    which, *graph = sys.argv[1:]
    work = (lambda: _run(which, graph[0], int(graph[1]))) if graph else (lambda: _run(which))
    thread = threading.Thread(target=lambda: print(json.dumps(work())))
    thread.start()
    thread.join()
