"""Linear equations whose matrix is known only by what it does to a vector."""

from collections.abc import Callable

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
    basis, columns = [b / size], []
    most = min(len(b), STEPS)
    for k in range(1, most + 1):
        v = multiply(basis[-1])
        if not np.isfinite(v).all():
            raise np.linalg.LinAlgError("the matrix has elements that are not finite")
        column = np.zeros(k + 1)  # of the matrix, in this basis
        for i, q in enumerate(basis):
            column[i] = q @ v
            v = v - column[i] * q
        column[k] = np.linalg.norm(v)
        columns.append(column)
        complete = k == most or column[k] <= precision * np.linalg.norm(column)
        if complete or k % (1 + k // 10) == 0:  # the small equations are solved every now and then
            matrix = np.stack([np.pad(c, (0, k + 1 - len(c))) for c in columns], axis=1)
            target = size * np.eye(k + 1)[0]
            y = np.linalg.lstsq(matrix, target, precision)[0]
            rest = np.linalg.norm(matrix @ y - target)
            if complete or rest <= precision * size:
                break
        basis.append(v / column[k])
    if rest > precision**0.5 * (np.linalg.norm(matrix) * np.linalg.norm(y) + size):
        raise np.linalg.LinAlgError(f"nothing solves the equations: {rest / size:.2g} of the right side remain")
    return sum(part * q for part, q in zip(y, basis, strict=True))
