"""The table of primitives: a row for each, which holds its value to NumPy and its derivatives to finite differences."""

import ast
import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rows_of_fft
import rows_of_linalg
import slow
import tinygrad_lite as tg
from rows import Row, binary, complexes, normal, reduction, row, spaced, unary, within
from tinygrad_lite import linalg, ops
from tinygrad_lite.backprop import history, pull_back
from tinygrad_lite.ops import convolution, indexing, pooling
from tinygrad_lite.ops.windows import Windows
from tinygrad_lite.primitive import Primitive

MODULES = [
    importlib.import_module(f"{package.__name__}.{module.name}")
    for package in (ops, linalg)
    for module in pkgutil.iter_modules(package.__path__)
    if not module.name.startswith("direct_")  # those need numba
]
PRIMITIVES = {
    f.primitive.name: f.primitive
    for module in MODULES
    for f in vars(module).values()
    if isinstance(getattr(f, "primitive", None), Primitive)
}


def _written(index: Any) -> Callable[..., Any]:
    def write(x: Any, value: Any) -> Any:
        x = np.array(x)
        x[index] = value
        return x

    return write


def setting(index: Any, x: np.ndarray, value: np.ndarray) -> Row:
    return row("setitem", lambda xp, x, v: tg.setitem(x, index, v), x, value, numpy=_written(index))


def scattering(index: Any) -> Row:
    f = lambda xp, x: indexing._scatter(x, (2, 3), indexing.freeze(index))
    return row("scatter", f, x23[index], numpy=lambda x: _added(x, (2, 3), index))


def _norm(x: Any, **options: Any) -> Any:
    return np.sqrt(np.sum(x * x, **options))


def _logsumexp(x: Any, **options: Any) -> Any:
    return np.log(np.sum(np.exp(x), **options))


def _added(x: Any, shape: tuple[int, ...], index: Any) -> Any:
    out = np.zeros_like(x, shape=shape)
    np.add.at(out, index, x)
    return out


