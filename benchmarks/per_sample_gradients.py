"""The gradient of each sample of a batch of 128, by a network of 64-64-64-10 units: at once, and one by one."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from .measuring import needs, print_table, take_turns

UNITS, BATCH = (64, 64, 64, 10), 128


def _data() -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    kernels = [rng.normal(size=pair).astype(np.float32) / 8 for pair in pairwise(UNITS)]
    targets = np.eye(UNITS[-1], dtype=np.float32)[rng.integers(0, UNITS[-1], BATCH)]
    return kernels, rng.normal(size=(BATCH, UNITS[0])).astype(np.float32), targets


def tinygrad_lite() -> dict[str, Callable[[], object]]:
    import tinygrad_lite as tg

    kernels, x, y = _data()
    kernels, x, y = [tg.tensor(k) for k in kernels], tg.tensor(x), tg.tensor(y)

    def error(kernels: list[tg.Tensor], x: tg.Tensor, y: tg.Tensor) -> tg.Tensor:
        for kernel in kernels[:-1]:
            x = tg.maximum(x @ kernel, 0.0)
        scores = x @ kernels[-1]
        return (tg.logsumexp(scores, axis=-1) - (scores * y).sum(axis=-1)).mean()

    one, each = tg.grad(error), tg.vmap(tg.grad(error), in_axes=(None, 0, 0))
    return {
        "tinygrad_lite, vmap": lambda: each(kernels, x, y),
        "tinygrad_lite, a loop": lambda: [one(kernels, a, b) for a, b in zip(x, y, strict=True)],
        "tinygrad_lite, one gradient of all": lambda: one(kernels, x, y),
    }


def pytorch() -> dict[str, Callable[[], object]]:
    import torch
    from torch.func import grad, vmap

    kernels, x, y = _data()
    kernels, x, y = [torch.tensor(k) for k in kernels], torch.tensor(x), torch.tensor(y)

    def error(kernels: list, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        for kernel in kernels[:-1]:
            x = torch.relu(x @ kernel)
        scores = x @ kernels[-1]
        return torch.logsumexp(scores, -1) - (scores * y).sum()

    each = vmap(grad(error), in_dims=(None, 0, 0))
    return {"PyTorch, vmap": lambda: each(kernels, x, y)}


def main() -> None:
    contestants = tinygrad_lite()
    try:
        contestants |= pytorch()
    except ImportError:
        print(needs("torch"))
    title, ours = f"The gradient of each of {BATCH} samples, {'-'.join(map(str, UNITS))} units", "tinygrad_lite, vmap"
    print_table(
        title, take_turns(contestants, rounds=7, repeats=5), "ms", 1e3, "tinygrad_lite, one gradient of all", ours
    )


if __name__ == "__main__":
    main()
