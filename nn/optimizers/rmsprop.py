"""Each weight's step divided by the running size of its gradients."""

from typing import Unpack

import numpy as np

from ..checks import number
from ..schedules import LearningRate
from .optimizer import Optimizer, State
from .options import Options


class RMSprop(Optimizer):
    """v = rho * v + (1 - rho) * g**2; w -= learning_rate * g / sqrt(v + epsilon).

    Tieleman and Hinton 2012, lecture 6.5. With momentum, the step is summed up in a velocity before it is taken;
    centered also subtracts the square of the mean gradient from v: Graves 2013. epsilon_in_root=False divides by
    sqrt(v) + epsilon, as PyTorch does and Keras did in 2016 (`nn.optimizers.rmsprop_2016`).
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        epsilon_in_root: bool = True,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(learning_rate, **options)
        self.rho = number("rho", rho, below=1)
        self.momentum = number("momentum", momentum)
        self.epsilon = number("epsilon", epsilon)
        self.centered = centered
        self.epsilon_in_root = epsilon_in_root

    def initial_state(self, weight: np.ndarray) -> State:
        names = ["square"] + ["velocity"] * bool(self.momentum) + ["mean"] * self.centered
        return {name: np.zeros_like(weight) for name in names}

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        square = state["square"]
        np.multiply(g, g, out=scratch)
        scratch *= 1 - self.rho
        square *= self.rho
        square += scratch
        root = square
        if self.centered:
            mean = state["mean"]
            mean *= self.rho
            mean += np.multiply(g, 1 - self.rho, out=scratch)
            root = np.subtract(square, np.multiply(mean, mean, out=scratch), out=scratch)
        if self.epsilon_in_root:
            np.sqrt(np.add(root, self.epsilon, out=scratch), out=scratch)
        else:
            np.add(np.sqrt(root, out=scratch), self.epsilon, out=scratch)
        np.divide(g, scratch, out=scratch)
        scratch *= self.learning_rate
        if self.momentum:
            velocity = state["velocity"]
            velocity *= self.momentum
            velocity += scratch
            weight -= velocity
        else:
            weight -= scratch
