"""Trains a network to read handwritten digits, and shows what happened.

The network of Keras's mnist_mlp: 784-512-512-10, relu, dropout 0.2, RMSprop, batches of 128. After training it writes

    weights.npz           what was learnt
    learning_curves.png   loss and accuracy, epoch by epoch
    digits.png            test digits with what the network read, its mistakes first
    gradient_graph.svg    the computation of one batch, and who is to blame for the error (also .png)

Run `python examples/mnist.py --help` for the options. It needs: pip install 'tinygrad_lite[examples]'
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nn
import tinygrad_lite as tg
from nn import Activation, Dense, Dropout, RMSprop, Sequential


def main() -> None:
    options = parse_options()
    folder = prepared(options.output)
    nn.set_random_seed(options.seed)

    (x_train, y_train), (x_test, y_test) = load_digits(options.data)
    X_train, X_test = as_rows(x_train), as_rows(x_test)
    Y_train, Y_test = nn.one_hot(y_train, 10), nn.one_hot(y_test, 10)
    print(f"{len(X_train):,} digits to learn from, {len(X_test):,} to be tested on")

    model = Sequential()
    model.add(Dense(512, input_shape=(784,)))
    model.add(Activation("relu"))
    model.add(Dropout(0.2))
    model.add(Dense(512))
    model.add(Activation("relu"))
    model.add(Dropout(0.2))
    model.add(Dense(10))
    model.add(Activation("softmax"))
    model.summary()

    model.compile(loss="categorical_crossentropy", optimizer=RMSprop(), metrics=["accuracy"])
    history = model.fit(
        X_train,
        Y_train,
        batch_size=options.batch_size,
        epochs=options.epochs,
        verbose=1,
        validation_data=(X_test, Y_test),
    )
    score = model.evaluate(X_test, Y_test, verbose=0)

    save(folder / "weights.npz", lambda path: save_weights(path, model))
    save(folder / "learning_curves.png", lambda path: plot_curves(path, history.history))
    save(folder / "digits.png", lambda path: plot_digits(path, x_test, y_test, model.predict(X_test)))
    draw(folder, loss_of_one_batch(model, X_test[: options.batch_size], Y_test[: options.batch_size]))

    print("Test score:", score[0])
    print("Test accuracy:", score[1])


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--epochs", type=count, default=20, metavar="N", help="how often to go through the digits")
    parser.add_argument("--batch-size", type=count, default=128, metavar="N", help="digits learnt from at a time")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed gives the same run")
    parser.add_argument(
        "--data",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="FOLDER",
        help="where MNIST's four files are (default: TINYGRAD_LITE_DATA, else the cache, else downloaded)",
    )
    parser.add_argument("--output", type=Path, default=Path("output"), metavar="FOLDER", help="where to write to")
    options = parser.parse_args()
    options.data = getattr(options, "data", None)
    return options


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


def load_digits(folder: Path | None) -> Any:
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


def as_rows(images: np.ndarray) -> np.ndarray:
    """Each image as one row of numbers from 0 (paper) to 1 (ink)."""
    return images.reshape(len(images), 784).astype("float32") / 255


def loss_of_one_batch(model: Sequential, x: np.ndarray, y: np.ndarray) -> tg.Tensor:
    """The loss with the graph of its computation, as in a training step."""
    model.train()
    loss = nn.losses.categorical_crossentropy(y, model(x))
    model.eval()
    return loss


def save(path: Path, write: Callable[[Path], Any]) -> None:
    """Writes beside and renames, and says so. What can't be drawn does not end a run that has trained."""
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        write(beside)
        beside.replace(path)
        print("wrote", path)
    except (ImportError, OSError) as error:
        print(f"could not write {path}: {error}")
    finally:
        beside.unlink(missing_ok=True)


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


def save_weights(path: Path, model: Sequential) -> None:
    with path.open("wb") as file:
        np.savez(file, **{name: weight.data for name, weight in model.named_weights()})


def plotting() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install 'tinygrad_lite[examples]'") from error
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False})
    return plt


def plot_curves(path: Path, history: dict[str, list[float]]) -> None:
    plt = plotting()
    epochs = np.arange(1, len(history["loss"]) + 1)
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, name, title in zip(axes, ("loss", "accuracy"), ("Loss", "Accuracy"), strict=True):
        for key, label, colour in ((name, "training", "#9aa7b8"), (f"val_{name}", "test", "#c0392b")):
            axis.plot(epochs, history[key], color=colour, linewidth=2, marker="o", markersize=3.5)
            axis.annotate(
                f" {label} {history[key][-1]:.4f}",
                (epochs[-1], history[key][-1]),
                color=colour,
                va="center",
                xytext=(4, 0),
                textcoords="offset points",
            )
        axis.set_title(title, loc="left", fontweight="bold")
        axis.set_xlabel("epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(axis="y", color="#e6e9ee")
        axis.set_axisbelow(True)
    figure.savefig(path, dpi=120, format="png")
    plt.close(figure)


def plot_digits(path: Path, images: np.ndarray, labels: np.ndarray, confidences: np.ndarray) -> None:
    plt = plotting()
    guesses = confidences.argmax(axis=1)
    wrong = np.flatnonzero(guesses != labels)
    right = np.flatnonzero(guesses == labels)
    surest_first = wrong[np.argsort(-confidences[wrong].max(axis=1))]
    rows, columns = 6, 12
    shown = np.concatenate([surest_first[: 4 * columns], right])[: rows * columns]
    figure, axes = plt.subplots(rows, columns, figsize=(columns, rows * 1.32 + 0.6), layout="constrained")
    figure.suptitle(
        f"{len(right):,} of {len(labels):,} test digits read right. First its mistakes, the surest in front",
        x=0.01,
        ha="left",
        fontweight="bold",
    )
    for axis in axes.flat:
        axis.axis("off")
    for axis, i in zip(axes.flat, shown, strict=False):
        axis.imshow(images[i], cmap="gray_r", interpolation="nearest")
        mistaken = guesses[i] != labels[i]
        words = f"{guesses[i]}, not {labels[i]}" if mistaken else f"{guesses[i]}"
        colour = "#c0392b" if mistaken else "#2c7a4b"
        axis.set_title(words, color=colour, fontsize=11, fontweight="bold", pad=2)
        axis.text(14, 31.5, f"{confidences[i].max():.0%} sure", color="#8a94a3", fontsize=8, ha="center")
    figure.savefig(path, dpi=120, format="png")
    plt.close(figure)


if __name__ == "__main__":
    main()
