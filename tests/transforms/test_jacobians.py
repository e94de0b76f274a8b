"""jacobian, hessian and hvp."""

import numpy as np
import pytest

import tinygrad_lite as tg

RNG = np.random.default_rng(5)
A, X = RNG.standard_normal((3, 4)), RNG.standard_normal(4)
MODES = pytest.mark.parametrize("mode", ["reverse", "forward"])


@MODES
def test_the_jacobian_of_a_product_is_the_matrix(mode):
    j = tg.jacobian(lambda x: tg.tensor(A) @ x, mode=mode)(X)
    np.testing.assert_allclose(j.numpy(), A, rtol=1e-15)
    assert j.dtype == np.float64 and not j.requires_grad


@MODES
def test_the_shape_is_the_result_s_then_the_argument_s(mode):
    f = lambda x, y: tg.outer(tg.sin(x), y)
    jx, jy = tg.jacobian(f, (0, 1), mode)(A, X)
    assert jx.shape == (12, 4, 3, 4) and jy.shape == (12, 4, 4)
    i = np.arange(12)
    expected = np.zeros((12, 4, 12))
    expected[i, :, i] = np.cos(A).reshape(-1, 1) * X
    np.testing.assert_allclose(jx.reshape(12, 4, 12).numpy(), expected, rtol=1e-14)


@MODES
def test_nests_of_nests(mode):
    f = lambda p: {"y": p["w"] * p["b"], "z": [p["b"] ** 2]}
    j = tg.jacobian(f, mode=mode)({"w": [2.0, 3.0], "b": 5.0})
    assert j["y"]["w"].tolist() == [[5, 0], [0, 5]] and j["y"]["b"].tolist() == [2, 3]
    assert j["z"][0]["w"].tolist() == [0, 0] and j["z"][0]["b"].item() == 10


@MODES
def test_numbers_constants_and_nothing_at_all(mode):
    assert tg.jacobian(lambda x: x**2, mode=mode)(3.0).item() == 6
    assert tg.jacobian(lambda x: tg.tensor([1.0, 2.0]), mode=mode)([3.0]).tolist() == [[0], [0]]
    assert tg.jacobian(lambda x: x, mode=mode)(np.zeros((0, 2))).shape == (0, 2, 0, 2)


@MODES
def test_a_jacobian_can_be_differentiated(mode):
    f = lambda x: tg.stack([x[0] * x[1], x[0] ** 3])
    g = tg.grad(lambda x: (tg.jacobian(f, mode=mode)(x) * [[1.0, 2.0], [3.0, 0.0]]).sum())([2.0, 5.0])
    assert g.tolist() == [2 + 18 * 2, 1]
    again = tg.jacobian(tg.jacobian(f, mode=mode), mode=mode)([2.0, 5.0])
    assert again.tolist() == [[[0, 1], [1, 0]], [[12, 0], [0, 0]]]


@MODES
def test_what_it_closes_over_is_reached(mode):
    w = tg.tensor([2.0, 3.0], requires_grad=True)
    tg.jacobian(lambda x: w * x**2, mode=mode)([5.0, 7.0]).sum().backward()
    assert w.grad.tolist() == [10, 14]


def test_options_are_passed_on():
    assert tg.jacobian(lambda n, x, *, by: x * n / by, 1)(3, [2.0], by=2).tolist() == [[1.5]]


def test_a_mode_that_there_is_not():
    with pytest.raises(ValueError, match="'reverse' or 'forward', given 'backward'"):
        tg.jacobian(tg.sin, mode="backward")


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def test_hessian_and_hvp_agree_with_scipy_s_formulas():
    optimize = pytest.importorskip("scipy.optimize")
    v = RNG.standard_normal(4)
    np.testing.assert_allclose(tg.grad(rosenbrock)(X).numpy(), optimize.rosen_der(X), rtol=1e-12)
    np.testing.assert_allclose(tg.hessian(rosenbrock)(X).numpy(), optimize.rosen_hess(X), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(tg.hvp(rosenbrock, X, v).numpy(), optimize.rosen_hess(X) @ v, rtol=1e-12)


def test_a_hessian_of_nests_and_of_several_arguments():
    f = lambda p, y: p["a"] ** 2 * p["b"].sum() * y
    h = tg.hessian(f)({"a": 2.0, "b": [1.0, 2.0]}, 3.0)
    assert h["a"]["a"].item() == 18 and h["a"]["b"].tolist() == [12, 12] and h["b"]["a"].tolist() == [12, 12]
    assert h["b"]["b"].tolist() == [[0, 0], [0, 0]]
    both = tg.hessian(lambda x, y: x**2 * y**3, (0, 1))(2.0, 5.0)
    assert [[d.item() for d in row] for row in both] == [[250, 300], [300, 120]]


def test_hvp_of_a_nest_and_its_own_derivatives():
    f = lambda p: (p["a"] ** 3).sum() * p["b"]
    found = tg.hvp(f, {"a": [1.0, 2.0], "b": 3.0}, {"a": [1.0, 0.0], "b": 1.0})
    assert found["a"].tolist() == [18 + 3, 12] and found["b"].item() == 3
    assert tg.grad(lambda x: tg.hvp(lambda y: y**4, x, 1.0))(2.0).item() == 48
    assert tg.grad(lambda v: tg.hvp(lambda y: y**4, 2.0, v))(1.0).item() == 48


def test_one_part_of_the_work_serves_many_products():
    g, pull = tg.vjp(tg.grad(rosenbrock), X)
    h = tg.hessian(rosenbrock)(X).numpy()
    assert (g.numpy() == tg.grad(rosenbrock)(X).numpy()).all()
    for v in np.eye(4):
        np.testing.assert_allclose(pull(v)[0].numpy(), h @ v, rtol=1e-12, atol=1e-12)


def test_complex_numbers_have_no_one_jacobian():
    with pytest.raises(TypeError, match=r"real numbers, given a Tensor complex128\(2,\): take \.real"):
        tg.jacobian(lambda x: x * 1j)(np.ones(2))
