"""A Layer: a Module that can open a model, since it may say what inputs it expects."""

from ..module import Module


class Layer(Module):
    """A Module with a name and, if it comes first in a model, the shape of one input sample (without the batch)."""

    def __init__(self, *, input_shape: "tuple[int, ...] | None" = None, name: "str | None" = None) -> None:
        if input_shape is not None and not all(isinstance(n, int) and n > 0 for n in input_shape):
            raise ValueError(f"input_shape is the shape of one sample, such as (784,), given {input_shape!r}")
        self.input_shape = None if input_shape is None else tuple(input_shape)
        self.name = name
