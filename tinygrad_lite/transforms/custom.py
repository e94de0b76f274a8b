"""A function with a derivative that its author states: of any code, of nests, with several results."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from .. import nests
from ..mode import is_grad_enabled
from ..primitive import Node, describe, leaf
from ..tensor import Tensor
from .one_by_one import one_by_one
from .one_step import kept, one_step, outside, replaced, wanted
from .pulling import leaves_like


def custom_vjp(
    forward: Callable[..., tuple[Any, Any]], backward: Callable[[Any, Any], tuple[Any, ...]]
) -> Callable[..., Any]:
    """A function whose derivative is not that of its steps, but the one that `backward` states.

    forward(*args) returns (result, residuals): the result, an array or a nest of them, and whatever `backward` needs of
    it. backward(residuals, g) is given the cotangent of the result, a nest like it, and returns a tuple: for each
    argument its cotangent, a nest like the argument, or None for zero. For one array as the result and a rule of one
    line for each argument `primitive` is shorter.

    Tensors in, Tensors out; forward itself is handed their arrays, so that it may be any code at all. Where the
    derivative is to be differentiated again, both are called with Tensors: the residuals then know how they came about.

    Raises TypeError and ValueError, in the walk back if it is backward's fault, that say what was to be returned;
    TypeError if forward closes over a Tensor through which a gradient is wanted: it has to be an argument.

    >>> import tinygrad_lite as tg
    >>> def forward(x, limit):
    ...     return x, limit
    >>> def backward(limit, g):
    ...     return tg.clip(g, -limit, limit), None
    >>> clipped = tg.custom_vjp(forward, backward)  # the identity, through which no large gradient passes
    >>> tg.grad(lambda x: (100 * clipped(x, 3.0)).sum())([1.0, 2.0])
    tensor([3., 3.])
    """
    name = forward.__name__.strip("_<>")

    @one_by_one
    @wraps(forward)
    def call(*args: Any) -> Any:
        inputs, args = wanted(args), tuple(kept(args))
        result, residuals = _pair(name, forward(*outside(args)))
        _refuse_wanted(name, (result, residuals))
        if not any(isinstance(x, Node) for x in nests.leaves(args)):
            return result
        form = nests.mapped(_constant, result)
        moving = [x._data for x in nests.leaves(form) if _moves(x)]

        def back(cotangents: list[Any], results: list[Any], given: list[Any]) -> list[Any]:
            recorded = is_grad_enabled()
            saved = _pair(name, _again(name, forward, replaced(args, given)))[1] if recorded else residuals
            following = iter(cotangents)
            g = nests.mapped(lambda x: next(following) if _moves(x) else None, form)
            return _shares(name, backward(saved, g), args, recorded)

        if not inputs or not moving:
            return form
        following = iter(one_step(name, inputs, moving, back))
        return nests.mapped(lambda x: next(following) if _moves(x) else x, form)

    return call


def _pair(name: str, found: Any) -> tuple[Any, Any]:
    if not isinstance(found, tuple) or len(found) != 2:
        raise TypeError(f"{name} must return a tuple of two, (result, residuals), it returned {_told(found)}")
    return found


def _refuse_wanted(name: str, found: Any) -> None:
    for x in nests.leaves(found):
        if isinstance(x, Node) and x._requires_grad:
            raise TypeError(
                f"{name} closes over a Tensor through which a gradient is wanted, and which would be handed none: make"
                f" it an argument. It returned a {describe(x)}"
            )


def _constant(x: Any) -> Tensor:
    return leaf(Tensor, x._data if isinstance(x, Node) else np.asarray(x), shared=True)


def _moves(x: Tensor) -> bool:
    return x.dtype.kind in "fc"


def _again(name: str, forward: Callable[..., Any], args: Sequence[Any]) -> Any:
    """What forward returns with Tensors where gradients are wanted, and arrays elsewhere."""
    try:
        return forward(*outside(args, but_wanted=True))
    except Exception as error:
        error.add_note(
            f"{name} was called with Tensors, because its derivative is differentiated again. If it is code that takes"
            " arrays only, use tinygrad_lite.primitive, or implicit if it solves an equation"
        )
        raise


def _shares(name: str, found: Any, args: Sequence[Any], recorded: bool) -> list[Any]:
    """What backward returned: a cotangent for each of the arguments through which a gradient is wanted, or None."""
    words = f"the backward of {name} must return a tuple of {len(args)}, one cotangent for each argument"
    if not isinstance(found, tuple) or len(found) != len(args):
        raise TypeError(f"{words}, it returned {_told(found)}" + (": write (g,)" if len(args) == 1 else ""))
    shares = []
    for i, (arg, each) in enumerate(zip(args, found, strict=True)):
        leaves = list(nests.leaves(arg))
        what = f"the cotangent of argument {i} of {name}"
        given = [None] * len(leaves) if each is None else leaves_like(what, each, arg)
        for x, share in zip(leaves, given, strict=True):
            if isinstance(x, Tensor) and x._requires_grad:
                shares.append(None if share is None else _share(what, x, share, recorded))
    return shares


def _share(what: str, x: Tensor, share: Any, recorded: bool) -> Any:
    """In memory of its own."""
    data = share._data if isinstance(share, Node) else np.asarray(share)
    if data.shape != x.shape or data.dtype.kind not in "biufc":
        raise ValueError(f"{what}, a {describe(x)}, must have its shape, given {_told(share)}")
    if not recorded:
        return np.array(data)
    return share if isinstance(share, Node) else leaf(Tensor, np.array(data))


def _told(found: Any) -> str:
    return f"a tuple of {len(found)}" if isinstance(found, tuple) else describe(found)
