"""The Tensor: an array that remembers how it was computed."""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import backprop, changes, hooks, ops
from .array_methods import ArrayMethods
from .batching import Batch
from .mode import no_grad
from .primitive import describe, leaf


class Tensor(ArrayMethods):
    """An array that remembers how it was computed, if somebody wants a gradient through it.

    What NumPy's arrays do, a Tensor does under the same name (see `ArrayMethods`). It has values, not memory: what was
    taken from it (a view, `.numpy()`) never changes when it is written to.

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

    def __repr__(self) -> str:
        prefix = f"{type(self).__name__.lower()}("
        if type(self._data) is Batch:
            text = f"<one of {self._data.level.size} examples>"
        else:
            text = np.array2string(np.asarray(self._data), separator=", ", prefix=prefix)
        untold = type(self._data) is Batch or (self.size == 0 and self.shape != (0,))
        notes = [f"shape={self.shape}"] if untold else []
        notes += [] if self.dtype in _PLAIN_DTYPES else [f"dtype={self.dtype}"]
        notes += [] if self.name is None else [f"name={self.name!r}"]
        notes += [] if self._primitive is None else [f"from={self._primitive.name}"]
        notes += ["requires_grad=True"] if self._requires_grad and self._primitive is None else []
        return ", ".join([prefix + text, *notes]) + ")"

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

    def register_hook(self, hook: Callable[["Tensor"], Any]) -> hooks.RemovableHandle:
        """Has hook(gradient) called whenever a gradient of this Tensor is computed; what it returns replaces it.

        The gradient is a Tensor, all that this walk back hands to this Tensor; None returned leaves it as it is. With
        `create_graph` it can be differentiated, and so can what is returned. Gives a handle: `handle.remove()` ends it.
        After a change in place the hook stays with the value it was made for. Raises RuntimeError if no gradient is
        wanted here; in the walk, ValueError for a replacement of another shape.

        >>> import tinygrad_lite as tg
        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> handle = x.register_hook(lambda g: g.clip(-3, 3))
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 3.])
        """
        return hooks.register(self, hook)

    def retain_grad(self) -> None:
        """Has backward() leave the gradient in `.grad`, though this is no leaf.

        Raises RuntimeError if no gradient is wanted here.

        >>> import tinygrad_lite as tg
        >>> x = tg.tensor(3.0, requires_grad=True)
        >>> y = x * x
        >>> y.retain_grad()
        >>> (2 * y).backward()
        >>> y.grad
        tensor(2.)
        """
        hooks.retain(self)

    @property
    def retains_grad(self) -> bool:
        """True if it is no leaf, and backward() leaves its gradient in `.grad` all the same."""
        return hooks.RETAIN in (self._hooks or ())

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

    # Changes in place.

    def writeable(self) -> changes.Writeable:
        """Its own memory, as an array to write to inside the block: for optimizers, without a copy.

        A leaf that wants a gradient is written to inside `no_grad()` only. Whoever took its values before keeps them.

        >>> import tinygrad_lite as tg
        >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> with tg.no_grad(), w.writeable() as array:
        ...     array *= 10
        >>> w
        tensor([10., 20.], requires_grad=True)
        """
        return changes.Writeable(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __dlpack__(
        self, /, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        """Its memory for another library's `from_dlpack`: read-only, without a copy unless copy=True.

        Who names no version, or one before 1.0, can't be told that memory is read-only. He is handed memory of his own,
        whatever he says of copies: nobody writes to a Tensor unnoticed, and as it has values, not memory, he can't tell
        its memory from his own. Raises BufferError while a gradient is wanted.

        >>> import numpy as np, tinygrad_lite as tg
        >>> np.from_dlpack(tg.tensor([1.0, 2.0]))
        array([1., 2.], dtype=float32)
        """
        if self._requires_grad:
            raise BufferError(f"a {describe(self)} that wants a gradient can't leave the graph: give .detach()")
        if max_version is None or max_version < (1, 0):
            copy = True
        return self.data.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)

    def __dlpack_device__(self, /) -> tuple[int, int]:
        return self.data.__dlpack_device__()


_PLAIN_DTYPES = (np.dtype(np.float32), np.dtype(np.int64), np.dtype(np.bool_))


def differentiable(data: Any, wanted: bool) -> bool:
    """`wanted`, or a TypeError if these elements have no derivative."""
    if wanted and data.dtype.kind not in "fc":
        raise TypeError(
            f"requires_grad=True needs floating point or complex numbers, given {data.dtype}: write"
            " tensor(data, dtype='float32')"
        )
    return wanted
