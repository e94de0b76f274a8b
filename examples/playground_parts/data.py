"""The points of a run: made or one's own, shuffled, one part to learn from and one to be tested on."""

import numpy as np

import tinygrad_lite as tg

from .features import inputs_of
from .network import targets_of
from .random_numbers import SeedRandom
from .settings import Settings


class Data:
    """The points as (x1, x2, label), and as the network is given them.

    train, test: float64 (points, 3). parts: (inputs, targets) of both. random: where the next numbers come from.
    """

    def __init__(self, settings: Settings) -> None:
        self.random = SeedRandom(settings.seed)
        points = np.array(self._points(settings), dtype=np.float64)
        self.count = settings.train_count
        self.train, self.test = points[: self.count], points[self.count :]
        inputs = inputs_of(points[:, 0], points[:, 1], settings.features)
        targets = targets_of(settings, points[:, 2])
        self._inputs, self._targets = inputs[: self.count], targets[: self.count]
        test = inputs[self.count :], targets[self.count :]
        self.parts = [(tg.asarray(self._inputs), self._targets), (tg.asarray(test[0]), test[1])]
        self._left = 0
        self._cycle = self._inputs, self._targets

    def _points(self, settings: Settings) -> list[tuple[float, float, float]]:
        if settings.dataset_in_use == "own" and settings.own is not None:
            two = settings.classes_in_use == 2
            points = [(x1, x2, 2 * target - 1 if two else target) for x1, x2, target in settings.own.rows]
        else:
            more = (settings.classes,) if settings.classes_in_use > 2 else ()
            points = settings.generator()(self.random, settings.count, settings.noise / 100, *more)
        self.random.shuffle(points)
        return points

    def batch(self, rows: slice, left: int) -> tuple[tg.Tensor, np.ndarray]:
        """Inputs and targets of these rows, which are counted from the `left` last ones on: those come first."""
        if left != self._left:
            self._left = left
            x, y = self._inputs, self._targets
            self._cycle = np.concatenate([x[self.count - left :], x]), np.concatenate([y[self.count - left :], y])
        x, y = self._cycle
        return tg.asarray(x[rows]), y[rows]
