"""`why` answers in words why a gradient is None, zero, nan, exploding or vanishing, on real networks."""

import re

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
X = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)


def leaf(*numbers, name="w"):
    return tg.tensor(np.array(numbers), requires_grad=True, name=name)


def told(t, loss):
    return re.sub(r"\.py:\d+:", ".py:", str(tg.why(t, loss)))  # the code that is shown stands at that line


def network(*activations):
    nn.set_random_seed(0)
    layers = [nn.Dense(8, a, input_shape=(6,)) if i == 0 else nn.Dense(8, a) for i, a in enumerate(activations)]
    model = nn.Sequential(layers)
    model(X)
    return model, model.layers[0].kernel


def test_a_gradient_that_flows():
    w = leaf(3.0, 4.0)
    answer = tg.why(w, (w * w).sum())
    assert answer.kind == "flows" and str(answer) == (
        "A gradient flows to Tensor 'w' float64(2,): its length is 10."
        " Its .grad is None as long as no backward() was called, or since the optimizer's zero_grad()."
    )
    h = w * 2
    assert "it was computed: call .retain_grad()" in told(h, (h * h).sum())
    assert "<p>A gradient flows" in answer._repr_html_() and w.grad is None


def test_cut_by_detach_in_the_middle_of_a_network():
    model, w = network("relu", "relu")

    def loss():
        h = model.layers[0](X)
        h = h.detach()
        return (model.layers[1](h) ** 2).mean()

    assert told(w, loss).splitlines()[1] == "Cut by detach(). Asked by test_why.py: h = h.detach()."
    assert "every way from it to the loss is cut" in told(w, loss)
    assert "the way was cut. Give why() a function" in told(w, loss())


def test_cut_by_no_grad_in_the_middle_of_a_network():
    model, w = network("relu", "relu")

    def loss():
        with tg.no_grad():
            h = model.layers[0](X)
        return (model.layers[1](h) ** 2).mean()

    answer = told(w, loss)
    assert "Cut by no_grad(), inside of which" in answer and "test_why.py: h = model.layers[0](X)" in answer


def test_cut_by_whole_numbers_in_the_middle():
    model, w = network("relu", "relu")

    def loss():
        h = model.layers[0](X).astype(np.int64)
        return (model.layers[1](h.astype(np.float32)) ** 2).mean()

    answer = told(w, loss)
    assert "gives Tensor int64(20, 8): whole numbers have no derivative" in answer
    assert "test_why.py: h = model.layers[0](X).astype(np.int64)" in answer
    best = told(w, lambda: (model.layers[0](X).argmax(axis=-1) * 1.0).sum())
    assert "Cut by argmax, which gives Tensor int64(20,): whole numbers have no derivative" in best


def test_cut_everywhere_the_loss_wants_no_gradient_at_all():
    w = leaf(1.0, 2.0)
    assert "Cut by detach()" in told(w, lambda: w.detach().sum())
    assert "Cut by item(), which gives a number" in told(w, lambda: tg.tensor(w.sum().item()) * 2)
    other = leaf(1.0, name="other")
    assert told(w, lambda: other.sum()) == (
        "No gradient reaches Tensor 'w' float64(2,): the loss is computed without it."
    )


def test_a_detached_leaf_is_recognised_in_a_graph():
    w, v = leaf(1.0, 2.0), leaf(1.0, 1.0, name="v")
    assert "Its own values are in the loss's graph as a constant: detach()" in told(w, (w.detach() * v).sum())


def test_a_tensor_that_wants_no_gradient():
    w = leaf(1.0, 2.0)
    with tg.no_grad():
        h = w * 2
    assert "wants no gradient: it was made without requires_grad=True, or computed inside no_grad()" in told(h, h.sum())
    k = tg.tensor([1, 2], name="k")
    assert told(k, w.sum()).startswith("Tensor 'k' int64(2,) has no gradient: whole numbers")


def test_freed_and_changed():
    w = leaf(1.0, 2.0)
    loss = (w * w).sum()
    loss.backward()
    assert tg.why(w, loss).kind == "freed" and "Or give why() a function" in told(w, loss)
    loss = (w * w).sum()
    with tg.no_grad():
        w += 1
    answer = tg.why(w, loss)
    assert answer.kind == "changed" and "'w' float64(2,) was changed in place after multiply had used it" in str(answer)


def test_dead_relus_of_a_network():
    model, w = network("relu", "relu")
    with tg.no_grad():
        model.layers[0].bias[...] = -100.0
    answer = tg.why(w, (model(X) ** 2).mean())
    assert answer.kind == "zero"
    assert any(
        "100 % of this relu's inputs are negative: it hands nothing back to them" in line for line in answer.words
    )
    x = tg.tensor(np.arange(-86.5, 13.5), requires_grad=True, name="x")
    answer = tg.why(x, nn.activations.relu(x).sum())
    assert answer.words[1] == "87 % of this relu's inputs are negative: it hands nothing back to them."
    assert answer.causes[0].operation == "relu" and answer.causes[0].number == 0.87
    assert "87 % of its numbers are zero" in answer.words[0]


