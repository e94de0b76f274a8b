"""A recurrent layer with a memory: Hochreiter and Schmidhuber 1997."""

from typing import Any

import numpy as np

import tinygrad_lite as tg
from tinygrad_lite import Tensor, primitive

from .recurrent import ACTIVATIONS, Array, Recurrent, Steps, kept_from, kernel_share, known_activation, shares


def _back(
    g: Array,
    out: Array,
    projected: Array,
    kernel: Array,
    initial: Array,
    activations: tuple[str, str],
    mask: Array,
    kept: Array,
) -> tuple[Array, Array, Array]:
    """The cotangents of the sums at each step, of the initial states, and what the kernel was multiplied with."""
    (f, slope), (gate, gate_slope) = ACTIVATIONS[activations[0]], ACTIVATIONS[activations[1]]
    n = kernel.shape[0]
    handed_state, handed_memory, transposed = 0, 0, kernel.mT.copy()
    sums_back, met = Steps(g), Steps(g)
    for t in reversed(range(len(out))):
        both = out[t - 1] if t else initial
        state, memory = both[:, :n], both[:, n:]
        sums = projected[t] + met.put(t, state if kept is None else state * kept) @ kernel
        gates, new, read = gate(sums[:, : 2 * n]), f(sums[:, 2 * n : 3 * n]), gate(sums[:, 3 * n :])
        write, forget = gates[:, :n], gates[:, n:]
        shown = f(forget * memory + write * new)
        to_state, old_state = shares(g[t, :, :n] + handed_state, mask, t)
        to_memory, old_memory = shares(g[t, :, n:] + handed_memory, mask, t)
        to_memory = to_memory + to_state * read * slope(shown)
        to_write, to_forget = to_memory * new * gate_slope(write), to_memory * memory * gate_slope(forget)
        to_new, to_read = to_memory * write * slope(new), to_state * shown * gate_slope(read)
        back = sums_back.put(t, to_write, to_forget, to_new, to_read) @ transposed
        handed_state = old_state + (back if kept is None else back * kept)
        handed_memory = old_memory + to_memory * forget
    return sums_back.together(), tg.concatenate([handed_state, handed_memory], axis=-1), met.together()


@primitive(
    lambda back, out, projected, kernel, initial, activations, mask, kept: back[0],
    lambda back, out, projected, kernel, initial, activations, mask, kept: kernel_share(back[2], back[0]),
    lambda back, out, projected, kernel, initial, activations, mask, kept: back[1],
    shared=_back,
)
def lstm(
    projected: Array,
    kernel: Array,
    initial: Array,
    activations: tuple[str, str],
    mask: Array = None,
    kept: Array = None,
) -> Array:
    """State and memory after all steps, side by side: (time, batch, 2 * units); see LSTM."""
    f, gate = ACTIVATIONS[activations[0]][0], ACTIVATIONS[activations[1]][0]
    n = kernel.shape[0]
    out = np.empty_like(projected, order="C", shape=(*projected.shape[:2], 2 * n))
    state, memory = initial[:, :n], initial[:, n:]
    for t in range(len(projected)):
        sums = (state if kept is None else state * kept) @ kernel
        sums += projected[t]
        gates = gate(sums[:, : 2 * n])
        kept_memory = gates[:, n:] * memory + gates[:, :n] * f(sums[:, 2 * n : 3 * n])
        new = gate(sums[:, 3 * n :]) * f(kept_memory)
        out[t, :, :n] = state = kept_from(state, new, mask, t)
        out[t, :, n:] = memory = kept_from(memory, kept_memory, mask, t)
    return out


class LSTM(Recurrent):
    """A memory that three gates write to, forget and read: Hochreiter and Schmidhuber 1997, with Gers et al. 2000.

    sums = x[t] @ kernel + state @ recurrent_kernel + bias, in four parts: write, forget, new, read;
    memory = gate(forget) * memory + gate(write) * activation(new); state = gate(read) * activation(memory), where
    gate is the recurrent_activation. kernel (features, 4 * units), recurrent_kernel (units, 4 * units), bias
    (4 * units,), which begins with 1 for the forget gate unless unit_forget_bias is False (Jozefowicz et al. 2015).
    Inputs, results and the other options are those of SimpleRNN; there are two states, [state, memory].

    >>> import nn, numpy as np
    >>> out, state, memory = nn.LSTM(8, return_state=True)(np.zeros((2, 10, 3), np.float32))
    >>> memory.shape
    (2, 8)
    """

    gates = 4
    state_names = ("state", "memory")

    def __init__(
        self,
        units: int,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        use_bias: bool = True,
        *,
        unit_forget_bias: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(units, activation, use_bias, **options)
        self.recurrent_activation = known_activation(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias

    def build(self, input_shape: tuple[int, ...]) -> None:
        super().build(input_shape)
        if self.use_bias and self.unit_forget_bias:
            with tg.no_grad():
                self.bias[self.units : 2 * self.units] = 1

    def walk(self, projected: Tensor, initial: list[Tensor], mask: Any, kept: Any) -> list[Tensor]:
        options = {"activations": (self.activation, self.recurrent_activation), "mask": mask, "kept": kept}
        both = lstm(projected, self.recurrent_kernel, tg.concatenate(initial, axis=-1), **options)
        return [both[..., : self.units], both[..., self.units :]]
