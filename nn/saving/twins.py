"""What a model made anew from its code lacks: attributes that were changed since, weights that were tied by hand."""

from typing import Any

import numpy as np

from tinygrad_lite import Tensor, nests

from ..module import Module
from ..symbol import Symbol
from .decode import Decoder
from .encode import Code, Encoder, label

Slot = tuple[int, str]  # a weight's place: the number of its module, the attribute

# What building, training and compiling set.
_MODES = {"built", "training", "output_shape", "stop_training", "batch", "optimizer", "loss"}


def check_alike(model: Any, twin: Any) -> None:
    """Raises ValueError if the twin of a module is not made of the same layers and weights."""
    if not isinstance(model, Module):
        return
    kinds, theirs = [[type(module) for module in each.modules()] for each in (model, twin)]
    if kinds != theirs:
        raise ValueError(
            f"{label(model)} has {len(kinds)} layers, itself and those inside counted; made anew from the arguments of"
            f" its constructor it has {len(theirs)}, or others: add all layers in the constructor or in build"
        )
    shapes, others = [{name: weight.shape for name, weight in each.named_weights()} for each in (model, twin)]
    for name in shapes | others:
        if shapes.get(name) != others.get(name):
            raise ValueError(
                f"the weight {name} of {label(model)} has the shape {shapes.get(name)}; made anew from the arguments of"
                f" its constructor it has {others.get(name)}: make all weights in build, from these arguments alone"
            )


# Attributes.


def changes(xs: list[Any], twins: list[Any]) -> list[Code]:
    """For each object that has other attributes than its twin: its number and the codes of these attributes."""
    found = [(i, _changed(x, twin)) for i, (x, twin) in enumerate(zip(xs, twins, strict=True))]
    return [[i, codes] for i, codes in found if codes]


def _changed(x: Any, twin: Any) -> dict[str, Code]:
    codes = {}
    for name, mine in vars(x).items():
        theirs = getattr(twin, name, None)
        if name.startswith("_") or name in _MODES or mine is theirs or _has_parts(mine):
            continue
        code, other = _code(x, name, mine), _code(x, name, theirs)
        if code is not None and not (hasattr(twin, name) and _equal(code[0], other and other[0])):
            codes[name] = code[0]
        if code is None and other is not None:
            raise TypeError(
                f"the attribute {name} of {label(x)} is now of the class {type(mine).__name__}, which a file can't hold"
            )
    return codes


def _has_parts(x: Any) -> bool:
    return any(isinstance(leaf, (Module, Tensor, Symbol)) for leaf in nests.leaves(x))


def _code(x: Any, name: str, value: Any) -> tuple[Code] | None:
    """The code in a tuple, None if there is none."""
    try:
        return (Encoder().encoded(value, f"the attribute {name} of {label(x)}"),)
    except TypeError:
        return None


def _equal(a: Code, b: Code) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        alike = type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape
        return alike and a.tobytes() == b.tobytes()
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_equal, a, b))
    return type(a) is type(b) and (a == b or (a != a and b != b))


def change(xs: list[Any], codes: list[Code], decoder: Decoder) -> None:
    """Sets the attributes that `changes` told of."""
    for i, attributes in codes:
        for name, code in attributes.items():
            kind = getattr(type(xs[i]), name, None)
            if name.startswith("_") or name in _MODES or callable(kind):
                raise ValueError(f"{name!r:.60} is no attribute that a file may change")
            setattr(xs[i], name, decoder.decoded(code))


# Weights.


def ties(model: Any) -> list[list]:
    """Each place of a weight that stands somewhere before: this place and the first one. None in what is no module."""
    first: dict[int, Slot] = {}
    found = []
    for i, module in enumerate(model.modules() if isinstance(model, Module) else ()):
        for key, value in vars(module).items():
            if isinstance(value, Tensor) and (place := first.setdefault(id(value), (i, key))) != (i, key):
                found.append([i, key, *place])
    return found


def tie(model: Any, found: list[list]) -> None:
    """Puts the same weight into the places that `ties` told of."""
    modules = list(model.modules()) if found else []
    for i, key, j, first in found:
        here, weight = vars(modules[i]), vars(modules[j])[first]
        if not isinstance(here.get(key), Tensor) or not isinstance(weight, Tensor) or here[key].shape != weight.shape:
            raise ValueError(f"{key!r:.60} of {label(modules[i])} can't be {first!r:.60} of {label(modules[j])}")
        here[key] = weight


def replace(model: Module, weight: Tensor, new: Tensor) -> None:
    """Puts the new weight wherever the old one is."""
    for module in model.modules():
        for key, value in list(vars(module).items()):
            if value is weight:
                setattr(module, key, new)
