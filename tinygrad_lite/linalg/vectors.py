"""Where eigenvectors and singular vectors have no derivative.

The vectors of equal values may be turned among each other, and a complex vector may be turned in the plane: what
depends on how they are turned is no function of the matrix. Nothing is made up for it: it is refused.
"""

from typing import Any

import numpy as np

from ..ops.elementwise import where
from ..primitive import Array
from .matrices import bare, precision


def twins_among(values: Array, noise: np.ndarray) -> np.ndarray:
    """For each two places, whether their values are equal, but for rounding."""
    values = bare(values)
    distance = np.absolute(values[..., None, :] - values[..., :, None])
    return (distance <= noise[..., None]) & ~_on_the_diagonal(values)


def _on_the_diagonal(values: Array) -> Any:
    values = bare(values)
    return np.eye(values.shape[-1], dtype=bool, like=values)


def diagonal_of(values: Array) -> Array:
    """The diagonal matrix with these values."""
    return where(_on_the_diagonal(values), values[..., None, :], 0.0)


def over_gaps(values: Array, twins: np.ndarray) -> Array:
    """1 / (value j - value i) in row i and column j; 0 on the diagonal, and for twins."""
    same = twins | _on_the_diagonal(values)
    return where(same, 0.0, 1 / where(same, 1.0, values[..., None, :] - values[..., :, None]))


def wanted(*gradients: Array) -> np.ndarray:
    """For each column of some matrices, whether a gradient of it is asked for."""
    first, *others = [(bare(g) != 0).any(-2) for g in gradients]
    return first | others[0] if others else first


def refuse_twins(kind: str, twins: np.ndarray, columns: np.ndarray) -> None:
    """Raises LinAlgError if the vector of one of two equal values is wanted."""
    refused = twins & (columns[..., None, :] | columns[..., :, None])
    if refused.any():
        i, j = np.argwhere(refused)[0][-2:]
        raise np.linalg.LinAlgError(
            f"{kind}values {i} and {j} are equal, so that their vectors are not determined by the matrix and have no"
            f" derivative. The {kind}values have one, and so have the vectors of other {kind}values"
        )


def refuse_zeros(zero: np.ndarray, columns: np.ndarray) -> None:
    """Raises LinAlgError if the vectors of a singular value of 0 are wanted."""
    refused = zero & columns
    if refused.any():
        raise np.linalg.LinAlgError(
            f"singular value {np.argwhere(refused)[0][-1]} is 0, so that its vectors are not determined by the matrix"
            " and have no derivative"
        )


def refuse_phases(kind: str, phases: Array, *gradients: Array) -> None:
    """Raises LinAlgError if the result depends on how a vector is turned in the complex plane."""
    size = max([float(np.absolute(bare(g)).max(initial=0)) for g in gradients])
    if (np.absolute(bare(phases)) > size * precision(phases) ** 0.5).any():
        raise np.linalg.LinAlgError(
            f"the result changes when a complex {kind}vector is multiplied with exp(i * angle), but each angle is as"
            " right as any other: it has no derivative. Use what does not depend on it, such as abs()"
        )
