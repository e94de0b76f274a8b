"""The simplest recurrent layer: Elman 1990."""

from typing import Any

import numpy as np

from tinygrad_lite import Tensor, primitive

from .recurrent import ACTIVATIONS, Array, Recurrent, Steps, kept_from, kernel_share, shares


def _back(
    g: Array, out: Array, projected: Array, kernel: Array, initial: Array, activation: str, mask: Array, kept: Array
) -> tuple[Array, Array, Array]:
    """The cotangents of the sums at each step, of the initial state, and what the kernel was multiplied with."""
    f, slope = ACTIVATIONS[activation]
    handed, transposed = 0, kernel.mT.copy()
    sums, met = Steps(g), Steps(g)
    for t in reversed(range(len(out))):
        state = out[t - 1] if t else initial
        new = f(projected[t] + met.put(t, state if kept is None else state * kept) @ kernel)
        share, to_old = shares(g[t] + handed, mask, t)
        back = sums.put(t, share * slope(new)) @ transposed
        handed = to_old + (back if kept is None else back * kept)
    return sums.together(), handed, met.together()


@primitive(
    lambda back, out, projected, kernel, initial, activation, mask, kept: back[0],
    lambda back, out, projected, kernel, initial, activation, mask, kept: kernel_share(back[2], back[0]),
    lambda back, out, projected, kernel, initial, activation, mask, kept: back[1],
    shared=_back,
)
def simple_rnn(
    projected: Array, kernel: Array, initial: Array, activation: str, mask: Array = None, kept: Array = None
) -> Array:
    """state = activation(projected[t] + state @ kernel), the states after all steps: (time, batch, units)."""
    f, _ = ACTIVATIONS[activation]
    out = np.empty_like(projected, order="C")
    state = initial
    for t in range(len(projected)):
        sums = (state if kept is None else state * kept) @ kernel
        sums += projected[t]
        out[t] = state = kept_from(state, f(sums), mask, t)
    return out


class SimpleRNN(Recurrent):
    """state = activation(x[t] @ kernel + state @ recurrent_kernel + bias), from step to step: Elman 1990.

    x: (batch, time, features); the result is the last state (batch, units), with return_sequences that after each step
    (batch, time, units), with return_state the list [result, last state]. activation: tanh, sigmoid, relu or linear.
    go_backwards: from the last step to the first. dropout, recurrent_dropout: the shares of the inputs and of the
    states that are dropped while training, the same at all steps: Gal and Ghahramani 2016.
    Called with initial_state (batch, units), it begins with that, else with zeros; mask (batch, time): where it is
    False, a step is skipped and the state stays.

    >>> import nn, numpy as np
    >>> nn.SimpleRNN(8)(np.zeros((2, 10, 3), np.float32)).shape
    (2, 8)
    """

    def walk(self, projected: Tensor, initial: list[Tensor], mask: Any, kept: Any) -> list[Tensor]:
        options = {"activation": self.activation, "mask": mask, "kept": kept}
        return [simple_rnn(projected, self.recurrent_kernel, initial[0], **options)]
