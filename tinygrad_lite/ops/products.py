"""Sums of products: matrix multiplication in all its shapes, einsum, and what is written with them."""

import math
import string
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..batching import Rule, aligned
from ..parallel import in_parts, threads_in_use
from ..primitive import Array, call_of, primitive
from .complex import conj, is_complex
from .elementwise import _BROADCAST
from .indexing import _scatter, getitem
from .manipulation import broadcast_to, expand_dims, reshape, shaped, swapaxes, transpose
from .reductions import sum


def _left(g: Array, out: Array, x: Array, y: Array) -> Array:
    if y.ndim == 1:
        return g[..., None] * y
    if x.ndim == 1:
        return (y @ g[..., None])[..., 0]
    return g @ swapaxes(y, -1, -2)


def _right(g: Array, out: Array, x: Array, y: Array) -> Array:
    if x.ndim == 1:
        return x * g if y.ndim == 1 else x[:, None] * g[..., None, :]
    if y.ndim == 1:
        return (swapaxes(x, -1, -2) @ g[..., None])[..., 0]
    if y.ndim == 2 and x.ndim > 2:  # one product of all rows: no stack of matrices, to be added up
        rows = math.prod(x.shape[:-1])
        x, g = reshape(x, (rows, x.shape[-1])), reshape(g, (rows, g.shape[-1]))
    return swapaxes(x, -1, -2) @ g


_INNER = "The last axis of the first must be as long as the last but one of the second: transpose one (.mT) or reshape"


def _matmul_batch(call: Rule, mapped: list[bool], x: Array, y: Array) -> Array:
    if mapped == [True, False] and y.ndim <= 2:
        return call(x, y)
    if mapped == [False, True] and x.ndim == y.ndim == 2:
        return call(y, transpose(x))  # many vectors: one product with the rows of a matrix
    row, column = x.ndim - mapped[0] == 1, y.ndim - mapped[1] == 1
    x, y = aligned(mapped, [x[..., None, :] if row else x, y[..., None] if column else y])
    out = call(x, y)
    out = out[..., 0] if column else out
    return out if not row else out[..., 0] if column else out[..., 0, :]


@primitive(_left, _right, hint=_INNER, complex="holomorphic", batch=_matmul_batch)
def matmul(x: Array, y: Array, /) -> Array:
    """x @ y: matrices, stacks of matrices that broadcast, and vectors.

    >>> import numpy as np, tinygrad_lite as tg
    >>> w = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> (w @ [1.0, 1.0]).sum().backward()
    >>> w.grad
    tensor([[1., 1.],
            [1., 1.]])
    """
    return in_rows(x, y)


def in_rows(x: Array, y: Array) -> Array:
    """np.matmul of two arrays. A stack times one matrix is one product of all rows: BLAS is threaded for that only.

    Inside `threads()` the rows, or the matrices of two stacks, are shared out.
    """
    if x.ndim > 2 and y.ndim == 2:
        rows = math.prod(x.shape[:-1])
        return in_rows(x.reshape(rows, x.shape[-1]), y).reshape(*x.shape[:-1], y.shape[-1])
    if threads_in_use() == 1 or x.ndim < 2 or x.ndim != y.ndim or x.shape[:-2] != y.shape[:-2]:
        return np.matmul(x, y)
    out = np.empty_like(x, order="C", shape=(*x.shape[:-1], y.shape[-1]), dtype=np.result_type(x, y))
    stacked, size = x.ndim > 2, out.size * x.shape[-1] // 32
    in_parts(lambda a, b: np.matmul(x[a:b], y[a:b] if stacked else y, out=out[a:b]), len(x), size)
    return out


