"""Values to come: a layer called on a symbol is not computed but noted down, to be run when there are numbers."""

from collections.abc import Callable, Collection, Iterator
from contextvars import ContextVar
from itertools import count
from typing import Any, NoReturn

import numpy as np

import tinygrad_lite as tg
from tinygrad_lite import Tensor, nests, no_grad, zeros

from .checks import sample_shape

next_number = count().__next__
owned: ContextVar[Collection[int]] = ContextVar("owned", default=())  # the ids of weights that somebody trains


class Operation:
    """A function of Tensors, such as an operator, in the place of a layer."""

    name: str | None = None
    named_by_model = False

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.kind = function.__name__

    def __call__(self, *args: Any) -> Any:
        return record(self, *args) if is_symbolic(args) else self.function(*args)


class Call:
    """A Module or an Operation that was called on symbols, with all that it was given."""

    def __init__(self, function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.number = next_number()
        self.function = function
        self.args, self.options = nests.mapped(_kept, (args, options))
        self.outputs: list[Symbol] = []

    def inputs(self) -> "list[Symbol]":
        """The symbols among the arguments, in order."""
        return [leaf for leaf in nests.leaves((self.args, self.options)) if isinstance(leaf, Symbol)]

    def run(self, value_of: "Callable[[Symbol], Tensor]") -> Any:
        """What the function gives for these values of the symbols."""

        def value(leaf: Any) -> Any:
            return value_of(leaf) if isinstance(leaf, Symbol) else leaf

        return self.function(*nests.mapped(value, self.args), **nests.mapped(value, self.options))


def _kept(x: Any) -> Any:
    """x, as it is now: the caller may write to his array."""
    return x.copy() if isinstance(x, np.ndarray) else x


def record(function: Any, *args: Any, **options: Any) -> Any:
    """Notes the call down and returns the symbols of what it will give, in the lists or tuples that it gives.

    Their shapes and dtypes are found by letting one sample of zeros through, which also builds the layers.
    """
    call, name = Call(function, args, options), function.name or function.kind
    for leaf in nests.leaves((args, options)):
        if isinstance(leaf, Tensor) and leaf.requires_grad and id(leaf) not in owned.get():
            raise TypeError(
                f"{name} was given symbols and a Tensor that wants a gradient, which no layer would own and nothing"
                " would train: make it the weight of a Module of your own, or .detach() it"
            )

    def symbol(out: Any) -> Symbol:
        if not isinstance(out, Tensor):
            raise TypeError(f"{name} must give Tensors to be called on symbols, it gave {type(out).__name__}")
        if out.shape[:1] != (1,):
            raise ValueError(
                f"{name} must keep the batch axis: for one sample, of the shape {call.inputs()[0].shape}, it gave"
                f" the shape {out.shape}"
            )
        call.outputs.append(Symbol((None, *out.shape[1:]), out.dtype, call))
        return call.outputs[-1]

    with no_grad(), np.errstate(all="ignore"):  # 1 / x of zeros says nothing about the samples to come
        return nests.mapped(symbol, call.run(lambda symbol: zeros((1, *symbol.sample_shape), symbol.dtype)))


def get_item(x: Any, key: Any) -> Any:
    """x[key]."""
    return x[key]


class Symbol:
    """A Tensor to come. It knows its shape (None for the batch axis), its dtype, and the call that will compute it.

    Modules are called on it as on a Tensor; Python's operators, indexing and astype work; the batch axis has to stay
    the first. What needs the numbers (`np.asarray`, `if`, a loop over it) raises TypeError.

    >>> import nn
    >>> x = nn.Input((8,))
    >>> y = x + nn.Dense(8)(x)
    >>> y
    <Symbol (None, 8) float32, from add>
    """

    __array_ufunc__ = None  # NumPy leaves array + symbol to the symbol

    kind = "input_layer"  # what an unnamed Input is called
    named_by_model = False

    def __init__(
        self, shape: tuple[int | None, ...], dtype: np.dtype, call: Call | None = None, name: str | None = None
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.call = call  # None for an Input
        self.name = name  # an Input's

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """The shape of one sample: without the batch axis."""
        return self.shape[1:]  # type: ignore[return-value]

    @property
    def ndim(self) -> int:
        """The number of axes, with the batch axis."""
        return len(self.shape)

    def __repr__(self) -> str:
        maker = self.call.function if self.call else self
        return f"<Symbol {self.shape} {self.dtype}, from {maker.name or maker.kind}>"

    # What is noted down.

    def __add__(self, other: Any) -> "Symbol":
        return record(Operation(tg.add), self, other)

    def __radd__(self, other: Any) -> "Symbol":
        return record(Operation(tg.add), other, self)

    def __sub__(self, other: Any) -> "Symbol":
        return record(Operation(tg.subtract), self, other)

    def __rsub__(self, other: Any) -> "Symbol":
        return record(Operation(tg.subtract), other, self)

    def __mul__(self, other: Any) -> "Symbol":
        return record(Operation(tg.multiply), self, other)

    def __rmul__(self, other: Any) -> "Symbol":
        return record(Operation(tg.multiply), other, self)

    def __truediv__(self, other: Any) -> "Symbol":
        return record(Operation(tg.divide), self, other)

    def __rtruediv__(self, other: Any) -> "Symbol":
        return record(Operation(tg.divide), other, self)

    def __pow__(self, other: Any) -> "Symbol":
        return record(Operation(tg.power), self, other)

    def __rpow__(self, other: Any) -> "Symbol":
        return record(Operation(tg.power), other, self)

    def __matmul__(self, other: Any) -> "Symbol":
        return record(Operation(tg.matmul), self, other)

    def __rmatmul__(self, other: Any) -> "Symbol":
        return record(Operation(tg.matmul), other, self)

    def __neg__(self) -> "Symbol":
        return record(Operation(tg.negative), self)

    def __abs__(self) -> "Symbol":
        return record(Operation(tg.abs), self)

    def __getitem__(self, key: Any) -> "Symbol":
        return record(Operation(get_item), self, key)

    def astype(self, dtype: Any) -> "Symbol":
        """The same numbers in another dtype."""
        return record(Operation(tg.astype), self, dtype)

    # What needs the numbers.

    def _has_no_numbers(self, what: str) -> NoReturn:
        raise TypeError(
            f"{self} has no numbers yet, so {what}: a function goes in as a layer, nn.Activation(f)(x), and numbers"
            " come out of nn.Model(inputs, outputs).predict(x)"
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        self._has_no_numbers("it can't be an array")

    def __bool__(self) -> NoReturn:
        self._has_no_numbers("it is neither true nor false")

    def __iter__(self) -> Iterator[Any]:
        self._has_no_numbers("there is nothing to loop over")

    def __len__(self) -> int:
        self._has_no_numbers("it has no length")

    def __float__(self) -> float:
        self._has_no_numbers("it is no number")


def Input(shape: tuple[int, ...], dtype: Any = np.float32, name: str | None = None) -> Symbol:
    """Where a functional model begins: the symbol of samples of this shape (without the batch axis) and dtype.

    Raises TypeError or ValueError for what is no shape of one sample.

    >>> import nn
    >>> x = nn.Input((784,))
    >>> model = nn.Model(x, nn.Dense(10)(nn.Dense(512, activation="relu")(x)))
    >>> model.count_params()
    407050
    """
    return Symbol((None, *sample_shape(shape)), np.dtype(dtype), name=name)


def is_symbolic(*values: Any) -> bool:
    """True if there is a symbol among the values, or in their lists, tuples and dicts."""
    return any(isinstance(leaf, Symbol) for leaf in nests.leaves(values))
