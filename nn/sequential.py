"""A stack of layers."""

from collections.abc import Iterable
from typing import Any

from tinygrad_lite import Tensor

from .model import Model
from .module import Module


class Sequential(Model):
    """Layers one after the other, each on what the one before gives.

    They are given as a list or added one by one. If the first has an `input_shape`, the weights exist at once;
    else they are made when the first batch shows their sizes.

    >>> import nn
    >>> model = nn.Sequential([nn.Dense(4, activation="relu", input_shape=(3,)), nn.Dense(2)])
    >>> model.count_params()
    26
    """

    def __init__(self, layers: Iterable[Module] = (), name: str | None = None) -> None:
        self.name = name
        self.layers: list[Module] = []
        for layer in layers:
            self.add(layer)

    def add(self, layer: Module) -> None:
        """Puts a layer on top, and names it after its class if it has no name.

        Raises TypeError for anything else, ValueError for a name that is taken; a layer that does not fit on top of the
        others raises too. Then it is not added.
        """
        if not isinstance(layer, Module):
            raise TypeError(
                f"Sequential is made of layers such as nn.Dense(10), given {type(layer).__name__} {layer!r:.60}"
            )
        taken = {other.name for other in self.layers}
        if any(layer is other for other in self.layers):
            raise ValueError(f"the layer {layer.name!r} is in this model already: make another one")
        if layer.name is None:
            numbered = [layer.kind, *[f"{layer.kind}_{i}" for i in range(1, len(taken) + 1)]]
            name = next(name for name in numbered if name not in taken)
        elif layer.name in taken:
            raise ValueError(f"there is a layer named {layer.name!r} in this model already: choose another name")
        else:
            name = layer.name
        was_named, was_built = layer.name, self.built
        layer.name = name
        self.layers.append(layer)
        self.built = False  # the next call names the new weights and finds the new output_shape
        try:
            if self.input_shape is not None:
                self.build_for(self.input_shape)  # with the input's shape known, every weight can be made at once
        except BaseException:
            self.layers.pop()
            layer.name, self.built = was_named, was_built
            raise

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """The shape of one sample, if the first layer states it."""
        return getattr(self.layers[0], "input_shape", None) if self.layers else None

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
