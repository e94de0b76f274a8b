"""What an optimizer remembers of weights, as arrays, and as what can be written to a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_lite import Tensor

State = dict[str, np.ndarray]
PARTS = {"name", "shape", "dtype", "state", "average", "gradient"}


@dataclass
class Memory:
    """Of each weight its state, its average, and the sum of its gradients since the last step."""

    states: dict[Tensor, State] = field(default_factory=dict)
    averages: dict[Tensor, np.ndarray] = field(default_factory=dict)
    sums: dict[Tensor, np.ndarray] = field(default_factory=dict)

    @property
    def arrays(self) -> list[np.ndarray]:
        """All of them."""
        states = [array for state in self.states.values() for array in state.values()]
        return [*states, *self.averages.values(), *self.sums.values()]

    def add_gradients(self, pairs: Sequence[tuple[Tensor, np.ndarray]]) -> None:
        """Adds each weight's gradient to the sum of those before."""
        for weight, g in pairs:
            if weight in self.sums:
                self.sums[weight] += g
            else:
                self.sums[weight] = np.array(g, weight.dtype, order="C")

    def mean_gradients(self, weights: Sequence[Tensor], count: int) -> list[tuple[Tensor, np.ndarray]]:
        """Of each weight that got a gradient, the sum divided by count; what was summed up is forgotten."""
        pairs = [(weight, self.sums[weight]) for weight in weights if weight in self.sums]
        self.sums = {}
        for _, total in pairs:
            total /= count
        return pairs

    def entry(self, weight: Tensor) -> dict[str, Any]:
        """What is remembered of one weight, in copies."""
        return {
            "name": weight.name,
            "shape": list(weight.shape),
            "dtype": str(weight.dtype),
            "state": {name: array.copy() for name, array in self.states[weight].items()},
            "average": None if weight not in self.averages else self.averages[weight].copy(),
            "gradient": None if weight not in self.sums else self.sums[weight].copy(),
        }


def read_memory(entries: Any, weights: Sequence[Tensor], initial: Callable[[Tensor], State]) -> Memory:
    """The Memory that these entries tell of these weights. Raises ValueError if they don't fit; changes nothing."""
    if not isinstance(entries, list) or len(entries) != len(weights):
        found = len(entries) if isinstance(entries, list) else f"a {type(entries).__name__}"
        raise ValueError(f"the state is of another model: it has {found} weights, this one has {len(weights)}")
    memory = Memory()
    for i, (entry, weight) in enumerate(zip(entries, weights, strict=True)):
        called = f"weight {i}" + (f", {weight.name}" if weight.name else "")
        if not isinstance(entry, dict) or entry.keys() != PARTS:
            raise ValueError(f"this is no state of an optimizer: of {called}, it needs {sorted(PARTS)}")
        for what, own in (("name", weight.name), ("shape", list(weight.shape)), ("dtype", str(weight.dtype))):
            if type(entry[what]) is not type(own) or entry[what] != own:
                raise ValueError(f"the state is of another model: the {what} of {called} is {own}, not {entry[what]!r}")
        fresh = initial(weight)
        state = entry["state"]
        if not isinstance(state, dict) or state.keys() != fresh.keys():
            given = sorted(state) if isinstance(state, dict) else type(state).__name__
            raise ValueError(
                f"the state is of an optimizer with other settings: this one remembers {sorted(fresh)} of {called},"
                f" not {given}"
            )
        memory.states[weight] = {name: _like(array, state[name], name, called) for name, array in fresh.items()}
        whole = np.empty(weight.shape, weight.dtype)
        for what, place in (("average", memory.averages), ("gradient", memory.sums)):
            if entry[what] is not None:
                place[weight] = _like(whole, entry[what], what, called)
    return memory


def _like(own: np.ndarray, given: Any, name: str, called: str) -> np.ndarray:
    """A copy of the given array, if it has this one's shape and dtype."""
    if not isinstance(given, np.ndarray) or (given.shape, given.dtype) != (own.shape, own.dtype):
        found = f"{given.dtype} {given.shape}" if isinstance(given, np.ndarray) else type(given).__name__
        raise ValueError(f"{name} of {called} must be an array {own.dtype} {own.shape}, given {found}")
    return given.copy()
