"""Where the elements of a Dataset come from, and how they become batches."""

import math
from collections.abc import Callable, Iterator
from itertools import count as count_from
from itertools import islice
from typing import Any

import numpy as np

from tinygrad_lite import nests

from ..random import drawing_from
from .elements import Element, as_element, stacked
from .step import Seed, Step, name_of


class Range(Step):
    """The numbers of rows: 0 to size - 1."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.numbers = range(size)

    def elements(self, epoch: int, start: int) -> Iterator[int]:
        return iter(self.numbers[start:])


class Rows(Step):
    """The rows of arrays, whose numbers another step gives: to shuffle them or leave some out touches no array."""

    batched = False

    def __init__(self, columns: Element, order: Step) -> None:
        self.columns, self.order, self.size = columns, order, order.size

    def row(self, which: Any) -> Element:
        return nests.mapped(lambda column: column[which], self.columns)

    def together(self, numbers: list[int]) -> Element:
        """Several rows as one batch: a view of the arrays where they follow each other."""
        first, end = numbers[0], numbers[0] + len(numbers)
        return self.row(slice(first, end) if numbers == [*range(first, end)] else np.array(numbers))

    def elements(self, epoch: int, start: int) -> Iterator[Element]:
        yield from map(self.row, self.order.elements(epoch, start))


class Generated(Step):
    """What a function's iterators give, a fresh one for each pass."""

    size = None

    def __init__(self, function: Callable[[], Any], seed: Seed) -> None:
        self.function, self.seed = function, seed

    def elements(self, epoch: int, start: int) -> Iterator[Element]:
        generator, end = self.seed.generator(epoch), object()
        with drawing_from(lambda: generator):
            given = self.function()
            if not hasattr(given, "__iter__"):
                raise TypeError(f"{name_of(self.function)} must give an iterator of samples, gave {given!r:.60}")
            given = iter(given)
        for number in count_from():
            with drawing_from(lambda: generator):
                element = next(given, end)
            if element is end:
                return
            if number >= start:
                yield as_element(element)


class Batched(Step):
    """So many elements each, stacked; those of arrays are taken at once."""

    batched = True

    def __init__(self, before: Step, batch_size: int, drop_remainder: bool) -> None:
        self.batch_size, self.drop_remainder = batch_size, drop_remainder
        self.before: Step = before.order if isinstance(before, Rows) else before
        self.join: Callable[[list[Any]], Element] = before.together if isinstance(before, Rows) else stacked
        self.size = before.size
        if before.size is not None and before.size != math.inf:
            self.size = (int(before.size) + (0 if drop_remainder else batch_size - 1)) // batch_size

    def elements(self, epoch: int, start: int) -> Iterator[Element]:
        given = self.before.elements(epoch, start * self.batch_size)
        for number in count_from(start):
            group = list(islice(given, self.batch_size))
            if not group or (self.drop_remainder and len(group) < self.batch_size):
                return
            try:
                batch = self.join(group)
            except ValueError as error:
                error.add_note(f"in batch {number} of pass {epoch}")
                raise
            yield batch
