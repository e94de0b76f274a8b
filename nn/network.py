"""What was noted down on symbols, from the inputs to the outputs: the inside of a functional model."""

from typing import Any

from tinygrad_lite import Tensor, nests

from .data import in_order
from .module import Module
from .naming import name_each, unique_name
from .symbol import Call, Symbol


class Network:
    """The calls that lead from inputs to outputs, in an order in which they can be run.

    Raises TypeError for what are no symbols; ValueError for an output that needs another input, an input that no output
    needs, and a name that was chosen twice.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs, ends = _symbols("inputs", inputs), _symbols("outputs", outputs)
        self.steps = _steps(ends)
        self._check_inputs()
        self.calls = [step for step in self.steps if isinstance(step, Call)]
        self.outputs = ends  # after the calls: so a copy, which follows the attributes, never has to go deep
        self._unneeded = _unneeded(self.calls, self.outputs)
        by_age = sorted(self.calls, key=lambda call: call.number)
        name_each([*self.inputs, *dict.fromkeys(call.function for call in by_age)])

    def _check_inputs(self) -> None:
        for step in self.steps:
            if isinstance(step, Symbol) and step not in self.inputs:
                raise ValueError(f"the outputs need {step}, which is not among the inputs of the Model: add it")
        for symbol in self.inputs:
            if symbol.call is not None:
                raise ValueError(f"the inputs of a Model are made by nn.Input(shape), given {symbol}")
            if self.inputs.count(symbol) > 1:
                raise ValueError(f"{symbol} was given twice among the inputs of the Model")
            if symbol not in self.steps:
                raise ValueError(f"no output of the Model needs its input {symbol}: leave it out")

    @property
    def parts(self) -> list[Any]:
        """The Inputs, modules and operations, each once."""
        return list(dict.fromkeys(map(_part, self.steps)))

    @property
    def layers(self) -> list[Module]:
        """The modules that are called, each once."""
        return [part for part in self.parts if isinstance(part, Module)]

    @property
    def is_chain(self) -> bool:
        """True if each step takes just what the one before gives."""
        return all(_needed(step) == self.steps[i - 1 : i] for i, step in enumerate(self.steps))

    def connections(self, part: Any) -> list[str]:
        """What a part is called on, in Keras's notation: `dense[1][0]` is the first output of dense's second call."""

        def notation(symbol: Symbol) -> str:
            if (call := symbol.call) is None:
                return f"{symbol.name}[0][0]"
            return f"{call.function.name}[{self.calls_of(call.function).index(call)}][{call.outputs.index(symbol)}]"

        return [notation(symbol) for call in self.calls_of(part) for symbol in call.inputs()]

    def calls_of(self, part: Any) -> list[Call]:
        """The calls of a module or an operation, the oldest first; an Input has none."""
        return sorted((call for call in self.calls if call.function is part), key=lambda call: call.number)

    @property
    def input_names(self) -> list[str]:
        """The name of each input."""
        return [str(symbol.name) for symbol in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """The name of each output: that of the layer that gives it."""
        names: list[str] = []
        for symbol in self.outputs:
            names.append(unique_name(_part(_origin(symbol)).name, names))
        return names

    def run(self, given: Any) -> Any:
        """The output, or a list of several, for one Tensor, a list of several, or a dict by the inputs' names."""
        given = in_order("the model", given, self.input_names) if isinstance(given, (list, dict)) else [given]
        values = {symbol: _fitting(symbol, x) for symbol, x in zip(self.inputs, given, strict=True)}
        for call, unneeded in zip(self.calls, self._unneeded, strict=True):
            values.update(zip(call.outputs, nests.leaves(call.run(values.__getitem__)), strict=True))
            for symbol in unneeded:
                del values[symbol]
        results = [values[symbol] for symbol in self.outputs]
        return results if len(results) > 1 else results[0]


def _symbols(name: str, given: Any) -> list[Symbol]:
    symbols = list(given) if isinstance(given, (list, tuple)) else [given]
    for symbol in symbols:
        if not isinstance(symbol, Symbol):
            raise TypeError(
                f"the {name} of a Model are symbols, made by nn.Input(shape) or by calling layers on one, or a list of"
                f" them; given {type(symbol).__name__} {symbol!r:.60}"
            )
    if not symbols:
        raise ValueError(f"a Model needs at least one symbol as its {name}, given none")
    return symbols


def _origin(symbol: Symbol) -> Call | Symbol:
    return symbol if symbol.call is None else symbol.call


def _needed(step: Call | Symbol) -> list[Call | Symbol]:
    return [_origin(symbol) for symbol in step.inputs()] if isinstance(step, Call) else []


def _part(step: Call | Symbol) -> Any:
    return step.function if isinstance(step, Call) else step


def _steps(outputs: list[Symbol]) -> list[Call | Symbol]:
    """The Inputs and calls that the outputs need, each after what it needs itself.

    In Keras's order, which `summary` shows: the furthest from the outputs first, and depth first among equals. A layer
    that is called twice is as far as the further call.
    """
    distance: dict[Call | Symbol, int] = {}
    stack = [_origin(symbol) for symbol in reversed(outputs)]
    while stack:
        waiting = [step for step in _needed(stack[-1]) if step not in distance]
        if waiting:
            stack.append(waiting[0])
        else:
            distance[stack.pop()] = 0
    furthest: dict[Any, int] = {}
    for step in reversed(distance):
        distance[step] = furthest[_part(step)] = max(distance[step], furthest.get(_part(step), 0))
        for other in _needed(step):
            distance[other] = max(distance[other], distance[step] + 1)
    return sorted(distance, key=distance.__getitem__, reverse=True)


def _unneeded(calls: list[Call], outputs: list[Symbol]) -> list[list[Symbol]]:
    """For each call the symbols whose values nobody needs after it."""
    last = {symbol: call for call in calls for symbol in call.inputs()}
    kept = set(outputs)
    return [[s for s in dict.fromkeys(call.inputs()) if last[s] is call and s not in kept] for call in calls]


def _fitting(symbol: Symbol, x: Tensor) -> Tensor:
    """The Tensor that was given for an Input, cast if it is of another kind of numbers."""
    if x.shape[1:] != symbol.sample_shape or not x.ndim:
        raise ValueError(
            f"the input {symbol.name!r} takes samples of the shape {symbol.sample_shape}, the batch axis first, given"
            f" {x.shape}"
        )
    return x if x.dtype.kind == symbol.dtype.kind else x.astype(symbol.dtype)
