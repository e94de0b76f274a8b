"""What each sample counts: its weight, or that of its class."""

from typing import Any

import numpy as np


def weights_like(values: Any, sample_weight: Any, most: int | None = None) -> np.ndarray:
    """The weights in the values' dtype, in a shape that multiplies the values: (n,) or (n, steps), ones behind.

    most: as many axes of the values may have weights of their own; by default all. Raises TypeError for what are no
    numbers, ValueError for weights of another shape.

    >>> weights_like(np.ones((2, 3)), [1.0, 0.5])
    array([[1. ],
           [0.5]])
    """
    weights = np.asarray(sample_weight)
    if weights.dtype.kind not in "biuf":
        raise TypeError(f"sample_weight must be numbers, given {type(sample_weight).__name__} of {weights.dtype}")
    axes = values.ndim if most is None else most
    if weights.ndim > 1 and weights.shape[-1] == 1 and weights.shape != values.shape[: weights.ndim]:
        weights = weights[..., 0]  # a column
    if not 1 <= weights.ndim <= axes or weights.shape != values.shape[: weights.ndim]:
        raise ValueError(
            f"sample_weight must have one number for each of {len(values)} samples, ({len(values)},), or one for each"
            f" step of theirs, given the shape {weights.shape} for losses of the shape {values.shape[:axes]}"
        )
    return weights.astype(values.dtype).reshape(*weights.shape, *[1] * (values.ndim - weights.ndim))
