"""Dataset: samples on their way to a network, step by step."""

import math
from collections.abc import Callable, Iterator
from itertools import count as count_from
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, nests

from ..checks import whole_number
from ..random import random_generator
from .elements import Element, as_nest
from .mapping import Filtered, Function, Mapped, Prefetched
from .samples import Batched, Generated, Range, Rows
from .selection import Part, Repeated, Shuffled
from .step import Seed, Step, name_of


class Dataset:
    """Samples on their way to a network: where they come from, and a chain of steps, each of which gives a new Dataset.

    Its elements are tuples (x,), (x, y) or (x, y, sample_weight): single samples or, after `batch`, batches, which
    `fit`, `evaluate` and `predict` take. Each part is an array, or a list or dict of several.

    `epoch(number)` gives the elements of one pass. They depend on the seeds and the number alone, however many threads
    are at work; where a step is given no seed, one is drawn from `nn.random_generator()` when the step is added. A
    `for` over the Dataset is its next pass: its first is number 0.

    >>> import nn, numpy as np
    >>> data = nn.Dataset.from_arrays(np.arange(5.0), np.arange(5)).map(lambda x, y: (x / 2, y)).batch(2)
    >>> data
    <Dataset.from_arrays(x (5,) float64, y (5,) int64).map(<lambda>).batch(2): 3 elements>
    >>> for x, y in data:
    ...     print(x, y)
    [0.  0.5] [0 1]
    [1.  1.5] [2 3]
    [2.] [4]
    """

    def __init__(self, step: Step, words: tuple[str, ...], seeds: tuple[Seed, ...] = ()) -> None:
        if not isinstance(step, Step):
            raise TypeError(f"write Dataset.from_arrays(x, y), not Dataset(x, y): given {type(step).__name__}")
        self._step = step
        self._words = words  # how each step was asked for
        self._seeds = seeds
        self._passes = count_from()

    @classmethod
    def from_arrays(cls, x: Any, y: Any = None, sample_weight: Any = None) -> "Dataset":
        """The rows of arrays, or of lists and dicts of arrays. The arrays are not copied.

        Raises ValueError for arrays of unequal lengths.
        """
        if y is None and sample_weight is not None:
            raise ValueError("sample_weight is given without y: it says how much the error of each sample counts")
        parts = {"x": x} | {name: p for name, p in (("y", y), ("sample_weight", sample_weight)) if p is not None}
        columns = {name: nests.mapped(_column, as_nest(part)) for name, part in parts.items()}
        lengths = {len(column) for part in columns.values() for column in nests.leaves(part)}
        shapes = [f"{name} {' and '.join(map(_shape, nests.leaves(part)))}" for name, part in columns.items()]
        if len(lengths) != 1:
            raise ValueError(f"from_arrays needs arrays of as many samples each, given {', '.join(shapes) or 'none'}")
        return cls(Rows(tuple(columns.values()), Range(lengths.pop())), (_call("from_arrays", *shapes),))

    @classmethod
    def from_generator(cls, function: Callable[[], Any], seed: int | None = None) -> "Dataset":
        """What function() gives, a fresh iterator of samples (or of batches) for each pass.

        What it draws from `nn.random_generator()` depends on the seed and the number of the pass. A pass that is begun
        in the middle has to be gone through from its beginning. Raises TypeError for what is no function.

        >>> import nn
        >>> def squares():
        ...     for i in range(4):
        ...         yield i, i**2
        >>> list(nn.Dataset.from_generator(squares).skip(2))
        [(2, 4), (3, 9)]
        """
        if hasattr(function, "__next__"):
            raise TypeError(
                "from_generator needs a function that gives a fresh iterator for each pass, given an iterator: write"
                " from_generator(function), not from_generator(function())"
            )
        _check_function("from_generator", function)
        words, its = _call("from_generator", function, seed=seed), _seed(seed, 0)
        return cls(Generated(function, its), (words,), (its,))

    def shuffle(self, buffer_size: int | None = None, seed: int | None = None) -> "Dataset":
        """The elements in a random order, another one in each pass.

        With buffer_size so many elements are kept waiting, and each is drawn from those. Without it all are shuffled,
        which samples of arrays can be, before they are mapped or batched; ValueError for others.
        """
        if buffer_size is not None:
            buffer_size = whole_number("buffer_size", buffer_size, 1)
        elif self.length == math.inf or not isinstance(self._step, Rows):
            why = "only samples of arrays, not yet mapped or batched, can be shuffled all at once"
            why = "these have no end" if self.length == math.inf else why
            raise ValueError(f"shuffle needs buffer_size, how many elements it chooses from: {why}")
        its = self._seed(seed)
        words = _call("shuffle", buffer_size, seed=seed)
        return self._select(lambda step: Shuffled(step, buffer_size, its), words, its)

    def batch(self, batch_size: int, drop_remainder: bool = False) -> "Dataset":
        """So many elements at a time, each part stacked along a new first axis; the last batch may be smaller.

        With drop_remainder such a batch is left out.
        """
        size = whole_number("batch_size", batch_size, 1)
        words = _call("batch", size, drop_remainder=True if drop_remainder else None)
        return self._then(Batched(self._step, size, bool(drop_remainder)), words)

    def map(self, function: Callable[..., Any], threads: int = 0, seed: int | None = None) -> "Dataset":
        """What function(x), function(x, y) or function(x, y, sample_weight) makes of each element: a tuple, or x alone.

        With threads several elements are worked on at a time, ahead of those that are asked for; their order stays.
        What the function draws from `nn.random_generator()` depends on the seed, the pass and the element's number, so
        it is the same whatever the number of threads. What it raises is raised where its element is asked for.
        """
        threads = whole_number("threads", threads, 0)
        _check_function("map", function)
        words, its = _call("map", function, threads=threads or None, seed=seed), self._seed(seed)
        return self._then(Mapped(self._step, Function("map", function, its), threads), words, its)

    def filter(self, function: Callable[..., Any], seed: int | None = None) -> "Dataset":
        """The elements of which function(x), function(x, y) or function(x, y, sample_weight) is true."""
        _check_function("filter", function)
        words, its = _call("filter", function, seed=seed), self._seed(seed)
        return self._then(Filtered(self._step, Function("filter", function, its)), words, its)

    def take(self, count: int) -> "Dataset":
        """The first so many elements of each pass."""
        count = whole_number("count", count, 0)
        return self._select(lambda step: Part(step, 0, count), _call("take", count))

    def skip(self, count: int) -> "Dataset":
        """All but the first so many elements of each pass."""
        count = whole_number("count", count, 0)
        return self._select(lambda step: Part(step, count, math.inf), _call("skip", count))

    def repeat(self, count: int | None = None) -> "Dataset":
        """So many passes as one, without a count endlessly many: `fit` then needs steps_per_epoch."""
        if count is not None:
            count = whole_number("count", count, 1)
        return self._select(lambda step: Repeated(step, count), _call("repeat", count))

    def prefetch(self, count: int) -> "Dataset":
        """A thread has up to so many elements ready: the next batches are made while the network learns from one."""
        count = whole_number("count", count, 1)
        return self._then(Prefetched(self._step, count), _call("prefetch", count))

    def epoch(self, number: int, start: int = 0) -> Iterator[Element]:
        """The elements of pass `number`, from element `start` on.

        No function of `map` is called for the elements before; arrays are not touched for them. Threads that work ahead
        end when the iterator has ended, is closed or is dropped.
        """
        return self._step.elements(whole_number("number", number, 0), whole_number("start", start, 0))

    def __iter__(self) -> Iterator[Element]:
        return self.epoch(next(self._passes))

    @property
    def length(self) -> float | None:
        """How many elements a pass has: math.inf if it does not end, None if only going through it will tell.

        len(dataset) is the same, but raises TypeError for these.
        """
        return self._step.size

    @property
    def batched(self) -> bool | None:
        """Whether the elements are batches; None for a generator's, which may be either."""
        return self._step.batched

    @property
    def seeds(self) -> list[int]:
        """The seeds of its steps, those that were given and those that were drawn.

        Where training that was killed goes on, `fit` assigns those that the Dataset had then.
        """
        return [seed.seed for seed in self._seeds]

    @seeds.setter
    def seeds(self, values: list[int]) -> None:
        if len(values) != len(self._seeds):
            raise ValueError(f"{self!r} has {len(self._seeds)} seeds, given {len(values)}")
        for seed, value in zip(self._seeds, values, strict=True):
            seed.seed = value

    def __len__(self) -> int:
        if self.length is None or self.length == math.inf:
            why = "only going through it will tell" if self.length is None else "it does not end"
            raise TypeError(f"{self!r} has no len(): {why}")
        return int(self.length)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        told = "" if self.length is None else ": endless" if self.length == math.inf else f": {self.length} elements"
        return f"<Dataset.{'.'.join(self._words)}{told}>"

    def _then(self, step: Step, words: str, *seeds: Seed) -> "Dataset":
        return Dataset(step, (*self._words, words), (*self._seeds, *seeds))

    def _select(self, select: Callable[[Step], Step], words: str, *seeds: Seed) -> "Dataset":
        """Of the rows of arrays their numbers are selected: no row is touched that is not asked for."""
        step = self._step
        selected = Rows(step.columns, select(step.order)) if isinstance(step, Rows) else select(step)
        return self._then(selected, words, *seeds)

    def _seed(self, seed: int | None) -> Seed:
        """That of the step that is next."""
        return _seed(seed, len(self._words))


def _seed(seed: int | None, step: int) -> Seed:
    return Seed(int(random_generator().integers(2**63)) if seed is None else whole_number("seed", seed, 0), step)


def _check_function(method: str, function: Any) -> None:
    if not callable(function):
        raise TypeError(f"{method} needs a function, given {type(function).__name__} {function!r:.60}")


def _column(given: Any) -> np.ndarray:
    """The array, not to be written to: a function that changes its sample in place would change the data."""
    column = (given.detach().numpy() if isinstance(given, Tensor) else np.asarray(given)).view()
    if column.ndim == 0:
        raise ValueError(f"from_arrays needs arrays whose first axis counts the samples, given {given!r:.60}")
    column.flags.writeable = False
    return column


def _shape(column: np.ndarray) -> str:
    return f"{column.shape} {column.dtype}"


def _call(method: str, *values: Any, **named: Any) -> str:
    """How the method was called, without what was left to its default."""
    given = [name_of(value) if callable(value) else str(value) for value in values if value is not None]
    given += [f"{name}={value}" for name, value in named.items() if value is not None]
    return f"{method}({', '.join(given)})"
