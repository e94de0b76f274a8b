"""Making Tensors: from data, or filled."""

from typing import Any

import numpy as np

from .primitive import Node, describe, leaf
from .tensor import Tensor, differentiable


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """A Tensor with its own copy of the data: numbers, nested lists, an array.

    Python floats become float32; arrays and NumPy's numbers keep their dtype. With requires_grad, backward() will leave
    the derivative in `.grad`; the name shows in errors and pictures.

    Raises TypeError if the data is not numeric, or if requires_grad is asked of integers.

    >>> import tinygrad_lite as tg
    >>> tg.tensor([[1, 2.5], [3, 4]], requires_grad=True)
    tensor([[1. , 2.5],
            [3. , 4. ]], requires_grad=True)
    """
    array = _array(data, dtype, copy=True)
    return leaf(Tensor, array, differentiable(array, requires_grad), None if name is None else str(name))


def asarray(data: Any, dtype: Any = None) -> Tensor:
    """A constant Tensor on the memory of the given array, without a copy where that is possible.

    Whoever writes to that array changes the Tensor behind the graph's back: use `tensor(data)` unless nobody will.
    Writing to the Tensor, on the other hand, never changes the array. A Tensor is handed back as it is.
    """
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype == np.dtype(dtype) else data.astype(dtype)
    return leaf(Tensor, _array(data, dtype, copy=False), shared=True)


def _array(data: Any, dtype: Any, copy: bool) -> Any:
    if isinstance(data, Node):
        if data._requires_grad:
            raise TypeError(
                f"tensor() of a {describe(data)} that wants a gradient would drop its graph: write .detach() or .copy()"
            )
        data = data._data
    if hasattr(data, "__array_function__") and not isinstance(data, np.ndarray):
        array = data.copy() if copy else data  # another library's array stays what it is
        array = array if dtype is None else array.astype(dtype)
    else:
        if dtype is None and not hasattr(data, "dtype") and _only_python_numbers(data):
            array = np.array(data)
            array = array.astype(np.float32) if array.dtype == np.float64 else array
        else:
            array = np.array(data, dtype=dtype, copy=True if copy else None)
    if array.dtype.kind not in "biufc":
        raise TypeError(
            f"a Tensor holds numbers, given {type(data).__name__} that NumPy makes a {array.dtype} array of"
        )
    return array


def _only_python_numbers(data: Any) -> bool:
    """False as soon as one of NumPy's numbers or arrays is found in the nested lists: then their dtype counts."""
    stack = [data]
    while stack:
        item = stack.pop()
        if isinstance(item, (list, tuple)):
            stack.extend(item)
        elif isinstance(item, Node):
            raise TypeError(
                f"a list with a {describe(item)} is joined by tinygrad_lite.stack(list), which keeps the graph"
            )
        elif hasattr(item, "dtype"):
            return False
    return True


def zeros(shape: int | tuple[int, ...], dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Filled with 0."""
    return full(shape, 0, dtype, requires_grad)


def ones(shape: int | tuple[int, ...], dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Filled with 1."""
    return full(shape, 1, dtype, requires_grad)


def full(shape: int | tuple[int, ...], value: Any, dtype: Any = np.float32, requires_grad: bool = False) -> Tensor:
    """Filled with one value."""
    array = np.full(shape, value, dtype)
    return leaf(Tensor, array, differentiable(array, requires_grad))


def zeros_like(x: Any, dtype: Any = None) -> Tensor:
    """Zeros of the shape and dtype of x."""
    return leaf(Tensor, np.zeros_like(x._data if isinstance(x, Node) else x, dtype=dtype))


def ones_like(x: Any, dtype: Any = None) -> Tensor:
    """Ones of the shape and dtype of x."""
    return leaf(Tensor, np.ones_like(x._data if isinstance(x, Node) else x, dtype=dtype))


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """start, start + step, ... up to but without stop; with one argument, 0 up to but without it."""
    array = np.arange(start, stop, step) if stop is not None else np.arange(0, start, step)
    return tensor(array, dtype or (np.float32 if array.dtype == np.float64 else None))


def linspace(start: float, stop: float, num: int = 50, dtype: Any = np.float32) -> Tensor:
    """So many evenly spaced numbers from start to stop, both included."""
    return tensor(np.linspace(start, stop, num), dtype)


def eye(n: int, m: int | None = None, dtype: Any = np.float32) -> Tensor:
    """Ones on the diagonal, zeros elsewhere."""
    return tensor(np.eye(n, m), dtype)
