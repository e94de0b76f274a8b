"""A whole model in a file: what it is made of, its weights and, if it was compiled, all that training goes on with."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, nests, no_grad, tensor

from .. import files
from ..model import Model
from ..module import Module
from ..optimizers import Optimizer
from .description import described, made
from .twins import replace

VERSION = 1


def save_model(model: Model, path: str | os.PathLike[str]) -> Path:
    """Writes the model to a file: see `nn.Model.save`."""
    try:
        return files.save(path, contents(model))
    except (TypeError, ValueError) as error:
        raise type(error)(f"the model {model.name or model.kind!r} can't be saved: {error}") from error


def contents(model: Model) -> dict[str, Any]:
    """All of the model, as a nest."""
    things: dict[str, Any] = {"model": model}
    if model.optimizer is not None:
        things |= {"optimizer": model.optimizer, "compile": model._compiled_with}
        if any(isinstance(leaf, Module) and leaf.weights for leaf in nests.leaves(model._compiled_with)):
            raise TypeError("a loss or metric that compile was given has weights of its own: they would be lost")
    weights: dict[str, Tensor] = {}
    for name, weight in model.named_weights():
        if name in weights:
            raise ValueError(f"two weights have the name {name!r}: give one of their layers another name")
        weights[name] = weight
    return {
        "version": VERSION,
        "description": described(things),
        "frozen": [name for name, weight in weights.items() if not weight.requires_grad],
        "named": {name: weight.name for name, weight in weights.items() if weight.name != name},
        "weights": {name: weight.data for name, weight in weights.items()},
        "optimizer": None if model.optimizer is None else _optimizer_state(model.optimizer, weights),
    }


def _optimizer_state(optimizer: Optimizer, weights: dict[str, Tensor]) -> dict[str, Any]:
    """All that it remembers, also of weights that are not trained any more."""
    known, (not_decayed, words) = optimizer._memory.states, optimizer._not_decayed
    trained = {name: weight for name, weight in weights.items() if weight.requires_grad or weight in known}
    return {
        "trained": list(trained),
        "state": optimizer.state_dict(list(trained.values())),
        "not decayed": [name for name, weight in weights.items() if weight in not_decayed],
        "words of not decayed": list(words),
    }


def _set_optimizer_state(optimizer: Optimizer, state: Mapping[str, Any], weights: dict[str, Tensor]) -> None:
    optimizer.load_state_dict(state["state"], [weights[name] for name in state["trained"]])
    optimizer.exclude_from_weight_decay([weights[name] for name in state["not decayed"]], state["words of not decayed"])


def load_model(
    path: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Model:
    """The model in a file that `model.save` wrote: its layers, weights, and how it was compiled.

    Training goes on to the same bit as if it had never been saved. The file is not trusted: nothing is unpickled or
    run, it can name only what is in nn and what you name, and memory is taken only for weights that it holds.

    custom_objects: your own classes and functions in the model, by their names; those that `@nn.register` stands before
    need not be here. compile: False leaves the optimizer, the loss and the metrics out.

    Raises ValueError, which says why, if the file is damaged, holds no model or another version's, or needs a class or
    function that was not given; OSError if it is missing or can't be read.

    >>> import nn, tempfile
    >>> model = nn.Sequential([nn.Dense(8, activation="relu", input_shape=(3,)), nn.Dense(1)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = model.save(folder + "/model.safetensors")
    ...     again = nn.load_model(path)
    >>> bool((again.predict([[1.0, 2.0, 3.0]]) == model.predict([[1.0, 2.0, 3.0]])).all())
    True
    """
    if not isinstance(custom_objects, (Mapping, type(None))):
        given = type(custom_objects).__name__
        raise TypeError(f'custom_objects must be a dict of classes and functions, {{"Scale": Scale}}, given {given}')
    nest = files.load(path)
    try:
        return _model(nest, custom_objects or {}, compile)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from error
    except Exception as error:  # whatever a file leads to that was not written by model.save
        raise ValueError(f"{os.fspath(path)}: it is no model: {type(error).__name__}: {error}") from error


def _model(nest: Any, custom: Mapping[str, Any], compile: bool) -> Model:
    if not isinstance(nest, dict) or "description" not in nest or "weights" not in nest:
        raise ValueError(
            "it holds weights or other arrays, but no model, as model.save writes it: make the model, then"
            " model.load_weights(path)"
        )
    version = nest["version"]
    if version != VERSION:
        raise ValueError(f"it is of version {version!r:.60}, and this tinygrad_lite reads version {VERSION}")
    weights = nest["weights"]
    if not all(isinstance(array, np.ndarray) and array.dtype.kind in "biufc" for array in weights.values()):
        raise ValueError("its weights are not arrays of numbers")
    description = nest["description"] if compile else {"model": nest["description"]["model"]}
    things = made(description, custom, sum(array.size for array in weights.values()))
    model = things["model"]
    if not isinstance(model, Model):
        raise ValueError(f"its model is a {type(model).__name__}")
    _set_weights(model, weights, nest["frozen"], nest["named"])
    if compile and "optimizer" in things:
        model.compile(things["optimizer"], **things["compile"])
        _set_optimizer_state(model._compiled()[1], nest["optimizer"], dict(model.named_weights()))
    return model


def _set_weights(model: Model, arrays: Mapping[str, np.ndarray], frozen: list[str], named: Mapping[str, str]) -> None:
    weights = dict(model.named_weights())
    shapes = {name: weight.shape for name, weight in weights.items()}
    if shapes != {name: array.shape for name, array in arrays.items()}:
        wrong = sorted(set(shapes) ^ set(arrays)) or [name for name in shapes if shapes[name] != arrays[name].shape]
        raise ValueError(f"its weights are not those of its layers: {', '.join(wrong[:5])}")
    for name, weight in weights.items():
        if arrays[name].dtype == weight.dtype:
            with no_grad():
                weight[...] = arrays[name]
        else:
            weights[name] = tensor(arrays[name])
            replace(model, weight, weights[name])
        weights[name].requires_grad = name not in frozen
        if not isinstance(called := named.get(name, name), (str, type(None))):
            raise TypeError(f"the name of the weight {name} is a {type(called).__name__}")
        weights[name].name = called
