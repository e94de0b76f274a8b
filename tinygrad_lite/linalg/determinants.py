"""Determinants, with derivatives at singular matrices, too."""

from typing import NamedTuple

import numpy as np

from ..ops.complex import conj, imag, is_complex, real
from ..ops.elementwise import where
from ..ops.manipulation import concatenate, reshape, stack
from ..primitive import Array, Node
from .matrices import adjoint, bare, identity_like, on_matrices, precision, primitive, transposed
from .products import trace
from .solving import inv


def _cofactors(out: Array, x: Array) -> Array:
    """The derivative of the determinant `out` of x: for each element, that of x without its row and column."""
    try:
        inverse = inv(x)
    except np.linalg.LinAlgError:
        inverse = None
    if inverse is not None and _far_from_singular(bare(x), bare(inverse)):
        return on_matrices(out) * transposed(inverse)
    matrices = reshape(x, (-1, *x.shape[-2:]))
    return transposed(reshape(stack([_adjugate(matrices[i]) for i in range(len(matrices))]), x.shape))


def _far_from_singular(x: np.ndarray, inverse: np.ndarray) -> bool:
    condition = np.linalg.norm(x, axis=(-2, -1)) * np.linalg.norm(inverse, axis=(-2, -1))
    return not (condition >= precision(x) ** -0.5).any()  # with a nan in it, all is nan


def _adjugate(x: Array) -> Array:
    """det(x) inv(x), a polynomial of the elements of x, where x may be singular.

    The singular vectors of x, as constants, bring it to a form in which what makes it singular is a small block of its
    own. All but that block is inverted; the block's own adjugate takes no division by anything that may be 0.
    """
    u, s, vh = np.linalg.svd(bare(x))
    middle = adjoint(u) @ x @ adjoint(vh)
    k = int(np.sum(s > s[:1].max(initial=0) * precision(s) ** 0.5))
    p, q, r, t = middle[:k, :k], middle[:k, k:], middle[k:, :k], middle[k:, k:]
    inverse, d = inv(p), det(p)
    small, e = _faddeev(t - r @ inverse @ q)
    left, right = inverse @ q @ small, small @ r @ inverse
    top = concatenate([e * inverse + left @ r @ inverse, -left], axis=1)
    whole = d * concatenate([top, concatenate([-right, small], axis=1)], axis=0)
    return adjoint(vh) @ whole @ adjoint(u) * (np.linalg.det(u) * np.linalg.det(vh))


def _faddeev(x: Array) -> tuple[Array, Array]:
    """The adjugate and the determinant by the method of Faddeev and LeVerrier: n products, divisions by 1 ... n."""
    n, identity = x.shape[-1], identity_like(x)
    adjugate, determinant = identity, trace(identity) * 0 + 1
    for k in range(1, n + 1):
        product = x @ adjugate
        determinant = trace(product) / k
        if k < n:
            adjugate = identity * determinant - product
    return adjugate, determinant


@primitive(lambda g, out, x: on_matrices(g) * _cofactors(out, x), complex="holomorphic")
def det(x: Array, /) -> Array:
    """The determinant. Its derivative, the cofactors, is exact at singular matrices, too, in any order.

    >>> import tinygrad_lite as tg
    >>> tg.grad(tg.linalg.det)([[1.0, 2.0], [2.0, 4.0]])
    tensor([[ 4., -2.],
            [-2.,  1.]])
    """
    return np.linalg.det(x)


class SlogdetResult(NamedTuple):
    """The determinant is sign * exp(logabsdet)."""

    sign: Array
    logabsdet: Array


def _slogdet_rule(g: Array, out: Array, x: Array) -> Array:
    by_log = g[..., 1]
    if is_complex(x):  # log(det) = logabsdet + i * angle, and the sign turns with the angle
        by_log = real(by_log) + 1j * imag(g[..., 0] * conj(out[..., 0]))
    singular = bare(out)[..., 0] == 0
    if singular.any():
        if (singular & (bare(by_log) != 0)).any():
            raise np.linalg.LinAlgError(
                "the matrix is singular: the logarithm of its determinant, which is 0, has no derivative. det has one"
            )
        x = where(on_matrices(singular), identity_like(x), x)
    return on_matrices(by_log) * adjoint(inv(x))


@primitive(_slogdet_rule, complex="as written")
def _slogdet(x: Array) -> Array:
    return np.stack(np.linalg.slogdet(x), axis=-1)


def slogdet(x: Array, /) -> SlogdetResult:
    """The sign of the determinant and the logarithm of its absolute value, without overflow.

    Of complex matrices the sign is a complex number of length 1. At a singular matrix (sign 0, logarithm -inf) there is
    no derivative: LinAlgError, unless nothing is asked of it.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor([[2.0, 1.0], [0.0, 4.0]], requires_grad=True)
    >>> tg.linalg.slogdet(x).logabsdet.backward()
    >>> x.grad
    tensor([[ 0.5  ,  0.   ],
            [-0.125,  0.25 ]])
    """
    if not isinstance(x, Node):
        return SlogdetResult(*np.linalg.slogdet(x))
    both = _slogdet(x)
    return SlogdetResult(both[..., 0], real(both[..., 1]))
