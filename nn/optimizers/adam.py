"""Momentum and step size both from running means of the gradient."""

import math

import numpy as np

from ..checks import number
from .optimizer import Optimizer, State


class Adam(Optimizer):
    """m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g**2; w -= rate * m / (sqrt(v) + epsilon).

    rate = learning_rate * sqrt(1 - b2**t) / (1 - b1**t) makes up for m and v having started at 0.
    Kingma and Ba 2015, in the order of the end of their section 2 (epsilon there is their epsilon-hat), as in Keras.
    """

    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7
    ) -> None:
        super().__init__(learning_rate)
        self.beta_1 = number("beta_1", beta_1, below=1)
        self.beta_2 = number("beta_2", beta_2, below=1)
        self.epsilon = number("epsilon", epsilon)

    def initial_state(self, weight: np.ndarray) -> State:
        return {"m": np.zeros_like(weight), "v": np.zeros_like(weight)}

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        m, v, t = state["m"], state["v"], self.iterations
        m += np.multiply(np.subtract(g, m, out=scratch), 1 - self.beta_1, out=scratch)
        np.multiply(g, g, out=scratch)
        scratch -= v
        scratch *= 1 - self.beta_2
        v += scratch
        np.sqrt(v, out=scratch)
        scratch += self.epsilon
        np.divide(m, scratch, out=scratch)
        scratch *= self.learning_rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        weight -= scratch


class AdamW(Adam):
    """Adam, with the weights also shrunk by learning_rate * weight_decay at each step: Loshchilov and Hutter 2019."""

    def __init__(
        self,
        learning_rate: float = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon)
        self.weight_decay = number("weight_decay", weight_decay)

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        weight *= 1 - self.learning_rate * self.weight_decay
        super().update(weight, g, state, scratch)
