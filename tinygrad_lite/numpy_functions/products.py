"""Sums of products."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import linalg, ops
from ..ops.manipulation import shaped
from ..primitive import Array


def inner(a: Array, b: Array) -> Array:
    a, b = shaped(a), shaped(b)
    return a * b if not a.ndim or not b.ndim else ops.tensordot(a, b, axes=([-1], [-1]))


def vdot(a: Array, b: Array) -> Array:
    return ops.vecdot(ops.reshape(a, (-1,)), ops.reshape(b, (-1,)))


def kron(a: Array, b: Array) -> Array:
    a, b = shaped(a), shaped(b)
    n = max(a.ndim, b.ndim)
    a, b = ops.reshape(a, (1,) * (n - a.ndim) + a.shape), ops.reshape(b, (1,) * (n - b.ndim) + b.shape)
    pairs = ops.expand_dims(a, tuple(range(1, 2 * n, 2))) * ops.expand_dims(b, tuple(range(0, 2 * n, 2)))
    return ops.reshape(pairs, tuple(i * j for i, j in zip(a.shape, b.shape, strict=True)))


def multi_dot(arrays: Sequence[Array]) -> Array:
    out = shaped(arrays[0])
    for x in arrays[1:]:
        out = ops.matmul(out, x)
    return out


def tensorsolve(a: Array, b: Array, axes: Any = None) -> Array:
    a, b = shaped(a), shaped(b)
    if axes is not None:
        kept = [i for i in range(a.ndim) if i not in axes]
        a = ops.transpose(a, (*kept, *axes))
    shape = a.shape[b.ndim :]
    return ops.reshape(linalg.solve(ops.reshape(a, (b.size, -1)), ops.reshape(b, (-1,))), shape)


def tensorinv(a: Array, ind: int = 2) -> Array:
    a = shaped(a)
    n = int(np.prod(a.shape[ind:]))
    return ops.reshape(linalg.inv(ops.reshape(a, (n, -1))), (*a.shape[ind:], *a.shape[:ind]))


def lstsq(a: Array, b: Array, rcond: Any = None) -> tuple[Array, Array, Array, Array]:
    a, b = shaped(a), shaped(b)
    x = ops.matmul(linalg.pinv(a, rtol=rcond), b)
    rank = linalg.matrix_rank(a)
    residuals = ops.sum(ops.square(ops.abs(b - ops.matmul(a, x))), axis=0)
    full = int(rank) == a.shape[1] < a.shape[0]
    if not full:
        residuals = ops.reshape(residuals, (-1,))[:0]
    return x, ops.reshape(residuals, (-1,)) if full else residuals, rank, linalg.svdvals(a)


def cond(x: Array, p: Any = None) -> Array:
    if p is None or p == 2:
        s = linalg.svdvals(x)
        return s[..., 0] / s[..., -1]
    if p == -2:
        s = linalg.svdvals(x)
        return s[..., -1] / s[..., 0]
    return linalg.matrix_norm(x, ord=p) * linalg.matrix_norm(linalg.inv(x), ord=p)
