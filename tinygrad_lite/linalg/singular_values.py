"""The singular values of a matrix, and its singular vectors."""

from typing import Any, NamedTuple

import numpy as np

from ..ops.complex import conj, imag, is_complex, real
from ..ops.elementwise import where
from ..ops.reductions import sum
from ..primitive import Array, Node
from .matrices import adjoint, bare, on_columns, primitive, rounding
from .vectors import over_gaps, refuse_phases, refuse_twins, refuse_zeros, twins_among, wanted


class SVDResult(NamedTuple):
    """Two matrices with orthonormal vectors and the singular values, largest first: x = (U * S) @ Vh."""

    U: Array
    S: Array
    Vh: Array


def _svd_rule(g: Array, out: Array, x: Array, full: bool) -> Array:
    m, n = x.shape[-2:]
    k = min(m, n)
    u, s, v = out[..., :m, :k], real(out[..., m, :k]), out[..., m + 1 :, :k]
    by_u, by_s, by_v = g[..., :m, :k], real(g[..., m, :k]), g[..., m + 1 :, :k]
    if full and bare(g)[..., k:].any():
        raise np.linalg.LinAlgError(
            f"only the first {k} singular vectors are determined by the {m} x {n} matrix, the others have no"
            " derivative: write svd(x, full_matrices=False)"
        )
    noise = bare(s).max(-1, keepdims=True, initial=0) * rounding(x)
    zero = bare(s) <= noise
    outer = u * on_columns(where(zero, 0.0, by_s))  # at 0 there is a kink, as of |x|
    if isinstance(g, Node) or bare(g)[..., :m, :].any() or bare(g)[..., m + 1 :, :].any():
        columns, twins = wanted(by_u, by_v), twins_among(s, noise)
        refuse_twins("singular ", twins, columns)
        if m != n or is_complex(x):
            refuse_zeros(zero, columns)
        x_u, x_v = adjoint(u) @ by_u, adjoint(v) @ by_v
        sums = s[..., None, :] + s[..., :, None]
        slopes = over_gaps(s, twins) / where(sums == 0, 1.0, sums)
        turned_u, turned_v = (x_u - adjoint(x_u)) * slopes, (x_v - adjoint(x_v)) * slopes
        outer = outer + u @ (turned_u * on_columns(s) + s[..., :, None] * turned_v)
        over = on_columns(where(zero, 0.0, 1 / where(zero, 1.0, s)))
        if is_complex(x):
            phases_u, phases_v = (imag(sum(conj(a) * b, axis=-2)) for a, b in ((u, by_u), (v, by_v)))
            refuse_phases("singular ", phases_u + phases_v, by_u, by_v)
            outer = outer + u * (over * on_columns(0.5j * (phases_u - phases_v)))
        if m > n:
            outer = outer + (by_u - u @ x_u) * over
        if m < n:
            return outer @ adjoint(v) + u @ adjoint((by_v - v @ x_v) * over)
    return outer @ adjoint(v)


@primitive(_svd_rule, complex="as written")
def _svd(x: Array, full: bool) -> Array:
    """U, a row with the singular values and V, one above the other."""
    u, s, vh = np.linalg.svd(x, full_matrices=full)
    v = np.conjugate(np.swapaxes(vh, -1, -2))
    m, n = x.shape[-2:]
    out = np.zeros_like(u, shape=(*x.shape[:-2], m + 1 + n, max(m, n) if full else min(m, n)))
    out[..., :m, : u.shape[-1]], out[..., m, : s.shape[-1]], out[..., m + 1 :, : v.shape[-1]] = u, s, v
    return out


def svd(x: Array, /, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """The singular value decomposition: U, the singular values S, largest first, and Vh, with x = (U * S) @ Vh.

    full_matrices: of a matrix that is not square, further vectors are added to make U or Vh square; x does not
    determine them and they have no derivative. Neither have the vectors of equal singular values. The derivative of a
    singular value of 0 is 0. compute_uv=False: S alone.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor([[3.0, 0.0], [0.0, 2.0]], requires_grad=True)
    >>> tg.linalg.svd(x).S[0].backward()
    >>> x.grad
    tensor([[1., 0.],
            [0., 0.]])
    """
    if not compute_uv:
        return svdvals(x)
    if not isinstance(x, Node):
        return SVDResult(*np.linalg.svd(x, full_matrices=full_matrices))
    parts = _svd(x, full=bool(full_matrices))
    m, n = bare(x).shape[-2:]
    k = min(m, n)
    u, v = parts[..., :m, : m if full_matrices else k], parts[..., m + 1 :, : n if full_matrices else k]
    return SVDResult(u, real(parts[..., m, :k]), adjoint(v))


def svdvals(x: Array, /) -> Array:
    """The singular values, largest first. The derivative of one that is 0 is 0, as that of abs."""
    if isinstance(x, Node) and x._requires_grad:
        return svd(x, full_matrices=False)[1]
    return _svdvals(x)


@primitive()
def _svdvals(x: Array) -> Array:
    return np.linalg.svd(x, compute_uv=False)
