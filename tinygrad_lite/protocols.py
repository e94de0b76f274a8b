"""NumPy's protocols: what `np.exp(t)`, `np.sum(t)` and `array * t` mean when t is a Tensor."""

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

import numpy as np

from . import linalg, ops
from .numpy_functions import COMPOSED
from .primitive import Node, describe
from .special import dispatch

# Their answers are constants: no gradient is lost in them.
_QUESTIONS = {
    np.allclose, np.argpartition, np.argsort, np.argwhere, np.array2string, np.array_equal, np.array_equiv,
    np.array_repr, np.array_str, np.common_type, np.count_nonzero, np.diag_indices_from, np.digitize,
    np.empty_like, np.flatnonzero,
    np.isclose, np.iscomplex, np.iscomplexobj, np.isreal, np.isrealobj, np.lexsort, np.may_share_memory,
    np.min_scalar_type, np.nanargmax, np.nanargmin, np.ndim, np.nonzero, np.ones_like, np.result_type, np.searchsorted,
    np.shape, np.shares_memory, np.size, np.tril_indices_from, np.triu_indices_from, np.zeros_like,
}  # fmt: skip
_OPERATIONS = {getattr(np, name): getattr(ops, name) for name in ops.__all__ if hasattr(np, name)}
_OPERATIONS |= {getattr(np.linalg, name): getattr(linalg, name) for name in linalg.__all__}
_OPERATIONS |= {getattr(np.fft, name): getattr(ops.fourier, name) for name in ops.fourier.__all__}
_OPERATIONS |= {np.cross: linalg.cross}

# ufunc.reduce, ufunc.accumulate, and what an element is that changes nothing.
_REDUCE: dict[Any, tuple[Callable[..., Any], Any, Any]] = {
    np.add: (ops.sum, ops.cumsum, 0),
    np.multiply: (ops.prod, ops.cumprod, 1),
    np.maximum: (ops.max, None, -np.inf),
    np.minimum: (ops.min, None, np.inf),
    np.logaddexp: (ops.logsumexp, None, -np.inf),
    np.logical_and: (ops.all, None, True),
    np.logical_or: (ops.any, None, False),
}

# What to write instead of what is refused.
_INSTEAD = {
    np.asarray: "tinygrad_lite.asarray(t), or t.detach().numpy()",
    np.apply_over_axes: "a reduction with a tuple of axes",
    np.copyto: "t[...] = x",
    np.fill_diagonal: "t[i, i] = x",
    np.histogram: "tinygrad_lite.count_nonzero of comparisons: counts have no derivative",
    np.i0: "scipy.special.i0(t)",
    np.linspace: "a + (b - a) * np.linspace(0, 1, n)",
    np.geomspace: "np.exp(np.log(a) + (np.log(b) - np.log(a)) * np.linspace(0, 1, n))",
    np.logspace: "10 ** (a + (b - a) * np.linspace(0, 1, n))",
    np.piecewise: "tinygrad_lite.where, or np.select",
    np.place: "t[mask] = x",
    np.polyfit: "np.linalg.lstsq(np.vander(x, degree + 1), y)",
    np.put: "t[i] = x",
    np.put_along_axis: "t[i, j] = x",
    np.putmask: "t[mask] = x",
    np.roots: "np.linalg.eigvals of the companion matrix",
    np.save: "tinygrad_lite.files.save(path, t)",
    np.savez: "tinygrad_lite.files.save(path, {...})",
    np.unique: "tinygrad_lite.unique_values(t)",
}


