"""What one small operation costs, forward and backward: a chain of 1,000 multiplications and additions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .measuring import needs, print_table, take_turns

LENGTH = 1000


def _chain(x: Any, w: Any) -> Any:
    for _ in range(LENGTH // 2):
        x = x * w
        x = x + w
    return x


def tinygrad_lite(start: np.ndarray) -> Callable[[], object]:
    import tinygrad_lite as tg

    x, w, seed = tg.tensor(start, requires_grad=True), tg.tensor(start), np.ones_like(start)
    return lambda: _chain(x, w).backward(seed)


def pytorch(start: np.ndarray) -> Callable[[], object]:
    import torch

    w, seed = torch.from_numpy(start.copy()), torch.ones(start.shape)
    x = w.clone().requires_grad_()
    return lambda: _chain(x, w).backward(seed)


def mygrad(start: np.ndarray) -> Callable[[], object]:
    import mygrad as mg

    x, w, seed = mg.tensor(start), mg.tensor(start, constant=True), np.ones_like(start)
    return lambda: _chain(x, w).backward(seed)


def hips_autograd(start: np.ndarray) -> Callable[[], object]:
    from autograd import make_vjp

    seed = np.ones_like(start)
    return lambda: make_vjp(lambda x: _chain(x, start))(start)[0](seed)


def micrograd(start: np.ndarray) -> Callable[[], object]:
    """Its chain is cut into tens: its recursion does not go 1,000 deep, and it has no arrays."""
    from micrograd.engine import Value

    def run() -> None:
        for _ in range(LENGTH // 10):
            x, w = Value(float(start)), Value(float(start))
            y = x
            for _ in range(5):
                y = y * w
                y = y + w
            y.backward()

    return run


def main() -> None:
    makers = {
        "tinygrad_lite": ("tinygrad_lite", tinygrad_lite),
        "PyTorch eager": ("torch", pytorch),
        "MyGrad": ("mygrad", mygrad),
        "HIPS autograd": ("autograd", hips_autograd),
        "micrograd": ("micrograd", micrograd),
    }
    for shape, words in (((), "one number (0-d)"), ((32, 32), "32 x 32")):
        contestants = {}
        for name, (package, make) in makers.items():
            if name == "micrograd" and shape:
                continue
            try:
                contestants[name] = make(np.full(shape, 1.0001, np.float32))
            except ImportError:
                print(needs(package))
        seconds = take_turns(contestants, rounds=9, repeats=15)
        reference = "PyTorch eager" if "PyTorch eager" in seconds else "tinygrad_lite"
        title = f"One operation on {words}, forward and backward"
        print_table(title, seconds, "ns", 1e9 / LENGTH, reference, ours="tinygrad_lite")


if __name__ == "__main__":
    main()
