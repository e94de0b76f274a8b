"""Stochastic gradient descent."""

from typing import Unpack

import numpy as np

from ..checks import number
from ..schedules import LearningRate
from .optimizer import Optimizer, State
from .options import Options


class SGD(Optimizer):
    """w -= learning_rate * g; with momentum, v = momentum * v - learning_rate * g and w += v.

    Momentum: Polyak 1964; Nesterov's form, w += momentum * v - learning_rate * g: Sutskever et al. 2013.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.momentum = number("momentum", momentum)
        if self.momentum > 1:
            raise ValueError(f"momentum must be from 0 to 1, given {momentum}")
        self.nesterov = nesterov

    def initial_state(self, weight: np.ndarray) -> State:
        return {"velocity": np.zeros_like(weight)} if self.momentum else {}

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        step = np.multiply(g, self.learning_rate, out=scratch)
        if not self.momentum:
            weight -= step
            return
        v = state["velocity"]
        v *= self.momentum
        v -= step
        if self.nesterov:
            weight -= step
            weight += np.multiply(v, self.momentum, out=scratch)
        else:
            weight += v
