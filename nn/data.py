"""Arrays that go in batch by batch."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_lite import Tensor


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


def split_validation(x: np.ndarray, y: np.ndarray, share: float) -> tuple[tuple, tuple]:
    """The samples before, and the last `share` of them, kept for validation (before any shuffling, as in Keras)."""
    if not 0 < share < 1:
        raise ValueError(f"validation_split is the share kept for validation, between 0 and 1, given {share!r}")
    at = int(len(x) * (1 - share))
    if at in (0, len(x)):
        raise ValueError(f"validation_split={share} of {len(x)} samples leaves one part without any")
    return (x[:at], y[:at]), (x[at:], y[at:])


def batches(count: int, batch_size: int, order: np.ndarray | None = None) -> Iterator[Any]:
    """For each batch what to index the samples with: a part of the order or, without one, a slice."""
    for start in range(0, count, batch_size):
        stop = min(start + batch_size, count)
        yield slice(start, stop) if order is None else order[start:stop]


def check_batch_size(batch_size: Any) -> int:
    """A whole number of at least 1."""
    if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(f"batch_size must be a whole number of at least 1, given {batch_size!r}")
    return int(batch_size)
