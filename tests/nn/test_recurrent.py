"""Recurrent layers: value and gradients are those of a slow loop and of PyTorch; derivatives exact to second order."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.layers.gru import gru
from nn.layers.lstm import lstm
from nn.layers.simple_rnn import simple_rnn

RNG = np.random.default_rng(8)
X = RNG.standard_normal((2, 4, 3))
MASK = np.array([[True, True, True, False], [False, True, False, True]])
LAYERS = [nn.SimpleRNN, nn.GRU, nn.LSTM]
FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
}


def step(layer, x, states, kernel, recurrent_kernel, bias):
    """One step of one sample, neuron by neuron."""
    f = FUNCTIONS[layer.activation]
    n, state = layer.units, states[0]
    inputs, inner = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    a = [sum(x[i] * kernel[i, j] for i in range(len(x))) + inputs[j] for j in range(kernel.shape[1])]
    b = [sum(state[i] * recurrent_kernel[i, j] for i in range(n)) + inner[j] for j in range(kernel.shape[1])]
    if isinstance(layer, nn.SimpleRNN):
        return [np.array([f(a[j] + b[j]) for j in range(n)])]
    gate = FUNCTIONS[layer.recurrent_activation]
    if isinstance(layer, nn.GRU):
        new = np.empty(n)
        for j in range(n):
            update, reset = gate(a[j] + b[j]), gate(a[n + j] + b[n + j])
            new[j] = update * state[j] + (1 - update) * f(a[2 * n + j] + reset * b[2 * n + j])
        return [new]
    new, memory = np.empty(n), np.empty(n)
    for j in range(n):
        write, forget, fresh, read = (a[k * n + j] + b[k * n + j] for k in range(4))
        memory[j] = gate(forget) * states[1][j] + gate(write) * f(fresh)
        new[j] = gate(read) * f(memory[j])
    return [new, memory]


def run(layer, x, kernel, recurrent_kernel, bias=None, mask=None, initial=None):
    """All states of all samples after each step: a list of (batch, time, units)."""
    bias = np.zeros(kernel.shape[1]) if bias is None else bias
    count = len(layer.state_names)
    out = np.zeros((count, *x.shape[:2], layer.units))
    order = range(x.shape[1])[::-1] if layer.go_backwards else range(x.shape[1])
    for n in range(len(x)):
        states = [np.zeros(layer.units)] * count if initial is None else [s[n] for s in initial]
        for place, t in enumerate(order):
            if mask is None or mask[n, t]:
                states = step(layer, x[n, t], states, kernel, recurrent_kernel, bias)
            out[:, n, place] = states
    return out


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"return_sequences": True},
        {"use_bias": False, "go_backwards": True, "return_sequences": True},
        {"activation": "linear"},
        {"activation": "relu", "return_sequences": True},
        {"activation": "sigmoid"},
    ],
)
def test_each_step_is_the_formula(agrees_with_formula, kind, options):
    layer = kind(2, **options)

    def formula(x, kernel, recurrent_kernel, bias=None):
        states = run(layer, x, kernel, recurrent_kernel, bias)[0]
        return states if layer.return_sequences else states[:, -1]

    agrees_with_formula(layer, formula, X)


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
@pytest.mark.parametrize("gate", ["tanh", "relu", "linear"])
def test_the_gates_may_have_another_activation(agrees_with_formula, kind, gate):
    layer = kind(2, recurrent_activation=gate)
    agrees_with_formula(layer, lambda x, **weights: run(layer, x, **weights)[0][:, -1], X)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("backwards", [False, True])
def test_a_masked_step_keeps_the_state(agrees_with_formula, kind, backwards):
    layer = kind(2, return_sequences=True, go_backwards=backwards)
    agrees_with_formula(layer, lambda x, **weights: run(layer, x, **weights, mask=MASK)[0], X, mask=MASK)


@pytest.mark.parametrize("kind", LAYERS)
def test_it_begins_with_the_initial_state_and_hands_gradients_back_to_it(kind):
    layer = kind(2, return_state=True)
    count = len(layer.state_names)
    layer(X.astype(np.float32))
    initial = [tg.tensor(RNG.standard_normal((2, 2)), requires_grad=True) for _ in range(count)]
    out, *last = layer(X.astype(np.float32), initial_state=initial)
    weights = {name: w.detach().numpy() for name, w in layer.named_weights()}
    slow = run(layer, X, **weights, initial=[s.detach().numpy() for s in initial])
    np.testing.assert_allclose(out.data, slow[0][:, -1], rtol=1e-4, atol=1e-6)
    for state, expected in zip(last, slow, strict=True):
        np.testing.assert_allclose(state.data, expected[:, -1], rtol=1e-4, atol=1e-6)
    sum((s * s).sum() for s in last).backward()
    assert all(s.grad.shape == (2, 2) and s.grad.data.any() for s in initial)


def _in_their_order(torch, kind, weight):
    """Keras's gate columns in PyTorch's order: GRU z, r, n -> r, z, n; LSTM i, f, g, o in both."""
    if kind is not nn.GRU:
        return weight
    z, r, n = weight.chunk(3, dim=-1)
    return torch.cat([r, z, n], dim=-1)


@pytest.mark.parametrize("kind", LAYERS)
def test_it_is_pytorch_s(torch, agrees_with_torch, kind):
    def theirs(x, kernel, recurrent_kernel, bias):
        order = lambda w: _in_their_order(torch, kind, w)
        inputs, inner = bias if bias.ndim == 2 else (bias, torch.zeros_like(bias))
        module = {nn.SimpleRNN: torch.nn.RNN, nn.GRU: torch.nn.GRU, nn.LSTM: torch.nn.LSTM}[kind]
        module = module(3, 5, batch_first=True).double()
        values = {
            "weight_ih_l0": order(kernel).T,
            "weight_hh_l0": order(recurrent_kernel).T,
            "bias_ih_l0": order(inputs),
            "bias_hh_l0": order(inner),
        }
        return torch.func.functional_call(module, values, (x,))[0]

    agrees_with_torch(kind(5, return_sequences=True), theirs, RNG.standard_normal((2, 6, 3)))


KEPT = np.array([[2.0, 0.0], [0.0, 2.0]])


@pytest.mark.parametrize("mask", [None, MASK.T[:, :, None].astype(float)])
@pytest.mark.parametrize("kept", [None, KEPT])
@pytest.mark.parametrize(("f", "gates", "states"), [(simple_rnn, 1, 1), (gru, 3, 1), (lstm, 4, 2)])
def test_derivatives_are_exact_to_second_order(f, gates, states, mask, kept):
    normal = lambda *shape: 0.5 * RNG.standard_normal(shape)
    bias = [normal(2 * gates)] if f is gru else []
    how = {"activation": "tanh"} if f is simple_rnn else {"activations": ("tanh", "sigmoid")}
    arguments = [normal(4, 2, 2 * gates), normal(2, 2 * gates), *bias, normal(2, 2 * states)]
    tg.check_grads(lambda *args: f(*args, **how, mask=mask, kept=kept), *arguments)


def test_an_initial_state_that_is_no_tensor_gives_the_same_second_derivative():
    projected, kernel, bias, initial = (RNG.standard_normal(s) for s in [(3, 2, 6), (2, 6), (6,), (2, 2)])
    found = []
    for start in (initial, tg.tensor(initial)):
        w = tg.tensor(kernel, requires_grad=True)
        (gru(projected, w, bias, start, activations=("tanh", "sigmoid")) ** 2).sum().backward(create_graph=True)
        first, w.grad = w.grad, None
        (first**2).sum().backward()
        found.append(w.grad.numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)


@pytest.mark.parametrize("kind", LAYERS)
def test_dropout_is_the_same_at_all_steps_and_only_while_training(kind):
    x = np.ones((3, 5, 4), np.float32)
    layer = kind(2, dropout=0.5, recurrent_dropout=0.5, return_sequences=True)
    quiet = layer(x).data
    np.testing.assert_array_equal(layer(x).data, quiet)
    nn.set_random_seed(3)
    first = layer.train()(x)
    nn.set_random_seed(3)
    np.testing.assert_array_equal(layer(x).data, first.data)
    assert (first.data != quiet).any()
    first.sum().backward()
    lost = layer.kernel.grad.data  # a feature that one sample drops at all steps, no sample saw at some
    assert np.isfinite(lost).all()


def test_dropped_inputs_hand_nothing_back():
    nn.set_random_seed(4)
    x = tg.ones((2, 5, 40), requires_grad=True)
    nn.GRU(2, dropout=0.5).train()(x).sum().backward()
    gone = x.grad.data == 0
    assert 0.3 < gone.mean() < 0.7
    np.testing.assert_array_equal(gone.all(axis=1), gone.any(axis=1))


@pytest.mark.parametrize(("mode", "units"), [("concat", 4), ("sum", 2), ("mul", 2), ("ave", 2)])
@pytest.mark.parametrize("sequences", [False, True])
def test_bidirectional_merges_both_ways(agrees_with_formula, mode, units, sequences):
    layer = nn.Bidirectional(nn.GRU(2, return_sequences=sequences), merge_mode=mode)

    def formula(x, **weights):
        found = []
        for way in (layer.forward_layer, layer.backward_layer):
            own = {n.removeprefix(f"{way.name}_"): w for n, w in weights.items() if n.startswith(way.name)}
            states = run(way, x, **own)[0]
            if sequences:
                found.append(states[:, ::-1] if way.go_backwards else states)
            else:
                found.append(states[:, -1])
        a, b = found
        return {"concat": np.concatenate(found, axis=-1), "sum": a + b, "mul": a * b, "ave": (a + b) / 2}[mode]

    agrees_with_formula(layer, formula, X)
    assert layer.output_shape[-1] == units


def test_bidirectional_gives_lists_and_states():
    x = X.astype(np.float32)
    both = nn.Bidirectional(nn.LSTM(2, return_sequences=True, return_state=True), merge_mode=None)
    out, *states = both(x)
    assert [o.shape for o in out] == [(2, 4, 2)] * 2
    assert [s.shape for s in states] == [(2, 2)] * 4
    again, *_ = both(x, initial_state=states)
    assert not np.array_equal(again[0].data, out[0].data)
    assert [name for name, _ in both.named_weights()][::3] == ["forward_lstm.kernel", "backward_lstm.kernel"]
    assert (both.forward_layer.kernel.data != both.backward_layer.kernel.data).any()


def test_bidirectional_gives_zeros_where_the_mask_is_false(agrees_with_formula):
    layer = nn.Bidirectional(nn.GRU(2, return_sequences=True), merge_mode="sum")

    def formula(x, **weights):
        forward, backward = (
            run(way, x, *[weights[f"{way.name}_{w}"] for w in ("kernel", "recurrent_kernel", "bias")], mask=MASK)[0]
            for way in (layer.forward_layer, layer.backward_layer)
        )
        return np.where(MASK[..., None], forward + backward[:, ::-1], 0)

    agrees_with_formula(layer, formula, X, mask=MASK)


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_the_fourth_argument_is_use_bias_as_in_keras(kind):
    layer = kind(2, "tanh", "sigmoid", False)
    layer(X.astype(np.float32))
    assert [name for name, _ in layer.named_weights()] == ["kernel", "recurrent_kernel"]


def test_the_forget_gate_begins_open():
    layer = nn.LSTM(3)
    layer(np.zeros((1, 2, 4), np.float32))
    assert layer.bias.tolist() == [0] * 3 + [1] * 3 + [0] * 6
    shut = nn.LSTM(3, unit_forget_bias=False)
    shut(np.zeros((1, 2, 4), np.float32))
    assert not shut.bias.data.any()


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("activation", ["tanh", "relu", "linear", "sigmoid"])
def test_a_float32_step_has_no_float64_in_it(kind, activation):
    layer = kind(3, activation=activation, return_sequences=True)
    x = tg.tensor(X.astype(np.float32), requires_grad=True)
    y = layer(x, mask=MASK)
    seen = []
    layer.kernel.grad = None
    from tinygrad_lite.backprop import history, pull_back

    pull_back(history(y), np.ones(y.shape, np.float32), watch=lambda node, _, g: seen.append(g.dtype))
    assert y.dtype == np.float32
    assert set(seen) == {np.dtype("float32")}


def test_it_learns_to_remember_the_first_step():
    nn.set_random_seed(1)
    x = np.random.default_rng(0).integers(0, 2, (256, 6, 1)).astype(np.float32)
    model = nn.Sequential([nn.LSTM(8), nn.Dense(1, activation="sigmoid")])
    model.compile(nn.Adam(0.03), "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, x[:, 0], epochs=60, verbose=0)
    assert history.history["accuracy"][-1] == 1


def test_what_the_rules_share_is_computed_once():
    calls = []

    def halved(g, out, x, y):
        calls.append(1)
        return g / 2

    @tg.primitive(lambda h, out, x, y: h * y, lambda h, out, x, y: h * x, shared=halved)
    def half_of_product(x, y):
        return x * y / 2

    tg.check_grads(half_of_product, [1.0, 2.0], [3.0, 5.0])
    calls.clear()
    x, y = (tg.tensor(v, requires_grad=True) for v in (3.0, 5.0))
    half_of_product(x, y).backward()
    assert (x.grad.item(), y.grad.item(), len(calls)) == (2.5, 1.5, 1)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.GRU(2, reset_after=False), ValueError, "leave reset_after out"),
        (lambda: nn.GRU(0), ValueError, "units must be a whole number of at least 1"),
        (lambda: nn.GRU(2)(np.ones((2, 3))), ValueError, r"\(batch, time, features\), at least one .* given \(2, 3\)"),
        (lambda: nn.GRU(2)(np.ones((2, 0, 3))), ValueError, "at least one step"),
        (lambda: nn.GRU(2, activation="gelu"), ValueError, "no activation of a recurrent layer named 'gelu'"),
        (lambda: nn.LSTM(2, recurrent_dropout=1), ValueError, "recurrent_dropout"),
        (lambda: nn.GRU(2)(X, initial_state=np.ones((2, 3))), ValueError, r"1 of the shape \(2, 2\) \(state\), given"),
        (lambda: nn.LSTM(2)(X, initial_state=np.ones((2, 2))), ValueError, "must be 2 of the shape"),
        (lambda: nn.GRU(2)(X, mask=np.ones((2, 4))), ValueError, "mask must be booleans of the shape"),
        (lambda: nn.GRU(2)(X, mask=np.ones((2, 3), bool)), ValueError, r"\(batch, time\) = \(2, 4\)"),
        (lambda: nn.Bidirectional(nn.Dense(2)), TypeError, "recurrent layer such as nn.GRU"),
        (lambda: nn.Bidirectional(nn.GRU(2), "add"), ValueError, "no merge_mode named 'add'"),
        (lambda: nn.Bidirectional(nn.GRU(2), backward_layer=nn.GRU(2)), ValueError, "go_backwards=True"),
    ],
)  # fmt: skip
def test_bad_arguments_say_what_to_write(make, error, words):
    with pytest.raises(error, match=words):
        make()
