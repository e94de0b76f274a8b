"""Derivatives of what an equation defines: of roots, optima and fixed points, however they were found.

If F(x, a) = 0 says what x is, then F stays 0 as a moves, and x has to move along: dF/dx · dx + dF/da · da = 0. Pulled
back: for a cotangent g of x, solve u · dF/dx = g, and hand -u · dF/da back to a. The steps of the solver play no part.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from .. import nests
from ..backprop import history
from ..creation import tensor
from ..mode import is_grad_enabled, no_grad
from ..primitive import Array, Node, describe, leaf
from ..tensor import Tensor
from .capturing import Captured
from .gmres import gmres
from .one_by_one import one_by_one
from .one_step import one_step, outside, stand_in
from .pulling import leaves_like, pull, with_arrays

Flat = Callable[[Sequence[Tensor]], Sequence[Tensor]]
# Records something linear at the Tensors given: Tensors, and those that cotangents of them are pulled back to.
Record = Callable[[Sequence[Tensor]], tuple[Sequence[Tensor], Sequence[Tensor]]]


def implicit(
    condition: Callable[..., Any], tolerance: float | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorates a solver: what it finds, x = solve(*args), has the derivatives that condition(x, *args) = 0 implies.

    condition is written with Tensors, and what it returns has the shapes of x; for an optimum it is the gradient of the
    objective, `implicit(grad(objective))`. The solver is any code: it is handed arrays in place of Tensors, its steps
    are not recorded, and options given by name are for it alone. x and the arguments may be nests; derivatives have any
    order. They flow to the arguments and to what the condition closes over, not to what the solver closes over.

    Raises RuntimeError if the solver stopped too early: if an element of the condition is above the tolerance, which is
    about 1e-4 for float64 and 0.02 for float32 by default; ValueError if the condition does not have the shapes of x;
    in the walk back LinAlgError where x is not determined by the condition (its derivative by x is singular).

    Sources: the implicit function theorem; Blondel et al. 2022 (arXiv:2105.15183).

    >>> import numpy as np, tinygrad_lite as tg
    >>> @tg.implicit(lambda x, a: x**3 + x - a)
    ... def root(a):
    ...     return max(np.roots([1, 0, 1, -a]), key=np.isreal).real
    >>> root(np.float64(10.0)), tg.grad(root)(np.float64(10.0))  # 1 / (3 x² + 1)
    (tensor(2., dtype=float64), tensor(0.07692308, dtype=float64))
    """

    def decorate(solve: Callable[..., Any]) -> Callable[..., Any]:
        @one_by_one
        @wraps(solve)
        def solved(*args: Any, **options: Any) -> Any:
            with no_grad():
                found = nests.mapped(_constant, solve(*outside(args), **options))
            return _implied(condition, found, args, tolerance)

        return solved

    return decorate


@one_by_one
def fixed_point(
    f: Callable[..., Any], start: Any, *args: Any, tolerance: float | None = None, steps: int = 1000
) -> Any:
    """The x with f(x, *args) = x, found by x = f(x, *args) again and again; with the derivatives that this implies.

    start, and what f returns, are arrays, Tensors or nests of them, of the same shapes. tolerance: how far the last
    step may move x, relative to 1 + |x|; by default near the rounding error of its dtype. f is written with Tensors;
    derivatives of any order flow to the arguments and to what it closes over, not to the start, and the steps are not
    kept: this is the layer of a deep equilibrium model (Bai et al. 2019, arXiv:1909.01377).

    Raises RuntimeError if x still moves after so many steps, or is no longer finite; ValueError for other shapes.

    >>> import tinygrad_lite as tg
    >>> cosine = lambda a: tg.fixed_point(lambda x, a: tg.cos(a * x), 1.0, a)
    >>> cosine(1.0), tg.grad(cosine)(1.0)
    (tensor(0.739...), tensor(-0.297...))
    """
    x = nests.mapped(lambda x: _constant(x) if hasattr(x, "dtype") else tensor(x), with_arrays(start))
    given = [nests.mapped(lambda x: x.detach() if isinstance(x, Tensor) else x, arg) for arg in args]
    moved, allowed = np.inf, 0.0
    with no_grad(), np.errstate(over="ignore", invalid="ignore"):  # what grows beyond all bounds is told below
        for _ in range(steps):
            before, x = x, nests.mapped(_constant, f(x, *given))
            moved = _largest(_difference(x, before))
            allowed = (_precision(x) ** 0.75 if tolerance is None else tolerance) * (1 + _largest(x))
            if moved <= allowed or not np.isfinite(moved):
                break
    if not moved <= allowed < np.inf:
        raise RuntimeError(
            f"fixed_point: x still moves by {moved:.2g} after {steps} steps. Give more steps, a start nearer to it, or,"
            " if f does not bring points together, find it with another solver and decorate that with implicit"
        )
    return _implied(lambda x, *args: _difference(f(x, *args), x), x, args, np.inf)


