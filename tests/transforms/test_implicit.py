"""implicit and fixed_point: derivatives of what an equation defines, against closed forms and finite differences."""

import numpy as np
import pytest

import tinygrad_lite as tg
from tinygrad_lite.transforms.gmres import gmres

RNG = np.random.default_rng(4)
A, B = RNG.standard_normal((8, 3)), RNG.standard_normal(8)


@tg.implicit(lambda x, a: x * x - a)
def newton(a):
    """The square root."""
    assert type(a) is np.ndarray
    x = np.ones_like(a)
    for _ in range(60):
        x = (x + a / x) / 2
    return x


def test_the_square_root_by_newton_has_the_derivatives_of_the_square_root():
    a = np.array([0.5, 2.0, 9.0])
    np.testing.assert_allclose(newton(a).numpy(), np.sqrt(a))
    tg.check_grads(newton, a)
    loss = lambda root: lambda a: (root(a) ** 3).sum() * root(a)[0]
    third = lambda root: tg.jacobian(tg.hessian(loss(root)))(a).numpy()
    np.testing.assert_allclose(third(newton), third(tg.sqrt), rtol=1e-9, atol=1e-12)
    forward = lambda root: tg.jacobian(tg.jacobian(root, mode="forward"), mode="forward")(a).numpy()
    np.testing.assert_allclose(forward(newton), forward(tg.sqrt), rtol=1e-10, atol=1e-14)


def test_ridge_regression_s_penalty_against_the_closed_form():
    objective = lambda w, penalty: ((A @ w - B) ** 2).sum() + penalty * (w * w).sum()
    ridge = tg.implicit(tg.grad(objective))(lambda p: np.linalg.solve(A.T @ A + p * np.eye(3), A.T @ B))
    closed = lambda p: tg.linalg.solve(A.T @ A + p * np.eye(3), A.T @ B)
    loss = lambda solve: lambda p: (solve(p) ** 2).sum()
    p = np.float64(0.7)
    for order in (tg.grad, tg.hessian, lambda f: tg.grad(tg.grad(tg.grad(f)))):
        assert order(loss(ridge))(p).item() == pytest.approx(order(loss(closed))(p).item(), rel=1e-9)


def test_the_optimum_of_a_logistic_regression_by_scipy_against_finite_differences():
    optimize = pytest.importorskip("scipy.optimize")
    x, y = RNG.standard_normal((30, 2)), RNG.integers(0, 2, 30).astype(float)

    def objective(p, penalty, weights):
        z = x @ p["w"] + p["b"]
        return (weights * (tg.logaddexp(0.0, z) - y * z)).sum() + penalty * (p["w"] ** 2).sum() / 2

    @tg.implicit(tg.grad(objective))
    def fit(penalty, weights):
        of = lambda v: {"w": v[:2], "b": v[2]}
        value = lambda v: objective(of(tg.asarray(v)), penalty, weights)
        jac = lambda v: tg.grad(value)(v).numpy()
        hess = lambda v: tg.hessian(value)(v).numpy()
        found = optimize.minimize(
            lambda v: value(v).item(), np.zeros(3), jac=jac, hess=hess, method="trust-exact", tol=1e-12
        ).x
        return of(found)

    def score(penalty, weights):
        p = fit(penalty, weights)
        return (p["w"] ** 2).sum() + tg.sin(p["b"])

    tg.check_grads(score, 0.5, np.ones(30), tolerance=1e-5)


def test_a_sinkhorn_plan_as_a_fixed_point_of_two_potentials():
    cost, a, b = RNG.random((4, 5)), np.full(4, 0.25), np.full(5, 0.2)

    def sweep(potentials, cost):
        f = -tg.logsumexp(potentials["g"] - cost, axis=1) + np.log(a)
        g = -tg.logsumexp(tg.expand_dims(f, 1) - cost, axis=0) + np.log(b)
        return {"f": f - f.mean(), "g": g + f.mean()}

    start = {"f": np.zeros(4), "g": np.zeros(5)}

    def transport(cost):
        found = tg.fixed_point(sweep, start, cost)
        plan = tg.exp(tg.expand_dims(found["f"], 1) + found["g"] - cost)
        np.testing.assert_allclose(plan.detach().numpy().sum(1), a, rtol=1e-8)
        return (plan * cost).sum()

    tg.check_grads(transport, cost)


