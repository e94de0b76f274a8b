"""What the arguments have to be, and the errors that say so."""

import math
from typing import Any

import numpy as np


def whole_number(name: str, value: Any, least: int) -> int:
    """The argument as an int. Raises TypeError for what is no whole number, ValueError for one below `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(
            f"{name} must be a whole number of at least {least}, given {type(value).__name__} {value!r:.60}"
        )
    if value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, given {value}")
    return int(value)


def whole_numbers(name: str, value: Any, count: int) -> tuple[int, ...]:
    """So many whole numbers of at least 1; one number counts for all. Raises ValueError for another count."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * count
    if len(values) != count:
        raise ValueError(f"{name} must be a whole number of at least 1, or {count} of them, given {value!r}")
    return tuple([whole_number(name, n, 1) for n in values])


def number(name: str, value: Any, below: float = math.inf) -> float:
    """The argument as a float, from 0 to below `below`. Raises TypeError for what is no number, else ValueError."""
    span = "at least 0" if below == math.inf else f"at least 0 and below {below}"
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a number, {span}, given {type(value).__name__} {value!r:.60}")
    if not 0 <= value < below:
        raise ValueError(f"{name} must be a number, {span}, given {value!r}")
    return float(value)


def above_0(name: str, value: Any) -> float:
    """The argument as a float above 0. Raises TypeError for what is no number, else ValueError."""
    if not number(name, value):
        raise ValueError(f"{name} must be above 0, given {value!r}")
    return float(value)


def real_number(name: str, value: Any) -> float:
    """The argument as a float. Raises TypeError for what is no number, ValueError for nan."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name} must be a number, given {type(value).__name__} {value!r:.60}")
    if math.isnan(value):
        raise ValueError(f"{name} must be a number, given nan")
    return float(value)


def sample_shape(shape: Any) -> tuple[int, ...]:
    """The shape of one sample, such as (784,): a tuple or list of whole numbers of at least 1."""
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"input_shape is the shape of one sample, such as (784,), given {shape!r:.60}")
    if any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1 for n in shape):
        raise ValueError(f"input_shape is the shape of one sample, such as (784,), given {shape!r:.60}")
    return tuple(int(n) for n in shape)
