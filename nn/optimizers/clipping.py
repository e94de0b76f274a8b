"""Gradients that are too large are made smaller, in memory of our own."""

import math
from collections.abc import Sequence

import numpy as np


def norm(gradient: np.ndarray) -> float:
    """The square root of the sum of all squares."""
    flat = gradient.ravel(order="K")
    with np.errstate(over="ignore"):
        squares = float(np.dot(flat, flat))
        if math.isinf(squares):  # in float32, from 1e19 on
            squares = float(np.square(flat, dtype=np.float64).sum())
    return math.sqrt(squares)


def factors(gradients: Sequence[np.ndarray], clipnorm: float | None, global_clipnorm: float | None) -> list[float]:
    """What to multiply each gradient with, so that its norm, or that of all together, is at most so much."""
    if clipnorm is not None:
        return [_factor(norm(g), clipnorm) for g in gradients]
    if global_clipnorm is not None:
        return [_factor(math.hypot(*map(norm, gradients)), global_clipnorm)] * len(gradients)
    return [1.0] * len(gradients)


def _factor(norm: float, most: float) -> float:
    return 1.0 if norm <= most else most / norm  # nan for nan


def clipped(g: np.ndarray, factor: float, limit: float | None, out: np.ndarray) -> np.ndarray:
    """The gradient times the factor, or, where there is a limit, no further from 0 than that; in `out`."""
    return np.multiply(g, factor, out=out) if limit is None else np.clip(g, -limit, limit, out=out)
