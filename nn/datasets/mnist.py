"""MNIST: 70,000 handwritten digits of 28 x 28 pixels, by LeCun, Cortes and Burges."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import idx

# For each file its size in bytes and its SHA-256 digest.
FILES = {
    "train-images-idx3-ubyte.gz": (9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
    "train-labels-idx1-ubyte.gz": (28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    "t10k-images-idx3-ubyte.gz": (1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    "t10k-labels-idx1-ubyte.gz": (4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
}

# MNIST's first home answers 403 today.
MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)

_VARIABLE = "TINYGRAD_LITE_DATA"

_Pair: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_data(folder: str | os.PathLike[str] | None = None, timeout: float = 5.0) -> tuple[_Pair, _Pair]:
    """MNIST as `(x_train, y_train), (x_test, y_test)`, as in Keras.

    The four files come from `folder`, or else from the folder that the environment variable `TINYGRAD_LITE_DATA` names,
    with or without their `.gz`. There they may be another data set of the same form, such as Fashion-MNIST: the form is
    checked, the digest is not. With neither, they come from the user's cache folder, and are downloaded into it if they
    are not there or are not, byte for byte, the official ones.

    The images are uint8 of the shapes (60000, 28, 28) and (10000, 28, 28), 0 for paper to 255 for ink; the labels are
    uint8, 0 to 9. folder: where the four files are; the network is then never used. timeout: seconds to wait, when
    downloading, for the mirrors to answer (all together), and for data to go on.

    Raises FileNotFoundError if a file is missing in the folder, ValueError if one is damaged or not of MNIST's form,
    ConnectionError if the files have to be downloaded and no mirror served them, OSError if a file can't be read or the
    cache folder can't be written.
    """
    folder = folder if folder is not None else os.environ.get(_VARIABLE) or None
    paths = _downloaded(timeout) if folder is None else _found(Path(folder).expanduser())
    x_train, y_train, x_test, y_test = (paths[name] for name in FILES)
    return _pair(x_train, y_train), _pair(x_test, y_test)


def _downloaded(timeout: float) -> dict[str, Path]:
    from . import download  # here, as the network modules would double the time of `import nn`

    names = ", ".join(FILES)
    advice = f"Put the four files ({names}) in a folder and set {_VARIABLE} to it."
    return download.fetch(FILES, MIRRORS, download.cache_folder() / "mnist", timeout, advice)


def _found(folder: Path) -> dict[str, Path]:
    choices = {name: (folder / name, folder / name.removesuffix(".gz")) for name in FILES}
    paths = {name: path for name, pair in choices.items() for path in reversed(pair) if path.exists()}
    if missing := [name for name in FILES if name not in paths]:
        raise FileNotFoundError(
            f"no {', '.join(missing)} (nor without .gz) in the folder {str(folder)!r}; put the files there, "
            f"or unset {_VARIABLE} and give no folder to have them downloaded"
        )
    return paths


def _pair(images: Path, labels: Path) -> _Pair:
    x, y = idx.read(images), idx.read(labels)
    if x.dtype != np.uint8 or x.shape[1:] != (28, 28) or not len(x):
        raise ValueError(f"{str(images)!r} holds {x.dtype} of shape {x.shape}; expected uint8 of shape (n, 28, 28)")
    if y.dtype != np.uint8 or y.shape != (len(x),):
        raise ValueError(
            f"{str(labels)!r} holds {y.dtype} of shape {y.shape}; expected uint8 of shape ({len(x)},), "
            f"a label for each image in {images.name}"
        )
    if y.max() > 9:
        i = int(y.argmax())
        raise ValueError(f"{str(labels)!r} holds the label {y[i]} at index {i}; expected 0 to 9")
    return x, y
