"""What can be gone through again and again for its batches.

Each has a `length`, the number of its batches (None if only a pass will tell), and `epoch(number, start)`: the iterator
of one pass, from batch `start` on. What it takes to come there is done before it is returned, not at the first batch.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from .random import random_generator, random_state, set_random_state


def left_out(batches: Iterator[Any], count: int) -> None:
    """Takes the next so many and drops them, where a run goes on that had them already.

    The random numbers of this thread stand afterwards where they stood: what these batches drew was drawn then.
    """
    if count:
        before = random_state()
        for _ in islice(batches, count):
            pass
        set_random_state(before)


class Fresh:
    """What gives a fresh iterator whenever it is asked: a generator function, an object's `__iter__`."""

    def __init__(self, ask: Callable[[], Any], length: int | None = None) -> None:
        self.ask, self.length = ask, length

    def epoch(self, number: int, start: int) -> Iterator[Any]:
        given = self.ask()
        if not hasattr(given, "__iter__"):
            raise TypeError(f"a function that fit takes must give an iterator of batches, gave {type(given).__name__}")
        batches = iter(given)
        left_out(batches, start)
        return batches


class Indexed:
    """What gives batch i as `batches[i]` and has `len(batches)`, like Keras's PyDataset.

    With shuffle each pass takes the batches in another order, drawn from `nn.random_generator()`; `steps` then says how
    many it takes: fewer, or some of them again, in another order. After a pass its `on_epoch_end()` is called, if it
    has one.
    """

    def __init__(self, batches: Any, shuffle: bool, steps: int | None = None) -> None:
        self.batches, self.shuffle, self.steps = batches, shuffle, steps

    @property
    def length(self) -> int:
        return len(self.batches) if self.steps is None else self.steps

    def epoch(self, number: int, start: int) -> Iterator[Any]:
        order, total = range(len(self.batches)), self.length
        if self.shuffle and order:
            orders = [random_generator().permutation(len(order)) for _ in range(-(-total // len(order)))]
            return self._pass(np.concatenate(orders)[start:total].tolist())
        return self._pass(order[start:])

    def _pass(self, order: Any) -> Iterator[Any]:
        for index in order:
            yield self.batches[index]
        if hasattr(self.batches, "on_epoch_end"):
            self.batches.on_epoch_end()
