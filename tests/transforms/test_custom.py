"""custom_vjp and primitive: derivatives that a user states."""

import numpy as np
import pytest

import tinygrad_lite as tg

X = np.random.default_rng(2).standard_normal(5)


def doubled(backward=lambda saved, g: (g * 2,), forward=lambda x: (x * 2, None)):
    return tg.custom_vjp(forward, backward)


def test_a_primitive_of_ones_own_in_ten_lines():
    @tg.primitive(
        lambda g, out, x, axis: np.expand_dims(g, axis) * tg.exp(x - tg.expand_dims(out, axis)),
    )
    def log_sum_exp(x, axis):
        top = x.max(axis=axis, keepdims=True)
        return np.log(np.exp(x - top).sum(axis=axis)) + np.squeeze(top, axis)

    tg.check_grads(lambda x: log_sum_exp(x, axis=1), 300 * X.reshape(1, 5) + 1000)
    np.testing.assert_allclose(
        tg.hessian(lambda x: log_sum_exp(x, 0))(X).numpy(), tg.hessian(tg.logsumexp)(X).numpy(), atol=1e-15
    )


def test_the_rule_may_differ_from_the_derivative():
    """Straight through what has none: the rounded weights of a quantized network learn."""
    rounded = tg.custom_vjp(lambda x: (np.round(x), None), lambda saved, g: (g,))
    x = tg.tensor([0.4, 1.6], requires_grad=True)
    (rounded(x) * [10.0, 20.0]).sum().backward()
    assert rounded(x).tolist() == [0, 2] and x.grad.tolist() == [10, 20]
    assert tg.hessian(lambda x: (rounded(x) ** 2).sum())([0.4, 1.6]).tolist() == [[2, 0], [0, 2]]  # by the rule


def test_nests_several_results_and_what_is_no_array():
    kinds = []

    def forward(p, names, times):
        kinds.append({type(x) for x in p.values()})
        return {"both": p["a"] * p["b"], "list": [times * p["a"], np.argmax(p["b"])]}, (p["a"], p["b"], times)

    def backward(residuals, g):
        a, b, times = residuals
        assert g["list"][1] is None
        return {"a": g["both"] * b + g["list"][0] * times, "b": g["both"] * a}, None, None

    f = tg.custom_vjp(forward, backward)
    given = {"a": X, "b": X[::-1].copy()}
    loss = lambda p: (lambda found: (found["both"] ** 2).sum() * found["list"][0].prod())(f(p, "names", 3))
    same = lambda p: ((p["a"] * p["b"]) ** 2).sum() * (3 * p["a"]).prod()
    for transform in (tg.grad, tg.hessian, lambda f: lambda p: tg.jvp(f, (p,), (p,))):
        for a, b in zip(tg.nests.leaves(transform(loss)(given)), tg.nests.leaves(transform(same)(given)), strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)
    assert kinds[0] == {np.ndarray}
    assert f({k: tg.tensor(x) for k, x in given.items()}, "names", 3)["list"][1].dtype == np.int64


def test_code_that_knows_no_tensors_to_the_first_order():
    """Kepler's equation, solved by plain NumPy: E - e sin(E) = M."""

    def solve(mean, eccentricity):
        mean, eccentricity = np.asarray(mean), np.asarray(eccentricity)
        e = np.pi
        for _ in range(50):
            e -= (e - eccentricity * np.sin(e) - mean) / (1 - eccentricity * np.cos(e))
        return e, (np.sin(e), 1 - eccentricity * np.cos(e))

    kepler = tg.custom_vjp(solve, lambda saved, g: (g / saved[1], g * saved[0] / saved[1]))
    m, e = tg.tensor(np.float64(1.3), requires_grad=True), tg.tensor(np.float64(0.4), requires_grad=True)
    kepler(m, e).backward()
    step = 1e-6
    for x, (a, b) in ((m, ((1.3 + step, 0.4), (1.3 - step, 0.4))), (e, ((1.3, 0.4 + step), (1.3, 0.4 - step)))):
        assert x.grad.item() == pytest.approx((solve(*a)[0] - solve(*b)[0]) / (2 * step))
    with pytest.raises(RuntimeError, match="would drop the graph") as failed:
        tg.hessian(kepler)(np.float64(1.3), 0.4)
    assert "solve was called with Tensors" in failed.value.__notes__[0]


def test_residuals_are_differentiated_with_the_rest():
    """sin, whose rule uses a cosine that forward computed: the second derivative must see it."""
    sine = tg.custom_vjp(lambda x: (np.sin(x), np.cos(x)), lambda cosine, g: (g * cosine,))
    tg.check_grads(sine, X)
    np.testing.assert_allclose(tg.grad(tg.grad(tg.grad(sine)))(np.float64(0.3)).item(), -np.cos(0.3))


def test_arrays_in_array_out_and_constants():
    assert type(doubled()(X)) is np.ndarray
    y = doubled()(tg.tensor(X))
    assert isinstance(y, tg.Tensor) and not y.requires_grad
    with tg.no_grad():
        assert not doubled()(tg.tensor(X, requires_grad=True)).requires_grad


def test_gradients_share_no_memory():
    x = tg.tensor(X, requires_grad=True)
    saved = np.ones(5)
    y = doubled(lambda residual, g: (saved,))(x)
    y.sum().backward()
    with tg.no_grad(), x.grad.writeable() as array:
        array += 1
    assert saved.tolist() == [1] * 5


def test_the_caller_s_array_is_kept_as_it_was():
    a, x = np.ones(5), tg.tensor(X, requires_grad=True)
    y = tg.custom_vjp(lambda x, a: (x * a, a), lambda a, g: (g * a, None))(x, a)
    a[:] = 100
    y.sum().backward()
    assert x.grad.tolist() == [1] * 5


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda saved, g: g, r"must return a tuple of 1, one cotangent for each argument.*float64.*write \(g,\)"),
        (lambda saved, g: None, "must return a tuple of 1.*it returned None"),
        (lambda saved, g: (g, g), "must return a tuple of 1.*a tuple of 2"),
        (lambda saved, g: (g[:2],), r"cotangent of argument 0.*float64\(5,\), must have its shape.*\(2,\)"),
        (lambda saved, g: (g.sum(),), "must have its shape"),
        (lambda saved, g: ({"a": g},), "cotangent of argument 0 of lambda must be like"),
        (lambda saved, g: ("g",), "must have its shape, given 'g'"),
    ],
)
def test_a_wrong_backward_is_told(backward, words):
    for transform in (tg.grad, tg.hessian):
        with pytest.raises((TypeError, ValueError), match=words):
            transform(lambda x: doubled(backward)(x).sum())(X)


def test_a_wrong_forward_is_told():
    with pytest.raises(TypeError, match=r"lambda must return a tuple of two, \(result, residuals\), it returned array"):
        doubled(forward=lambda x: x * 2)(tg.tensor(X))
    w = tg.tensor(2.0, requires_grad=True)
    with pytest.raises(TypeError, match=r"closes over a Tensor.*make it an argument"):
        doubled(forward=lambda x: (x * w, None))(X)


def test_none_is_zero():
    assert tg.grad(lambda x: doubled(lambda saved, g: (None,))(x).sum())(X).tolist() == [0] * 5
