"""A Module: weights and other modules under names, and what it computes with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, no_grad, scope, tensor, zeros

from .naming import snake_case
from .nested import mapped
from .symbol import is_symbolic, record


def as_tensor(x: Any) -> Tensor:
    """x, if it is a Tensor, else a Tensor with its own copy of the data."""
    return x if isinstance(x, Tensor) else tensor(x)


class Module:
    """Anything with weights: a layer, a network, your own part of one.

    A subclass makes its weights in `build`, which is given the shape of the first input (its first axis is the batch),
    and says in `call` what it computes. Tensors, modules, and lists of modules among its attributes are found by
    themselves: a Tensor is a weight, trained if it wants a gradient.

    Where `several_inputs` is true, what is called takes a list (or tuple, or dict) of inputs first, as `Add()([a, b])`
    does, and `build` a list of their shapes. Called on symbols (`nn.Input`), it gives symbols: see `nn.Model`.

    >>> import nn
    >>> class Scale(nn.Module):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight(input_shape[-1:], "ones")
    ...     def call(self, x):
    ...         return x * self.factor
    >>> layer = Scale()
    >>> layer([[1.0, 2.0]])
    tensor([[1., 2.]], from=multiply)
    >>> [(name, weight.shape) for name, weight in layer.named_weights()]
    [('factor', (2,))]
    """

    name: str | None = None
    kind = "module"  # the class's name as people write it: what an unnamed module is called
    named_by_model = False  # nobody chose its name
    _attribute: str | None = None  # what the module that it is part of calls it
    built = False
    training = False
    several_inputs = False
    shares_batch = False  # True: it goes through its batch in blocks, which `tinygrad_lite.threads()` shares out
    output_shape: Any = None  # of what it gave first, None for the batch axis; a list where it gave several

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.kind = snake_case(cls.__name__)

    def build(self, input_shape: Any) -> None:
        """Makes the weights. Called once, before the first `call`."""

    def call(self, x: Any) -> Any:
        """What the module computes."""
        raise NotImplementedError(f"{type(self).__name__} has to say in call(self, x) what it computes")

    def __call__(self, x: Any, *args: Any, **options: Any) -> Any:
        if is_symbolic(x, args, options):
            with self._judging():
                return record(self, x, *args, **options)
        x = self._inputs(x) if self.several_inputs else as_tensor(x)
        with scope(self.name or self._attribute or self.kind):
            first = not self.built
            if first:
                self.build(mapped(lambda each: each.shape, x))
                self.built = True
                for name, child in self._children():
                    child._attribute = name
                if self.training:
                    self.train()  # what was made just now too
            out = self.call(x, *args, **options)
        if first:
            self.output_shape = mapped(lambda each: (None, *each.shape[1:]) if isinstance(each, Tensor) else None, out)
            self.name_weights()
        return out

    def _inputs(self, given: Any) -> Any:
        """The inputs as Tensors, in a list or in the dict in which they were given."""
        if isinstance(given, dict):
            return {name: as_tensor(x) for name, x in given.items()}
        if isinstance(given, (list, tuple)):
            return [as_tensor(x) for x in given]
        raise TypeError(
            f"{self.name or type(self).__name__} takes a list of inputs, such as [a, b], given {type(given).__name__}"
        )

    def add_weight(self, shape: tuple[int, ...], initializer: Any = "glorot_uniform", trainable: bool = True) -> Tensor:
        """A new float32 weight, to be assigned to an attribute: that is its name."""
        from . import initializers

        return tensor(initializers.get(initializer)(shape), requires_grad=trainable)

    def __repr__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        if not self.built:
            return f"<{type(self).__name__}{name}, not built yet>"
        gives = f" gives {self.output_shape}," if self.output_shape is not None else ""
        return f"<{type(self).__name__}{name}{gives} {self.count_params():,} params>"

    # What it is made of.

    def _children(self) -> Iterator[tuple[str, "Module"]]:
        for key, value in vars(self).items():
            if isinstance(value, Module):
                yield value.name or key, value
            elif isinstance(value, (list, tuple)):
                for i, item in enumerate(value):
                    if isinstance(item, Module):
                        yield item.name or f"{key}_{i}", item

    def modules(self) -> Iterator["Module"]:
        """This module and all modules inside it, each once."""
        seen, stack = set(), [self]
        while stack:
            module = stack.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield module
                stack.extend([child for _, child in module._children()][::-1])

    def named_weights(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Each weight with its path, such as `dense_1.kernel`; one that is used in two places, once."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            for key, value in vars(module).items():
                if isinstance(value, Tensor) and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{path}.{key}" if path else key, value
            inner = [(f"{path}.{name}" if path else name, child) for name, child in module._children()]
            stack.extend(inner[::-1])

    @property
    def weights(self) -> list[Tensor]:
        """All weights."""
        return [weight for _, weight in self.named_weights()]

    @property
    def trainable_weights(self) -> list[Tensor]:
        """The weights that want a gradient."""
        return [weight for weight in self.weights if weight.requires_grad]

    def count_params(self) -> int:
        """How many numbers the weights are made of."""
        return sum(weight.size for weight in self.weights)

    def name_weights(self) -> None:
        """Gives each weight its path as its name: that is what errors and pictures call it."""
        for name, weight in self.named_weights():
            weight.name = name

    def train(self, training: bool = True) -> "Module":
        """Switches this module and all inside it to training: dropout drops. `fit` does it by itself."""
        for module in self.modules():
            module.training = training
        return self

    def eval(self) -> "Module":
        """Switches to using what was learnt, as at the beginning: nothing is random."""
        return self.train(False)

    @contextmanager
    def _judging(self) -> Iterator[None]:
        """Records no graph and trains nothing inside; afterwards each module is in the mode in which it was."""
        modes = [(module, module.training) for module in self.modules()]
        self.eval()
        try:
            with no_grad():
                yield
        finally:
            self.train(modes[0][1])  # also modules that were made inside
            for module, training in modes:
                module.training = training

    # Its weights as plain arrays.

    def get_weights(self) -> list:
        """The weights as read-only NumPy arrays, which keep their values when training goes on."""
        return [weight.data for weight in self.weights]

    def set_weights(self, arrays: list) -> None:
        """Gives the weights new values, from arrays of the same shapes in the order of `get_weights`.

        They are cast to the weights' dtypes. Raises ValueError for another number of arrays or another shape, TypeError
        for what is not real numbers; then nothing changes.
        """
        named = list(self.named_weights())
        if len(arrays) != len(named):
            raise ValueError(f"set_weights needs {len(named)} arrays, given {len(arrays)}")
        values = []
        for (name, weight), given in zip(named, arrays, strict=True):
            array = given.data if isinstance(given, Tensor) else np.asarray(given)
            if array.dtype.kind not in "biuf":
                raise TypeError(f"{name} holds real numbers, given an array of {array.dtype}")
            if array.shape != weight.shape:
                raise ValueError(f"{name} has the shape {weight.shape}, given {array.shape}")
            values.append(array.astype(weight.dtype))
        with no_grad():
            for (_, weight), value in zip(named, values, strict=True):
                weight[...] = value

    def build_for(self, input_shape: tuple[int, ...], dtype: Any = np.float32) -> None:
        """Builds it for inputs of this shape (without the batch axis), by letting one sample of zeros through."""
        with no_grad():
            self(zeros((1, *input_shape), dtype))
