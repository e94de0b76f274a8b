"""The numbers a weight starts with. Each function takes a shape and gives a float32 array.

For a kernel of shape (..., inputs, outputs), fan_in is the number of inputs of one output, fan_out the reverse.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .naming import choose
from .random import random_generator

Shape = tuple[int, ...]
Initializer = Callable[[Shape], np.ndarray]


def _fans(shape: Shape) -> tuple[float, float]:
    if len(shape) < 2:
        return (float(shape[0]), float(shape[0])) if shape else (1.0, 1.0)
    receptive = math.prod(shape[:-2])
    return float(shape[-2] * receptive), float(shape[-1] * receptive)


def _uniform(shape: Shape, limit: float) -> np.ndarray:
    return random_generator().uniform(-limit, limit, shape).astype(np.float32)


def _normal(shape: Shape, stddev: float) -> np.ndarray:
    """Normal, cut at two standard deviations and widened so that the stddev is still the one asked for."""
    draw = random_generator().standard_normal(shape)
    while (outside := np.abs(draw) > 2).any():
        draw[outside] = random_generator().standard_normal(int(outside.sum()))
    return (draw * (stddev / 0.87962566103423978)).astype(np.float32)


def glorot_uniform(shape: Shape) -> np.ndarray:
    """Uniform within sqrt(6 / (fan_in + fan_out)): Glorot and Bengio 2010."""
    return _uniform(shape, math.sqrt(6 / sum(_fans(shape))))


def glorot_normal(shape: Shape) -> np.ndarray:
    """Truncated normal of stddev sqrt(2 / (fan_in + fan_out)): Glorot and Bengio 2010."""
    return _normal(shape, math.sqrt(2 / sum(_fans(shape))))


def he_uniform(shape: Shape) -> np.ndarray:
    """Uniform within sqrt(6 / fan_in), for relu: He et al. 2015."""
    return _uniform(shape, math.sqrt(6 / _fans(shape)[0]))


def he_normal(shape: Shape) -> np.ndarray:
    """Truncated normal of stddev sqrt(2 / fan_in), for relu: He et al. 2015."""
    return _normal(shape, math.sqrt(2 / _fans(shape)[0]))


def lecun_uniform(shape: Shape) -> np.ndarray:
    """Uniform within sqrt(3 / fan_in): LeCun et al. 1998."""
    return _uniform(shape, math.sqrt(3 / _fans(shape)[0]))


def lecun_normal(shape: Shape) -> np.ndarray:
    """Truncated normal of stddev sqrt(1 / fan_in): LeCun et al. 1998."""
    return _normal(shape, math.sqrt(1 / _fans(shape)[0]))


def random_uniform(shape: Shape) -> np.ndarray:
    """Uniform between -0.05 and 0.05, as Keras's default."""
    return _uniform(shape, 0.05)


def random_normal(shape: Shape) -> np.ndarray:
    """Normal of stddev 0.05, as Keras's default."""
    return (0.05 * random_generator().standard_normal(shape)).astype(np.float32)


def orthogonal(shape: Shape) -> np.ndarray:
    """Orthonormal columns, or rows where there are fewer: Saxe et al. 2014."""
    if len(shape) < 2:
        raise ValueError(f"orthogonal needs a shape of at least two axes, given {shape}")
    rows, columns = math.prod(shape[:-1]), shape[-1]
    q, r = np.linalg.qr(random_generator().standard_normal((max(rows, columns), min(rows, columns))))
    q = q * np.sign(np.diag(r))
    return (q if rows >= columns else q.T).reshape(shape).astype(np.float32)


def zeros(shape: Shape) -> np.ndarray:
    """Zeros."""
    return np.zeros(shape, np.float32)


def ones(shape: Shape) -> np.ndarray:
    """Ones."""
    return np.ones(shape, np.float32)


INITIALIZERS: dict[str, Initializer] = {
    f.__name__: f
    for f in (
        glorot_uniform,
        glorot_normal,
        he_uniform,
        he_normal,
        lecun_uniform,
        lecun_normal,
        random_uniform,
        random_normal,
        orthogonal,
        zeros,
        ones,
    )
}


def get(initializer: str | Initializer | Any) -> Initializer:
    """The initializer of that name; a function of a shape is taken as it is."""
    return choose("initializer", initializer, INITIALIZERS)
