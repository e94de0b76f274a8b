"""The array library is whatever the array is: everything below runs on a strict foreign array, forward and backward."""

import numpy as np
import pytest

import tinygrad_lite as tg


class Duck:
    """An array of another library, on a device of its own: it answers NumPy's protocols, refuses `np.asarray`, and
    refuses to mix with NumPy's arrays. Numbers of Python mix, as everywhere."""

    def __init__(self, array):
        self._array = array

    shape = property(lambda self: self._array.shape)
    dtype = property(lambda self: self._array.dtype)
    ndim = property(lambda self: self._array.ndim)
    size = property(lambda self: self._array.size)
    real = property(lambda self: wrapped(np.asarray(self._array).real))
    base = property(lambda self: None if self._array.base is None else self)

    def __array__(self, *args, **options):
        raise TypeError("implicit conversion of a Duck to a NumPy array")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if method == "at":
            return ufunc.at(unwrapped(inputs[0]), index_of(inputs[1]), *map(unwrapped, inputs[2:]))
        return wrapped(getattr(ufunc, method)(*map(unwrapped, inputs), **unwrapped(options)))

    def __array_function__(self, function, types, args, options):
        return wrapped(function(*unwrapped(args), **unwrapped(options)))

    def __getitem__(self, index):
        return wrapped(self._array[index_of(index)])

    def __setitem__(self, index, value):
        self._array[index_of(index)] = unwrapped(value)

    def __bool__(self):
        return bool(self._array)

    def _method(name):
        return lambda self, *args, **options: wrapped(
            getattr(self._array, name)(*unwrapped(args), **unwrapped(options))
        )

    sum, max, all, any = map(_method, ("sum", "max", "all", "any"))
    min, conj, conjugate, swapaxes = map(_method, ("min", "conj", "conjugate", "swapaxes"))
    copy, astype, reshape, view = map(_method, ("copy", "astype", "reshape", "view"))

    def _operator(name):
        return lambda self, other: wrapped(getattr(np.asarray(self._array), name)(unwrapped(other)))

    __add__, __sub__, __mul__, __truediv__, __pow__, __matmul__ = map(
        _operator, [f"__{n}__" for n in ("add", "sub", "mul", "truediv", "pow", "matmul")]
    )
    __eq__, __ne__, __lt__, __le__, __gt__, __ge__, __and__, __or__ = map(
        _operator, [f"__{n}__" for n in ("eq", "ne", "lt", "le", "gt", "ge", "and", "or")]
    )
    __radd__, __rsub__, __rmul__, __rtruediv__ = map(_operator, [f"__r{n}__" for n in ("add", "sub", "mul", "truediv")])
    __neg__ = lambda self: wrapped(-self._array)
    __pos__ = lambda self: wrapped(+self._array)
    __invert__ = lambda self: wrapped(~self._array)


def wrapped(x):
    if isinstance(x, tuple):
        return tuple(map(wrapped, x))
    return Duck(np.asarray(x)) if isinstance(x, np.ndarray | np.generic) else x


def index_of(index):
    """Arrays of positions may come from the host."""
    if isinstance(index, tuple):
        return tuple(map(index_of, index))
    return index.tolist() if isinstance(index, np.ndarray) else unwrapped(index)


def unwrapped(x):
    if isinstance(x, tuple | list):
        return type(x)([unwrapped(y) for y in x])
    if isinstance(x, dict):
        return {key: unwrapped(y) for key, y in x.items()}
    if isinstance(x, np.ndarray | np.generic):
        raise TypeError(f"a Duck does not mix with NumPy's {type(x).__name__}")
    return x._array if isinstance(x, Duck) else x


def test_the_duck_is_strict():
    duck = Duck(np.ones(2))
    for mix in (
        lambda: np.asarray(duck),
        lambda: duck + np.ones(2),
        lambda: np.ones(2) * duck,
        lambda: duck * np.float64(2),
    ):
        with pytest.raises(TypeError):
            mix()


