"""The Tensor: NumPy's operators, methods and dtypes; its text; its errors; and how NumPy's functions treat it."""

import copy
import math
import operator
import pickle

import numpy as np
import pytest

import tinygrad_lite as tg


def leaf(*values):
    return tg.tensor(np.array(values), requires_grad=True)


def same(got, expected):
    assert isinstance(got, tg.Tensor)
    expected = np.asarray(expected)
    assert got.dtype == expected.dtype and got.shape == expected.shape
    np.testing.assert_array_equal(got.data, expected)


# Making one.


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, "float32"),
        (1, "int64"),
        (True, "bool"),
        (1j, "complex64"),
        ([[1, 2.5], [3, 4]], "float32"),
        ([], "float32"),
        (np.float64(1), "float64"),
        ([np.float64(1), 2.0], "float64"),
        (np.ones(2, "float16"), "float16"),
        (np.arange(3, dtype="uint8"), "uint8"),
    ],
)
def test_python_floats_become_float32_and_arrays_keep_their_dtype(data, dtype):
    assert tg.tensor(data).dtype == dtype
    assert tg.tensor(data, dtype="float64").dtype == "float64" if dtype != "complex64" else True


def test_a_tensor_has_its_own_copy_and_asarray_the_array_s_memory():
    array = np.ones(2)
    own, shared = tg.tensor(array), tg.asarray(array)
    array[0] = 5
    assert own.tolist() == [1.0, 1.0] and shared.tolist() == [5.0, 1.0] and tg.asarray(shared) is shared


@pytest.mark.parametrize("data", ["a", None, [[1], [2, 3]], {1: 2}, [object()], np.array(["a"])])
def test_what_is_not_numeric_is_refused(data):
    with pytest.raises((TypeError, ValueError)):
        tg.tensor(data)


def test_tensors_are_not_made_of_tensors_that_want_a_gradient():
    for make in (
        lambda t: tg.tensor(t),
        lambda t: np.array(t),
        lambda t: np.array([t, t]),
    ):
        with pytest.raises((TypeError, RuntimeError), match="drop"):
            make(leaf(1.0)[0])


