"""What functions make of the elements of a Dataset, here or in other threads."""

from collections.abc import Callable, Iterator
from contextvars import copy_context
from functools import partial
from itertools import repeat
from typing import Any

from ..random import drawing_from
from .ahead import ahead
from .elements import Element, as_element
from .step import Seed, Step, name_of


class Function:
    """A function of elements. What it draws from `nn.random_generator()` depends on the seed and the element's place.

    It is the same in whichever thread, and however many elements were left out before.
    """

    def __init__(self, method: str, function: Callable[..., Any], seed: Seed) -> None:
        self.method, self.function, self.seed = method, function, seed

    def __call__(self, epoch: int, number: int, element: Element) -> Any:
        with drawing_from(partial(self.seed.generator, epoch, number)):
            try:
                return self.function(*element)
            except Exception as error:
                self.tell(error, epoch, number)
                raise

    def tell(self, error: Exception, epoch: int, number: int) -> None:
        """Says on the exception what was at work."""
        error.add_note(f"in {self.method}({name_of(self.function)}), element {number} of pass {epoch}")


class Mapped(Step):
    """What the function makes of each element; with threads, of several at a time."""

    def __init__(self, before: Step, function: Function, threads: int) -> None:
        self.before, self.function, self.threads = before, function, threads
        self.size, self.batched = before.size, before.batched

    def elements(self, epoch: int, start: int) -> Iterator[Element]:
        given = enumerate(self.before.elements(epoch, start), start)
        if self.threads:
            calls = (partial(copy_context().run, self.result, epoch, *each) for each in given)
            yield from ahead(calls, self.threads, 2 * self.threads)
        else:
            for each in given:
                yield self.result(epoch, *each)

    def result(self, epoch: int, number: int, element: Element) -> Element:
        given = self.function(epoch, number, element)
        try:
            return as_element(given)
        except ValueError as error:
            self.function.tell(error, epoch, number)
            raise


class Filtered(Step):
    """The elements of which the function says yes."""

    size = None

    def __init__(self, before: Step, function: Function) -> None:
        self.before, self.function, self.batched = before, function, before.batched

    def elements(self, epoch: int, start: int) -> Iterator[Element]:
        left_out = 0
        for number, element in enumerate(self.before.elements(epoch, 0)):
            if self.function(epoch, number, element):
                left_out += 1
                if left_out > start:
                    yield element


class Prefetched(Step):
    """The same elements, of which a thread of its own has so many ready before they are asked for."""

    def __init__(self, before: Step, count: int) -> None:
        self.before, self.count = before, count
        self.size, self.batched = before.size, before.batched

    def elements(self, epoch: int, start: int) -> Iterator[Any]:
        given, end, context = self.before.elements(epoch, start), object(), copy_context()
        close = getattr(given, "close", lambda: None)
        results = ahead(repeat(partial(context.run, next, given, end)), 1, self.count, partial(context.run, close))
        for result in results:
            if result is end:
                return
            yield result
