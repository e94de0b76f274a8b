"""Eigenvalues and eigenvectors of symmetric (Hermitian) matrices and of any others."""

from typing import Any, NamedTuple

import numpy as np

from ..ops.complex import conj, imag, is_complex, real
from ..ops.reductions import sum
from ..primitive import Array, Node
from .matrices import adjoint, bare, on_columns, precision, primitive, rounding
from .solving import _solve
from .vectors import diagonal_of, over_gaps, refuse_phases, refuse_twins, twins_among, wanted


class EighResult(NamedTuple):
    """Eigenvalues, smallest first, and eigenvectors: column i belongs to eigenvalue i."""

    eigenvalues: Array
    eigenvectors: Array


def _eigh_rule(g: Array, out: Array, x: Array, uplo: Any) -> Array:
    w, v, by_w, by_v = real(out[..., 0, :]), out[..., 1:, :], real(g[..., 0, :]), g[..., 1:, :]
    outer = v * on_columns(by_w)
    if isinstance(g, Node) or by_v.any():
        twins = twins_among(w, np.absolute(bare(w)).max(-1, keepdims=True, initial=0) * rounding(x))
        refuse_twins("eigen", twins, wanted(by_v))
        if is_complex(x):
            refuse_phases("eigen", imag(sum(conj(v) * by_v, axis=-2)), by_v)
        inner = adjoint(v) @ by_v
        outer = outer + v @ ((inner - adjoint(inner)) * (0.5 * over_gaps(w, twins)))
    return outer @ adjoint(v)


@primitive(_eigh_rule, complex="as written")
def _eigh(x: Array, uplo: Any) -> Array:
    """The eigenvalues as a row above the eigenvectors."""
    w, v = np.linalg.eigh(x, UPLO=uplo)
    return np.concatenate([w[..., None, :].astype(v.dtype), v], axis=-2)


def eigh(x: Array, /, UPLO: Any = "L") -> EighResult:
    """Eigenvalues, smallest first, and orthonormal eigenvectors of a symmetric (complex: Hermitian) matrix.

    Only one triangle of x is read: the lower, or with UPLO="U" the upper. The derivative is that by a symmetric matrix,
    symmetric itself. The vectors of equal eigenvalues have none: LinAlgError, if it is asked for.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor([[2.0, 0.0], [0.0, 3.0]], requires_grad=True)
    >>> tg.linalg.eigh(x).eigenvalues[0].backward()
    >>> x.grad
    tensor([[1., 0.],
            [0., 0.]])
    """
    if not isinstance(x, Node):
        return EighResult(*np.linalg.eigh(x, UPLO=UPLO))
    both = _eigh(x, uplo=UPLO)
    return EighResult(real(both[..., 0, :]), both[..., 1:, :])


def eigvalsh(x: Array, /, UPLO: Any = "L") -> Array:
    """The eigenvalues of a symmetric (complex: Hermitian) matrix, smallest first."""
    if isinstance(x, Node) and x._requires_grad:
        return eigh(x, UPLO)[0]
    return _eigvalsh(x, UPLO)


@primitive()
def _eigvalsh(x: Array, uplo: Any = "L") -> Array:
    return np.linalg.eigvalsh(x, UPLO=uplo)


class EigResult(NamedTuple):
    """Eigenvalues, in no order, and eigenvectors of length 1: column i belongs to eigenvalue i."""

    eigenvalues: Array
    eigenvectors: Array


def _eig_rule(g: Array, out: Array, x: Array) -> Array:
    w, v, by_w, by_v = out[..., 0, :], out[..., 1:, :], g[..., 0, :], g[..., 1:, :]
    if not x.size:
        return x * 0
    condition = np.linalg.cond(bare(v))
    if (condition > precision(x) ** -0.5).any():
        if bare(g).any():
            raise np.linalg.LinAlgError(
                "the matrix has not as many independent eigenvectors as rows (or nearly so): its eigenvalues have no"
                " derivative"
            )
        return x * 0
    inner = 0
    if isinstance(g, Node) or by_v.any():
        noise = (np.absolute(bare(w)).max(-1, initial=0) * condition)[..., None] * rounding(x)
        twins = twins_among(w, noise)
        refuse_twins("eigen", twins, wanted(by_v))
        along = sum(conj(v) * by_v, axis=-2)
        refuse_phases("eigen", imag(along), by_v)
        inner = adjoint(v) @ (by_v - v * on_columns(along)) * conj(over_gaps(w, twins))
    return _solve(adjoint(v), (inner + diagonal_of(by_w)) @ adjoint(v))


@primitive(_eig_rule, complex="as written")
def _eig(x: Array) -> Array:
    """The eigenvalues as a row above the eigenvectors."""
    w, v = np.linalg.eig(x)
    return np.concatenate([w[..., None, :], v], axis=-2).astype(np.result_type(v, np.complex64))


def eig(x: Array, /) -> EigResult:
    """Complex eigenvalues, in no order, and eigenvectors of length 1 of a square matrix.

    The vectors of equal eigenvalues have no derivative, nor has anything where there are fewer independent eigenvectors
    than rows: LinAlgError, if it is asked for.
    """
    both = _eig(x)
    return EigResult(both[..., 0, :], both[..., 1:, :])


def eigvals(x: Array, /) -> Array:
    """The complex eigenvalues of a square matrix, in no order."""
    if isinstance(x, Node) and x._requires_grad:
        return eig(x)[0]
    return _eigvals(x)


@primitive()
def _eigvals(x: Array) -> Array:
    w = np.linalg.eigvals(x)
    return w.astype(np.result_type(w, np.complex64))
