"""The points of a run: made or one's own, shuffled, one part to learn from and one to be tested on."""

import numpy as np

import tinygrad_lite as tg

from .features import inputs_of
from .network import targets_of
from .own_data import OwnData
from .random_numbers import SeedRandom
from .settings import Settings


class Data:
    """The points as (x1, x2, label), and as the network is given them: each the training and the test part.

    points: float64 (points, 3). inputs: Tensors (points, features). targets: (points, outputs). random: where the next
    numbers come from.
    """

    def __init__(self, settings: Settings) -> None:
        self.random = SeedRandom(settings.seed)
        self.count = settings.train_count
        points = np.array(self._generated(settings), dtype=np.float64)
        inputs = inputs_of(points[:, 0], points[:, 1], settings.features)
        parts = slice(self.count), slice(self.count, None)
        self.points = [points[part] for part in parts]
        self.inputs = [tg.asarray(inputs[part]) for part in parts]
        self.targets = [targets_of(settings, points[part, 2]) for part in parts]
        self._cycle = inputs[: self.count], self.targets[0]
        self._left = 0

    def _generated(self, settings: Settings) -> list[tuple[float, float, float]]:
        if settings.dataset_in_use == "own" and settings.own is not None:
            points = labelled(settings.own)
        else:
            more = (settings.classes,) if settings.classes_in_use > 2 else ()
            points = settings.generator()(self.random, settings.count, settings.noise / 100, *more)
        self.random.shuffle(points)
        return points

    def cyclic(self, rows: slice, left: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and targets of training points, counted from the `left` last ones on: those come first, once more."""
        if left != self._left:
            x, y = self.inputs[0].numpy(), self.targets[0]
            self._cycle = np.concatenate([x[len(x) - left :], x]), np.concatenate([y[len(y) - left :], y])
            self._left = left
        x, y = self._cycle
        return x[rows], y[rows]


def labelled(own: OwnData) -> list[tuple[float, float, float]]:
    """The points of own data, with -1 and 1 for two classes."""
    two = len(own.class_names) == 2
    return [(x1, x2, 2 * target - 1 if two else target) for x1, x2, target in own.rows]
