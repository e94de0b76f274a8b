"""From the calls that a model is made of to ONNX nodes, layer by layer."""

from dataclasses import replace
from typing import Any

from tinygrad_lite import nests

from ..module import Module
from ..symbol import Call, Operation, Symbol
from .conversions import of_function, of_layer
from .graph import Graph, Value


def converted(graph: Graph, what: Any, *args: Any, **options: Any) -> Any:
    """What a layer, a model or a function gives for these arguments, in which Values stand for Tensors.

    What has no conversion is opened: called on symbols, so that what it is made of is noted down and converted. That is
    how models are written, and layers made of layers. Raises NotImplementedError for what can't be opened.
    """
    if isinstance(what, Module):
        with graph.scope(what.name or what._attribute or what.kind):
            return inside(graph, what, *args, **options)
    if convert := of_function(what):
        return convert(graph, *args, **options)
    name = getattr(what, "__name__", type(what).__name__)
    owner = f" of {graph.path!r}" if graph.path else ""
    return _opened(
        graph, what, args, options, f"the function {name}{owner}", name if name.isidentifier() else "function"
    )


def inside(graph: Graph, module: Module, *args: Any, **options: Any) -> Any:
    """The same of a module, whose nodes get no name that begins with its own."""
    if convert := of_layer(module):
        return convert(graph, module, *args, **options)
    kind = type(module).__name__
    name = graph.path or module.name
    return _opened(graph, module.call, args, options, f"{kind} {name!r}" if name else kind, kind)


def _opened(graph: Graph, function: Any, args: Any, options: Any, what: str, name: str) -> Any:
    values: dict[Symbol, Value] = {}

    def symbol(leaf: Any) -> Any:
        if not isinstance(leaf, Value):
            return leaf
        values[made := Symbol((None, *leaf.shape[1:]), leaf.dtype)] = leaf
        return made

    def value(leaf: Any) -> Any:
        return values[leaf] if isinstance(leaf, Symbol) else leaf

    try:
        args, options = nests.mapped(symbol, (args, options))
        results = function(*args, **options)
        if not any(isinstance(leaf, Symbol) for leaf in nests.leaves(results)):
            raise TypeError(f"on symbols it gives {type(results).__name__}")
    except Exception as error:  # whatever its author wrote may go wrong on symbols
        raise NotImplementedError(
            f"ONNX export does not know {what}, and can't look into it, since it is made of more than layers, weights"
            f" and operators. Say how it is written in ONNX, with the decorator @nn.onnx.conversion({name}): see"
            " docs/onnx.md"
        ) from error
    for call in _calls(results):
        args, options = nests.mapped(value, (call.args, call.options))
        part = call.function
        given = converted(graph, part.function if isinstance(part, Operation) else part, *args, **options)
        for made, leaf in zip(call.outputs, nests.leaves(given), strict=True):
            values[made] = checked(graph.value(leaf), made, part.name or part.kind)
    return nests.mapped(value, results)


def _calls(results: Any) -> list[Call]:
    """The calls that lead to these symbols, the oldest first."""
    calls: set[Call] = set()
    waiting = [leaf for leaf in nests.leaves(results) if isinstance(leaf, Symbol)]
    while waiting:
        symbol = waiting.pop()
        if symbol.call is not None and symbol.call not in calls:
            calls.add(symbol.call)
            waiting += symbol.call.inputs()
    return sorted(calls, key=lambda call: call.number)


def checked(value: Value, symbol: Symbol, name: str) -> Value:
    """The Value, if it is of the shape and the dtype that the layer gives: a wrong conversion is noticed here."""
    fits = value.ndim == symbol.ndim and all(n in (m, None) for n, m in zip(value.shape, symbol.shape, strict=True))
    if value.dtype != symbol.dtype or not fits:
        raise ValueError(
            f"the conversion of {name} gives {value.dtype} of the shape {value.shape}, the layer itself {symbol.dtype}"
            f" of the shape {symbol.shape}"
        )
    return replace(value, shape=symbol.shape)
