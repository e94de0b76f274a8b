"""Where random numbers come from: one generator for each thread, which a seed makes repeatable to the bit."""

import random as python_random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


class _State(threading.local):
    def __init__(self) -> None:
        self.generator: np.random.Generator | None = None
        self.make: Callable[[], np.random.Generator] = lambda: np.random.Generator(np.random.SFC64())


_state = _State()


def set_random_seed(seed: int) -> None:
    """Starts this thread's random numbers anew: initial weights, dropout and shuffling then repeat to the bit.

    >>> import nn
    >>> nn.set_random_seed(7)
    >>> first = nn.random_generator().random()
    >>> nn.set_random_seed(7)
    >>> nn.random_generator().random() == first
    True
    """
    _state.generator = np.random.Generator(np.random.SFC64(seed))


def random_generator() -> np.random.Generator:
    """The generator that layers, initializers and `fit` draw from in this thread."""
    if _state.generator is None:
        _state.generator = _state.make()
    return _state.generator


@contextmanager
def drawing_from(make: Callable[[], np.random.Generator]) -> Iterator[None]:
    """Inside, this thread draws from the generator make(), which is only made if somebody draws."""
    before = _state.generator, _state.make
    _state.generator, _state.make = None, make
    try:
        yield
    finally:
        _state.generator, _state.make = before


def random_state() -> dict[str, Any]:
    """Where the random numbers of this thread stand: nn's, and the global ones of NumPy and of Python."""
    version, numbers, gauss = python_random.getstate()
    return {
        "nn": random_generator().bit_generator.state,
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002
        "python": [version, np.array(numbers, np.uint64), gauss],
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Puts them where they stood."""
    random_generator().bit_generator.state = state["nn"]
    np.random.set_state(state["numpy"])  # noqa: NPY002
    version, numbers, gauss = state["python"]
    python_random.setstate((version, tuple(map(int, numbers)), gauss))
