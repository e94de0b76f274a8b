"""Where `fit`, `evaluate` and `predict` take their batches from: one interface for arrays and what gives batches."""

import math
from array import array
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice
from itertools import count as count_from
from typing import Any

from tinygrad_lite import Tensor

from .batch_form import Batch, Form
from .checks import whole_number
from .data import batches, count, rows
from .passes import Fresh, Indexed, left_out
from .pipeline import Dataset
from .random import random_generator


class Source:
    """Batches, epoch by epoch. `steps`: how many an epoch has; None where only going through them will tell."""

    steps: int | None

    @property
    def seeds(self) -> list[int]:
        """Those of the steps of a Dataset; nothing else has any."""
        return []

    @seeds.setter
    def seeds(self, values: list[int]) -> None:
        """They are put back where a run goes on: they may have been drawn."""

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches (x, y, sample_weight) of epoch `number`, from batch `start` on.

        An order is drawn, and what comes before is gone through, at once, not at the first batch.
        """
        raise NotImplementedError

    def put_aside(self, epochs: int) -> None:
        """Leaves out what so many epochs would take, where a run goes on that was begun by another program."""

    def close(self) -> None:
        """Ends the epoch that is going on, and what works ahead for it."""


class ArraySource(Source):
    """The rows of arrays. With shuffle, each epoch draws an order from `nn.random_generator()` as it begins.

    An epoch that begins at a later batch draws its order, too. With steps_per_epoch an epoch has so many batches: with
    shuffle of an order of its own (and of another one, where that ends), without it going on where the last one ended.
    """

    def __init__(self, form: Form, columns: Batch, batch_size: int, shuffle: bool, steps: int | None) -> None:
        self.form, self.columns, self.batch_size, self.shuffle = form, columns, batch_size, shuffle
        self.samples = count(columns[0])
        self.length = -(-self.samples // batch_size)
        self.steps: int = self.length if steps is None else steps

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        first = start if self.shuffle else (number * self.steps + start) % self.length
        # All orders are drawn now: an epoch that begins at a later batch can't know what else will draw in between.
        passes = -(-(first + self.steps - start) // self.length)
        orders = [random_generator().permutation(self.samples) if self.shuffle else None for _ in range(passes)]
        parts = chain.from_iterable(batches(self.samples, self.batch_size, order) for order in orders)
        return (self._batch(part) for part in islice(parts, first, first + max(0, self.steps - start)))

    def _batch(self, part: Any) -> Batch:
        x, y, sample_weight = [None if column is None else rows(column, part) for column in self.columns]
        return self.form.weighted((x, y, sample_weight))


class PassSource(Source):
    """The batches of what can be gone through again and again: a Dataset, or see `nn.passes`. An epoch is a pass.

    With steps_per_epoch the passes are one stream, and an epoch is the next so many batches of it.
    """

    def __init__(self, form: Form, passes: Any, steps: int | None) -> None:
        self.form, self.passes, self.steps_per_epoch = form, passes, steps
        self.steps = passes.length if steps is None else steps
        self._stream: tuple[int, Iterator[Any]] | None = None  # between epochs: the place it has come to, and itself
        self._epoch: Generator[Batch] | None = None

    @property
    def seeds(self) -> list[int]:
        return self.passes.seeds if isinstance(self.passes, Dataset) else []

    @seeds.setter
    def seeds(self, values: list[int]) -> None:
        if isinstance(self.passes, Dataset):
            self.passes.seeds = values

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        if self.steps_per_epoch is None:
            given = _not_empty(self.passes.epoch(number, start), start)
        else:
            place = number * self.steps_per_epoch + start
            kept, self._stream = self._stream, None
            stream = kept[1] if kept and kept[0] == place else self._from(place)
            given = self._part(stream, place, max(0, self.steps_per_epoch - start))
        self._epoch = _checked(self.form, given, start)
        return self._epoch

    def _part(self, stream: Iterator[Any], place: int, steps: int) -> Iterator[Any]:
        """So many batches of the stream."""
        yield from islice(stream, steps)
        self._stream = place + steps, stream

    def _from(self, place: int) -> Iterator[Any]:
        """The stream from this place on."""
        length = self.passes.length
        if not length:
            stream = self._endless(0, 0, self.passes.epoch(0, 0))
            left_out(stream, place)
            return stream
        number, start = (0, place) if length == math.inf else divmod(place, length)
        return self._endless(number, start, self.passes.epoch(number, start))

    def _endless(self, number: int, start: int, begun: Iterator[Any]) -> Iterator[Any]:
        """The pass that was begun, and all that follow."""
        while True:
            yield from _not_empty(begun, start)
            number, start = number + 1, 0
            begun = self.passes.epoch(number, 0)

    def close(self) -> None:
        if self._epoch is not None:
            self._epoch.close()
        self._stream = self._epoch = None


class IteratorSource(Source):
    """The batches of an iterator, which can't be gone through again: an epoch is what comes next, whatever its number.

    Without steps_per_epoch there is one epoch, to the end. An epoch that begins at a later batch leaves out the next
    `start` ones.
    """

    def __init__(self, form: Form, iterator: Iterator[Any], steps: int | None) -> None:
        self.form, self.iterator, self.steps = form, iterator, steps
        self._taken = 0
        self._ended = False

    def put_aside(self, epochs: int) -> None:
        for number in range(epochs):
            left_out(self._epoch(number), self.steps or 0)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        if self._ended:
            raise ValueError(f"epoch {number} has no batches: the iterator has ended. {_INSTEAD}")
        batches = self._epoch(number)
        left_out(batches, start)
        return _checked(self.form, batches, start)

    def _epoch(self, number: int) -> Iterator[Any]:
        for step in count_from() if self.steps is None else range(self.steps):
            try:
                batch = next(self.iterator)
            except StopIteration:
                self._ended = True
                if self.steps is None and self._taken:
                    return
                raise ValueError(
                    f"the iterator ended after {self._taken} batches, before batch {step} of epoch {number}. {_INSTEAD}"
                ) from None
            self._taken += 1
            yield batch


_INSTEAD = "Give the function that makes it, function, not function(), or an iterator that goes on"


def _not_empty(given: Iterable[Any], start: int) -> Iterator[Any]:
    """The same, or an error where a pass from its beginning has no batches."""
    empty = start == 0
    for batch in given:
        empty = False
        yield batch
    if empty:
        raise ValueError("there are no batches: an epoch needs at least one")


def _checked(form: Form, given: Iterator[Any], start: int) -> Generator[Batch]:
    for number, batch in enumerate(given, start):
        yield form.batch(number, batch)


def as_source(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    shuffle: bool = False,
    steps_per_epoch: int | None = None,
    *,
    form: Form | None = None,
    epochs: int = 1,
    usual_batch_size: int = 32,
    steps_name: str = "steps_per_epoch",
) -> Source:
    """The batches of x, y and sample_weight, which are arrays (or lists and dicts of them), or of x, which gives them.

    That is an `nn.Dataset` of batches, a function that gives a fresh iterator for each epoch, an object whose
    `__iter__` does, a Sequence (an object with `__len__` and `__getitem__`), or an iterator. Its batches are tuples
    (x, y) or (x, y, sample_weight). shuffle is for arrays and Sequences; batch_size for arrays, `usual_batch_size` if
    it is None. Raises TypeError or ValueError for what does not go together, and for an iterator that several epochs
    are to be made of without steps_per_epoch, which the errors call steps_name.

    >>> import numpy as np
    >>> source = as_source(np.arange(5), np.arange(5) ** 2, batch_size=2)
    >>> source.steps, list(source.epoch(0, start=2))
    (3, [(array([4]), array([16]), None)])
    """
    form = form or Form()
    steps = None if steps_per_epoch is None else whole_number(steps_name, steps_per_epoch, 1)
    if holds_samples(x):
        size = usual_batch_size if batch_size is None else whole_number("batch_size", batch_size, 1)
        return ArraySource(form, form.columns(x, y, sample_weight), size, shuffle, steps)
    for name, given in (("y", y), ("sample_weight", sample_weight)):
        if given is not None:
            raise ValueError(f"{name} is given beside x, but x is {_kind(x)}, which gives it with each batch: (x, y)")
    if batch_size is not None:
        raise ValueError(f"batch_size={batch_size} is given, but x is {_kind(x)}, which gives whole batches")
    if isinstance(x, Dataset):
        if x.batched is False:
            raise ValueError(f"{x!r} gives single samples: write .batch(batch_size) at its end")
        if x.length == math.inf and steps is None:
            raise ValueError(f"{x!r} does not end: give {steps_name}")
        return PassSource(form, x, steps)
    if hasattr(x, "__next__") and not isinstance(x, type):
        if epochs > 1 and steps is None:
            raise ValueError(
                f"an iterator can't be gone through {epochs} times: say how many of its batches are an epoch,"
                f" with {steps_name}, or give the function that makes it, function, not function()"
            )
        return IteratorSource(form, x, steps)
    if _is_sequence(x):
        if shuffle:  # each epoch has an order of its own, as one of arrays has
            return PassSource(form, Indexed(x, True, steps), None)
        return PassSource(form, Indexed(x, False), steps)
    if isinstance(x, type) or not hasattr(x, "__iter__"):
        return PassSource(form, Fresh(x), steps)
    length = None
    with suppress(TypeError):  # the __len__ of some says so if they don't know
        length = len(x)
    return PassSource(form, Fresh(x.__iter__, length), steps)


def holds_samples(x: Any) -> bool:
    """Whether x is the samples themselves; else it is something that gives batches of them."""
    if isinstance(x, (list, tuple, dict, str, bytes, range, memoryview, array, Tensor)):
        return True
    if hasattr(x, "__array__") or hasattr(x, "__array_interface__"):
        return True
    return not (callable(x) or hasattr(x, "__iter__") or _is_sequence(x))


def _is_sequence(x: Any) -> bool:
    return hasattr(x, "__len__") and hasattr(x, "__getitem__") and not isinstance(x, type)


def _kind(x: Any) -> str:
    return "a function" if callable(x) else f"a {type(x).__name__}"
