"""checkpoint: the derivatives of the function itself, from its arguments alone."""

import tracemalloc

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

X = np.random.default_rng(7).standard_normal(4)


def nested(x):
    """Several results of several dtypes, one of them a constant."""
    h = tg.tanh(x[::-1] * x)
    return {"a": h, "b": [(h * x).sum(), tg.astype(x * x, "float32"), tg.exp(1j * x)], "n": tg.argmax(x)}


def number(f):
    def of(x):
        found = f(x)
        return (found["a"] ** 2).sum() * found["b"][0] + found["b"][1].prod() * found["b"][2].real.sum()

    return of


@pytest.mark.parametrize(
    "transform",
    [
        tg.grad, tg.hessian, tg.value_and_grad, tg.jacobian, lambda f: tg.jacobian(f, mode="forward"),
        lambda f: lambda x: tg.hvp(f, x, np.ones(4)), lambda f: lambda x: tg.jvp(f, (x,), (np.ones(4),)),
        lambda f: lambda x: tg.vjp(f, x)[1](2.0), lambda f: tg.hessian(tg.checkpoint(tg.checkpoint(f))),
    ],
    ids=["grad", "hessian", "value_and_grad", "jacobian", "forward jacobian", "hvp", "jvp", "vjp", "nested"],
)  # fmt: skip
def test_every_transform_of_a_checkpoint_is_that_of_the_function(transform):
    found, expected = transform(number(tg.checkpoint(nested)))(X), transform(number(nested))(X)
    for a, b in zip(*(list(tg.nests.leaves(nest)) for nest in (found, expected)), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12, atol=1e-13)


def test_check_grads_to_the_second_order():
    tg.check_grads(tg.checkpoint(lambda x, y: tg.exp(x) * tg.sin(y)), X, X[:1])
    tg.check_grads(tg.checkpoint(lambda z: z * z.conj() * tg.exp(1j * z)), X + 1j)


def test_the_graph_keeps_one_step_and_weights_that_are_closed_over_get_their_gradients():
    w, b = tg.tensor(2.0, requires_grad=True, name="w"), tg.tensor(1.0, requires_grad=True)
    c = b * b  # computed outside, and used inside
    y = tg.checkpoint(lambda x: tg.sin(w * x) + c * w)(tg.tensor(3.0, requires_grad=True))
    assert y._primitive.name == "checkpoint" and {id(x) for x in y._inputs[1:]} == {id(w), id(c)}
    y.backward()
    assert w.grad.item() == pytest.approx(3 * np.cos(6) + 1) and b.grad.item() == 4


def test_second_derivatives_by_weights_that_are_closed_over():
    w = tg.tensor(np.float64(2.0), requires_grad=True)
    g = tg.grad(tg.checkpoint(lambda x: tg.sin(w * x)))(np.float64(3.0))  # w cos(w x)
    g.backward()
    assert w.grad.item() == pytest.approx(np.cos(6) - 6 * np.sin(6))


def test_hooks_of_weights_and_arguments_are_called_once():
    seen = []
    w = tg.tensor(2.0, requires_grad=True)
    x = tg.tensor(3.0, requires_grad=True) * 1
    w.register_hook(lambda g: seen.append(g.item()))
    x.register_hook(lambda g: seen.append(g.item()))
    (tg.checkpoint(lambda x: w * x)(x) + w).backward()
    assert seen == [2, 4] and w.grad.item() == 4


def test_weights_that_are_made_in_the_first_run():
    layer, dropout = nn.Dense(3), nn.Dropout(0.5).train()
    x = np.ones((2, 4), np.float32)
    tg.checkpoint(lambda x: dropout(tg.tanh(layer(x))), nn.random_generator())(x).sum().backward()
    assert layer.kernel.grad.shape == (4, 3)


def test_dropout_drops_the_same_in_the_second_run_and_the_generator_goes_on():
    def gradient(wrap):
        nn.set_random_seed(3)
        dropout, x = nn.Dropout(0.5).train(), tg.tensor(np.ones(1000, np.float32), requires_grad=True)
        model = wrap(lambda x: dropout(x) * 2)
        y, between = model(x), nn.random_generator().random()
        y.sum().backward()
        return x.grad.tolist(), between, nn.random_generator().random()

    same = lambda f: tg.checkpoint(f, generator=nn.random_generator())
    assert gradient(same) == gradient(lambda f: f)
    assert gradient(lambda f: same(lambda x: same(f)(x) + 0)) == gradient(lambda f: f)  # a checkpoint inside of another
    with pytest.raises(RuntimeError, match=r"something else when it ran again.*generator="):
        gradient(tg.checkpoint)


