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

    nn.set_random_seed(0)
    model = nn.Sequential()
    for units in SIZES[1:-1]:
        model.add(nn.Dense(units, input_shape=(SIZES[0],) if not model.layers else None))
        model.add(nn.Activation("relu"))
        model.add(nn.Dropout(RATE))
    model.add(nn.Dense(SIZES[-1]))
    model.add(nn.Activation("softmax"))
    model.compile(loss="categorical_crossentropy", optimizer=nn.RMSprop())
    model.set_weights(weights())
    model.train()
    x, labels = data()
    y = nn.one_hot(labels, SIZES[-1])
    return lambda: model.train_step(x, y, model.loss, model.optimizer)


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
    "PyTorch eager": ("torch", pytorch),
    "MyGrad": ("mygrad", mygrad),
    "HIPS autograd": ("autograd", hips_autograd),
}
