"""What recurrent layers share: a state that is handed on from step to step.

The products of all steps' inputs with the kernel are one product, made before. A layer's walk through time is one
primitive, (time, batch, units) like all sequences inside here. Its rules share one walk back, which computes again what
happened at each step: of one step, everything is still in the cache. The kernel's share is one product, made after.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_lite as tg
from tinygrad_lite import Tensor, flip, matmul, moveaxis

from ..checks import number, whole_number
from ..module import as_tensor
from ..naming import choose
from .dense import affine
from .dropout import dropout, dropout_mask
from .layer import Layer

Array = Any


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), by NumPy's fast tanh."""
    return 0.5 * (1 + tg.tanh(0.5 * x))


# Each with its derivative, computed from its result.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (tg.tanh, lambda y: 1 - y * y),
    "sigmoid": (sigmoid, lambda y: y * (1 - y)),
    "relu": (lambda x: tg.maximum(x, 0), lambda y: y > 0),
    "linear": (lambda x: x, lambda y: 1.0),
}


def kept_from(state: Array, new: Array, mask: Array | None, t: int) -> Array:
    """The new state of step t, or where the mask is 0 the old one."""
    return new if mask is None else state + mask[t] * (new - state)


def shares(g: Array, mask: Array | None, t: int) -> tuple[Array, Array]:
    """A cotangent of the state after step t: what the new state is handed, and what the old one is handed directly."""
    return (g, 0) if mask is None else (g * mask[t], g * (1 - mask[t]))


class Steps:
    """What a walk through g (time, batch, n) finds step by step, as a sequence.

    Arrays are put where they belong at once: to stack them at the end took a tenth of a GRU's training step. If g is a
    Tensor, the sequence is to be differentiated again: then they are stacked.
    """

    def __init__(self, g: Array) -> None:
        self.recorded = isinstance(g, Tensor)
        self.steps: list[Array] = [None] * len(g)
        self.sequence: Array = None

    def put(self, t: int, *parts: Array) -> Array:
        """The parts, side by side, as step t: (batch, n)."""
        if self.recorded:
            self.steps[t] = tg.concatenate(parts, axis=-1)
            return self.steps[t]
        if self.sequence is None:
            n = sum([part.shape[-1] for part in parts])
            self.sequence = np.empty_like(parts[0], shape=(len(self.steps), len(parts[0]), n))
        return np.concatenate(parts, axis=-1, out=self.sequence[t])

    def together(self) -> Array:
        """All steps: (time, batch, n)."""
        return tg.stack(self.steps) if self.recorded else self.sequence


def kernel_share(states: Array, g: Array) -> Array:
    """The cotangent of a kernel by which the states (time, batch, units) were multiplied at every step."""
    return matmul(states.reshape(-1, states.shape[-1]).mT, g.reshape(-1, g.shape[-1]))


class Recurrent(Layer):
    """A layer that goes through a sequence: a subclass says in `walk` what one step makes of the state."""

    gates = 1  # how many times `units` the kernels have columns
    state_names: tuple[str, ...] = ("state",)

    def __init__(
        self,
        units: int,
        activation: str = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.units = whole_number("units", units, 1)
        self.activation = known_activation(activation)
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.recurrent_initializer = recurrent_initializer
        self.bias_initializer = bias_initializer
        self.dropout = number("dropout", dropout, below=1)
        self.recurrent_dropout = number("recurrent_dropout", recurrent_dropout, below=1)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards

    def build(self, input_shape: tuple[int, ...]) -> None:
        _check(self, input_shape)
        columns = self.gates * self.units
        self.kernel = self.add_weight((input_shape[-1], columns), self.kernel_initializer)
        self.recurrent_kernel = self.add_weight((self.units, columns), self.recurrent_initializer)
        if self.use_bias:
            self.bias = self.add_weight(self.bias_shape(), self.bias_initializer)

    def bias_shape(self) -> tuple[int, ...]:
        """The shape of the bias."""
        return (self.gates * self.units,)

    def input_bias(self) -> Tensor | None:
        """What is added to the products with the inputs."""
        return self.bias if self.use_bias else None

    def walk(self, projected: Tensor, initial: list[Tensor], mask: Array | None, kept: Array | None) -> list[Tensor]:
        """Each state (time, batch, units) after each step; the first is the output.

        projected: the inputs' share (time, batch, gates * units). mask (time, batch, 1): 0 where a step is skipped, or
        None. kept: what the state is multiplied with before the recurrent kernel (recurrent dropout), or None.
        """
        raise NotImplementedError

    def call(self, x: Tensor, initial_state: Any = None, mask: Any = None) -> Any:
        _check(self, x.shape)
        dtype = self.kernel.dtype
        if x.dtype != dtype:
            x = x.astype(dtype)
        kept = None
        if self.training and self.dropout:
            x = dropout(x, mask=dropout_mask((len(x), 1, x.shape[-1]), self.dropout, dtype))
        if self.training and self.recurrent_dropout:
            kept = dropout_mask((len(x), self.units), self.recurrent_dropout, dtype)
        initial, steps = self._initial(x, initial_state), _mask(x, mask)
        if self.go_backwards:
            x, steps = flip(x, 1), None if steps is None else steps[::-1]
        x, bias = moveaxis(x, 1, 0), self.input_bias()
        projected = matmul(x, self.kernel) if bias is None else affine(x, self.kernel, bias)
        states = self.walk(projected, initial, None if steps is None else steps.astype(dtype), kept)
        out = moveaxis(states[0], 0, 1) if self.return_sequences else states[0][-1]
        return [out, *[state[-1] for state in states]] if self.return_state else out

    def _initial(self, x: Tensor, given: Any) -> list[Tensor]:
        shape = (len(x), self.units)
        if given is None:
            return [tg.zeros(shape, dtype=x.dtype) for _ in self.state_names]
        states = [as_tensor(s) for s in (given if isinstance(given, (list, tuple)) else [given])]
        if [s.shape for s in states] != [shape] * len(self.state_names):
            raise ValueError(
                f"{type(self).__name__}: initial_state must be {len(self.state_names)} of the shape {shape}"
                f" ({', '.join(self.state_names)}), given {[s.shape for s in states]}"
            )
        return [s if s.dtype == x.dtype else s.astype(x.dtype) for s in states]


def known_activation(activation: Any) -> str:
    """The name of an activation that a recurrent layer knows how to go back through."""
    name = getattr(activation, "__name__", activation)
    choose("activation of a recurrent layer", name, ACTIVATIONS)
    return str(name).lower()


def _check(layer: Layer, shape: tuple[int, ...]) -> None:
    if len(shape) != 3 or not shape[1]:
        raise ValueError(
            f"{type(layer).__name__} needs an input of shape (batch, time, features), at least one step: given {shape}"
        )


def _mask(x: Tensor, mask: Any) -> np.ndarray | None:
    if mask is None:
        return None
    array = mask.numpy() if isinstance(mask, Tensor) else np.asarray(mask)
    if array.dtype.kind not in "biu" or array.shape != x.shape[:2]:
        raise ValueError(
            f"mask must be booleans of the shape (batch, time) = {x.shape[:2]}, True where there is a step; given"
            f" {array.dtype} of {array.shape}"
        )
    return array.astype(bool).T[:, :, None]
