"""What a training remembers of its past, to go back to."""

from collections import deque
from typing import NamedTuple

import numpy as np

REMEMBERED = 1000  # epochs that can be taken back


class Change(NamedTuple):
    """What was changed by hand, before the update of this number, and its new value.

    what: "learning_rate", "regularization_rate", or (layer, to, source) of a weight, with source None of a bias.
    """

    update: int
    what: str | tuple[int, int, int | None]
    value: float


class Moment(NamedTuple):
    """All that a training is at one moment, after it has seen so many samples."""

    samples: int
    updates: int
    rates: tuple[float, float]  # of learning and of regularization
    numbers: np.ndarray  # weights and what the optimizer remembers, one after the other
    dead: tuple[np.ndarray, ...]
    gradients: list[np.ndarray]
    changes: tuple[Change, ...]


class Moments:
    """The moments at which epochs began and something was changed by hand: the last thousand.

    Of one place in the data the last moment counts: what is changed there, stays.
    """

    def __init__(self) -> None:
        self._kept: deque[Moment] = deque(maxlen=REMEMBERED + 1)

    def add(self, moment: Moment) -> None:
        if self._kept and self._kept[-1].samples == moment.samples:
            self._kept.pop()
        self._kept.append(moment)

    def back_to(self, samples: int) -> Moment | None:
        """The last moment up to this place, and all later ones are forgotten; None if that is too long ago."""
        if samples < self._kept[0].samples:
            return None
        while self._kept[-1].samples > samples:
            self._kept.pop()
        return self._kept[-1]
