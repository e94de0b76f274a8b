"""Each weight's step divided by the size of all its gradients so far."""

from typing import Unpack

import numpy as np

from ..checks import number
from ..schedules import LearningRate
from .optimizer import Optimizer, State
from .options import Options


class Adagrad(Optimizer):
    """sum = sum + g**2; w -= learning_rate * g / sqrt(sum + epsilon). For gradients that are mostly 0.

    The sum starts at initial_accumulator_value. Duchi, Hazan and Singer 2011.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value = number("initial_accumulator_value", initial_accumulator_value)
        self.epsilon = number("epsilon", epsilon)

    def initial_state(self, weight: np.ndarray) -> State:
        return {"sum": np.full_like(weight, self.initial_accumulator_value)}

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        total = state["sum"]
        total += np.multiply(g, g, out=scratch)
        np.sqrt(np.add(total, self.epsilon, out=scratch), out=scratch)
        np.divide(g, scratch, out=scratch)
        scratch *= self.learning_rate
        weight -= scratch
