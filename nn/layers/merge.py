"""Several inputs to one: what joins the branches of a network. Each layer is called on a list."""

import functools
from typing import Any

import numpy as np

import tinygrad_lite as tg
from tinygrad_lite import Tensor

from .layer import Layer

Shapes = list[tuple[int, ...]]


def _alike(inputs: list[Tensor]) -> list[Tensor]:
    """The inputs, whole numbers cast to the dtype of the first floating point numbers, if there are any."""
    dtype = next((x.dtype for x in inputs if x.dtype.kind == "f"), None)
    return inputs if dtype is None else [x if x.dtype.kind == "f" else x.astype(dtype) for x in inputs]


class Merge(Layer):
    """What the merging layers share: a list of at least two inputs in, one Tensor out.

    A subclass says in `merge` what becomes of the inputs and in `fits` which shapes go together. Whole numbers next to
    floating point numbers become such. Raises TypeError for what is no list, ValueError for shapes that don't fit.
    """

    several_inputs = True
    pair = False  # True: of just two inputs

    def call(self, inputs: list[Tensor]) -> Tensor:
        kind, shapes = type(self).__name__, [x.shape for x in inputs]
        if len(inputs) < 2 or (self.pair and len(inputs) > 2):
            raise ValueError(
                f"{kind} needs a list of {'' if self.pair else 'at least '}two inputs, given {len(inputs)}"
            )
        if not self.fits(shapes):
            raise ValueError(f"{kind} can't merge inputs of the shapes {', '.join(map(str, shapes))}")
        return self.merge(_alike(inputs))

    def fits(self, shapes: Shapes) -> bool:
        """True if there are as many samples of each and, along the other axes, the same lengths, or 1."""
        if len(set(map(len, shapes))) > 1 or not shapes[0]:
            return False
        batch, *axes = [set(lengths) for lengths in zip(*shapes, strict=True)]
        return len(batch) == 1 and all(len(lengths - {1}) <= 1 for lengths in axes)

    def merge(self, inputs: list[Tensor]) -> Tensor:
        """What becomes of the inputs."""
        raise NotImplementedError


class Add(Merge):
    """a + b + ..., element by element: how a residual block joins what it computed to what it was given.

    The inputs are of one shape; where one has the length 1 along an axis (not the batch's), it is repeated.

    >>> import nn
    >>> nn.Add()([[[1.0, 2.0]], [[3.0, 4.0]]])
    tensor([[4., 6.]])
    """

    def merge(self, inputs: list[Tensor]) -> Tensor:
        return functools.reduce(tg.add, inputs)


class Subtract(Merge):
    """a - b, element by element, of two inputs; their shapes as in `Add`.

    >>> import nn
    >>> nn.Subtract()([[[1.0, 2.0]], [[3.0, 5.0]]])
    tensor([[-2., -3.]])
    """

    pair = True

    def merge(self, inputs: list[Tensor]) -> Tensor:
        return inputs[0] - inputs[1]


class Multiply(Merge):
    """a * b * ..., element by element: a gate where one of them is between 0 and 1; shapes as in `Add`.

    >>> import nn
    >>> nn.Multiply()([[[1.0, 2.0]], [[3.0, 4.0]]])
    tensor([[3., 8.]])
    """

    def merge(self, inputs: list[Tensor]) -> Tensor:
        return functools.reduce(tg.multiply, inputs)


class Average(Merge):
    """(a + b + ...) / how many they are, element by element; shapes as in `Add`. Whole numbers become float32.

    >>> import nn
    >>> nn.Average()([[[1.0, 2.0]], [[3.0, 4.0]]])
    tensor([[2., 3.]])
    """

    def merge(self, inputs: list[Tensor]) -> Tensor:
        total = functools.reduce(tg.add, [x if x.dtype.kind == "f" else x.astype(np.float32) for x in inputs])
        return total * (1 / len(inputs))


