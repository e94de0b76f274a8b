"""The way into a batch of examples, and out of it: two operations, each the derivative of the other."""

from typing import Any

import numpy as np

from .batching import Batch, Level, Refused, levels_of
from .primitive import Array, Node, leaf, primitive


def _check_outermost(x: Array, level: Level) -> None:
    if type(x) is Batch and x.level.number > level.number:
        raise Refused


def _other_examples_first(call: Any, mapped: Any, x: Array, level: Level) -> Array:
    """Of a level inside of another: x has the axis of the inner examples, then that of the outer ones."""
    return call(x.swapaxes(0, 1), level=level) if call is _enter else call(x, level=level).swapaxes(0, 1)


@primitive(lambda g, out, x, level: leave(g, level), complex="as written", batch=_other_examples_first)
def _enter(x: Array, level: Level) -> Array:
    _check_outermost(x, level)
    return Batch(x, level)


@primitive(lambda g, out, x, level: _enter(g, level), complex="as written", batch=_other_examples_first)
def _leave(x: Array, level: Level) -> Array:
    _check_outermost(x, level)
    return x.array


def enter(x: Array, level: Level) -> Array:
    """x, whose first axis becomes the examples."""
    return _enter(x, level)


def leave(x: Array, level: Level) -> Array:
    """x with all examples along a first axis; if it has none, the same for each of them."""
    if isinstance(x, Node):
        if x._requires_grad and level.open and level not in levels_of(x._data):
            # A step that each example takes by itself: what comes back is one gradient for each, not their sum.
            x = x * leaf(type(x), Batch(np.ones(level.size, x._data.dtype), level))
        if level in levels_of(x._data):
            return _leave(x, level)
    return np.broadcast_to(x, (level.size, *np.shape(x)))
