"""Weights to and from PyTorch: its names, its layouts, its order of channels."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import files
from ..layers import Dense
from ..module import Module
from .match import Arrays, as_arrays, assign, is_path, matched, renamed
from .torch_layers import COUNTED, Values, counterpart
from .torch_names import Unit, units


def to_torch(model: Module, like: Mapping[str, Any] | None = None) -> Arrays:
    """The weights as the same network has them in PyTorch: its names and layouts, NumPy arrays.

    A Sequential is a PyTorch nn.Sequential, in which an activation that a layer was given is a module of its own: the
    names of `nn.Sequential([nn.Dense(8, "relu"), nn.Dense(2)])` are 0.weight, 0.bias, 2.weight, 2.bias. The layers of a
    functional model have their names, parts of other modules those of their attributes. like: a state dict of the
    network there, whose names are used instead, layer by layer.

    Images have their channels first there: what follows a Flatten has its weights in that order. Settings are no
    weights: a BatchNorm there needs eps=1e-3, as here. Raises ValueError for weights that PyTorch has nothing for, and
    where the order of numbers can't be followed.

    >>> import nn
    >>> model = nn.Sequential([nn.Dense(8, activation="relu", input_shape=(3,)), nn.Dense(2)])
    >>> {name: array.shape for name, array in nn.exchange.to_torch(model).items()}
    {'0.weight': (8, 3), '0.bias': (8,), '2.weight': (2, 8), '2.bias': (2,)}
    """
    arrays = {name: array for unit in units(model) for name, array in _arrays(unit).items()}
    if like is None:
        return arrays
    found = renamed(arrays, like, ".", (COUNTED,))
    return {name: found.get(name, np.array(0)) for name in like}


def from_torch(model: Module, weights: Mapping[str, Any] | str | os.PathLike[str]) -> None:
    """Gives the model the weights of the same network in PyTorch.

    weights: its `state_dict()`, or the path of a file that `safetensors.torch.save_file(net.state_dict(), path)` wrote.
    If the names are those of `to_torch`, they count; else the order of the layers, where the shapes have to fit. Raises
    ValueError for the weights of another network, and what `to_torch` raises; then the model stays as it is.

    >>> import nn
    >>> model = nn.Sequential([nn.Dense(1, input_shape=(2,))])
    >>> nn.exchange.from_torch(model, {"fc.weight": [[1.0, 2.0]], "fc.bias": [3.0]})
    >>> model.predict([[10.0, 100.0]])
    array([[213.]], dtype=float32)
    """
    found = units(model)
    given = as_arrays(files.load(weights) if is_path(weights) else weights)  # type: ignore[arg-type]
    wanted = {name: array.shape for unit in found for name, array in _arrays(unit).items()}
    wanted = {name: shape for name, shape in wanted.items() if not name.endswith(COUNTED)}
    arrays = matched(wanted, given, ".", (COUNTED,))
    values: Values = []
    for unit in found:
        of_unit = {end: arrays[name] for end in _plain(unit) if (name := _joined(unit.name, end)) in arrays}
        back = None if unit.rows is None else np.argsort(unit.rows)
        values += counterpart(unit.layer)[1](unit.layer, _reordered(unit.layer, of_unit, back))  # type: ignore[index]
    assign(values)


def _plain(unit: Unit) -> Arrays:
    return counterpart(unit.layer)[0](unit.layer)  # type: ignore[index]


def _arrays(unit: Unit) -> Arrays:
    arrays = _reordered(unit.layer, _plain(unit), unit.rows)
    return {_joined(unit.name, end): np.ascontiguousarray(array) for end, array in arrays.items()}


def _joined(name: str, end: str) -> str:
    return f"{name}.{end}" if name else end


def _reordered(layer: Any, arrays: Arrays, rows: np.ndarray | None) -> Arrays:
    """The arrays for inputs in the order of `rows`: a linear layer's columns, all of a normalization."""
    if rows is None:
        return arrays
    if isinstance(layer, Dense):
        return {**arrays, "weight": arrays["weight"][:, rows]}
    return {end: array[rows] if array.ndim else array for end, array in arrays.items()}
