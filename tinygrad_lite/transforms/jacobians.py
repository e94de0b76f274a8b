"""All derivatives at once (Jacobians, Hessians), and a Hessian times a vector without the Hessian."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import numpy as np

from .. import nests, ops
from ..backprop import history
from ..creation import zeros
from ..mode import is_grad_enabled
from ..primitive import describe
from ..tensor import Tensor
from .forward import pushing
from .gradients import chosen_of, grad, like_argnums, vjp
from .pulling import Recorded, pull


def jacobian(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, mode: str = "reverse") -> Callable[..., Any]:
    """The function that computes the derivative of each element of f's result by each element of an argument.

    f returns a Tensor or a nest of them, the arguments chosen are Tensors or nests of them. For a result of the shape
    (m,) and an argument of the shape (n,) it is a matrix (m, n); in general the shape is that of the result followed by
    that of the argument, and where there are nests, a nest like the result with a nest like the argument in each place.
    mode: "reverse" pulls back once for each element of the result, "forward" pushes ahead once for each element of the
    arguments: take what there is less of. Raises ValueError for another mode.

    >>> import tinygrad_lite as tg
    >>> tg.jacobian(lambda x: x[0] * x)([2.0, 3.0])
    tensor([[4., 0.],
            [3., 2.]])
    """
    if mode not in ("reverse", "forward"):
        raise ValueError(f"mode must be 'reverse' or 'forward', given {mode!r}")
    compute = _by_rows if mode == "reverse" else _by_columns

    @wraps(f)
    def derivative(*args: Any, **options: Any) -> Any:
        recorded = Recorded(lambda *full: f(*full, **options), args, chosen_of(argnums))
        for x in (*recorded.outs, *recorded.leaves):
            if x.dtype.kind == "c":
                raise TypeError(f"a Jacobian is made of real numbers, given a {describe(x)}: take .real and .imag")
        blocks = iter(compute(recorded))
        return nests.mapped(lambda _: like_argnums(argnums, recorded.like_args(next(blocks))), recorded.out)

    return derivative


def _by_rows(recorded: Recorded) -> list[list[Tensor]]:
    """For each Tensor of the result its derivative by each leaf, row by row: one for each of its elements."""
    outside, blocks = recorded.watched and is_grad_enabled(), []
    for out in recorded.outs:
        nodes = history(out, recorded.leaves)
        rows = [pull([out], [unit], recorded.leaves, outside, nodes) for unit in _units(out)]
        blocks.append([_joined([row[j] for row in rows], 0, out, x) for j, x in enumerate(recorded.leaves)])
    return blocks


def _by_columns(recorded: Recorded) -> list[list[Tensor]]:
    """The same, column by column: one for each element of the leaves."""
    push, leaves = pushing(recorded), recorded.leaves
    blocks: list[list[Tensor]] = [[] for _ in recorded.outs]
    for j, x in enumerate(leaves):
        columns = [push([unit if i == j else None for i in range(len(leaves))]) for unit in _units(x)]
        for i, out in enumerate(recorded.outs):
            blocks[i].append(_joined([column[i] for column in columns], -1, out, x))
    return blocks


def _units(x: Tensor) -> Iterator[np.ndarray]:
    """For each element of x, an array that is 1 there and 0 elsewhere."""
    for i in range(x.size):
        unit = np.zeros(x.size, x.dtype)
        unit[i] = 1
        yield unit.reshape(x.shape)


def _joined(parts: list[Tensor], axis: int, out: Tensor, x: Tensor) -> Tensor:
    """The rows or columns as one array: the shape of the result, then that of the argument."""
    shape = (*out.shape, *x.shape)
    return ops.reshape(ops.stack(parts, axis), shape) if parts else zeros(shape, x.dtype)


def hessian(f: Callable[..., Tensor], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that computes the second derivatives of f, which returns a single number.

    For an argument of the shape (n,) it is a matrix (n, n); in general the argument's shape comes twice, and where it
    is a nest there is a nest of nests: `hessian(f)(p)["a"]["b"]` are the derivatives by "a" and then by "b".

    >>> import tinygrad_lite as tg
    >>> tg.hessian(lambda x: x[0] ** 2 * x[1])([2.0, 3.0])
    tensor([[6., 4.],
            [4., 0.]])
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Callable[..., Tensor], x: Any, v: Any) -> Any:
    """The Hessian of f at x times v, at the cost of about two gradients: the Hessian itself is never made.

    f returns a single number; x is an array, a Tensor or a nest of them, and v is one of the same shapes. To multiply
    at the same x often, `g, pull = vjp(grad(f), x)` does its part of the work once: each product is then `pull(v)[0]`.

    >>> import tinygrad_lite as tg
    >>> tg.hvp(lambda x: (x**3).sum(), [1.0, 2.0], [1.0, 10.0])
    tensor([  6., 120.])
    """
    return vjp(grad(f), x)[1](v)[0]
