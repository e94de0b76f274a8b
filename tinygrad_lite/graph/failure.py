"""After an error: the picture of the graph up to the operation that failed, and where that happened.

All of it is read from the exception's own traceback, whose frames hold what the operation was given. So an error costs
nothing more than it did, and nothing is kept longer than the exception.
"""

import linecache
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from inspect import CO_VARARGS, CO_VARKEYWORDS
from textwrap import wrap
from types import CodeType, FrameType, TracebackType
from typing import Any

import numpy as np

from .. import backprop, changes, protocols
from ..mode import ADVICE, PLACE, written_by_us
from ..primitive import NO_PARAMS, Node, Primitive, describe, leaf, primitive
from . import fold
from . import roll as rolling
from .drawing import Drawing
from .reading import graph_of
from .structure import Graph, boxes_of
from .text import shown
from .words import LONGEST_NOTE

_CHAINED = 8  # exceptions that caused each other, of which the first with Tensors is shown
_WIDTH = 88
_LIMIT = 200  # items


class Failure(Drawing):
    """The picture of what led to an error, and the error in words: print it, show it in a notebook, or `.save` it.

    operation: what failed. operands: what it was given, in words. place: the names of the modules that it happened in.
    line: where the program asked for it, and `code`, what is written there.
    """

    def __init__(
        self, whole: Graph, message: str, operation: str, operands: list[str], place: tuple[str, ...],
        line: str, code: str,
    ) -> None:  # fmt: skip
        opened = rolling.roll(whole)
        super().__init__(fold.fit(opened, _LIMIT), whole, opened)
        self.message = message
        self.operation, self.operands, self.place, self.line, self.code = operation, operands, place, line, code

    def __str__(self) -> str:
        where = f" in {' / '.join(map(shown, self.place))}" if self.place else ""
        lines = [f"{shown(self.operation)} failed{where}", ""]
        lines += [f"  given    {words}" if i == 0 else f"           {words}" for i, words in enumerate(self.operands)]
        if self.line:
            lines.append(f"  asked by {self.line}")
            lines += [f"               {self.code}"] if self.code else []
        lines += ["", *[x for line in self.message.splitlines() for x in wrap(shown(line, 2000), _WIDTH)]]
        steps = sum(item.kind == "operation" for item in self.whole.items)
        lines.append(f"\nWhat led there: {steps:,} recorded step{'s' * (steps != 1)}; .save('error.svg') draws it.")
        return "\n".join(lines)

    __repr__ = __str__


def explain_error(error: BaseException | None = None) -> Failure:
    """The picture of how a computation came to an error: the graph up to the operation that failed, and its place.

    error: the exception, `except ValueError as error: tg.explain_error(error)`; by default the one that is being
    handled, or the last that an interactive session has shown. Where no graph was recorded (inside `no_grad`), the
    picture shows the operation and what it was given.

    Raises RuntimeError if there was no error, TypeError for what is no exception.

    >>> import numpy as np, tinygrad_lite as tg
    >>> w = tg.tensor(np.ones((2, 3)), requires_grad=True, name="w")
    >>> try:
    ...     with tg.scope("layer"):
    ...         tg.exp(w) @ np.ones((2, 3))
    ... except ValueError as error:
    ...     failure = tg.explain_error(error)
    >>> failure.operation, failure.place, failure.operands
    ('matmul', ('layer',), ['Tensor float64(2, 3) from exp', 'array float64(2, 3)'])
    >>> [(item.kind, item.name or item.operation) for item in failure.graph.items]
    [('parameter', 'w'), ('operation', 'exp'), ('data', ''), ('failed', 'matmul')]
    """
    if error is None:
        error = sys.exception() or getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        if error is None:
            raise RuntimeError("there was no error that could be explained: give it, explain_error(error)")
    if not isinstance(error, BaseException):
        raise TypeError(f"explain_error() takes an exception, given {describe(error)}")
    origin, operation, operands, names, params = _failed(error)
    place = next((found for e in _chain(error) if (found := getattr(e, PLACE, None))), ())
    line, code = _asked_by(origin)
    message = _message(error)
    graph = _graph(operation, operands, params, place)
    given = [f"{f'{name} = ' if name else ''}{_told(x)}" for name, x in zip(names, operands, strict=True)]
    last = graph.items[-1]
    shapes = ", ".join(str(tuple(np.shape(x._data if isinstance(x, Node) else x))) for x in operands if x is not None)
    notes = [shown(message, LONGEST_NOTE), *([f"{line}:  {code}"] if line else [])]
    failed = replace(last, kind="failed", name="", operation=operation, note=shapes, shape=(), dtype="", value=None,
                     gradient=None, measures={}, line=line, code=code)  # fmt: skip
    items = [*graph.items[:-1], failed]
    graph = replace(graph, items=items, boxes=boxes_of(items), to_blame=(), notes=tuple(notes))
    return Failure(graph, message, operation, given, place, line, code)


