"""NumPy's operators and methods, one line each: what they do is said in `ops` and, for changes in place, `changes`."""

import operator
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, Self, TypeVar

import numpy as np

from . import changes, ops, protocols
from .namespace import VERSIONS, check_device
from .ops.reductions import Axis
from .primitive import ForeignOperand, Node, describe, leaf

T = TypeVar("T", bound=Node)


# An operator leaves an operand that it does not know to the operand's own class, as Python has it.


def _operator(operation: Callable[..., Any]) -> Callable[[T, Any], T]:
    def method(self: T, other: Any, /) -> T:
        try:
            return operation(self, other)
        except ForeignOperand:
            return NotImplemented

    return method


def _reflected(operation: Callable[..., Any]) -> Callable[[T, Any], T]:
    def method(self: T, other: Any, /) -> T:
        try:
            return operation(other, self)
        except ForeignOperand:
            return NotImplemented

    return method


def _compared(operation: Callable[..., Any], numpy_s: Callable[..., Any], x: T, other: Any) -> T:
    """NumPy's answer also to what is no number: unequal, or what the other's class says of each element."""
    try:
        return operation(x, other)
    except ForeignOperand:
        return leaf(type(x), np.asarray(numpy_s(x._data, other)))


def _to_a_number(x: Node, asked: str) -> Any:
    """Its array, for what makes one of Python's numbers of it: libraries do that, and drop the graph without a word."""
    if x._requires_grad:
        raise RuntimeError(
            f"{asked} of a {describe(x)} that wants a gradient would drop the graph: write .item(), or .detach() before"
        )
    return x._data


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

    @property
    def device(self) -> str:
        """Where its elements are: 'cpu'."""
        return self._data.device

    def to_device(self, device: Any, /, *, stream: Any = None) -> Self:
        """Itself: the only device is 'cpu'."""
        check_device(device)
        if stream is not None:
            raise ValueError(f"to_device: {device!r} has no streams, given {stream!r}")
        return self

    def item(self) -> Any:
        """Its single value, as a Python number."""
        return self._data.item()

    def tolist(self) -> Any:
        """Its values as nested lists of Python numbers."""
        return self._data.tolist()

    def __bool__(self, /) -> bool:
        return bool(self._data)

    def __int__(self, /) -> int:
        return int(_to_a_number(self, "int()"))

    def __float__(self, /) -> float:
        return float(_to_a_number(self, "float()"))

    def __complex__(self, /) -> complex:
        return complex(_to_a_number(self, "complex()"))

    def __index__(self, /) -> int:
        return self._data.__index__()

    def __format__(self, spec: str, /) -> str:
        if spec and self.size != 1:
            raise TypeError(f"the format {spec!r} is for a single number, this is a {describe(self)}")
        return format(self.item(), spec) if spec else repr(self)

    def __len__(self, /) -> int:
        if self.ndim == 0:
            raise TypeError(f"len() of a {describe(self)} without axes")
        return self.shape[0]

    def __iter__(self, /) -> Iterator[Self]:
        if self.ndim == 0:
            raise TypeError(f"a {describe(self)} without axes can't be iterated over")
        return (self[i] for i in range(self.shape[0]))

    def __contains__(self, value: Any, /) -> bool:
        return bool((self == value).any())

    # fmt: off
    # Operators.

    __add__ = _operator(ops.add)
    __sub__ = _operator(ops.subtract)
    __mul__ = _operator(ops.multiply)
    __truediv__ = _operator(ops.divide)
    __floordiv__ = _operator(ops.floor_divide)
    __mod__ = _operator(ops.remainder)
    __pow__ = _operator(ops.power)
    __matmul__ = _operator(ops.matmul)
    __and__ = _operator(ops.bitwise_and)
    __or__ = _operator(ops.bitwise_or)
    __xor__ = _operator(ops.bitwise_xor)
    __lshift__ = _operator(ops.bitwise_left_shift)
    __rshift__ = _operator(ops.bitwise_right_shift)
    def __neg__(self, /) -> Self: return ops.negative(self)
    def __pos__(self, /) -> Self: return ops.positive(self)
    def __abs__(self, /) -> Self: return ops.abs(self)
    def __invert__(self, /) -> Self: return ops.invert(self)
    __lt__ = _operator(ops.less)
    __le__ = _operator(ops.less_equal)
    __gt__ = _operator(ops.greater)
    __ge__ = _operator(ops.greater_equal)
    def __eq__(self, other: Any, /) -> Self: return _compared(ops.equal, operator.eq, self, other)  # type: ignore[override]
    def __ne__(self, other: Any, /) -> Self: return _compared(ops.not_equal, operator.ne, self, other)  # type: ignore[override]
    __hash__ = object.__hash__
    def __getitem__(self, index: Any, /) -> Self: return ops.getitem(self, index)
    __radd__ = _reflected(ops.add)
    __rsub__ = _reflected(ops.subtract)
    __rmul__ = _reflected(ops.multiply)
    __rtruediv__ = _reflected(ops.divide)
    __rfloordiv__ = _reflected(ops.floor_divide)
    __rmod__ = _reflected(ops.remainder)
    __rpow__ = _reflected(ops.power)
    __rmatmul__ = _reflected(ops.matmul)
    __rand__ = _reflected(ops.bitwise_and)
    __ror__ = _reflected(ops.bitwise_or)
    __rxor__ = _reflected(ops.bitwise_xor)
    __rlshift__ = _reflected(ops.bitwise_left_shift)
    __rrshift__ = _reflected(ops.bitwise_right_shift)

    # Changes in place: all through one door.

    def __setitem__(self, index: Any, value: Any, /) -> None: changes.write(self, index, value)
    def __iadd__(self, other: Any, /) -> Self: return changes.change(self, ops.add, other)
    def __isub__(self, other: Any, /) -> Self: return changes.change(self, ops.subtract, other)
    def __imul__(self, other: Any, /) -> Self: return changes.change(self, ops.multiply, other)
    def __itruediv__(self, other: Any, /) -> Self: return changes.change(self, ops.divide, other)
    def __ifloordiv__(self, other: Any, /) -> Self: return changes.change(self, ops.floor_divide, other)
    def __imod__(self, other: Any, /) -> Self: return changes.change(self, ops.remainder, other)
    def __ipow__(self, other: Any, /) -> Self: return changes.change(self, ops.power, other)
    def __imatmul__(self, other: Any, /) -> Self: return changes.change(self, ops.matmul, other)
    def __iand__(self, other: Any, /) -> Self: return changes.change(self, ops.bitwise_and, other)
    def __ior__(self, other: Any, /) -> Self: return changes.change(self, ops.bitwise_or, other)
    def __ixor__(self, other: Any, /) -> Self: return changes.change(self, ops.bitwise_xor, other)
    def __ilshift__(self, other: Any, /) -> Self: return changes.change(self, ops.bitwise_left_shift, other)
    def __irshift__(self, other: Any, /) -> Self: return changes.change(self, ops.bitwise_right_shift, other)

    # NumPy's methods: each is the function of the same name in `ops`.

    @property
    def real(self) -> Self: return ops.real(self)
    @property
    def imag(self) -> Self: return ops.imag(self)
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
    def astype(self, dtype: Any, *, copy: bool = True) -> Self: return ops.astype(self, dtype, copy=copy)
    def clip(self, min: Any = None, max: Any = None) -> Self: return ops.clip(self, min, max)
    def conj(self) -> Self: return ops.conj(self)
    def conjugate(self) -> Self: return ops.conj(self)
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
    def prod(self, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Self:
        return ops.prod(self, axis, dtype, keepdims=keepdims)
    def repeat(self, repeats: Any, axis: int | None = None) -> Self: return ops.repeat(self, repeats, axis)
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

    # The array API standard's protocol.

    def __array_namespace__(self, /, *, api_version: str | None = None) -> ModuleType:
        if api_version not in (None, *VERSIONS):
            raise ValueError(f"the array API standard has the versions {', '.join(VERSIONS)}, given {api_version!r}")
        return import_module(__package__)

    # NumPy's protocols: NumPy's functions work on Tensors, too, and never drop a gradient.

    __array_ufunc__ = protocols.array_ufunc
    __array_function__ = protocols.array_function


def _flat(lengths: tuple[Any, ...]) -> Any:
    return tuple(lengths[0]) if len(lengths) == 1 and isinstance(lengths[0], (tuple, list)) else lengths
