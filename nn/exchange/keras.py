"""Weights to and from Keras: its names, its layouts, which are the ones here."""

import os
from collections.abc import Mapping
from typing import Any

from tinygrad_lite import Tensor

from ..layers.recurrent import Recurrent
from ..module import Module
from . import keras_file
from .match import Arrays, as_arrays, assign, is_path, matched, renamed

SEEDS = ("seed_generator_state",)  # of random numbers; no weights


def to_keras(model: Module, like: Mapping[str, Any] | None = None) -> Arrays:
    """The weights as the same network has them in Keras: `{variable.path: array}`, without the model's own name.

    like: such a dict of the network there, whose names are used instead, layer by layer. Raises ValueError if there are
    no weights yet.

    >>> import nn
    >>> list(nn.exchange.to_keras(nn.Sequential([nn.Dense(8, input_shape=(3,)), nn.Dense(2)])))
    ['dense/kernel', 'dense/bias', 'dense_1/kernel', 'dense_1/bias']
    """
    arrays = {name: weight.detach().numpy() for name, weight in named(model)}
    return arrays if like is None else renamed(arrays, like, "/", SEEDS)


def from_keras(model: Module, weights: Mapping[str, Any] | str | os.PathLike[str]) -> None:
    """Gives the model the weights of the same network in Keras.

    weights: `{v.path: v for v in net.variables}`, or the path of a file that `net.save_weights` wrote,
    "....weights.h5". In a dict, if the names are those of `to_keras`, behind the model's name or not, they count; else
    the order of the layers, where the shapes have to fit. (Keras goes on counting from one model to the next.) Raises
    ValueError for the weights of another network; then the model stays as it is.

    >>> import nn
    >>> model = nn.Sequential([nn.Dense(1, input_shape=(2,))])
    >>> nn.exchange.from_keras(model, {"dense_7/kernel": [[1.0], [2.0]], "dense_7/bias": [3.0]})
    >>> model.predict([[10.0, 100.0]])
    array([[213.]], dtype=float32)
    """
    found = dict(named(model))
    if is_path(weights):
        assign(keras_file.values(model, weights))  # type: ignore[arg-type]
        return
    arrays = matched({name: weight.shape for name, weight in found.items()}, as_arrays(weights), "/", SEEDS)  # type: ignore[arg-type]
    assign([(weight, arrays[name]) for name, weight in found.items()])


def to_keras_file(model: Module, path: str | os.PathLike[str]) -> None:
    """Writes the weights to a file for Keras's `net.load_weights`; its name has to end with .weights.h5.

    It needs h5py: pip install 'tinygrad_lite[keras-files]'. Raises as `to_keras` does, ValueError for another name.
    """
    named(model)
    keras_file.write(model, path)


def named(model: Module) -> list[tuple[str, Tensor]]:
    """The weights with their names in Keras."""
    if unbuilt := [m for m in model.modules() if not m.built and type(m).build is not Module.build]:
        raise ValueError(f"{unbuilt[0]!r:.60} has no weights yet: call the model on a batch, or give it an input_shape")
    cells = {
        id(weight): module for module in model.modules() if isinstance(module, Recurrent) for weight in module.weights
    }
    return [(_name(name, cells.get(id(weight))), weight) for name, weight in model.named_weights()]


def _name(name: str, recurrent: Recurrent | None) -> str:
    layer, _, end = name.replace(".", "/").rpartition("/")
    parts = [layer, f"{recurrent.kind}_cell" if recurrent else "", end]
    return "/".join([part for part in parts if part])
