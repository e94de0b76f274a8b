"""Every weight moves by the same amount: only the direction is learnt."""

from typing import Unpack

import numpy as np

from ..checks import above_0, number
from ..schedules import LearningRate
from . import running_mean
from .optimizer import Optimizer, State
from .options import Options


class Lion(Optimizer):
    """w -= learning_rate * sign(b1 m + (1 - b1) g); m = b2 m + (1 - b2) g.

    Steps are larger than Adam's: its rate is usually a third to a tenth of Adam's, its weight decay three to ten times
    as much. Chen et al. 2023.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = number("beta_1", above_0("beta_1", beta_1), below=1)  # at 0 there is no use for m
        self.beta_2 = number("beta_2", beta_2, below=1)

    def initial_state(self, weight: np.ndarray) -> State:
        return {"m": np.zeros_like(weight)}

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        m = state["m"]
        np.multiply(g, (1 - self.beta_1) / self.beta_1, out=scratch)
        scratch += m
        np.sign(scratch, out=scratch)
        scratch *= self.learning_rate
        weight -= scratch
        running_mean.move(m, g, 1 - self.beta_2, scratch)
