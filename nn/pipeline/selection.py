"""Which elements come, and in which order."""

import math
from collections.abc import Iterator
from itertools import count as count_from
from itertools import islice
from typing import Any

import numpy as np

from .step import Seed, Step


class Shuffled(Step):
    """The elements in a random order that depends on the seed and the number of the pass alone.

    With a buffer each is drawn from so many that are waiting. Without one all are there at once: they are row numbers.
    """

    def __init__(self, before: Step, buffer: int | None, seed: Seed) -> None:
        self.before, self.buffer, self.seed = before, buffer, seed
        self.size, self.batched = before.size, before.batched

    def elements(self, epoch: int, start: int) -> Iterator[Any]:
        generator, given = self.seed.generator(epoch), self.before.elements(epoch, 0)
        if self.buffer is not None:
            yield from islice(_through_buffer(given, self.buffer, generator), start, None)
            return
        order = generator.permutation(np.fromiter(given, np.intp, int(self.size or 0)))
        for at in range(start, len(order), 1024):
            yield from order[at : at + 1024].tolist()


def _through_buffer(given: Iterator[Any], size: int, generator: np.random.Generator) -> Iterator[Any]:
    waiting = list(islice(given, size))
    draws: list[int] = []
    for element in given:
        draws = draws or generator.integers(size, size=1024).tolist()  # one by one they cost ten times as much
        place = draws.pop()
        yield waiting[place]
        waiting[place] = element
    yield from [waiting[place] for place in generator.permutation(len(waiting))]


class Part(Step):
    """The elements from number `first` on, at most so many."""

    def __init__(self, before: Step, first: int, most: float) -> None:
        self.before, self.first, self.most, self.batched = before, first, most, before.batched
        self.size = None if before.size is None else min(max(before.size - first, 0), most)

    def elements(self, epoch: int, start: int) -> Iterator[Any]:
        given = self.before.elements(epoch, self.first + start)
        yield from given if self.most == math.inf else islice(given, max(0, int(self.most) - start))


class Repeated(Step):
    """Several passes as one: those from epoch * count on; without a count all from `epoch` on, endlessly."""

    def __init__(self, before: Step, count: int | None) -> None:
        self.before, self.count, self.batched = before, count, before.batched
        if before.size == 0 or count == 0:
            self.size = 0
        elif count is None:
            self.size = math.inf
        else:
            self.size = None if before.size is None else before.size * count

    def elements(self, epoch: int, start: int) -> Iterator[Any]:
        first, end = (epoch, math.inf) if self.count is None else (epoch * self.count, (epoch + 1) * self.count)
        size = self.before.size
        if size is None:
            yield from islice(self._through(first, end), start, None)
        elif self.size and start < self.size:
            first += int(start // size)
            yield from self.before.elements(first, int(start % size))
            yield from self._through(first + 1, end)

    def _through(self, first: int, end: float) -> Iterator[Any]:
        for number in count_from(first):
            if number >= end:
                return
            empty = True
            for element in self.before.elements(number, 0):
                empty = False
                yield element
            if empty and self.count is None:
                raise ValueError("repeat(): there is nothing to be repeated, a pass had no elements")
