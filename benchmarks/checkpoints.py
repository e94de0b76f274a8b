"""A deep network with and without checkpoints: the peak of its memory, and what the second run costs.

64 layers of 256 neurons, tanh, a batch of 2,048: one gradient by all weights. 8 blocks of 8 layers are checkpoints.
PyTorch does the same with torch.utils.checkpoint. Each contestant in a process of its own.
"""

import sys
from typing import Any

from .measuring import Contestant, apart, print_table, serve, stay_open, take_turns

LAYERS, WIDTH, BATCH, BLOCKS = 64, 256, 2048, 8


def tinygrad_lite(checkpoints: bool) -> Contestant:
    import numpy as np

    import tinygrad_lite as tg

    stay_open.enter_context(tg.threads())  # as fit does
    rng = np.random.default_rng(0)
    weights = [
        tg.tensor(rng.standard_normal((WIDTH, WIDTH), dtype=np.float32) / WIDTH**0.5, requires_grad=True)
        for _ in range(LAYERS)
    ]
    x = tg.tensor(rng.standard_normal((BATCH, WIDTH), dtype=np.float32))

    def block(x: tg.Tensor, weights: list[tg.Tensor]) -> tg.Tensor:
        for w in weights:
            x = tg.tanh(x @ w)
        return x

    run = tg.checkpoint(block) if checkpoints else block
    size = LAYERS // BLOCKS

    def step(y: Any = x) -> object:
        for i in range(0, LAYERS, size):
            y = run(y, weights[i : i + size])
        (y * y).mean().backward()
        for w in weights:
            w.grad = None
        return y

    step(x[:1])  # what a library loads at first use is not counted
    return step


def pytorch(checkpoints: bool) -> Contestant:
    import torch
    from torch.utils.checkpoint import checkpoint

    torch.manual_seed(0)
    weights = [(torch.randn(WIDTH, WIDTH) / WIDTH**0.5).requires_grad_() for _ in range(LAYERS)]
    x = torch.randn(BATCH, WIDTH)

    def block(x: torch.Tensor, weights: list[torch.Tensor]) -> torch.Tensor:
        for w in weights:
            x = torch.tanh(x @ w)
        return x

    size = LAYERS // BLOCKS

    def step(y: Any = x) -> object:
        for i in range(0, LAYERS, size):
            part = weights[i : i + size]
            y = checkpoint(block, y, part, use_reentrant=False) if checkpoints else block(y, part)
        (y * y).mean().backward()
        for w in weights:
            w.grad = None
        return y

    step(x[:1])  # what a library loads at first use is not counted
    return step


CONTESTANTS = {
    "tinygrad_lite": ("tinygrad_lite", lambda: tinygrad_lite(False)),
    "tinygrad_lite, 8 checkpoints": ("tinygrad_lite", lambda: tinygrad_lite(True)),
    "PyTorch eager": ("torch", lambda: pytorch(False)),
    "PyTorch eager, 8 checkpoints": ("torch", lambda: pytorch(True)),
}


def main() -> None:
    names = {"reference": "tinygrad_lite", "ours": "tinygrad_lite, 8 checkpoints"}
    title = f"A gradient through {LAYERS} layers of {WIDTH}, batch {BATCH:,}"
    with apart("benchmarks.checkpoints", CONTESTANTS) as workers:
        before = {name: worker.peak_memory() for name, worker in workers.items()}
        turns = take_turns({name: worker.run for name, worker in workers.items()}, rounds=5, repeats=1)
        print_table(title, turns, "s", 1.0, **names)
        peaks = {name: [worker.peak_memory() - before[name]] for name, worker in workers.items()}
        print_table(f"{title}: peak memory over that before the first step", peaks, "MB", 1e-6, **names)


if __name__ == "__main__":
    serve(CONTESTANTS[sys.argv[1]][1]())