def _implied(condition: Callable[..., Any], found: Any, args: Sequence[Any], tolerance: float | None) -> Any:
    """What was found, as Tensors computed in one step from what the condition depends on."""
    values = [x._data for x in nests.leaves(found)]
    for x in values:
        if x.dtype.kind not in "fc":
            raise TypeError(f"a solution is made of floating point numbers, the solver returned {describe(x)}")
    if not is_grad_enabled() or not values:
        return found
    call = Captured(condition, (nests.mapped(lambda x: stand_in(x._data), found), *args))
    missed = leaves_like("the result of the condition", call.filled([leaf(Tensor, x) for x in call.values]), found)
    for x, f in zip(values, missed, strict=True):
        if len(missed) != len(call.values) or f.shape != x.shape:
            raise ValueError(f"the condition must have the shapes of the solution and depend on it: {describe(f)}")
    tolerance = _precision(found) ** 0.25 if tolerance is None else tolerance
    if not _largest(missed) <= tolerance:
        raise RuntimeError(
            f"the solver stopped before the condition holds: an element of it is {_largest(missed):.2g}, above the"
            f" tolerance of {tolerance:.2g}. Let it go on, or give implicit(condition, tolerance=...)"
        )
    inputs = call.inputs[len(values) :]
    return nests.rebuilt(found, _solution(call, values, inputs)) if inputs else found


def _solution(condition: Flat, values: Sequence[Array], inputs: Sequence[Tensor]) -> list[Tensor]:
    """The values as Tensors, computed from the inputs: condition([*values, *inputs]), which is 0, stays 0."""
    n = len(values)

    def record(at: Sequence[Tensor]) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        return condition(at), at[:n]

    def back(cotangents: list[Any], results: list[Any], given: list[Any]) -> list[Any]:
        u = _solved(record, [*results, *given], cotangents)
        at = [stand_in(x) for x in (*results, *given)]
        return [-share for share in pull(condition(at), u, at[n:], is_grad_enabled())]

    return one_step("implicit", inputs, values, back)


def _solved(record: Record, at: Sequence[Any], right: Sequence[Any]) -> list[Any]:
    """The u that record's pull makes the right side of: pull(outs, u, ins) = right, where outs, ins = record(at).

    Arrays; or Tensors where `at` and the right side are: they have derivatives by these, of any order.
    """
    outs, ins = record([stand_in(x) for x in at])
    nodes = history(outs[0], ins) if len(outs) == 1 else None

    def multiply(u: np.ndarray) -> np.ndarray:
        return _flat(pull(outs, _parts(u, outs), ins, False, nodes))

    try:
        u = _parts(gmres(multiply, _flat(right), 100 * _precision(right)), outs)
    except np.linalg.LinAlgError as error:
        raise np.linalg.LinAlgError(
            f"a {', a '.join(map(describe, ins))} is not determined by its condition, so that it has no derivative:"
            f" that of the condition by it is singular, or nearly so ({error})"
        ) from None

    def back(cotangents: list[Any], results: list[Any], given: list[Any]) -> list[Any]:
        at = given[: -len(right)]
        w = _solved(_transposed(record), at, cotangents)
        here = [stand_in(x) for x in at]
        outs, ins = record(here)
        moved = pull(outs, results, ins, True)
        return [*[-share for share in pull(moved, w, here, is_grad_enabled())], *w]

    return one_step("solve", [*at, *right], u, back) if is_grad_enabled() else u


def _transposed(record: Record) -> Record:
    """The matrix's mirror: what is pulled back is linear in the cotangent, and pulling through that turns it round."""

    def turned(at: Sequence[Tensor]) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        outs, ins = record(at)
        u = [leaf(Tensor, np.ones_like(x._data), True) for x in outs]
        return pull(outs, u, ins, True), u

    return turned


def _flat(tensors: Sequence[Any]) -> np.ndarray:
    """All their numbers as one array of float64; a complex number is two."""
    arrays = [np.ravel(x._data if isinstance(x, Node) else x) for x in tensors]
    return np.concatenate([x.view(x.real.dtype).astype(np.float64) for x in arrays])


def _parts(flat: np.ndarray, models: Sequence[Tensor]) -> list[Array]:
    parts, at = [], 0
    for model in models:
        size = model.size * (2 if model.dtype.kind == "c" else 1)
        part = flat[at : at + size].astype(model._data.real.dtype).view(model.dtype)
        parts.append(part.reshape(model.shape)[()])
        at += size
    return parts


def _constant(x: Any) -> Tensor:
    return leaf(Tensor, x._data if isinstance(x, Node) else np.asarray(x), shared=True)


def _difference(a: Any, b: Any) -> Any:
    return nests.mapped(lambda x, y: x - y, a, b)


def _largest(nest: Any) -> float:
    return max([float(np.max(np.abs(x._data), initial=0.0)) for x in nests.leaves(nest)], default=0.0)


def _precision(nest: Any) -> float:
    return max([float(np.finfo(x.dtype).eps) for x in nests.leaves(nest) if x.dtype.kind in "fc"], default=0.0)
