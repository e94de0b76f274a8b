"""Faults that models and their training meet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from . import killed_training
from .libraries import LIBRARIES, OURS


def other_model(name: str, folder: Path) -> Iterator[str]:
    """The weights of another model, and what is no weights: an error, and the model is as it was."""
    library = LIBRARIES[name]
    if library.load_into is None:
        return
    import nn

    def network(*units: int) -> Any:
        return nn.Sequential([nn.Dense(units[0], input_shape=(3,)), *map(nn.Dense, units[1:])])

    model = network(4, 5)
    state = model.state_dict()
    last = [*state][-1]
    files = {
        "of another layer's width": network(4, 6).state_dict(),
        "of more layers": network(4, 5, 5).state_dict(),
        "of fewer layers": network(4).state_dict(),
        "under other names": {f"model.{name}": array for name, array in state.items()},
        "transposed": {name: array.T for name, array in state.items()},
        "one missing": {name: array for name, array in state.items() if name != last},
        "one complex": state | {last: state[last] + 1j},
        "one a text": state | {last: "text"},
        "one a list": state | {last: [1, "2"]},
        "in a list": [*state.values()],
        "nothing": {},
    }
    for what, nest in files.items():
        if isinstance(nest, dict):
            nest = {name: array + 1 if isinstance(array, np.ndarray) else array for name, array in nest.items()}
        path = nn.files.save(folder / "weights.safetensors", nest)
        before = [array.tobytes() for array in model.get_weights()]
        try:
            library.load_into(model, path)
            wrong = "no error"
        except ValueError as error:
            wrong = "" if path.name in str(error) else f"the error does not name the file: {error}"
        except Exception as error:
            wrong = f"{type(error).__name__}: {error}"
        if [array.tobytes() for array in model.get_weights()] != before:
            wrong = "the model has changed"
        yield f"{what}: {wrong}" if wrong else ""


def training_killed(name: str, folder: Path) -> Iterator[str]:
    """Training that saves after each batch is killed at random moments and goes on: it ends as if nothing had been."""
    if name == OURS:
        outcome = killed_training.killed(folder, 50)
        yield from ["" if outcome.same else "resumed training ended otherwise"] * outcome.kills
