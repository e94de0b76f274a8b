"""The networks that the MNIST examples train, and the weights that they wrote, checked before they are believed."""

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

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
QUICK = Path("output/read_digit/weights.npz")
# Where the examples write what they learnt; the best reader first.
WRITTEN = [Path("output/mnist_best/weights.npz"), Path("output/mnist_cnn/weights.npz"), Path("output/weights.npz")]


def load(path: Path) -> tuple[str, nn.Sequential]:
    """The network whose weights the file holds, and the name of the example that trains such ones.

    Raises OSError for a file that can't be read, ValueError for one that holds something else. Nothing is unpickled,
    and no array is read before its name and size are known to fit.
    """
    with path.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return _load(path, archive)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise ValueError(f"{path} is no file of weights (.npz), or it is damaged: {error}") from error


def _load(path: Path, archive: zipfile.ZipFile) -> tuple[str, nn.Sequential]:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    example, model = _network_of({*members} if len(members) == len(archive.infolist()) else set())
    if model is None:
        raise ValueError(
            f"{path} holds weights of another network ({', '.join(sorted(members))[:80]}); this reads those of "
            + ", ".join(f"examples/{name}.py" for name in NETWORKS)
        )
    arrays = []
    for name, weight in model.named_weights():
        if members[name].file_size > weight.data.nbytes + 1024:
            raise ValueError(f"{name} in {path} is larger than a weight of examples/{example}.py")
        with archive.open(members[name]) as file:
            arrays.append(_array(file, weight, f"{name} in {path}"))
    model.set_weights(arrays)
    return example, model


def _network_of(names: set[str]) -> tuple[str, nn.Sequential | None]:
    """The network whose weights have these names."""
    for example, network in NETWORKS.items():
        model = network()
        if names == {name for name, _ in model.named_weights()}:
            return example, model
    return "", None


def _array(file: IO[bytes], weight: Any, name: str) -> np.ndarray:
    """The array in a .npy file, if it has the weight's shape and dtype: only then its numbers are read."""
    try:
        np.lib.format.read_magic(file)
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
    except Exception as error:  # whatever NumPy's parser makes of damaged bytes
        raise ValueError(f"{name} can't be read: {error}") from error
    if shape != weight.shape or dtype != weight.dtype:
        raise ValueError(f"{name} is {dtype} of shape {shape}; expected {weight.dtype} of shape {weight.shape}")
    content = file.read()
    if len(content) != weight.data.nbytes:
        raise ValueError(f"{name} has {len(content):,} bytes; expected {weight.data.nbytes:,}")
    array = np.frombuffer(content, dtype).reshape(shape, order="F" if is_fortran else "C")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds numbers that are infinite or none")
    return array


def quickly_trained(data: Any, epochs: int = 5, verbose: int = 1, callbacks: list[nn.Callback] | None = None) -> Any:
    """mnist.py's network after a few epochs on the images and labels (x, y); read right by then: about 98 of 100."""
    x, y = data
    nn.set_random_seed(1)
    model = nn.Sequential([*mlp().layers])
    model.compile(nn.RMSprop(), nn.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    rows = x.reshape(len(x), 784).astype("float32") / 255
    model.fit(rows, nn.one_hot(y, 10), 128, epochs, verbose=verbose, callbacks=callbacks)
    return model
