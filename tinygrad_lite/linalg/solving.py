"""Linear equations: their solution, inverses, ranks."""

from typing import Any

import numpy as np

from ..ops.indexing import getitem
from ..ops.manipulation import shaped
from ..primitive import Array
from .matrices import adjoint, bare, floating, identity_like, primitive, transposed


@primitive(lambda g, out, x: -(transposed(out) @ g @ transposed(out)), complex="holomorphic")
def inv(x: Array, /) -> Array:
    """The inverse matrix. Raises LinAlgError for a singular one: `pinv` has an answer there.

    >>> import tinygrad_lite as tg
    >>> tg.linalg.inv(tg.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    return np.linalg.inv(x)


@primitive(
    lambda by_b, out, a, b: -(by_b @ transposed(out)),
    lambda by_b, out, a, b: by_b,
    shared=lambda g, out, a, b: _solve(transposed(a), g),
    complex="holomorphic",
    hint="The first is a square matrix; the second has as many rows, or it is one vector of that length",
)
def _solve(a: Array, b: Array) -> Array:
    return np.linalg.solve(a, b)


def solve(a: Array, b: Array, /) -> Array:
    """The x with a @ x = b. A b with one axis is a vector, with more axes a stack of matrices.

    >>> import tinygrad_lite as tg
    >>> a = tg.tensor([[2.0, 0.0], [0.0, 4.0]], requires_grad=True)
    >>> tg.linalg.solve(a, [1.0, 2.0]).sum().backward()
    >>> a.grad
    tensor([[-0.25 , -0.25 ],
            [-0.125, -0.125]])
    """
    b = shaped(b)
    if b.ndim == 1:
        return _solve(a, getitem(b, (slice(None), None)))[..., 0]
    return _solve(a, b)


def _pinv_rule(g: Array, out: Array, x: Array, rtol: Any) -> Array:
    # Golub and Pereyra 1973: how it moves while x moves among the matrices of its rank.
    back, again = adjoint(out), adjoint(g)
    on_rows, on_columns = x @ out, out @ x
    rows_left, columns_left = identity_like(on_rows) - on_rows, identity_like(on_columns) - on_columns
    return rows_left @ again @ out @ back + back @ out @ again @ columns_left - back @ g @ back


@primitive(_pinv_rule, complex="as written")
def _pinv(x: Array, rtol: Any) -> Array:
    return np.linalg.pinv(x, rtol=rtol)


def pinv(x: Array, /, rcond: Any = None, *, rtol: Any = None) -> Array:
    """The pseudo-inverse: singular values below `rtol` times the largest are taken for 0.

    rtol: by default the longer side of the matrix times the precision of its dtype; a number, or one for each matrix.
    As a threshold it has the derivative 0. rcond: NumPy's name for it. Where the rank is not full, the derivative is
    that of moving among matrices of the same rank: on every other way out the pseudo-inverse jumps.
    """
    return _pinv(floating(x), bare(rcond if rtol is None else rtol))


@primitive()
def matrix_rank(x: Array, /, tol: Any = None, *, rtol: Any = None) -> Array:
    """How many singular values are above `tol`, by default `rtol` times the largest: a constant.

    rtol: by default the longer side of the matrix times the precision of its dtype.
    """
    return np.linalg.matrix_rank(x, tol) if rtol is None else np.linalg.matrix_rank(x, rtol=rtol)
