"""NumPy's protocols: what `np.exp(t)`, `np.sum(t)` and `array * t` mean when t is a Tensor."""

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

import numpy as np

from . import linalg, ops
from .primitive import Node, describe

# Their answers are constants: no gradient is lost in them.
_QUESTIONS = {
    np.allclose, np.argsort, np.array_equal, np.count_nonzero, np.empty_like, np.isclose, np.iscomplex, np.iscomplexobj,
    np.isreal, np.isrealobj, np.may_share_memory, np.ndim, np.nonzero, np.ones_like, np.result_type, np.shape,
    np.shares_memory, np.size, np.zeros_like,
}  # fmt: skip
_OPERATIONS = {getattr(np, name): getattr(ops, name) for name in ops.__all__ if hasattr(np, name)}
_OPERATIONS |= {getattr(np.linalg, name): getattr(linalg, name) for name in linalg.__all__}
_OPERATIONS |= {getattr(np.fft, name): getattr(ops.fourier, name) for name in ops.fourier.__all__}
_OPERATIONS |= {np.cross: linalg.cross, np.amax: ops.max, np.amin: ops.min}


def array_ufunc(self: Node, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    """`np.exp(t)`, `array * t`: our operation of that name."""
    operation = _OPERATIONS.get(ufunc)
    if operation is not None and method == "__call__" and options.keys() <= {"axis"}:
        return operation(*inputs, **options)
    if method == "at" and isinstance(inputs[0], Node):
        words = f"numpy.{ufunc.__name__}.at({describe(inputs[0])}, ...) is not supported"
        raise TypeError(f"{words}: write t[index] = t[index] + x")
    return _outside_the_graph(getattr(ufunc, method), f"numpy.{ufunc.__name__}", inputs, options)


def array_function(self: Node, function: Callable[..., Any], types: Any, args: Any, options: Any) -> Any:
    """`np.sum(t)`, `np.concatenate([t, u])`: our operation of that name."""
    operation = _OPERATIONS.get(function)
    if operation is not None:
        for name in _given_by_position(function, operation)[len(args) :]:
            if name in options:
                args, options = (*args, options[name]), {key: x for key, x in options.items() if key != name}
        return operation(*args, **options)
    return _outside_the_graph(function, f"{function.__module__}.{function.__name__}", args, options)


@cache
def _given_by_position(function: Callable[..., Any], operation: Callable[..., Any]) -> tuple[str, ...]:
    """NumPy's names of what our operation takes by position only, so that it may be given by name to NumPy's."""
    n = sum(p.kind is p.POSITIONAL_ONLY for p in signature(operation).parameters.values())
    try:
        return tuple(signature(function).parameters)[:n]
    except ValueError:  # written in C, and keeps it to itself
        return ()


def _outside_the_graph(function: Callable[..., Any], name: str, args: Any, options: Any) -> Any:
    """What we have no operation for runs on the bare arrays, unless a gradient would be lost on the way."""

    def bare(x: Any) -> Any:
        if isinstance(x, Node):
            if x._requires_grad and function not in _QUESTIONS:
                raise TypeError(
                    f"{name} has no derivative here: a {describe(x)} that wants a gradient would silently become a"
                    " constant. Write it with the functions of tinygrad_lite, or give it .detach()"
                )
            return x._data if function in _QUESTIONS else _read_only(x)
        if isinstance(x, (list, tuple)):
            return type(x)([bare(y) for y in x])
        return x

    if targets := [x for x in _targets(options) if isinstance(x, Node)]:
        words = f"{name}(..., out={describe(targets[0])}) is not supported"
        raise TypeError(f"{words}: assign the result, t[...] = {name}(...)")
    return function(*[bare(x) for x in args], **{key: bare(x) for key, x in options.items()})


def _read_only(x: Node) -> Any:
    """Its array, or a view that nobody can write to behind the graph's back."""
    if not isinstance(x._data, np.ndarray):
        return x._data
    x._shared = True
    view = x._data.view()
    view.flags.writeable = False
    return view


def _targets(options: dict[str, Any]) -> tuple[Any, ...]:
    out = options.get("out", ())
    return out if isinstance(out, tuple) else (out,)
