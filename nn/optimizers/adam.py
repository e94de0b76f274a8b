"""Momentum and step size both from running means of the gradient."""

import math
from typing import Unpack

import numpy as np

from ..checks import number
from ..schedules import LearningRate
from . import running_mean
from .optimizer import Optimizer, State
from .options import Options, SharedOptions


def move_moments(g: np.ndarray, state: State, beta_1: float, beta_2: float, scratch: np.ndarray) -> None:
    """m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g**2."""
    running_mean.move(state["m"], g, 1 - beta_1, scratch)
    running_mean.move(state["v"], np.multiply(g, g, out=scratch), 1 - beta_2, scratch)


def corrected(learning_rate: float, beta_1: float, beta_2: float, t: int) -> float:
    """The rate that makes up for m and v having started at 0, in step t."""
    return learning_rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)


def take_step(
    weight: np.ndarray, m: np.ndarray, v: np.ndarray, rate: float, epsilon: float, scratch: np.ndarray
) -> None:
    """w -= rate * m / (sqrt(v) + epsilon)."""
    np.sqrt(v, out=scratch)
    scratch += epsilon
    np.divide(m, scratch, out=scratch)
    scratch *= rate
    weight -= scratch


class Adam(Optimizer):
    """m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g**2; w -= rate * m / (sqrt(v) + epsilon).

    rate = learning_rate * sqrt(1 - b2**t) / (1 - b1**t) makes up for m and v having started at 0. amsgrad divides by
    the largest v so far: Reddi et al. 2018. Kingma and Ba 2015, in the order of the end of their section 2 (epsilon
    there is their epsilon-hat), as in Keras.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1 = number("beta_1", beta_1, below=1)
        self.beta_2 = number("beta_2", beta_2, below=1)
        self.epsilon = number("epsilon", epsilon)
        self.amsgrad = amsgrad

    def initial_state(self, weight: np.ndarray) -> State:
        return {name: np.zeros_like(weight) for name in ["m", "v"] + ["largest_v"] * self.amsgrad}

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        move_moments(g, state, self.beta_1, self.beta_2, scratch)
        v = state["v"]
        if self.amsgrad:
            v = np.maximum(state["largest_v"], v, out=state["largest_v"])
        rate = corrected(self.learning_rate, self.beta_1, self.beta_2, self.iterations + 1)
        take_step(weight, state["m"], v, rate, self.epsilon, scratch)


class AdamW(Adam):
    """Adam with weight decay: each step also takes learning_rate * weight_decay of each weight away from it.

    Loshchilov and Hutter 2019.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **options: Unpack[SharedOptions],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options)
