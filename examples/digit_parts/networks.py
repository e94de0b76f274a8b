"""The networks that the MNIST examples train, and the weights that they wrote, checked before they are believed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import mnist_best
import nn
from nn import Activation, Conv2D, Dense, Dropout, Flatten, MaxPooling2D


def mlp() -> nn.Sequential:
    """The network of mnist.py, up to its logits: the softmax is the reader's."""
    layers = [Dense(512, input_shape=(784,)), Activation("relu"), Dropout(0.2)]
    return nn.Sequential([*layers, Dense(512), Activation("relu"), Dropout(0.2), Dense(10)])


def cnn() -> nn.Sequential:
    """The network of mnist_cnn.py, up to its logits."""
    layers = [Conv2D(32, 3, activation="relu", input_shape=(28, 28, 1)), Conv2D(64, 3, activation="relu")]
    return nn.Sequential(
        [*layers, MaxPooling2D(), Dropout(0.25), Flatten(), Dense(128, activation="relu"), Dropout(0.5), Dense(10)]
    )


# By the example that trains it.
NETWORKS: dict[str, Callable[[], nn.Sequential]] = {"mnist": mlp, "mnist_cnn": cnn, "mnist_best": mnist_best.network}
QUICK = Path("output/read_digit/weights.safetensors")
# Where the examples write what they learnt; the best reader first.
WRITTEN = [Path("output", folder, "weights.safetensors") for folder in ("mnist_best", "mnist_cnn", "")]


def load(path: Path) -> tuple[str, nn.Sequential]:
    """The network whose weights the file holds, and the name of the example that trains such ones.

    Raises OSError for a file that can't be read, ValueError for one that is damaged or holds something else.
    """
    state = nn.files.load(path)
    example, model = _network_of({*state} if isinstance(state, dict) else set(), path)
    try:
        model.load_state_dict(state)
    except (TypeError, ValueError) as reason:
        raise ValueError(f"{path} holds no weights of examples/{example}.py: {reason}") from reason
    for name, array in model.state_dict().items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} in {path} holds numbers that are infinite or none")
    return example, model


def _network_of(names: set[str], path: Path) -> tuple[str, nn.Sequential]:
    """The network whose weights have these names."""
    for example, network in NETWORKS.items():
        model = network()
        if names == {*model.state_dict()}:
            return example, model
    raise ValueError(
        f"{path} holds weights of another network ({', '.join(sorted(names))[:80]}); this reads those of "
        + ", ".join(f"examples/{name}.py" for name in NETWORKS)
    )


def quickly_trained(data: Any, epochs: int = 5, verbose: int = 1, callbacks: list[nn.Callback] | None = None) -> Any:
    """mnist.py's network after a few epochs on the images and labels (x, y); read right by then: about 98 of 100."""
    x, y = data
    nn.set_random_seed(1)
    model = nn.Sequential([*mlp().layers])
    model.compile(nn.RMSprop(), nn.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    rows = x.reshape(len(x), 784).astype("float32") / 255
    model.fit(rows, nn.one_hot(y, 10), 128, epochs, verbose=verbose, callbacks=callbacks)
    return model
