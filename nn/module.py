"""A Module: weights and other modules under names, and what it computes with them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, asarray, nests, no_grad, scope, tensor, zeros

from . import files
from .blank import blank, is_blank
from .configured import Configured
from .naming import snake_case
from .state import Unmatched, as_array, fitting
from .symbol import is_symbolic, record


def as_tensor(x: Any) -> Tensor:
    """x, if it is a Tensor, else a Tensor with its own copy of the data."""
    if isinstance(x, (list, tuple)) and any(isinstance(part, Tensor) for part in x):
        raise TypeError(
            f"one input is needed, given a list of {len(x)}: Tensors in a list are joined by tinygrad_lite.stack(list)"
            " or nn.Concatenate()"
        )
    return x if isinstance(x, Tensor) else tensor(x)


class Module(Configured):
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
    _built_for: Any = None  # the shape of the inputs that `build` was given
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
                self._build_once(nests.mapped(lambda each: each.shape, x))
            out = self.call(x, *args, **options)
        if first:
            self.output_shape = nests.mapped(
                lambda each: (None, *each.shape[1:]) if isinstance(each, Tensor) else None, out
            )
            self.name_weights()
        return out

    def _build_once(self, input_shape: Any) -> None:
        self.build(input_shape)
        self.built, self._built_for = True, input_shape
        for name, child in self._children():
            child._attribute = name
        if self.training:
            self.train()  # what was made just now too

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

        if is_blank():
            weight = asarray(blank(shape))
            weight.requires_grad = trainable
            return weight
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
            array = as_array(name, given)
            if array.shape != weight.shape:
                raise ValueError(f"{name} has the shape {weight.shape}, given {array.shape}")
            values.append(array.astype(weight.dtype))
        with no_grad():
            for (_, weight), value in zip(named, values, strict=True):
                weight[...] = value

    def state_dict(self) -> dict[str, Any]:
        """The weights by name, as read-only NumPy arrays, which keep their values when training goes on.

        Raises RuntimeError if the weights are not made yet, ValueError if two have the same name.

        >>> import nn
        >>> {name: array.shape for name, array in nn.Sequential([nn.Dense(2, input_shape=(3,))]).state_dict().items()}
        {'dense.kernel': (3, 2), 'dense.bias': (2,)}
        """
        return {name: weight.data for name, weight in self._weights_by_name().items()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Unmatched:
        """Gives the weights new values, from arrays of the same shapes by the names of `state_dict`.

        They are cast to the weights' dtypes. With strict=False names may be missing, whose weights stay as they are,
        and others may be there; they are returned, as `missing_keys` and `unexpected_keys`. Raises ValueError for
        names and shapes that don't fit, TypeError for what is not real numbers, RuntimeError if the weights are not
        made yet; then nothing changes.
        """
        weights = self._weights_by_name()
        values, unmatched = fitting(self.name or self.kind, weights, state, strict)
        with no_grad():
            for name, value in values.items():
                weights[name][...] = value
        return unmatched

    def save_weights(self, path: str | os.PathLike[str]) -> Path:
        """Writes `state_dict()` to a safetensors file, which is the old or the new one at any moment; see `nn.files`.

        >>> import nn, tempfile
        >>> model = nn.Sequential([nn.Dense(2, input_shape=(3,))])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = model.save_weights(folder + "/weights.safetensors")
        ...     model.load_weights(path)
        """
        return files.save(path, self.state_dict())

    def load_weights(self, path: str | os.PathLike[str]) -> None:
        """Gives the weights the values in a file that `save_weights` wrote, or another program, under the same names.

        Raises ValueError for a file that is damaged or holds other weights; the message says which. RuntimeError if the
        weights are not made yet, OSError if the file can't be read. Then nothing changes.
        """
        state = files.load(path)
        try:
            self.load_state_dict(state)
        except (TypeError, ValueError) as error:
            whole = isinstance(state, dict) and {"description", "weights"} <= state.keys()
            reason = "it holds a whole model: write nn.load_model(path)" if whole else error
            raise ValueError(f"{os.fspath(path)}: {reason}") from None

    def _weights_by_name(self) -> dict[str, Tensor]:
        if not self.built and any(not m.built and type(m).build is not Module.build for m in self.modules()):
            raise RuntimeError(
                f"{self.name or self.kind} has no weights yet: give its first layer an input_shape, or call"
                " build_for(input_shape), with the shape of one sample, or call it on a batch"
            )
        weights: dict[str, Tensor] = {}
        for name, weight in self.named_weights():
            if name in weights:
                raise ValueError(f"two weights have the name {name!r}: give one of their layers another name")
            weights[name] = weight
        return weights

    def build_for(self, input_shape: tuple[int, ...], dtype: Any = np.float32) -> None:
        """Builds it for inputs of this shape (without the batch axis), by letting one sample of zeros through."""
        with no_grad():
            self(zeros((1, *input_shape), dtype))
