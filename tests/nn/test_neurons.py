"""A Dense network seen as neurons and links says what the arrays and autograd say, and writes where they read."""

import runpy
from pathlib import Path

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

LERNMI = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "lernmi.py"))


def half_square(y_true, y_pred):
    return tg.square(y_pred - y_true).sum() / 2


def in_float64(model, seed=0):
    rng = np.random.default_rng(seed)
    for module in model.modules():
        for key, value in list(vars(module).items()):
            if isinstance(value, tg.Tensor):
                setattr(module, key, tg.tensor(rng.standard_normal(value.shape), requires_grad=value.requires_grad))
    model.compile(nn.SGD(0.1), half_square)
    return model


def stack():
    return nn.Sequential(
        [
            nn.Activation("tanh", input_shape=(3,)),
            nn.Dense(4),
            nn.Activation("relu"),
            nn.Dense(2, "softmax", name="out"),
        ]
    )


def chain():
    x = nn.Input((3,))
    inner = nn.Sequential([nn.Dense(5, "sigmoid", use_bias=False, input_shape=(3,))])
    return nn.Model(x, nn.Dense(2, "softplus", name="out")(inner(x)))


MODELS = pytest.mark.parametrize("make", [stack, chain])
X = np.random.default_rng(1).standard_normal((6, 3))
Y = np.random.default_rng(2).random((6, 2))


def gradients(model, x, y):
    """Those of an ordinary backward."""
    for weight in model.weights:
        weight.grad = None
    half_square(y, model(x)).backward()
    found = [weight.grad.numpy().copy() for weight in model.weights]
    for weight in model.weights:
        weight.grad = None
    return found


def as_arrays(network, what):
    """What the links say, laid out as the model's weights are."""
    found = []
    for layer in network.layers[1:]:
        rows = np.array([[getattr(link, what) for link in neuron.links_in] for neuron in layer]).T
        found += [rows[1:], rows[0]] if layer.dense.use_bias else [rows]
    return found


@MODELS
def test_a_link_is_an_entry_of_a_matrix(make):
    model = in_float64(make())
    network = nn.as_neurons(model)
    for found, weights in zip(as_arrays(network, "weight"), model.get_weights(), strict=True):
        np.testing.assert_array_equal(found, weights)

    link = network["out"][1].links_in[2]
    link.weight = 0.25
    assert model.get_weights()[-2][1, 1] == link.weight == 0.25
    bias = network["out"][1].links_in[0]
    bias.weight += 1
    assert model.get_weights()[-1][1] == bias.weight
    model.set_weights([np.full(weight.shape, 7.0) for weight in model.get_weights()])
    assert {link.weight for link in network.links} == {7.0}


@MODELS
@pytest.mark.parametrize("samples", [0, slice(0, 1), slice(None)], ids=["one sample", "a batch of one", "a batch"])
def test_the_sensitivities_of_links_are_the_gradients_of_the_matrices(make, samples):
    model = in_float64(make())
    network = nn.as_neurons(model)
    batch = slice(0, 1) if samples == 0 else samples
    expected = gradients(model, X[batch], Y[batch])
    assert {link.sensitivity for link in network.links} == {None}
    outputs = network.propagate(X[samples])
    error = network.backpropagate(Y[samples])
    np.testing.assert_allclose(
        outputs, model(X[batch]).detach().numpy()[0 if samples == 0 else slice(None)], atol=1e-15
    )
    assert error == pytest.approx(half_square(Y[batch], model(X[batch])).item(), rel=1e-14)
    for found, gradient in zip(as_arrays(network, "sensitivity"), expected, strict=True):
        np.testing.assert_allclose(found, gradient, rtol=0, atol=1e-13)


@MODELS
def test_the_sensitivity_of_a_batch_is_the_sum_of_its_samples(make):
    network = nn.as_neurons(in_float64(make()))

    def of(x, y):
        network.propagate(x)
        network.backpropagate(y)
        return np.array([link.sensitivity for link in network.links])

    one_by_one = [of(x, y) for x, y in zip(X, Y, strict=True)]
    np.testing.assert_allclose(of(X, Y), np.sum(one_by_one, axis=0), rtol=0, atol=1e-13)


@MODELS
def test_a_neuron_adds_up_what_its_links_hand_on_and_back(make):
    network = nn.as_neurons(in_float64(make()))
    network.propagate(X)
    network.backpropagate(Y)
    for layer in network.layers:
        for neuron in layer:
            if neuron.links_in:
                handed_on = sum(link.weight * link.source.output for link in neuron.links_in)
                np.testing.assert_allclose(neuron.sum, handed_on, rtol=0, atol=1e-13)
            if neuron.links_out:
                handed_back = sum(link.weight * link.target.sum_sensitivity for link in neuron.links_out)
                np.testing.assert_allclose(neuron.sensitivity, handed_back, rtol=0, atol=1e-13)
            for link in neuron.links_in:
                own = np.sum(link.source.output * link.target.sum_sensitivity)
                assert link.sensitivity == pytest.approx(own, rel=0, abs=1e-13)


