"""What is done with a Tensor's gradient on its way back: a hook looks at it or replaces it, `retain_grad` keeps it."""

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from .primitive import Array, Node, describe, leaf

Hook = Callable[[Any], Any]

RETAIN = 0  # the key that says: leave the gradient in `.grad`, though this is no leaf
_next_key = count(1).__next__


class RemovableHandle:
    """What `Tensor.register_hook` gives: `remove()` takes the hook away, and so does the end of a `with` block."""

    __slots__ = ("_hooks", "_key")

    def __init__(self, hooks: dict[int, Hook], key: int) -> None:
        self._hooks, self._key = hooks, key

    def remove(self) -> None:
        """The hook is no longer called. To remove it twice does no harm."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> "RemovableHandle":
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


def register(x: Node, hook: Hook) -> RemovableHandle:
    """The hook is called from now on, after those that are there."""
    if not callable(hook):
        raise TypeError(f"a hook is a function of the gradient, given {describe(hook)}")
    hooks, key = _hooks_of(x, "a hook"), _next_key()
    hooks[key] = hook
    return RemovableHandle(hooks, key)


def retain(x: Node) -> None:
    """backward() leaves the gradient of x in `.grad`; that of a leaf it leaves there anyway."""
    hooks = _hooks_of(x, "retain_grad()")
    if x._primitive is not None:
        hooks[RETAIN] = None


def _hooks_of(x: Node, what: str) -> dict[int, Any]:
    if not x._requires_grad:
        raise RuntimeError(f"{what} of a {describe(x)} that wants no gradient: make it with requires_grad=True")
    if x._hooks is None:
        x._hooks = {}
    return x._hooks


def through_hooks(x: Node, g: Array) -> Array:
    """The gradient of x, an array or a recorded Tensor, as its hooks leave it."""
    for key, hook in list((x._hooks or {}).items()):
        if key == RETAIN:
            continue
        try:
            new = hook(g if isinstance(g, Node) else leaf(x.__class__, g, shared=True))
            g = g if new is None else _replacement(new, g)
        except Exception as error:
            error.add_note(f"in a hook of a {describe(x)}")
            raise
    return g


def _replacement(new: Any, g: Array) -> Array:
    """What a hook gave, of its own memory and in the form of what it replaces."""
    data = new if hasattr(new, "dtype") else np.asarray(new)
    if data.shape != g.shape:
        raise ValueError(f"a hook gives a gradient of the same shape, or None: given {describe(new)} for {g.shape}")
    data = data.astype(g.dtype) if data.dtype != g.dtype else data.copy()
    if isinstance(g, Node):
        return data if isinstance(data, Node) else leaf(g.__class__, data)
    return data._data if isinstance(data, Node) else data


def changed(x: Node, before: Node) -> None:
    """x was changed in place, `before` is what it was: hooks stay with the value they were made for.

    What `retain_grad` asked for is x's gradient: that is the new value's.
    """
    hooks = x._hooks
    if hooks:
        x._hooks = {RETAIN: hooks.pop(RETAIN)} if RETAIN in hooks else None
        before._hooks = hooks
