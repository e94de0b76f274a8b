"""A Layer: a Module that can open a model, since it may say what inputs it expects."""

from ..checks import sample_shape
from ..module import Module


class Layer(Module):
    """A Module with a name and, if it comes first in a model, the shape of one input sample (without the batch)."""

    input_dtype = "float32"  # of the zeros that build it, where only their shape is known

    def __init__(self, *, input_shape: "tuple[int, ...] | None" = None, name: "str | None" = None) -> None:
        self.input_shape = None if input_shape is None else sample_shape(input_shape)
        self.name = name
