"""A matrix as a product of triangular and orthogonal ones: cholesky and qr.

A primitive has one result: Q and R are handed around as one array, side by side, and taken apart by indexing.
"""

from typing import Any, NamedTuple

import numpy as np

from ..ops.indexing import getitem
from ..ops.manipulation import concatenate, shaped, tril, triu
from ..primitive import Array, Node
from .matrices import adjoint, bare, identity_like, primitive, rounding
from .solving import _solve


def _cholesky_rule(g: Array, out: Array, x: Array) -> Array:
    low, upper = tril(adjoint(out) @ g), adjoint(out)
    inner = (low + adjoint(low)) * (0.5 - 0.25 * identity_like(x))
    return adjoint(_solve(upper, adjoint(_solve(upper, inner))))


@primitive(
    _cholesky_rule, complex="as written", hint="It takes a symmetric (Hermitian) matrix with positive eigenvalues"
)
def _cholesky(x: Array) -> Array:
    return np.linalg.cholesky(x)


def cholesky(x: Array, /, *, upper: bool = False) -> Array:
    """The lower triangular matrix L with L @ L.mT = x, of a symmetric matrix with positive eigenvalues.

    Of a complex one, Hermitian, L @ conj(L.mT). upper: L.mT, or its conjugate, instead. Only one triangle of x is read;
    the derivative is that by a symmetric matrix, symmetric itself. Raises LinAlgError if there is no such matrix.

    >>> import tinygrad_lite as tg
    >>> tg.linalg.cholesky(tg.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    x = shaped(x)
    return adjoint(_cholesky(adjoint(x))) if upper else _cholesky(x)


class QRResult(NamedTuple):
    """A matrix with orthonormal columns and an upper triangular one: their product is the matrix given."""

    Q: Array
    R: Array


def _qr_rule(g: Array, out: Array, x: Array, complete: bool) -> Array:
    m, n = x.shape[-2:]
    q, r = out[..., :n], out[..., :n, -n:]
    by_q, by_r = g[..., :n], g[..., :n, -n:]
    if complete and bare(g)[..., n:m].any():
        raise np.linalg.LinAlgError(
            f"only the first {n} columns of Q are determined by the {m} x {n} matrix, the others have no derivative:"
            ' write qr(x, mode="reduced")'
        )
    sizes = np.absolute(np.diagonal(bare(r), axis1=-2, axis2=-1))
    if (sizes.min(-1, initial=np.inf) <= sizes.max(-1, initial=0) * rounding(x)).any():
        if bare(g).any():
            raise np.linalg.LinAlgError("a column depends on those before it: then Q and R have no derivative")
        return x * 0
    triangle = triu(by_r @ adjoint(r) - adjoint(q) @ by_q)
    inner = (triangle + adjoint(triangle)) * (1 - 0.5 * identity_like(r))
    return adjoint(_solve(r, adjoint(by_q + q @ inner)))


@primitive(_qr_rule, complex="as written")
def _qr(x: Array, complete: bool) -> Array:
    """Q and R side by side, of a matrix with no more columns than rows."""
    q, r = np.linalg.qr(x, mode="complete" if complete else "reduced")
    below = np.zeros_like(r, shape=(*r.shape[:-2], q.shape[-2] - r.shape[-2], r.shape[-1]))
    return np.concatenate([q, np.concatenate([r, below], axis=-2)], axis=-1)


def qr(x: Any, /, mode: Any = "reduced") -> Any:
    """Q with orthonormal columns and the upper triangular R, with Q @ R = x.

    mode: "reduced"; "complete" for a square Q, whose further columns have no derivative, since x does not determine
    them; "r" for R alone. The derivative needs independent columns (of a wide matrix, in the square part in front):
    LinAlgError otherwise.

    >>> import tinygrad_lite as tg
    >>> q, r = tg.linalg.qr(tg.tensor([[3.0, 1.0], [4.0, 2.0]], requires_grad=True))
    >>> abs(r[0, 0]).item()
    5.0
    """
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"qr: mode must be 'reduced', 'complete' or 'r', given {mode!r}")
    if not isinstance(x, Node):
        both = np.linalg.qr(x, mode=mode)
        return both if mode == "r" else QRResult(*both)
    shape = bare(x).shape
    m, n = shape[-2:] if len(shape) > 1 else (0, 0)
    if m < n:  # the square part in front decides
        q, r = qr(getitem(x, (..., slice(m))))
        r = concatenate([r, adjoint(q) @ getitem(x, (..., slice(m, None)))], axis=-1)
    else:
        both = _qr(x, complete=mode == "complete")
        width = both.shape[-1] - n
        q, r = both[..., :width], both[..., :width, width:]
    return r if mode == "r" else QRResult(q, r)