def _message(error: BaseException) -> str:
    """What it says, and what was noted on it on its way, but for where the picture is."""
    notes = [str(note) for note in getattr(error, "__notes__", None) or ()]
    return "\n".join([f"{type(error).__name__}: {error}", *[note for note in notes if not note.endswith(ADVICE)]])


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception, and those that it came from."""
    current: BaseException | None = error
    for _ in range(_CHAINED):
        if current is None:
            return
        yield current
        current = current.__cause__ or current.__context__


def _frames(traceback: TracebackType | None) -> list[FrameType]:
    """The calls that the exception went through, outermost first."""
    frames = []
    while traceback is not None:
        frames.append(traceback.tb_frame)
        traceback = traceback.tb_next
    return frames


def _failed(error: BaseException) -> tuple[BaseException, str, list[Any], list[str], dict[str, Any]]:
    """What failed and what it was given: a primitive or, where none did, the innermost function with Tensors.

    And the exception that came of it, of those that caused each other.
    """
    calls = [(each, _frames(each.__traceback__)) for each in _chain(error)]
    for each, frames in calls:
        for i, frame in enumerate(frames):
            if frame.f_code is Primitive.fail.__code__ and "operands" in frame.f_locals:
                given = [_operand(x) for x in frame.f_locals["operands"]]
                params = frames[i - 1].f_locals.get("params") if i else None
                return each, frame.f_locals["self"].name, given, [""] * len(given), dict(params or {})
    for each, frames in calls:
        for frame in reversed(frames):
            code, values = frame.f_code, frame.f_locals
            if _is_inner(code):
                continue
            found = [(name, x) for name in _arguments(code) for x in _arrays(values.get(name))]
            if any(isinstance(x, Node) for _, x in found):
                return each, _called(code, values), [x for _, x in found], [name for name, _ in found], {}
    raise_from = f"{type(error).__name__}: {error}"
    raise RuntimeError(f"no Tensor was near this error, there is nothing to draw: {raise_from}") from error


def _is_inner(code: CodeType) -> bool:
    """True for a helper of ours: it serves a function whose name the program knows."""
    function = code.co_name
    helps = (function[0] == "_" and not function.endswith("__")) or "<locals>" in code.co_qualname
    walks = code.co_filename == backprop.__file__ and function != "backward"
    return written_by_us(code.co_filename) and (helps or walks or code.co_filename == changes.__file__)


def _arguments(code: CodeType) -> tuple[str, ...]:
    """The names of a function's arguments, those behind * too."""
    count = code.co_argcount + code.co_kwonlyargcount
    return code.co_varnames[: count + bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS)]


def _called(code: CodeType, values: dict[str, Any]) -> str:
    """A module by its class, another method with it; a function by its name, NumPy's where it asked us."""
    function, owner = code.co_name, values.get("self")
    if code.co_filename == protocols.__file__:
        return getattr(values.get("function", values.get("ufunc")), "__name__", function)
    if owner is None or isinstance(owner, Node):
        return function.strip("_")
    return type(owner).__name__ + ("" if function in ("call", "__call__") else f".{function}")


def _arrays(x: Any) -> list[Any]:
    """The Tensors and arrays that an argument is or holds."""

    def is_array(y: Any) -> bool:
        return isinstance(y, Node) or (hasattr(y, "__array_function__") and not isinstance(y, type))

    if is_array(x):
        return [x]
    held = list(x.values()) if isinstance(x, dict) else x if isinstance(x, (list, tuple)) else []
    return [y for y in held[:8] if is_array(y)]


def _operand(x: Any) -> Any:
    """An operand as the picture can show it: a Tensor, an array or a number; None for anything else."""
    if isinstance(x, Node) or hasattr(x, "__array_function__") or x is None:
        return x
    try:
        array = np.asarray(x)
    except Exception:
        return None
    return array if array.dtype.kind in "biufc" else None


def _told(x: Any) -> str:
    made = f" from {x._primitive.name}" if isinstance(x, Node) and x._primitive is not None else ""
    return shown(f"{describe(x)}{made}", 200)


def _graph(operation: str, operands: list[Any], params: dict[str, Any], place: tuple[str, ...]) -> Graph:
    """The graph of the operands, with one more item for the step that would have come next."""

    @primitive(lambda g, out, *x: g, variadic=True)
    def step(*x: Any) -> Any:
        return x

    node = leaf(Node, np.zeros(()), requires_grad=True)
    node._primitive, node._inputs, node._scope = step.primitive, tuple(operands), place  # type: ignore[attr-defined]
    node._params = {name: x for name, x in params.items() if not isinstance(x, Node)} or NO_PARAMS
    try:
        nodes = backprop.history(node)
    except RuntimeError:  # freed, or changed since: what led there is gone
        node._inputs = tuple([leaf(Node, x._data, name=x.name) if isinstance(x, Node) else x for x in operands])
        nodes = [node]
    with np.errstate(all="ignore"):
        return graph_of(nodes)


def _asked_by(error: BaseException) -> tuple[str, str]:
    """The innermost line of the program that is not ours: "train.py:12, in step", and what is written there."""
    traceback, found = error.__traceback__, None
    while traceback is not None:
        if not written_by_us(traceback.tb_frame.f_code.co_filename):
            found = traceback
        traceback = traceback.tb_next
    if found is None:
        return "", ""
    code, number = found.tb_frame.f_code, found.tb_lineno
    where = f"{os.path.basename(code.co_filename)}:{number}"
    inside = "" if code.co_name == "<module>" else f", in {code.co_name}"
    return where + inside, linecache.getline(code.co_filename, number, found.tb_frame.f_globals).strip()
