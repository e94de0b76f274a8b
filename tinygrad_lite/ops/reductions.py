"""Many elements in, fewer out: sums, moments, extremes, products, and running sums and products."""

import math
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeAlias

import numpy as np

from ..batching import Rule, axes_behind
from ..primitive import Array
from ..primitive import primitive as _primitive
from .comparisons import equal, isfinite
from .elementwise import exp, where
from .manipulation import broadcast_to, concatenate, expand_dims, flip, moveaxis, pad, reshape, transpose

Axis: TypeAlias = int | tuple[int, ...] | None
primitive = partial(_primitive, batch="axis")


def axes_of(x: Array, axis: Axis) -> tuple[int, ...]:
    """The axes as a tuple of non-negative numbers; None means all."""
    if axis is None:
        return tuple(range(x.ndim))
    return tuple([a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))])


def count_along(x: Array, axis: Axis) -> int:
    """How many elements one element of the reduction is made of."""
    return math.prod([x.shape[a] for a in axes_of(x, axis)])


def spread(reduced: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    """The reduced array with its lost axes put back with length 1, so that it broadcasts against x."""
    if keepdims or reduced.ndim == x.ndim:
        return reduced
    axes = axes_of(x, axis)
    return reshape(reduced, tuple([1 if i in axes else n for i, n in enumerate(x.shape)]))


def in_float32(forward: Callable[..., Array]) -> Callable[..., Array]:
    """float16 is computed in float32 and rounded once."""

    @wraps(forward)
    def wide(x: Array, *args: Any, **options: Any) -> Array:
        if getattr(x, "dtype", None) == np.float16:
            return forward(x.astype(np.float32), *args, **options).astype(np.float16)
        return forward(x, *args, **options)

    return wide


def _sum_rule(g: Array, out: Array, x: Array, axis: Axis, dtype: Any, keepdims: bool) -> Array:
    return broadcast_to(spread(g, x, axis, keepdims), x.shape)


@primitive(_sum_rule, complex="as written")
def sum(x: Array, /, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Array:
    """The sum over the given axes (all, by default). float16 is added up in float32 and rounded once.

    >>> import tinygrad_lite as tg
    >>> tg.sum(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    tensor([4., 6.])
    """
    if dtype is None and getattr(x, "dtype", None) == np.float16:
        return np.sum(x, axis=axis, dtype=np.float32, keepdims=keepdims).astype(np.float16)
    return np.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)


def _mean_rule(g: Array, out: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    # `or 1`: the mean of nothing is nan, its derivative has no elements.
    return broadcast_to(spread(g * (1 / (count_along(x, axis) or 1)), x, axis, keepdims), x.shape)


@primitive(_mean_rule, complex="as written")
def mean(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """The arithmetic mean over the given axes (all, by default)."""
    return np.mean(x, axis=axis, keepdims=keepdims)


def _deviation(x: Array, axis: Axis) -> Array:
    return x - mean(x, axis=axis, keepdims=True)


def _freedom(x: Array, axis: Axis, ddof: float) -> float:
    """n - ddof; nan where nothing is left to divide by."""
    n = count_along(x, axis) - ddof
    return n if n > 0 else math.nan


def _var_rule(g: Array, out: Array, x: Array, axis: Axis, ddof: float, keepdims: bool) -> Array:
    return spread(g, x, axis, keepdims) * (2 / _freedom(x, axis, ddof)) * _deviation(x, axis)


@primitive(_var_rule, complex="as written")
@in_float32
def _var(x: Array, axis: Axis, ddof: float, keepdims: bool) -> Array:
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


def var(
    x: Array, /, axis: Axis = None, *, ddof: float | None = None, correction: float = 0, keepdims: bool = False
) -> Array:
    """The variance over the given axes: the mean squared deviation, divided by n - correction (NumPy: ddof)."""
    return _var(x, axis, correction if ddof is None else ddof, keepdims)


def _std_rule(g: Array, out: Array, x: Array, axis: Axis, ddof: float, keepdims: bool) -> Array:
    out = spread(out, x, axis, keepdims)
    scale = spread(g, x, axis, keepdims) / where(equal(out, 0), 1.0, out) * (1 / _freedom(x, axis, ddof))
    # Twice: of a constant, the first deviation may be a rounding error as large as `out`, the second is 0.
    return scale * _deviation(_deviation(x, axis), axis)


@primitive(_std_rule, complex="as written")
@in_float32
def _std(x: Array, axis: Axis, ddof: float, keepdims: bool) -> Array:
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


def std(
    x: Array, /, axis: Axis = None, *, ddof: float | None = None, correction: float = 0, keepdims: bool = False
) -> Array:
    """The standard deviation over the given axes. The derivative at a constant is 0."""
    return _std(x, axis, correction if ddof is None else ddof, keepdims)


def _norm_rule(g: Array, out: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    out = spread(out, x, axis, keepdims)
    return spread(g, x, axis, keepdims) * (x / where(equal(out, 0), math.inf, out))


@primitive(_norm_rule, complex="as written")
@in_float32
def norm(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """The Euclidean length sqrt(sum(|x|**2)) over the given axes. The derivative at 0 is 0."""
    lengths = np.absolute(x) if np.iscomplexobj(x) else x
    return np.sqrt(np.sum(np.square(lengths), axis=axis, keepdims=keepdims))


def _extreme_rule(g: Array, out: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    best = equal(x, spread(out, x, axis, keepdims))
    ties = sum(best, axis=axis, dtype=np.result_type(x.dtype, np.float32), keepdims=True)
    share = spread(g, x, axis, keepdims) / ties
    return where(best, share, 0.0)


_EMPTY = "An empty axis has no extreme: check the shape before"


@primitive(_extreme_rule, hint=_EMPTY)
def max(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """The largest element over the given axes; equals share the derivative evenly."""
    return np.max(x, axis=axis, keepdims=keepdims)


@primitive(_extreme_rule, hint=_EMPTY)
def min(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """The smallest element over the given axes; equals share the derivative evenly."""
    return np.min(x, axis=axis, keepdims=keepdims)


def _logsumexp_rule(g: Array, out: Array, x: Array, axis: Axis, keepdims: bool) -> Array:
    out = spread(out, x, axis, keepdims)
    shares = exp(x - where(equal(out, -np.inf), 0.0, out))
    total = sum(shares, axis=axis, keepdims=True)  # 1, but for what was rounded off a large `out`
    return spread(g, x, axis, keepdims) * (shares / where(equal(total, 0), 1.0, total))


@primitive(_logsumexp_rule)
@in_float32
def logsumexp(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) over the given axes, without overflow; of nothing but -inf it is -inf with derivative 0."""
    with np.errstate(divide="ignore", over="ignore"):
        if not count_along(x, axis):
            return np.log(np.sum(x, axis=axis, keepdims=keepdims))
        top = np.max(x.real, axis=axis, keepdims=True)  # and so the imaginary part lies between -pi and pi
        top = np.where(np.isfinite(top), top, 0)
        out = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return out if keepdims else np.squeeze(out, axes_of(x, axis))


def _prod_rule(g: Array, out: Array, x: Array, axis: Axis, dtype: Any, keepdims: bool) -> Array:
    g = spread(g, x, axis, keepdims)
    if _divisible(out):
        return g * spread(out, x, axis, keepdims) / x
    # With a zero among the factors, or a product that left the range of its dtype, each element's derivative is the
    # product of those before it and those after it.
    axes = axes_of(x, axis)
    order = (*[a for a in range(x.ndim) if a not in axes], *axes)
    moved = transpose(x, order)
    flat = reshape(moved, (*moved.shape[: x.ndim - len(axes)], count_along(x, axis)))
    others = _product_before(flat) * flip(_product_before(flip(flat, axis=-1)), axis=-1)
    back = tuple([order.index(a) for a in range(x.ndim)])
    return g * transpose(reshape(others, moved.shape), back)


def _product_before(x: Array) -> Array:
    """Along the last axis, the product of all elements before each."""
    return cumprod(pad(x[..., :-1], ((0, 0),) * (x.ndim - 1) + ((1, 0),), 1), axis=-1)


def _divisible(product: Array) -> Array:
    """True if dividing by one factor gives the product of the others exactly."""
    return all(isfinite(product)) and all(product != 0)


@primitive(_prod_rule, complex="holomorphic")
def prod(x: Array, /, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Array:
    """The product over the given axes. The derivative is exact also where factors are 0."""
    return np.prod(x, axis=axis, dtype=dtype, keepdims=keepdims)


def _cumsum_rule(g: Array, out: Array, x: Array, axis: int) -> Array:
    return flip(cumsum(flip(g, axis=axis), axis=axis), axis=axis)


@primitive(_cumsum_rule, complex="as written")
def cumsum(x: Array, /, axis: int) -> Array:
    """Running sums along an axis."""
    return np.cumsum(x, axis=axis)


def _cumprod_rule(g: Array, out: Array, x: Array, axis: int) -> Array:
    if _divisible(out):
        return flip(cumsum(flip(g * out, axis=axis), axis=axis), axis=axis) / x
    # s[j] = g[j] + x[j+1] s[j+1] collects what element j is handed by the products behind it.
    x, g = moveaxis(x, axis, -1), moveaxis(g, axis, -1)
    s = [g[..., -1]]
    for j in range(x.shape[-1] - 2, -1, -1):
        s.append(g[..., j] + x[..., j + 1] * s[-1])
    behind = concatenate([expand_dims(t, -1) for t in reversed(s)], axis=-1)
    return moveaxis(_product_before(x) * behind, -1, axis)


@primitive(_cumprod_rule, complex="holomorphic")
def cumprod(x: Array, /, axis: int) -> Array:
    """Running products along an axis. The derivative is exact also where factors are 0."""
    return np.cumprod(x, axis=axis)


# Questions: the answers are constants.


def _position_batch(call: Rule, mapped: Any, x: Array, axis: int | None, keepdims: bool) -> Array:
    if axis is not None:
        return call(x, axis=axes_behind(axis, x.ndim - 1), keepdims=keepdims)
    out = call(reshape(x, (x.shape[0], math.prod(x.shape[1:]))), axis=1)
    return reshape(out, (x.shape[0],) + (1,) * (x.ndim - 1)) if keepdims else out


@primitive(batch=_position_batch)
def argmax(x: Array, /, axis: int | None = None, *, keepdims: bool = False) -> Array:
    """The position of the largest element."""
    return np.argmax(x, axis=axis, keepdims=keepdims)


@primitive(batch=_position_batch)
def argmin(x: Array, /, axis: int | None = None, *, keepdims: bool = False) -> Array:
    """The position of the smallest element."""
    return np.argmin(x, axis=axis, keepdims=keepdims)


@primitive()
def all(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """True where no element is 0."""
    return np.all(x, axis=axis, keepdims=keepdims)


@primitive()
def any(x: Array, /, axis: Axis = None, *, keepdims: bool = False) -> Array:
    """True where some element is not 0."""
    return np.any(x, axis=axis, keepdims=keepdims)
