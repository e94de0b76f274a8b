"""The transforms, nested in any order: each pair, orders to four, and no perturbation confusion."""

from itertools import product

import numpy as np
import pytest

import tinygrad_lite as tg
from tinygrad_lite.batching import BatchingWarning


def value_of(x):
    return np.float64(x.detach().item()) if isinstance(x, tg.Tensor) else np.float64(x)


def solved(f):
    """f by an equation: y - f(x) = 0."""
    return lambda x: tg.implicit(lambda y, x: y - f(x), tolerance=1e-6)(lambda x: value_of(f(tg.tensor(x))))(x)


def settled(f):
    """f as a fixed point: y = y / 2 + f(x) / 2."""
    return lambda x: tg.fixed_point(lambda y, x: (y + f(x)) / 2, np.float64(0.0), x)


# Each makes a function of one number from another: its first or second derivative, or the same function another way.
FIRST = {
    "grad": tg.grad,
    "value_and_grad": lambda f: lambda x: tg.value_and_grad(f)(x)[1],
    "vjp": lambda f: lambda x: tg.vjp(f, x)[1](1.0)[0],
    "jvp": lambda f: lambda x: tg.jvp(f, (x,), (np.ones(()),))[1],
    "jacobian": tg.jacobian,
    "jacobian forward": lambda f: tg.jacobian(f, mode="forward"),
}
SECOND = {"hessian": tg.hessian, "hvp": lambda f: lambda x: tg.hvp(f, x, np.ones(()))}
SAME = {
    "checkpoint": tg.checkpoint,
    "implicit": solved,
    "fixed_point": settled,
    "vmap": lambda f: lambda x: tg.vmap(f)(tg.stack([x, x]) if isinstance(x, tg.Tensor) else np.stack([x, x]))[0],
}
ORDER = {name: order for order, names in enumerate([SAME, FIRST, SECOND]) for name in names}
TRANSFORMS = FIRST | SECOND | SAME
X = tg.tensor(np.float64(0.3))


made_here = tg.custom_vjp(lambda x: (tg.exp(0.7 * x), x), lambda x, g: (0.7 * g * tg.exp(0.7 * x),))


@pytest.mark.filterwarnings("ignore:vmap computes:tinygrad_lite.batching.BatchingWarning")
@pytest.mark.parametrize(("outer", "inner"), list(product(TRANSFORMS, TRANSFORMS)))
def test_every_pair(outer, inner):
    order = ORDER[outer] + ORDER[inner]
    for f in (lambda x: tg.exp(0.7 * x), made_here):
        found = TRANSFORMS[outer](TRANSFORMS[inner](f))(X)
        assert found.item() == pytest.approx(0.7**order * np.exp(0.21), rel=1e-8)
        assert not found.requires_grad


@pytest.mark.parametrize("names", list(product(["grad", "jvp", "hvp", "checkpoint", "implicit"], repeat=3)))
def test_triples(names):
    f, order = lambda x: tg.exp(0.7 * x), sum(ORDER[name] for name in names)
    for name in names:
        f = TRANSFORMS[name](f)
    assert f(X).item() == pytest.approx(0.7**order * np.exp(0.21), rel=1e-8)


@pytest.mark.parametrize(("outer", "inner"), list(product(FIRST, FIRST)))
@pytest.mark.parametrize("between", ["checkpoint", "implicit", "fixed_point", None])
def test_no_perturbation_confusion(outer, inner, between):
    """The inner function closes over the outer variable, and what lies between must hand its share on, and no more."""
    outer, inner, wrap = FIRST[outer], FIRST[inner], TRANSFORMS.get(between, lambda f: f)
    # d/dx (x * d/dy (x + y)) = 1: confused systems answer 2
    assert outer(lambda x: x * inner(wrap(lambda y: x + y))(np.float64(1.0)))(np.float64(2.0)).item() == pytest.approx(
        1
    )
    # d/dx (x * d/dy (x y²) at y = 3) = 12 x; at y = x it is d/dx 2 x³
    assert outer(lambda x: x * inner(wrap(lambda y: x * y * y))(np.float64(3.0)))(
        np.float64(2.0)
    ).item() == pytest.approx(24)
    assert outer(lambda x: x * inner(wrap(lambda y: x * y * y))(x))(np.float64(2.0)).item() == pytest.approx(24)
    # the same function twice, one inside the other: d/dx (d/dy (y³ x) at y = x²) = d/dx 3 x⁵
    assert outer(wrap(lambda x: inner(wrap(lambda y: y**3 * x))(x * x)))(np.float64(2.0)).item() == pytest.approx(240)


@pytest.mark.parametrize("name", ["implicit", "fixed_point", "custom_vjp"])
def test_inside_of_vmap_what_asks_for_values_runs_example_by_example_with_one_warning(name):
    f = made_here if name == "custom_vjp" else TRANSFORMS[name](lambda x: tg.exp(0.7 * x))
    x = np.random.default_rng(1).random((2, 3))
    expected = 0.7**2 * np.exp(0.7 * x)
    with pytest.warns(BatchingWarning, match="example by example") as warned:
        found = tg.vmap(tg.vmap(tg.grad(tg.grad(f))))(x)
    assert len(warned) <= 2  # one for each vmap
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-9)
    with pytest.warns(BatchingWarning):
        g = tg.grad(lambda x: (tg.vmap(lambda x, s: f(s * x), (0, None))(x[0], 2.0) ** 2).sum())(x)
    np.testing.assert_allclose(g.numpy(), [2 * 1.4 * np.exp(2.8 * x[0]), [0, 0, 0]], rtol=1e-9)


@pytest.mark.filterwarnings("ignore:vmap computes:tinygrad_lite.batching.BatchingWarning")
@pytest.mark.parametrize("derivative", [tg.grad, tg.jacobian, lambda f: tg.jacobian(f, mode="forward")])
def test_each_example_has_its_own_gradient_by_what_is_the_same_for_all(derivative):
    by_rule = tg.custom_vjp(lambda w, x: (w * x, (w, x)), lambda saved, g: (g * saved[1], g * saved[0]))
    by_equation = tg.implicit(lambda y, w, x: y - w * x)(lambda w, x: w * x)
    x = np.arange(3.0)
    for f in (by_rule, by_equation, tg.checkpoint(lambda w, x: w * x)):
        assert tg.vmap(lambda x: derivative(lambda w: f(w, x))(2.0))(x).tolist() == x.tolist()  # noqa: B023
        w = tg.tensor(2.0, requires_grad=True)
        tg.vmap(lambda x: f(w, x))(x).sum().backward()  # noqa: B023
        assert w.grad.item() == 3


def test_a_solver_that_closes_over_the_examples_is_refused_inside_of_vmap():
    with pytest.raises(TypeError, match="outside of vmap"):
        tg.vmap(lambda a: tg.fixed_point(lambda x: tg.cos(a * x), np.float64(1.0)))(np.ones(3))
