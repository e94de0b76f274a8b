"""NumPy's protocols: what `np.exp(t)`, `np.sum(t)` and `array * t` mean when t is a Tensor."""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import ops
from .primitive import Node, describe

_NAMES = {"absolute": "abs", "amax": "max", "amin": "min", "true_divide": "divide", "mod": "remainder"}


def _operation(numpy_function: Callable[..., Any]) -> Callable[..., Any] | None:
    name = numpy_function.__name__
    return getattr(ops, _NAMES.get(name, name), None) if _NAMES.get(name, name) in ops.__all__ else None


def array_ufunc(self: Node, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    """`np.exp(t)`, `array * t`: our operation of that name."""
    operation = _operation(ufunc)
    if operation is not None and method == "__call__" and not options:
        return operation(*inputs)
    return _outside_the_graph(getattr(ufunc, method), f"numpy.{ufunc.__name__}", inputs, options)


def array_function(self: Node, function: Callable[..., Any], types: Any, args: Any, options: Any) -> Any:
    """`np.sum(t)`, `np.concatenate([t, u])`: our operation of that name."""
    operation = _operation(function)
    if operation is not None and function.__module__ == "numpy":
        return operation(*args, **options)
    return _outside_the_graph(function, f"{function.__module__}.{function.__name__}", args, options)


def _outside_the_graph(function: Callable[..., Any], name: str, args: Any, options: Any) -> Any:
    """What we have no operation for runs on the bare arrays, unless a gradient would be lost on the way."""

    def bare(x: Any) -> Any:
        if isinstance(x, Node):
            if x._requires_grad:
                raise TypeError(
                    f"{name} has no derivative here: a {describe(x)} that wants a gradient would silently become a"
                    " constant. Write it with the functions of tinygrad_lite, or give it .detach()"
                )
            return x._data
        if isinstance(x, (list, tuple)):
            return type(x)([bare(y) for y in x])
        return x

    if any(isinstance(x, Node) for x in _targets(options)):
        raise TypeError(f"{name}(..., out=Tensor) is not supported: assign the result, t[...] = {name}(...)")
    return function(*[bare(x) for x in args], **{key: bare(x) for key, x in options.items()})


def _targets(options: dict[str, Any]) -> tuple[Any, ...]:
    out = options.get("out", ())
    return out if isinstance(out, tuple) else (out,)
