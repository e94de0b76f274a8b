"""Linear equations whose matrix is known only by what it does to a vector."""

from collections.abc import Callable
from math import hypot

import numpy as np

STEPS = 1000  # each keeps a vector


def gmres(multiply: Callable[[np.ndarray], np.ndarray], b: np.ndarray, precision: float) -> np.ndarray:
    """The x with multiply(x) = b, by the generalized minimal residual method (Saad and Schultz 1986).

    It multiplies at most once for each element of b, and less often where the matrix has few different eigenvalues or
    is near the identity. precision: of the products, relative. Raises LinAlgError if it finds nothing that solves the
    equations. If there are several solutions, it takes a short one.
    """
    size = float(np.linalg.norm(b))
    if size == 0:
        return np.zeros_like(b)
    basis, columns, rest = [b / size], [], size
    rotations: list[tuple[float, float]] = []
    most = min(len(b), STEPS)
    for k in range(most):
        v = multiply(basis[k])
        if not np.isfinite(v).all():
            raise np.linalg.LinAlgError("the matrix has elements that are not finite")
        column = np.zeros(k + 2)  # of the matrix, in this basis
        for i, q in enumerate(basis):
            column[i] = q @ v
            v = v - column[i] * q
        column[k + 1] = np.linalg.norm(v)
        columns.append(column)
        turned = column.tolist()  # how far the best combination misses: what rotations to a triangle leave over
        for i, (c, s) in enumerate(rotations):
            turned[i], turned[i + 1] = c * turned[i] + s * turned[i + 1], c * turned[i + 1] - s * turned[i]
        length = hypot(turned[k], turned[k + 1]) or 1.0
        rotations.append((turned[k] / length, turned[k + 1] / length))
        rest *= turned[k + 1] / length
        if rest <= precision * size or column[k + 1] <= precision * np.linalg.norm(column):
            break
        basis.append(v / column[k + 1])
    matrix = np.stack([np.pad(column, (0, len(columns) + 1 - len(column))) for column in columns], axis=1)
    target = size * np.eye(len(matrix))[0]
    y = np.linalg.lstsq(matrix, target, precision)[0]
    rest = float(np.linalg.norm(matrix @ y - target))
    if rest > precision**0.5 * (np.linalg.norm(matrix) * np.linalg.norm(y) + size):
        found = f"after {len(columns)} products {rest / size:.2g} of the right side remain"
        raise np.linalg.LinAlgError(f"nothing is found that solves the equations: {found}")
    return sum(part * q for part, q in zip(y, basis, strict=False))
