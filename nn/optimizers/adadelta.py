"""Each weight's step as large as its steps used to be, compared with its gradients: no learning rate to choose."""

from typing import Unpack

import numpy as np

from ..checks import above_0, number
from ..schedules import LearningRate
from .optimizer import Optimizer, State
from .options import Options


class Adadelta(Optimizer):
    """v = rho * v + (1 - rho) * g**2; step = g * sqrt((u + epsilon) / (v + epsilon)); w -= learning_rate * step.

    Then u = rho * u + (1 - rho) * step**2. epsilon, above 0, is what the first steps are made of. Zeiler 2012, who
    needs no learning rate: it is 1 here, as in Keras of 2016 (Keras 3's default, 0.001, takes a thousandth of a step).
    """

    def __init__(
        self,
        learning_rate: LearningRate = 1.0,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = number("rho", rho, below=1)
        self.epsilon = above_0("epsilon", epsilon)  # or no weight ever moves

    def initial_state(self, weight: np.ndarray) -> State:
        # Both have epsilon in them from the beginning: a running mean of (x + epsilon) is that of x, plus epsilon.
        return {name: np.full_like(weight, self.epsilon) for name in ("square", "step_square")}

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        square, step_square = state["square"], state["step_square"]
        np.multiply(g, g, out=scratch)
        scratch += self.epsilon
        scratch *= 1 - self.rho
        square *= self.rho
        square += scratch

        np.divide(step_square, square, out=scratch)
        np.sqrt(scratch, out=scratch)
        scratch *= g
        scratch *= self.learning_rate
        weight -= scratch

        # step**2 = step_square * g**2 / square, so what was there is multiplied by rho + (1 - rho) * g**2 / square.
        np.multiply(g, g, out=scratch)
        scratch /= square
        scratch *= 1 - self.rho
        scratch += self.rho
        step_square *= scratch
        step_square += (1 - self.rho) * self.epsilon
