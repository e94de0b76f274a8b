"""One element in, one element out."""

import math
from typing import Any

import numpy as np

from .. import ops
from ..primitive import Array, primitive


def fabs(x: Array) -> Array:
    return ops.abs(x)


def rint(x: Array) -> Array:
    return ops.round(x)


def fix(x: Array) -> Array:
    return ops.trunc(x)


def around(a: Array, decimals: int = 0) -> Array:
    return ops.round(a, decimals)


def radians(x: Array) -> Array:
    return x * (math.pi / 180)


def degrees(x: Array) -> Array:
    return x * (180 / math.pi)


def deg2rad(x: Array) -> Array:
    return radians(x)


def rad2deg(x: Array) -> Array:
    return degrees(x)


def float_power(x: Array, y: Array) -> Array:
    x, y = ops.manipulation.shaped(x), ops.manipulation.shaped(y)
    wide = np.result_type(x.dtype, y.dtype, np.float64)
    return ops.power(ops.astype(x, wide), ops.astype(y, wide))


def fmod(x: Array, y: Array) -> Array:
    return ops.copysign(ops.remainder(ops.abs(x), ops.abs(y)), x)


def fmax(x: Array, y: Array) -> Array:
    return ops.where(ops.isnan(x), y, ops.where(ops.isnan(y), x, ops.maximum(x, y)))


def fmin(x: Array, y: Array) -> Array:
    return ops.where(ops.isnan(x), y, ops.where(ops.isnan(y), x, ops.minimum(x, y)))


def heaviside(x: Array, h0: Array) -> Array:
    return ops.where(ops.equal(x, 0), h0, 0.5 * (ops.sign(x) + 1))


def logaddexp2(x: Array, y: Array) -> Array:
    return ops.logaddexp(x * math.log(2), y * math.log(2)) / math.log(2)


def ldexp(x: Array, n: Array) -> Array:
    return x * 2.0**n


def frexp(x: Array) -> tuple[Array, Array]:
    exponent = _exponent(x)
    return x * ops.astype(2.0 ** ops.astype(-exponent, np.float64), x.dtype), exponent


@primitive()
def _exponent(x: Array) -> Array:
    return np.frexp(x)[1]


def modf(x: Array) -> tuple[Array, Array]:
    whole = ops.trunc(x)
    return x - whole, whole


def divmod(x: Array, y: Array) -> tuple[Array, Array]:
    return ops.floor_divide(x, y), ops.remainder(x, y)


def matvec(x: Array, y: Array) -> Array:
    return ops.matmul(x, y[..., None])[..., 0]


def vecmat(x: Array, y: Array) -> Array:
    return ops.matmul(ops.conj(x)[..., None, :], y)[..., 0, :]


def nan_to_num(x: Array, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Array:
    limits = np.finfo(x.dtype)
    x = ops.where(ops.isnan(x), nan, x)
    x = ops.where(ops.equal(x, np.inf), float(limits.max) if posinf is None else posinf, x)
    return ops.where(ops.equal(x, -np.inf), float(limits.min) if neginf is None else neginf, x)


def isposinf(x: Array) -> Array:
    return ops.equal(x, np.inf)


def isneginf(x: Array) -> Array:
    return ops.equal(x, -np.inf)
