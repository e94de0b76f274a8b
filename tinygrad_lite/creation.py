"""Making Tensors: from data, or filled."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import ops
from .dtypes import result_type
from .namespace import check_device
from .primitive import NUMBERS, Node, describe, leaf
from .tensor import Tensor, differentiable

# What Python's numbers become.
_DEFAULTS = {np.dtype(np.float64): np.dtype(np.float32), np.dtype(np.complex128): np.dtype(np.complex64)}


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False, name: str | None = None) -> Tensor:
    """A Tensor with its own copy of the data: numbers, nested lists, an array.

    Python floats become float32, complex numbers complex64; arrays and NumPy's numbers keep their dtype. With
    requires_grad, backward() will leave the derivative in `.grad`; the name shows in errors and pictures. Lists with
    Tensors in them are stacked: that is recorded.

    Raises TypeError if the data is not numeric, if requires_grad is asked of integers, or of a Tensor that wants a
    gradient: a copy would drop its graph.

    >>> import tinygrad_lite as tg
    >>> tg.tensor([[1, 2.5], [3, 4]], requires_grad=True)
    tensor([[1. , 2.5],
            [3. , 4. ]], requires_grad=True)
    """
    name = None if name is None else str(name)
    types = _types_in(data)
    if _are_tensors_in(data, types):
        out = _stacked(data, dtype)
        out.name, out.requires_grad = name, requires_grad or out.requires_grad
        return out
    array = _array(data, dtype, True, types)
    return leaf(Tensor, array, differentiable(array, requires_grad), name)


def asarray(data: Any, /, dtype: Any = None, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A constant Tensor on the memory of the given array, without a copy where that is possible.

    Whoever writes to that array changes the Tensor behind the graph's back: use `tensor(data)` unless nobody will.
    Writing to the Tensor, on the other hand, never changes the array. A Tensor is handed back as it is, lists with
    Tensors in them are stacked, as by `tensor`. copy=True: a copy, which of a Tensor is recorded. copy=False: a
    ValueError where a copy is needed.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> tg.asarray([[x, 1.0], [x * x, x]])
    tensor([[3., 1.],
            [9., 3.]], from=concatenate)
    """
    check_device(device)
    types = _types_in(data)
    if _are_tensors_in(data, types):
        if copy is False:
            raise ValueError("asarray: a list of Tensors can't be one Tensor without a copy")
        return _stacked(data, dtype)
    if isinstance(data, Tensor):
        if dtype is None or data.dtype == np.dtype(dtype):
            return data.copy() if copy else data
        if copy is False:
            raise ValueError(f"asarray: a {describe(data)} can't be {np.dtype(dtype)} without a copy")
        return data.astype(dtype)
    return leaf(Tensor, _array(data, dtype, copy, types), shared=not copy)


def _array(data: Any, dtype: Any, copy: bool | None, types: set[type]) -> Any:
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
        if dtype is None and not (hasattr(data, "dtype") or any(hasattr(t, "dtype") for t in types)):  # theirs counts
            array = np.array(data)
            array = array.astype(_DEFAULTS.get(array.dtype, array.dtype), copy=False)
            if copy is False:
                raise ValueError(f"asarray: copy=False is for arrays, given {describe(data)}")
        else:
            array = np.array(data, dtype=dtype, copy=copy)
    if array.dtype.kind not in "biufc":
        raise TypeError(
            f"a Tensor holds numbers, given {type(data).__name__} that NumPy makes a {array.dtype} array of"
        )
    return array


def _types_in(data: Any) -> set[type]:
    """The types of what is in nested lists, or of what is no list."""
    if not isinstance(data, (list, tuple)):
        return {type(data)}
    lists, found = [data], set()
    while lists:
        items = lists.pop()
        for t in set(map(type, items)):
            if issubclass(t, (list, tuple)):
                lists += [x for x in items if type(x) is t]
            else:
                found.add(t)
    return found


def _are_tensors_in(data: Any, types: set[type]) -> bool:
    return isinstance(data, (list, tuple)) and any(issubclass(t, Node) for t in types)


def _stacked(data: Any, dtype: Any) -> Tensor:
    """Nested lists with Tensors in them as one Tensor: a recorded step. Python's numbers take the Tensors' dtype."""
    if dtype is None:
        dtype = result_type(*_elements(data))

    def joined(x: Any) -> Any:
        return ops.stack([joined(part) for part in x]) if isinstance(x, (list, tuple)) else asarray(x, dtype)

    return joined(data)


