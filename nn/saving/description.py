"""Descriptions: how things that belong together are made, complete, as a nest that `nn.files` can hold."""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from tinygrad_lite import Tensor

from ..blank import blank_weights
from ..module import Module
from .decode import Decoder
from .encode import Code, Encoder
from .names import named
from .twins import change, changes, check_alike, tie, ties


def described(things: dict[str, Any]) -> dict[str, Any]:
    """For each thing its code, the attributes that were "changed" since it was made, and the weights that were "tied".

    All of it is tried out: the things are made anew, with weights of zeros. Raises TypeError for what a file can't
    hold, ValueError for what is not the same when it is made anew; the message says what, and where.
    """
    encoder, codes, parts = Encoder(), {}, {}
    for name, thing in things.items():
        start = len(encoder.objects)
        codes[name] = {"code": encoder.encoded(thing, name)}
        parts[name] = [*encoder.objects[start:], *_modules(thing)]
    with blank_weights(sum(weight.size for thing in things.values() for weight in _weights(thing))):
        try:
            decoder = Decoder(encoder.custom)
            twins = {name: _decoded(decoder, code["code"]) for name, code in codes.items()}
        except Exception as error:
            raise ValueError(f"it can't be made anew from the arguments of its constructors: {error}") from error
    for name, thing in things.items():
        twin, parts_of_twin = twins[name]
        codes[name]["tied"] = ties(thing)
        tie(twin, codes[name]["tied"])
        check_alike(thing, twin)
        codes[name]["changed"] = changes(parts[name], parts_of_twin)
    return codes


def made(description: Any, custom: Mapping[str, Any], numbers: int | None = None) -> dict[str, Any]:
    """The things that were `described`, by their names, with new weights.

    numbers: instead, the weights are zeros, and so many at most. custom: the user's classes and functions by name.
    Raises ValueError if one is missing, and for what describes nothing.
    """
    try:
        if names := missing(description, custom):
            raise _Unknown(names)
        decoder, things = Decoder(custom), {}
        with nullcontext() if numbers is None else blank_weights(numbers):
            decoded = {name: _decoded(decoder, described["code"]) for name, described in description.items()}
        for name, (thing, parts) in decoded.items():
            tie(thing, description[name]["tied"])
            change(parts, description[name]["changed"], decoder)
            if isinstance(thing, Module):
                thing.name_weights()
            things[name] = thing
    except _Unknown:
        raise
    except Exception as error:
        raise ValueError(f"its description of a model does not hold: {type(error).__name__}: {error}") from error
    return things


def config_of(thing: Any) -> dict[str, Code]:
    """How a layer, model, optimizer, loss or metric is made, as a nest of dicts, lists, numbers, strings and arrays.

    `from_config` makes another one of it, a model with its layers. The numbers of the weights are not in it. Raises as
    `nn.Model.save` does.

    >>> import nn
    >>> config = nn.saving.config_of(nn.Sequential([nn.Dense(2, input_shape=(3,))]))
    >>> nn.saving.from_config(config).count_params()
    8
    """
    return described({"it": thing})["it"]


def from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """What `config_of` told of, made anew, with new weights. custom_objects: as in `nn.load_model`.

    Raises ValueError for what is no such config, and for a class or function that was not given.
    """
    return made({"it": config}, custom_objects or {})["it"]


def _modules(thing: Any) -> list[Module]:
    return list(thing.modules()) if isinstance(thing, Module) else []


def _weights(thing: Any) -> list[Tensor]:
    return thing.weights if isinstance(thing, Module) else []


def _decoded(decoder: Decoder, code: Code) -> tuple[Any, list[Any]]:
    """The thing, and all in it that may have been changed."""
    start = len(decoder.objects)
    thing = decoder.decoded(code)
    return thing, [*decoder.objects[start:], *_modules(thing)]


def missing(description: Any, custom: Mapping[str, Any]) -> list[str]:
    """The names in a description that nothing has."""
    found: set[str] = set()
    stack: list[Any] = []
    for described in description.values():
        stack.append(described["code"])
        stack.extend(code for _, attributes in described["changed"] for code in attributes.values())
    while stack:
        code = stack.pop()
        if isinstance(code, (list, tuple)):
            stack.extend(code)
        elif isinstance(code, dict):
            found |= {name for key in ("class", "function", "operation") if isinstance(name := code.get(key), str)}
            for key, part in code.items():
                stack.extend(part.values() if key in ("config", "dict") and isinstance(part, dict) else [part])
    return sorted(name for name in found if named(name, custom) is None)


class _Unknown(ValueError):
    """Classes and functions are needed that nobody has given."""

    def __init__(self, names: list[str]) -> None:
        own = [name for name in names if not name.startswith(("nn.", "tinygrad_lite."))]
        given = ", ".join([f'"{name}": {name.rpartition(".")[2]}' for name in own])
        told = (
            f"it needs {', '.join(own)}, not known here: write nn.load_model(path, custom_objects={{{given}}}), or"
            " @nn.register before the class or function"
        )
        lacking = f"it needs {', '.join(names)}, which this version of tinygrad_lite does not have"
        super().__init__(told if own else lacking)
