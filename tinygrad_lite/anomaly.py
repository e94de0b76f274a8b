"""Stops a computation at the first number that is not finite: forward at the operation, backward at the rule."""

import linecache
import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from . import backprop
from .batching import bare
from .mode import Mode, ScopeWithLine, _Block, _ModeWithLines
from .primitive import Array, Node, Primitive, _result, call_of, describe


class detect_anomaly(_Block):
    """Inside this block the first operation that makes a nan or an infinity raises, and so does `backward()`.

    The error names the operation, what it was given, the place of the first such number with the numbers it came of,
    the module and the line of your program. Backward, it names the rule and the line that its operation was recorded
    at, if that was inside the block too. A nan that an operation was handed by a leaf or a constant raises there; an
    infinity that it was handed does not, for masks are made of them. nan_only: infinities are never reported.

    It sees what is recorded, in this thread: nothing inside `no_grad`, nor what no gradient flows to. It costs some
    time for each operation inside, and nothing outside. Whoever meets a nan on purpose, as in
    `where(x > 0, sqrt(x), 0)`, is told as well.

    Raises FloatingPointError; `explain_error()` draws what led there.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor([0.0], requires_grad=True, name="x")
    >>> with tg.detect_anomaly():
    ...     try:
    ...         tg.sqrt(x).sum().backward()
    ...     except FloatingPointError as error:
    ...         print(str(error).split(". Asked by")[0])
    the derivative of sqrt by Tensor 'x' float32(1,) made its number inf, first at [0]: handed 1, computed as 0 from 0
    """

    __slots__ = ("nan_only",)

    def __init__(self, *, nan_only: bool = False) -> None:
        self.nan_only = bool(nan_only)

    def changed(self, mode: Mode) -> Mode:
        return (_OnlyNan if self.nan_only else _Detecting)(mode.recording, mode[1])

    def _recreate_cm(self) -> "detect_anomaly":
        return detect_anomaly(nan_only=self.nan_only)


class _Detecting(_ModeWithLines):
    """Asked for the scope of a step that is about to be recorded, it looks what the step has made."""

    __slots__ = ()
    nan_only = False

    @property
    def scope(self) -> ScopeWithLine:
        scope = _ModeWithLines.scope.fget(self)  # type: ignore[attr-defined]
        frame = sys._getframe(1)
        if frame.f_code is _result.__code__:
            made = frame.f_locals
            if (bad := first_bad(made["data"], self.nan_only)) and not _in_a_rule(frame):
                _refuse_value(bad, made["data"], made["step"], made["inputs"], scope)
        return scope

    @property
    def watch(self) -> backprop.Watch:
        return _watching(self.nan_only)


class _OnlyNan(_Detecting):
    __slots__ = ()
    nan_only = True


class Bad(NamedTuple):
    """Numbers of an array that are not finite: how many, and the first."""

    many: int
    size: int
    place: tuple[int, ...]
    number: Any

    def __str__(self) -> str:
        words = f"{self.many:,} of {self.size:,} numbers" if self.size > 1 else "its number"
        return f"{words} {self.number}" + (f", first at {list(self.place)}" if self.place else "")


def first_bad(data: Any, nan_only: bool = False) -> Bad | None:
    """Where an array is nan or infinite, nan first."""
    array = np.asarray(bare(data))
    if array.dtype.kind not in "fc" or np.isfinite(array).all():
        return None
    for found in (np.isnan(array),) if nan_only else (np.isnan(array), np.isinf(array)):
        if found.any():
            place = tuple(map(int, np.argwhere(found)[0]))
            return Bad(int(found.sum()), array.size, place, array[place])
    return None


def _in_a_rule(frame: FrameType | None) -> bool:
    """A walk back looks at what its rules hand back, not at their steps on the way."""
    while frame is not None:
        if frame.f_code is backprop._walk.__code__:
            return True
        frame = frame.f_back
    return False


def _refuse_value(bad: Bad, data: Any, step: Primitive, inputs: tuple[Any, ...], scope: Any) -> None:
    if words := value_made(bad, data, step, inputs):
        step.fail(FloatingPointError(words + asked(scope)), inputs)


def value_made(bad: Bad, data: Any, step: Primitive, inputs: tuple[Any, ...]) -> str:
    """In words: what made these numbers, or handed them in; nothing for an infinity made of infinities, as in masks."""
    nan = bool(np.isnan(bad.number))
    for x in inputs:
        given = first_bad(x._data if isinstance(x, Node) else x)
        if given and nan and np.isnan(given.number):
            return f"{step.name} was given nan: {describe(x)} has {given}"
        if given and not nan:
            return ""
    return f"{call_of(step.name, *inputs)} made {bad}{_of(bad, data, inputs)}"


def _of(bad: Bad, data: Any, inputs: tuple[Any, ...]) -> str:
    """The numbers that it was made of, where each number is made of those at its own place."""
    found = []
    for x in inputs:
        array = np.asarray(bare(x._data if isinstance(x, Node) else x))
        try:
            found.append(f"{np.broadcast_to(array, np.shape(bare(data)))[bad.place]:.6g}")
        except (ValueError, TypeError):
            return ""
    return f", of {' and '.join(found)}"


def asked(scope: Any) -> str:
    """In which module and from which line of the program a step was recorded, as far as that is known."""
    where = f". In {' / '.join(scope)}" if scope else ""
    if line := getattr(scope, "line", None):
        code = linecache.getline(*line).strip()
        where += f". Asked by {os.path.basename(line[0])}:{line[1]}" + (f": {code}" if code else "")
    return where


def _watching(nan_only: bool) -> Callable[[Node, Node | None, Array], None]:
    """Looks at each cotangent of a walk."""
    handed: list[Any] = [None]

    def watch(node: Node, x: Node | None, r: Array) -> None:
        data = r._data if isinstance(r, Node) else r
        bad = first_bad(data, nan_only)
        if x is None:
            handed[0] = data
            if bad:
                whose = f"the gradient of {describe(node)}"
                raise FloatingPointError(f"{whose} has {bad}: given so, or added up too large{asked(node._scope)}")
        elif bad:
            raise FloatingPointError(rule_made(bad, node, x, handed[0]) + asked(node._scope))

    return watch


def rule_made(bad: Bad, node: Node, x: Node, g: Any) -> str:
    """In words: the rule of this step, handed g, made numbers that are not finite for its argument x."""
    name = node._primitive.name if node._primitive else "leaf"
    text = f"the derivative of {name} by {describe(x)} made {bad}"
    data, shape = bare(node._data), np.shape(bare(x._data))
    if np.shape(data) != shape:
        return text
    numbers = [f"{np.broadcast_to(np.asarray(bare(y)), shape)[bad.place]:.6g}" for y in (g, data)]
    of = _of(bad, data, node._inputs or ()).replace(", of", " from")
    return f"{text}: handed {numbers[0]}, computed as {numbers[1]}{of}"
