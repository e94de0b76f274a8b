"""How the current thread runs operations: whether they are remembered, inside which named box, and from which line."""

import os
import sys
from contextlib import ContextDecorator, suppress
from contextvars import ContextVar, Token
from types import FrameType
from typing import Any, NamedTuple

import numpy as np


class Mode(NamedTuple):
    recording: bool
    scope: tuple[str, ...]

    @property
    def watch(self) -> Any:
        """What looks at each cotangent of a walk back; None for nobody."""
        return None


# One variable for both facts: an operation pays for one look-up. It belongs to the thread (and to the asyncio task).
current: ContextVar[Mode] = ContextVar("tinygrad_lite.mode", default=Mode(True, ()))  # noqa: B039 - immutable


class _Block(ContextDecorator):
    """A mode for the length of a `with` block or of a decorated function."""

    __slots__ = ("_entered",)  # a token, and what stood here before: one block may be entered within itself
    _entered: tuple[Token[Mode], Any] | None

    def changed(self, mode: Mode) -> Mode:
        raise NotImplementedError

    def _recreate_cm(self) -> "_Block":  # a decorated function may run in several threads
        return type(self)()

    def __enter__(self) -> None:
        self._entered = current.set(self.changed(current.get())), getattr(self, "_entered", None)

    def __exit__(self, *error: object) -> None:
        mode = current.get()
        token, self._entered = self._entered  # type: ignore[misc]
        current.reset(token)
        if error[0] is not None:
            self.left_by(error[1], mode)

    def left_by(self, error: object, mode: Mode) -> None:
        """What is done when an exception has left the block, inside of which was this mode."""


class no_grad(_Block):
    """Inside this block (or function, as a decorator) nothing is remembered, in this thread only.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> with tg.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    __slots__ = ()

    def changed(self, mode: Mode) -> Mode:
        return type(mode)(False, mode[1])


class enable_grad(_Block):
    """Inside this block operations are remembered again, even within `no_grad`."""

    __slots__ = ()

    def changed(self, mode: Mode) -> Mode:
        return type(mode)(True, mode[1])


class scope(_Block):
    """What is computed inside this block belongs to a box of this name when the graph is drawn. Boxes nest.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> with tg.scope("square"):
    ...     y = x * x
    >>> y.scope
    ('square',)
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = str(name)

    def changed(self, mode: Mode) -> Mode:
        return type(mode)(mode.recording, (*mode[1], self.name))

    def left_by(self, error: object, mode: Mode) -> None:
        if isinstance(error, Exception):
            _tell_where(error, mode[1])

    def _recreate_cm(self) -> "scope":
        return scope(self.name)


PLACE = "_tinygrad_lite_scope"  # of an exception: the boxes that it was raised in
ADVICE = "tinygrad_lite.explain_error() draws what led there"


def _tell_where(error: Exception, scope: tuple[str, ...]) -> None:
    """Says on the exception in which box it was raised: the innermost block that it leaves sees it first."""
    names = " / ".join([" ".join(name[:200].split())[:60] for name in scope])
    names = "".join([c if c.isprintable() else "?" for c in names])
    with suppress(Exception):  # somebody's exception may take no attributes and no notes
        if not hasattr(error, PLACE):
            setattr(error, PLACE, scope)
            error.add_note(f"in {names}. {ADVICE}")


class record_lines(_Block):
    """What is recorded inside this block also remembers the line of your program that asked for it; pictures show it.

    That is the innermost line outside of tinygrad_lite, nn and NumPy. It costs time and memory for each operation
    inside, and nothing outside.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> with tg.record_lines():
    ...     y = x * x
    >>> tg.draw(y).graph.items[1].code
    'y = x * x'
    """

    __slots__ = ()

    def changed(self, mode: Mode) -> Mode:
        return _ModeWithLines(mode.recording, mode[1])


class ScopeWithLine(tuple[str, ...]):
    """The names of the boxes, with the file and the line that the program was in."""

    line: tuple[str, int] | None


class _ModeWithLines(Mode):
    """Asked for its scope, it looks who asks. The plain Mode does nothing of the kind, and so costs nothing more."""

    __slots__ = ()

    @property
    def scope(self) -> ScopeWithLine:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and written_by_us(frame.f_code.co_filename):
            frame = frame.f_back
        scope = ScopeWithLine(self[1])
        scope.line = frame and (frame.f_code.co_filename, frame.f_lineno)
        return scope


_HERE = os.path.dirname(__file__)
_INSIDE = tuple(
    folder + os.sep for folder in (_HERE, os.path.join(os.path.dirname(_HERE), "nn"), os.path.dirname(np.__file__))
)


def written_by_us(file: str) -> bool:
    """True for a file of tinygrad_lite, nn or NumPy: not the program that uses them."""
    return file.startswith(_INSIDE)


def is_grad_enabled() -> bool:
    """True where operations are remembered: everywhere but inside `no_grad`."""
    return current.get().recording
