"""How the current thread runs operations: whether they are remembered, and inside which named box."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Mode(NamedTuple):
    recording: bool
    scope: tuple[str, ...]


# One variable for both facts, so that an operation pays for one look-up. It belongs to the thread (and to the asyncio task).
current: ContextVar[Mode] = ContextVar("tinygrad_lite.mode", default=Mode(True, ()))


@contextmanager
def _switch(mode: Mode) -> Iterator[None]:
    token = current.set(mode)
    try:
        yield
    finally:
        current.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """Inside this block (or function, as a decorator) nothing is remembered, in this thread only.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> with tg.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    with _switch(current.get()._replace(recording=False)):
        yield


@contextmanager
def enable_grad() -> Iterator[None]:
    """Inside this block operations are remembered again, even within `no_grad`."""
    with _switch(current.get()._replace(recording=True)):
        yield


@contextmanager
def scope(name: str) -> Iterator[None]:
    """What is computed inside this block belongs to a box of this name when the graph is drawn. Boxes nest.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> with tg.scope("square"):
    ...     y = x * x
    >>> y.scope
    ('square',)
    """
    mode = current.get()
    with _switch(mode._replace(scope=(*mode.scope, str(name)))):
        yield


def is_grad_enabled() -> bool:
    """True where operations are remembered: everywhere but inside `no_grad`."""
    return current.get().recording