@MODELS
def test_the_sensitivity_of_a_neuron_is_what_a_small_change_of_its_output_does(make):
    model = in_float64(make())
    network = nn.as_neurons(model)
    network.propagate(X[0])
    network.backpropagate(Y[0])
    hidden, out = network.layers[-2], network["out"]
    step = 1e-6

    def error_if(outputs):
        sums = outputs @ out.dense.kernel.data + out.dense.bias.data
        return half_square(Y[:1], out.dense.activation(tg.asarray(sums[None]))).item()

    for i, neuron in enumerate(hidden):
        nudge = step * np.eye(len(hidden))[i]
        slope = (error_if(hidden.outputs + nudge) - error_if(hidden.outputs - nudge)) / (2 * step)
        assert neuron.sensitivity == pytest.approx(slope, abs=1e-8)


def test_it_agrees_with_lernmi_s_objects():
    """The same samples through the example's objects and through this view of arrays: every number, step by step."""
    objects = LERNMI["Network"]([2, 3, 1])
    model = in_float64(
        nn.Sequential([nn.Activation("sigmoid", input_shape=(2,)), nn.Dense(3, "sigmoid"), nn.Dense(1, "sigmoid")])
    )
    network = nn.as_neurons(model)
    ours = list(network.links)
    # The example's links are sorted by source, the view's by target.
    theirs = [link for layer in objects.layers for neuron in layer.neurons for link in neuron.links_in]
    for link, other in zip(ours, theirs, strict=True):
        link.weight = other.weight
    for _ in range(50):
        for x, y in LERNMI["LOGIC"]["xor"][1].items():
            assert network.learn(x, [y]) == pytest.approx(objects.learn(x, [y]), rel=0, abs=1e-12)
            for layer, other_layer in zip(network.layers, objects.layers, strict=True):
                for neuron, other in zip(layer, other_layer.neurons, strict=True):
                    assert neuron.sum == pytest.approx(other.sum, rel=0, abs=1e-12)
                    assert neuron.output == pytest.approx(other.output, rel=0, abs=1e-12)
                    assert neuron.sensitivity == pytest.approx(other.sensitivity, rel=0, abs=1e-12)
                if layer.bias:
                    assert layer.bias.sensitivity == pytest.approx(other_layer.bias.sensitivity, rel=0, abs=1e-12)
            for link, other in zip(ours, theirs, strict=True):
                assert link.sensitivity == pytest.approx(other.sensitivity, rel=0, abs=1e-12)
                assert link.weight == pytest.approx(other.weight, rel=0, abs=1e-12)


def test_a_backward_of_your_own_is_seen_too():
    model = in_float64(stack())
    network = nn.as_neurons(model)
    half_square(Y, model(X)).backward()
    for found, weight in zip(as_arrays(network, "sensitivity"), model.weights, strict=True):
        np.testing.assert_array_equal(found, weight.grad.numpy())


def test_it_learns_with_the_model_s_own_loss_and_optimizer():
    losses = []
    for step in ("fit", "view"):
        nn.set_random_seed(3)
        model = nn.Sequential([nn.Dense(4, "tanh", input_shape=(3,)), nn.Dense(2, "softmax")])
        model.compile(nn.Adam(0.01), "sparse_categorical_crossentropy")
        network, labels = nn.as_neurons(model), np.array([0, 1, 1, 0, 1, 0])
        for _ in range(5):
            if step == "fit":
                model.fit(X, labels, batch_size=6, shuffle=False, verbose=0)
            else:
                network.learn(X, labels)
        losses.append(model.evaluate(X, labels, verbose=0))
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    network.learn(X[0], 1)
    assert network.error > 0


def test_a_weight_that_was_changed_on_the_way_is_noticed_and_no_gradient_is_lost():
    model = in_float64(stack())
    network = nn.as_neurons(model)
    network.learn(X, Y)
    gradients = [weight.grad for weight in model.weights]
    network.propagate(X)
    network.links[0].weight = 3.0
    with pytest.raises(RuntimeError, match="changed in place") as caught:
        network.backpropagate(Y)
    assert caught.value.__notes__ == ["If you changed a link's weight after propagate(x), call propagate(x) again"]
    assert all(weight.grad is gradient for weight, gradient in zip(model.weights, gradients, strict=True))
    network.propagate(X)
    assert network.backpropagate(Y) > 0
    assert repr(nn.as_neurons(nn.Sequential([nn.Dense(1, input_shape=(2,))])).layers[1]) == (
        "<NeuronLayer dense: 1 neuron, sum>"
    )


