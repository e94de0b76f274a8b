"""One step of the chain that a Dataset is, and where its random numbers come from."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


class Step:
    """Gives elements, made of those of the step before it.

    size: how many a pass has; math.inf where it does not end, None where only going through it will tell.
    batched: whether they are batches, None where nobody knows.
    """

    size: float | None
    batched: bool | None = None

    def elements(self, epoch: int, start: int) -> Iterator[Any]:
        """Those of pass `epoch` from number `start` on: the same that the whole pass gives there."""
        raise NotImplementedError


class Seed:
    """Random numbers that depend on the seed, the step's place in the chain, and the place in the data alone."""

    def __init__(self, seed: int, step: int) -> None:
        self.seed, self.step = seed, step

    def generator(self, *place: int) -> np.random.Generator:
        """That of a pass, or of an element of it."""
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=(self.step, *place))))


def name_of(function: Callable[..., Any]) -> str:
    """What the user calls the function."""
    return getattr(function, "__name__", type(function).__name__)
