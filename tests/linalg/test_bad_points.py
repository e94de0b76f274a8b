"""Where a matrix is degenerate: the written policy of docs/linear_algebra.md, a test for each line of it."""

import numpy as np
import pytest

import tinygrad_lite as tg

la = tg.linalg
LinAlgError = np.linalg.LinAlgError
_rng = np.random.default_rng(0)
IDENTITY = np.eye(3)
ONE_TWIN = np.diag([2.0, 1.0, 1.0])  # eigenvalues, and singular values, of which two are equal
TURN = np.linalg.qr(_rng.standard_normal((3, 3)))[0]
TURNED_TWIN = TURN @ ONE_TWIN @ TURN.T  # equal but for rounding
JORDAN = np.array([[1.0, 1.0], [0.0, 1.0]])


def refuses(f, x, words):
    for derivative in (lambda: tg.grad(f)(x), lambda: tg.grad(lambda x: tg.grad(f)(x).sum())(x)):
        with pytest.raises(LinAlgError, match=words):
            derivative()


# Determinants and inverses of singular matrices.


def minors(x):
    """The cofactors, each the determinant of what is left of x."""
    n = len(x)
    rest = [[np.delete(np.delete(x, i, 0), j, 1) for j in range(n)] for i in range(n)]
    return np.array([[(-1) ** (i + j) * np.linalg.det(rest[i][j]) for j in range(n)] for i in range(n)])


