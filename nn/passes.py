"""What can be gone through again and again for its batches.

Each has a `length`, the number of its batches (None if only a pass will tell), and `epoch(number, start)`: the iterator
of one pass, from batch `start` on.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from .random import random_generator


class Fresh:
    """What gives a fresh iterator whenever it is asked: a generator function, an object's `__iter__`."""

    def __init__(self, ask: Callable[[], Any], length: int | None = None) -> None:
        self.ask, self.length = ask, length

    def epoch(self, number: int, start: int) -> Iterator[Any]:
        given = self.ask()
        if not hasattr(given, "__iter__"):
            raise TypeError(f"a function that fit takes must give an iterator of batches, gave {type(given).__name__}")
        return islice(given, start, None)


class Indexed:
    """What gives batch i as `batches[i]` and has `len(batches)`, like Keras's PyDataset.

    With shuffle each pass takes the batches in another order, drawn from `nn.random_generator()`. After a pass its
    `on_epoch_end()` is called, if it has one.
    """

    def __init__(self, batches: Any, shuffle: bool) -> None:
        self.batches, self.shuffle = batches, shuffle

    @property
    def length(self) -> int:
        return len(self.batches)

    def epoch(self, number: int, start: int) -> Iterator[Any]:
        order = random_generator().permutation(self.length).tolist() if self.shuffle else range(self.length)
        return self._pass(order[start:])

    def _pass(self, order: Any) -> Iterator[Any]:
        for index in order:
            yield self.batches[index]
        if hasattr(self.batches, "on_epoch_end"):
            self.batches.on_epoch_end()
