"""Arrays that go in batch by batch; for several inputs or outputs, lists of them."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from tinygrad_lite import Tensor, asarray, nests

Samples: TypeAlias = np.ndarray | list[np.ndarray]  # one array, or one for each of several inputs or outputs


def as_samples(name: str, x: Any) -> np.ndarray:
    """The argument as an array whose first axis counts the samples, or an error that says what it is instead."""
    array = x.detach().numpy() if isinstance(x, Tensor) else np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be an array of numbers, given {type(x).__name__} of {array.dtype}")
    if array.ndim == 0 or len(array) == 0:
        raise ValueError(f"{name} must have at least one sample along its first axis, given the shape {array.shape}")
    return array


def in_order(what: str, given: Any, names: list[str]) -> list:
    """One value for each name, in the names' order, from a list in that order or a dict with the names as keys.

    Raises TypeError for anything else, ValueError for other names or another number; `what` was given them.
    """
    if not isinstance(given, (list, tuple, dict)):
        raise TypeError(f"{what} needs a list or dict for {', '.join(names)}, given {type(given).__name__}")
    if isinstance(given, dict) and set(given) != set(names):
        raise ValueError(f"{what} needs {', '.join(names)}, given {', '.join(map(str, given)) or 'none'}")
    if len(given) != len(names):
        raise ValueError(f"{what} needs {len(names)} ({', '.join(names)}), given {len(given)}")
    return [given[name] for name in names] if isinstance(given, dict) else list(given)


def as_columns(name: str, given: Any, names: list[str] | None) -> Samples:
    """The samples of the one input or output or, where there are names, a list: those of each of several."""
    if names is None:
        return as_samples(name, given)
    columns = [as_samples(f"{name} of {key}", x) for key, x in zip(names, in_order(name, given, names), strict=True)]
    if len(lengths := {len(column) for column in columns}) > 1:
        raise ValueError(
            f"{name} has arrays of {' and '.join(map(str, sorted(lengths)))} samples: they must have as many"
        )
    return columns


def as_pair(
    x_name: str, x: Any, y_name: str, y: Any, inputs: list[str] | None = None, outputs: list[str] | None = None
) -> tuple[Samples, Samples]:
    """Inputs and targets, of as many samples each; `inputs` and `outputs` are the names where there are several."""
    if y is None:
        raise ValueError(f"{y_name} is missing: give the target of each sample of {x_name}")
    x, y = as_columns(x_name, x, inputs), as_columns(y_name, y, outputs)
    if count(x) != count(y):
        raise ValueError(f"{x_name} has {count(x)} samples, {y_name} has {count(y)}: they must have as many")
    return x, y


def count(samples: Samples) -> int:
    """How many samples there are."""
    return len(next(nests.leaves(samples)))


def rows(samples: Samples, which: Any) -> Any:
    """Some of the samples, chosen by a slice or by their indices."""
    return nests.mapped(lambda column: column[which], samples)


def same_last_axis(y_true: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """y_true, brought to this shape if a last axis of length 1 is all that differs: (n,) is taken for (n, 1).

    As in Keras. Broadcast against each other, they would silently make n * n pairs.
    """
    return y_true.reshape(shape) if (*y_true.shape, 1) == shape or y_true.shape == (*shape, 1) else y_true


def as_input(batch: Samples) -> Any:
    """A batch on its way in: floating point numbers as float32, like the weights."""
    return nests.mapped(lambda x: asarray(x.astype(np.float32) if x.dtype == np.float64 else x), batch)


def batches(total: int, batch_size: int, order: np.ndarray | None = None) -> Iterator[Any]:
    """For each batch what to index the samples with: a part of the order or, without one, a slice."""
    for start in range(0, total, batch_size):
        stop = min(start + batch_size, total)
        yield slice(start, stop) if order is None else order[start:stop]
