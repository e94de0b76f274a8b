"""What PyTorch's operations are called here: for each name in its OpInfo database a function with PyTorch's arguments.

`NoEquivalent` is raised for an argument that NumPy and the array API have no word for; such a sample is not counted.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import nn
import tinygrad_lite as tg


class NoEquivalent(Exception):
    """The argument that has no equivalent."""


CALLS: dict[str, Callable[..., Any]] = {}


def called(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The decorated function is what these operations of PyTorch's are here."""

    def add(f: Callable[..., Any]) -> Callable[..., Any]:
        CALLS.update(dict.fromkeys(names, f))
        return f

    return add


def refuse(**arguments: Any) -> None:
    """NoEquivalent if one of the arguments is given."""
    for name, value in arguments.items():
        if value not in (None, False):
            raise NoEquivalent(name)


def _dtype(x: Any) -> np.dtype:
    return x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype


def _into(x: Any, dtype: Any) -> Any:
    return x if dtype is None else tg.astype(x, dtype)


# Element by element. The names are the same, or PyTorch's shorter one stands before the equals sign.

ELEMENTWISE = """
    abs acos acosh add asin asinh atan atan2 atanh ceil conj=conj conj_physical=conj copysign cos cosh exp exp2 expm1
    floor hypot imag isfinite isinf isnan log log10 log1p log2 logaddexp logical_and logical_not logical_or logical_xor
    maximum max.binary=maximum minimum min.binary=minimum mul=multiply neg=negative nextafter positive pow real
    reciprocal remainder round sign sgn=sign signbit sin sinc sinh sqrt square tan tanh trunc
    div.no_rounding_mode=divide true_divide=divide floor_divide eq=equal ne=not_equal
    ge=greater_equal gt=greater le=less_equal lt=less angle
    bitwise_not=invert bitwise_left_shift bitwise_right_shift bitwise_and bitwise_or bitwise_xor
"""
NUMPY_S = "fmax fmin fmod float_power deg2rad rad2deg heaviside ldexp logaddexp2 isposinf isneginf isreal isclose frexp"
SPECIAL = """
    digamma erf erfc erfinv sigmoid=expit lgamma=gammaln i0 xlogy special.i0e=i0e special.i1=i1 special.i1e=i1e
    special.ndtr=ndtr special.xlog1py=xlog1py special.entr=entr special.ndtri=ndtri special.log_ndtr=log_ndtr
    special.erfcx=erfcx special.bessel_j0=j0 special.bessel_j1=j1 special.bessel_y0=y0 special.bessel_y1=y1
    special.modified_bessel_i0=i0 special.modified_bessel_i1=i1 special.modified_bessel_k0=k0
    special.modified_bessel_k1=k1 special.zeta=zeta igamma=gammainc igammac=gammaincc
"""
for _names, _room in ((ELEMENTWISE, tg), (NUMPY_S, np), (SPECIAL, tg.special)):
    for _name in _names.split():
        _theirs, _, _ours = _name.partition("=")
        CALLS[_theirs] = getattr(_room, _ours or _theirs)


@called("add")
def add(x: Any, y: Any, *, alpha: Any = 1) -> Any:
    return tg.add(x, y if alpha == 1 else alpha * y)


@called("sub")
def sub(x: Any, y: Any, *, alpha: Any = 1) -> Any:
    return tg.subtract(x, y if alpha == 1 else alpha * y)


@called("rsub")
def rsub(x: Any, y: Any, alpha: Any = 1) -> Any:
    return tg.subtract(y, x if alpha == 1 else alpha * x)


CALLS |= {
    "__radd__": lambda x, y: y + x,
    "__rdiv__": lambda x, y: y / x,
    "__rmul__": lambda x, y: y * x,
    "__rsub__": lambda x, y: y - x,
    "__rmod__": lambda x, y: y % x,
    "__rpow__": lambda x, y: y**x,
    "__rmatmul__": lambda x, y: tg.matmul(y, x),
    "rsqrt": lambda x: 1 / tg.sqrt(x),
    "frac": lambda x: x - tg.trunc(x),
    "clamp_max": lambda x, max: tg.minimum(x, max),
    "clamp_min": lambda x, min: tg.maximum(x, min),
    "addcmul": lambda x, a, b, *, value=1: x + value * a * b,
    "addcdiv": lambda x, a, b, *, value=1: x + value * a / b,
    "lerp": lambda x, end, weight: x + weight * (end - x),
    "complex": lambda x, y: x + 1j * y,
    "polar": lambda x, angle: x * tg.exp(1j * angle),
    "nan_to_num": lambda x, nan=0.0, posinf=None, neginf=None: np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf),
    "logit": lambda x, eps=None: tg.special.logit(x if eps is None else tg.clip(x, eps, 1 - eps)),
    "where": lambda x, condition, y: tg.where(condition, x, y),
    "clone": lambda x, *, memory_format=None: tg.positive(x),
    "allclose": lambda x, y, rtol=1e-5, atol=1e-8, equal_nan=False: np.allclose(x, y, rtol, atol, equal_nan),
    "equal": lambda x, y: np.array_equal(x, y),
}
for _n in range(5):
    CALLS[f"polygamma.polygamma_n_{_n}"] = lambda x, n: tg.special.polygamma(n, x)


