"""What the MNIST examples share: their options, the digits, and the pictures of what was learnt."""

import argparse
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nn
import tinygrad_lite as tg


def parse_options(
    description: str, epochs: int, output: str, numbers: dict[str, tuple[int | None, str]] | None = None
) -> argparse.Namespace:
    """The options of the command line; `description` is the program's docstring.

    numbers: further options that take a number, each with its default and what it means.
    """
    parser = argparse.ArgumentParser(
        description=description.split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--epochs", type=count, default=epochs, metavar="N", help="how often to go through the digits")
    parser.add_argument("--batch-size", type=count, default=128, metavar="N", help="digits learnt from at a time")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed gives the same run")
    parser.add_argument(
        "--samples",
        type=count,
        default=argparse.SUPPRESS,
        metavar="N",
        help="learn from the first N digits only (default: from all)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="FOLDER",
        help="where MNIST's four files are (default: TINYGRAD_LITE_DATA, else the cache, else downloaded)",
    )
    parser.add_argument("--output", type=Path, default=Path(output), metavar="FOLDER", help="where to write to")
    for name, (default, words) in (numbers or {}).items():
        parser.add_argument(name, type=count, default=default, metavar="N", help=words)
    return parser.parse_args(namespace=argparse.Namespace(samples=None, data=None))


def count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, given {text!r}")
    return number


def prepared(folder: Path) -> Path:
    """The output folder, made and tried before hours of work depend on it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        sys.exit(f"can't write to the folder {folder}: {error}")


def load_digits(folder: Path | None, samples: int | None = None) -> Any:
    """(x, y) to learn from, but only the first `samples`, and (x, y) to be tested on."""
    (x_train, y_train), test = _loaded(folder)
    x_train, y_train = x_train[:samples], y_train[:samples]
    print(f"{len(x_train):,} digits to learn from, {len(test[0]):,} to be tested on")
    return (x_train, y_train), test


def _loaded(folder: Path | None) -> Any:
    """The real MNIST, or where there is no network, the digits that scikit-learn ships."""
    try:
        try:
            return nn.datasets.mnist.load_data(folder)
        except ConnectionError:
            print(
                "MNIST can't be downloaded here: going on with the 1,797 digits that scikit-learn ships (see --data)."
            )
            return nn.datasets.digits.load_data()
    except (OSError, ValueError, ImportError) as error:
        sys.exit(f"no digits to learn from: {error}")


def write_results(
    folder: Path, model: nn.Model, history: nn.History, x: np.ndarray, labels: np.ndarray, batch_size: int
) -> None:
    """What was learnt and how it does on the test digits x: the weights and three pictures."""
    save(folder / "weights.safetensors", model.save_weights)
    save_picture(folder / "learning_curves.png", history.plot)
    images, confidences = x.reshape(-1, 28, 28), model.predict(x)
    save_picture(folder / "digits.png", lambda: nn.plots.predictions(images, labels, confidences))
    draw(folder, loss_of_one_batch(model, x[:batch_size], nn.one_hot(labels[:batch_size], 10)))


def save(path: Path, write: Callable[[Path], Any]) -> None:
    """Writes the file and says so. What can't be drawn does not end a run that has trained."""
    try:
        write(path)
        print("wrote", path)
    except (ImportError, OSError) as error:
        print(f"could not write {path}: {error}")


def save_picture(path: Path, make: Callable[[], Any]) -> None:
    """The matplotlib Figure that `make` gives, as png."""

    def write(path: Path) -> None:
        content = io.BytesIO()
        make().savefig(content, format="png")
        tg.files.write(path, content.getvalue())

    save(path, write)


def loss_of_one_batch(model: nn.Model, x: np.ndarray, y: np.ndarray) -> tg.Tensor:
    """The loss with the graph of its computation, as in a training step."""
    model.train()
    loss = nn.losses.categorical_crossentropy(y, model(x))
    model.eval()
    return loss


def draw(folder: Path, loss: tg.Tensor) -> None:
    """The gradient graph as svg and png; where nothing is installed that draws, as dot, and a warning says so once."""
    try:
        drawing = tg.draw(loss)
        for name in ("gradient_graph.svg", "gradient_graph.png"):
            written = drawing.save(folder / name)
            print("wrote", written)
            if written.name != name:
                break
    except (ImportError, OSError) as error:
        print(f"could not draw the gradient graph: {error}")