@pytest.mark.parametrize("make", [tg.tensor, tg.asarray])
def test_lists_with_tensors_are_stacked_and_recorded(make):
    t, u = leaf(1.0, 2.0), tg.tensor(3.0, np.float64, requires_grad=True)
    same(make([[u, 0.1], (2, u)]), np.array([[3, 0.1], [2, 3]]))  # the numbers take u's dtype, all digits of it
    same(make([t.detach(), np.array([3, 4])]), np.array([[1, 2], [3, 4.0]]))
    same(make([u, 1], np.float32), np.array([3, 1], "f4"))
    (make([t, [5.0, u]]) * np.array([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert t.grad.tolist() == [1, 2] and u.grad.item() == 4
    with pytest.raises(TypeError, match="holds numbers, given None in a list of Tensors"):
        make([t, None])
    with pytest.raises(ValueError, match=r"stack\(.*all shapes must be equal"):
        make([t, [1.0]])


def test_a_list_of_constant_tensors_makes_a_leaf():
    x = tg.tensor([tg.tensor(1.0), 2.0], requires_grad=True, name="x")
    assert x.is_leaf and x.requires_grad and x.name == "x"
    assert not tg.tensor([tg.tensor(1.0), 2.0]).requires_grad
    with pytest.raises(TypeError, match="requires_grad=True needs floating"):
        tg.tensor([tg.tensor(1), 2], requires_grad=True)
    with pytest.raises(ValueError, match="copy"):
        tg.asarray([tg.tensor(1.0)], copy=False)


def test_filled_tensors():
    same(tg.zeros((2, 3)), np.zeros((2, 3), "f4"))
    same(tg.ones(2, dtype=int), np.ones(2, int))
    same(tg.full((2,), 7, "f8"), np.full(2, 7.0))
    same(tg.arange(3), np.arange(3))
    same(tg.arange(1, 2, 0.25), np.arange(1, 2, 0.25, "f4"))
    same(tg.linspace(0, 1, 5), np.linspace(0, 1, 5, dtype="f4"))
    same(tg.eye(2, 3), np.eye(2, 3, dtype="f4"))
    same(tg.zeros_like(leaf(1.0)), np.zeros(1))
    same(tg.ones_like(np.ones(2, int)), np.ones(2, int))
    assert tg.zeros(2, requires_grad=True).requires_grad


# NumPy's operators, methods, attributes.

BINARY = "add sub mul truediv floordiv mod pow eq ne lt le gt ge".split()  # noqa: SIM905
A, B = np.array([[1.0, -2.0, 3.5]]), np.array([[2.0], [0.5]])


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize(
    ("a", "b"), [(A, B), (np.abs(A), 2), (np.abs(A), 2.5), (np.float32(3), 2), (np.arange(1, 4), 2)]
)
def test_operators_on_either_side(name, a, b):
    op = getattr(operator, name)
    with np.errstate(all="ignore"):
        same(op(tg.tensor(a), b), op(a, b))
        same(op(b, tg.tensor(a)), op(b, a))
        same(op(tg.tensor(a), tg.tensor(b, dtype=np.asarray(b).dtype)), op(a, np.asarray(b)))


@pytest.mark.parametrize("name", ["and_", "or_", "xor"])
@pytest.mark.parametrize(("a", "b"), [(np.array([3, 5]), np.array([1, 4])), (np.array([True, False]), True)])
def test_operators_on_bits(name, a, b):
    op = getattr(operator, name)
    same(op(tg.tensor(a), b), op(a, b))
    same(op(b, tg.tensor(a)), op(b, a))
    same(~tg.tensor(a), ~a)


def test_unary_operators_and_matmul():
    same(-tg.tensor(A), -A)
    same(+tg.tensor(A), +A)
    same(abs(tg.tensor(A)), abs(A))
    same(tg.tensor(B) @ A, B @ A)
    same(B @ tg.tensor(A), B @ A)


@pytest.mark.parametrize("name", ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow"])
def test_operators_in_place(name):
    t, a = tg.tensor(np.abs(A)), np.abs(A)
    again = t
    t, a = getattr(operator, name)(t, 2), getattr(operator, name)(a, 2)
    assert again is t
    same(t, a)


METHODS = [
    *[lambda x, m=m: getattr(x, m)() for m in "all any argmax argmin max mean min prod std sum var".split()],  # noqa: SIM905
    *[lambda x, m=m: getattr(x, m)(axis=1, keepdims=True) for m in ("all", "argmax", "max", "mean", "sum", "var")],
    *[lambda x, m=m: getattr(x, m)() for m in ("flatten", "ravel", "squeeze", "transpose", "trace", "copy")],
    lambda x: x.T,
    lambda x: x.mT,
    lambda x: x.astype("int64"),
    lambda x: x.astype(bool),
    lambda x: x.clip(-1, 1),
    lambda x: x.clip(max=0),
    lambda x: x.cumsum(0),
    lambda x: x.cumprod(axis=1),
    lambda x: x.dot(x.T),
    lambda x: x.reshape(3, 2),
    lambda x: x.reshape((6,)),
    lambda x: x.reshape(-1),
    lambda x: x.repeat(2, axis=0),
    lambda x: x.round(1),
    lambda x: x.swapaxes(0, 1),
    lambda x: x.take([0, 2], axis=1),
    lambda x: x.transpose(1, 0),
    lambda x: x.std(0, ddof=1),
    lambda x: x.sum(0, "float32"),
    lambda x: x[1],
    lambda x: x[:, None, ::-1],
    lambda x: x[x > 0],
    lambda x: x[..., [0, 0]],
]


@pytest.mark.parametrize("method", METHODS)
def test_methods_are_numpy_s(method):
    x = np.array([[1.26, -2.0, 3.5], [0.5, 0.75, -1.0]])
    same(method(tg.tensor(x)), method(x))


def test_attributes_and_conversions():
    t = tg.tensor([[1, 2, 3]])
    assert (t.shape, t.dtype, t.ndim, t.size, t.nbytes, len(t)) == ((1, 3), np.int64, 2, 3, 24, 1)
    assert t.tolist() == [[1, 2, 3]] and [r.tolist() for r in t] == [[1, 2, 3]] and 2 in t and 5 not in t
    n = tg.tensor(2)
    assert (int(n), float(n), bool(n), n.item(), [10, 20, 30][n], f"{n:03d}") == (2, 2.0, True, 2, 30, "002")
    assert hash(t) != hash(n) and {t: 1}[t] == 1


def test_conversions_that_numpy_refuses():
    t = tg.tensor([1.0, 2.0])
    for convert, error in [
        (bool, ValueError), (float, TypeError), (operator.index, TypeError), (lambda t: t.item(), ValueError),
        (lambda t: len(t[0]), TypeError), (lambda t: iter(t[0]), TypeError), (lambda t: f"{t:.2f}", TypeError),
        (lambda t: tg.Tensor([1.0]), TypeError),
    ]:  # fmt: skip
        with pytest.raises(error):
            convert(t)


# Dtypes: NEP 50.


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int64", "bool"])
@pytest.mark.parametrize("shape", [(), (2,)])
@pytest.mark.parametrize(
    "other", [2, 2.5, True, np.float32(2.5), np.float64(2.5), np.int64(2), np.ones(2, "f4"), np.ones(2, "i8")]
)
@pytest.mark.parametrize("name", ["add", "multiply", "divide", "power", "maximum", "arctan2", "where", "equal"])
def test_results_have_numpy_s_dtype(name, dtype, shape, other):
    array = np.ones(shape, dtype)[()]
    ours, numpy = getattr(tg, name), getattr(np, name)
    if name == "where":
        ours, numpy = (lambda a, b: tg.where(True, a, b)), (lambda a, b: np.where(True, a, b))
    if name == "power":
        numpy = operator.pow  # which differs from np.power for booleans
    same(ours(tg.tensor(array), other), numpy(array, other))
    same(ours(other, tg.tensor(array)), numpy(other, array))


# Text.


def test_repr():
    assert repr(tg.tensor([1.0, 2.5])) == "tensor([1. , 2.5])"
    assert repr(tg.tensor(1.5, requires_grad=True, name="w")) == "tensor(1.5, name='w', requires_grad=True)"
    assert repr(tg.tensor(np.ones(1)) * 2) == "tensor([2.], dtype=float64)"
    assert repr(leaf(1.0) * 2) == "tensor([2.], dtype=float64, from=multiply)"
    assert repr(tg.tensor([[True], [False]])) == "tensor([[ True],\n        [False]])"
    assert (
        repr(tg.zeros((0, 3))) == "tensor([], shape=(0, 3))" and str(tg.tensor(2)) == f"{tg.tensor(2)}" == "tensor(2)"
    )
    assert "..." in repr(tg.zeros(10_000))


# Errors name the operation, the operands, their shapes, and what to write.


@pytest.mark.parametrize(
    ("fail", "error", "words"),
    [
        (lambda x: x + np.ones(2), ValueError, ["add", "'weights' float64(3, 4)", "array float64(2,)", "reshape"]),
        (lambda x: x @ x, ValueError, ["matmul", "'weights' float64(3, 4)", "(.mT)"]),
        (lambda x: x.reshape(5), ValueError, ["reshape", "(3, 4)", "-1"]),
        (lambda x: x[7], IndexError, ["getitem", "(3, 4)", "integers, slices"]),
        (lambda x: x[0.5], IndexError, ["getitem"]),
        (lambda x: x.sum(axis=5), IndexError, ["sum", "(3, 4)", "5"]),
        (lambda x: tg.concatenate([x, np.ones((2, 2))]), ValueError, ["concatenate", "(3, 4)", "(2, 2)"]),
        (lambda x: tg.zeros((0,)).max(), ValueError, ["max", "(0,)", "empty"]),
        (lambda x: tg.add(x, "a"), TypeError, ["'a'", "number"]),
        (lambda x: x + "a", TypeError, ["unsupported operand", "'Tensor' and 'str'"]),
        (lambda x: x & 1, TypeError, ["bitwise_and", "(3, 4)"]),
        (lambda x: tg.sum(x, 0, axis=1), TypeError, ["sum()", "multiple values for argument 'axis'"]),
        (lambda x: tg.sum(x, colour=1), TypeError, ["sum", "colour"]),
        (lambda x: tg.sum(), TypeError, ["sum()", "missing a required argument: 'x'"]),
        (lambda x: tg.max(x, 0, True), TypeError, ["max()", "too many positional arguments"]),
        (lambda x: tg.std(x, ddof=x[0, 0]), TypeError, ["std", "ddof", "detach"]),
        (lambda x: tg.take(x, [0], axis=2), IndexError, ["axis 2"]),
        (lambda x: tg.squeeze(x, 3), IndexError, ["axis 3"]),
        (lambda x: tg.tensordot(x, np.ones((4, 3)), ([0, 1], [0, 1])), ValueError, ["tensordot", "(3, 4)", "(4, 3)"]),
        (lambda x: tg.einsum("ij,jk->ik", x), ValueError, ["ij,jk->ik", "2", "1"]),
        (lambda x: x.numpy(), RuntimeError, ["numpy()", "'weights'", ".detach()"]),
    ],
)
def test_errors(fail, error, words):
    with pytest.raises(error) as caught:
        fail(tg.tensor(np.ones((3, 4)), requires_grad=True, name="weights"))
    for word in words:
        assert word in str(caught.value)


# NumPy's functions and arrays meet a Tensor.


@pytest.mark.parametrize(
    "f",
    [
        lambda xp, x, a: np.exp(x),
        lambda xp, x, a: a * x,
        lambda xp, x, a: a + x,
        lambda xp, x, a: a @ x,
        lambda xp, x, a: np.float64(2) * x,
        lambda xp, x, a: np.maximum(a[:, 1], x),
        lambda xp, x, a: np.sum(x * x),
        lambda xp, x, a: np.mean(a * x, axis=1),
        lambda xp, x, a: np.amax(x),
        lambda xp, x, a: np.std(x, ddof=1),
        lambda xp, x, a: np.concatenate([x, a[0], x]),
        lambda xp, x, a: np.stack([x, x]),
        lambda xp, x, a: np.where(a > 0, x, 0.0),
        lambda xp, x, a: np.einsum("ij,j->i", a, x),
        lambda xp, x, a: np.reshape(x, (3, 1)),
        lambda xp, x, a: np.clip(x, 0.0, 1.0),
        lambda xp, x, a: np.matmul(a, x),
        lambda xp, x, a: np.true_divide(a, x),
        lambda xp, x, a: np.abs(x),
    ],
)
def test_numpy_s_functions_record(f):
    x, a = np.array([0.5, -1.5, 2.0]), np.arange(9.0).reshape(3, 3) - 4
    t = tg.tensor(x, requires_grad=True)
    out = f(np, t, a)
    assert isinstance(out, tg.Tensor) and out.requires_grad
    np.testing.assert_allclose(out.detach().data, f(np, x, a))
    tg.check_grads(lambda x: f(np, x, a), x)


def test_a_gradient_through_numpy_s_sum():
    t = leaf(1.0, 2.0)
    np.sum(t * t).backward()
    assert t.grad.tolist() == [2.0, 4.0]


UNSUPPORTED = [
    np.spacing,
    np.trim_zeros,
    lambda x: np.add(x, 1, out=np.zeros(2)),
    lambda x: np.sum(x, out=np.zeros(())),
    lambda x: np.apply_over_axes(np.sum, x, [0]),
    lambda x: np.histogram(x)[1],
    lambda x: np.subtract.reduce(x),
    lambda x: np.add.reduceat(x, [0, 1]),
]


@pytest.mark.parametrize("f", UNSUPPORTED)
def test_what_has_no_derivative_here_raises_if_a_gradient_is_wanted_and_works_if_not(f):
    array = np.array([3.0, 4.0])
    with pytest.raises(TypeError, match=r"no derivative here.* Write "):
        f(tg.tensor(array, requires_grad=True))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(np.asarray(f(tg.tensor(array))), f(array))


def test_writing_into_arrays():
    array = np.zeros(2)
    with pytest.raises(TypeError, match="no derivative"):
        array += leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="drop the graph"):
        array[:] = leaf(1.0, 2.0)
    with pytest.raises(TypeError, match="out=Tensor"):
        np.add(1, 2, out=tg.tensor([1.0]))
    array += tg.tensor(np.array([1.0, 2.0]))
    assert array.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("of", [float, int, complex, math.exp, lambda t: np.array([1.0, t])])
def test_a_number_made_of_it_would_drop_the_graph(of):
    with pytest.raises((RuntimeError, TypeError, ValueError)) as caught:
        of(leaf(2.0)[0])
    assert "would drop the graph: write" in str(caught.value)
    assert of(leaf(2.0)[0].detach()) is not None and leaf(2.0)[0].item() == 2.0


def test_questions_of_numpy_lose_no_gradient():
    t = leaf(1.0, 2.0)
    assert np.shape(t) == (2,) and np.ndim(t) == 1 and np.size(t) == 2
    assert np.zeros_like(t).tolist() == [0.0, 0.0] and np.allclose(t, [1.0, 2.0]) and np.argsort(t).tolist() == [0, 1]


def test_arguments_by_position_mean_what_they_mean_to_numpy():
    array = np.array([[1.0, 2.0], [3.0, 5.0]])
    for f in (
        lambda t: np.mean(t, 0, np.float32),
        lambda t: np.max(t, 0, None, True),
        lambda t: np.sum(t, 0, None, None, True),
        lambda t: np.std(t, 0, None, None, 1),
    ):
        got, expected = f(tg.tensor(array, requires_grad=True)), f(array)
        assert got.requires_grad and got.dtype == expected.dtype
        np.testing.assert_allclose(got.data, expected)


# Copies.


def test_copies():
    x = tg.tensor([1.0, 2.0], requires_grad=True, name="w")
    for same_leaf in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert same_leaf is not x and repr(same_leaf) == repr(x) and same_leaf.is_leaf
    y = x.copy()
    (y * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    x.detach().copy()[...] = 5.0
    assert x.tolist() == [1.0, 2.0]
    same(tg.tensor([True]).copy(), np.array([True]))


def test_requires_grad_of_what_was_computed_can_t_be_unset():
    x = leaf(1.0)
    with pytest.raises(RuntimeError, match="detach"):
        (x * 2).requires_grad = False
    x.requires_grad = False
    assert not (x * 2).requires_grad


def test_results_of_integers_are_constants():
    x = leaf(1.5, 2.5)
    for y in (x.astype(int), x.sum(dtype=int), x > 1, x.argmax(), tg.isnan(x)):
        assert not y.requires_grad


def test_a_scope_names_what_is_computed_in_it():
    x = leaf(1.0)
    with tg.scope("outer"):
        with tg.scope("inner"):
            y = x * 2
        z = y * 2
    assert (x.scope, y.scope, z.scope, (z * 2).scope) == ((), ("outer", "inner"), ("outer",), ())


# Operands of other classes.


class Foreign:
    """A class of somebody else's, which knows what to do with numbers and arrays."""

    def __radd__(self, other):
        return "asked"

    __rmatmul__ = __rpow__ = __lt__ = __add__ = __radd__


def test_an_operand_of_an_unknown_class_is_asked():
    t = leaf(1.0, 2.0)
    assert t + Foreign() == Foreign() + t == t @ Foreign() == t ** Foreign() == "asked" and (t > Foreign()) == "asked"
    for fail in (lambda: t - Foreign(), lambda: Foreign() * t, lambda: t < object(), lambda: "a" + t):
        with pytest.raises(TypeError, match=r"unsupported operand|not supported|concatenate"):
            fail()


def test_an_array_that_refuses_numpy_s_ufuncs_is_asked_too():
    class Refusing(Foreign):
        __array_ufunc__ = None

        def __array__(self, dtype=None, copy=None):
            return np.ones(2)

    assert leaf(1.0, 2.0) + Refusing() == "asked"


@pytest.mark.parametrize("other", ["abc", object(), {}, None])
def test_what_is_no_number_is_unequal(other):
    for t in (leaf(1.0, 2.0), leaf(1.0)[0]):
        same(t == other, np.zeros(t.shape, bool))
        same(t != other, np.ones(t.shape, bool))
        assert other not in leaf(1.0, 2.0)


# NumPy's functions never write to a Tensor behind the graph's back.


@pytest.mark.parametrize(
    "write",
    [
        lambda t: np.add.at(t, [0], 100.0),
        lambda t: np.copyto(t, 7.0),
        lambda t: np.put(t, [0], 9.0),
        lambda t: np.fill_diagonal(t, 5.0),
        lambda t: np.exp(t, out=t),
        lambda t: np.sum(t, axis=0, out=t[0]),
    ],
)
def test_numpy_s_functions_that_write_are_refused(write):
    w, t = leaf([1.0, 1.0], [1.0, 1.0]), tg.tensor(np.full((2, 2), 3.0))
    y = (w * t).sum()
    with pytest.raises((TypeError, ValueError), match=r"read-only|not supported"):
        write(t)
    y.backward()
    assert w.grad.tolist() == [[3.0, 3.0], [3.0, 3.0]]
