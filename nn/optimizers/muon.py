"""Momentum whose matrices are made orthogonal: every direction counts the same."""

import math
from collections.abc import Collection
from typing import Unpack

import numpy as np

from tinygrad_lite import Tensor

from ..checks import number, whole_number
from ..schedules import LearningRate
from .adam import corrected, move_moments, take_step
from .clipping import norm
from .optimizer import Optimizer, State
from .options import SharedOptions, contains, optional, words

A, B, C = (
    3.4445,
    -4.7750,
    2.0315,
)  # of A x + B x**3 + C x**5, which brings x from (0, 1] close to 1, soon if not exactly


class Muon(Optimizer):
    """m = momentum * m + g; w -= learning_rate * rms_rate * sqrt(max(w.shape)) * orthogonal(g + momentum * m).

    For the matrices inside a network. Weights of another number of axes, embeddings, and those with one of the words
    of exclude_layers in their name (the output layer should be) take AdamW's step: the settings with adam_ in front
    are its own. orthogonal(x) is about U @ V.T of x's singular value decomposition: ns_steps of Newton and Schulz's
    iteration. rms_rate: gives steps the size of AdamW's, so that it can have its rate (Liu et al. 2025); None for
    w -= learning_rate * orthogonal(...). Jordan et al. 2024, in Keras's words and with its numbers.
    """

    elementwise = False

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        exclude_layers: Collection[str] = (),
        exclude_embeddings: bool = True,
        adam_lr_ratio: float = 1.0,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **options: Unpack[SharedOptions],
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **options)
        self.adam_beta_1 = number("adam_beta_1", adam_beta_1, below=1)
        self.adam_beta_2 = number("adam_beta_2", adam_beta_2, below=1)
        self.adam_weight_decay = optional(number, "adam_weight_decay", adam_weight_decay)
        self.epsilon = number("epsilon", epsilon)
        self.exclude_layers = words("exclude_layers", exclude_layers)
        self.exclude_embeddings = exclude_embeddings
        self.adam_lr_ratio = number("adam_lr_ratio", adam_lr_ratio)
        self.momentum = number("momentum", momentum)
        self.ns_steps = whole_number("ns_steps", ns_steps, 0)
        self.nesterov = nesterov
        self.rms_rate = optional(number, "rms_rate", rms_rate)

    def _initial(self, weight: Tensor, array: np.ndarray) -> State:
        return _adam_state(array) if self._excludes(weight) else self.initial_state(array)

    def _decay_of(self, weight: Tensor) -> float:
        decay = self.adam_weight_decay if weight.ndim != 2 or self._excludes(weight) else self.weight_decay
        return decay or 0.0

    def _excludes(self, weight: Tensor) -> bool:
        embedding = self.exclude_embeddings and "embedding" in (weight.name or "").lower()
        return embedding or contains(weight.name, self.exclude_layers)

    def initial_state(self, weight: np.ndarray) -> State:
        return {"momentum": np.zeros_like(weight)} if weight.ndim == 2 else _adam_state(weight)

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        if "momentum" not in state:
            rate, betas = self.learning_rate * self.adam_lr_ratio, (self.adam_beta_1, self.adam_beta_2)
            move_moments(g, state, *betas, scratch)
            take_step(
                weight, state["m"], state["v"], corrected(rate, *betas, self.iterations + 1), self.epsilon, scratch
            )
            return
        direction = momentum = state["momentum"]
        momentum *= self.momentum
        momentum += g
        if self.nesterov:
            direction = np.multiply(momentum, self.momentum, out=scratch)
            direction += g
        step = orthogonal(direction, self.ns_steps)
        step *= self.learning_rate * (1.0 if self.rms_rate is None else self.rms_rate * math.sqrt(max(weight.shape)))
        weight -= step


def orthogonal(x: np.ndarray, steps: int) -> np.ndarray:
    """About U @ V.T, where x = U @ diag(s) @ V.T: the singular values become about 1, from 0.7 to 1.2."""
    if x.shape[0] > x.shape[1]:
        return orthogonal(x.T, steps).T
    x = x / (norm(x) + 1e-7)
    for _ in range(steps):
        square = x @ x.T
        x = A * x + (B * square + C * square @ square) @ x
    return x


def _adam_state(weight: np.ndarray) -> State:
    return {"m": np.zeros_like(weight), "v": np.zeros_like(weight)}
