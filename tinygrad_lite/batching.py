"""Many examples in place of one: what `vmap` is made of.

Inside of vmap a Tensor holds a `Batch` where it would hold an array. It has the shape of one example and refuses all
that NumPy would do with it; so a primitive that meets one fails, and is run again by its batching rule: on Tensors that
have all the examples, along a first axis more. Whoever meets no Batch pays nothing.
"""

import math
import operator
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, TypeAlias

import numpy as np

Rule: TypeAlias = Callable[..., Any]


class BatchingWarning(UserWarning):
    """vmap computes an operation example by example: it has no batching rule."""


class Level:
    """One call of vmap. number: its place among the births of Tensors; size: how many examples."""

    __slots__ = ("number", "open", "size", "warned")

    def __init__(self, number: int, size: int) -> None:
        self.number, self.size, self.open = number, size, True
        self.warned: set[str] = set()


class Refused(TypeError, AttributeError):
    """Something was asked of a Batch that only a single array can answer."""


def _refuse(self: Any, *args: Any, **options: Any) -> NoReturn:
    raise Refused(
        f"this Tensor stands for {self.level.size} examples at once, inside of vmap: its values can't be asked for, and"
        " no `if` can depend on them. Write tinygrad_lite.where(condition, x, y), or do that outside of vmap"
    )


class Batch:
    """The examples of one call of vmap along the first axis of `array`, which may be a Batch of a call around it."""

    __slots__ = ("array", "level")
    met = False  # whether there ever was one: as long as there was not, nobody looks for them
    base = None

    def __init__(self, array: Any, level: Level) -> None:
        self.array, self.level = array, level
        Batch.met = True

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape[1:]

    @property
    def ndim(self) -> int:
        return self.array.ndim - 1

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype

    @property
    def nbytes(self) -> int:
        return self.array.nbytes

    def copy(self) -> "Batch":
        return Batch(self.array.copy(), self.level)

    def __getitem__(self, index: Any) -> "Batch":
        return self if type(index) is tuple and not index else _refuse(self)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if function is np.ones_like or function is np.zeros_like or function is np.full_like:
            options = {"shape": self.shape, "dtype": self.dtype} | {k: v for k, v in options.items() if v is not None}
            return function(np.empty(()), *args[1:], **options)
        if function is np.eye:  # like=
            return np.eye(*args, **options)
        if function is np.iscomplexobj:
            return self.dtype.kind == "c"
        return self.shape if function is np.shape else self.ndim if function is np.ndim else _refuse(self)

    __hash__ = object.__hash__
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __array_ufunc__ = __array__ = __bool__ = __int__ = __float__ = __complex__ = __index__ = __iter__ = _refuse
    __len__ = __getattr__ = _refuse


class Formula:
    """A batching rule: instead of the primitive, vmap computes these operations, which have batching rules."""

    __slots__ = ("f",)

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f


def bare(data: Any) -> Any:
    """The array with all examples of all levels."""
    while type(data) is Batch:
        data = data.array
    return data


def levels_of(data: Any) -> list[Level]:
    """The levels that an array belongs to, the innermost first."""
    found = []
    while type(data) is Batch:
        found.append(data.level)
        data = data.array
    return found


def innermost(datas: Iterable[Any], params: dict[str, Any]) -> Level | None:
    """The innermost level that any of them belongs to."""
    parts = [part for value in params.values() for part in (value if isinstance(value, tuple) else (value,))]
    levels = [x.level for x in (*datas, *parts) if type(x) is Batch]
    return max(levels, key=lambda level: level.number, default=None)


def run(step: Any, datas: Sequence[Any], params: dict[str, Any], level: Level, wrap: Callable[[Any], Any]) -> Batch:
    """What a primitive makes of arrays of which some are a Batch of the level, the innermost.

    step.call is its operation; wrap makes a Tensor of an array or a Batch.
    """
    mapped = [type(x) is Batch and x.level is level for x in datas]
    args = [wrap(x) if hasattr(x, "__array_function__") else x for x in datas]
    if (rule := RULES.get(step.batch, step.batch)) is not None:
        whole = [wrap(x._data.array) if m else x for x, m in zip(args, mapped, strict=True)]
        try:
            return Batch(rule(step.call, mapped, *whole, **params)._data, level)
        except Refused:  # this rule can't, for what it was given here
            pass
    if step.name not in level.warned and step.batch != "loop":
        level.warned.add(step.name)
        words = f"vmap computes {step.name} example by example, which is slow: it has no batching rule for this"
        warnings.warn(words, BatchingWarning, stacklevel=4)
    return Batch(one_by_one(step.call, args, params, level, lambda x: wrap(x._data.array))._data, level)


