"""Arrays that go in batch by batch."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_lite import Tensor

from .checks import number


def as_samples(name: str, x: Any) -> np.ndarray:
    """The argument as an array whose first axis counts the samples, or an error that says what it is instead."""
    array = x.detach().numpy() if isinstance(x, Tensor) else np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of numbers, given {type(x).__name__} of {array.dtype}")
    if array.ndim == 0 or len(array) == 0:
        raise ValueError(f"{name} must have at least one sample along its first axis, given the shape {array.shape}")
    return array


def as_pair(x_name: str, x: Any, y_name: str, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets, of as many samples each."""
    if y is None:
        raise ValueError(f"{y_name} is missing: give the target of each sample of {x_name}")
    x, y = as_samples(x_name, x), as_samples(y_name, y)
    if len(x) != len(y):
        raise ValueError(f"{x_name} has {len(x)} samples, {y_name} has {len(y)}: they must have as many")
    return x, y


def same_last_axis(y_true: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """y_true, brought to this shape if a last axis of length 1 is all that differs: (n,) is taken for (n, 1).

    As in Keras. Broadcast against each other, they would silently make n * n pairs.
    """
    return y_true.reshape(shape) if (*y_true.shape, 1) == shape or y_true.shape == (*shape, 1) else y_true


def as_validation(data: Any) -> tuple[np.ndarray, np.ndarray]:
    """The pair (x, y) that is to be judged on."""
    if not isinstance(data, (tuple, list)):
        raise TypeError(f"validation_data must be a tuple (x, y), given {type(data).__name__}")
    if len(data) != 2:
        raise ValueError(f"validation_data must be a tuple (x, y), given {len(data)} things")
    return as_pair("validation x", data[0], "validation y", data[1])


def split_validation(x: np.ndarray, y: np.ndarray, share: float) -> tuple[tuple, tuple]:
    """The samples before, and the last `share` of them, kept for validation (before any shuffling, as in Keras)."""
    share = number("validation_split", share, below=1)
    at = int(len(x) * (1 - share))
    if at in (0, len(x)):
        raise ValueError(f"validation_split={share} of {len(x)} samples leaves one part without any")
    return (x[:at], y[:at]), (x[at:], y[at:])


def batches(count: int, batch_size: int, order: np.ndarray | None = None) -> Iterator[Any]:
    """For each batch what to index the samples with: a part of the order or, without one, a slice."""
    for start in range(0, count, batch_size):
        stop = min(start + batch_size, count)
        yield slice(start, stop) if order is None else order[start:stop]
