"""In which order numbers go from layer to layer where channels come first, as in PyTorch, instead of last.

A convolution's results are (height, width, channels) here and (channels, height, width) there. Weights don't notice
until a Flatten makes rows of them: those of the layers that follow are in another order. So each layer is told the
order of its inputs, and tells that of its results: one of the words below or, for a row, an array that says which
number here is the first there, the second, ...
"""

import math
from typing import Any

import numpy as np

from ..layers import Activation, Concatenate, Dense, Dot, Embedding, Flatten, MultiHeadAttention, Reshape, UpSampling1D
from ..layers.bidirectional import Bidirectional
from ..layers.merge import Merge
from ..layers.recurrent import Recurrent
from ..module import Module

GIVEN = "given"  # from outside, the same here and there
SAME = "same"  # computed, the same here and there
IMAGE = "image"  # channels last here and first there
RESHAPED = "reshaped"  # computed as a row, then given more axes: the same, but not if the last are to be channels

Order = Any
Shape = tuple[int, ...]


def of_input(shape: Shape) -> Order:
    """The order of samples of this shape. Of three axes, the last or, in PyTorch, the first are channels."""
    return IMAGE if len(shape) == 3 else GIVEN


def after(part: Any, orders: list[Order], shapes: list[Shape]) -> Order:
    """The order of what a layer or an operation gives for inputs of these orders and sample shapes.

    Raises ValueError where it can't be followed.
    """
    first, channels_last = orders[0], _channels_last(part)
    if isinstance(part, (Flatten, Reshape)):
        return _reshaped(part, first, shapes[0])
    if isinstance(part, Concatenate):
        return _concatenated(part, orders, shapes)
    if isinstance(part, (Recurrent, Bidirectional, MultiHeadAttention, Embedding)):
        return SAME
    if isinstance(part, Dense):
        return IMAGE if first is IMAGE else SAME
    if channels_last is not None:
        if first is RESHAPED:
            raise _lost(part)
        return IMAGE if channels_last and getattr(part, "keepdims", True) else SAME
    order = _common(part, orders)
    if (isinstance(order, np.ndarray) or order in (IMAGE, RESHAPED)) and not _is_elementwise(part):
        raise _lost(part)
    return order


def _channels_last(part: Any) -> bool | None:
    """Whether the channels are last, of a layer that was told; None for another one."""
    if hasattr(part, "data_format"):
        return part.data_format == "channels_last"
    return getattr(part, "channels_last", None)


def has_positions(part: Any) -> bool:
    """Whether a layer goes over the positions of images or sequences whose channels are last."""
    return bool(_channels_last(part))


def _is_elementwise(part: Any) -> bool:
    if not isinstance(part, Module):
        return part.kind in ("add", "subtract", "multiply", "divide", "power", "negative", "abs")
    if isinstance(part, (Activation, Merge, UpSampling1D)):
        return not isinstance(part, Dot)
    return part._built_for is not None and part._built_for[1:] == (part.output_shape or ())[1:]


def _reshaped(part: Any, order: Order, shape: Shape) -> Order:
    target: Shape = () if isinstance(part, Flatten) else part.target_shape
    if order is IMAGE:
        if shape[-1] == 1 or math.prod(shape[:-1]) == 1:
            return SAME  # one channel, or one position: there is but one order
        if len(target) < 2:
            return np.moveaxis(np.arange(math.prod(shape)).reshape(shape), -1, 0).reshape(-1)
        if len(target) == 2 and target[-1] == shape[-1]:
            return SAME  # a sequence of positions
        raise _lost(part)
    if len(target) < 2 or order is GIVEN:
        return SAME if order is RESHAPED else order
    if isinstance(order, np.ndarray):
        raise _lost(part)
    return RESHAPED if target[-1] != 1 else order


def _concatenated(part: Concatenate, orders: list[Order], shapes: list[Shape]) -> Order:
    if not any(isinstance(order, np.ndarray) for order in orders):
        return _common(part, orders)
    rows, start = [], 0
    for order, shape in zip(orders, shapes, strict=True):
        if len(shape) != 1:
            raise _lost(part)
        rows.append(start + (order if isinstance(order, np.ndarray) else np.arange(shape[0])))
        start += shape[0]
    return np.concatenate(rows)


def _common(part: Any, orders: list[Order]) -> Order:
    """The order of all inputs, if they are in one."""
    rows = [order for order in orders if isinstance(order, np.ndarray)]
    if rows:
        if len(rows) < len(orders) or not all(np.array_equal(row, rows[0]) for row in rows):
            raise _lost(part)
        return rows[0]
    words = set(orders)
    if IMAGE in words:
        if RESHAPED in words:
            raise _lost(part)
        return IMAGE
    return next(word for word in (RESHAPED, SAME, GIVEN) if word in words)


def _lost(part: Any) -> ValueError:
    return ValueError(
        f"{type(part).__name__} {part.name or part.kind!r} changes the order of numbers, with channels last here and"
        " first in PyTorch, in a way that can't be followed; Flatten after convolutions and poolings can"
    )
