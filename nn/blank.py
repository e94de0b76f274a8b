"""Weights whose numbers come later: none are drawn for them, and the memory that they take is bounded."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from .random import random_generator

_SLACK = 1 << 16  # numbers that may be made and not be used


class _State(threading.local):
    left: int | None = None


_state = _State()


@contextmanager
def blank_weights(numbers: int) -> Iterator[None]:
    """Inside, this thread's new weights are zeros, and there are no more of them than `numbers` and a few.

    The random numbers go on afterwards as if nothing had been made.
    """
    before, _state.left = _state.left, numbers + _SLACK
    generator, drawn = random_generator().bit_generator, random_generator().bit_generator.state
    try:
        yield
    finally:
        _state.left = before
        generator.state = drawn


def is_blank() -> bool:
    """True inside of `blank_weights`."""
    return _state.left is not None


def blank(shape: tuple[int, ...]) -> np.ndarray:
    """Zeros of this shape. Raises ValueError if that makes more weights than were allowed."""
    size = math.prod(shape)
    if _state.left is not None:
        if size > _state.left:
            raise ValueError(f"a weight of the shape {shape} is larger than all weights that are to come")
        _state.left -= size
    return np.zeros(shape, np.float32)
