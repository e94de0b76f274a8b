"""Objects that know what they were made of, so that a file can tell how to make them again."""

import inspect
from typing import Any, Self

import numpy as np

from tinygrad_lite import Tensor

_PLAIN = frozenset({bool, int, float, str, type(None), type(...), slice})
_SMALL = 1 << 16  # bytes: an array of so many is kept as it was given, a larger one where the object keeps it itself


class Unkept:
    """In the place of an argument that is not kept; it only says what it was."""

    def __init__(self, what: str) -> None:
        self.what = what


class _OfConstructor:
    """The `__signature__` of a class: what help, editors and the reference show. Without it they show `__new__`'s."""

    def __get__(self, made: Any, cls: type) -> inspect.Signature:
        if made is not None:  # called, an object is another thing
            raise AttributeError("__signature__")
        return _signature(cls)


class Configured:
    """An object whose constructor's arguments are noted down: `get_config()` tells them, `from_config` uses them.

    A class needs to do nothing for it, unless its constructor takes what can't be noted down: then it overwrites
    `get_config`, which gives the arguments of the constructor by name.

    >>> import nn
    >>> config = nn.Dense(3, activation="relu").get_config()
    >>> config["units"], config["activation"], config["use_bias"]
    (3, 'relu', True)
    >>> nn.Dense.from_config(config)
    <Dense, not built yet>
    """

    __signature__ = _OfConstructor()
    _given: tuple[tuple, dict[str, Any]] = ((), {})

    def __new__(cls, *args: Any, **options: Any) -> Self:
        made = super().__new__(cls)
        if args or options:
            if cls.__init__ is object.__init__:
                raise TypeError(f"{cls.__name__}() takes no arguments")
            made._given = _kept((args, options))
        return made

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, by name; the defaults are among them. Layers in it are the layers."""
        args, options = self._given
        bound = _signature(type(self)).bind(*args, **options)
        bound.apply_defaults()
        config: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            kind = bound.signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                config.update(value)
            else:
                config["*" * (kind is inspect.Parameter.VAR_POSITIONAL) + name] = value
        return {name: self._attribute_for(name, value) for name, value in config.items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Another object, of the arguments that `get_config` gave."""
        args, options = [], dict(config)
        parameters = _signature(cls).parameters
        variadic = next((name for name in parameters if "*" + name in config), None)
        if variadic is not None:  # what stands before it goes in by position
            before = list(parameters)[: list(parameters).index(variadic)]
            args = [*[options.pop(name) for name in before], *options.pop("*" + variadic)]
        return cls(*args, **options)

    def _attribute_for(self, name: str, value: Any) -> Any:
        """The argument or, if it was not kept, what the object keeps under its name, if that looks like it."""
        if isinstance(value, Unkept):
            own = vars(self).get(name)
            if own is not None and _described(own) == value.what:
                return own
        return value


def _signature(cls: Any) -> inspect.Signature:
    """What the constructor takes."""
    if cls.__init__ is object.__init__:
        return inspect.Signature()
    signature = inspect.signature(cls.__init__)
    own = list(signature.parameters.values())[1:]
    return signature.replace(parameters=own, return_annotation=inspect.Signature.empty)


def _kept(x: Any) -> Any:
    """x as it is now, if it is small and can be copied and written to a file; else a note of what it was."""
    kind = type(x)
    if kind in _PLAIN or callable(x) or isinstance(x, (np.generic, np.dtype, Configured)):
        return x
    if kind is tuple:
        return tuple([_kept(item) for item in x])
    if kind is list:
        return [_kept(item) for item in x]
    if kind is dict:
        return {key: _kept(item) for key, item in x.items()}
    if isinstance(x, np.ndarray) and x.nbytes <= _SMALL:
        return x.copy()
    if isinstance(x, Tensor) and not x.requires_grad and x.data.nbytes <= _SMALL:
        return x.copy()
    return Unkept(_described(x))


def _described(x: Any) -> str:
    if isinstance(x, (np.ndarray, Tensor)):
        return f"an array of {x.dtype} of the shape {x.shape}"
    return f"an object of the class {type(x).__name__}"