def array_ufunc(self: Node, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    """`np.exp(t)`, `array * t`, `np.add.reduce(t)`: our operation of that name."""
    operation = operation_of(ufunc)
    if operation is not None and method == "__call__":
        if not options or options.keys() <= {"axis"}:
            return operation(*inputs, **options)
        if options.get("out") is not None:
            return _outside_the_graph(ufunc, f"numpy.{ufunc.__name__}", inputs, options)
        if options.get("where", True) is not True:
            raise TypeError(
                f"numpy.{ufunc.__name__}(..., where=...) leaves elements undefined: write tinygrad_lite.where(mask,"
                f" {ufunc.__name__}(...), x)"
            )
        if (dtype := options.get("dtype")) is not None:
            inputs = tuple([ops.astype(ops.manipulation.shaped(x), dtype) for x in inputs])
        return operation(*inputs)
    if operation is not None and method == "outer":
        a, b = map(ops.manipulation.shaped, inputs)
        return operation(ops.reshape(a, a.shape + (1,) * b.ndim), b)
    if ufunc in _REDUCE and method in ("reduce", "accumulate") and options.get("out") is None:
        return (_reduce if method == "reduce" else _accumulate)(ufunc, *inputs, **options)
    if method == "at" and isinstance(inputs[0], Node):
        words = f"numpy.{ufunc.__name__}.at({describe(inputs[0])}, ...) is not supported"
        raise TypeError(f"{words}: write t[index] = t[index] + x")
    return _outside_the_graph(getattr(ufunc, method), dispatch.name_of(ufunc), inputs, options)


def operation_of(function: Any) -> Callable[..., Any] | None:
    """What runs in place of one of NumPy's or SciPy's functions, if there is something."""
    return _OPERATIONS.get(function) or COMPOSED.get(function) or dispatch.operation_of(function)


def _reduce(
    ufunc: np.ufunc, x: Node, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = np._NoValue, where: Any = True,
) -> Any:  # fmt: skip
    of, _, neutral = _REDUCE[ufunc]
    x = x if dtype is None else ops.astype(x, dtype)
    x = x if where is True else ops.where(where, x, neutral)
    found = of(x, axis=axis, keepdims=keepdims)
    return found if initial in (np._NoValue, None) else _OPERATIONS[ufunc](found, initial)


def _accumulate(ufunc: np.ufunc, x: Node, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    of = _REDUCE[ufunc][1]
    x = x if dtype is None else ops.astype(x, dtype)
    if of is not None:
        return of(x, axis=axis)
    moved = ops.moveaxis(x, axis, -1)
    if ufunc is np.logaddexp:  # one after another: a sum of exp(x) would lose all that is far below the largest
        sums = [moved[..., i] for i in range(min(1, moved.shape[-1]))]
        for i in range(1, moved.shape[-1]):
            sums.append(ops.logaddexp(sums[-1], moved[..., i]))
        return ops.stack(sums, axis) if sums else x
    best = ufunc.accumulate(moved._data, axis=-1)
    new = np.concatenate([np.ones_like(best[..., :1], bool), best[..., 1:] != best[..., :-1]], axis=-1)
    place = np.maximum.accumulate(np.where(new, np.arange(best.shape[-1]), 0), axis=-1)
    return ops.moveaxis(ops.take_along_axis(moved, place, axis=-1), -1, axis)


def array_function(self: Node, function: Callable[..., Any], types: Any, args: Any, options: Any) -> Any:
    """`np.sum(t)`, `np.concatenate([t, u])`: our operation of that name."""
    operation = _OPERATIONS.get(function)
    if operation is not None and len(args) == 1 and not options and function not in (np.cumsum, np.cumprod):
        return operation(*args)
    name = f"{function.__module__}.{function.__name__}"
    if options.get("out") is not None:
        return _outside_the_graph(function, name, args, options)
    if (composed := COMPOSED.get(function)) is not None:
        return _composed(composed, function, name, args, options)
    if operation is not None:
        options = {key: x for key, x in options.items() if not (key in _NOTHING and x in _NOTHING[key])}
        for given in _given_by_position(function, operation)[len(args) :]:
            if given in options:
                args, options = (*args, options[given]), {key: x for key, x in options.items() if key != given}
        if unknown := options.keys() - signature(operation).parameters.keys():
            raise TypeError(
                f"{name} with a Tensor has no option {', '.join(sorted(unknown))}: it takes"
                f" {operation.__name__}{signature(operation)}"
            )
        return operation(*args, **options)
    return _outside_the_graph(function, name, args, options)


# Options that ask for nothing.
_NOTHING: dict[str, tuple[Any, ...]] = {
    "out": (None,), "order": ("C", "K", None), "subok": (True, False), "casting": ("same_kind",), "like": (None,),
    "dtype": (None,), "where": (True, np._NoValue), "initial": (np._NoValue,), "device": (None, "cpu"),
}  # fmt: skip


def _composed(composed: Callable[..., Any], function: Callable[..., Any], name: str, args: Any, options: Any) -> Any:
    """Calls it by NumPy's signature, less the options that ask for nothing."""
    given = dict(options)
    try:
        bound = signature(function).bind(*args, **options)
    except ValueError:  # written in C, and keeps its signature to itself
        return composed(*args, **options)
    kinds = signature(function).parameters
    starred = next((p.name for p in kinds.values() if p.kind is p.VAR_POSITIONAL), None)
    given = {k: v for k, v in bound.arguments.items() if k != starred and k != "kwargs"}
    given |= bound.arguments.get("kwargs", {})
    known = signature(composed).parameters
    given = {k: v for k, v in given.items() if k in known or k not in _NOTHING or v not in _NOTHING[k]}
    if unknown := given.keys() - known.keys():
        raise TypeError(
            f"{name} with a Tensor has no option {', '.join(sorted(unknown))}: it takes {signature(composed)}"
        )
    if starred is not None:
        leading = [given.pop(k) for k in kinds if k in given and kinds[k].kind is not kinds[k].KEYWORD_ONLY]
        return composed(*leading, *bound.arguments.get(starred, ()), **given)
    first = [given.pop(k) for k, p in known.items() if p.kind is p.POSITIONAL_ONLY and k in given]
    return composed(*first, **given)


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
                instead = _INSTEAD.get(function, "it with the functions of tinygrad_lite, or give it .detach()")
                raise TypeError(
                    f"{name} has no derivative here: a {describe(x)} that wants a gradient would silently become a"
                    f" constant. Write {instead}"
                )
            return x._data if function in _QUESTIONS else _read_only(x)
        if isinstance(x, (list, tuple)):
            return type(x)([bare(y) for y in x])
        return x

    out = options.get("out")
    if targets := [x for x in (out if isinstance(out, tuple) else (out,)) if isinstance(x, Node)]:
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
