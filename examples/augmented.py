"""Learns from digits that are never the same twice, and from the same as they are: what does it help?

An nn.Dataset shuffles the digits, makes batches of them, and has threads move, turn and bend each digit a little, anew
in each epoch, while the network learns from the batch before. The same seed gives the same run, whatever the number of
threads. It writes

    digits.png    digits as the network saw them

Run `python examples/augmented.py --help` for the options. It needs: pip install 'tinygrad_lite[examples]'
"""

import time

import numpy as np

import mnist_parts as parts
import nn


def warped(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The digits, each changed in its own way."""
    between = nn.random_generator().uniform
    n = len(x)
    bent = nn.augmentation.smooth_noise((n, 2, 28, 28), sigma=5)
    x = nn.augmentation.warp(
        x, shift=between(-1, 1, (n, 2)), rotate=between(-10, 10, n), zoom=between(0.9, 1.1, (n, 2)), displacement=bent
    )
    return x, y


def learn(data: nn.Dataset, test: nn.Dataset, epochs: int, seed: int) -> float:
    """The share of the test digits that a network reads right after it has learnt from the data."""
    nn.set_random_seed(seed)
    model = nn.Sequential([nn.Flatten(), nn.Dense(512, "relu"), nn.Dropout(0.2), nn.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    began = time.perf_counter()
    model.fit(data, epochs=epochs)
    print(f"{(time.perf_counter() - began) / epochs:.1f} s an epoch")
    return model.evaluate(test, verbose=0)[1]


def main() -> None:
    options = parts.parse_options(
        __doc__, epochs=20, output="output/augmented", numbers={"--threads": (2, "how many threads change the digits")}
    )
    folder = parts.prepared(options.output)
    (x, y), (x_test, y_test) = parts.load_digits(options.data, options.samples)
    nn.set_random_seed(options.seed)
    plain = nn.Dataset.from_arrays(as_ink(x), y).shuffle().batch(options.batch_size)
    changed = plain.map(warped, threads=options.threads).prefetch(2)
    test = nn.Dataset.from_arrays(as_ink(x_test), y_test).batch(500)

    images, labels = next(changed.epoch(0))
    parts.save_picture(folder / "digits.png", lambda: nn.plots.predictions(images, None, labels))
    print(plain)
    before = learn(plain, test, options.epochs, options.seed)
    print(changed)
    after = learn(changed, test, options.epochs, options.seed)
    print(f"Test accuracy with the digits as they are: {before:.4f}")
    print(f"Test accuracy with digits that change:     {after:.4f}")


def as_ink(images: np.ndarray) -> np.ndarray:
    """Numbers from 0 (paper) to 1 (ink)."""
    return images.astype("float32") / 255


if __name__ == "__main__":
    main()
