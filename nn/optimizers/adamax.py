"""Adam with the largest gradient in place of the root of the mean of squares."""

from typing import Unpack

import numpy as np

from ..checks import number
from ..schedules import LearningRate
from . import running_mean
from .optimizer import Optimizer, State
from .options import Options


class Adamax(Optimizer):
    """m = b1 m + (1 - b1) g; u = max(b2 u, |g|); w -= learning_rate / (1 - b1**t) * m / (u + epsilon).

    Kingma and Ba 2015, section 7.1.
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
        return {"m": np.zeros_like(weight), "u": np.zeros_like(weight)}

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        m, u = state["m"], state["u"]
        running_mean.move(m, g, 1 - self.beta_1, scratch)
        u *= self.beta_2
        np.maximum(u, np.absolute(g, out=scratch), out=u)
        np.add(u, self.epsilon, out=scratch)
        np.divide(m, scratch, out=scratch)
        scratch *= self.learning_rate / (1 - self.beta_1 ** (self.iterations + 1))
        weight -= scratch