@called("clamp")
def clamp(x: Any, min: Any = None, max: Any = None) -> Any:
    return tg.clip(x, min, max)


@called("div.trunc_rounding", "div.floor_rounding")
def div(x: Any, y: Any, *, rounding_mode: str) -> Any:
    return (tg.trunc if rounding_mode == "trunc" else tg.floor)(x / y)


@called("round.decimals_0", "round.decimals_3", "round.decimals_neg_3")
def round(x: Any, *, decimals: int) -> Any:
    return tg.round(x, decimals)


@called("isclose")
def isclose(x: Any, y: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    return np.isclose(x, y, rtol, atol, equal_nan)


# Reductions and running sums.


def _reduction(f: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(x: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        x = _into(x, dtype)
        dim = None if isinstance(dim, (tuple, list)) and not dim else dim  # no axis means all to PyTorch
        if _ndim(x) == 0 and dim is not None:  # PyTorch takes a number as having one axis
            return f(tg.reshape(x, (1,)), axis=0) if _is_first(dim) else f(x, axis=dim)
        return f(x, axis=tuple(dim) if isinstance(dim, (tuple, list)) else dim, keepdims=keepdim)

    return reduce


def _ndim(x: Any) -> int:
    return np.ndim(x) if not isinstance(x, tg.Tensor) else x.ndim


def _is_first(dim: Any) -> bool:
    return dim in (0, -1) or (isinstance(dim, (tuple, list)) and set(dim) <= {0, -1})


for _theirs, _f in {
    "sum": tg.sum, "mean": tg.mean, "prod": tg.prod, "amax": tg.max, "amin": tg.min, "all": tg.all, "any": tg.any,
    "argmax": tg.argmax, "argmin": tg.argmin, "count_nonzero": tg.count_nonzero, "logsumexp": tg.logsumexp,
    "nansum": np.nansum, "nanmean": np.nanmean,
    "max.reduction_no_dim": tg.max, "min.reduction_no_dim": tg.min,
}.items():  # fmt: skip
    CALLS[_theirs] = _reduction(_f)


def _spread(f: Callable[..., Any]) -> Callable[..., Any]:
    """Variance and standard deviation."""

    def reduce(x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None) -> Any:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        if correction is None:
            correction = 1 if unbiased is None else int(unbiased)
        if x.ndim == 0 and dim is not None:
            x, dim = tg.reshape(x, (1,)), 0
        dim = None if isinstance(dim, (tuple, list)) and not dim else dim
        axis = tuple(dim) if isinstance(dim, list) else dim
        return f(x, axis=axis, correction=correction, keepdims=keepdim)

    return reduce


CALLS["var"] = CALLS["var.unbiased"] = _spread(tg.var)
CALLS["std"] = CALLS["std.unbiased"] = _spread(tg.std)
CALLS["var_mean"] = CALLS["var_mean.unbiased"] = lambda x, *a, **k: (CALLS["var"](x, *a, **k), _mean_like(x, *a, **k))
CALLS["std_mean"] = CALLS["std_mean.unbiased"] = lambda x, *a, **k: (CALLS["std"](x, *a, **k), _mean_like(x, *a, **k))


def _mean_like(x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None) -> Any:
    return CALLS["mean"](x, None if isinstance(dim, bool) else dim, keepdim)


@called("max.reduction_with_dim", "min.reduction_with_dim")
def _(x: Any, dim: int, keepdim: bool = False) -> Any:
    raise NoEquivalent("indices beside the values")


@called("aminmax")
def aminmax(x: Any, *, dim: Any = None, keepdim: bool = False) -> Any:
    return CALLS["amin"](x, dim, keepdim), CALLS["amax"](x, dim, keepdim)


def _quantile(f: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(x: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear") -> Any:
        how = {} if interpolation == "linear" else {"method": interpolation}
        return f(x, q, axis=None if x.ndim == 0 else dim, keepdims=keepdim, **how)

    return reduce


CALLS["quantile"], CALLS["nanquantile"] = _quantile(np.quantile), _quantile(np.nanquantile)


def _running(f: Callable[..., Any]) -> Callable[..., Any]:
    def run(x: Any, dim: int, *, dtype: Any = None) -> Any:
        x = _into(x, dtype)
        return tg.reshape(f(tg.reshape(x, (1,)), axis=dim), ()) if x.ndim == 0 else f(x, axis=dim)

    return run


CALLS["cumsum"], CALLS["cumprod"] = _running(tg.cumulative_sum), _running(tg.cumulative_prod)
CALLS["diff"] = lambda x, n=1, dim=-1, prepend=None, append=None: tg.diff(x, n, dim, prepend, append)


@called("trapz", "trapezoid")
def trapezoid(y: Any, x: Any = None, *, dim: int = -1, dx: float = 1.0) -> Any:
    return np.trapezoid(y, x, dx, dim)


@called("gradient")
def gradient(x: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> Any:
    axes = tuple(range(x.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    spacing = 1.0 if spacing is None else spacing
    steps = spacing if isinstance(spacing, (tuple, list)) else (spacing,)
    found = np.gradient(x, *steps, axis=axes, edge_order=edge_order)
    return tuple(found) if isinstance(found, (tuple, list)) else (found,)


@called("cov")
def cov(x: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    return np.cov(x, ddof=correction, fweights=fweights, aweights=aweights)


CALLS["corrcoef"] = lambda x: np.corrcoef(x)


# Shapes.


def _lengths(shape: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else tuple(shape)


@called("expand", "expand_copy", "broadcast_to")
def expand(x: Any, *shape: Any) -> Any:
    shape = _lengths(shape)
    lengths = (1,) * (len(shape) - x.ndim) + x.shape
    return tg.broadcast_to(x, tuple(n if m == -1 else m for m, n in zip(shape, lengths, strict=True)))


@called("squeeze", "squeeze.multiple", "squeeze_copy")
def squeeze(x: Any, dim: Any = None) -> Any:
    """PyTorch leaves an axis that is longer than 1 where it is."""
    if dim is None:
        return tg.squeeze(x)
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    if x.ndim == 0:
        return x if set(dims) <= {0, -1} else tg.squeeze(x, tuple(dims))
    return tg.squeeze(x, tuple(d for d in dims if x.shape[d] == 1))


@called("flatten")
def flatten(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    if x.ndim == 0:
        return tg.reshape(x, (1,))
    start, end = start_dim % x.ndim, end_dim % x.ndim
    return tg.reshape(x, (*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :]))


def _cuts(x: Any, size: Any, dim: int) -> list[int]:
    if isinstance(size, int):
        return list(range(size, x.shape[dim], size))
    return np.cumsum(size).tolist()[:-1]


@called("split", "split.list_args", "unsafe_split", "split_with_sizes", "split_with_sizes_copy")
def split(x: Any, size: Any, dim: int = 0) -> Any:
    return tuple(tg.split(x, _cuts(x, size, dim), axis=dim))


@called("chunk", "unsafe_chunk")
def chunk(x: Any, chunks: int, dim: int = 0) -> Any:
    return split(x, math.ceil(x.shape[dim] / chunks), dim)


def _as_axes(x: Any, dims: Any) -> Any:
    return None if dims is None else tuple(dims) if isinstance(dims, (tuple, list)) else dims


@called("diag_embed")
def diag_embed(x: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    n = x.shape[-1] + builtins_abs(offset)
    zeros = tg.zeros((*x.shape[:-1], n, n), dtype=x.dtype)
    i = np.arange(x.shape[-1])
    return tg.moveaxis(tg.setitem(zeros, (..., i + max(-offset, 0), i + max(offset, 0)), x), (-2, -1), (dim1, dim2))


def builtins_abs(n: int) -> int:
    return max(n, -n)


@called("diagonal", "diagonal_copy", "linalg.diagonal")
def diagonal(x: Any, offset: int = 0, dim1: int | None = None, dim2: int | None = None) -> Any:
    return np.diagonal(x, offset, 0 if dim1 is None else dim1, 1 if dim2 is None else dim2)


@called("linalg.diagonal")
def _linalg_diagonal(x: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    return np.diagonal(x, offset, dim1, dim2)


@called("meshgrid.variadic_tensors")
def meshgrid(*arrays: Any, indexing: str = "ij") -> Any:
    return tg.meshgrid(*[tg.reshape(a, (-1,)) for a in arrays], indexing=indexing)


@called("meshgrid.list_of_tensors")
def _meshgrid_of_list(arrays: Any, indexing: str = "ij") -> Any:
    return meshgrid(*arrays, indexing=indexing)


@called("repeat")
def repeat(x: Any, *repeats: Any) -> Any:
    return tg.tile(x, _lengths(repeats))


@called("nn.functional.pad.constant", "constant_pad_nd")
def pad(x: Any, pad: Any, mode: str = "constant", value: Any = None) -> Any:
    if min(pad, default=0) < 0:
        raise NoEquivalent("a negative width")
    pairs = list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    return tg.pad(x, [(0, 0)] * (x.ndim - len(pairs)) + pairs, 0.0 if value is None else value)


@called("constant_pad_nd")
def _constant_pad(x: Any, pad_: Any, value: Any = 0.0) -> Any:
    return pad(x, pad_, value=value)


@called("sum_to_size")
def sum_to_size(x: Any, *shape: Any) -> Any:
    shape = _lengths(shape)
    ones = (1,) * (x.ndim - len(shape)) + shape
    axes = tuple(i for i, (n, m) in enumerate(zip(x.shape, ones, strict=True)) if m == 1 and n != 1)
    return tg.reshape(tg.sum(x, axis=axes, keepdims=True), shape)


@called("unflatten")
def unflatten(x: Any, dim: int, sizes: Any) -> Any:
    x = tg.reshape(x, (1,)) if x.ndim == 0 else x
    dim %= x.ndim
    return tg.reshape(x, (*x.shape[:dim], *sizes, *x.shape[dim + 1 :]))


@called("narrow", "narrow_copy")
def narrow(x: Any, dim: int, start: Any, length: int) -> Any:
    dim %= x.ndim
    start = int(start)
    start = start + x.shape[dim] if start < 0 else start
    return x[(slice(None),) * dim + (slice(start, start + length),)]


@called("select")
def select(x: Any, dim: int, index: int) -> Any:
    return x[(slice(None),) * (dim % x.ndim) + (index,)]


@called("slice")
def slice_(x: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    return x[(slice(None),) * (dim % x.ndim) + (slice(start, end, step),)]


@called("tensor_split")
def tensor_split(x: Any, sections: Any, dim: int = 0) -> Any:
    return tuple(np.array_split(x, sections if isinstance(sections, int) else np.asarray(sections).tolist(), axis=dim))


@called("repeat_interleave")
def repeat_interleave(x: Any, repeats: Any, dim: int | None = None, *, output_size: Any = None) -> Any:
    return tg.repeat(x, repeats, axis=dim)


@called("roll")
def roll(x: Any, shifts: Any, dims: Any = ()) -> Any:
    return tg.roll(x, _as_axes(x, shifts), None if isinstance(dims, (tuple, list)) and not dims else _as_axes(x, dims))


@called("rot90")
def rot90(x: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    return np.rot90(x, k, tuple(dims))


def _swap(x: Any, dim0: int, dim1: int) -> Any:
    return x if x.ndim == 0 and {dim0, dim1} <= {0, -1} else tg.swapaxes(x, dim0, dim1)


CALLS |= {
    "atleast_1d": lambda *x: np.atleast_1d(*_unlisted(x)),
    "atleast_2d": lambda *x: np.atleast_2d(*_unlisted(x)),
    "broadcast_tensors": lambda *x: tg.broadcast_arrays(*x),
    "broadcast_shapes": lambda *shapes: tg.broadcast_shapes(*shapes),
    "cat": lambda arrays, dim=0: tg.concatenate(arrays, axis=dim),
    "column_stack": lambda arrays: np.column_stack(arrays),
    "dstack": lambda arrays: np.dstack(arrays),
    "hstack": lambda arrays: np.hstack(arrays),
    "vstack": lambda arrays: np.vstack(arrays),
    "dsplit": lambda x, sections: tuple(np.dsplit(x, sections)),
    "hsplit": lambda x, sections: tuple(np.hsplit(x, sections)),
    "vsplit": lambda x, sections: tuple(np.vsplit(x, sections)),
    "diag": lambda x, diagonal=0: np.diag(x, diagonal),
    "diagflat": lambda x, offset=0: np.diagflat(x, offset),
    "expand_as": lambda x, y: tg.broadcast_to(x, y.shape),
    "fliplr": lambda x: np.fliplr(x),
    "flipud": lambda x: np.flipud(x),
    "flip": lambda x, dims: tg.flip(x, axis=_as_axes(x, dims)),
    "H": lambda x: tg.conj(tg.transpose(x)),
    "T": lambda x: tg.transpose(x),
    "mH": lambda x: tg.conj(tg.matrix_transpose(x)),
    "mT": lambda x: tg.matrix_transpose(x),
    "t": lambda x: tg.transpose(x),
    "t_copy": lambda x: tg.transpose(x),
    "movedim": lambda x, source, destination: tg.moveaxis(x, _as_axes(x, source), _as_axes(x, destination)),
    "permute": lambda x, dims: tg.permute_dims(x, dims),
    "permute_copy": lambda x, dims: tg.permute_dims(x, dims),
    "ravel": lambda x: np.ravel(x),
    "reshape": lambda x, shape: tg.reshape(x, shape),
    "reshape_as": lambda x, y: tg.reshape(x, y.shape),
    "view": lambda x, *shape: tg.reshape(x, _lengths(shape)),
    "view_as": lambda x, y: tg.reshape(x, y.shape),
    "view_copy": lambda x, shape: tg.reshape(x, shape),
    "stack": lambda arrays, dim=0: tg.stack(arrays, axis=dim),
    "tile": lambda x, dims: tg.tile(x, tuple(dims)),
    "transpose": _swap,
    "transpose_copy": _swap,
    "tril": lambda x, diagonal=0: tg.tril(x, k=diagonal),
    "triu": lambda x, diagonal=0: tg.triu(x, k=diagonal),
    "unbind": lambda x, dim=0: tg.unstack(x, axis=dim),
    "unbind_copy": lambda x, dim=0: tg.unstack(x, axis=dim),
    "unsqueeze": lambda x, dim: tg.expand_dims(x, dim),
    "unsqueeze_copy": lambda x, dim: tg.expand_dims(x, dim),
}


def _unlisted(arrays: tuple[Any, ...]) -> Any:
    return arrays[0] if len(arrays) == 1 and isinstance(arrays[0], (tuple, list)) else arrays


# Indexing, sorting, searching.


def _on_line(x: Any) -> Any:
    """A number as PyTorch takes it: an array with one axis."""
    return tg.reshape(x, (1,)) if _ndim(x) == 0 else x


@called("gather")
def gather(x: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
    refuse(sparse_grad=sparse_grad)
    lines, places = _on_line(x), _on_line(index)
    dim %= lines.ndim
    if places.ndim == lines.ndim:
        lines = lines[tuple(slice(None if i == dim else n) for i, n in enumerate(places.shape))]
    return tg.reshape(tg.take_along_axis(lines, places, axis=dim), np.shape(index))


@called("scatter")
def scatter(x: Any, dim: int, index: Any, src: Any, *, reduce: Any = None) -> Any:
    refuse(reduce=reduce)
    lines, places = _on_line(x), _on_line(index)
    dim %= lines.ndim
    at = [*np.indices(places.shape, sparse=True)]
    at[dim] = places
    if _ndim(src):
        src = src[tuple(slice(n) for n in places.shape)]
    return tg.reshape(tg.setitem(lines, tuple(at), src), x.shape)


def _along(x: Any, dim: int, index: Any) -> tuple[Any, ...]:
    return (slice(None),) * (dim % x.ndim) + (index,)


@called("index_copy")
def index_copy(x: Any, dim: int, index: Any, source: Any) -> Any:
    lines, values = _on_line(x), _on_line(source)
    return tg.reshape(tg.setitem(lines, _along(lines, dim, _on_line(index)), values), x.shape)


@called("index_fill")
def index_fill(x: Any, dim: int, index: Any, value: Any) -> Any:
    lines = _on_line(x)
    return tg.reshape(tg.setitem(lines, _along(lines, dim, index), value), x.shape)


@called("index_select")
def index_select(x: Any, dim: int, index: Any) -> Any:
    return tg.reshape(tg.take(_on_line(x), index, axis=dim), ()) if x.ndim == 0 else tg.take(x, index, axis=dim)


@called("index_put")
def index_put(x: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    refuse(accumulate=accumulate)
    return tg.setitem(x, tuple(indices), values)


@called("masked_fill")
def masked_fill(x: Any, mask: Any, value: Any) -> Any:
    return tg.where(mask, value, x)


@called("masked_select")
def masked_select(x: Any, mask: Any) -> Any:
    x, mask = tg.broadcast_arrays(x, mask)
    return x[mask]


@called("take")
def take(x: Any, index: Any) -> Any:
    return tg.take(tg.reshape(x, (-1,)), index)


@called("take_along_dim")
def take_along_dim(x: Any, indices: Any, dim: int | None = None) -> Any:
    if dim is None:
        return tg.take_along_axis(tg.reshape(x, (-1,)), np.reshape(indices, -1), axis=0)
    return tg.take_along_axis(x, indices, axis=dim)


@called("select_scatter")
def select_scatter(x: Any, src: Any, dim: int, index: int) -> Any:
    return tg.setitem(x, _along(x, dim, index), src)


@called("slice_scatter")
def slice_scatter(x: Any, src: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    return tg.setitem(x, _along(x, dim, slice(start, end, step)), src)


@called("sort", "msort", "argsort")
def sort(x: Any, dim: int = -1, descending: bool = False, *, stable: Any = None) -> Any:
    lines = _on_line(x)
    how = {"axis": dim, "descending": descending}
    return tg.reshape(tg.sort(lines, **how), x.shape), tg.reshape(tg.argsort(lines, **how), x.shape)


CALLS |= {
    "msort": lambda x: tg.sort(x, axis=0),
    "argsort": lambda x, dim=-1, descending=False, stable=None: sort(x, dim, descending)[1],
    "__getitem__": lambda x, index: x[_index(index)],
    "isin": lambda x, y, *, assume_unique=False, invert=False: tg.isin(x, y, invert=invert),
    "nonzero": lambda x, *, as_tuple=False: _nonzero(x, as_tuple),
    "argwhere": lambda x: np.argwhere(x),
}


def _index(index: Any) -> Any:
    return tuple(map(_index, index)) if isinstance(index, tuple) else index


def _nonzero(x: Any, as_tuple: bool) -> Any:
    if as_tuple:
        return tg.nonzero(_on_line(x))
    return np.argwhere(x)


@called("searchsorted")
def searchsorted(
    x: Any, values: Any, *, out_int32: bool = False, right: bool = False, side: Any = None, sorter: Any = None
) -> Any:
    refuse(batch=x.ndim > 1)
    return tg.searchsorted(x, values, side=side or ("right" if right else "left"), sorter=sorter)


# Products.

CALLS |= {
    "bmm": lambda x, y: tg.matmul(x, y),
    "matmul": lambda x, y: tg.matmul(x, y),
    "mm": lambda x, y: tg.matmul(x, y),
    "mv": lambda x, y: tg.matmul(x, y),
    "dot": lambda x, y: tg.dot(x, y),
    "vdot": lambda x, y: np.vdot(x, y),
    "outer": lambda x, y: tg.outer(x, y),
    "inner": lambda x, y: np.inner(x, y),
    "kron": lambda x, y: np.kron(x, y),
    "einsum": lambda operands, equation: tg.einsum(equation, *operands),
    "tensordot": lambda x, y, dims=2: tg.tensordot(x, y, axes=dims),
    "trace": lambda x: tg.trace(x),
    "addmm": lambda m, x, y, *, beta=1, alpha=1: beta * m + alpha * (x @ y),
    "addmm.decomposed": lambda m, x, y, *, beta=1, alpha=1: beta * m + alpha * (x @ y),
    "addmv": lambda m, x, y, *, beta=1, alpha=1: beta * m + alpha * (x @ y),
    "baddbmm": lambda m, x, y, *, beta=1, alpha=1: beta * m + alpha * (x @ y),
    "addbmm": lambda m, x, y, *, beta=1, alpha=1: beta * m + alpha * tg.sum(x @ y, axis=0),
    "addr": lambda m, x, y, *, beta=1, alpha=1: beta * m + alpha * tg.outer(x, y),
    "linalg.cross": lambda x, y, *, dim=-1: tg.linalg.cross(x, y, axis=dim),
    "linalg.vecdot": lambda x, y, *, dim=-1: tg.vecdot(x, y, axis=dim),
    "linalg.multi_dot": lambda arrays: np.linalg.multi_dot(arrays),
    "linalg.matrix_power": lambda x, n: tg.linalg.matrix_power(x, n),
}


@called("cross")
def cross(x: Any, y: Any, dim: int | None = None) -> Any:
    return tg.linalg.cross(x, y, axis=next(i for i, n in enumerate(x.shape) if n == 3) if dim is None else dim)


# Linear algebra. PyTorch's tests make the matrices of some of these Hermitian first; so do we.


def _hermitian(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, *args, **kwargs: f(x + tg.conj(tg.matrix_transpose(x)), *args, **kwargs)


@called("linalg.norm")
def norm(x: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    return tg.linalg.norm(_into(x, dtype), ord, _as_axes(x, dim), keepdim)


CALLS["linalg.norm.subgradients_at_zero"] = norm


@called("norm", "norm.nuc", "norm.fro", "norm.inf")
def _old_norm(x: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    x = _into(x, dtype)
    if p == "nuc":
        return tg.linalg.norm(x, "nuc", _as_axes(x, dim), keepdim)
    return vector_norm(x, 2 if p in ("fro", None) else p, dim, keepdim)


@called("linalg.vector_norm")
def vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    dim = None if isinstance(dim, (tuple, list)) and not dim else dim
    x = _into(x, dtype)
    if x.ndim == 0 and dim is not None:
        x = tg.reshape(x, (1,))
        keepdim = False
    return tg.linalg.vector_norm(x, axis=_as_axes(x, dim), keepdims=keepdim, ord=ord)


@called("linalg.matrix_norm")
def matrix_norm(x: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None) -> Any:
    return tg.linalg.norm(_into(x, dtype), ord, _as_axes(x, dim), keepdim)


@called("linalg.pinv", "linalg.pinv.hermitian")
def pinv(x: Any, rcond: Any = None, *, atol: Any = None, rtol: Any = None, hermitian: bool = False) -> Any:
    refuse(atol=atol, hermitian=hermitian)
    return tg.linalg.pinv(x, rtol=rcond if rtol is None else rtol)


CALLS["linalg.pinv.singular"] = lambda a, b: tg.linalg.pinv(tg.matmul(a, tg.matrix_transpose(b)))


@called("linalg.solve")
def solve(a: Any, b: Any, *, left: bool = True) -> Any:
    """A stack of vectors is meant where b has one axis less and fits, as NumPy 1 took it."""
    vectors = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])
    if not left:
        refuse(left=not left and vectors)
        return tg.matrix_transpose(solve(tg.matrix_transpose(a), tg.matrix_transpose(b)))
    return tg.linalg.solve(a, b[..., None])[..., 0] if vectors else tg.linalg.solve(a, b)


# Vectors are known up to their phase: what is compared is what no phase changes.


def _sizes(v: Any) -> Any:
    return (v * v.conj()).real


def phaseless_eigh(out: Any) -> Any:
    values, vectors = out
    return values, _sizes(vectors)


def phaseless_svd(out: Any) -> Any:
    u, s, vh = out
    k = s.shape[-1]
    return u[..., :k] @ vh[..., :k, :], s, _sizes(u[..., :k]), _sizes(vh[..., :k, :])


PHASELESS = {"linalg.eigh": phaseless_eigh, "linalg.svd": phaseless_svd}

CALLS |= {
    "linalg.cholesky": _hermitian(lambda x, *, upper=False: tg.linalg.cholesky(x, upper=upper)),
    "cholesky": _hermitian(lambda x, upper=False: tg.linalg.cholesky(x, upper=upper)),
    "linalg.eigh": _hermitian(lambda x, UPLO="L": phaseless_eigh(tg.linalg.eigh(x, UPLO))),
    "linalg.eigvalsh": _hermitian(lambda x, UPLO="L": tg.linalg.eigvalsh(x, UPLO)),
    "linalg.eigvals": lambda x: tg.linalg.eigvals(x),
    "linalg.det": lambda x: tg.linalg.det(x),
    "linalg.inv": lambda x: tg.linalg.inv(x),
    "pinverse": lambda x, rcond=None: tg.linalg.pinv(x, rtol=rcond),
    "linalg.slogdet": lambda x: tuple(tg.linalg.slogdet(x)),
    "logdet": lambda x: _logdet(x),
    "linalg.svdvals": lambda x, *, driver=None: tg.linalg.svdvals(x),
    "linalg.svd": lambda x, full_matrices=True, *, driver=None: phaseless_svd(tg.linalg.svd(x, full_matrices)),
    "linalg.qr": lambda x, mode="reduced": _qr(x, mode),
    "qr": lambda x, some=True: _qr(x, "reduced" if some else "complete"),
    "linalg.cond": lambda x, p=None: np.linalg.cond(x, p),
    "linalg.tensorinv": lambda x, ind=2: np.linalg.tensorinv(x, ind),
    "linalg.tensorsolve": lambda x, y, dims=None: np.linalg.tensorsolve(x, y, dims),
    "linalg.vander": lambda x, *, N=None: _vander(x, N),
}


def _qr(x: Any, mode: str) -> Any:
    if mode == "r":
        return tg.linalg.qr(x, "r")
    return tuple(tg.linalg.qr(x, mode))


def _vander(x: Any, n: Any) -> Any:
    refuse(batch=x.ndim > 1)
    return np.vander(x, n, increasing=True)


def _logdet(x: Any) -> Any:
    sign, log = tg.linalg.slogdet(x)
    if _dtype(x).kind == "c":
        return log + 1j * tg.angle(sign)
    return tg.where(sign < 0, np.nan, log)


@called("linalg.matrix_rank", "linalg.matrix_rank.hermitian")
def matrix_rank(x: Any, tol: Any = None, hermitian: Any = None, *, atol: Any = None, rtol: Any = None) -> Any:
    refuse(atol=atol is not None, tol=tol is not None, hermitian=hermitian)
    return tg.linalg.matrix_rank(x, rtol=rtol)


# Fourier transforms.


def _fourier(name: str) -> Callable[..., Any]:
    f = getattr(tg.fft, name)
    if name.endswith("shift"):
        return lambda x, dim=None: f(x, axes=_as_axes(x, dim))
    if name.endswith("n"):
        return lambda x, s=None, dim=None, norm=None: f(x, s=s, axes=dim, norm=norm)
    if name.endswith("2"):
        return lambda x, s=None, dim=(-2, -1), norm=None: f(x, s=s, axes=dim, norm=norm)
    return lambda x, n=None, dim=-1, norm=None: f(x, n=n, axis=dim, norm=norm)


_OF_FOURIER = "fft fft2 fftn ifft ifft2 ifftn rfft rfft2 rfftn irfft irfft2 irfftn hfft ihfft fftshift ifftshift"
CALLS |= {f"fft.{name}": _fourier(name) for name in _OF_FOURIER.split()}

# What networks are made of. PyTorch's channels come second, ours last.


def _softmax(f: Callable[..., Any]) -> Callable[..., Any]:
    def normalized(x: Any, dim: int, dtype: Any = None) -> Any:
        return tg.reshape(f(_on_line(_into(x, dtype)), axis=dim), x.shape)

    return normalized


CALLS |= {
    "softmax": _softmax(nn.activations.softmax),
    "softmax.with_dtype": _softmax(nn.activations.softmax),
    "log_softmax": _softmax(nn.activations.log_softmax),
    "log_softmax.with_dtype": _softmax(nn.activations.log_softmax),
    "nn.functional.relu": lambda x, inplace=False: nn.activations.relu(x),
    "nn.functional.silu": lambda x, inplace=False: nn.activations.silu(x),
    "nn.functional.elu": lambda x, alpha=1.0, inplace=False: nn.activations.elu(x, alpha),
    "nn.functional.gelu": lambda x, *, approximate="none": nn.activations.gelu(x, approximate == "tanh"),
    "nn.functional.leaky_relu": lambda x, slope=0.01, inplace=False: nn.activations.leaky_relu(x, slope),
    "nn.functional.logsigmoid": lambda x: tg.special.log_expit(x),
    "nn.functional.linear": lambda x, weight, bias=None: (x @ weight.T) + (0 if bias is None else bias),
}


@called("nn.functional.softplus")
def softplus(x: Any, beta: float = 1, threshold: float = 20) -> Any:
    refuse(threshold=threshold != 20)  # from here on PyTorch takes x itself
    return nn.activations.softplus(x * beta) / beta


def _channels_last(f: Callable[..., Any], axes: int) -> Callable[..., Any]:
    def windowed(x: Any, *args: Any, **options: Any) -> Any:
        batch = x if x.ndim == axes + 2 else x[None]
        out = tg.moveaxis(f(axes, tg.moveaxis(batch, 1, -1), *args, **options), -1, 1)
        return out if x.ndim == axes + 2 else out[0]

    return windowed


def _each(axes: int, n: Any) -> tuple[int, ...]:
    """PyTorch's one number, or list of one, means the same for all axes."""
    n = tuple(n) if isinstance(n, (tuple, list)) else (n,)
    return n * axes if len(n) == 1 else n


def _conv(
    axes: int, x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    padding = padding if isinstance(padding, str) else _each(axes, padding)
    kernel = tg.moveaxis(weight, (0, 1), (-1, -2))
    return tg.conv(x, kernel, bias, _each(axes, stride), padding, _each(axes, dilation), groups)


def _max_pool(
    axes: int, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    refuse(dilation=_each(axes, dilation) != (1,) * axes, ceil_mode=ceil_mode, return_indices=return_indices)
    stride = kernel_size if stride is None else stride
    return tg.max_pool(x, _each(axes, kernel_size), _each(axes, stride), _each(axes, padding))


def _average_pool(
    axes: int, x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: Any = None,
) -> Any:  # fmt: skip
    zeros_count = count_include_pad and any(_each(axes, padding))
    refuse(count_include_pad=zeros_count, ceil_mode=ceil_mode, divisor_override=divisor_override is not None)
    stride = stride if stride else kernel_size
    return tg.average_pool(x, _each(axes, kernel_size), _each(axes, stride), _each(axes, padding))


for _n in (1, 2, 3):
    CALLS[f"nn.functional.conv{_n}d"] = _channels_last(_conv, _n)
    CALLS[f"nn.functional.max_pool{_n}d"] = _channels_last(_max_pool, _n)
    CALLS[f"nn.functional.avg_pool{_n}d"] = _channels_last(_average_pool, _n)
