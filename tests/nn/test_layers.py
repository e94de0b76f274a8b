"""Layers and modules: what they compute, how they are built, named, switched and copied."""

import copy
import pickle

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.layers.dense import affine

RNG = np.random.default_rng(3)


def test_dense_is_a_weighted_sum_of_its_inputs():
    layer = nn.Dense(2, bias_initializer="random_normal")
    x = RNG.standard_normal((3, 4)).astype(np.float32)
    y = layer(x)
    kernel, bias = layer.get_weights()
    slow = [[sum(x[n, i] * kernel[i, j] for i in range(4)) + bias[j] for j in range(2)] for n in range(3)]
    np.testing.assert_allclose(y.detach().numpy(), slow, rtol=1e-5)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (4,), (0, 4)])
def test_affine_derivatives_are_exact_to_second_order(shape):
    tg.check_grads(affine, RNG.standard_normal(shape), RNG.standard_normal((4, 5)), RNG.standard_normal(5))


def test_dense_takes_any_number_of_axes_before_the_last():
    layer = nn.Dense(2)
    assert layer(np.ones((3, 5, 4), np.float32)).shape == (3, 5, 2)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float64, np.float32, bool])
def test_dense_computes_in_its_kernels_dtype(dtype):
    assert nn.Dense(2)(tg.asarray(np.ones((3, 4), dtype))).dtype == np.float32


def test_dense_without_bias_has_one_weight():
    layer = nn.Dense(2, use_bias=False)
    layer(np.ones((1, 3)))
    assert [name for name, _ in layer.named_weights()] == ["kernel"]


def test_a_wrong_input_length_is_named():
    layer = nn.Dense(2, input_shape=(3,))
    model = nn.Sequential([layer])
    with pytest.raises(ValueError, match=r"affine\(.*\(1, 4\), Tensor 'dense.kernel' float32\(3, 2\).*as long as"):
        model(np.ones((1, 4), np.float32))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.Dense(0), ValueError, "units must be a whole number of at least 1, given 0"),
        (lambda: nn.Dense(2.5), TypeError, "units must be a whole number of at least 1, given float 2.5"),
        (lambda: nn.Dense(2, input_shape=(None,)), ValueError, "shape of one sample"),
        (lambda: nn.Dense(2)(np.ones(3)), ValueError, r"of shape \(batch, ..., inputs\), given \(3,\)"),
        (lambda: nn.Dense(2, input_shape=784), TypeError, r"such as \(784,\), given 784"),
        (lambda: nn.Dense(2, input_shape=(True,)), ValueError, "shape of one sample"),
        (lambda: nn.Flatten()(3.0), ValueError, r"of shape \(batch, ...\), given \(\)"),
        (lambda: nn.Activation(nn.Dense), TypeError, r"given the class Dense.*write Dense\("),
        (lambda: nn.Sequential([3]), TypeError, "made of layers such as nn.Dense"),
        (lambda: nn.Module()([1.0]), NotImplementedError, r"Module has to say in call\(self, x\)"),
        (
            lambda: nn.Dense(2, kernel_initializer="glorot")(np.ones((1, 2))),
            ValueError,
            "no initializer named 'glorot'",
        ),
    ],
)
def test_bad_arguments_say_what_to_write(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize("shape", [(5, 2, 3), (5,), (0, 4, 2)])
def test_flatten(shape):
    assert nn.Flatten()(np.zeros(shape, np.float32)).shape == (shape[0], int(np.prod(shape[1:], dtype=int)))


def test_weights_are_found_wherever_they_are():
    class Net(nn.Module):
        def build(self, input_shape):
            self.first = nn.Dense(3)
            self.blocks = [nn.Dense(3), nn.Dense(3)]
            self.tied = self.first
            self.gain = self.add_weight((), "ones")
            self.seen = self.add_weight((3,), "zeros", trainable=False)

        def call(self, x):
            x = self.first(x)
            for block in self.blocks:
                x = block(x)
            return x * self.gain

    net = Net()
    net(np.ones((1, 2), np.float32))
    assert [name for name, _ in net.named_weights()] == [
        "gain",
        "seen",
        "first.kernel",
        "first.bias",
        "blocks_0.kernel",
        "blocks_0.bias",
        "blocks_1.kernel",
        "blocks_1.bias",
    ]
    assert len(net.trainable_weights) == 7
    assert net.count_params() == 2 * 3 + 3 + 2 * (3 * 3 + 3) + 1 + 3
    assert net.first.kernel.name == "first.kernel"


def test_layers_are_boxes_when_drawn():
    model = nn.Sequential([nn.Dense(2, name="inner", input_shape=(3,))])
    assert model(np.ones((1, 3), np.float32)).scope == ("sequential", "inner")


def test_layer_names_do_not_depend_on_other_models():
    for _ in range(2):
        model = nn.Sequential([nn.Dense(2), nn.Dense(2), nn.Activation("relu")])
        assert [layer.name for layer in model.layers] == ["dense", "dense_1", "activation"]
    with pytest.raises(ValueError, match="there is a layer named 'dense' in this model already"):
        model.add(nn.Dense(1, name="dense"))
    with pytest.raises(ValueError, match="is in this model already: make another one"):
        model.add(model.layers[0])


def test_input_shape_builds_the_model_at_once():
    model = nn.Sequential([nn.Dense(4, input_shape=(3,)), nn.Activation("relu"), nn.Dense(2)])
    assert model.count_params() == 26
    assert model.layers[2].output_shape == (None, 2)


def test_a_model_as_first_layer_says_the_input_shape():
    inner = nn.Sequential([nn.Dense(3, input_shape=(2,)), nn.Dense(3)])
    model = nn.Sequential([inner, nn.Dense(1)])
    assert model.input_shape == (2,)
    assert model.count_params() == 9 + 12 + 4
    assert [name for name, _ in model.named_weights()][-2:] == ["dense.kernel", "dense.bias"]


def test_a_layer_that_does_not_fit_is_not_added():
    class Picky(nn.Layer):
        def build(self, input_shape):
            raise ValueError("not so")

        def call(self, x):
            return x

    model, layer = nn.Sequential([nn.Dense(3, input_shape=(2,))]), Picky()
    with pytest.raises(ValueError, match="not so"):
        model.add(layer)
    assert (len(model), model.built, layer.name) == (1, True, None)
    assert model.predict(np.ones((1, 2))).shape == (1, 3)


def test_a_layer_added_after_the_first_call_is_named_and_counted():
    model = nn.Sequential([nn.Dense(3)])
    model.predict(np.ones((1, 2)))
    model.add(nn.Dense(4))
    model.predict(np.ones((1, 2)))
    assert [w.name for w in model.weights][2:] == ["dense_1.kernel", "dense_1.bias"]
    assert model.output_shape == (None, 4)


def test_input_shape_takes_what_shapes_are_made_of():
    assert nn.Dense(2, input_shape=[3]).input_shape == (3,)
    assert nn.Dense(2, input_shape=(np.int64(3), 4)).input_shape == (3, 4)


def test_set_weights_changes_all_or_nothing():
    model = nn.Sequential([nn.Dense(2, input_shape=(3,))])
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"dense.bias has the shape \(2,\), given \(3,\)"):
        model.set_weights([np.ones((3, 2)), np.ones(3)])
    with pytest.raises(TypeError, match=r"dense\.bias holds real numbers"):
        model.set_weights([np.ones((3, 2)), np.array(["a", "b"])])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    model.set_weights([np.ones((3, 2)).tolist(), tg.ones(2)])
    model.set_weights([np.ones((3, 2)), np.ones(2)])
    assert model(np.ones((1, 3))).tolist() == [[4, 4]]
    assert not (before[0] == 1).any()  # what was taken before keeps its values


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copied_model_is_independent(copied):
    model = nn.Sequential([nn.Dense(2, activation="relu", input_shape=(3,))])
    other = copied(model)
    x = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(other(x).detach().numpy(), model(x).detach().numpy())
    other.set_weights([np.zeros((3, 2)), np.zeros(2)])
    assert model.get_weights()[0].any()