def test_before_anything_went_through_nothing_is_known():
    network = nn.as_neurons(stack())
    for layer in network.layers:
        assert layer.outputs is None
        for neuron in layer:
            assert [neuron.sum, neuron.output, neuron.sensitivity, neuron.sum_sensitivity] == [None] * 4
    assert repr(network["out"][0]) == "<Neuron out[0]: 5 links in, 0 out>"
    assert network.layers[0].bias.sensitivity is None


def test_it_goes_through_no_grad_and_leaves_what_is_frozen():
    model = in_float64(stack())
    model.layers[1].kernel.requires_grad = False
    network, before = nn.as_neurons(model), model.get_weights()
    with tg.no_grad():
        network.learn(X, Y)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False, True, True, True]
    assert network.layers[1][0].links_in[1].sensitivity is None


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        (
            nn.Sequential([nn.Dropout(0.5), nn.Dense(1, input_shape=(2,))]),
            TypeError,
            "behind a first Flatten; 'dropout' of this model is Dropout",
        ),
        (nn.Sequential([nn.Conv2D(2, 2, input_shape=(4, 4, 1))]), TypeError, "'conv2d' of this model is Conv2D"),
        (nn.Sequential([nn.Dense(2)]), ValueError, "no weights yet: give its first layer an input_shape"),
        (nn.Sequential([nn.Activation("relu")]), ValueError, "no Dense layer"),
        (nn.Sequential([]), ValueError, "no Dense layer"),
        (nn.Dense(2), TypeError, "given Dense"),
        (nn.Sequential([nn.Dense(200, input_shape=(784,))]), ValueError, "157,000 links.*limit=157000"),
    ],
)
def test_what_is_no_such_network_is_named(model, error, words):
    with pytest.raises(error, match=words):
        nn.as_neurons(model)


def test_a_branching_model_is_refused():
    x = nn.Input((3,))
    with pytest.raises(TypeError, match="each layer takes what the one before gives"):
        nn.as_neurons(nn.Model(x, nn.Dense(3)(x) + x))


@pytest.mark.parametrize("first", [nn.Dense(4, input_shape=(2, 3)), nn.Activation("softmax", input_shape=(2, 3))])
def test_behind_other_layers_a_flatten_changes_who_is_linked_with_whom(first):
    model = nn.Sequential([first, nn.Sequential([nn.Flatten(), nn.Dense(2)])])
    model(np.ones((1, 2, 3), np.float32))
    with pytest.raises(TypeError, match=r"'flatten\w*' of this model is Flatten"):
        nn.as_neurons(model)


def test_images_are_given_flat():
    model = nn.Sequential([nn.Flatten(input_shape=(2, 3)), nn.Dense(4, "tanh"), nn.Dense(2)])
    network, images = nn.as_neurons(model), np.random.default_rng(3).random((5, 2, 3)).astype(np.float32)
    assert [len(layer) for layer in network.layers] == [6, 4, 2]
    np.testing.assert_allclose(network.propagate(images.reshape(5, 6)), model.predict(images), rtol=1e-5)
    with pytest.raises(ValueError, match=r"one sample of shape \(6,\)"):
        network.propagate(images[0])


def test_the_limit_can_be_raised():
    model = nn.Sequential([nn.Dense(2, input_shape=(3,))])
    with pytest.raises(ValueError, match="more than the limit of 7"):
        nn.as_neurons(model, limit=7)
    assert len(nn.as_neurons(model, limit=8).links) == 8


def test_mistakes_are_told():
    model = stack()
    network = nn.as_neurons(model)
    with pytest.raises(RuntimeError, match="call compile"):
        network.learn(X[0], Y[0])
    model.compile("sgd", "mse")
    with pytest.raises(RuntimeError, match="call propagate"):
        network.backpropagate(Y[0])
    network.learn(X[0], Y[0])
    with pytest.raises(RuntimeError, match="call propagate"):
        network.backpropagate(Y[0])
    with pytest.raises(ValueError, match=r"shape \(3,\) or a batch of shape \(samples, 3\), given \(6, 2\)"):
        network.propagate(Y)
    with pytest.raises(KeyError, match="there are 'input', 'dense', 'out'"):
        network["output"]
    with pytest.raises(ValueError, match="could not convert"):
        network.links[0].weight = "much"
    odd = nn.as_neurons(nn.Sequential([nn.Dense(2, lambda x: x.sum(axis=1), input_shape=(3,))]))
    with pytest.raises(ValueError, match="which no neurons can do"):
        odd.propagate(X)


def test_in_a_notebook_it_is_its_picture():
    bundle = nn.as_neurons(stack())._repr_mimebundle_()
    assert bundle["text/plain"] == "<Neurons of sequential: 3 + 4 + 2 neurons and 26 links>"