def convolutions() -> list[Row]:
    """One and two axes; strides, borders, dilation, groups; few channels and many; a border wider than a window."""
    rows = []
    for shape, kernel, filters, *how, groups in [
        ((2, 5, 3), (2,), 4, (1,), ((0, 0),), (1,), 1),
        ((2, 6, 2), (3,), 4, (2,), ((2, 1),), (1,), 2),
        ((2, 4, 5, 1), (2, 3), 2, (1, 1), ((0, 0), (1, 1)), (1, 1), 1),
        ((1, 5, 6, 2), (3, 2), 2, (2, 3), ((1, 0), (0, 2)), (1, 2), 2),
        ((1, 4, 3, 2), (1, 1), 3, (1, 2), ((0, 0), (0, 0)), (1, 1), 1),
        ((1, 3, 3, 3), (2, 2), 6, (1, 1), ((3, 2), (1, 4)), (1, 1), 3),
        ((0, 4, 4, 2), (2, 2), 3, (1, 1), ((0, 0), (0, 0)), (1, 1), 1),
    ]:
        windows = Windows(kernel, *how)
        x, k = normal(*shape), normal(*kernel, shape[-1] // groups, filters)
        y = normal(shape[0], *windows.lengths(shape), filters)
        bias = normal(filters)
        rest = (windows, groups)
        rows += [
            row("conv", lambda xp, x, k, r=rest: convolution._conv(x, k, None, *r), x, k,
                numpy=lambda x, k, how=how, g=groups: slow.conv(x, k, None, *how, g)),
            row("conv", lambda xp, x, k, b, r=rest: convolution._conv(x, k, b, *r), x, k, bias,
                numpy=lambda x, k, b, how=how, g=groups: slow.conv(x, k, b, *how, g)),
            row("conv_input", lambda xp, y, k, s=shape, r=rest: convolution._conv_input(y, k, s, *r), y, k,
                numpy=lambda y, k, s=shape, how=how, g=groups: slow.conv_transpose(y, k, s, *how, g)),
            row("conv_kernel", lambda xp, x, y, s=k.shape, r=rest: convolution._conv_kernel(x, y, s, *r), x, y,
                numpy=lambda x, y, s=k.shape, how=how, g=groups: slow.conv_kernel(x, y, s, *how, g)),
        ]  # fmt: skip
    return rows


def _won(winners: Any, at: tuple[int, ...], offset: tuple[int, ...], window: tuple[int, ...]) -> Any:
    return winners[(slice(None), *at)] == np.ravel_multi_index(offset, window)


def _handed(y: Any, shape: tuple[int, ...], places: Any, winners: Any = None, window: Any = None) -> Any:
    out = np.zeros(shape, y.dtype)
    for at, offset, place in places:
        won = 1 if winners is None else _won(winners, at, offset, window)
        out[(slice(None), *place)] += y[(slice(None), *at)] * won
    return out


def _picked(x: Any, winners: Any, places: Any, window: tuple[int, ...]) -> Any:
    out = np.zeros(winners.shape, x.dtype)
    for at, offset, place in places:
        out[(slice(None), *at)] += x[(slice(None), *place)] * _won(winners, at, offset, window)
    return out


def poolings() -> list[Row]:
    """Windows that tile the input, that leave a rest, that overlap, that have gaps, that reach over the border."""
    rows = []
    for shape, *how in [
        ((2, 4, 2), (2,), (2,), ((0, 0),)),
        ((2, 5, 4, 2), (2, 2), (2, 2), ((0, 0), (0, 0))),
        ((1, 5, 4, 3), (3, 2), (2, 1), ((0, 0), (0, 0))),
        ((1, 5, 7, 1), (1, 2), (3, 3), ((0, 0), (1, 0))),
        ((2, 4, 3, 2), (3, 3), (1, 2), ((1, 1), (1, 1))),
        ((2, 3, 2), (3,), (3,), ((1, 1),)),  # a single window, as long as the input, but not in its place
        ((0, 4, 4, 2), (2, 2), (2, 2), ((0, 0), (0, 0))),
    ]:
        windows = Windows(*how, (1,) * len(how[0]))
        x = spaced(*shape)
        y = normal(shape[0], *windows.lengths(shape), shape[-1])
        winners = np.random.default_rng(5).integers(0, int(np.prod(how[0])), y.shape)  # some of them in the border
        places = slow.positions(x.shape[1:-1], *windows)[1]
        rows += [
            row("max_pool", lambda xp, x, w=windows: pooling._max_pool(x, w), x,
                numpy=lambda x, how=how: slow.pool(x, *how, np.max)),
            row("sum_pool", lambda xp, x, w=windows: pooling._sum_pool(x, w), x,
                numpy=lambda x, how=how: slow.pool(x, *how, np.sum)),
            row("spread", lambda xp, y, s=shape, w=windows: pooling._spread(y, s, w), y,
                numpy=lambda y, s=shape, p=places: _handed(y, s, p)),
            row("put_back", lambda xp, y, win, s=shape, w=windows: pooling._put_back(y, win, s, w), y, winners,
                numpy=lambda y, win, s=shape, p=places, w=how[0]: _handed(y, s, p, win, w)),
            row("pick", lambda xp, x, win, w=windows: pooling._pick(x, win, w), x, winners,
                numpy=lambda x, win, p=places, w=how[0]: _picked(x, win, p, w)),
        ]  # fmt: skip
    return rows


x23, y23 = normal(2, 3), normal(2, 3)
INDICES = [1, -1, slice(None, None, -2), (..., 0), (None, 1), (slice(1), None, ..., slice(1, 3)), [0, 0, 1], (), ...]
INDICES += [
    ([0, 1, 0], [2, 2, 2]),
    (slice(None), [0, 0, 2]),
    np.array([[True, False, True]] * 2),
    (1, [2, 2]),
    ((0, 0, 1),),
]

DIFFERENTIABLE = [
    *binary("add", x23, y23),
    *binary("subtract", x23, y23),
    *binary("multiply", x23, y23),
    *binary("divide", x23, within(0.5, 2, 2, 3)),
    *binary("power", within(0.5, 2, 2, 3), y23),
    *[row("power", lambda xp, x, n=n: xp.power(x, n), x23) for n in (0, 1, 2, 3, -1, 2.0)],
    row("power", lambda xp, x: xp.power(x, [0.0, 1.0, 2.0]), x23),
    *binary("floor_divide", spaced(2, 3), within(0.9, 1.1, 2, 3)),
    *binary("remainder", spaced(2, 3), within(0.9, 1.1, 2, 3)),
    *binary("logaddexp", x23, y23),
    *binary("arctan2", x23, y23),
    *binary("hypot", x23, y23),
    *binary("copysign", x23, y23),
    *binary("nextafter", x23, y23),
    *binary("maximum", x23, y23),
    *binary("minimum", x23, y23),
    *unary("negative positive abs square cbrt exp exp2 expm1", normal(2, 3)),
    *unary("sin cos tan arctan sinh cosh tanh arcsinh", normal(2, 3)),
    *unary("conj real imag angle", normal(2, 3)),
    *unary("sqrt reciprocal log log2 log10 log1p", within(0.5, 2, 2, 3)),
    *unary("arcsin arccos arctanh", within(-0.8, 0.8, 2, 3)),
    *unary("sign floor ceil trunc round", spaced(2, 3)),
    *unary("arccosh", within(1.5, 3, 2, 3)),
    *unary("sinc", np.array([-1.3, -0.02, 0.0, 0.01, 0.04, 2.2])),
    row("round", lambda xp, x: xp.round(x, 1), np.array([0.12, -3.48])),
    row("round", lambda xp, x: xp.round(x, decimals=-1), np.array([12.0, -38.0])),
    row("where", lambda xp, c, x, y: xp.where(c, x, y), x23 > 0, x23, y23),
    row("where", lambda xp, c, x, y: xp.where(c, x, y), np.array([[True], [False]]), x23, y23[0]),
    row("where", lambda xp, x: xp.where(x > 0, x, 0.0), x23),
    row("clip", lambda xp, x: xp.clip(x, -0.5, 0.5), spaced(3, 3)),
    row("clip", lambda xp, x: xp.clip(x, min=-0.5), spaced(3, 3)),
    row("clip", lambda xp, x: xp.clip(x, None, 0.5), spaced(3, 3)),
    row("clip", lambda xp, x, a, b: xp.clip(x, a, b), spaced(3, 3), np.array([-0.51, 0.1, 1.4]), np.array(0.7)),
    # Reductions.
    *reduction("sum", normal(2, 3, 4)),
    *reduction("mean", normal(2, 3, 4)),
    *reduction("var", normal(2, 3, 4)),
    *reduction("std", normal(2, 3, 4)),
    *reduction("norm", normal(2, 3, 4), _norm),
    *reduction("max", spaced(2, 3, 4)),
    *reduction("min", spaced(2, 3, 4)),
    *reduction("logsumexp", normal(2, 3, 4), _logsumexp),
    *reduction("prod", normal(2, 3, 4)),
    row("sum", lambda xp, x: xp.sum(x, 0, "float64"), x23),
    row("sum", lambda xp, x: xp.sum(x), np.array(2.0)),
    row("var", lambda xp, x: xp.var(x, axis=1, ddof=1), x23),
    row("std", lambda xp, x: xp.std(x, 0, ddof=0.5), x23),
    *[row("prod", lambda xp, x, axis=axis: xp.prod(x, axis=axis), np.array([[2.0, 0.0, 3.0], [0.0, 1.5, 0.0]]))
      for axis in (None, 0, -1)],
    *[row("cumsum", lambda xp, x, axis=axis: xp.cumsum(x, axis), normal(2, 3, 2)) for axis in (0, 1, -1)],
    *[row("cumprod", lambda xp, x, axis=axis: xp.cumprod(x, axis), normal(2, 3, 2)) for axis in (0, 1, -1)],
    row("cumprod", lambda xp, x: xp.cumprod(x, axis=-1), np.array([[2.0, 0.0, 3.0, 1.5], [0.0, 1.5, 0.0, 2.0]])),
    # Indexing.
    *[row("getitem", lambda xp, x, i=i: x[i], x23) for i in INDICES],
    *[scattering(i) for i in INDICES],
    *[setting(i, x23, normal(*x23[i].shape)) for i in INDICES],
    setting((slice(None), 1), x23, np.array(0.7)),
    setting(slice(1), x23, normal(1, 1, 3)),
    # The same elements elsewhere.
    row("reshape", lambda xp, x: xp.reshape(x, (3, -1)), x23),
    row("reshape", lambda xp, x: x.reshape(6), x23),
    row("transpose", lambda xp, x: xp.transpose(x), normal(2, 3, 4)),
    row("transpose", lambda xp, x: xp.transpose(x, (1, 2, 0)), normal(2, 3, 4)),
    row("transpose", lambda xp, x: x.transpose(-1, 0, 1), normal(2, 3, 4)),
    row("broadcast_to", lambda xp, x: xp.broadcast_to(x, (4, 2, 3)), normal(2, 1)),
    row("broadcast_to", lambda xp, x: xp.broadcast_to(x, (2,)), np.array(3.0)),
    *[row("flip", lambda xp, x, axis=axis: xp.flip(x, axis), x23) for axis in (None, 0, -1, (0, 1))],
    row("roll", lambda xp, x: xp.roll(x, 2), x23),
    row("roll", lambda xp, x: xp.roll(x, (1, -1), axis=(0, 1)), x23),
    row("concatenate", lambda xp, x, y, z: xp.concatenate([x, y, z]), x23, normal(1, 3), normal(3, 3)),
    row("concatenate", lambda xp, x, y: xp.concatenate([x, y], axis=-1), x23, normal(2, 1)),
    row("concatenate", lambda xp, x: xp.concatenate([x, x], axis=None), x23),
    row("pad", lambda xp, x: xp.pad(x, 1), x23),
    row("pad", lambda xp, x: xp.pad(x, ((0, 1), (2, 0)), constant_values=3.0), x23),
    *[row(name, lambda xp, x, name=name, k=k: getattr(xp, name)(x, k), normal(2, 3, 3))
      for name in ("tril", "triu") for k in (-1, 0, 1)],
    row("tril", lambda xp, x: xp.tril(x), normal(3)),
    row("cast", lambda xp, x: x.astype("float64") * 2, x23),
    # Products.
    *[row("matmul", lambda xp, x, y: xp.matmul(x, y), normal(*a), normal(*b)) for a, b in [
        ((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
        ((5, 2, 3), (5, 3, 2)), ((5, 1, 2, 3), (4, 3, 2)), ((3,), (5, 3, 2)), ((5, 2, 3), (3,)), ((2, 0), (0, 3)),
    ]],
    *[row("einsum", lambda xp, *xs, s=s: xp.einsum(s, *xs), *[normal(*shape) for shape in shapes]) for s, shapes in [
        ("ij,jk->ik", [(2, 3), (3, 4)]), ("ij,jk", [(2, 3), (3, 4)]), ("ij->ji", [(2, 3)]), ("ij->", [(2, 3)]),
        ("ji", [(2, 3)]), (" i j -> j i ", [(2, 3)]), ("Ba,aB->B", [(2, 3), (3, 2)]), ("i,j->ij", [(2,), (3,)]),
        ("ii", [(3, 3)]), ("ii->i", [(3, 3)]), ("iij->j", [(3, 3, 2)]), ("iii->i", [(2, 2, 2)]),
        ("...ij,...jk->...ik", [(5, 2, 3), (3, 4)]), ("i...->...", [(2, 3, 4)]), ("...,...", [(2, 3), (3,)]),
        ("bij,bjk,k->bi", [(2, 3, 4), (2, 4, 2), (2,)]), ("i,i,i->", [(3,), (3,), (3,)]), (",i->i", [(), (3,)]),
        ("ij,kj->i", [(2, 3), (4, 3)]), ("i,i->", [(1,), (3,)]), ("ij,ij->i", [(2, 3), (2, 1)]),
    ]],
    # Windows.
    *convolutions(),
    *poolings(),
    row("add_rows", lambda xp, x: convolution._add_rows(x), normal(2, 3, 4), numpy=lambda x: x.sum(axis=(0, 1))),
    *rows_of_linalg.DIFFERENTIABLE,
    *rows_of_fft.DIFFERENTIABLE,
]  # fmt: skip

# Each primitive that has a derivative for complex numbers.
z23, w23 = complexes(2, 3), complexes(2, 3)
COMPLEX = [
    *[row(name, lambda xp, x, y, name=name: getattr(xp, name)(x, y), x, y)
      for name in ("add", "subtract", "multiply", "divide", "power")
      for x, y in [(z23, w23), (z23, w23[0]), (z23[:, :1], y23), (x23, w23[:1]), (x23, w23[0, 0])]],
    *[row("power", lambda xp, x, n=n: xp.power(x, n), z23) for n in (0, 1, 2, 3, -1, 0.5, 1 + 2j)],
    *[row("power", lambda xp, y, a=a: xp.power(a, y), w23) for a in (2.5, -2.5, 1j, [-1.0, 2.0, -3.0])],
    *unary("negative positive abs square sqrt reciprocal exp exp2 expm1 log log2 log10 log1p", z23),
    *unary("sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh sinc", w23),
    *unary("sign round conj real imag angle", z23),
    row("sinc", lambda xp, x: xp.sinc(x), np.array([0.0, 0.01j, 0.01 - 0.005j])),
    row("conj", lambda xp, x: x.conj() * x, z23),
    row("real", lambda xp, x: x.real, z23),
    row("imag", lambda xp, x: x.imag, z23),
    row("where", lambda xp, x, y: xp.where(np.array([True, False, True]), x, y), z23, y23),
    *[row(name, lambda xp, x, name=name: getattr(xp, name)(x, axis=1), complexes(2, 3, 2))
      for name in ("sum", "mean", "var", "std", "prod", "cumsum", "cumprod")],
    *reduction("norm", complexes(2, 3, 4), lambda x, **options: np.sqrt(np.sum(np.abs(x) ** 2, **options))),
    *[row(name, lambda xp, x, name=name: getattr(xp, name)(x, axis=-1), np.array([[2j, 0.0, 3.0], [1j, 0.0, 0.0]]))
      for name in ("prod", "cumprod")],
    *[row("getitem", lambda xp, x, i=i: x[i], z23) for i in INDICES[-4:]],
    row("scatter", lambda xp, x: indexing._scatter(x, (2, 3), 1), complexes(3), numpy=lambda x: _added(x, (2, 3), 1)),
    setting((slice(None), 1), z23, np.array(0.7)),
    setting(slice(1), z23, complexes(1, 1, 3)),
    row("reshape", lambda xp, x: xp.reshape(x, (3, -1)), z23),
    row("transpose", lambda xp, x: x.T, z23),
    row("broadcast_to", lambda xp, x: xp.broadcast_to(x, (4, 2, 3)), complexes(2, 1)),
    row("flip", lambda xp, x: xp.flip(x), z23),
    row("roll", lambda xp, x: xp.roll(x, 2), z23),
    row("concatenate", lambda xp, x, y: xp.concatenate([x, y]), x23, z23),
    row("pad", lambda xp, x: xp.pad(x, 1), z23),
    row("tril", lambda xp, x: xp.tril(x), z23),
    row("triu", lambda xp, x: xp.triu(x), z23),
    row("cast", lambda xp, x: x.astype("complex128") * 2j, x23),
    *[row("matmul", lambda xp, x, y: xp.matmul(x, y), x, y)
      for x, y in [(z23, w23.T), (x23, w23.T), (z23, y23.T), (z23[0], w23[1]), (complexes(4, 2, 3), w23.T)]],
    *[row("einsum", lambda xp, x, y, s=s: xp.einsum(s, x, y), z23, y)
      for y in (w23, y23) for s in ("ij,ij->i", "ij,kj->ik", "ij,kj->")],
    *rows_of_linalg.COMPLEX,
    *rows_of_fft.COMPLEX,
]  # fmt: skip

COMPOSED = [
    row(
        "conv_transpose",
        lambda xp, x, k: tg.conv_transpose(x, k, 2, 1, output_padding=1),
        normal(2, 3, 2),
        normal(3, 4, 2),
        numpy=lambda x, k: slow.conv_transpose(x, k, (2, 6, 4), (2,), ((1, 1),), (1,)),
    ),
    row(
        "average_pool",
        lambda xp, x: tg.average_pool(x, 2, 1),
        normal(1, 4, 3, 2),
        numpy=lambda x: slow.pool(x, (2, 2), (1, 1), ((0, 0), (0, 0)), np.mean),
    ),
    row(
        "average_pool",
        lambda xp, x: tg.average_pool(x, 3, 1, "same"),
        normal(1, 4, 3, 2),
        numpy=lambda x: slow.pool(x, (3, 3), (1, 1), ((1, 1), (1, 1)), np.mean),
    ),
    row("swapaxes", lambda xp, x: xp.swapaxes(x, 0, -1), normal(2, 3, 4)),
    row("moveaxis", lambda xp, x: xp.moveaxis(x, 0, -1), normal(2, 3, 4)),
    row("moveaxis", lambda xp, x: xp.moveaxis(x, (0, -1), (1, 0)), normal(2, 3, 4)),
    row("expand_dims", lambda xp, x: xp.expand_dims(x, -2), x23),
    row("squeeze", lambda xp, x: xp.squeeze(x), normal(1, 3, 1)),
    row("squeeze", lambda xp, x: xp.squeeze(x, -1), normal(1, 3, 1)),
    row("stack", lambda xp, x, y: xp.stack([x, y], -1), x23, y23),
    row("split", lambda xp, x: xp.split(x, 3, axis=1)[1], x23),
    row("split", lambda xp, x: xp.split(x, [1, 2], -1)[2], x23),
    row("tile", lambda xp, x: xp.tile(x, (2, 1, 3)), x23),
    row("tile", lambda xp, x: xp.tile(x, 2), normal(2, 1)),
    row("repeat", lambda xp, x: xp.repeat(x, 2), x23),
    row("repeat", lambda xp, x: xp.repeat(x, 3, -1), x23),
    row("take", lambda xp, x: xp.take(x, [0, 5, 0]), x23),
    row("take", lambda xp, x: xp.take(x, [[0, 2], [2, 2]], axis=-1), x23),
    row("take", lambda xp, x: xp.take(x, 1, axis=0), x23),
    row("take_along_axis", lambda xp, x: xp.take_along_axis(x, np.array([[2, 0], [1, 1]]), -1), x23),
    row("tensordot", lambda xp, x, y: xp.tensordot(x, y), normal(2, 3, 4), normal(3, 4, 2)),
    row("tensordot", lambda xp, x, y: xp.tensordot(x, y, axes=0), x23, normal(2)),
    row("tensordot", lambda xp, x, y: xp.tensordot(x, y, axes=([0, -1], [1, 0])), normal(2, 3, 4), normal(4, 2)),
    row("dot", lambda xp, x, y: xp.dot(x, y), x23, normal(3)),
    row("dot", lambda xp, x, y: xp.dot(x, y), x23, normal(4, 3, 2)),
    row("dot", lambda xp, x, y: xp.dot(x, y), np.array(2.0), x23),
    row("outer", lambda xp, x, y: xp.outer(x, y), x23, normal(4)),
    row("trace", lambda xp, x: xp.trace(x), x23),
    row("trace", lambda xp, x: xp.trace(x), normal(3, 3, 2)),
    row("astype", lambda xp, x: x.astype(np.float64), x23),
    row("astype", lambda xp, x: x.astype(np.float64, copy=False) * 1, x23),
    row("reshape", lambda xp, x: xp.reshape(x, (3, 2), copy=True), x23),
    row("var", lambda xp, x: xp.var(x, axis=1, correction=1), x23),
    row("std", lambda xp, x: xp.std(x, axis=0, correction=0.5), x23),
    row("prod", lambda xp, x: xp.prod(x, dtype="float64"), x23),
    row("repeat", lambda xp, x: xp.repeat(x, [2, 0, 1], axis=1), x23),
    row("expand_dims", lambda xp, x: xp.expand_dims(x, (0, -1)), x23),
    row("unstack", lambda xp, x: xp.unstack(x, axis=1)[-1], x23),
    row("broadcast_arrays", lambda xp, x, y: xp.broadcast_arrays(x, y)[1], x23, normal(4, 1, 1)),
    row("broadcast_shapes", lambda xp, x: xp.broadcast_to(x, xp.broadcast_shapes(x.shape, (4, 1, 1))), x23),
    *[
        row(
            "meshgrid", lambda xp, x, y, z, i=i, how=how: xp.meshgrid(x, y, z, indexing=how)[i], *map(normal, (2, 3, 4))
        )
        for i in range(3)
        for how in ("xy", "ij")
    ],
    row("meshgrid", lambda xp, x: xp.meshgrid(x)[0], normal(3)),
    *[row("sort", lambda xp, x, axis=axis: xp.sort(x, axis), spaced(3, 4)) for axis in (0, -1)],
    row("sort", lambda xp, x: tg.sort(x, 0, descending=True), spaced(3, 2), numpy=lambda x: -np.sort(-x, 0)),
    *[
        row(f"unique_{what}", lambda xp, x, what=what: getattr(xp, f"unique_{what}")(x)[0], spaced(2, 3))
        for what in ("all", "counts", "inverse")
    ],
    row(
        "unique_values",
        lambda xp, x: xp.unique_values(x),
        np.array([[2.0, -1.0], [2.5, 0.0]]),
        numpy=lambda x: np.unique(x),
    ),
    row("diff", lambda xp, x: xp.diff(x), x23),
    row("diff", lambda xp, x: xp.diff(x, n=2, axis=0), normal(4, 2)),
    row("diff", lambda xp, x: xp.diff(x, n=0, prepend=x[:, :1]), x23),
    row("diff", lambda xp, x, y, z: xp.diff(x, axis=0, prepend=y, append=z), x23, normal(1, 3), normal(2, 3)),
    *[
        row(name, lambda xp, x, name=name, how=how: getattr(xp, name)(x, **how), normal(3))
        for name in ("cumulative_sum", "cumulative_prod")
        for how in ({}, {"axis": 0, "include_initial": True}, {"axis": -1, "dtype": "float64"})
    ],
    row("cumulative_sum", lambda xp, x: xp.cumulative_sum(x, axis=1), x23),
    *rows_of_linalg.COMPOSED,
    *rows_of_fft.COMPOSED,
]

_signs, _bits, _flags = np.array([-1.0, 0.0, 2.0]), np.array([3, 5, 0]), np.array([True, False, True])
CONSTANT = [
    *[row(name, lambda xp, x, y, name=name: getattr(xp, name)(x, y), _signs, np.array([[0.0], [2.0]]))
      for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")],
    *[row(name, lambda xp, x, y, name=name: getattr(xp, name)(x, y), _signs, np.array([[0.0], [2.0]]))
      for name in ("logical_and", "logical_or", "logical_xor")],
    *[row(name, lambda xp, x, name=name: getattr(xp, name)(x), np.array([1.0, np.nan, -np.inf, 0.0]))
      for name in ("isnan", "isinf", "isfinite", "logical_not")],
    *[row(name, lambda xp, x, y, name=name: getattr(xp, name)(x, y), a, a[::-1])
      for name in ("bitwise_and", "bitwise_or", "bitwise_xor") for a in (_bits, _flags)],
    *[row(name, lambda xp, x, y, name=name: getattr(xp, name)(x, y), _bits, np.array([1, 0, 2]))
      for name in ("bitwise_left_shift", "bitwise_right_shift")],
    row("signbit", lambda xp, x: xp.signbit(x), np.array([1.0, -0.0, 0.0, -np.inf])),
    *[row("argsort", lambda xp, x, axis=axis: xp.argsort(x, axis, stable=True), x)
      for x in (spaced(3, 4), np.array([[2.0, 1.0, 2.0, 1.0]])) for axis in (0, -1)],
    row("argsort", lambda xp, x: tg.argsort(x, descending=True), np.array([2.0, 1.0, 2.0, 3.0]),
        numpy=lambda x: np.array([3, 0, 2, 1])),
    *[row("searchsorted", lambda xp, x, y, side=side: xp.searchsorted(x, y, side=side), np.arange(4.0), x23)
      for side in ("left", "right")],
    *[row("nonzero", lambda xp, x, i=i: xp.nonzero(x)[i], np.array([[0.0, 2.0], [1.0, 0.0]])) for i in (0, 1)],
    *[row("count_nonzero", lambda xp, x, axis=axis: xp.count_nonzero(x, axis=axis), np.array([[0.0, 2.0], [1.0, 3.0]]))
      for axis in (None, 0, (0, 1))],
    row("isin", lambda xp, x, y: xp.isin(x, y), _signs, np.array([2.0, 0.0])),
    row("isin", lambda xp, x, y: xp.isin(x, y, invert=True), _signs, np.array([2.0, 0.0])),
    *[row("invert", lambda xp, x: xp.invert(x), a) for a in (_bits, _flags)],
    *[row(name, lambda xp, x, name=name, axis=axis: getattr(xp, name)(x, axis=axis), x23)
      for name in ("argmax", "argmin", "all", "any") for axis in (None, -1)],
    row("argmax", lambda xp, x: xp.argmax(x, 0, keepdims=True), x23),
    row("cast_to_constant", lambda xp, x: x.astype("int64"), 10 * x23),
    row("cast_to_constant", lambda xp, x: x.astype(bool), x23),
    row("detach", lambda xp, x: tg.detach(x), x23, numpy=lambda x: x),
    row("winners", lambda xp, x, out: pooling._winners(x, out, windows=Windows((2,), (2,), ((0, 0),), (1,))),
        np.array([[[3.0], [1.0], [1.0], [4.0], [2.0], [2.0]]]), np.array([[[3.0], [4.0], [2.0]]]),
        numpy=lambda x, out: np.array([[[0], [1], [0]]], np.uint8)),
    *rows_of_linalg.CONSTANT,
]  # fmt: skip


def table(rows: list[Row]) -> Any:
    return pytest.mark.parametrize("case", rows, ids=[f"{r.name}-{i}" for i, r in enumerate(rows)])


def test_every_primitive_has_a_row_and_every_row_a_primitive():
    assert {r.name for r in DIFFERENTIABLE} == {name for name, p in PRIMITIVES.items() if p.rules}
    assert {r.name for r in CONSTANT} == {name for name, p in PRIMITIVES.items() if not p.rules}


def test_every_public_operation_has_a_row():
    names = {r.name for r in DIFFERENTIABLE + COMPOSED + CONSTANT}
    assert names >= set(ops.__all__)
    assert [name for name in linalg.__all__ if not {name, f"linalg.{name}"} & names] == []
    assert names >= set(ops.fourier.__all__)


def test_the_whole_public_page_is_in_the_package():
    page = ast.parse(Path(tg.__file__).read_text())
    listed = [
        a.name for node in page.body if isinstance(node, ast.ImportFrom) and node.module == "ops" for a in node.names
    ]
    assert sorted(listed) == sorted(ops.__all__)


def test_what_has_a_derivative_for_complex_numbers_has_a_row_with_them():
    assert {r.name for r in COMPLEX} == {name for name, p in PRIMITIVES.items() if p.rules and p.complex}


def in_complex(args: tuple[Any, ...]) -> list[Any]:
    return [x * (1 + 0.1j) if np.asarray(x).dtype == float else x for x in args]


@table([r for r in DIFFERENTIABLE if not PRIMITIVES[r.name].complex])
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_what_is_for_real_numbers_refuses_a_complex_gradient(case):
    try:
        out = case.f(tg, *watched(in_complex(case.args)))
    except (TypeError, ValueError, AttributeError):
        return  # NumPy itself knows no such function of complex numbers
    if out.size:
        with pytest.raises(TypeError, match="has no derivative for complex numbers"):
            out.backward(np.ones(out.shape))


@table([r for r in DIFFERENTIABLE if PRIMITIVES[r.name].holomorphic])
def test_a_step_along_the_imaginary_axis_holds_the_derivative_to_its_last_digits(case):
    """Im f(x + ih) / h is f'(x), with no difference of near numbers: f is what it is for real numbers, and f' right."""
    args = [np.asarray(x) for x in case.args]
    wanted = [x.dtype == float for x in args]
    directions = [np.random.default_rng(1).standard_normal(x.shape) for x in args]
    ahead = [x + 1e-30j * v if w else x for x, v, w in zip(args, directions, wanted, strict=True)]
    inputs = watched(case.args)
    out = case.f(tg, *inputs)
    seed = np.random.default_rng(2).standard_normal(out.shape)
    out.backward(seed)
    expected = (seed * case.f(tg, *ahead).imag).sum() / 1e-30
    got = sum((x.grad.data * v).sum() for x, v, w in zip(inputs, directions, wanted, strict=True) if w)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


@table(DIFFERENTIABLE + COMPLEX + COMPOSED)
def test_derivatives_of_order_one_and_two(case):
    tg.check_grads(lambda *args: case.f(tg, *args), *case.args, order=2)


def certified(case: Row, max_examples: int) -> None:
    """The row in all layouts of memory; if it works element by element, its primitive on arrays of all shapes, too."""
    tg.certify(lambda *args: case.f(tg, *args), *case.args, max_examples=max_examples)
    primitive = PRIMITIVES.get(case.name)
    if primitive is not None and primitive.elementwise and len(primitive.rules) == len(case.args):
        domains = [(float(np.min(x)), float(np.max(x))) for x in map(np.asarray, case.args) if x.dtype == float]
        if len(domains) == len(case.args) and all(low < high for low, high in domains):
            tg.certify(lambda *args: case.f(tg, *args), domain=domains, max_examples=4 * max_examples)


@table(DIFFERENTIABLE + COMPLEX + COMPOSED)
def test_it_is_certified(case):
    certified(case, 2)


@pytest.mark.slow
@table(DIFFERENTIABLE + COMPLEX + COMPOSED)
def test_it_is_certified_at_length(case):
    certified(case, 15)


@table(DIFFERENTIABLE + COMPLEX)
def test_the_row_records_its_primitive(case):
    out = case.f(tg, *watched(case.args))
    assert case.name in [node._primitive.name for node in history(out) if node._primitive]


@table(CONSTANT)
def test_a_constant_wants_no_gradient(case):
    assert not case.f(tg, *watched(case.args)).requires_grad


def has_real_numbers(case: Row) -> bool:
    return any(np.asarray(x).dtype == float for x in case.args)


@pytest.mark.parametrize(
    ("case", "dtype"),
    [
        pytest.param(r, dtype, id=f"{r.name}-{i}-{dtype}")
        for i, r in enumerate(DIFFERENTIABLE + COMPLEX + COMPOSED + CONSTANT)
        for dtype in ("float32", "float64", *["int64"] * has_real_numbers(r))
    ],
)
def test_value_and_dtype_are_those_of_numpy(case, dtype):
    with np.errstate(all="ignore"):
        args = [in_dtype(x, dtype) for x in map(np.asarray, case.args)]
        try:
            expected = case.reference(*args)
        except (TypeError, ValueError) as error:
            with pytest.raises(type(error)):
                case.f(tg, *map(tg.tensor, args))
            return
        got = case.f(tg, *map(tg.tensor, args))
    assert isinstance(got, tg.Tensor)
    assert got.dtype == expected.dtype and got.shape == expected.shape
    rtol, atol = (1e-5, 1e-6) if dtype == "float32" else (1e-12, 1e-12)
    np.testing.assert_allclose(got.data, expected, rtol=rtol, atol=atol)


def in_dtype(x: np.ndarray, dtype: str) -> np.ndarray:
    """x in that dtype, if it is of real numbers; if it is complex, in the same precision."""
    return (
        x.astype(dtype)
        if x.dtype == float
        else x.astype("complex64")
        if dtype == "float32" and x.dtype == complex
        else x
    )


@table(DIFFERENTIABLE + COMPLEX + COMPOSED + CONSTANT)
def test_arrays_in_array_out(case):
    out = case.f(tg, *case.args)
    assert not isinstance(out, tg.Tensor)
    np.testing.assert_allclose(out, case.reference(*case.args), atol=1e-12)


def takes_lists(case):
    """A row that is not empty and not written with a method or an operator of arrays."""
    if case.numpy or not all(map(np.size, case.args)):
        return all(map(np.size, case.args))
    try:
        case.f(np, *[np.asarray(x).tolist() for x in case.args])
    except (AttributeError, TypeError):
        return False
    return True


@table([row for row in DIFFERENTIABLE + COMPLEX + COMPOSED + CONSTANT if takes_lists(row)])
def test_lists_and_numbers_in_array_out(case):
    args = [np.asarray(x).tolist() for x in case.args]
    np.testing.assert_allclose(case.f(tg, *args), case.reference(*case.args), atol=1e-12)


@table([r for r in DIFFERENTIABLE + COMPLEX + CONSTANT if not PRIMITIVES[r.name].view])
def test_results_share_no_memory_with_their_inputs(case):
    inputs = [tg.tensor(x) for x in case.args]
    out = case.f(tg, *inputs)
    assert not any(np.shares_memory(out._data, x._data) for x in inputs)


@table(DIFFERENTIABLE + COMPLEX)
def test_gradients_are_float32_all_the_way_in_a_float32_graph(case):
    """No rule leaves the precision of its argument: the walk never has to cast."""
    out = case.f(tg, *watched([in_dtype(x, "float32") for x in map(np.asarray, case.args)]))
    nodes, handed = history(out), {}
    pull_back(nodes, np.ones_like(out._data), watch=lambda node, x, g: handed.setdefault(node._number, g))
    for node in nodes:
        if node._primitive is None or node.dtype not in ("float32", "complex64") or case.name == "cast":
            continue
        given = [handed[node._number], *[x._data if isinstance(x, tg.Tensor) else x for x in (node, *node._inputs)]]
        if node._primitive.shared is not None:
            given[0] = node._primitive.shared(*given, **node._params)
        rules = node._primitive.rules_for(node._inputs) if node._primitive.variadic else node._primitive.rules
        with np.errstate(all="ignore"):
            for x, rule in zip(node._inputs, rules, strict=True):
                if isinstance(x, tg.Tensor) and x.requires_grad:
                    assert rule(*given, **node._params).dtype in ("float32", "complex64")


def watched(args: tuple[Any, ...]) -> list[tg.Tensor]:
    return [tg.tensor(x, requires_grad=np.asarray(x).dtype.kind in "fc") for x in args]
