"""Digits to be read: the embedded ones, and photos that are made of digits."""

import numpy as np
import pytest

import nn
from strokes import enlarged


@pytest.fixture(scope="session")
def digits():
    """A hundred digits that scikit-learn ships, in MNIST's form: float64 (100, 28, 28) from 0 to 1."""
    from digit_parts import mnist_form

    (x, _), _ = nn.datasets.digits.load_data()
    return np.array([mnist_form.of_ink(image / 255).image for image in x[:100]], np.float64)


@pytest.fixture
def photo():
    """photo(image, seed): grey (height, width) of the digit on unevenly lit paper, with the sensor's noise."""

    def take(image, seed):
        rng = np.random.default_rng(seed)
        times = int(rng.integers(3, 11))
        side = 28 * times
        sharp = np.clip(3 * (enlarged(image, times) - 0.5) + 0.5, 0, 1)
        height, width = rng.integers(side + 20, 640, 2)
        top, left = rng.integers(0, height - side), rng.integers(0, width - side)
        ink = np.zeros((height, width))
        ink[top : top + side, left : left + side] = sharp
        down, right = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
        slope, other, vignette = rng.uniform([-0.12, -0.12, 0], [0.12, 0.12, 0.1])
        paper = 0.75 + slope * down + other * right - vignette * (down**2 + right**2)
        grey = paper - rng.uniform(0.3, 0.6) * ink + rng.normal(0, 0.03, ink.shape)
        return np.clip(grey if seed % 2 else 1 - grey, 0, 1)

    return take
