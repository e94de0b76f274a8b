"""Adam for large batches: each weight array takes a step in proportion to its own size."""

from typing import Unpack

import numpy as np

from ..checks import number
from ..schedules import LearningRate
from .adam import move_moments
from .clipping import norm
from .optimizer import Optimizer, State
from .options import Options


class Lamb(Optimizer):
    """r = Adam's direction; w -= learning_rate * r * norm(w) / norm(r), with 1 for the quotient if either norm is 0.

    The norms are those of a whole array of weights: layers with large weights take large steps. You et al. 2020; weight
    decay is apart from it, as in Keras.
    """

    elementwise = False

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
        np.divide(state["v"], 1 - self.beta_2**t, out=scratch)
        np.sqrt(scratch, out=scratch)
        scratch += self.epsilon
        np.divide(state["m"], scratch, out=scratch)
        scratch /= 1 - self.beta_1**t
        size, length = norm(weight), norm(scratch)
        scratch *= self.learning_rate * (size / length if size > 0 and length > 0 else 1.0)
        weight -= scratch
