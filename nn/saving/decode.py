"""From the codes of a file back to objects. A code is not trusted: it can name what is known, and nothing else.

Nothing is computed on the way: a layer is built for the shapes that the file gives, a call on symbols is noted down
with the shapes that it gave. `blank_weights` bounds the memory that weights take.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinygrad_lite import tensor

from ..configured import Configured
from ..module import Module
from ..symbol import Call, Operation, Symbol
from .containers import is_graph, is_stack
from .encode import DTYPES, Code, label
from .names import named


class Decoder:
    """Makes the objects of codes that one Encoder made. `custom` are the user's classes and functions by name."""

    def __init__(self, custom: Mapping[str, Any]) -> None:
        self.custom = custom
        self.objects: list[Configured] = []  # those that are no modules, in order
        self._met: dict[int, Any] = {}
        self._built: dict[int, Module] = {}  # by id: the modules that were built if they were to be
        self._symbols: list[Symbol] = []

    def decoded(self, code: Code) -> Any:
        """The object. Raises an error of some type for a code that no Encoder made."""
        if code is None or isinstance(code, (bool, int, float, str, np.generic)):
            return code
        if isinstance(code, np.ndarray):
            return code.copy()
        if isinstance(code, (list, tuple)):
            items = [self.decoded(item) for item in code]
            return items if isinstance(code, list) else tuple(items)
        if isinstance(code, dict):
            for key, decode in _DECODE.items():
                if key in code:
                    return decode(self, code)
        raise ValueError(f"{code!r:.60} stands for nothing")

    # Values.

    def _dict(self, code: Code) -> dict[str, Any]:
        return {name: self.decoded(item) for name, item in code["dict"].items()}

    def _slice(self, code: Code) -> slice:
        return slice(*self.decoded(list(code["slice"])))

    def _dtype(self, code: Code) -> np.dtype:
        if code["dtype"] not in DTYPES:
            raise ValueError(f"{code['dtype']!r:.60} is no dtype")
        return np.dtype(code["dtype"])

    def _symbol(self, code: Code) -> Symbol:
        return self._symbols[_index(code["symbol"])]

    def _same(self, code: Code) -> Any:
        return self._met[_index(code["same"])]

    # Functions and classes.

    def _function(self, code: Code) -> Callable[..., Any]:
        function = self._named(code["function"])
        if isinstance(function, type) or not callable(function):
            raise TypeError(f"{code['function']} is no function")
        return function

    def _partial(self, code: Code) -> functools.partial:
        return functools.partial(
            self.decoded(code["partial"]), *self.decoded(code["args"]), **self.decoded(code["keywords"])
        )

    def _class(self, code: Code) -> type[Configured]:
        cls = self._named(code["class"])
        if not isinstance(cls, type) or not issubclass(cls, Configured):
            raise TypeError(f"{code['class']} is no class that a file can make objects of")
        return cls

    def _named(self, name: Any) -> Any:
        if not isinstance(name, str) or (thing := named(name, self.custom)) is None:
            raise ValueError(f"{name!r:.60} is unknown")
        return thing

    # Objects.

    def _operation(self, code: Code) -> Operation:
        operation = Operation(self._function({"function": code["operation"]}))
        return self._met_first(code, _with_name(operation, code))

    def _object(self, code: Code) -> Any:
        cls = self._class(code)
        if "layers" in code and is_stack(cls):
            made: Any = self._stack(cls, code)
        elif "calls" in code and is_graph(cls):
            made = self._graph(cls, code)
        elif "config" in code:
            made = cls.from_config({name: self.decoded(value) for name, value in code["config"].items()})
        elif "layers" in code or "calls" in code:
            raise ValueError(f"the layers of {code['class']} were given to it, but its constructor chooses them by now")
        else:
            return cls
        if isinstance(made, Module):
            self._build(_with_name(made, code), code["built"])
        else:
            self.objects.append(made)
        return self._met_first(code, made)

    def _met_first(self, code: Code, made: Any) -> Any:
        if "id" in code:
            self._met[_index(code["id"])] = made
        return made

    def _build(self, made: Module, shapes: list[Code]) -> None:
        """Builds what was built, from the outside inwards: what `build` makes may have to be built itself."""
        rest = iter(shapes)
        for module in made.modules():
            if id(module) in self._built:
                continue
            self._built[id(module)] = module
            code = next(rest, ...)
            if code is ...:
                raise _other_layers(made)
            if code is not None:
                shapes_of_it = self.decoded(code)
                if not module.built:
                    module._build_once(shapes_of_it[0])
                module.output_shape = shapes_of_it[1]
        if next(rest, ...) is not ...:
            raise _other_layers(made)

    def _stack(self, cls: Any, code: Code) -> Module:
        model = cls()
        model._input = self._input(code["input"]) if "input" in code else None
        for layer in self.decoded(list(code["layers"])):
            if not isinstance(layer, Module) or layer in model.layers:
                raise ValueError(f"{layer!r:.60} can't be a layer of a {cls.__name__}")
            model.layers.append(layer)
        return model

    def _graph(self, cls: Any, code: Code) -> Module:
        before, self._symbols = self._symbols, [self._input(each) for each in code["inputs"]]
        inputs = list(self._symbols)
        for each in code["calls"]:
            function = self.decoded(each["call"])
            if not isinstance(function, (Module, Operation)):
                raise TypeError(f"a {type(function).__name__} can't be called on symbols")
            options = {name: self.decoded(value) for name, value in each["options"]["dict"].items()}
            call = Call(function, tuple(self.decoded(list(each["args"]))), options)
            call.outputs = [self._input(gives, call) for gives in each["gives"]]
            self._symbols.extend(call.outputs)
        outputs = [self._symbols[_index(i)] for i in code["outputs"]]
        self._symbols = before
        return cls(inputs, outputs)

    def _input(self, code: Code, call: Call | None = None) -> Symbol:
        shape = (None, *[_index(n) for n in code["shape"]])
        return _with_name(Symbol(shape, self._dtype(code), call), code)


def _other_layers(made: Module) -> ValueError:
    return ValueError(f"{label(made)} had other layers than these: all have to be made by its constructor or by build")


def _with_name(x: Any, code: Code) -> Any:
    if "name" in code:
        if not isinstance(code["name"], str):
            raise TypeError(f"a name is a {type(code['name']).__name__}")
        x.name, x.named_by_model = code["name"], bool(code["named_by_model"])
    return x


def _index(n: Any) -> int:
    if type(n) is not int or n < 0:
        raise ValueError(f"{n!r:.60} is no whole number from 0")
    return n


_DECODE: dict[str, Callable[[Decoder, Code], Any]] = {
    "dict": Decoder._dict,
    "slice": Decoder._slice,
    "ellipsis": lambda decoder, code: ...,
    "symbol": Decoder._symbol,
    "same": Decoder._same,
    "tensor": lambda decoder, code: tensor(code["tensor"]),
    "dtype": Decoder._dtype,
    "function": Decoder._function,
    "partial": Decoder._partial,
    "operation": Decoder._operation,
    "class": Decoder._object,
}
