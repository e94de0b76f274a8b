"""tinygrad_lite.linalg: the standard's names and signatures, NumPy's functions, PyTorch's gradients."""

import numpy as np
import pytest

import standard
import tinygrad_lite as tg
from rows_of_linalg import positive, symmetric

la = tg.linalg
_rng = np.random.default_rng(1)

SIGNATURES = standard.signatures(standard.LINALG)


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_signature_is_the_standard_s(name):
    standard.check(la, name, SIGNATURES[name])


def test_the_standard_s_functions_are_all_there():
    assert len(SIGNATURES) == 25
    assert set(la.__all__) - SIGNATURES.keys() == {"norm"}


@pytest.mark.parametrize("name", [n for n in la.__all__ if hasattr(np.linalg, n)])
def test_numpy_s_function_of_a_tensor_is_ours(name):
    x = symmetric(_rng.standard_normal((3, 3))) + 5 * np.eye(3)
    more = {"cross": (x,), "matmul": (x,), "outer": (x[0],), "solve": (x,), "tensordot": (x,), "vecdot": (x,)}
    first = x[0] if name == "outer" else x
    rest = more.get(name, (2,) if name == "matrix_power" else ())
    expected = getattr(np.linalg, name)(first, *rest)
    got = getattr(np.linalg, name)(tg.tensor(first, requires_grad=True), *rest)
    assert type(got) is tg.Tensor or type(got).__name__ == type(expected).__name__
    for a, b in zip(got, expected, strict=True) if isinstance(got, tuple) else [(got, expected)]:
        assert isinstance(a, tg.Tensor) and (a.requires_grad or name == "matrix_rank")
        np.testing.assert_allclose(a.data, b, atol=1e-12)


def test_numpy_s_inner_product_along_an_axis_is_ours():
    x = tg.tensor(_rng.standard_normal((3, 2)), requires_grad=True)
    y = np.vecdot(x, np.ones((3, 2)), axis=0)
    assert y.shape == (2,)
    y.sum().backward()
    assert x.grad.tolist() == np.ones((3, 2)).tolist()


def test_results_have_the_standard_s_names():
    x = tg.tensor(np.eye(3) * np.arange(1.0, 4))
    for f, fields in [(la.eigh, "eigenvalues eigenvectors"), (la.eig, "eigenvalues eigenvectors"), (la.qr, "Q R"),
                      (la.slogdet, "sign logabsdet"), (la.svd, "U S Vh")]:  # fmt: skip
        for argument in (x, x.numpy()):
            assert f(argument)._fields == tuple(fields.split())


def test_numpy_s_determinant_and_cross_product_have_a_derivative():
    x = tg.tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
    np.linalg.det(x).backward()
    assert x.grad.tolist() == [[3.0, -1.0], [-1.0, 2.0]]
    v = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    np.cross(v, np.array([0.0, 0.0, 1.0])).sum().backward()
    assert v.grad.tolist() == [-1.0, 1.0, 0.0]


@pytest.mark.parametrize("name", ["inv", "det", "slogdet", "eigh", "eig", "svd", "qr", "cholesky", "matrix_transpose"])
def test_what_is_no_matrix_is_refused(name):
    with pytest.raises(ValueError, match=rf"{name}.*(\(3,\)|float64\(3,\)|1-dimensional)"):
        getattr(la, name)(tg.tensor(np.ones(3), requires_grad=True))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: la.cross(x, x), r"cross\(Tensor float64\(3, 4\).*length 3"),
        (lambda x: la.outer(x, x), "one axis"),
        (lambda x: la.matrix_power(x, 2), "square"),
        (lambda x: la.matrix_norm(x, ord=3), "given 3"),
        (lambda x: la.matrix_norm(x[0]), "two axes"),
        (lambda x: la.diagonal(x[0]), "two axes"),
        (lambda x: la.qr(x, mode="raw"), "'reduced', 'complete' or 'r', given 'raw'"),
        (lambda x: la.norm(x[None], axis=(0, 1, 2)), "a vector has one axis, a matrix two"),
        (lambda x: la.solve(x, x), "square"),
    ],
)
def test_bad_arguments_say_what_is_wrong(call, words):
    with pytest.raises(ValueError, match=words):
        call(tg.tensor(np.ones((3, 4)), requires_grad=True))


