"""Each weight's step divided by the running size of its gradients."""

import numpy as np

from ..checks import number
from .optimizer import Optimizer, State


class RMSprop(Optimizer):
    """v = rho * v + (1 - rho) * g**2; w -= learning_rate * g / sqrt(v + epsilon).

    Tieleman and Hinton 2012, lecture 6.5. With momentum, the step is summed up in a velocity before it is taken;
    centered also subtracts the square of the mean gradient from v: Graves 2013.
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
    ) -> None:
        super().__init__(learning_rate)
        self.rho = number("rho", rho, below=1)
        self.momentum = number("momentum", momentum)
        self.epsilon = number("epsilon", epsilon)
        self.centered = centered

    def initial_state(self, weight: np.ndarray) -> State:
        names = ["square"] + ["velocity"] * bool(self.momentum) + ["mean"] * self.centered
        return {name: np.zeros_like(weight) for name in names}

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        square = state["square"]
        np.multiply(g, g, out=scratch)
        scratch *= 1 - self.rho
        square *= self.rho
        square += scratch
        if self.centered:
            mean = state["mean"]
            mean *= self.rho
            mean += np.multiply(g, 1 - self.rho, out=scratch)
            np.subtract(square, np.multiply(mean, mean, out=scratch), out=scratch)
            scratch += self.epsilon
        else:
            np.add(square, self.epsilon, out=scratch)
        np.sqrt(scratch, out=scratch)
        np.divide(g, scratch, out=scratch)
        scratch *= self.learning_rate
        if self.momentum:
            velocity = state["velocity"]
            velocity *= self.momentum
            velocity += scratch
            weight -= velocity
        else:
            weight -= scratch
