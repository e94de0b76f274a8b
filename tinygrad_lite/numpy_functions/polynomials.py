"""Polynomials as arrays of coefficients, the highest power first."""

import numpy as np

from .. import ops
from ..ops.manipulation import shaped
from ..primitive import Array, describe
from .calculus import convolve


def polyval(p: Array, x: Array) -> Array:
    out = shaped(x) * 0
    for c in shaped(p):
        out = out * x + c
    return out


def vander(x: Array, N: int | None = None, increasing: bool = False) -> Array:
    if x.ndim != 1:
        raise ValueError(f"vander({describe(x)}): it needs one axis")
    powers = np.arange(x.shape[0] if N is None else N)
    return x[:, None] ** (powers if increasing else powers[::-1])


def polymul(a1: Array, a2: Array) -> Array:
    return convolve(a1, a2)


def polyadd(a1: Array, a2: Array) -> Array:
    a1, a2 = shaped(a1), shaped(a2)
    n = max(a1.shape[0], a2.shape[0])
    return ops.pad(a1, ((n - a1.shape[0], 0),)) + ops.pad(a2, ((n - a2.shape[0], 0),))


def polysub(a1: Array, a2: Array) -> Array:
    return polyadd(a1, -shaped(a2))


def polyder(p: Array, m: int = 1) -> Array:
    for _ in range(m):
        p = p[:-1] * np.arange(p.shape[0] - 1, 0, -1)
    return p


def polyint(p: Array, m: int = 1, k: Array = None) -> Array:
    constants = np.zeros(m) if k is None else ops.broadcast_to(shaped(k), (m,))
    for i in range(m):
        p = ops.concatenate([p / np.arange(p.shape[0], 0, -1), ops.reshape(constants[i], (1,))])
    return p
