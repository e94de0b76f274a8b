"""What all optimizers share: the loop over the weights, the step count, the state, and scratch memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, by_blocks, no_grad

from ..checks import number

State = dict[str, np.ndarray]


class Optimizer:
    """Changes weights a little against their gradients.

    A subclass says two things about one weight: its `initial_state` and its `update`. `learning_rate` may be changed
    between steps. What it remembers of a weight, and the weight, live as long as it does: make one for each model.

    >>> import nn, tinygrad_lite as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> nn.SGD(learning_rate=0.25).apply([w.grad], [w])
    >>> w
    tensor([0.5], requires_grad=True)
    """

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = number("learning_rate", learning_rate)
        self.iterations = 0
        self._states: dict[Tensor, State] = {}
        self._scratch = np.empty(0, np.float32)

    def __repr__(self) -> str:
        settings = {name: x for name, x in vars(self).items() if not name.startswith("_") and name != "iterations"}
        words = ", ".join(f"{name}={x!r}" for name, x in settings.items())
        return f"<{type(self).__name__}({words}) after {self.iterations:,} steps>"

    def initial_state(self, weight: np.ndarray) -> State:
        """What is remembered about one weight from step to step."""
        return {}

    @property
    def state_arrays(self) -> list[np.ndarray]:
        """What is remembered of all weights together."""
        return [array for state in self._states.values() for array in state.values()]

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        """Changes the weight and its state in place, given its gradient. `scratch` has the weight's shape.

        A large weight comes in blocks of its first axis, perhaps on several threads: write elementwise formulas.
        `self.iterations` is the number of this step, from 1.
        """
        raise NotImplementedError

    def build(self, weights: Sequence[Tensor]) -> None:
        """Makes what is remembered of these weights now, not at their first step: then `state_arrays` are whole."""
        for weight in weights:
            if weight not in self._states:
                self._states[weight] = self.initial_state(weight.detach().numpy())

    def apply(self, grads: Sequence[Tensor | None], weights: Sequence[Tensor]) -> None:
        """One step. A weight whose gradient is None stays as it is; nothing changes if any gradient does not fit."""
        if len(grads) != len(weights):
            raise ValueError(f"{len(grads)} gradients were given for {len(weights)} weights")
        for g, weight in zip(grads, weights, strict=True):
            if g is not None and g.shape != weight.shape:
                raise ValueError(
                    f"the gradient of {weight.name or 'a weight'} has the shape {g.shape}, not {weight.shape}"
                )
        self.iterations += 1
        with no_grad():
            for g, weight in zip(grads, weights, strict=True):
                if g is None:
                    continue
                with weight.writeable() as array:
                    state = self._states.get(weight)
                    if state is None:
                        state = self._states[weight] = self.initial_state(array)
                    self._update_by_blocks(array, g.data, state, self._scratch_like(array))

    def _update_by_blocks(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        def work(block: Any) -> None:
            part = {name: values[block] for name, values in state.items()}
            self.update(weight[block], g[block], part, scratch[block])

        by_blocks(work, weight.shape)

    def _scratch_like(self, array: np.ndarray) -> np.ndarray:
        """Memory for one intermediate result, the same for all weights: an update makes no temporary arrays."""
        if self._scratch.size < array.size or self._scratch.dtype != array.dtype:
            self._scratch = np.empty(array.size, array.dtype)
        return self._scratch[: array.size].reshape(array.shape)
