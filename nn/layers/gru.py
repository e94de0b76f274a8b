"""A recurrent layer that decides what to forget: Cho et al. 2014."""

from typing import Any

import numpy as np

from tinygrad_lite import Tensor, primitive

from .recurrent import ACTIVATIONS, Array, Recurrent, Steps, kept_from, kernel_share, known_activation, shares


def _back(
    g: Array,
    out: Array,
    projected: Array,
    kernel: Array,
    bias: Array,
    initial: Array,
    activations: tuple[str, str],
    mask: Array,
    kept: Array,
) -> tuple[Array, Array, Array, Array]:
    """The cotangents of `projected`, of the states' products and of the initial state, and what the kernel met."""
    (f, slope), (gate, gate_slope) = ACTIVATIONS[activations[0]], ACTIVATIONS[activations[1]]
    n = kernel.shape[0]
    handed, transposed = 0, kernel.mT.copy()
    sums, products, met = Steps(g), Steps(g), Steps(g)
    for t in reversed(range(len(out))):
        state = out[t - 1] if t else initial
        product = met.put(t, state if kept is None else state * kept) @ kernel + bias
        gates, inner = gate(projected[t, :, : 2 * n] + product[:, : 2 * n]), product[:, 2 * n :]
        update, reset = gates[:, :n], gates[:, n:]
        new = f(projected[t, :, 2 * n :] + reset * inner)
        share, to_old = shares(g[t] + handed, mask, t)
        to_new = share * (1 - update) * slope(new)
        to_update, to_reset = share * (state - new) * gate_slope(update), to_new * inner * gate_slope(reset)
        sums.put(t, to_update, to_reset, to_new)
        back = products.put(t, to_update, to_reset, to_new * reset) @ transposed
        handed = to_old + share * update + (back if kept is None else back * kept)
    return sums.together(), products.together(), handed, met.together()


@primitive(
    lambda back, out, projected, kernel, bias, initial, activations, mask, kept: back[0],
    lambda back, out, projected, kernel, bias, initial, activations, mask, kept: kernel_share(back[3], back[1]),
    lambda back, out, projected, kernel, bias, initial, activations, mask, kept: back[1],
    lambda back, out, projected, kernel, bias, initial, activations, mask, kept: back[2],
    shared=_back,
)
def gru(
    projected: Array,
    kernel: Array,
    bias: Array,
    initial: Array,
    activations: tuple[str, str],
    mask: Array = None,
    kept: Array = None,
) -> Array:
    """The states after all steps (time, batch, units); see GRU. activations: of the new state, of the gates."""
    f, gate = ACTIVATIONS[activations[0]][0], ACTIVATIONS[activations[1]][0]
    n = kernel.shape[0]
    out = np.empty_like(projected, order="C", shape=(*projected.shape[:2], n))
    state = initial
    for t in range(len(projected)):
        products = (state if kept is None else state * kept) @ kernel
        products += bias
        gates = gate(projected[t, :, : 2 * n] + products[:, : 2 * n])
        update, reset = gates[:, :n], gates[:, n:]
        new = products[:, 2 * n :]
        new *= reset
        new += projected[t, :, 2 * n :]
        new = f(new)
        out[t] = state = kept_from(state, new + update * (state - new), mask, t)
    return out


class GRU(Recurrent):
    """A state that is updated in part, by what its two gates let through: Cho et al. 2014.

    update, reset = recurrent_activation(x[t] @ kernel + bias[0] + state @ recurrent_kernel + bias[1]), a third of the
    columns each; new = activation(x[t] @ kernel + bias[0] + reset * (state @ recurrent_kernel + bias[1])), of the last
    third; state = update * state + (1 - update) * new. That is Keras's reset_after=True, and what PyTorch computes.
    kernel (features, 3 * units), recurrent_kernel (units, 3 * units), bias (2, 3 * units). Inputs, results and the
    other options are those of SimpleRNN; the activations are among tanh, sigmoid, relu and linear.

    >>> import nn, numpy as np
    >>> nn.GRU(8, return_sequences=True)(np.zeros((2, 10, 3), np.float32)).shape
    (2, 10, 8)
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
        use_bias: bool = True,
        *,
        reset_after: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(units, activation, use_bias, **options)
        if not reset_after:
            raise ValueError("GRU resets after the product with the state, as Keras by default: leave reset_after out")
        self.recurrent_activation = known_activation(recurrent_activation)

    def bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units)

    def input_bias(self) -> Tensor | None:
        return self.bias[0] if self.use_bias else None

    def walk(self, projected: Tensor, initial: list[Tensor], mask: Any, kept: Any) -> list[Tensor]:
        bias = self.bias[1] if self.use_bias else np.zeros(3 * self.units, projected.dtype)
        options = {"activations": (self.activation, self.recurrent_activation), "mask": mask, "kept": kept}
        return [gru(projected, self.recurrent_kernel, bias, initial[0], **options)]