class Maximum(Merge):
    """The largest, element by element; shapes as in `Add`. Where several are, the gradient is split evenly.

    >>> import nn
    >>> nn.Maximum()([[[1.0, 5.0]], [[3.0, 4.0]]])
    tensor([[3., 5.]])
    """

    def merge(self, inputs: list[Tensor]) -> Tensor:
        return functools.reduce(tg.maximum, inputs)


class Minimum(Merge):
    """The smallest, element by element; shapes as in `Add`. Where several are, the gradient is split evenly.

    >>> import nn
    >>> nn.Minimum()([[[1.0, 5.0]], [[3.0, 4.0]]])
    tensor([[1., 4.]])
    """

    def merge(self, inputs: list[Tensor]) -> Tensor:
        return functools.reduce(tg.minimum, inputs)


class Concatenate(Merge):
    """One after the other along an axis, which is not the batch's; along the others they are of the same length.

    >>> import nn
    >>> nn.Concatenate()([[[1.0, 2.0]], [[3.0]]])
    tensor([[1., 2., 3.]])
    """

    def __init__(self, axis: int = -1, name: str | None = None) -> None:
        super().__init__(name=name)
        self.axis = axis

    def fits(self, shapes: Shapes) -> bool:
        axis = _axis("axis", self.axis, shapes[0])
        return len({(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}) == 1 == len(set(map(len, shapes)))

    def merge(self, inputs: list[Tensor]) -> Tensor:
        return tg.concatenate(inputs, axis=self.axis)


class Dot(Merge):
    """The products of two inputs, added up along one axis of each: what attention compares a query and its keys by.

    axes: the axis of both inputs, or a pair, one for each; not the batch's. (batch, i, k) and (batch, j, k) with axes=2
    give (batch, i, j); (batch, k) and (batch, k) with axes=1 give (batch, 1). normalize: divides each vector along its
    axis by its length first: the cosines.

    >>> import nn, numpy as np
    >>> nn.Dot(axes=(1, 2))([np.ones((5, 4, 2), np.float32), np.ones((5, 3, 4), np.float32)]).shape
    (5, 2, 3)
    """

    pair = True

    def __init__(self, axes: int | tuple[int, int], normalize: bool = False, name: str | None = None) -> None:
        super().__init__(name=name)
        self.axes = axes if isinstance(axes, (tuple, list)) else (axes, axes)
        if len(self.axes) != 2:
            raise ValueError(f"axes must be a whole number or two of them, given {axes!r}")
        self.normalize = normalize

    def fits(self, shapes: Shapes) -> bool:
        a, b = [_axis("axes", axis, shape) for axis, shape in zip(self.axes, shapes, strict=True)]
        return shapes[0][0] == shapes[1][0] and shapes[0][a] == shapes[1][b]

    def merge(self, inputs: list[Tensor]) -> Tensor:
        (x, y), (a, b) = inputs, [axis % x.ndim for axis, x in zip(self.axes, inputs, strict=True)]
        if self.normalize:
            x, y = _unit(x, a), _unit(y, b)
        # Letters for einsum: z for the batch, k for what is added up along.
        left = "z" + "abcdefgh"[: x.ndim - 2]
        right = "z" + "stuvwxy"[: y.ndim - 2]
        out = tg.einsum(f"{left[:a]}k{left[a:]},{right[:b]}k{right[b:]}->{left}{right[1:]}", x, y)
        return out if out.ndim > 1 else out[:, None]


def _unit(x: Tensor, axis: int) -> Tensor:
    """The vectors along this axis divided by their lengths; one of zeros stays."""
    return x / tg.maximum(tg.norm(x, axis=axis, keepdims=True), 1e-12)


def _axis(name: str, axis: Any, shape: tuple[int, ...]) -> int:
    """The axis counted from the front. Raises TypeError for no whole number, ValueError for none of its axes."""
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, given {type(axis).__name__} {axis!r:.60}")
    if not -len(shape) < axis < len(shape) or axis == 0:
        raise ValueError(f"{name} must be an axis of the shape {shape} other than the batch's, given {axis}")
    return int(axis) % len(shape)
