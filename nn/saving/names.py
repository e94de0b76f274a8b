"""The names under which classes and functions stand in a file: those of nn and its user's own."""

import functools
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, TypeVar

from tinygrad_lite import ops

from .. import activations, initializers, layers, losses, metrics, module, optimizers, schedules, sequential, symbol
from .. import model as models
from ..configured import Configured

Thing = TypeVar("Thing")

_registered: dict[str, Any] = {}


def register(thing: Any = None, *, name: str | None = None) -> Any:
    """Makes a class or function of your own known to `nn.load_model`, as a decorator: `@nn.register`.

    It stands in files under its own name or, with `@nn.register(name="mine.Shift")`, that one. Raises ValueError for a
    name that another class or function has, TypeError for what is neither.

    >>> import nn
    >>> @nn.register
    ... class Shift(nn.Layer):
    ...     def __init__(self, distance, name=None):
    ...         super().__init__(name=name)
    ...         self.distance = distance
    ...     def call(self, x):
    ...         return x + self.distance
    """
    if thing is None:
        return functools.partial(register, name=name)
    if not callable(thing) or not hasattr(thing, "__qualname__"):
        raise TypeError(f"register takes a class or a function, given {type(thing).__name__} {thing!r:.60}")
    name = name or thing.__name__
    other = _registered.get(name, thing)
    if name.startswith(("nn.", "tinygrad_lite.")):
        raise ValueError(f"names that begin with nn. or tinygrad_lite. are theirs; {name!r} was given")
    if (other.__module__, other.__qualname__) != (thing.__module__, thing.__qualname__):
        raise ValueError(
            f"{name!r} is the name of {other.__module__}.{other.__qualname__} already: choose another one,"
            f' @nn.register(name="...")'
        )
    _registered[name] = thing  # a cell of a notebook that is run again makes the class anew
    return thing


@functools.cache
def known() -> dict[str, Any]:
    """The classes and functions of nn that a file may name."""
    table: dict[str, Any] = {}
    for place in (models, module, sequential, layers, optimizers):
        table |= {f"nn.{name}": thing for name, thing in _public(place, _is_class)}
    for place in (losses, metrics, schedules):
        table |= {f"{place.__name__}.{name}": thing for name, thing in _public(place, _is_class)}
    for place in (activations, initializers, losses, metrics):
        table |= {
            f"{place.__name__}.{name}": thing
            for name, thing in _public(place, _is_function)
            if thing.__module__ == place.__name__ and name != "get"
        }
    table |= {f"tinygrad_lite.{name}": thing for name, thing in _public(ops, _is_function)}
    return table | {"nn.symbol.get_item": symbol.get_item}


def _public(place: ModuleType, wanted: Callable[[Any], bool]) -> list[tuple[str, Any]]:
    return [(name, thing) for name, thing in vars(place).items() if name[0] != "_" and wanted(thing)]


def _is_class(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, Configured) and thing is not Configured


def _is_function(thing: Any) -> bool:
    return callable(thing) and not isinstance(thing, type) and hasattr(thing, "__qualname__")


@functools.cache
def _names() -> dict[Any, str]:
    """Of several names for one thing, the first."""
    return {thing: name for name, thing in reversed(known().items())}


def name_of(thing: Any) -> str:
    """The name of a class or function: nn's, the one it was registered under, or its own."""
    if thing in _names():
        return _names()[thing]
    return next((name for name, other in _registered.items() if other is thing), thing.__name__)


def named(name: str, custom: Mapping[str, Any]) -> Any:
    """What has this name, None if nothing has."""
    if name.startswith(("nn.", "tinygrad_lite.")):
        return known().get(name)
    return custom.get(name, _registered.get(name))
