"""How the current thread runs operations: whether they are remembered, and inside which named box."""

from contextlib import ContextDecorator
from contextvars import ContextVar, Token
from typing import Any, NamedTuple


class Mode(NamedTuple):
    recording: bool
    scope: tuple[str, ...]


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
        token, self._entered = self._entered  # type: ignore[misc]
        current.reset(token)


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
        return Mode(False, mode.scope)


class enable_grad(_Block):
    """Inside this block operations are remembered again, even within `no_grad`."""

    __slots__ = ()

    def changed(self, mode: Mode) -> Mode:
        return Mode(True, mode.scope)


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
        return Mode(mode.recording, (*mode.scope, self.name))

    def _recreate_cm(self) -> "scope":
        return scope(self.name)


def is_grad_enabled() -> bool:
    """True where operations are remembered: everywhere but inside `no_grad`."""
    return current.get().recording
