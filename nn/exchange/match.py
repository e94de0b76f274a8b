"""Weights of another framework, found by their names or, where these differ, by the order of the layers."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, no_grad

Arrays = dict[str, np.ndarray]


def as_arrays(given: Mapping[str, Any]) -> Arrays:
    """The weights as NumPy arrays. They may be arrays, Tensors, or what PyTorch and Keras have.

    Raises TypeError for what is no dict of names and real numbers.
    """
    if not isinstance(given, Mapping):
        raise TypeError(
            "weights are a dict of arrays by their names, or the path of a file, given"
            f" {type(given).__name__}{_hint(given)}"
        )
    arrays = {}
    for name, value in given.items():
        if not isinstance(name, str):
            raise TypeError(f"the names of weights are strings, given {name!r:.60}")
        array = _as_array(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{name} holds real numbers, given an array of {array.dtype}")
        arrays[name] = array
    return arrays


def _hint(given: Any) -> str:
    if hasattr(given, "state_dict"):
        return ": write net.state_dict()"
    return ": write {v.path: v for v in net.variables}" if hasattr(given, "variables") else ""


def _as_array(value: Any) -> np.ndarray:
    if hasattr(value, "path") and hasattr(value, "value"):  # a Keras variable
        value = value.value
    for method in ("detach", "cpu"):  # a PyTorch tensor may want a gradient, or lie on another device
        value = getattr(value, method, lambda value=value: value)()
    if type(value).__module__.startswith("torch") and str(value.dtype) == "torch.bfloat16":
        value = value.float()
    return value.numpy() if hasattr(value, "numpy") else np.asarray(value)


def matched(wanted: Mapping[str, tuple[int, ...]], given: Arrays, separator: str, ignored: tuple[str, ...]) -> Arrays:
    """The given arrays under the wanted names, whose shapes are known.

    Where the names are the wanted ones, or these behind one more part, they count; else the i-th layer in the order of
    the given names is the i-th wanted one, and the ends of the names have to be the same. Names that end with one of
    the ignored are left out. Raises ValueError that lists what is missing, unexpected or of another shape.
    """
    given = {name: array for name, array in given.items() if not name.endswith(ignored)}
    if set(given) != set(wanted):
        given = _behind_one_part(wanted, given, separator) or _by_order(wanted, given, separator)
    for name, shape in wanted.items():
        if given[name].shape != tuple(shape):
            raise ValueError(f"{name} has the shape {given[name].shape} there, needed is {tuple(shape)}")
    return {name: given[name] for name in wanted}


def _behind_one_part(wanted: Mapping[str, Any], given: Arrays, separator: str) -> Arrays | None:
    cut = {name.partition(separator)[2]: array for name, array in given.items()}
    return cut if set(cut) == set(wanted) and len(cut) == len(given) else None


def _by_order(wanted: Mapping[str, tuple[int, ...]], given: Arrays, separator: str) -> Arrays:
    ours, theirs = _layers(wanted, separator), _layers(given, separator)
    if [set(ends) for ends in ours.values()] != [set(ends) for ends in theirs.values()]:
        missing, unexpected = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
        raise ValueError(
            f"the weights are those of another network: missing {_listed(missing)}, unexpected {_listed(unexpected)}"
        )
    found = {}
    for mine, yours in zip(ours, theirs, strict=True):
        for end in ours[mine]:
            name, array = ours[mine][end], given[theirs[yours][end]]
            if array.shape != tuple(wanted[name]):
                raise ValueError(
                    f"the names differ, so the order of layers counts, and {theirs[yours][end]} has the shape"
                    f" {array.shape} where {name} of {tuple(wanted[name])} is needed"
                )
            found[name] = array
    return found


def _layers(names: Mapping[str, Any], separator: str) -> dict[str, dict[str, str]]:
    """The ends of the names of each layer's weights, with the whole names."""
    layers: dict[str, dict[str, str]] = {}
    for name in names:
        layer, _, end = name.rpartition(separator)
        layers.setdefault(layer, {})[end] = name
    return layers


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "") or "none"


def renamed(arrays: Arrays, like: Any, separator: str, ignored: tuple[str, ...]) -> Arrays:
    """The arrays under the names of another network's weights, in their order; `like` has those of the same shapes."""
    shapes = {name: array.shape for name, array in as_arrays(like).items() if not name.endswith(ignored)}
    return matched(shapes, arrays, separator, ignored)


def assign(values: list[tuple[Tensor, np.ndarray]]) -> None:
    """Gives each weight its new values, cast to its dtype, all of them or none."""
    cast = []
    for weight, array in values:
        if array.shape != weight.shape:
            raise ValueError(f"{weight.name} has the shape {weight.shape}, given {array.shape}")
        cast.append((weight, array.astype(weight.dtype)))
    with no_grad():
        for weight, array in cast:
            weight[...] = array


def is_path(source: Any) -> bool:
    """True for the path of a file."""
    return isinstance(source, (str, os.PathLike))
