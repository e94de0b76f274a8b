"""A stack of layers."""

from collections.abc import Iterable
from typing import Any

from tinygrad_lite import Tensor

from .model import Model
from .module import Module
from .naming import unique_name
from .symbol import Symbol


class Sequential(Model):
    """Layers one after the other, each on what the one before gives.

    They are given as a list or added one by one. If the first is an `nn.Input` or has an `input_shape`, the weights
    exist at once; else they are made when the first batch shows their sizes.

    >>> import nn
    >>> model = nn.Sequential([nn.Dense(4, activation="relu", input_shape=(3,)), nn.Dense(2)])
    >>> model.count_params()
    26
    """

    _input: Symbol | None = None

    def __init__(self, layers: Iterable[Module | Symbol] = (), name: str | None = None) -> None:
        super().__init__(name=name)
        self.layers: list[Module] = []
        for layer in layers:
            self.add(layer)

    def add(self, layer: Module | Symbol) -> None:
        """Puts a layer on top, and names it after its class if it has no name.

        Raises TypeError for anything else, ValueError for a name that is taken; a layer that does not fit on top of the
        others raises too. Then it is not added.
        """
        if isinstance(layer, Symbol):
            if self.layers or self._input is not None or layer.call is not None:
                raise ValueError(f"a Sequential begins with one nn.Input(shape), if any; {layer} can't be added here")
            self._input = layer
            return
        if not isinstance(layer, Module):
            raise TypeError(
                f"Sequential is made of layers such as nn.Dense(10), given {type(layer).__name__} {layer!r:.60}"
            )
        taken = [str(other.name) for other in self.layers]
        if any(layer is other for other in self.layers):
            raise ValueError(f"the layer {layer.name!r} is in this model already: make another one")
        if layer.name in taken and not layer.named_by_model:
            raise ValueError(f"there is a layer named {layer.name!r} in this model already: choose another name")
        before = layer.name, layer.named_by_model, self.built
        if layer.name is None or layer.name in taken:
            layer.name, layer.named_by_model = unique_name(layer.kind, taken), True
        self.layers.append(layer)
        self.built = False  # the next call names the new weights and finds the new output_shape
        try:
            if self.input_shape is not None:  # every weight can be made at once
                self.build_for(self.input_shape, self.input_dtype)
        except BaseException:
            self.layers.pop()
            layer.name, layer.named_by_model, self.built = before
            raise

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """The shape of one sample, if an Input or the first layer states it."""
        if self._input is not None:
            return self._input.sample_shape
        return getattr(self.layers[0], "input_shape", None) if self.layers else None

    @property
    def input_dtype(self) -> Any:
        """The dtype of the samples, if an Input or the first layer states it."""
        if self._input is not None:
            return self._input.dtype
        return getattr(self.layers[0], "input_dtype", "float32") if self.layers else "float32"

    def call(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self) -> str:
        return f"<Sequential {[layer.name for layer in self.layers]}>"

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: Any) -> Any:
        return self.layers[index]
