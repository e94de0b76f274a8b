"""Trains a convolutional network to read handwritten digits, and shows what it looks at.

The network of Keras's mnist_cnn of 2016: two convolutions of 3 x 3 with 32 and 64 filters, max pooling, 128 neurons,
10 answers; relu, dropout, Adadelta, batches of 128. After training it writes

    weights.npz           what was learnt
    learning_curves.png   loss and accuracy, epoch by epoch
    digits.png            test digits with what the network read, its mistakes first
    gradient_graph.svg    the computation of one batch, and who is to blame for the error (also .png)
    filters.png           the 32 patterns that the first convolution looks for
    activations.png       where both convolutions find theirs in one digit

Run `python examples/mnist_cnn.py --help` for the options. It needs: pip install 'tinygrad_lite[examples]'
"""

from pathlib import Path
from typing import Any

import numpy as np

import mnist_parts as parts
import nn
import tinygrad_lite as tg
from nn import Adadelta, Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Sequential


def main() -> None:
    options = parts.parse_options(__doc__, epochs=12, output="output/mnist_cnn")
    folder = parts.prepared(options.output)
    nn.set_random_seed(options.seed)

    (x_train, y_train), (x_test, y_test) = parts.load_digits(options.data, options.samples)
    X_train, X_test = with_a_channel(x_train), with_a_channel(x_test)
    Y_train, Y_test = nn.one_hot(y_train, 10), nn.one_hot(y_test, 10)

    model = Sequential()
    model.add(Conv2D(32, (3, 3), activation="relu", input_shape=(28, 28, 1)))
    model.add(Conv2D(64, (3, 3), activation="relu"))
    model.add(MaxPooling2D((2, 2)))
    model.add(Dropout(0.25))
    model.add(Flatten())
    model.add(Dense(128, activation="relu"))
    model.add(Dropout(0.5))
    model.add(Dense(10, activation="softmax"))
    model.summary()

    model.compile(loss="categorical_crossentropy", optimizer=Adadelta(1.0), metrics=["accuracy"])
    history = model.fit(
        X_train,
        Y_train,
        batch_size=options.batch_size,
        epochs=options.epochs,
        verbose=1,
        validation_data=(X_test, Y_test),
    )
    score = model.evaluate(X_test, Y_test, verbose=0)

    parts.write_results(folder, model, history, X_test, y_test, options.batch_size)
    parts.save(folder / "filters.png", lambda path: plot_filters(path, model))
    parts.save(folder / "activations.png", lambda path: plot_activations(path, model, X_test[:1]))

    print("Test score:", score[0])
    print("Test accuracy:", score[1])


def with_a_channel(images: np.ndarray) -> np.ndarray:
    """Images of numbers from 0 (paper) to 1 (ink), (n, 28, 28, 1)."""
    return images[..., None].astype("float32") / 255


def plot_filters(path: Path, model: Sequential) -> None:
    """What each filter of the first convolution weighs its 3 x 3 pixels with."""
    plt = parts.plotting()
    kernels = model[0].kernel.data[:, :, 0]
    strongest = abs(kernels).max()
    figure, axes = plt.subplots(4, 8, figsize=(9, 4.8), layout="constrained")
    figure.suptitle("What the first convolution looks for: its 32 filters", x=0.01, ha="left", fontweight="bold")
    for i, axis in enumerate(axes.flat):
        shown = axis.imshow(kernels[..., i], cmap="RdBu_r", vmin=-strongest, vmax=strongest)
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set(visible=True, color="#c9d0d9")
        axis.set_title(f"{i + 1}", fontsize=8, color="#8a94a3", pad=3)
    bar = figure.colorbar(shown, ax=axes, shrink=0.7, aspect=24, ticks=[-strongest, 0, strongest])
    bar.ax.set_yticklabels(["ink here\nspeaks against", "does not\nmatter", "ink here\nspeaks for it"], fontsize=9)
    bar.ax.tick_params(length=0)
    bar.outline.set_visible(False)
    figure.savefig(path, dpi=120, format="png")
    plt.close(figure)


def plot_activations(path: Path, model: Sequential, image: np.ndarray) -> None:
    """What both convolutions make of one image, (1, 28, 28, 1), each filter in a tile of its own."""
    plt = parts.plotting()
    with tg.no_grad():
        first = model[0](image)
        second = model[1](first)
    figure, axes = plt.subplot_mosaic(
        [["image", "first", "second"], ["answer", "first", "second"]],
        figsize=(13, 7.2),
        width_ratios=[70, 112, 212],
        layout="constrained",
    )
    for name, title, words, channels, columns in (
        ("image", "One digit", "28 x 28 pixels", image, 1),
        ("first", "First convolution", "where its 32 filters find their patterns", first.numpy(), 4),
        ("second", "Second convolution", "where its 64 filters find patterns of those patterns", second.numpy(), 8),
    ):
        tiles = tiled(channels[0], columns)
        colours = plt.get_cmap("gist_heat_r" if columns > 1 else "gray_r").with_extremes(bad="#d5dbe3")
        brightest = np.percentile(tiles.compressed(), 99.8)
        axes[name].imshow(tiles, cmap=colours, vmin=0, vmax=brightest, interpolation="nearest")
        axes[name].set(xticks=[], yticks=[], anchor="N")
        axes[name].spines[:].set(visible=True, color="#d5dbe3")
        head(axes[name], title, words)
    plot_answer(axes["answer"], model.predict(image)[0])
    figure.savefig(path, dpi=120, format="png")
    plt.close(figure)


def head(axis: Any, title: str, words: str) -> None:
    axis.set_title(title, loc="left", fontweight="bold", pad=20)
    axis.annotate(words, (0, 1), (0, 6), "axes fraction", "offset points", color="#6b7686", fontsize=9)


def plot_answer(axis: Any, confidences: np.ndarray) -> None:
    answer = confidences.argmax()
    axis.barh(range(10), confidences, color=[parts.GREEN if i == answer else parts.GREY for i in range(10)])
    head(axis, f"Read as {answer}", f"{confidences[answer]:.0%} sure")
    axis.set(yticks=range(10), xticks=[], xlim=(0, 1), ylim=(9.6, -0.6))
    axis.spines["bottom"].set_visible(False)
    axis.spines["left"].set_color("#c9d0d9")
    axis.tick_params(axis="y", length=0)


def tiled(channels: np.ndarray, columns: int) -> np.ma.MaskedArray:
    """The channels of an image (height, width, channels) side by side in rows, with a masked line between them."""
    height, width, n = channels.shape
    tiles = np.ma.masked_all((n // columns, height + 1, columns, width + 1))
    tiles[:, :-1, :, :-1] = channels.reshape(height, width, -1, columns).transpose(2, 0, 3, 1)
    return tiles.reshape(n // columns * (height + 1), columns * (width + 1))[:-1, :-1]


if __name__ == "__main__":
    main()