def _letters(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """The subscripts with one letter for each axis: no ellipsis, no implicit output."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ndims):
        raise ValueError(f"{subscripts!r} names {len(terms)} operands, {len(ndims)} were given")
    if not arrow:
        once = sorted(c for c in set(inputs) - {",", "."} if inputs.count(c) == 1)
        output = ("..." if "..." in inputs else "") + "".join(once)
    extra = max([n - len(t.replace("...", "")) for t, n in zip(terms, ndims, strict=True) if "..." in t], default=0)
    free = [c for c in string.ascii_letters if c not in subscripts][:extra]
    full = []
    for term, ndim in zip(terms, ndims, strict=True):
        kept = ndim - len(term.replace("...", ""))
        if kept < 0 or (kept > 0 and "..." not in term):
            raise ValueError(f"the operand {term!r} of {subscripts!r} names {len(term)} axes, it has {ndim}")
        full.append(term.replace("...", "".join(free[extra - kept :])))
    return full, output.replace("...", "".join(free))


def _einsum_rule(i: int, g: Array, out: Array, *operands: Array, subscripts: str) -> Array:
    inputs, output = subscripts.split("->")
    terms = inputs.split(",")
    term, shape = terms[i], operands[i].shape
    others = [(t, x) for j, (t, x) in enumerate(zip(terms, operands, strict=True)) if j != i]
    known = {c for t, x in [(output, g), *others] for c, n in zip(t, x.shape, strict=True) if n != 1}
    letters = dict(zip(term, shape, strict=True))
    backwards = ",".join([output, *[t for t, _ in others]]) + "->" + "".join([c for c in letters if c in known])
    r = einsum(backwards, g, *[x for _, x in others])
    if not known.issuperset(letters):  # an axis was summed over, or stretched from length 1 elsewhere
        lengths = iter(r.shape)
        r = reshape(r, tuple([next(lengths) if c in known else 1 for c in letters]))
        r = broadcast_to(r, tuple([n if c in known else letters[c] for c, n in zip(letters, r.shape, strict=True)]))
    if len(letters) < len(term):  # a diagonal was read: what is off it is handed 0
        place = {c: np.arange(n) % letters[c] for c, n in zip(letters, r.shape, strict=True)}
        grid = dict(zip(letters, np.ix_(*place.values()), strict=True))
        r = _scatter(r, shape, tuple([grid[c] for c in term]))
    return r


def _einsum_batch(call: Rule, mapped: list[bool], *operands: Array, subscripts: str) -> Array:
    inputs, output = subscripts.split("->")
    letter = next(c for c in string.ascii_letters if c not in subscripts)
    terms = [letter + term if m else term for term, m in zip(inputs.split(","), mapped, strict=True)]
    return call(*operands, subscripts=",".join(terms) + "->" + letter + output)


@primitive(_einsum_rule, variadic=True, complex="holomorphic", batch=_einsum_batch)
def _einsum(*operands: Array, subscripts: str) -> Array:
    if len(operands) == 1:
        return np.copy(np.einsum(subscripts, *operands))  # it may be a view
    return np.einsum(subscripts, *operands, optimize=True)


def einsum(subscripts: str, *operands: Array) -> Array:
    """Einstein's summation: each letter is an axis, letters missing on the right are summed over.

    >>> import tinygrad_lite as tg
    >>> tg.einsum("ij,j->i", tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    arrays = [shaped(x) for x in operands]
    try:
        terms, output = _letters(subscripts, [x.ndim for x in arrays])
    except ValueError as error:
        raise ValueError(f"{call_of('einsum', subscripts, *arrays)}: {error}") from None
    return _einsum(*arrays, subscripts=",".join(terms) + "->" + output)


def tensordot(x: Array, y: Array, /, axes: Any = 2) -> Array:
    """Sum of products over pairs of axes: the last `axes` of x with the first of y, or two lists of axes."""
    x, y = shaped(x), shaped(y)
    left, right = (range(x.ndim - axes, x.ndim), range(axes)) if isinstance(axes, int) else axes
    left, right = normalize_axis_tuple(left, x.ndim), normalize_axis_tuple(right, y.ndim)
    if [x.shape[a] for a in left] != [y.shape[a] for a in right]:
        raise ValueError(f"{call_of('tensordot', x, y)}: the axes {left} and {right} differ in length")
    rows = [a for a in range(x.ndim) if a not in left]
    columns = [a for a in range(y.ndim) if a not in right]
    inner = int(np.prod([x.shape[a] for a in left], dtype=int))
    flat_x = reshape(transpose(x, (*rows, *left)), (-1 if inner else int(np.prod([x.shape[a] for a in rows])), inner))
    flat_y = reshape(
        transpose(y, (*right, *columns)), (inner, -1 if inner else int(np.prod([y.shape[a] for a in columns])))
    )
    return reshape(flat_x @ flat_y, (*[x.shape[a] for a in rows], *[y.shape[a] for a in columns]))


def dot(x: Array, y: Array, /) -> Array:
    """NumPy's dot: the product of vectors and matrices; of more axes, the last of x with the last but one of y."""
    x, y = shaped(x), shaped(y)
    if x.ndim == 0 or y.ndim == 0:
        return x * y
    if y.ndim <= 2:
        return matmul(x, y)
    return tensordot(x, y, axes=([-1], [-2]))


def _by_first(g: Array, out: Array, x: Array, y: Array, axis: int) -> Array:
    return expand_dims(conj(g) if is_complex(g) else g, axis) * y


@primitive(
    _by_first,
    lambda g, out, x, y, axis: expand_dims(g, axis) * x,
    hint=_BROADCAST,
    complex="as written",
    batch="axis",
)
def vecdot(x: Array, y: Array, /, *, axis: int = -1) -> Array:
    """The inner product of the vectors along an axis: the sum of conj(x) * y."""
    return np.vecdot(x, y, axis=axis)  # type: ignore[call-overload]


def outer(x: Array, y: Array, /) -> Array:
    """Every element of x times every element of y: a matrix."""
    return reshape(x, (-1, 1)) * reshape(y, (1, -1))


def trace(x: Array, /) -> Array:
    """The sum of the diagonal of the first two axes."""
    x = shaped(x)
    diagonal = np.arange(min(x.shape[:2]))
    return sum(getitem(x, (diagonal, diagonal)), axis=0)
