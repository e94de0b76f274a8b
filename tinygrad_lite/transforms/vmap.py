"""A function of one example, made a function of many at once."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from .. import nests, ops
from ..batching import Level
from ..creation import tensor
from ..examples import enter, leave
from ..primitive import describe, next_number
from ..tensor import Tensor
from .pulling import tensors_of, with_arrays


def vmap(f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0) -> Callable[..., Any]:
    """The function that computes f for many examples at once, as a loop over them would, but without the loop.

    in_axes: along which axis of each argument the examples lie, None for an argument that all of them share; one number
    for all arguments, or a tuple with one for each; for a nest of Tensors, one number or such a nest. out_axes: along
    which axis of the result, or of each Tensor in a nest of results, they lie. It nests in any order with `grad`,
    `jvp`, and the others. Operations on all examples are done in one, by the batching rules of the primitives; one that
    has none is done example by example, with a BatchingWarning. A Tensor inside stands for all examples: no `if` can
    depend on its value. What draws random numbers inside draws them once, for all.

    Raises ValueError if the examples differ in number or if there are none to go by; TypeError if f asks for values.

    >>> import tinygrad_lite as tg
    >>> error = lambda w, x: (w * x).sum() ** 2
    >>> tg.vmap(tg.grad(error), in_axes=(None, 0))([1.0, 2.0], tg.eye(2))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @wraps(f)
    def mapped(*args: Any, **options: Any) -> Any:
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ValueError(f"vmap: in_axes names {len(axes)} arguments, {len(args)} were given")
        nest = [with_arrays(x) for x in args]
        places = [
            _like(axis, x, f"in_axes of argument {i}") for i, (axis, x) in enumerate(zip(axes, nest, strict=True))
        ]
        firsts = nests.mapped(_examples_first, nest, places)
        level = Level(next_number(), _size_of(firsts, places))
        inside = nests.mapped(lambda x, axis: x if axis is None else enter(x, level), firsts, places)
        try:
            out = f(*inside, **options)
        finally:
            level.open = False
        tensors_of(out)
        return nests.mapped(lambda x, axis: _joined(x, axis, level), out, _like(out_axes, out, "out_axes"))

    return mapped


def _like(axes: Any, nest: Any, name: str) -> Any:
    """One axis for each leaf of the nest. None is no leaf to `nests`, but here it is."""
    if axes is None or isinstance(axes, int):
        return nests.mapped(lambda _: axes, nest)
    try:
        return nests.mapped(lambda _, axis: axis, nest, axes)
    except ValueError as error:
        raise ValueError(f"vmap: {name} must be a number, None, or a nest like what they are for: {error}") from None


def _examples_first(x: Any, axis: int | None) -> Any:
    if axis is None or x is None:
        return x
    x = x if isinstance(x, Tensor) else tensor(x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"vmap: a {describe(x)} has no axis {axis} for the examples; for one that all share, None")
    return ops.moveaxis(x, axis, 0)


def _size_of(firsts: Any, places: Any) -> int:
    found = [
        (x.shape[0], path)
        for (path, x), axis in zip(nests.named_leaves(firsts), nests.leaves(places), strict=True)
        if axis is not None and x is not None
    ]
    if not found:
        raise ValueError("vmap: in_axes is None for every argument, so that there are no examples")
    if len({size for size, _ in found}) > 1:
        told = ", ".join([f"{size} in argument {path}" for size, path in found])
        raise ValueError(f"vmap: the arguments must have equally many examples, there are {told}")
    return found[0][0]


def _joined(x: Tensor, axis: int | None, level: Level) -> Tensor:
    if axis is None:
        raise ValueError("vmap: out_axes is None, but the result differs from example to example: take one of them")
    return ops.moveaxis(leave(x, level), 0, axis)
