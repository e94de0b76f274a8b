"""The article's network, 784-512-512-10 with relu, dropout 0.2, softmax cross-entropy and RMSprop, for each contestant.

Each function returns one training step on a fixed batch of 128, forward, backward and update.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

BATCH, SIZES, RATE = 128, (784, 512, 512, 10), 0.2
Step = Callable[[], object]


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((BATCH, SIZES[0]), dtype=np.float32), rng.integers(0, SIZES[-1], BATCH)


def weights() -> list[np.ndarray]:
    """kernel, bias, kernel, bias, ..."""
    rng = np.random.default_rng(1)
    out = []
    for inputs, outputs in pairwise(SIZES):
        limit = np.sqrt(6 / (inputs + outputs))
        out += [rng.uniform(-limit, limit, (inputs, outputs)).astype(np.float32), np.zeros(outputs, np.float32)]
    return out


def floor() -> Step:
    """The step's eight matrix multiplications, and nothing else."""
    x, _ = data()
    w1, _, w2, _, w3, _ = weights()
    rng = np.random.default_rng(2)
    h1, h2, g1, g2 = (rng.random((BATCH, SIZES[1]), dtype=np.float32) for _ in range(4))
    g3 = rng.random((BATCH, SIZES[3]), dtype=np.float32)

    def step() -> object:
        return (
            np.matmul(x, w1),
            np.matmul(h1, w2),
            np.matmul(h2, w3),
            np.matmul(h2.T, g3),
            np.matmul(g3, w3.T),
            np.matmul(h1.T, g2),
            np.matmul(g2, w2.T),
            np.matmul(x.T, g1),
        )

    return step


def tinygrad_lite() -> Step:
    import nn
    import tinygrad_lite as tg

    nn.set_random_seed(0)
    model = nn.Sequential()
    for units in SIZES[1:-1]:
        model.add(nn.Dense(units, input_shape=(SIZES[0],) if not model.layers else None))
        model.add(nn.Activation("relu"))
        model.add(nn.Dropout(RATE))
    model.add(nn.Dense(SIZES[-1]))
    model.add(nn.Activation("softmax"))
    model.set_weights(weights())
    model.train()
    trained, optimizer, loss = model.trainable_weights, nn.RMSprop(), nn.losses.categorical_crossentropy
    x, labels = data()
    x, y = tg.tensor(x), nn.one_hot(labels, SIZES[-1])

    def step() -> object:
        value = loss(y, model(x))
        value.backward()
        optimizer.apply([w.grad for w in trained], trained)
        for w in trained:
            w.grad = None
        return value.item()

    return step


def pytorch() -> Step:
    import torch
    from torch import nn

    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(SIZES):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(RATE)]
    model = nn.Sequential(*layers[:-2])
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    loss = nn.CrossEntropyLoss()
    x, y = map(torch.from_numpy, data())

    def step() -> object:
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
        return value.item()

    return step


class _RMSprop:
    """The update for the libraries that have none: NumPy, in place, with one scratch array."""

    def __init__(self, params: list[np.ndarray]) -> None:
        self.squares = [np.zeros_like(p) for p in params]
        self.scratch = [np.empty_like(p) for p in params]

    def __call__(self, params: list[np.ndarray], grads: list[np.ndarray]) -> None:
        for p, g, v, s in zip(params, grads, self.squares, self.scratch, strict=True):
            np.multiply(g, g, out=s)
            s *= 0.1
            v *= 0.9
            v += s
            np.add(v, 1e-7, out=s)
            np.sqrt(s, out=s)
            np.divide(g, s, out=s)
            s *= 0.001
            p -= s


def numpy_by_hand() -> Step:
    """No graph at all: the derivatives written out, for those who wonder what a graph costs."""
    w = weights()
    update = _RMSprop(w)
    rng = np.random.Generator(np.random.SFC64(0))
    x, labels = data()
    y = np.eye(SIZES[-1], dtype=np.float32)[labels]

    def dropout(h: np.ndarray) -> np.ndarray:
        bits = rng.bit_generator.random_raw(h.size // 4).view(np.uint16).reshape(h.shape)
        return np.multiply(bits >= round(RATE * 65536), 1 / (1 - RATE), dtype=np.float32)

    def step() -> object:
        z1 = x @ w[0]
        z1 += w[1]
        h1 = np.maximum(z1, np.zeros(SIZES[1], np.float32))
        m1 = dropout(h1)
        d1 = h1 * m1
        z2 = d1 @ w[2]
        z2 += w[3]
        h2 = np.maximum(z2, np.zeros(SIZES[2], np.float32))
        m2 = dropout(h2)
        d2 = h2 * m2
        z3 = d2 @ w[4]
        z3 += w[5]
        e = np.exp(z3 - z3.max(axis=1, keepdims=True))
        p = e / e.sum(axis=1, keepdims=True)
        value = -np.log((p * y).sum(axis=1)).mean()
        g3 = (p - y) / BATCH
        g2 = (g3 @ w[4].T) * m2 * (h2 > 0)
        g1 = (g2 @ w[2].T) * m1 * (h1 > 0)
        update(w, [x.T @ g1, g1.sum(axis=0), d1.T @ g2, g2.sum(axis=0), d2.T @ g3, g3.sum(axis=0)])
        return value

    return step


def mygrad() -> Step:
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    params = [mg.tensor(w) for w in weights()]
    update = _RMSprop([p.data for p in params])
    rng = np.random.default_rng(3)
    x, y = data()

    def step() -> object:
        h = x
        for i in (0, 2):
            h = relu(mg.matmul(h, params[i]) + params[i + 1])
            h = h * ((rng.random(h.shape, dtype=np.float32) >= RATE) * np.float32(1 / (1 - RATE)))
        value = softmax_crossentropy(mg.matmul(h, params[4]) + params[5], y)
        value.backward()
        update([p.data for p in params], [p.grad for p in params])
        for p in params:
            p.null_grad()
        return value.item()

    return step


def hips_autograd() -> Step:
    import autograd.numpy as anp
    from autograd import value_and_grad

    params = weights()
    update = _RMSprop(params)
    rng = np.random.default_rng(3)
    x, labels = data()
    y = np.eye(SIZES[-1], dtype=np.float32)[labels]

    def loss(params: list[np.ndarray]) -> object:
        h = x
        for i in (0, 2):
            h = anp.maximum(anp.dot(h, params[i]) + params[i + 1], 0)
            h = h * ((rng.random(h.shape, dtype=np.float32) >= RATE) * np.float32(1 / (1 - RATE)))
        z = anp.dot(h, params[4]) + params[5]
        z = z - anp.max(z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - anp.sum(y * z, axis=1))

    gradient = value_and_grad(loss)

    def step() -> object:
        value, grads = gradient(params)
        update(params, grads)
        return value

    return step


CONTESTANTS: dict[str, tuple[str, Callable[[], Step]]] = {
    "bare matmuls": ("numpy", floor),
    "tinygrad_lite": ("tinygrad_lite", tinygrad_lite),
    "NumPy by hand": ("numpy", numpy_by_hand),
    "PyTorch eager": ("torch", pytorch),
    "MyGrad": ("mygrad", mygrad),
    "HIPS autograd": ("autograd", hips_autograd),
}
