"""From objects to what a file can hold (see `nn.files.save`): how each is made.

Numbers, strings, None, arrays, lists and tuples stay what they are. All else becomes a dict whose key says what it is,
as {"function": "nn.activations.relu"}. An object is {"class": its name, "config": the arguments of its constructor}; a
layer also has its name and, in "built", the shapes of the inputs that it and the layers inside were built for. What is
met twice has an "id" where it stands first, and is {"same": id} afterwards.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_lite import Tensor

from ..configured import Configured, Unkept
from ..module import Module
from ..symbol import Operation, Symbol
from .containers import is_graph, is_stack
from .names import known, name_of

Code = Any  # what an object became

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
DTYPES += ["float16", "float32", "float64"]


def label(x: Any) -> str:
    """What an object is called in errors: its class and, if it has one, its name."""
    name = getattr(x, "name", None)
    return f"{type(x).__name__} {name!r}" if isinstance(name, str) else type(x).__name__


class Encoder:
    """Makes the codes of what belongs together: a model, its optimizer, ..."""

    def __init__(self) -> None:
        self.custom: dict[str, Any] = {}  # the user's own classes and functions that it met, by name
        self.objects: list[Configured] = []  # those that are no modules, in order
        self._met: dict[int, tuple[Any, dict[str, Code]]] = {}  # by id: an object (so that it lives), and its code
        self._built: set[int] = set()  # the modules that a "built" tells of
        self._ids = 0
        self._symbols: dict[Symbol, int] = {}  # of the functional model at hand

    def encoded(self, x: Any, place: str) -> Code:
        """The code of x. Raises TypeError for what has none, and says at which place it stands."""
        if x is None or type(x) in (bool, int, float, str) or isinstance(x, (np.generic, np.ndarray)):
            return x
        if type(x) is list:
            return [self.encoded(item, place) for item in x]
        if type(x) is tuple:
            return tuple([self.encoded(item, place) for item in x])
        if type(x) is dict:
            return self._dict(x, place)
        if x is Ellipsis:
            return {"ellipsis": None}
        if isinstance(x, Symbol) and x in self._symbols:
            return {"symbol": self._symbols[x]}
        for kind, encode in _ENCODE.items():
            if isinstance(x, kind):
                return encode(self, x, place)
        if callable(x):
            return {"function": self._name_of(x, place)}
        raise TypeError(f"{place} is an object of the class {type(x).__name__}, which a file can't hold")

    # Values.

    def _dict(self, x: dict, place: str) -> Code:
        if wrong := next((key for key in x if type(key) is not str), None):
            raise TypeError(f"{place} is a dict with the key {wrong!r:.60}: the keys in a file are strings")
        return {"dict": {key: self.encoded(item, place) for key, item in x.items()}}

    def _slice(self, x: slice, place: str) -> Code:
        return {"slice": [self.encoded(item, place) for item in (x.start, x.stop, x.step)]}

    def _tensor(self, x: Tensor, place: str) -> Code:
        if x.requires_grad:
            raise TypeError(
                f"{place} is a Tensor that wants a gradient, and a file would not know whose weight it is: give it the"
                " layer that has this weight, or .detach() it"
            )
        return {"tensor": x.numpy()}

    def _dtype(self, x: np.dtype, place: str) -> Code:
        if x.name not in DTYPES:
            raise TypeError(f"{place} is of the dtype {x}, which a file can't hold")
        return {"dtype": x.name}

    # Functions and classes.

    def _partial(self, x: functools.partial, place: str) -> Code:
        return {name: self.encoded(part, place) for name, part in
                (("partial", x.func), ("args", x.args), ("keywords", x.keywords))}  # fmt: skip

    def _type(self, x: type, place: str) -> Code:
        return self._dtype(np.dtype(x), place) if issubclass(x, np.generic) else {"class": self._name_of(x, place)}

    def _name_of(self, x: Any, place: str) -> str:
        name = getattr(x, "__name__", None)
        if name == "<lambda>":
            raise TypeError(f"{place} is a lambda, which has no name to stand in a file: write def name(...): ...")
        if name is None or hasattr(x, "__self__"):
            raise TypeError(
                f"{place} is an object of the class {type(x).__name__}, which a file can't hold: write a function, or"
                " a subclass of nn.saving.Configured"
            )
        if (name := name_of(x)) not in known() and self.custom.setdefault(name, x) is not x:
            raise TypeError(
                f"{place} is one of two different things that are named {name}: give it a name of its own, with"
                ' @nn.register(name="...")'
            )
        return name

    def _unkept(self, x: Unkept, place: str) -> Code:
        raise TypeError(
            f"{place} was {x.what}, of which no note is kept: keep it as an attribute of the same name, or write a"
            " method get_config that gives the arguments to make another one with"
        )

    # Objects.

    def _object(self, x: Any, parts: Callable[[], dict[str, Code]]) -> Code:
        if id(x) in self._met:
            met = self._met[id(x)][1]
            if "id" not in met:
                self._ids += 1
                met["id"] = self._ids
            return {"same": met["id"]}
        code: dict[str, Code] = {}
        self._met[id(x)] = x, code
        code |= parts()
        return code

    def _operation(self, x: Operation, place: str) -> Code:
        return self._object(x, lambda: {"operation": self._name_of(x.function, place), **_name(x)})

    def _configured(self, x: Configured, place: str) -> Code:
        if isinstance(x, Module):
            return self._object(x, lambda: self._module(x))
        return self._object(x, lambda: self._noted(x))

    def _noted(self, x: Configured) -> dict[str, Code]:
        code = self._arguments(x)
        self.objects.append(x)  # after those that it is made of
        return code

    def _module(self, x: Any) -> dict[str, Code]:
        if is_stack(type(x)):
            code = self._stack(x)
        elif is_graph(type(x)) and x._network is not None:
            code = self._graph(x)
        else:
            code = self._arguments(x)
        built = []
        for module in x.modules():
            if id(module) not in self._built:
                self._built.add(id(module))
                shapes = module._built_for, module.output_shape
                built.append(None if module._built_for is None else self.encoded(shapes, f"a shape of {label(module)}"))
        return code | _name(x) | {"built": built}

    def _arguments(self, x: Configured) -> dict[str, Code]:
        config = x.get_config()
        if not isinstance(config, dict):
            raise TypeError(f"get_config of {label(x)} must give a dict, it gave a {type(config).__name__}")
        arguments = {}
        for name, value in config.items():
            arguments[name] = self.encoded(value, f"the argument {str(name).lstrip('*')} of {label(x)}")
        return {"class": self._name_of(type(x), label(x)), "config": arguments}

    def _stack(self, x: Any) -> dict[str, Code]:
        layers = [self.encoded(layer, f"a layer of {label(x)}") for layer in x.layers]
        first = {} if x._input is None else {"input": self._input(x._input)}
        return {"class": self._name_of(type(x), label(x)), **first, "layers": layers}

    def _graph(self, x: Any) -> dict[str, Code]:
        network, calls = x._network, []
        before, self._symbols = self._symbols, {symbol: i for i, symbol in enumerate(network.inputs)}
        for call in sorted(network.calls, key=lambda call: call.number):
            name = call.function.name or call.function.kind
            calls.append(
                {
                    "call": self.encoded(call.function, f"what {label(x)} calls"),
                    "args": self.encoded(list(call.args), f"what {name} is called on"),
                    "options": self._dict(call.options, f"what {name} is called with"),
                    "gives": [self._input(symbol) for symbol in call.outputs],
                }
            )
            self._symbols |= {symbol: len(self._symbols) + i for i, symbol in enumerate(call.outputs)}
        inputs = [self._input(symbol) for symbol in network.inputs]
        outputs = [self._symbols[symbol] for symbol in network.outputs]
        self._symbols = before
        return {"class": self._name_of(type(x), label(x)), "inputs": inputs, "calls": calls, "outputs": outputs}

    def _input(self, symbol: Symbol) -> Code:
        return {"shape": list(symbol.sample_shape), **self._dtype(symbol.dtype, str(symbol)), **_name(symbol)}


def _name(x: Any) -> dict[str, Code]:
    return {} if x.name is None else {"name": x.name, "named_by_model": x.named_by_model}


_ENCODE: dict[type, Callable[[Encoder, Any, str], Code]] = {
    slice: Encoder._slice,
    Tensor: Encoder._tensor,
    np.dtype: Encoder._dtype,
    functools.partial: Encoder._partial,
    type: Encoder._type,
    Unkept: Encoder._unkept,
    Operation: Encoder._operation,
    Configured: Encoder._configured,
}
