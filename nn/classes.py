"""Class numbers, from what stands for them: the numbers themselves, one-hot rows, or confidences."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .data import as_samples


def class_numbers(name: str, given: Any) -> np.ndarray:
    """One whole number for each sample: the class that it has, or that most speaks for.

    given: class numbers (n,) or (n, 1); one-hot rows or confidences (n, classes), of which the largest counts; or
    confidences of yes (n, 1), where yes is class 1. Raises ValueError for another shape, what is no class number, and
    rows with nan in them, TypeError for what holds no numbers.
    """
    array = as_samples(name, given)
    if array.ndim not in (1, 2) or array.shape[-1] == 0:
        raise ValueError(
            f"{name} must be class numbers (n,) or confidences (n, classes), given the shape {array.shape}"
        )
    if lost := int(np.isnan(array.reshape(len(array), -1)).any(axis=1).sum()):
        raise ValueError(f"{name} has nan in {lost:,} of {len(array):,} samples: that is no class")
    if array.ndim == 2 and array.shape[1] > 1:
        return array.argmax(axis=1)
    column = array.reshape(-1)
    with np.errstate(invalid="ignore"):  # infinite
        whole = column.astype(np.int64)
    if (whole == column).all() and whole.min() >= 0:
        return whole
    if array.ndim == 2 and column.min() >= 0 and column.max() <= 1:
        return (column > 0.5).astype(np.int64)
    wrong = column[(whole != column) | (whole < 0)][0]
    raise ValueError(
        f"{name} has {wrong}, which is no class number: those are 0, 1, 2, ... (confidences of yes are from 0 to 1,"
        " of the shape (n, 1))"
    )


def confidence(name: str, given: Any) -> np.ndarray | None:
    """How sure each guess of `class_numbers` is, from 0 to 1; None for class numbers, which don't say.

    Raises ValueError for confidences outside of 0 to 1.
    """
    array = as_samples(name, given)
    if array.ndim == 1 or array.dtype.kind != "f":
        return None
    if array.min() < 0 or array.max() > 1.0001:
        raise ValueError(
            f"{name} must be from 0 to 1, given {array.min():.4g} to {array.max():.4g}: logits go through"
            " nn.activations.softmax first"
        )
    return array.max(axis=1) if array.shape[1] > 1 else np.maximum(array[:, 0], 1 - array[:, 0])


def class_names(names: Sequence[Any] | None, classes: int) -> list[str]:
    """The names of so many classes: their numbers, unless they were given. ValueError if too few were."""
    if names is None:
        return [str(i) for i in range(classes)]
    if isinstance(names, str) or len(names) < classes:
        what = "a string" if isinstance(names, str) else f"{len(names)}"
        raise ValueError(f"names must be a list with a name for each of {classes} classes, given {what}")
    return [str(name) for name in names]
