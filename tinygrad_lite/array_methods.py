"""NumPy's operators and methods, one line each: what they do is said in `ops` and, for changes in place, `changes`."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from . import changes, ops, protocols
from .ops.reductions import Axis
from .primitive import Node, describe


class ArrayMethods(Node):
    """A node that answers to what NumPy's arrays answer to."""

    __slots__ = ()

    # Attributes and conversions.

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self._data.shape

    @property
    def dtype(self) -> np.dtype:
        """The type of its elements."""
        return self._data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._data.size

    @property
    def nbytes(self) -> int:
        """The memory that its elements take, in bytes."""
        return self._data.nbytes

    def item(self) -> Any:
        """Its single value, as a Python number."""
        return self._data.item()

    def tolist(self) -> Any:
        """Its values as nested lists of Python numbers."""
        return self._data.tolist()

    def __bool__(self) -> bool:
        return bool(self._data)

    def __int__(self) -> int:
        return int(self._data)

    def __float__(self) -> float:
        return float(self._data)

    def __index__(self) -> int:
        return self._data.__index__()

    def __format__(self, spec: str) -> str:
        if spec and self.size != 1:
            raise TypeError(f"the format {spec!r} is for a single number, this is a {describe(self)}")
        return format(self.item(), spec) if spec else repr(self)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a Tensor without axes")
        return self.shape[0]

    def __iter__(self) -> Iterator[Self]:
        if self.ndim == 0:
            raise TypeError("a Tensor without axes can't be iterated over")
        return (self[i] for i in range(self.shape[0]))

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    # fmt: off
    # Operators.

    def __add__(self, other: Any) -> Self: return ops.add(self, other)
    def __sub__(self, other: Any) -> Self: return ops.subtract(self, other)
    def __mul__(self, other: Any) -> Self: return ops.multiply(self, other)
    def __truediv__(self, other: Any) -> Self: return ops.divide(self, other)
    def __floordiv__(self, other: Any) -> Self: return ops.floor_divide(self, other)
    def __mod__(self, other: Any) -> Self: return ops.remainder(self, other)
    def __pow__(self, other: Any) -> Self: return ops.power(self, other)
    def __matmul__(self, other: Any) -> Self: return ops.matmul(self, other)
    def __and__(self, other: Any) -> Self: return ops.bitwise_and(self, other)
    def __or__(self, other: Any) -> Self: return ops.bitwise_or(self, other)
    def __xor__(self, other: Any) -> Self: return ops.bitwise_xor(self, other)
    def __neg__(self) -> Self: return ops.negative(self)
    def __pos__(self) -> Self: return ops.positive(self)
    def __abs__(self) -> Self: return ops.abs(self)
    def __invert__(self) -> Self: return ops.invert(self)
    def __lt__(self, other: Any) -> Self: return ops.less(self, other)
    def __le__(self, other: Any) -> Self: return ops.less_equal(self, other)
    def __gt__(self, other: Any) -> Self: return ops.greater(self, other)
    def __ge__(self, other: Any) -> Self: return ops.greater_equal(self, other)
    def __eq__(self, other: Any) -> Self: return ops.equal(self, other)  # type: ignore[override]
    def __ne__(self, other: Any) -> Self: return ops.not_equal(self, other)  # type: ignore[override]
    __hash__ = object.__hash__
    def __getitem__(self, index: Any) -> Self: return ops.getitem(self, index)
    def __radd__(self, other: Any) -> Self: return ops.add(other, self)
    def __rsub__(self, other: Any) -> Self: return ops.subtract(other, self)
    def __rmul__(self, other: Any) -> Self: return ops.multiply(other, self)
    def __rtruediv__(self, other: Any) -> Self: return ops.divide(other, self)
    def __rfloordiv__(self, other: Any) -> Self: return ops.floor_divide(other, self)
    def __rmod__(self, other: Any) -> Self: return ops.remainder(other, self)
    def __rpow__(self, other: Any) -> Self: return ops.power(other, self)
    def __rmatmul__(self, other: Any) -> Self: return ops.matmul(other, self)
    def __rand__(self, other: Any) -> Self: return ops.bitwise_and(other, self)
    def __ror__(self, other: Any) -> Self: return ops.bitwise_or(other, self)
    def __rxor__(self, other: Any) -> Self: return ops.bitwise_xor(other, self)

    # Changes in place: all through one door.

    def __setitem__(self, index: Any, value: Any) -> None: changes.write(self, index, value)
    def __iadd__(self, other: Any) -> Self: return changes.change(self, ops.add, other)
    def __isub__(self, other: Any) -> Self: return changes.change(self, ops.subtract, other)
    def __imul__(self, other: Any) -> Self: return changes.change(self, ops.multiply, other)
    def __itruediv__(self, other: Any) -> Self: return changes.change(self, ops.divide, other)
    def __ifloordiv__(self, other: Any) -> Self: return changes.change(self, ops.floor_divide, other)
    def __imod__(self, other: Any) -> Self: return changes.change(self, ops.remainder, other)
    def __ipow__(self, other: Any) -> Self: return changes.change(self, ops.power, other)
    def __imatmul__(self, other: Any) -> Self: return changes.change(self, ops.matmul, other)
    def __iand__(self, other: Any) -> Self: return changes.change(self, ops.bitwise_and, other)
    def __ior__(self, other: Any) -> Self: return changes.change(self, ops.bitwise_or, other)
    def __ixor__(self, other: Any) -> Self: return changes.change(self, ops.bitwise_xor, other)

    # NumPy's methods: each is the function of the same name in `ops`.

    @property
    def T(self) -> Self: return ops.transpose(self)
    @property
    def mT(self) -> Self: return ops.swapaxes(self, -1, -2)
    def all(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        return ops.all(self, axis, keepdims=keepdims)
    def any(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        return ops.any(self, axis, keepdims=keepdims)
    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Self:
        return ops.argmax(self, axis, keepdims=keepdims)
    def argmin(self, axis: int | None = None, *, keepdims: bool = False) -> Self:
        return ops.argmin(self, axis, keepdims=keepdims)
    def astype(self, dtype: Any) -> Self: return ops.astype(self, dtype)
    def clip(self, min: Any = None, max: Any = None) -> Self: return ops.clip(self, min, max)
    def cumprod(self, axis: int) -> Self: return ops.cumprod(self, axis)
    def cumsum(self, axis: int) -> Self: return ops.cumsum(self, axis)
    def dot(self, other: Any) -> Self: return ops.dot(self, other)
    def flatten(self) -> Self: return ops.reshape(self, (-1,))
    def ravel(self) -> Self: return ops.reshape(self, (-1,))
    def max(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        return ops.max(self, axis, keepdims=keepdims)
    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        return ops.mean(self, axis, keepdims=keepdims)
    def min(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        return ops.min(self, axis, keepdims=keepdims)
    def prod(self, axis: Axis = None, *, keepdims: bool = False) -> Self:
        return ops.prod(self, axis, keepdims=keepdims)
    def repeat(self, repeats: int, axis: int | None = None) -> Self: return ops.repeat(self, repeats, axis)
    def reshape(self, *shape: Any) -> Self: return ops.reshape(self, _flat(shape))
    def round(self, decimals: int = 0) -> Self: return ops.round(self, decimals)
    def squeeze(self, axis: Axis = None) -> Self: return ops.squeeze(self, axis)
    def std(self, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Self:
        return ops.std(self, axis, ddof=ddof, keepdims=keepdims)
    def sum(self, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Self:
        return ops.sum(self, axis, dtype, keepdims=keepdims)
    def swapaxes(self, axis1: int, axis2: int) -> Self: return ops.swapaxes(self, axis1, axis2)
    def take(self, indices: Any, axis: int | None = None) -> Self: return ops.take(self, indices, axis)
    def trace(self) -> Self: return ops.trace(self)
    def transpose(self, *axes: Any) -> Self: return ops.transpose(self, _flat(axes) if axes else None)
    def var(self, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Self:
        return ops.var(self, axis, ddof=ddof, keepdims=keepdims)
    # fmt: on

    # NumPy's protocols: NumPy's functions work on Tensors, too, and never drop a gradient.

    __array_ufunc__ = protocols.array_ufunc
    __array_function__ = protocols.array_function


def _flat(lengths: tuple[Any, ...]) -> Any:
    return tuple(lengths[0]) if len(lengths) == 1 and isinstance(lengths[0], (tuple, list)) else lengths
