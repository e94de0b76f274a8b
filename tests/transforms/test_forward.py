"""jvp: forward mode, by the pull-back through the pull-back."""

import numpy as np
import pytest

import tinygrad_lite as tg


def directional(f, x, v, eps=1e-6):
    with tg.no_grad():
        return (f(tg.tensor(x + eps * v)).numpy() - f(tg.tensor(x - eps * v)).numpy()) / (2 * eps)


@pytest.mark.parametrize(
    "f",
    [
        tg.tanh, lambda x: x * x[::-1], lambda x: x.reshape(2, 3) @ x.reshape(3, 2), lambda x: x.prod(), tg.cumprod,
        lambda x: tg.where(x > 0, x * x, tg.exp(x)), lambda x: x.std() / x.max(), lambda x: x[[0, 0, 2]],
    ],
    ids=["tanh", "flip", "matmul", "prod", "cumprod", "where", "std", "index"],
)  # fmt: skip
def test_forward_mode_agrees_with_a_step_along_the_tangent(f):
    rng = np.random.default_rng(3)
    x, v = rng.standard_normal((2, 6))
    g = f if f is not tg.cumprod else lambda x: tg.cumprod(x, 0)
    value, moved = tg.jvp(g, (x,), (v,))
    assert (value.numpy() == g(tg.tensor(x)).numpy()).all()
    np.testing.assert_allclose(moved.numpy(), directional(g, x, v), rtol=1e-7, atol=1e-8)


def test_several_arguments_nests_in_and_out():
    f = lambda p, x: {"sum": p["a"] + x, "products": [p["a"] * x, 2 * x]}
    value, moved = tg.jvp(f, ({"a": 2.0}, 3.0), ({"a": 1.0}, 10.0))
    assert value["products"][0].item() == 6 and not value["sum"].requires_grad
    assert [moved["sum"].item(), *[m.item() for m in moved["products"]]] == [11, 23, 20]
    assert moved["sum"].is_leaf


def test_what_does_not_move_has_tangent_zero():
    value, moved = tg.jvp(lambda x: (x.detach(), tg.tensor([1, 2]), x * 0), ([1.0, 2.0],), ([1.0, 1.0],))
    assert [m.tolist() for m in moved] == [[0, 0], [0, 0], [0, 0]] and moved[1].dtype == value[1].dtype
    assert tg.jvp(lambda x, y: y * 2, (1.0, 2.0), (5.0, 0.0))[1].item() == 0


def test_no_perturbation_confusion():
    """d/dx (x * d/dy (x + y)) = 1, in every mix of the two modes."""
    d = {"forward": lambda f: lambda x: tg.jvp(f, (x,), (1.0,))[1], "reverse": tg.grad}
    for outer in d.values():
        for inner in d.values():
            assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(2.0).item() == 1  # noqa: B023
            assert outer(lambda x: x * inner(lambda y: y * x)(x))(3.0).item() == 6  # noqa: B023
            assert outer(lambda x: inner(lambda y: y**3)(x * x))(2.0).item() == 96  # noqa: B023
            # Siskind and Pearlmutter: d/dx (d/dy (x * y) at y = 2 ... with a function made in between.
            shift = lambda a: lambda f: lambda x: f(x + a)
            g = outer(lambda a: inner(shift(a)(lambda x: x**3))(1.0))(0.0)  # noqa: B023
            assert g.item() == 6


@pytest.mark.parametrize("modes", [("f", "f", "f"), ("f", "r", "f"), ("r", "f", "f"), ("r", "r", "f"), ("f", "f", "r"),
                                   ("r", "f", "r"), ("f", "r", "r")])  # fmt: skip
def test_orders_to_three_in_any_nesting(modes):
    f = lambda x: tg.sin(2 * x) * x
    for mode in modes:
        f = tg.grad(f) if mode == "r" else lambda x, f=f: tg.jvp(f, (x,), (1.0,))[1]
    x = 0.7
    assert f(np.float64(x)).item() == pytest.approx(-12 * np.sin(2 * x) - 8 * x * np.cos(2 * x))


def test_the_derivative_of_a_tangent_by_the_tangent():
    v = tg.tensor(3.0, requires_grad=True)
    tg.jvp(lambda x: x**3, (2.0,), (v,))[1].backward()
    assert v.grad.item() == 12


def test_gradients_flow_to_what_the_function_closes_over():
    w = tg.tensor(3.0, requires_grad=True)
    value, moved = tg.jvp(lambda x: w * x * x, (2.0,), (1.0,))
    (value + 10 * moved).backward()
    assert w.grad.item() == 4 + 40


def test_inside_no_grad():
    w = tg.tensor(3.0, requires_grad=True)
    with tg.no_grad():
        value, moved = tg.jvp(lambda x: w * x * x, (2.0,), (1.0,))
    assert (value.item(), moved.item()) == (12, 12) and not moved.requires_grad and not value.requires_grad


def test_bad_points_are_those_of_reverse_mode():
    assert tg.jvp(lambda x: tg.where(x > 0, tg.sqrt(x), 0.0), ([0.0, 4.0],), ([1.0, 1.0],))[1].tolist() == [0, 0.25]
    assert tg.jvp(tg.sqrt, (0.0,), (1.0,))[1].item() == np.inf
    # Cotangents that cancel would meet the infinite derivative as a zero, and win.
    assert tg.jvp(lambda x: (lambda s: tg.stack([s, -s]))(tg.sqrt(x)), (0.0,), (1.0,))[1].tolist() == [np.inf, -np.inf]
    assert tg.jvp(tg.abs, (0.0,), (1.0,))[1].item() == 0


def test_float32_stays_float32():
    value, moved = tg.jvp(lambda x: tg.exp(x) / 3, (np.ones(2, np.float32),), (np.ones(2),))
    assert value.dtype == moved.dtype == np.float32


def test_errors_say_what_is_wanted():
    with pytest.raises(TypeError, match=r"write \(x,\) and \(v,\)"):
        tg.jvp(tg.sin, 1.0, 1.0)
    with pytest.raises(ValueError, match=r"the tangents must be like.*a tuple of 1 and a tuple of 2"):
        tg.jvp(tg.sin, (1.0,), (1.0, 2.0))
    with pytest.raises(ValueError, match=r"shape \(3,\).*float32\(2,\)"):
        tg.jvp(tg.sin, ([1.0, 2.0],), ([1.0, 2.0, 3.0],))
    with pytest.raises(ValueError, match=r"shape \(3,\).*float32\(2,\)"):
        tg.jvp(lambda x: tg.tensor(1.0), ([1.0, 2.0],), ([1.0, 2.0, 3.0],))
    with pytest.raises(TypeError, match=r"argument 0, 2: .*int64"):
        tg.jvp(tg.sin, (2,), (1.0,))


def test_complex_numbers_move_too():
    z, v = np.array([1 + 2j, 0.5 - 1j]), np.array([0.3 - 0.1j, 1 + 1j])
    f = lambda z: (z * z * z.conj(), abs(z))
    _, moved = tg.jvp(f, (z,), (v,))
    eps = 1e-6
    ahead, behind = ([t.numpy() for t in f(tg.tensor(z + s * v))] for s in (eps, -eps))
    for m, a, b in zip(moved, ahead, behind, strict=True):
        np.testing.assert_allclose(m.numpy(), (a - b) / (2 * eps), rtol=1e-8)
    assert [m.dtype for m in moved] == [np.complex128, np.float64]