def _nth(data: Any, i: int, axis: int = 0) -> Any:
    """The i-th along an axis; that of a Batch of another level lies behind its examples."""
    if type(data) is Batch:
        return Batch(_nth(data.array, i, axis + 1), data.level)
    return data[(slice(None),) * axis + (i,)]


def one_by_one(
    f: Callable[..., Any], args: Sequence[Any], params: dict[str, Any], level: Level, leave: Callable[[Any], Any]
) -> Any:
    """f(*args, **params) of each example, stacked along a first axis. leave(x): x with its examples along one."""
    at = [type(getattr(x, "_data", None)) is Batch and level in levels_of(x._data) for x in args]
    whole = [leave(x) if a else x for x, a in zip(args, at, strict=True)]

    def param(value: Any, i: int) -> Any:
        if isinstance(value, tuple):
            return tuple([param(part, i) for part in value])
        return _nth(value.array, i) if type(value) is Batch and value.level is level else value

    if not level.size:
        raise Refused("vmap over no examples meets an operation that has no batching rule")
    rows: list[Any] = [
        f(*[x[i] if a else x for x, a in zip(whole, at, strict=True)], **{k: param(v, i) for k, v in params.items()})
        for i in range(level.size)
    ]
    return tuple(map(np.stack, zip(*rows, strict=True))) if isinstance(rows[0], tuple) else np.stack(rows)


# Batching rules: rule(call, mapped, *args, **params). Those arguments that are mapped have the axis of the examples
# first, and so has the result; `call` is the operation itself.


def first_axis(mapped: Sequence[bool], args: Sequence[Any]) -> list[Any]:
    """The arguments, all with the axis of the examples: those that had none are stretched along it."""
    size = next(x.shape[0] for x, m in zip(args, mapped, strict=True) if m)
    return [x if m or x is None else _stretched(x, size) for x, m in zip(args, mapped, strict=True)]


def _stretched(x: Any, size: int) -> Any:
    x = x if hasattr(x, "ndim") else np.asarray(x)
    return np.broadcast_to(x, (size, *x.shape))


def aligned(mapped: Sequence[bool], args: Sequence[Any]) -> list[Any]:
    """The arguments with axes of length 1 behind that of the examples, so that they broadcast as one example does."""
    ndim = max([np.ndim(x) - m for x, m in zip(args, mapped, strict=True)])
    return [x.reshape(_filled(x.shape, ndim)) if m else x for x, m in zip(args, mapped, strict=True)]


def _filled(shape: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    return (shape[0], *(1,) * (ndim + 1 - len(shape)), *shape[1:])


def _elementwise(call: Rule, mapped: Sequence[bool], *args: Any, **params: Any) -> Any:
    return call(*aligned(mapped, args), **params)


def axes_behind(axis: Any, ndim: int) -> Any:
    """Axes of one example, as axes of the batch; None means all."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, (tuple, list)):
        return tuple([axes_behind(a, ndim) for a in axis])
    axis = operator.index(axis)
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim)
    return axis % ndim + 1


def _along(call: Rule, mapped: Sequence[bool], *args: Any, **params: Any) -> Any:
    args = tuple(aligned([True] * len(args), first_axis(mapped, args)))
    name = "axes" if "axes" in params else "axis"
    return call(*args, **params | {name: axes_behind(params[name], args[0].ndim - 1)})


def _leading(call: Rule, mapped: Sequence[bool], *args: Any, **params: Any) -> Any:
    return call(*aligned(mapped, args), **params)


def _samples(call: Rule, mapped: Sequence[bool], *args: Any, **params: Any) -> Any:
    args = tuple(first_axis(mapped, args))
    size, count = args[0].shape[:2]
    if "shape" in params:
        params |= {"shape": (size * count, *params["shape"][1:])}
    return apart(call(*map(together, args), **params), size)


def together(x: Any) -> Any:
    """The samples of all examples along one axis, (examples, samples, ...) becomes (examples * samples, ...)."""
    return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])


def apart(x: Any, size: int) -> Any:
    """The opposite of `together`."""
    return x.reshape(size, x.shape[0] // size if size else 0, *x.shape[1:])


RULES: dict[Any, Rule | None] = {
    None: None,
    "elementwise": _elementwise,  # one element depends on one element
    "axis": _along,  # has a parameter `axis` or `axes`
    "samples": _samples,  # its first axis is one of samples, each by itself; a parameter `shape` has it, too
    "leading": _leading,  # takes stacks of what it works on: axes in front of it
    "loop": None,  # example by example, and it is meant so
}