def _elements(data: Any) -> Iterator[Any]:
    """What nested lists of Tensors and numbers hold."""
    for x in data:
        if isinstance(x, (list, tuple)):
            yield from _elements(x)
        elif type(x) in NUMBERS or hasattr(x, "dtype"):
            yield x
        else:
            raise TypeError(f"a Tensor holds numbers, given {describe(x)} in a list of Tensors")


def _refuse_recorded(name: str, *values: Any) -> None:
    for x in values:
        if isinstance(x, Node) and x._requires_grad:
            raise TypeError(
                f"{name}() makes constants: no gradient would flow to a {describe(x)}. Give it .detach(), or compute"
                " with the Tensor afterwards"
            )


Shape = int | tuple[int, ...]


def empty(shape: Shape, dtype: Any = None, *, device: Any = None) -> Tensor:
    """Of that shape, whatever is in it."""
    return full(shape, 0, dtype or np.float32, device=device)


def zeros(shape: Shape, dtype: Any = None, requires_grad: bool = False, *, device: Any = None) -> Tensor:
    """Filled with 0; of float32, unless a dtype is given."""
    return full(shape, 0, dtype or np.float32, requires_grad, device=device)


def ones(shape: Shape, dtype: Any = None, requires_grad: bool = False, *, device: Any = None) -> Tensor:
    """Filled with 1; of float32, unless a dtype is given."""
    return full(shape, 1, dtype or np.float32, requires_grad, device=device)


def full(
    shape: Shape, fill_value: Any, dtype: Any = None, requires_grad: bool = False, *, device: Any = None
) -> Tensor:
    """Filled with one value, whose dtype it has unless another is given; a Python float is float32.

    The value is a constant: a Tensor that wants a gradient is spread by `broadcast_to`; here, TypeError.
    """
    check_device(device)
    _refuse_recorded("full", fill_value)
    array = np.full(shape, _array(fill_value, dtype, None, _types_in(fill_value)))
    return leaf(Tensor, array, differentiable(array, requires_grad))


def empty_like(x: Any, /, dtype: Any = None, *, device: Any = None) -> Tensor:
    """Of the shape and dtype of x, whatever is in it."""
    return zeros_like(x, dtype, device=device)


def zeros_like(x: Any, /, dtype: Any = None, *, device: Any = None) -> Tensor:
    """Zeros of the shape and dtype of x."""
    return full_like(x, 0, dtype, device=device)


def ones_like(x: Any, /, dtype: Any = None, *, device: Any = None) -> Tensor:
    """Ones of the shape and dtype of x."""
    return full_like(x, 1, dtype, device=device)


def full_like(x: Any, /, fill_value: Any, dtype: Any = None, *, device: Any = None) -> Tensor:
    """One value everywhere, in the shape and dtype of x."""
    check_device(device)
    _refuse_recorded("full_like", fill_value)
    return leaf(Tensor, np.full_like(x._data if isinstance(x, Node) else x, fill_value, dtype=dtype))


def arange(start: Any, /, stop: Any = None, step: Any = 1, dtype: Any = None, *, device: Any = None) -> Tensor:
    """start, start + step, ... up to but without stop; with one argument, 0 up to but without it."""
    check_device(device)
    _refuse_recorded("arange", start, stop, step)
    array = np.arange(start, stop, step) if stop is not None else np.arange(0, start, step)
    return tensor(array, dtype or _DEFAULTS.get(array.dtype))


def linspace(
    start: Any, stop: Any, /, num: int = 50, dtype: Any = None, *, device: Any = None, endpoint: bool = True
) -> Tensor:
    """So many evenly spaced numbers from start to stop, which is included unless endpoint=False."""
    check_device(device)
    _refuse_recorded("linspace", start, stop)
    array = np.linspace(start, stop, num, endpoint=endpoint)
    return tensor(array, dtype or _DEFAULTS.get(array.dtype))


def eye(n_rows: int, n_cols: int | None = None, /, dtype: Any = None, *, k: int = 0, device: Any = None) -> Tensor:
    """Ones on the diagonal, or on the k-th above it, zeros elsewhere; of float32, unless a dtype is given."""
    check_device(device)
    return tensor(np.eye(n_rows, n_cols, k, dtype=dtype or np.float32))


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A constant Tensor on the memory of another library's array, without a copy unless copy=True: see `asarray`.

    >>> import numpy as np, tinygrad_lite as tg
    >>> tg.from_dlpack(np.array([1.0, 2.0]))
    tensor([1., 2.], dtype=float64)
    """
    check_device(device)
    return leaf(Tensor, np.from_dlpack(x, copy=copy), shared=not copy)
