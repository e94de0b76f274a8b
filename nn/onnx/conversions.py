"""How each layer and each function is written in ONNX: a table, and the decorator that makes it longer."""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from ..module import Module

CONVERSIONS: dict[Any, Callable[..., Any]] = {}


def conversion(*things: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The decorator of a function that writes one call of a layer, or of an activation, as ONNX nodes.

    things: classes of layers, or functions. What it decorates is given the `Graph`, for a class the layer, and what the
    layer or function is called with, where a `Value` stands for each Tensor; it gives the Value of the result. Raises
    TypeError for anything else than classes of layers and functions.

    >>> import nn, tinygrad_lite as tg
    >>> class Wave(nn.Module):
    ...     def build(self, input_shape):
    ...         self.pitch = self.add_weight(input_shape[-1:], "ones")
    ...     def call(self, x):
    ...         return tg.sin(x * self.pitch)
    >>> @nn.onnx.conversion(Wave)
    ... def wave(graph, layer, x):
    ...     return graph.node("Sin", graph.node("Mul", x, layer.pitch))
    """
    for thing in things:
        is_layer = isinstance(thing, type) and issubclass(thing, Module)
        is_function = callable(thing) and isinstance(thing, Hashable) and not isinstance(thing, (type, Module))
        if not is_layer and not is_function:
            raise TypeError(f"a conversion is that of a class of layers or of a function, given {thing!r:.60}")

    def register(convert: Callable[..., Any]) -> Callable[..., Any]:
        CONVERSIONS.update(dict.fromkeys(things, convert))
        return convert

    return register


def of_layer(layer: Module) -> Callable[..., Any] | None:
    """The conversion of the layer's class, or of the one from which it inherits all that it computes."""
    for kind in type(layer).__mro__:
        if kind in CONVERSIONS:
            return CONVERSIONS[kind]
        if any(callable(value) and _computes(name) for name, value in vars(kind).items()):
            return None
    return None


def _computes(method: str) -> bool:
    return method == "__call__" or not (method == "build" or method.startswith("__"))


def of_function(function: Any) -> Callable[..., Any] | None:
    """The conversion of a function, or of one that has some of its keyword arguments already."""
    if isinstance(function, partial) and not function.args:
        convert = of_function(function.func)
        return convert and partial(convert, **function.keywords)
    return CONVERSIONS.get(function) if isinstance(function, Hashable) else None
