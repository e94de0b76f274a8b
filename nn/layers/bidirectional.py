"""A recurrent layer twice: forwards and backwards through the sequence."""

import copy
from collections.abc import Callable
from typing import Any

import tinygrad_lite as tg
from tinygrad_lite import Tensor, flip

from ..module import as_tensor
from ..naming import look_up
from .layer import Layer
from .recurrent import Recurrent

MERGES: dict[str, Callable[[Tensor, Tensor], Any]] = {
    "concat": lambda x, y: tg.concatenate([x, y], axis=-1),
    "sum": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
    "ave": lambda x, y: 0.5 * (x + y),
}


class Bidirectional(Layer):
    """A recurrent layer and a second one that goes the other way, their results merged: Schuster and Paliwal 1997.

    layer: SimpleRNN, GRU or LSTM, not used yet; the second is a copy of it with weights of its own, or backward_layer.
    merge_mode: "concat" side by side, "sum", "mul", "ave", or None for both as a list. With return_sequences, results
    of the same step are merged, and are 0 where the mask is False. With return_state, the states of the first, then of
    the second follow the result; initial_state is a list in this order, too.

    >>> import nn, numpy as np
    >>> nn.Bidirectional(nn.GRU(8))(np.zeros((2, 10, 3), np.float32)).shape
    (2, 16)
    """

    def __init__(
        self,
        layer: Recurrent,
        merge_mode: str | None = "concat",
        backward_layer: Recurrent | None = None,
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape or getattr(layer, "input_shape", None), name=name)
        for given in (layer, backward_layer or layer):
            if not isinstance(given, Recurrent):
                raise TypeError(f"Bidirectional needs a recurrent layer such as nn.GRU(8), given {given!r:.60}")
            if given.built:
                raise ValueError("Bidirectional needs a layer that was not used yet: its copy gets weights of its own")
        self.merge_mode = merge_mode
        self.merge = None if merge_mode is None else look_up("merge_mode", merge_mode, MERGES)
        self.forward_layer = copy.deepcopy(layer)
        self.backward_layer = copy.deepcopy(backward_layer or layer)
        if backward_layer is None:
            self.backward_layer.go_backwards = not layer.go_backwards
        elif backward_layer.go_backwards == layer.go_backwards:
            raise ValueError("backward_layer must go the other way: give it go_backwards=True")
        self.forward_layer.name = f"forward_{layer.name or layer.kind}"
        self.backward_layer.name = f"backward_{(backward_layer or layer).name or layer.kind}"

    def call(self, x: Tensor, initial_state: Any = None, mask: Any = None) -> Any:
        count = len(self.forward_layer.state_names)
        ours, theirs = (None, None) if initial_state is None else (initial_state[:count], initial_state[count:])
        forward = self.forward_layer(x, initial_state=ours, mask=mask)
        backward = self.backward_layer(x, initial_state=theirs, mask=mask)
        states: list[Tensor] = []
        if self.forward_layer.return_state:
            forward, backward, states = forward[0], backward[0], [*forward[1:], *backward[1:]]
        if self.forward_layer.return_sequences:
            backward = flip(backward, 1)
            if mask is not None:  # as in Keras: what is skipped gives 0, not one way's past beside the other's future
                present = as_tensor(mask).astype(bool).astype(forward.dtype)[..., None]
                forward, backward = forward * present, backward * present
        out = [forward, backward] if self.merge is None else self.merge(forward, backward)
        return [out, *states] if states else out
