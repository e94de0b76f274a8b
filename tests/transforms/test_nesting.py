"""The transforms, nested in any order: each pair, orders to four, and no perturbation confusion."""

from itertools import product

import numpy as np
import pytest

import tinygrad_lite as tg


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


def made_here(f):
    """f by a rule of its own."""
    return tg.custom_vjp(lambda x: (tg.exp(0.7 * x), x), lambda x, g: (0.7 * g * tg.exp(0.7 * x),))


def possible(outer, inner):
    """Solvers are handed arrays, and there are none inside of vmap: it refuses them, see below."""
    return not (outer == "vmap" and inner in ("implicit", "fixed_point"))


@pytest.mark.parametrize(("outer", "inner"), [pair for pair in product(TRANSFORMS, TRANSFORMS) if possible(*pair)])
def test_every_pair(outer, inner):
    order = ORDER[outer] + ORDER[inner]
    for f in (lambda x: tg.exp(0.7 * x), *([] if "vmap" in (outer, inner) else [made_here(tg.exp)])):
        found = TRANSFORMS[outer](TRANSFORMS[inner](f))(X)
        assert found.item() == pytest.approx(0.7**order * np.exp(0.21), rel=1e-8)
        assert not found.requires_grad


@pytest.mark.parametrize(
    "names", list(product(["grad", "jvp", "jacobian forward", "hvp", "checkpoint", "implicit"], repeat=3))
)
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


@pytest.mark.parametrize("name", ["implicit", "fixed_point"])
def test_solvers_are_refused_inside_of_vmap(name):
    with pytest.raises(TypeError, match="outside of vmap"):
        tg.vmap(TRANSFORMS[name](tg.exp))(np.ones(3))
