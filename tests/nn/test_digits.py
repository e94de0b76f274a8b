"""The digits that need no network: MNIST's form, and a network learns them."""

import sys

import numpy as np
import pytest

import nn


def test_they_come_in_mnists_form():
    (x_train, y_train), (x_test, y_test) = nn.datasets.digits.load_data()
    assert (x_train.shape, x_test.shape) == ((1541, 28, 28), (256, 28, 28))
    assert (y_train.shape, y_test.shape) == ((1541,), (256,))
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert set(y_test) == set(range(10))
    assert (x_train.min(), x_train.max()) == (0, 255)
    assert not x_train[:, :4].any()  # as in MNIST, the digit is 20 x 20 in the middle
    assert not x_train[:, :, 24:].any()


def test_a_small_network_learns_them():
    (x_train, y_train), (x_test, y_test) = nn.datasets.digits.load_data()
    nn.set_random_seed(0)
    model = nn.Sequential([nn.Flatten(input_shape=(28, 28)), nn.Dense(64, "relu"), nn.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    model.fit(x_train / 255, y_train, epochs=15, verbose=0)
    assert model.evaluate(x_test / 255, y_test, verbose=0)[1] > 0.95


@pytest.mark.parametrize("missing", ["sklearn.datasets", "PIL"])
def test_without_the_extra_it_says_what_to_install(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=r"pip install 'tinygrad_lite\[examples\]'"):
        nn.datasets.digits.load_data()
