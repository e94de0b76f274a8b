"""Never a silent constant: of floating point numbers that want a gradient, every function, operator and method makes
floating point numbers that want one, too, or says with a TypeError that it can't. The exceptions are listed here.

The same calls with complex numbers: what has a derivative has the right one.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_lite as tg
from tinygrad_lite import ops
from tinygrad_lite.array_methods import ArrayMethods

_rng = np.random.default_rng(0)
# What makes a constant, and says so by its name; and what only takes the shape and dtype of x.
CONSTANT = ["detach", "empty", "empty_like", "eye", "ones", "ones_like", "zeros", "zeros_like"]
CREATION = [*CONSTANT[1:], "arange", "asarray", "from_dlpack", "full", "full_like", "linspace", "tensor"]
ALIASES = [name for name, f in vars(ops.aliases).items() if callable(f)]
SPACES = {"": [*ops.__all__, *ALIASES, *CREATION], "linalg.": tg.linalg.__all__, "fft.": tg.fft.__all__}

# How it is called where x, and y if it has two arguments, both 3 x 3, will not do.
CALLS: dict[str, Callable[..., Any]] = {
    "arange": lambda x, y: tg.arange(x[0, 0]),
    "astype": lambda x, y: tg.astype(x, tg.complex128),
    "average_pool": lambda x, y: tg.average_pool(x[None, ..., None], 2),
    "bitwise_left_shift": lambda x, y: tg.bitwise_left_shift(x.astype(int), y.astype(int)),
    "bitwise_right_shift": lambda x, y: tg.bitwise_right_shift(x.astype(int), y.astype(int)),
    "broadcast_to": lambda x, y: tg.broadcast_to(x, (2, 3, 3)),
    "clip": lambda x, y: tg.clip(x, y, y + 1),
    "concat": lambda x, y: tg.concat([x, y]),
    "concatenate": lambda x, y: tg.concatenate([x, y]),
    "conv": lambda x, y: tg.conv(x[None, ..., None], y[..., None, None]),
    "conv_transpose": lambda x, y: tg.conv_transpose(x[None, ..., None], y[..., None, None]),
    "cumprod": lambda x, y: tg.cumprod(x, 0),
    "cumsum": lambda x, y: tg.cumsum(x, 1),
    "cumulative_prod": lambda x, y: tg.cumulative_prod(x, axis=0, include_initial=True),
    "cumulative_sum": lambda x, y: tg.cumulative_sum(x, axis=0, include_initial=True),
    "diff": lambda x, y: tg.diff(x, prepend=y, append=y),
    "einsum": lambda x, y: tg.einsum("ij,kj->ik", x, y),
    "empty": lambda x, y: tg.empty(2),
    "expand_dims": lambda x, y: tg.expand_dims(x, 0),
    "eye": lambda x, y: tg.eye(2),
    "fft.fftfreq": lambda x, y: tg.fft.fftfreq(3, x[0, 0]),
    "fft.rfftfreq": lambda x, y: tg.fft.rfftfreq(3, x[0, 0]),
    "full": lambda x, y: tg.full(2, x[0, 0]),
    "full_like": lambda x, y: tg.full_like(x, y[0, 0]),
    "getitem": lambda x, y: tg.ops.getitem(x, ([0, 0, 1], 2)),
    "linalg.cholesky": lambda x, y: tg.linalg.cholesky(_hermitian(x)),
    "linalg.eigh": lambda x, y: tg.linalg.eigh(_hermitian(x)),
    "linalg.eigvalsh": lambda x, y: tg.linalg.eigvalsh(_hermitian(x)),
    "linalg.matrix_power": lambda x, y: tg.linalg.matrix_power(x, -2),
    "linalg.outer": lambda x, y: tg.linalg.outer(x[0], y[0]),
    "linalg.vector_norm": lambda x, y: [tg.linalg.vector_norm(x, ord=p) for p in (0, 1, 2, 3, np.inf, -np.inf)],
    "linalg.pinv": lambda x, y: tg.linalg.pinv(x, rtol=y.real[0, 0]),
    "linspace": lambda x, y: tg.linspace(x[0, 0], y[0, 0], 3),
    "max_pool": lambda x, y: tg.max_pool(x[None, ..., None], 2),
    "moveaxis": lambda x, y: tg.moveaxis(x, 0, 1),
    "ones": lambda x, y: tg.ones(2),
    "pad": lambda x, y: tg.pad(x, 1),
    "repeat": lambda x, y: tg.repeat(x, [0, 2, 1], axis=1),
    "reshape": lambda x, y: tg.reshape(x, (1, 9), copy=True),
    "roll": lambda x, y: tg.roll(x, 1),
    "searchsorted": lambda x, y: tg.searchsorted(x[0], y),
    "setitem": lambda x, y: [
        tg.ops.setitem(x, 0, y[0]),
        tg.ops.setitem(tg.zeros_like(x), 0, y[0]),
        tg.ops.setitem(x, 0, 1),
    ],
    "split": lambda x, y: tg.split(x, 3),
    "stack": lambda x, y: tg.stack([x, y]),
    "swapaxes": lambda x, y: tg.swapaxes(x, 0, 1),
    "take": lambda x, y: tg.take(x, [0, 0], axis=0),
    "take_along_axis": lambda x, y: tg.take_along_axis(x, np.argsort(x.detach().data), -1),
    "tensor": lambda x, y: tg.tensor([[x[0, 0], 1.0], [2.0, y[0, 0]]]),
    "tile": lambda x, y: tg.tile(x, 2),
    "squeeze": lambda x, y: tg.squeeze(x[None]),
    "where": lambda x, y: [tg.where(x.real > 0, x, 1.0), tg.where(x.real > 0, 1.0, y), tg.where(x, x, y)],
    "zeros": lambda x, y: tg.zeros(2),
    "method __getitem__": lambda x, y: x[0],
    "method __setitem__": lambda x, y: _written(x, y),
    "method cumprod": lambda x, y: x.cumprod(0),
    "method cumsum": lambda x, y: x.cumsum(0),
    "method repeat": lambda x, y: x.repeat(2),
    "method reshape": lambda x, y: x.reshape(-1),
    "method swapaxes": lambda x, y: x.swapaxes(0, 1),
    "method take": lambda x, y: x.take([0, 0]),
    "method astype": lambda x, y: x.astype(tg.complex128),
    "method to_device": lambda x, y: x.to_device("cpu"),
}

# Who leaves the world of arrays has left the graph.
TO_PYTHON = [
    "__bool__", "__int__", "__float__", "__complex__", "__index__", "__format__", "__len__", "__contains__", "__iter__",
    "__hash__", "__array_namespace__", "__array_ufunc__", "__array_function__", "item", "tolist",
]  # fmt: skip
# The TypeError that is right.
REFUSED = {
    "arange": "arange() makes constants", "full": "full() makes constants", "full_like": "full_like() makes constants",
    "linspace": "linspace() makes constants", "fft.fftfreq": "would drop its graph",
    "fft.rfftfreq": "would drop its graph", "from_dlpack": "wants a gradient can't leave the graph",
}  # fmt: skip
# Whole numbers and booleans are asked for, or refused by NumPy.
FOR_INTEGERS = ["bitwise", "invert", "shift", "and__", "or__", "xor__"]
# Complex vectors may be turned: rows_of_linalg.py has what does not depend on that.
TURNED = ["linalg.eigh", "linalg.eig", "linalg.svd"]


def _written(x: tg.Tensor, y: tg.Tensor) -> list[tg.Tensor]:
    a, b = x * 1, tg.zeros_like(y)
    a[0] = y[0]
    b[1:] = y[1:]
    return [a, b]


def _hermitian(x: tg.Tensor) -> tg.Tensor:
    return x @ x.mT.conj() + np.eye(3)


def call_of(name: str) -> Callable[[tg.Tensor, tg.Tensor], Any]:
    if name in CALLS:
        return CALLS[name]
    if name.startswith("method "):
        name = name.removeprefix("method ")
        f = getattr(tg.Tensor, name)
        f = f.fget if isinstance(f, property) else f
        if name.startswith("__i") and name not in ("__invert__", "__index__", "__int__", "__iter__"):
            return lambda x, y: f(x * 1, y)
    else:
        space, _, last = name.rpartition(".")
        f = getattr(getattr(tg, space) if space else tg, last)
    kinds = [p.kind for p in inspect.signature(f).parameters.values() if p.default is p.empty]
    of_any_number = inspect.Parameter.VAR_POSITIONAL
    return f if (len(kinds) == 2 and of_any_number not in kinds) or kinds[0] is of_any_number else lambda x, y: f(x)


def arrays_in(out: Any) -> Iterator[tg.Tensor]:
    for x in out if isinstance(out, (tuple, list)) else [out]:
        assert not isinstance(x, (np.ndarray, np.floating)), "a bare array has left the graph"
        if isinstance(x, tg.Tensor):
            yield x


NAMES = [f"{space}{name}" for space, names in SPACES.items() for name in names if name != "broadcast_shapes"]
NAMES += [f"method {name}" for name, f in vars(ArrayMethods).items() if callable(f) and name not in TO_PYTHON]
NAMES += [f"method {name}" for name in ("T", "mT", "real", "imag")]
REAL = [_rng.uniform(0.1, 0.9, (3, 3)) for _ in range(2)]
COMPLEX = [_rng.standard_normal((3, 3)) + 1j * _rng.standard_normal((3, 3)) for _ in range(2)]


def test_every_function_of_arrays_is_called():
    functions = {name: f for name, f in vars(tg).items() if inspect.isfunction(f) and name[0] != "_"}
    of_arrays = {name for name, f in functions.items() if f.__module__.split(".")[1] in ("ops", "creation", "linalg")}
    assert of_arrays == set(SPACES[""]) & functions.keys() and len(of_arrays) > 150


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("values", [REAL, COMPLEX], ids=["real", "complex"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::numpy.exceptions.ComplexWarning")
def test_a_floating_result_wants_a_gradient_or_there_is_a_type_error(name, values):
    x, y = (tg.tensor(v, requires_grad=True) for v in values)
    found, refusal = [], ""
    try:
        found = list(arrays_in(call_of(name)(x, y)))
    except (TypeError, BufferError) as error:
        refusal = str(error)
    assert REFUSED.get(name, "") in refusal and (found or refusal) and bool(refusal) >= (name in REFUSED)
    if name not in REFUSED and not any(word in name for word in FOR_INTEGERS):
        assert not refusal or values is COMPLEX  # NumPy itself knows no such function of complex numbers
    for out in found:
        if out.dtype.kind not in "fc":
            with pytest.raises(RuntimeError, match=r"whole numbers and booleans .* have no derivative"):
                out.sum().backward()
        elif name in CONSTANT:
            assert not out.requires_grad
        else:
            assert out.requires_grad
            x.grad = y.grad = None
            handed_back(out, x, y)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in {*CONSTANT, *REFUSED}])
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_moves_with_an_argument_wants_a_gradient_if_the_argument_does(name, which):
    def results(step: float) -> list[tg.Tensor]:
        values = [v + step * (i == which) for i, v in enumerate(REAL)]
        return list(arrays_in(f(*[tg.tensor(v, requires_grad=i == which) for i, v in enumerate(values)])))

    f = call_of(name)
    try:
        here, there = results(0.0), results(1e-3)
    except TypeError:
        assert any(word in name for word in FOR_INTEGERS)
        return
    for out, moved in zip(here, there, strict=True):
        if out.dtype.kind in "fc" and not np.array_equal(out.data, moved.data, equal_nan=True):
            assert out.requires_grad


def handed_back(out: tg.Tensor, x: tg.Tensor, y: tg.Tensor) -> None:
    """Its gradient has come to x or y; of complex numbers it may be refused."""
    refusal = ""
    try:
        out.backward(np.ones_like(out.data), retain_graph=True)
    except (TypeError, np.linalg.LinAlgError) as error:
        refusal = str(error)
    grads = [(t, t.grad) for t in (x, y) if t.grad is not None]
    if refusal:
        assert x.dtype.kind == "c" and ("no derivative for complex numbers" in refusal or "exp(i * angle)" in refusal)
    else:
        assert grads and all(g.shape == t.shape and g.dtype == t.dtype for t, g in grads)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in {*CONSTANT, *REFUSED, *TURNED}])
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::numpy.exceptions.ComplexWarning")
def test_a_derivative_by_complex_numbers_is_that_of_finite_differences(name):
    f = call_of(name)
    try:
        n = len(list(arrays_in(f(*map(tg.tensor, COMPLEX)))))
    except TypeError:
        return  # NumPy itself knows no such function of complex numbers

    def part(i: int) -> Callable[..., Any]:
        return lambda x, y: next(out for k, out in enumerate(arrays_in(f(x, y))) if k == i) + 0 * (x + y).sum().real

    for i in range(n):
        refusal = "no derivative for complex numbers"
        try:
            tg.check_grads(part(i), *COMPLEX, order=1)
        except TypeError as error:
            refusal = str(error)
        assert "no derivative for complex numbers" in refusal