def test_a_saturated_softmax_classifier():
    model, w = network("tanh", "softmax")
    with tg.no_grad():
        model.layers[1].kernel[...] = model.layers[1].kernel * 1000
    answer = told(w, ((model(X) - np.eye(8, dtype=np.float32)[0]) ** 2).mean())
    assert (
        "of its outputs are within 0.001 of 0 or 1, where it is flat. In" in answer
        and "This softmax is saturated" in answer
    )
    x = leaf(50.0, -50.0)
    assert "This sigmoid is saturated: 100 %" in told(x, nn.activations.sigmoid(x).sum())
    assert "This tanh is saturated: 100 % of its outputs are within 0.001 of -1 or 1" in told(x, tg.tanh(x).sum())


ZEROS = {
    "round goes in steps": lambda w: tg.round(w).sum(),
    "multiply multiplies Tensor 'w' float64(2,) by nothing but 0": lambda w: (w * np.zeros(2)).sum(),
    "where chose the other branch in 100 % of the places": lambda w: tg.where(w < 0, w, 1.0).sum(),
    "maximum took its other argument in 100 % of the places": lambda w: tg.maximum(w, 10.0).sum(),
    "clip cuts 100 % of its inputs off": lambda w: tg.clip(w, -1, 0.5).sum(),
    "it was rounded to 0 (underflow)": lambda w: (w.astype(np.float16) * 1e-7 * 1e-7).sum(),
}


@pytest.mark.parametrize("words", ZEROS)
def test_zero(words):
    w = leaf(1.0, 2.0)
    answer = tg.why(w, ZEROS[words](w))
    assert answer.kind == "zero" and any(words in line for line in answer.words[1:]), answer


def test_nan_by_the_root_of_zero():
    w = leaf(0.0, 4.0)

    def loss():
        r = tg.sqrt(w * 1.0)
        return (r * r * 0.5 + r).sum()

    answer = told(w, loss)
    assert answer.startswith("The gradient of Tensor 'w' float64(2,) has 1 of 2 numbers inf, first at [0].")
    assert (
        "The first backward: the derivative of sqrt by Tensor float64(2,) made 1 of 2 numbers inf, first at [0]"
        in answer
    )
    assert "test_why.py: r = tg.sqrt(w * 1.0)" in answer
    assert "log(Tensor 'w' float64(1,)) made its number nan" in told(v := leaf(-1.0), lambda: (tg.log(v) ** 2).sum())


def test_an_exploding_rnn_of_fifty_steps():
    rng = np.random.default_rng(1)
    w = tg.tensor(1.8 * np.linalg.qr(rng.normal(size=(8, 8)))[0], requires_grad=True, name="w")
    h = tg.tensor(rng.normal(size=(1, 8)), requires_grad=True, name="h0")

    def loss(w=w):
        x = h
        for _ in range(50):
            x = x @ w
        return x.sum()

    answer = tg.why(h, loss)
    assert answer.kind == "exploding"
    assert answer.words[1].startswith("Most of it by matmul: 50 times in a row, each about × 1.8, together × 5.8")
    assert tg.why(w, loss).kind == "exploding"
    small = w.detach() * 0.25
    answer = tg.why(h, lambda: loss(small))
    assert answer.kind == "vanishing" and "each about × 0.45" in answer.words[1]


def test_what_it_refuses():
    w = leaf(1.0, 2.0)
    with pytest.raises(TypeError, match="a Tensor first, given 3"):
        tg.why(3, w.sum())
    with pytest.raises(TypeError, match="given 4"):
        tg.why(w, lambda: 4)
    with pytest.raises(RuntimeError, match="a single number"):
        tg.why(w, w * 2)


def test_a_recurrent_layer_of_fifty_steps_in_one_operation_explodes():
    nn.set_random_seed(0)
    model = nn.Sequential([nn.SimpleRNN(4, activation="linear", input_shape=(50, 2)), nn.Dense(1)])
    x = np.ones((3, 50, 2), np.float32)
    model(x)
    kernel = model.layers[0].recurrent_kernel
    with tg.no_grad():
        kernel[...] = 1.7 * np.eye(4)
    answer = tg.why(kernel, lambda: (model(x) ** 2).mean())
    assert answer.kind == "exploding" and answer.words[1].startswith("Most of it by simple_rnn: × "), answer


def test_of_two_ways_it_tells_of_the_stronger():
    h = leaf(1.0, 1.0)
    answer = tg.why(h, (h * 1e-3).sum() + (tg.exp(h) * 1e9).sum())
    assert answer.kind == "exploding" and answer.causes[0].number == pytest.approx(1e9)
