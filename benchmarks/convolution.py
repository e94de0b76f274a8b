"""A training step of Keras's mnist_cnn, batch 128: two 3 x 3 convolutions, pooling, dropout, dense layers, Adadelta.

Each contestant has a process of its own, so that nobody's threads stand in another's way; they take turns all the same.
"""

import os
import sys
from collections.abc import Callable

import numpy as np

from .measuring import apart, print_table, serve, stay_open, take_turns
from .networks import Step

BATCH = 128


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((BATCH, 28, 28, 1), dtype=np.float32), rng.integers(0, 10, BATCH)


def floor() -> Step:
    """The step's products, as plain matrix multiplications: windows as rows, no gradient for the images."""
    rng = np.random.default_rng(0)

    def matrices(rows: int, inner: int, columns: int) -> list[np.ndarray]:
        return [rng.random(shape, dtype=np.float32) for shape in ((rows, inner), (inner, columns), (rows, columns))]

    windows = [matrices(BATCH * 26 * 26, 9, 32), matrices(BATCH * 24 * 24, 9 * 32, 64)]
    dense = [matrices(BATCH, 12 * 12 * 64, 128), matrices(BATCH, 128, 10)]

    def step() -> object:
        for x, kernel, _ in windows + dense:
            np.matmul(x, kernel)
        for x, kernel, g in (windows + dense)[:0:-1]:
            np.matmul(x.T, g)
            np.matmul(g, kernel.T)
        return np.matmul(windows[0][0].T, windows[0][2])

    return step


def tinygrad_lite() -> Step:
    import nn
    import tinygrad_lite as tg

    nn.set_random_seed(0)
    model = nn.Sequential(
        [
            nn.Conv2D(32, 3, activation="relu", input_shape=(28, 28, 1)),
            nn.Conv2D(64, 3, activation="relu"),
            nn.MaxPooling2D(),
            nn.Dropout(0.25),
            nn.Flatten(),
            nn.Dense(128, activation="relu"),
            nn.Dropout(0.5),
            nn.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=nn.Adadelta())
    x, labels = data()
    y = nn.one_hot(labels, 10)
    model.train()
    stay_open.enter_context(tg.threads())  # as fit does
    return lambda: model.train_step(x, y)


def pytorch(channels_last: bool) -> Step:
    import torch
    from torch import nn

    model = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    )
    images, labels = data()
    x, y = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(labels)
    if channels_last:
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0, rho=0.95, eps=1e-7)
    loss = nn.CrossEntropyLoss()

    def step() -> object:
        value = loss(model(x), y)
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
        return value.item()

    return step


def keras(backend: str) -> Step:
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adadelta(1.0))
    x, labels = data()
    y = np.eye(10, dtype=np.float32)[labels]
    return lambda: model.train_on_batch(x, y)


CONTESTANTS: dict[str, tuple[str, Callable[[], Step]]] = {
    "bare matmuls": ("numpy", floor),
    "tinygrad_lite": ("tinygrad_lite", tinygrad_lite),
    "PyTorch, channels first": ("torch", lambda: pytorch(channels_last=False)),
    "PyTorch, channels last": ("torch", lambda: pytorch(channels_last=True)),
    "Keras on TensorFlow": ("tensorflow", lambda: keras("tensorflow")),
    "Keras on JAX": ("jax", lambda: keras("jax")),
}


def main() -> None:
    with apart("benchmarks.convolution", CONTESTANTS) as contestants:
        seconds = take_turns({name: worker.run for name, worker in contestants.items()}, rounds=11, repeats=5)
        print_table(
            "A training step of mnist_cnn (two convolutions, Adadelta), batch 128",
            seconds,
            "ms",
            1e3,
            reference="bare matmuls",
            ours="tinygrad_lite",
        )
        memory = {name: [worker.peak_memory()] for name, worker in contestants.items()}
    print_table("Peak memory of these steps", memory, "MB", 1e-6, reference="bare matmuls", ours="tinygrad_lite")


if __name__ == "__main__":
    serve(CONTESTANTS[sys.argv[1]][1]())
