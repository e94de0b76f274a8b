"""The seven inputs that a network may see of a point (x1, x2)."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

Array = np.ndarray


class Feature(NamedTuple):
    """An input: what it is called, what it computes, and the same as a line of Python."""

    label: str
    function: Callable[[Array, Array], Array]
    python: str


# By their names in the Playground's links, in the order in which a network sees them.
FEATURES: dict[str, Feature] = {
    "x": Feature("X1", lambda x1, x2: x1, "x1"),
    "y": Feature("X2", lambda x1, x2: x2, "x2"),
    "xSquared": Feature("X1²", lambda x1, x2: x1 * x1, "x1 * x1"),
    "ySquared": Feature("X2²", lambda x1, x2: x2 * x2, "x2 * x2"),
    "xTimesY": Feature("X1X2", lambda x1, x2: x1 * x2, "x1 * x2"),
    "sinX": Feature("sin(X1)", lambda x1, x2: np.sin(x1), "np.sin(x1)"),
    "sinY": Feature("sin(X2)", lambda x1, x2: np.sin(x2), "np.sin(x2)"),
}


def inputs_of(x1: Array, x2: Array, names: Sequence[str]) -> Array:
    """What the network sees of these points: an array of shape (points, features)."""
    return np.stack([FEATURES[name].function(x1, x2) for name in names], axis=1)


@lru_cache(8)
def grid(size: int) -> Array:
    """The points of the plane from -6 to 6, size x size, both edges included: float32 (size * size, 2).

    Row by row, the top row (x2 = 6) first, each from left to right.
    """
    line = np.linspace(-6, 6, size, dtype=np.float32)
    points = np.stack([np.tile(line, size), np.repeat(line[::-1], size)], axis=1)
    points.flags.writeable = False
    return points


def feature_maps(size: int) -> Array:
    """All seven inputs over the plane: float32 (7, size, size), in the order of FEATURES, laid out as `grid` is."""
    return inputs_of(*grid(size).T, tuple(FEATURES)).T.reshape(-1, size, size)