FUNCTIONS = {
    "a small network": lambda x, w, v: tg.logsumexp(tg.tanh(x @ w + v) @ w.T, axis=-1).mean(),
    "arithmetic": lambda x, w, v: ((x * 2 - v[:3]) / (x * x + 1) + 3.0 - x**3).sum(),
    "powers": lambda x, w, v: ((x * x + 1) ** (x * 0.5)).sum(),
    "functions": lambda x, w, v: (
        tg.exp(x) + tg.sin(x) + tg.sqrt(x * x + 1) + tg.log1p(x * x) + tg.arctan2(x, v[:3])
    ).sum(),
    "choices": lambda x, w, v: (tg.where(x > 0, x, 0.0) + tg.maximum(x, 0.1) + tg.clip(x, -1, 1) + tg.abs(x)).sum(),
    "reductions": lambda x, w, v: x.max() + x.min(axis=0).sum() + x.std() + x.var(axis=1).sum() + tg.norm(x) + x.prod(),
    "running": lambda x, w, v: (tg.cumsum(x, 0) * tg.cumprod(x, 1)).sum(),
    "indexing": lambda x, w, v: x[0].sum() + x[:, 1:].sum() * x[0, 0] + x[[0, 0, 1]].sum(),
    "shapes": lambda x, w, v: (x.reshape(3, 2).T * x + tg.concatenate([x, x], axis=0)[1:3] + tg.flip(x)).sum(),
    "written in place": lambda x, w, v: written(x, v),
    "bad points": lambda x, w, v: tg.where(x > 100, tg.sqrt(x - 100), 0.0).sum() + v.sum(),
    "einsum": lambda x, w, v: tg.einsum("ij,jk->ki", x, w).sum() + tg.einsum("ij->ji", x)[0, 0],
    "einsum of diagonals and sums": lambda x, w, v: (
        tg.einsum("ij,ij->", x, x) + tg.einsum("ii->i", w[:, :3])[0] + tg.einsum("ij,kl->i", x, w).sum()
    ),
    "written at positions": lambda x, w, v: (tg.setitem(x, ([0, 0, 1], [1, 1, 2]), v[:3]) * x).sum(),
    "linear algebra": lambda x, w, v: (
        tg.linalg.solve(_square(x), v[:2]).sum() * tg.linalg.det(_square(x))
        + tg.linalg.inv(_square(x)).sum()
        + tg.linalg.slogdet(_square(x))[1]
        + tg.linalg.cholesky(_square(x)).sum()
        + tg.linalg.vector_norm(x, ord=3)
    ),
    "factors": lambda x, w, v: (
        tg.linalg.eigh(_square(x))[1][0, 0]
        + tg.linalg.svdvals(x).sum()
        + tg.linalg.qr(w)[0].sum()
        + tg.linalg.pinv(x).sum()
        + tg.linalg.cross(x, x[0]).sum()
        + tg.vecdot(x, x[1]).sum()
    ),
    "in order, and where": lambda x, w, v: (
        (tg.sort(x, descending=True) * x).sum()
        + (x[tg.nonzero(x > 0)] ** 2).sum()
        + (tg.unique_all(w).values ** 3).sum() * tg.count_nonzero(w, axis=0)[0]
        + (tg.unique_counts(v).values * tg.unique_counts(v).counts).sum() * tg.count_nonzero(x)
        + (tg.unique_values(v) * tg.searchsorted(tg.sort(v), v)).sum() * tg.argmax(x)
        + (v * tg.isin(v, v[:2])).sum() * tg.linalg.vector_norm(x, ord=0)
    ),
    "spectra": lambda x, w, v: (tg.fft.irfft(tg.fft.rfft(x) * tg.fft.fft(x)[0, :2]) ** 2).sum(),
    "taken": lambda x, w, v: tg.trace(w[:, :3]) + (tg.take_along_axis(x, [[0, 1, 1]], 0) * x).sum(),
    "a constant of the same library": lambda x, w, v: (
        (x * Duck(np.full(3, 2.0))).sum() if is_duck(x) else (x * np.full(3, 2.0)).sum()
    ),
}


def _square(x):
    return x @ x.T + 2 * (x @ x.T)[0, 0] * (x @ x.T)


def is_duck(x):
    return isinstance(x._data, Duck)


def written(x, v):
    y = x * 1
    y[0] = v[:3] * 2
    y *= x
    return y.sum()


def points(make):
    rng = np.random.default_rng(0)
    return [tg.tensor(make(rng.standard_normal(shape)), requires_grad=True) for shape in ((2, 3), (3, 4), (4,))]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_forward_and_backward_on_a_foreign_array(name):
    f = FUNCTIONS[name]
    ducks, arrays = points(Duck), points(lambda a: a)
    for inputs in (ducks, arrays):
        f(*inputs).backward()
    for duck, array in zip(ducks, arrays, strict=True):
        if array.grad is None:
            assert duck.grad is None
        else:
            assert is_duck(duck.grad) and duck.grad.shape == array.grad.shape
            np.testing.assert_allclose(duck.grad._data._array, array.grad.data)


@pytest.mark.parametrize("name", ["a small network", "arithmetic", "functions", "choices", "indexing", "shapes"])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_second_derivatives_on_a_foreign_array(name):
    def second(x, *rest):
        g = tg.grad(lambda x: FUNCTIONS[name](x, *rest))(x)
        (g * g).sum().backward()
        return x.grad._data

    np.testing.assert_allclose(second(*points(Duck))._array, second(*points(lambda a: a)))