def test_any_arguments_and_options():
    f = lambda layers, x, n, *, scale, mask=None: sum(w * x * n * scale for w in layers["w"])
    layers = {"w": [tg.tensor(1.0, requires_grad=True), tg.tensor(2.0, requires_grad=True)], "act": "relu", "b": None}
    tg.checkpoint(f)(layers, 3.0, 2, scale=10).backward()
    assert [w.grad.item() for w in layers["w"]] == [60, 60]


def test_an_array_of_the_caller_may_be_written_to():
    a, x = np.ones(2), tg.tensor([1.0, 2.0], requires_grad=True)
    y = tg.checkpoint(lambda x, a: (x * a).sum())(x, a)
    a[:] = 100
    y.backward()
    assert x.grad.tolist() == [1, 1]


@pytest.mark.parametrize("argument", [True, False])
@pytest.mark.parametrize("requires_grad", [True, False])
def test_what_was_changed_in_place_since_is_refused(argument, requires_grad):
    x = tg.tensor(3.0, requires_grad=True)
    w = tg.tensor(2.0, requires_grad=requires_grad, name="w")
    y = tg.checkpoint(lambda x, w: tg.exp(x * w))(x, w) if argument else tg.checkpoint(lambda x: tg.exp(x * w))(x)
    with tg.no_grad():
        w += 1
    words = "changed in place" if argument or requires_grad else "computed something else when it ran again"
    with pytest.raises(RuntimeError, match=words):
        y.backward()
    assert x.grad is None


def test_other_tensors_than_in_the_first_run_are_refused():
    made = []
    x = tg.tensor(3.0, requires_grad=True)
    fresh = lambda x: x * (made.append(tg.tensor(2.0, requires_grad=True, name="new")) or made[-1])
    with pytest.raises(RuntimeError, match=r"other Tensors than in its first run: Tensor 'new'"):
        tg.checkpoint(fresh)(x).backward()


def test_where_nothing_is_recorded_it_is_the_function():
    x = tg.tensor(3.0, requires_grad=True)
    with tg.no_grad():
        assert not tg.checkpoint(lambda x: x * x)(x).requires_grad
    assert not tg.checkpoint(lambda x: x * x)(tg.tensor(3.0)).requires_grad
    w = tg.tensor(2.0, requires_grad=True)
    assert type(tg.checkpoint(np.sin)(X)) is np.ndarray and tg.checkpoint(lambda x: (x, "a", 2))(x)[1:] == ("a", 2)
    assert tg.checkpoint(lambda: w)().item() == 2 and tg.checkpoint(lambda x: (x, w))(x)[0].item() == 3


def test_a_result_that_is_an_argument_or_closed_over():
    x, w = tg.tensor(3.0, requires_grad=True), tg.tensor(2.0, requires_grad=True)
    a, b, c = tg.checkpoint(lambda x: (x, w, x * w))(x)
    (10 * a + 100 * b + c).backward()
    assert x.grad.item() == 12 and w.grad.item() == 103


def test_it_is_freed_with_the_graph_and_refuses_to_run_twice():
    x = tg.tensor(3.0, requires_grad=True)
    y = tg.checkpoint(lambda x: x * x)(x)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 12
    with pytest.raises(RuntimeError, match="freed"):
        y.backward()


def test_memory_of_a_deep_chain_is_that_of_the_arguments_and_of_one_block():
    def block(x):
        for _ in range(10):
            x = tg.sin(x)
        return x

    def peak(f):
        x = tg.tensor(np.ones(20_000), requires_grad=True)
        tracemalloc.start()
        y = x
        for _ in range(10):
            y = f(y)
        y.sum().backward()
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size / x.data.nbytes, x.grad.tolist()

    (plain, expected), (less, found) = peak(block), peak(tg.checkpoint(block))
    assert found == expected
    assert plain > 100 and less < 30  # arrays: 100 steps; 10 arguments, 10 steps, and what a walk needs