def test_a_deep_equilibrium_layer_reaches_the_weights_that_it_closes_over():
    w, u = 0.3 * RNG.standard_normal((6, 6)), RNG.standard_normal((6, 2))
    x = RNG.standard_normal((5, 2))

    def unrolled(w, u, steps=80):
        z = tg.tensor(np.zeros((5, 6)))
        for _ in range(steps):
            z = tg.tanh(z @ w + x @ u.mT)
        return z

    def equilibrium(w, u):
        return tg.fixed_point(lambda z: tg.tanh(z @ w + x @ u.mT), np.zeros((5, 6)))

    v = RNG.standard_normal((6, 6))
    for f in (
        lambda layer: tg.grad(lambda w, u: (layer(w, u) ** 2).sum(), (0, 1))(w, u),
        lambda layer: [tg.hvp(lambda w: (layer(w, tg.tensor(u)) ** 2).sum(), w, v)],
        lambda layer: tg.jvp(lambda w: layer(w, tg.tensor(u)), (w,), (v,)),
    ):
        for found, expected in zip(f(equilibrium), f(unrolled), strict=True):
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-8, atol=1e-10)
    weight = tg.tensor(w, requires_grad=True)
    equilibrium(weight, tg.tensor(u)).sum().backward()
    found = weight.grad.numpy()
    weight.grad = None
    unrolled(weight, tg.tensor(u)).sum().backward()
    np.testing.assert_allclose(found, weight.grad.numpy(), rtol=1e-9)


def test_complex_solutions():
    root = tg.implicit(lambda x, a: x**3 + x - a)(lambda a: np.roots([1, 0, 1, -a])[0])
    tg.check_grads(lambda a: root(a).real + root(a).imag * 2, np.complex128(3 + 1j))
    mirrored = tg.implicit(lambda x, a: x.conj() * (1 + 2j) + x - a)(  # not holomorphic
        lambda a: np.dot(np.linalg.inv([[2, 2], [2, 0]]), [a.real, a.imag]) @ [1, 1j]
    )
    tg.check_grads(lambda a: abs(mirrored(a)), np.complex128(0.3 - 2j))


def test_options_are_for_the_solver_and_nothing_is_recorded_of_its_steps():
    seen = []

    @tg.implicit(lambda x, a: x - 2 * a)
    def double(a, *, start):
        seen.append(start)
        return 2 * a

    a = tg.tensor(3.0, requires_grad=True)
    y = double(a, start=5)
    assert seen == [5] and y._primitive.name == "implicit" and y._inputs == (a,)
    assert not double(3.0, start=1).requires_grad
    with tg.no_grad():
        assert not double(a, start=1).requires_grad


def test_a_solver_that_stopped_too_early_is_refused():
    lazy = lambda a: np.sqrt(a) + 0.01
    with pytest.raises(RuntimeError, match=r"stopped before the condition holds.*0\.02.*tolerance"):
        tg.grad(tg.implicit(lambda x, a: x * x - a)(lazy))(np.float64(2.0))
    loose = tg.implicit(lambda x, a: x * x - a, tolerance=0.1)(lazy)
    assert tg.grad(loose)(np.float64(2.0)).item() == pytest.approx(0.5 / (np.sqrt(2) + 0.01))
    with pytest.raises(RuntimeError, match="nan"):
        tg.grad(tg.implicit(lambda x, a: x * x - a)(lambda a: np.nan))(np.float64(2.0))


def test_what_the_condition_does_not_determine_is_refused():
    double = tg.implicit(lambda x, a: (x - a) ** 2)(lambda a: a * 1)  # a double root
    with pytest.raises(np.linalg.LinAlgError, match=r"not determined by its condition.*singular"):
        tg.grad(double)(np.float64(2.0))
    line = lambda x, a: tg.stack([x[0] + x[1] - a, 2 * (x[0] + x[1] - a)])
    on_it = tg.implicit(line)(lambda a: np.array([a / 2, a / 2]))
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        tg.grad(lambda a: on_it(a)[0])(np.float64(2.0))
    assert tg.grad(lambda a: on_it(a).sum())(np.float64(2.0)).item() == pytest.approx(1)  # their sum is determined


def test_ill_conditioned_but_regular_equations_are_solved():
    scales = np.logspace(0, -6, 12)
    q = np.linalg.qr(RNG.standard_normal((12, 12)))[0]
    matrix = (q * scales) @ q.T
    solve = tg.implicit(lambda x, b: matrix @ x - b, tolerance=1e-3)(lambda b: np.linalg.solve(matrix, b))
    found = tg.jacobian(solve)(q @ np.ones(12)).numpy()
    np.testing.assert_allclose(found, np.linalg.inv(matrix), rtol=1e-5, atol=1e-3)


