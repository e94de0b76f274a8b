"""A transformer's block, forward and backward, against PyTorch and against its own bare matrix multiplications.

Causal self-attention, 8 heads of 16, over 32 sequences of 128 vectors of 128, then a feed-forward network of 512 relus;
both with a residual. PyTorch uses its fused attention (need_weights=False).
"""

import sys

from .measuring import Contestant, apart, print_table, serve, stay_open, take_turns

BATCH, TIME, DIM, HEADS, HIDDEN = 32, 128, 128, 8, 512


def tinygrad_lite() -> Contestant:
    import numpy as np

    import nn
    import tinygrad_lite as tg

    nn.set_random_seed(0)
    attention = nn.MultiHeadAttention(HEADS, DIM // HEADS)
    hidden, output = nn.Dense(HIDDEN, activation="relu"), nn.Dense(DIM)
    stay_open.enter_context(tg.threads())  # as fit does
    rng = np.random.default_rng(0)
    x = tg.tensor(rng.standard_normal((BATCH, TIME, DIM), dtype=np.float32), requires_grad=True)
    gradient = tg.tensor(rng.standard_normal((BATCH, TIME, DIM), dtype=np.float32))

    def step() -> object:
        y = x + attention(x, x, use_causal_mask=True)
        y = y + output(hidden(y))
        y.backward(gradient)
        x.grad = None
        for layer in (attention, hidden, output):
            for weight in layer.weights:
                weight.grad = None
        return y

    return step


def pytorch() -> Contestant:
    import torch

    torch.manual_seed(0)
    attention = torch.nn.MultiheadAttention(DIM, HEADS, batch_first=True)
    hidden, output = torch.nn.Linear(DIM, HIDDEN), torch.nn.Linear(HIDDEN, DIM)
    causal = torch.nn.Transformer.generate_square_subsequent_mask(TIME)
    x = torch.randn(BATCH, TIME, DIM, requires_grad=True)
    gradient = torch.randn(BATCH, TIME, DIM)

    def step() -> object:
        y = x + attention(x, x, x, need_weights=False, attn_mask=causal, is_causal=True)[0]
        y = y + output(torch.relu(hidden(y)))
        y.backward(gradient)
        x.grad = None
        for layer in (attention, hidden, output):
            layer.zero_grad()
        return y

    return step


def bare_matmuls() -> Contestant:
    """The step's matrix multiplications, each in its fastest layout, and nothing else."""
    import numpy as np

    rng = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape, dtype=np.float32)

    rows, heads = BATCH * TIME, (BATCH, HEADS)
    x, square, hidden, w1, w2 = (
        normal(rows, DIM),
        normal(DIM, DIM),
        normal(rows, HIDDEN),
        normal(DIM, HIDDEN),
        normal(HIDDEN, DIM),
    )
    tall, wide, scores = (
        normal(*heads, TIME, DIM // HEADS),
        normal(*heads, DIM // HEADS, TIME),
        normal(*heads, TIME, TIME),
    )

    def step() -> object:
        projections = [(np.matmul(x, square), np.matmul(x.T, x), np.matmul(x, square.T)) for _ in range(4)]
        attention = [(np.matmul(tall, wide), np.matmul(scores, tall), np.matmul(scores.mT, tall)) for _ in range(2)]
        feed_forward = (np.matmul(x, w1), np.matmul(hidden, w2))
        backward = (np.matmul(hidden.T, x), np.matmul(x, w2.T), np.matmul(x.T, hidden), np.matmul(hidden, w1.T))
        return projections, attention, feed_forward, backward

    return step


CONTESTANTS = {
    "bare matmuls": ("numpy", bare_matmuls),
    "tinygrad_lite": ("tinygrad_lite", tinygrad_lite),
    "PyTorch": ("torch", pytorch),
}


def main() -> None:
    with apart("benchmarks.attention", CONTESTANTS) as contestants:
        print_table(
            "A causal transformer block, 8 heads of 16, batch 32, time 128: forward and backward",
            take_turns({name: worker.run for name, worker in contestants.items()}, rounds=9, repeats=7),
            "ms",
            1e3,
            reference="bare matmuls",
            ours="tinygrad_lite",
        )


if __name__ == "__main__":
    serve(CONTESTANTS[sys.argv[1]][1]())
