"""The layers with weights of a model, under the names that the same network has in PyTorch."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from tinygrad_lite import Tensor, nests

from .. import activations
from ..layers import Conv1D, Conv2D, Conv2DTranspose, Dense, DepthwiseConv2D, Flatten, Reshape
from ..model import Model
from ..module import Module
from ..sequential import Sequential
from ..symbol import Call, Symbol
from .order import SAME, Order, Shape, after, has_positions, of_input
from .torch_layers import counterpart


class Unit(NamedTuple):
    """A layer with weights. rows: the order of the numbers that it is given there, if that is another one."""

    name: str
    layer: Any
    rows: np.ndarray | None


def units(model: Module) -> list[Unit]:
    """The layers with weights, in order, each once.

    In a Sequential a layer's name is its index in PyTorch's nn.Sequential, where an activation that a layer was given
    is a module of its own, behind it. In a functional model it is the layer's name, elsewhere the attribute's. Raises
    ValueError for what PyTorch has no counterpart of, and where the order of numbers can't be followed.
    """
    unbuilt = [module for module in model.modules() if not module.built and counterpart(module)]
    if unbuilt or not model.weights:
        what = unbuilt[0] if unbuilt else model
        raise ValueError(f"{what!r:.60} has no weights yet: call the model on a batch, or give it an input_shape")
    found: dict[int, Unit] = {}
    for unit in _inside(model, "", [of_input(_shape(model))], [_shape(model)])[0]:
        other = found.setdefault(id(unit.layer), unit)
        if not _alike(other.rows, unit.rows):
            raise ValueError(f"{unit.layer!r:.60} is called on numbers in two orders, where channels are first")
    return list(found.values())


def _alike(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    return a is b if a is None or b is None else np.array_equal(a, b)


def _shape(module: Any) -> Shape:
    """The shape of one sample of the first input that a module was built for."""
    shape = module._built_for
    while isinstance(shape, (list, dict)):
        shape = next(iter(shape.values() if isinstance(shape, dict) else shape))
    return () if shape is None else tuple(shape[1:])


def _inside(module: Any, name: str, orders: list[Order], shapes: list[Shape]) -> tuple[list[Unit], Order]:
    """The units of a module that is called on inputs of these orders and shapes, and the order of what it gives."""
    if isinstance(module, Model) and module._network is not None:
        return _graph(module, name, orders)
    if isinstance(module, Sequential):
        return _stack(module, name, orders[0])
    if counterpart(module):
        _check_weights(module)
        rows = orders[0] if isinstance(orders[0], np.ndarray) else None
        return [Unit(name, module, rows)], after(module, orders, shapes)
    if module.weights:
        return _opened(module, name, orders, shapes)
    return [], after(module, orders, shapes)


def _joined(name: str, inner: Any) -> str:
    return f"{name}.{inner}" if name else str(inner)


def _stack(model: Sequential, name: str, order: Order) -> tuple[list[Unit], Order]:
    found, i = list[Unit](), 0
    for layer in model.layers:
        inner, order = _inside(layer, _joined(name, i), [order], [_shape(layer)])
        found += inner
        i += 2 if _has_activation(layer) else 1
    return found, order


def _has_activation(layer: Any) -> bool:
    own = isinstance(layer, (Dense, Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D))
    return own and layer.activation is not activations.linear


def _graph(model: Any, name: str, orders: list[Order]) -> tuple[list[Unit], Order]:
    network = model._network
    return _calls(network.inputs, network.calls, network.outputs, orders, lambda layer: _joined(name, layer.name))


def _calls(
    inputs: list[Symbol], calls: list[Call], outputs: list[Symbol], orders: list[Order], named: Callable[[Any], str]
) -> tuple[list[Unit], Order]:
    """The units of what is called, from the oldest call on, and the order of the first output."""
    given = orders if len(orders) == len(inputs) else [of_input(symbol.sample_shape) for symbol in inputs]
    found, order_of = list[Unit](), dict(zip(inputs, given, strict=True))
    for call in sorted(calls, key=lambda call: call.number):
        ins = call.inputs()
        order, shapes = [order_of[symbol] for symbol in ins], [symbol.sample_shape for symbol in ins]
        if isinstance(call.function, Module):
            inner, result = _inside(call.function, named(call.function), order, shapes)
            found += inner
        else:
            result = after(call.function, order, shapes)
        order_of |= dict.fromkeys(call.outputs, result)
    return found, order_of[outputs[0]]


def _opened(module: Module, name: str, orders: list[Order], shapes: list[Shape]) -> tuple[list[Unit], Order]:
    """The units of a module that calls layers, under the names of its attributes.

    Its `call` is given symbols, to see what it does. Where it can't do with them, only the layers are known.
    """
    if own := [key for key, value in vars(module).items() if isinstance(value, Tensor)]:
        raise ValueError(
            f"PyTorch has no counterpart of {type(module).__name__} {module.name or ''}, which has a weight {own[0]}"
        )
    parts = dict(_attributes(module, name))
    symbols = [Symbol((None, *shape), np.dtype(np.float32)) for shape in shapes]
    try:
        with module._judging():
            result = module.call(symbols if module.several_inputs else symbols[0])
        ends = [leaf for leaf in nests.leaves(result) if isinstance(leaf, Symbol)]
        calls = _behind(ends)
        names = {part: place for place, part in parts.items()}
        places = {call.function: names[call.function] for call in calls if isinstance(call.function, Module)}
    except Exception:  # whatever its author wrote may go wrong on symbols
        _check_order(module)
        units = [
            unit for place, part in parts.items()
            for unit in _inside(part, place, [of_input(_shape(part))], [_shape(part)])[0]
        ]  # fmt: skip
        return units, SAME
    found, order = _calls(symbols, calls, ends, orders, lambda layer: places[layer])
    ranks = {id(part): i for i, part in enumerate(part for module in parts.values() for part in module.modules())}
    return sorted(found, key=lambda unit: ranks[id(unit.layer)]), order


def _attributes(module: Module, name: str) -> Iterator[tuple[str, Module]]:
    for key, value in vars(module).items():
        parts = {key: value} if not isinstance(value, (list, tuple)) else {f"{key}.{i}": x for i, x in enumerate(value)}
        for place, part in parts.items():
            if isinstance(part, Module):
                yield _joined(name, place), part


def _behind(ends: list[Symbol]) -> list[Call]:
    """The calls that lead to these symbols."""
    found, stack = dict[Call, None](), [symbol.call for symbol in ends]
    while stack:
        call = stack.pop()
        if call is not None and call not in found:
            found[call] = None
            stack.extend(symbol.call for symbol in call.inputs())
    return list(found)


def _is_container(module: Any) -> bool:
    return isinstance(module, Sequential) or getattr(module, "_network", None) is not None


def _parts(module: Module) -> Iterator[Module]:
    """The modules inside, but not what is inside of those that can be followed."""
    for _, child in module._children():
        yield child
        if not _is_container(child):
            yield from _parts(child)


def _check_order(module: Module) -> None:
    """That no row is made of an image in its `call`, as far as shapes tell."""
    channels = {part.output_shape[-1] for part in module.modules() if has_positions(part) and part.built}
    for part in _parts(module) if channels else ():
        row = isinstance(part, Dense) or _is_container(part)
        if isinstance(part, (Flatten, Reshape)) or (row and len(_shape(part)) == 1 and _shape(part)[0] not in channels):
            raise ValueError(
                f"{type(module).__name__} has convolutions and {part!r:.60}, but what happens in its call can't be"
                " seen, nor in which order this is given its numbers where channels are first, as in PyTorch: make the"
                " model with nn.Sequential or nn.Model(inputs, outputs)"
            )


def _check_weights(layer: Any) -> None:
    arrays, values = counterpart(layer)  # type: ignore[misc]
    known = {id(weight) for weight, _ in values(layer, arrays(layer))}
    for name, weight in layer.named_weights():
        if id(weight) not in known:
            raise ValueError(f"PyTorch's counterpart of {type(layer).__name__} {layer.name or ''} has no weight {name}")