def of_rank(rank, n, dtype=float):
    a, b = _rng.standard_normal((2, n, rank))
    return (a + (1j * b[::-1] if dtype is complex else 0)) @ b.T


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize("rank", range(5))
def test_the_derivative_of_a_determinant_is_its_cofactors_whatever_the_rank(rank, dtype):
    x = of_rank(rank, 4, dtype)
    got = tg.vjp(la.det, x)[1](np.ones((), x.dtype))[0].data
    np.testing.assert_allclose(got, minors(x).conj(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rank", range(5))
def test_the_second_derivative_of_a_determinant_whatever_the_rank(rank):
    x, direction = of_rank(rank, 4), _rng.standard_normal((4, 4))
    step = 1e-5
    expected = (minors(x + step * direction) - minors(x - step * direction)) / (2 * step)
    got = tg.hvp(la.det, x, direction).data
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-7)


def test_the_third_derivative_of_the_determinant_of_zeros():
    """det(t a) is t**3 det(a)."""
    a = _rng.standard_normal((3, 3))
    third = tg.grad(tg.grad(tg.grad(lambda t: la.det(t * a))))(np.array(0.0))
    np.testing.assert_allclose(third.item(), 6 * np.linalg.det(a))


def test_a_determinant_near_a_singular_matrix_keeps_its_digits():
    x = of_rank(2, 3) + 1e-14 * _rng.standard_normal((3, 3))
    np.testing.assert_allclose(tg.grad(la.det)(x).data, minors(x), rtol=1e-10)


def test_singular_matrices_in_a_stack_do_not_disturb_the_others():
    x = np.stack([of_rank(2, 3), of_rank(3, 3), np.zeros((3, 3))])
    got = tg.grad(lambda x: la.det(x).sum())(x).data
    np.testing.assert_allclose(got, [minors(each) for each in x], rtol=1e-9, atol=1e-9)


def test_the_inverse_of_a_singular_matrix_raises_numpy_s_error():
    for f in (la.inv, lambda x: la.solve(x, np.ones(2)), lambda x: la.matrix_power(x, -1)):
        with pytest.raises(LinAlgError, match=r"(inv|solve)\(.*Tensor float64\(2, 2\).*Singular matrix"):
            f(tg.tensor(np.ones((2, 2)), requires_grad=True))


def test_a_matrix_with_a_nan_has_a_derivative_of_nan():
    x = np.array([[1.0, np.nan], [2.0, 3.0]])
    for f in (la.det, lambda x: la.slogdet(x)[1]):
        with np.errstate(invalid="ignore"):
            assert np.isnan(tg.grad(f)(x).data).all()


def test_the_threshold_of_a_rank_has_the_derivative_zero():
    x, rtol = tg.tensor(np.diag([1.0, 0.1]), requires_grad=True), tg.tensor(0.5, requires_grad=True)
    assert la.matrix_rank(x, rtol=rtol).item() == 1
    la.pinv(x, rtol=rtol).sum().backward()
    assert x.grad.tolist() == [[-1, 1], [1, 0]] and rtol.grad is None


def test_the_logarithm_of_a_determinant_of_zero():
    singular = np.ones((2, 2))
    assert np.isneginf(la.slogdet(tg.tensor(singular)).logabsdet.item())
    refuses(lambda x: la.slogdet(x)[1], singular, "matrix is singular.*logarithm.*no derivative")
    both = np.stack([singular, 2 * np.eye(2)])

    def of_regular_ones(x):
        sign, logarithm = la.slogdet(x)
        return tg.where(sign != 0, logarithm, 0.0).sum()

    np.testing.assert_allclose(tg.grad(of_regular_ones)(both).data, [np.zeros((2, 2)), np.eye(2) / 2])


def test_cholesky_of_a_matrix_that_is_not_positive_raises_numpy_s_error():
    with pytest.raises(LinAlgError, match=r"cholesky.*not positive definite"):
        la.cholesky(tg.tensor(-IDENTITY, requires_grad=True))


# Eigenvalues.


@pytest.mark.parametrize("x", [IDENTITY, ONE_TWIN, TURNED_TWIN], ids=["I", "twins", "rounded twins"])
def test_functions_of_equal_eigenvalues_have_their_derivative(x):
    """The sum of f(eigenvalue) has the derivative f'(x), also where eigenvalues are equal."""
    np.testing.assert_allclose(tg.grad(lambda x: (la.eigvalsh(x) ** 3).sum())(x).data, 3 * x @ x, atol=1e-12)
    np.testing.assert_allclose(tg.grad(lambda x: tg.log(la.eigh(x)[0]).sum())(x).data, np.linalg.inv(x), atol=1e-12)


@pytest.mark.parametrize("x", [IDENTITY, ONE_TWIN, TURNED_TWIN], ids=["I", "twins", "rounded twins"])
def test_vectors_of_equal_eigenvalues_have_none(x):
    def again(x):  # x itself, but by way of its eigenvectors
        w, v = la.eigh(x)
        return ((v * w) @ v.mT)[0, 1]

    for f in (again, lambda x: la.eigh(x)[1][0, 0], lambda x: (la.eigh(x)[1] @ np.ones(3)).sum()):
        with pytest.raises(LinAlgError, match=r"eigenvalues . and . are equal"):
            tg.grad(f)(x)
        with pytest.raises(LinAlgError, match=r"eigenvalues . and . are equal"):
            tg.jvp(f, (x,), (IDENTITY,))


def test_the_vector_of_an_eigenvalue_that_has_no_twin_has_its_derivative():
    f = lambda x: abs(la.eigh(x + x.mT)[1][:, 2]).sum()
    tg.check_grads(f, TURNED_TWIN, order=1)
    np.testing.assert_allclose(
        tg.jvp(f, (TURNED_TWIN,), (IDENTITY[::-1].copy(),))[1].item(), (tg.grad(f)(TURNED_TWIN).data[::-1]).trace()
    )


def test_eigenvectors_that_nothing_is_asked_of():
    for f in (lambda x: tg.where(False, la.eigh(x)[1], 0.0).sum(), lambda x: 0.0 * la.eig(x)[1].real.sum()):
        assert not tg.grad(f)(IDENTITY).data.any()


def test_a_matrix_with_too_few_eigenvectors():
    for f in (lambda x: abs(la.eigvals(x)).sum(), lambda x: la.eig(x)[1].real.sum()):
        refuses(f, JORDAN, "not as many independent eigenvectors as rows")


@pytest.mark.parametrize("x", [IDENTITY, TURNED_TWIN], ids=["I", "rounded twins"])
def test_equal_eigenvalues_of_a_matrix_that_is_not_known_to_be_symmetric(x):
    np.testing.assert_allclose(tg.grad(lambda x: (la.eigvals(x) ** 2).real.sum())(x).data, 2 * x.T, atol=1e-12)
    refuses(lambda x: abs(la.eig(x)[1]).sum(), x, "eigenvalues . and . are equal")


# Singular values.


@pytest.mark.parametrize("x", [IDENTITY, ONE_TWIN, TURNED_TWIN[:, [2, 0, 1]]], ids=["I", "twins", "rounded twins"])
def test_functions_of_equal_singular_values_have_their_derivative(x):
    np.testing.assert_allclose(tg.grad(lambda x: (la.svdvals(x) ** 2).sum())(x).data, 2 * x, atol=1e-12)
    u, _, vh = np.linalg.svd(x)
    np.testing.assert_allclose(tg.grad(lambda x: la.matrix_norm(x, ord="nuc"))(x).data, u @ vh, atol=1e-12)


@pytest.mark.parametrize("x", [IDENTITY, TURNED_TWIN], ids=["I", "rounded twins"])
@pytest.mark.parametrize("part", [0, 2])
def test_vectors_of_equal_singular_values_have_none(x, part):
    refuses(lambda x: abs(la.svd(x)[part]).sum(), x, "singular values . and . are equal")


def test_a_singular_value_of_zero_is_at_a_kink_and_hands_back_zero():
    u, v = TURN[:, :1], TURN[:, 1:2]
    x = 3.0 * u @ v.T
    np.testing.assert_allclose(tg.grad(lambda x: la.svdvals(x).sum())(x).data, u @ v.T, atol=1e-12)
    assert not tg.grad(lambda x: la.matrix_norm(x, ord="nuc"))(np.zeros((2, 3))).data.any()
    assert not tg.grad(lambda x: la.matrix_norm(x, ord=2))(np.zeros((2, 3))).data.any()


def test_the_vectors_of_a_singular_value_of_zero():
    x = np.outer([1.0, 2.0, 3.0], [1.0, -1.0])
    refuses(lambda x: la.svd(x, full_matrices=False)[0].sum(), x, "singular value 1 is 0")


@pytest.mark.parametrize(("shape", "part"), [((4, 2), 0), ((2, 4), 2)])
def test_singular_vectors_that_only_fill_up(shape, part):
    x = _rng.standard_normal(shape)
    refuses(lambda x: la.svd(x)[part].sum(), x, "only the first 2 singular vectors are determined")
    kept = (slice(None), slice(2)) if part == 0 else (slice(2),)
    tg.check_grads(lambda x: la.svd(x)[part][kept], x)


# Q and R.


def test_columns_of_q_that_only_fill_up():
    x = _rng.standard_normal((4, 2))
    refuses(lambda x: la.qr(x, mode="complete")[0].sum(), x, "only the first 2 columns of Q are determined")


def test_q_and_r_of_dependent_columns():
    refuses(lambda x: la.qr(x)[0].sum(), np.outer([1.0, 2.0, 3.0], [1.0, 2.0]), "a column depends on those before it")
    assert not tg.grad(lambda x: tg.where(False, la.qr(x)[0], 0.0).sum())(np.ones((2, 2))).data.any()


# Complex vectors may be turned.


@pytest.mark.parametrize(
    "f",
    [
        lambda x: la.eigh(x + x.mT.conj())[1].real.sum(),
        lambda x: la.svd(x)[0].imag.sum(),
        lambda x: la.svd(x)[2].real.sum(),
        lambda x: la.eig(x)[1].real.sum(),
    ],
)
def test_what_depends_on_how_a_complex_vector_is_turned_is_refused(f):
    refuses(f, _rng.standard_normal((3, 3)) + 1j * _rng.standard_normal((3, 3)), r"multiplied with exp\(i \* angle\)")


# Pseudo-inverses and norms.


def test_a_pseudo_inverse_moves_among_matrices_of_its_rank():
    a, b = _rng.standard_normal((4, 2)), _rng.standard_normal((2, 3))
    tg.check_grads(lambda a, b: la.pinv(a @ b, rtol=1e-8), a, b, tolerance=1e-5)


@pytest.mark.parametrize("ord", [2, 1, 3, 0.5, np.inf])
def test_a_norm_at_zero_hands_back_zero(ord):
    for f in (lambda x: la.vector_norm(x, ord=ord), lambda x: tg.grad(lambda x: la.vector_norm(x, ord=ord))(x).sum()):
        assert tg.grad(f)(np.zeros(3)).tolist() == [0, 0, 0]
    if ord != np.inf:  # there, equals share the derivative
        got = tg.grad(lambda x: la.vector_norm(x, ord=ord, axis=-1).sum())(np.array([[0.0, 0.0], [0.0, 2.0]]))
        assert got.tolist() == [[0, 0], [0, 1]]


def test_a_p_norm_neither_overflows_nor_vanishes():
    for size in (1e200, 1e-200):
        x = np.array([3.0, 4.0]) * size
        np.testing.assert_allclose(la.vector_norm(x, ord=3), 91 ** (1 / 3) * size)
        np.testing.assert_allclose(
            tg.grad(lambda x: la.vector_norm(x, ord=3))(x).data, np.array([9, 16]) / 91 ** (2 / 3)
        )
