"""Adam that looks ahead."""

import math
from functools import lru_cache
from typing import Unpack

import numpy as np

from ..checks import number
from ..schedules import LearningRate
from .adam import move_moments
from .optimizer import Optimizer, State
from .options import Options


class Nadam(Optimizer):
    """Adam with Nesterov's momentum: the step is made of the mean that the next step would begin with.

    The momentum of step t, u(t) = beta_1 * (1 - 0.96**t / 2), grows from about half of beta_1 to beta_1. Dozat 2016.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = number("beta_1", beta_1, below=1)
        self.beta_2 = number("beta_2", beta_2, below=1)
        self.epsilon = number("epsilon", epsilon)

    def initial_state(self, weight: np.ndarray) -> State:
        return {"m": np.zeros_like(weight), "v": np.zeros_like(weight)}

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        move_moments(g, state, self.beta_1, self.beta_2, scratch)
        t = self.iterations + 1
        now, ahead = [self.beta_1 * _growth(n) for n in (t, t + 1)]
        of_m = ahead / (1 - _product(self.beta_1, t + 1))
        of_g = (1 - now) / (1 - _product(self.beta_1, t))
        # The two parts of the step are divided one after the other: scratch is all the memory there is.
        rate = self.learning_rate * math.sqrt(1 - self.beta_2**t)
        epsilon = self.epsilon * math.sqrt(1 - self.beta_2**t)
        for part, share in ((state["m"], of_m), (g, of_g)):
            np.sqrt(state["v"], out=scratch)
            scratch += epsilon
            np.divide(part, scratch, out=scratch)
            scratch *= rate * share
            weight -= scratch


def _growth(t: int) -> float:
    return 1 - 0.5 * 0.96**t


@lru_cache(maxsize=16)
def _product(beta_1: float, t: int) -> float:
    """u(1) * u(2) * ... * u(t). From some 900 on the factors are beta_1 exactly."""
    return beta_1**t * math.prod(map(_growth, range(1, min(t, 1000) + 1)))