@pytest.mark.parametrize("name", nn.initializers.INITIALIZERS)
def test_initializers_repeat_and_have_the_scale_they_say(name):
    scale = {
        "glorot_uniform": (2 / 700) ** 0.5,
        "glorot_normal": (2 / 700) ** 0.5,
        "he_uniform": (2 / 400) ** 0.5,
        "he_normal": (2 / 400) ** 0.5,
        "lecun_uniform": (1 / 400) ** 0.5,
        "lecun_normal": (1 / 400) ** 0.5,
        "random_uniform": 0.05 / 3**0.5,
        "random_normal": 0.05,
        "orthogonal": (1 / 400) ** 0.5,
        "zeros": 0,
        "ones": 0,
    }[name]
    nn.set_random_seed(5)
    first = nn.initializers.get(name)((400, 300))
    nn.set_random_seed(5)
    np.testing.assert_array_equal(first, nn.initializers.get(name)((400, 300)))
    assert first.dtype == np.float32
    assert first.std() == pytest.approx(scale, rel=0.02)
    if name == "orthogonal":
        np.testing.assert_allclose(first.T @ first, np.eye(300), atol=1e-5)


@pytest.mark.parametrize("name", nn.initializers.INITIALIZERS)
def test_initializers_take_small_shapes(name):
    if name != "orthogonal":
        assert nn.initializers.get(name)(()).shape == ()
    assert nn.initializers.get(name)((3, 2)).shape == (3, 2)


def test_an_unnamed_part_of_a_module_is_a_box_of_its_own_named_after_its_attribute():
    class Twice(nn.Module):
        def __init__(self):
            self.body = nn.Dense(3)

        def call(self, x):
            return self.body(x)

    class Net(nn.Module):
        def __init__(self):
            self.encoder, self.blocks = nn.Dense(3), [Twice(), Twice(), Twice()]
            self.head = nn.Dense(2, name="chosen")

        def call(self, x):
            x = self.encoder(x)
            for block in self.blocks:
                x = block(x)
            return self.head(x)

    drawing = tg.draw(Net()(np.ones((4, 3), np.float32)).sum(), roll=False)
    assert [" / ".join(box.scope) for box in drawing.graph.boxes] == [
        "net", "net / encoder",
        "net / blocks_0", "net / blocks_0 / body", "net / blocks_1", "net / blocks_1 / body",
        "net / blocks_2", "net / blocks_2 / body",
        "net / chosen",
    ]  # fmt: skip
