"""A batch that something went wrong in, with all that it takes to run it again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_lite import Tensor, nests, no_grad, tensor

from .. import files
from ..random import random_generator

if TYPE_CHECKING:
    from ..trainer import Trainer


@dataclass(frozen=True, eq=False)
class BadBatch:
    """A batch as `fit` had it: inputs, targets, weights, and where nn's random numbers stood before it.

    epoch, batch: its numbers, from 0.

    >>> import nn, numpy as np, tempfile
    >>> model = nn.Sequential([nn.Dropout(0.5), nn.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> state = nn.random_generator().bit_generator.state
    >>> batch = nn.callbacks.BadBatch(np.ones((4, 2)), np.ones((4, 1)), None, state, epoch=0, batch=17)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     batch = nn.callbacks.BadBatch.load(batch.save(folder + "/bad.safetensors"))
    >>> batch.repeat(model).item() == batch.repeat(model).item()
    True
    """

    x: Any
    y: Any
    sample_weight: Any
    random_state: Any
    epoch: int
    batch: int

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes it to a file, see `nn.files.save`, and returns the path. The weights are not in it."""
        return files.save(path, {field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "BadBatch":
        """What `save` wrote. Raises ValueError for a file that is none of these, or damaged."""
        found, names = files.load(path), [field.name for field in fields(cls)]
        if not isinstance(found, dict) or sorted(found) != sorted(names):
            raise ValueError(f"{os.fspath(path)!r} holds no batch: it should have {', '.join(names)}")
        return cls(**found)

    def repeat(self, model: "Trainer", with_inputs: bool = False) -> Tensor:
        """The loss of this batch, with its graph: the model's own `train_step`, up to where it would go back from it.

        It uses the random numbers that the batch had. Afterwards they are where they were, and so is all that the model
        keeps. with_inputs: what is computed before the first weight is in the graph, too. Raises RuntimeError if the
        step never calls `update_weights`.
        """
        with _as_it_was(model), np.errstate(all="ignore"):
            random_generator().bit_generator.state = self.random_state
            model.train()
            vars(model)["update_weights"] = _stop
            try:
                model.train_step(nests.mapped(_wanted, self.x) if with_inputs else self.x, self.y, self.sample_weight)
            except _Seen as seen:
                return seen.loss
        raise RuntimeError(f"the train_step of {type(model).__name__} never called update_weights(loss)")


@contextmanager
def _as_it_was(model: "Trainer") -> Iterator[None]:
    """Afterwards the random numbers, the modes, the means of the metrics and the averages in layers are as before."""
    objective, _ = model._compiled()
    generator = random_generator().bit_generator
    state, means = generator.state, objective.state_dict()
    modes = [(module, module.training) for module in model.modules()]
    kept = averages(model)
    try:
        yield
    finally:
        vars(model).pop("update_weights", None)
        generator.state = state
        objective.load_state_dict(means)
        for module, training in modes:
            module.training = training
        put_back(kept)


def averages(model: "Trainer") -> list[tuple[Tensor, np.ndarray]]:
    """The weights that are not trained, with what they hold."""
    return [(weight, weight.data) for weight in model.weights if not weight.requires_grad]


def put_back(kept: list[tuple[Tensor, np.ndarray]]) -> None:
    """Gives the weights what they held."""
    with no_grad():
        for weight, values in kept:
            weight[...] = values


class _Seen(Exception):
    def __init__(self, loss: Tensor) -> None:
        self.loss = loss


def _stop(loss: Tensor) -> None:
    raise _Seen(loss)


def _wanted(array: np.ndarray) -> Any:
    return tensor(array, requires_grad=True, name="x") if array.dtype.kind == "f" else array