def test_wrong_shapes_and_dtypes_are_told():
    given = np.array([2.0, 3.0])
    with pytest.raises(ValueError, match="must have the shapes of the solution"):
        tg.implicit(lambda x, a: (x - a).sum())(lambda a: a * 1)(tg.tensor(given))
    with pytest.raises(ValueError, match="the result of the condition must be like"):
        tg.implicit(lambda x, a: {"x": x - a})(lambda a: a * 1)(tg.tensor(given))
    with pytest.raises(ValueError, match="depend on it"):
        tg.implicit(lambda x, a: [x[0] - a, tg.tensor(0.0)])(lambda a: [a, a])(tg.tensor(given))
    with pytest.raises(ValueError, match=r"depend on it: 1\.0"):
        tg.implicit(lambda x, a: 1.0)(lambda a: a * 1)(tg.tensor(given))
    with pytest.raises(TypeError, match=r"floating point numbers, the solver returned.*int64"):
        tg.implicit(lambda x, a: x - a)(lambda a: np.arange(2))(tg.tensor(given))


def test_a_fixed_point_that_is_not_reached_is_refused():
    with pytest.raises(RuntimeError, match=r"still moves by .* after 50 steps.*implicit"):
        tg.fixed_point(lambda x: 1 - x, np.float64(0.3), steps=50)
    with pytest.raises(RuntimeError, match=r"still moves by (nan|inf)"):
        tg.fixed_point(lambda x: x * x * 10, np.float64(5.0))
    with pytest.raises(RuntimeError, match="after 0 steps"):
        tg.fixed_point(tg.cos, 1.0, steps=0)


def test_a_fixed_point_of_float64_starts_anywhere():
    x = tg.fixed_point(lambda x, a: tg.cos(a * x), 1.0, np.float64(1.0))
    assert x.dtype == np.float64 and x.item() == pytest.approx(0.7390851332151607, rel=1e-11)
    assert tg.fixed_point(tg.cos, [1.0, 0.0], tolerance=0.1, steps=20).shape == (2,)


@pytest.mark.parametrize(("decades", "products"), [(0, 1), (2, 85), (11, 100)])
def test_the_equations_are_solved_as_well_as_by_factors_and_with_no_more_products_than_needed(decades, products):
    q, p = (np.linalg.qr(RNG.standard_normal((100, 100)))[0] for _ in range(2))
    matrix = (q * np.logspace(0, -decades, 100)) @ (p.T if decades > 2 else q.T)
    b, asked = matrix @ RNG.standard_normal(100), []
    x = gmres(lambda v: asked.append(v) or matrix @ v, b, 100 * np.finfo(float).eps)
    assert np.linalg.norm(matrix @ x - b) <= 1e-13 * np.linalg.norm(b)
    assert len(asked) <= products
    assert gmres(lambda v: matrix @ v, 0 * b, 1e-14).tolist() == [0] * 100


def test_equations_without_a_solution_are_refused_and_those_with_several_have_a_short_one():
    assert gmres(lambda v: v * [1.0, 0.0, 2.0], np.array([3.0, 0.0, 2.0]), 1e-14) == pytest.approx([3, 0, 1])
    for matrix in (np.zeros((3, 3)), np.diag([1.0, 2.0, 0.0]), np.outer([1, 1, 0], [1, -1, 0])):
        with pytest.raises(np.linalg.LinAlgError, match=r"nothing is found .* after . products .* remain"):
            gmres(lambda v: matrix @ v, np.ones(3), 1e-14)  # noqa: B023
    half = np.arange(10) % 2
    with pytest.raises(np.linalg.LinAlgError, match="after 2 products"):  # two different eigenvalues
        gmres(lambda v: half * v, np.random.default_rng(0).random(10), 1e-14)
    with pytest.raises(np.linalg.LinAlgError, match="not finite"):
        gmres(lambda v: v * np.inf, np.ones(3), 1e-14)


def test_ten_thousand_unknowns_take_few_products():
    """The Jacobian is never made: gradients by 10,000 numbers take a few pulls."""
    n = 10_000
    scale = RNG.random(n)
    f = lambda x, a: 0.5 * tg.sin(x + x[::-1]) * scale + a
    g = tg.grad(lambda a: tg.fixed_point(f, np.zeros(n), a).sum())(np.ones(n))
    step = 1e-5 * RNG.standard_normal(n)
    value = lambda a: tg.fixed_point(f, np.zeros(n), a).sum().item()
    assert g.numpy() @ step == pytest.approx((value(1 + step) - value(1 - step)) / 2, rel=1e-6)
