"""The Tensor: the node of the graph, with NumPy's operators and methods, one line each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import backprop, ops, protocols
from .mode import current, no_grad
from .ops.reductions import Axis
from .primitive import Node, describe, leaf, next_number


class Tensor(Node):
    """An array that remembers how it was computed, if somebody wants a gradient through it.

    Everything NumPy's arrays do, a Tensor does under the same name. It has values, not memory: what was taken from it
    (a view, `.numpy()`) never changes when it is written to.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> "Tensor":
        raise TypeError("a Tensor is made by tinygrad_lite.tensor(data, requires_grad=False)")

    # What it is.

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
    def requires_grad(self) -> bool:
        """True if a gradient is wanted here, or further back in the graph."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self._primitive is not None and not wanted:
            raise RuntimeError(f"requires_grad of a {describe(self)} that was computed can't be unset: use .detach()")
        self._requires_grad = differentiable(self._data, bool(wanted))

    @property
    def is_leaf(self) -> bool:
        """True if no recorded step made it: a parameter, an input, a constant."""
        return self._primitive is None

    @property
    def scope(self) -> tuple[str, ...]:
        """The names of the boxes it was computed in, outermost first."""
        return self._scope

    @property
    def grad(self) -> "Tensor | None":
        """The derivative that backward() left here, of its shape and dtype; None before. `x.grad = None` resets it."""
        return self._grad

    @grad.setter
    def grad(self, value: "Tensor | None") -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"grad must be a Tensor or None, given {describe(value)}: wrap it with tensor(...)")
            if value.shape != self.shape or value.dtype != self.dtype:
                raise ValueError(f"grad of a {describe(self)} must have its dtype and shape, given a {describe(value)}")
        self._grad = value

    # Its values.

    def numpy(self) -> np.ndarray:
        """Its values as a read-only array, without a copy. It keeps them even if the Tensor is written to later."""
        if self._requires_grad:
            raise RuntimeError(
                f"numpy() of a {describe(self)} that wants a gradient would drop the graph: write .detach().numpy()"
            )
        return self.data

    @property
    def data(self) -> np.ndarray:
        """Its values as a read-only array, outside the graph. Assigning replaces them (a change in place)."""
        self._shared = True
        view = self._data.view() if self._data.ndim else np.array(self._data)
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, value: Any) -> None:
        with no_grad():
            self[...] = value

    def item(self) -> Any:
        """Its single value, as a Python number."""
        return self._data.item()

    def tolist(self) -> Any:
        """Its values as nested lists of Python numbers."""
        return self._data.tolist()

    def __repr__(self) -> str:
        prefix = f"{type(self).__name__.lower()}("
        text = np.array2string(np.asarray(self._data), separator=", ", prefix=prefix)
        notes = [f"shape={self.shape}"] if self.size == 0 and self.shape != (0,) else []
        notes += [] if self.dtype in _PLAIN_DTYPES else [f"dtype={self.dtype}"]
        notes += [] if self.name is None else [f"name={self.name!r}"]
        notes += [] if self._primitive is None else [f"from={self._primitive.name}"]
        notes += ["requires_grad=True"] if self._requires_grad and self._primitive is None else []
        return ", ".join([prefix + text, *notes]) + ")"

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

    def __iter__(self) -> Iterator["Tensor"]:
        if self.ndim == 0:
            raise TypeError("a Tensor without axes can't be iterated over")
        return (self[i] for i in range(self.shape[0]))

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    # The graph.

    def backward(self, gradient: Any = None, retain_graph: bool = False, create_graph: bool = False) -> None:
        """Walks the graph back and adds to each leaf's `.grad` the derivative of this Tensor with respect to it.

        gradient: the cotangent to start with, of this Tensor's shape; 1 if it is a single number. retain_graph: keep
        the graph, to walk it again. create_graph: the gradients are Tensors with a graph of their own, so that they can
        be differentiated again (they then refer to the leaf that holds them: set `.grad = None` when done, or use
        `tinygrad_lite.grad`). If anything raises, every `.grad` is left as it was.

        Raises RuntimeError if nothing wants a gradient, if this is not a single number and no gradient is given, if the
        graph was freed, or if a Tensor in it was changed in place after use; ValueError if the given gradient has
        another shape.

        >>> import tinygrad_lite as tg
        >>> x = tg.tensor(2.0, requires_grad=True)
        >>> (x**3).backward(create_graph=True)
        >>> x.grad.item()
        12.0
        """
        backprop.backward(self, gradient, retain_graph, create_graph)

    def detach(self) -> "Tensor":
        """The same values, cut off from the graph: a constant."""
        return ops.detach(self)

    def copy(self) -> "Tensor":
        """The same values in a Tensor of its own; a recorded step."""
        return ops.positive(self) if self.dtype != bool else ops.astype(self, bool)

    __copy__ = copy

    def __deepcopy__(self, memo: dict) -> "Tensor":
        return self._leaf_only("deepcopy", leaf(type(self), self._data.copy(), self._requires_grad, self.name))

    def __reduce__(self) -> tuple:
        state = (type(self), np.asarray(self._data), self._requires_grad, self.name)
        return self._leaf_only("pickle", (leaf, state))

    def _leaf_only(self, verb: str, result: Any) -> Any:
        if self._primitive is not None:
            raise RuntimeError(
                f"{verb} of a {describe(self)} that was computed would copy its graph: .detach() it first"
            )
        return result

    # Changes in place: one door. The Tensor becomes another node, under the next number.

    def _change(self, step: Callable[..., Any], *args: Any) -> "Tensor":
        """Becomes step(what it was, *args). What was computed from it before goes on referring to what it was."""
        self._refuse_unsafe_change()
        before = leaf(type(self), self._data, self._requires_grad, shared=self._shared)
        before._primitive, before._inputs, before._params = self._primitive, self._inputs, self._params
        before._scope, before._number, before.name = self._scope, self._number, self.name
        after = step(before, *args)
        if after.shape != self.shape:
            raise ValueError(
                f"a {describe(self)} can't be changed in place to the shape {after.shape}: write x = x + y"
            )
        if after.dtype != self.dtype:
            if not np.can_cast(after.dtype, self.dtype, "same_kind"):
                raise TypeError(f"a {describe(self)} can't hold {after.dtype} results in place: write x = x + y")
            after = ops.astype(after, self.dtype)
        if after._requires_grad:
            _refer_to(before, self, after)
            self._primitive, self._inputs, self._params = after._primitive, after._inputs, after._params
            self._scope, self._requires_grad = after._scope, True
        self._data, self._number, self._shared = after._data, after._number, False
        return self

    def _refuse_unsafe_change(self) -> None:
        if self._requires_grad and self._primitive is None and current.get().recording:
            raise RuntimeError(
                f"{describe(self)} is a leaf that wants a gradient: changing it in place would lose it."
                " Write x = x + y, or change it inside no_grad()"
            )
        if self._primitive is not None and not current.get().recording:
            raise RuntimeError(
                f"{describe(self)} was computed by {self._primitive.name}: a change inside no_grad() would go unnoticed"
                " by its gradient. Change a copy: x = x.detach().copy()"
            )

    @contextmanager
    def writeable(self) -> Iterator[np.ndarray]:
        """Its own memory, as an array to write to inside the block: for optimizers, without a copy.

        A leaf that wants a gradient is written to inside `no_grad()` only. Whoever took its values before keeps them.

        >>> import tinygrad_lite as tg
        >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> with tg.no_grad(), w.writeable() as array:
        ...     array *= 10
        >>> w
        tensor([10., 20.], requires_grad=True)
        """
        self._refuse_unsafe_change()
        if self._primitive is not None:
            raise RuntimeError(
                f"{describe(self)} was computed by {self._primitive.name}: only a leaf's memory is written to"
            )
        if self._shared or self.ndim == 0:
            self._data, self._shared = np.copy(self._data, subok=True), False
        array = self._data.view()
        try:
            yield array
        finally:
            array.flags.writeable = False
            self._number = next_number()
            if self.ndim == 0:
                self._data = self._data[()]

    def __setitem__(self, index: Any, value: Any) -> None:
        wanted = self._requires_grad or (isinstance(value, Node) and value._requires_grad)
        if wanted and current.get().recording:
            self._change(ops.setitem, index, value)
            return
        with self.writeable() as array:
            array[ops.indexing.freeze(index)] = value._data if isinstance(value, Node) else value

    # fmt: off
    def __iadd__(self, other: Any) -> "Tensor": return self._change(ops.add, other)
    def __isub__(self, other: Any) -> "Tensor": return self._change(ops.subtract, other)
    def __imul__(self, other: Any) -> "Tensor": return self._change(ops.multiply, other)
    def __itruediv__(self, other: Any) -> "Tensor": return self._change(ops.divide, other)
    def __ifloordiv__(self, other: Any) -> "Tensor": return self._change(ops.floor_divide, other)
    def __imod__(self, other: Any) -> "Tensor": return self._change(ops.remainder, other)
    def __ipow__(self, other: Any) -> "Tensor": return self._change(ops.power, other)
    def __imatmul__(self, other: Any) -> "Tensor": return self._change(ops.matmul, other)
    def __iand__(self, other: Any) -> "Tensor": return self._change(ops.bitwise_and, other)
    def __ior__(self, other: Any) -> "Tensor": return self._change(ops.bitwise_or, other)
    def __ixor__(self, other: Any) -> "Tensor": return self._change(ops.bitwise_xor, other)

    # Operators.

    def __add__(self, other: Any) -> "Tensor": return ops.add(self, other)
    def __sub__(self, other: Any) -> "Tensor": return ops.subtract(self, other)
    def __mul__(self, other: Any) -> "Tensor": return ops.multiply(self, other)
    def __truediv__(self, other: Any) -> "Tensor": return ops.divide(self, other)
    def __floordiv__(self, other: Any) -> "Tensor": return ops.floor_divide(self, other)
    def __mod__(self, other: Any) -> "Tensor": return ops.remainder(self, other)
    def __pow__(self, other: Any) -> "Tensor": return ops.power(self, other)
    def __matmul__(self, other: Any) -> "Tensor": return ops.matmul(self, other)
    def __and__(self, other: Any) -> "Tensor": return ops.bitwise_and(self, other)
    def __or__(self, other: Any) -> "Tensor": return ops.bitwise_or(self, other)
    def __xor__(self, other: Any) -> "Tensor": return ops.bitwise_xor(self, other)
    def __neg__(self) -> "Tensor": return ops.negative(self)
    def __pos__(self) -> "Tensor": return ops.positive(self)
    def __abs__(self) -> "Tensor": return ops.abs(self)
    def __invert__(self) -> "Tensor": return ops.invert(self)
    def __lt__(self, other: Any) -> "Tensor": return ops.less(self, other)
    def __le__(self, other: Any) -> "Tensor": return ops.less_equal(self, other)
    def __gt__(self, other: Any) -> "Tensor": return ops.greater(self, other)
    def __ge__(self, other: Any) -> "Tensor": return ops.greater_equal(self, other)
    def __eq__(self, other: Any) -> "Tensor": return ops.equal(self, other)  # type: ignore[override]
    def __ne__(self, other: Any) -> "Tensor": return ops.not_equal(self, other)  # type: ignore[override]
    __hash__ = object.__hash__
    def __getitem__(self, index: Any) -> "Tensor": return ops.getitem(self, index)
    def __radd__(self, other: Any) -> "Tensor": return ops.add(other, self)
    def __rsub__(self, other: Any) -> "Tensor": return ops.subtract(other, self)
    def __rmul__(self, other: Any) -> "Tensor": return ops.multiply(other, self)
    def __rtruediv__(self, other: Any) -> "Tensor": return ops.divide(other, self)
    def __rfloordiv__(self, other: Any) -> "Tensor": return ops.floor_divide(other, self)
    def __rmod__(self, other: Any) -> "Tensor": return ops.remainder(other, self)
    def __rpow__(self, other: Any) -> "Tensor": return ops.power(other, self)
    def __rmatmul__(self, other: Any) -> "Tensor": return ops.matmul(other, self)
    def __rand__(self, other: Any) -> "Tensor": return ops.bitwise_and(other, self)
    def __ror__(self, other: Any) -> "Tensor": return ops.bitwise_or(other, self)
    def __rxor__(self, other: Any) -> "Tensor": return ops.bitwise_xor(other, self)

    # NumPy's methods: each is the function of the same name in `ops`.

    @property
    def T(self) -> "Tensor": return ops.transpose(self)
    @property
    def mT(self) -> "Tensor": return ops.swapaxes(self, -1, -2)
    def all(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        return ops.all(self, axis, keepdims=keepdims)
    def any(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        return ops.any(self, axis, keepdims=keepdims)
    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> "Tensor":
        return ops.argmax(self, axis, keepdims=keepdims)
    def argmin(self, axis: int | None = None, *, keepdims: bool = False) -> "Tensor":
        return ops.argmin(self, axis, keepdims=keepdims)
    def astype(self, dtype: Any) -> "Tensor": return ops.astype(self, dtype)
    def clip(self, min: Any = None, max: Any = None) -> "Tensor": return ops.clip(self, min, max)
    def cumprod(self, axis: int) -> "Tensor": return ops.cumprod(self, axis)
    def cumsum(self, axis: int) -> "Tensor": return ops.cumsum(self, axis)
    def dot(self, other: Any) -> "Tensor": return ops.dot(self, other)
    def flatten(self) -> "Tensor": return ops.reshape(self, (-1,))
    def ravel(self) -> "Tensor": return ops.reshape(self, (-1,))
    def max(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        return ops.max(self, axis, keepdims=keepdims)
    def mean(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        return ops.mean(self, axis, keepdims=keepdims)
    def min(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        return ops.min(self, axis, keepdims=keepdims)
    def prod(self, axis: Axis = None, *, keepdims: bool = False) -> "Tensor":
        return ops.prod(self, axis, keepdims=keepdims)
    def repeat(self, repeats: int, axis: int | None = None) -> "Tensor": return ops.repeat(self, repeats, axis)
    def reshape(self, *shape: Any) -> "Tensor": return ops.reshape(self, _flat(shape))
    def round(self, decimals: int = 0) -> "Tensor": return ops.round(self, decimals)
    def squeeze(self, axis: Axis = None) -> "Tensor": return ops.squeeze(self, axis)
    def std(self, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> "Tensor":
        return ops.std(self, axis, ddof=ddof, keepdims=keepdims)
    def sum(self, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> "Tensor":
        return ops.sum(self, axis, dtype, keepdims=keepdims)
    def swapaxes(self, axis1: int, axis2: int) -> "Tensor": return ops.swapaxes(self, axis1, axis2)
    def take(self, indices: Any, axis: int | None = None) -> "Tensor": return ops.take(self, indices, axis)
    def trace(self) -> "Tensor": return ops.trace(self)
    def transpose(self, *axes: Any) -> "Tensor": return ops.transpose(self, _flat(axes) if axes else None)
    def var(self, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> "Tensor":
        return ops.var(self, axis, ddof=ddof, keepdims=keepdims)
    # fmt: on

    # NumPy's protocols: NumPy's functions work on Tensors, too, and never drop a gradient.

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    __array_ufunc__ = protocols.array_ufunc
    __array_function__ = protocols.array_function


_PLAIN_DTYPES = (np.dtype(np.float32), np.dtype(np.int64), np.dtype(np.bool_))


def _flat(lengths: tuple[Any, ...]) -> Any:
    return tuple(lengths[0]) if len(lengths) == 1 and isinstance(lengths[0], (tuple, list)) else lengths


def differentiable(data: Any, wanted: bool) -> bool:
    """`wanted`, or a TypeError if these elements have no derivative."""
    if wanted and data.dtype.kind != "f":
        raise TypeError(
            f"requires_grad=True needs floating point numbers, given {data.dtype}: write tensor(data, dtype='float32')"
        )
    return wanted


def _refer_to(before: Node, changed: Node, after: Node) -> None:
    """Points the steps of the change that used the changed Tensor to what it was: no circle in the graph."""
    stack, seen = [after], {after._number}
    while stack:
        node = stack.pop()
        if any(x is changed for x in node._inputs or ()):
            node._inputs = tuple(before if x is changed else x for x in node._inputs or ())
        for x in node._inputs or ():
            if isinstance(x, Node) and x._number > before._number and x._number not in seen:
                seen.add(x._number)
                stack.append(x)
