"""Changes in place: one door. The Tensor becomes another node, under the next number.

A Tensor has values, not memory: whoever took them before (a view, an array handed out, a node of the graph) keeps them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import hooks, ops
from .batching import Batch, levels_of
from .mode import current
from .primitive import Node, describe, leaf, next_number


def change(x: Node, step: Callable[..., Any], *args: Any) -> Any:
    """x becomes step(what it was, *args). What was computed from it before goes on referring to what it was."""
    _refuse_unsafe(x)
    before = leaf(type(x), x._data, x._requires_grad, x.name, x._shared)
    before._primitive, before._inputs, before._params = x._primitive, x._inputs, x._params
    before._scope, before._number = x._scope, x._number
    after = step(before, *args)
    shape, dtype = x._data.shape, x._data.dtype
    new = [level for level in levels_of(after._data) if level.number > x._number and level not in levels_of(x._data)]
    if new:
        raise TypeError(
            f"a {describe(x)} from outside of vmap can't hold what differs between the {new[0].size} examples inside:"
            " return it instead"
        )
    if after.shape != shape:
        raise ValueError(f"a {describe(x)} can't be changed in place to the shape {after.shape}: write x = x + y")
    if after.dtype != dtype:
        if not np.can_cast(after.dtype, dtype, "same_kind"):
            raise TypeError(f"a {describe(x)} can't hold {after.dtype} results in place: write x = x + y")
        after = ops.astype(after, dtype)
    if after._requires_grad:
        _refer_to(before, x, after)
        hooks.changed(x, before)
        x._primitive, x._inputs, x._params = after._primitive, after._inputs, after._params
        x._scope, x._requires_grad = after._scope, True
    x._data, x._number, x._shared = after._data, after._number, False
    return x


def write(x: Node, index: Any, value: Any) -> None:
    """x[index] = value: recorded if a gradient is wanted, else straight into its memory."""
    wanted = x._requires_grad or (isinstance(value, Node) and value._requires_grad)
    if (wanted and current.get().recording) or (Batch.met and _in_batch(x, index, value)):
        change(x, ops.setitem, index, value)
        return
    with Writeable(x) as array:
        array[ops.indexing.freeze(index)] = value._data if isinstance(value, Node) else value


def _in_batch(x: Node, index: Any, value: Any) -> bool:
    parts = [x, value, *(index if isinstance(index, tuple) else (index,))]
    return any(type(part._data) is Batch for part in parts if isinstance(part, Node))


class Writeable:
    """A block in which the memory of a leaf may be written to; see `Tensor.writeable`."""

    __slots__ = ("array", "x")

    def __init__(self, x: Node) -> None:
        self.x = x

    def __enter__(self) -> np.ndarray:
        x = self.x
        _refuse_unsafe(x)
        if x._primitive is not None:
            raise RuntimeError(f"{describe(x)} was computed by {x._primitive.name}: only a leaf's memory is written to")
        if x._shared or x._data.ndim == 0:
            x._data, x._shared = np.copy(x._data, subok=True), False
        self.array = x._data.view()
        return self.array

    def __exit__(self, *error: object) -> None:
        self.array.flags.writeable = False
        self.x._number = next_number()
        if self.array.ndim == 0:
            self.x._data = self.x._data[()]


def _refuse_unsafe(x: Node) -> None:
    recording = current.get().recording
    if x._requires_grad and x._primitive is None and recording:
        raise RuntimeError(
            f"{describe(x)} is a leaf that wants a gradient: changing it in place would lose it."
            " Write x = x + y, or change it inside no_grad()"
        )
    if x._primitive is not None and not recording:
        raise RuntimeError(
            f"{describe(x)} was computed by {x._primitive.name}: a change inside no_grad() would go unnoticed"
            " by its gradient. Change a copy: x = x.detach().copy()"
        )


def _refer_to(before: Node, changed: Node, after: Node) -> None:
    """Points the steps of the change that used the changed Tensor to what it was: no circle in the graph."""
    stack, seen = [after], {after._number}
    while stack:
        node = stack.pop()
        if any(x is changed for x in node._inputs or ()):
            node._inputs = tuple(before if x is changed else x for x in node._inputs or ())
        for x in node._inputs or ():
            if isinstance(x, Node) and x._number > before._number and x._number not in seen:
                seen.add(x._number)
                stack.append(x)
