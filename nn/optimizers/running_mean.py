"""What most optimizers remember of gradients."""

import numpy as np


def move(mean: np.ndarray, x: np.ndarray, share: float, scratch: np.ndarray) -> None:
    """mean = (1 - share) * mean + share * x, in place. `scratch` is overwritten; it may be x."""
    np.subtract(x, mean, out=scratch)
    scratch *= share
    mean += scratch