@pytest.mark.parametrize("shape", [(0, 3, 3), (2, 0, 0)])
def test_nothing_is_no_error(shape):
    x = tg.tensor(np.zeros(shape), requires_grad=True)
    several = [lambda x: la.eigh(x)[0], lambda x: la.svd(x)[1], lambda x: la.qr(x)[1], lambda x: la.slogdet(x)[1]]
    for f in [la.inv, la.det, la.cholesky, la.pinv, lambda x: la.solve(x, x), lambda x: abs(la.eigvals(x)), *several]:
        y = f(x)
        assert y.shape == f(x.detach().numpy()).shape
        if y.requires_grad:
            y.sum().backward()
            assert x.grad.shape == shape


def matrices(kind, *shape):
    x = _rng.standard_normal(shape)
    return x + 1j * _rng.standard_normal(shape) if kind == "complex" else x


# Functions of la = tinygrad_lite.linalg or torch.linalg, and of a square matrix; what depends on a phase is left out.
FUNCTIONS = {
    "inv": lambda la, x: la.inv(x),
    "det": lambda la, x: la.det(x),
    "slogdet": lambda la, x: la.slogdet(x)[0] * la.slogdet(x)[1],
    "solve": lambda la, x: la.solve(x, x.mT @ x),
    "cholesky": lambda la, x: la.cholesky(positive(x) if la is tg.linalg else _positive(x)),
    "qr": lambda la, x: la.qr(x[:, :2])[0] @ la.qr(x)[1][:2],
    "qr of a wide matrix": lambda la, x: la.qr(x[:2])[0] @ la.qr(x[:2])[1] * x[:2],
    "eigh": lambda la, x: abs(la.eigh(symmetric(x))[1]) * la.eigh(symmetric(x))[0],
    "eig": lambda la, x: abs(la.eig(x)[1]).sum() + abs(la.eigvals(x)).sum(),
    "svd": lambda la, x: _invariant(*la.svd(x[:, :2], full_matrices=False)),
    "svd of a wide matrix": lambda la, x: _invariant(*la.svd(x[:2], full_matrices=False)),
    "svdvals": lambda la, x: la.svdvals(x[:2]),
    "pinv": lambda la, x: la.pinv(x[:, :2]),
    "matrix_power": lambda la, x: la.matrix_power(x, 3) + la.matrix_power(x, -2),
    "vector_norm": lambda la, x: la.vector_norm(x, ord=3) * la.vector_norm(x) + la.vector_norm(x, ord=1),
    "matrix_norm": lambda la, x: la.matrix_norm(x, ord="nuc") * la.matrix_norm(x, ord=2) + la.matrix_norm(x, ord=1),
    "cross": lambda la, x: la.cross(x, x.mT),
    "vecdot": lambda la, x: la.vecdot(x, x.mT),
}


def _invariant(u, s, vh):
    return u @ vh + abs(u[:, :1] * s) @ abs(vh)


def _positive(x):
    return x @ x.mT.conj() + x.new_ones(3).diag()


def _length(gradients):
    return sum((abs(g) ** 2).sum() for g in gradients)


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_of_order_one_and_two_are_pytorch_s(name, kind, torch):
    f, x = FUNCTIONS[name], matrices(kind, 3, 3)
    seed = _rng.standard_normal(np.shape(f(la, x)))
    loss = lambda y, seed: (y * seed * (1 + 0.5j)).real.sum() if kind == "complex" else (y * seed).sum()
    ours = tg.grad(lambda x: loss(f(la, x), seed))
    again = tg.grad(lambda x: _length([ours(x)]))(x)
    t = torch.tensor(x, requires_grad=True)
    theirs = torch.autograd.grad(loss(f(torch.linalg, t), torch.tensor(seed)), [t], create_graph=True)
    np.testing.assert_allclose(ours(x).data, theirs[0].detach().resolve_conj().numpy(), rtol=1e-8, atol=1e-9)
    second = torch.autograd.grad(_length(theirs), [t])[0]
    np.testing.assert_allclose(again.data, second.resolve_conj().numpy(), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_forward_mode_agrees_with_finite_differences(name, kind):
    f, x, v = FUNCTIONS[name], matrices(kind, 3, 3), matrices(kind, 3, 3)
    step = 1e-6
    expected = (f(la, x + step * v) - f(la, x - step * v)) / (2 * step)
    np.testing.assert_allclose(tg.jvp(lambda x: f(la, x), (x,), (v,))[1].data, expected, rtol=1e-5, atol=1e-6)
