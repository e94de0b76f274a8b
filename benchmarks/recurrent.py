"""GRU and LSTM of 128 units on 64 sequences of 100 steps of 64 features, forward and backward, against PyTorch.

Backward goes to all weights and to the input. The floor is the same step's products and nothing else.
"""

import sys
from functools import partial

import numpy as np

from .measuring import Contestant, apart, print_table, serve, take_turns

BATCH, TIME, FEATURES, UNITS = 64, 100, 64, 128
GATES = {"GRU": 3, "LSTM": 4}


def data() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((BATCH, TIME, FEATURES), dtype=np.float32)


def bare_matmuls(kind: str) -> Contestant:
    rng = np.random.default_rng(1)
    normal = lambda *shape: rng.standard_normal(shape, dtype=np.float32)
    columns = GATES[kind] * UNITS
    x, kernel, recurrent = normal(BATCH * TIME, FEATURES), normal(FEATURES, columns), normal(UNITS, columns)
    state, sums, all_states, all_sums = (
        normal(BATCH, UNITS),
        normal(BATCH, columns),
        normal(BATCH * TIME, UNITS),
        normal(BATCH * TIME, columns),
    )

    def step() -> object:
        np.matmul(x, kernel)
        for _ in range(TIME):
            np.matmul(state, recurrent)
        for _ in range(TIME):
            np.matmul(sums, recurrent.T)
        return np.matmul(all_states.T, all_sums), np.matmul(x.T, all_sums), np.matmul(all_sums, kernel.T)

    return step


def tinygrad_lite(kind: str) -> Contestant:
    import nn
    import tinygrad_lite as tg

    layer = {"GRU": nn.GRU, "LSTM": nn.LSTM}[kind](UNITS, return_sequences=True)
    x = tg.tensor(data(), requires_grad=True)

    def step() -> object:
        layer(x).sum().backward()
        for leaf in (x, *layer.weights):
            leaf.grad = None
        return None

    return step


def pytorch(kind: str) -> Contestant:
    import torch

    layer = {"GRU": torch.nn.GRU, "LSTM": torch.nn.LSTM}[kind](FEATURES, UNITS, batch_first=True)
    x = torch.tensor(data(), requires_grad=True)

    def step() -> object:
        layer(x)[0].sum().backward()
        x.grad = None
        layer.zero_grad()
        return None

    return step


CONTESTANTS = {
    f"{name} {kind}": (package, partial(make, kind))
    for kind in GATES
    for name, package, make in (
        ("bare matmuls", "numpy", bare_matmuls),
        ("tinygrad_lite", "tinygrad_lite", tinygrad_lite),
        ("PyTorch", "torch", pytorch),
    )
}


def main() -> None:
    for kind in GATES:
        own = {name: made for name, made in CONTESTANTS.items() if name.endswith(f" {kind}")}
        with apart("benchmarks.recurrent", own) as contestants:
            print_table(
                f"{kind} of {UNITS}, batch {BATCH}, time {TIME}: forward and backward",
                take_turns({name: worker.run for name, worker in contestants.items()}, rounds=9, repeats=7),
                "ms",
                1e3,
                reference=f"bare matmuls {kind}",
                ours=f"tinygrad_lite {kind}",
            )


if __name__ == "__main__":
    serve(CONTESTANTS[sys.argv[1]][1]())
