"""Weights to and from Keras and PyTorch: the same network predicts the same there, and what is not the same is told."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

RNG = np.random.default_rng(8)


def shaken(model):
    """The model with other weights than it began with, those that are not trained above 0."""
    arrays = [np.asarray(RNG.normal(0, 1, w.shape)) / max(1, w.size / w.shape[-1]) ** 0.5 for w in model.weights]
    model.set_weights([a if w.requires_grad else 0.5 + abs(a) for a, w in zip(arrays, model.weights, strict=True)])
    return model


def mnist_mlp():
    layers = [nn.Dense(512, input_shape=(784,)), nn.Activation("relu"), nn.Dropout(0.2)]
    layers += [nn.Dense(512), nn.Activation("relu"), nn.Dropout(0.2), nn.Dense(10), nn.Activation("softmax")]
    return nn.Sequential(layers)


def mnist_cnn():
    layers = [nn.Conv2D(32, 3, activation="relu", input_shape=(28, 28, 1)), nn.Conv2D(64, 3, activation="relu")]
    layers += [nn.MaxPooling2D(2), nn.Dropout(0.25), nn.Flatten(), nn.Dense(128, activation="relu"), nn.Dropout(0.5)]
    return nn.Sequential([*layers, nn.Dense(10, activation="softmax")])


def playground():
    return nn.Sequential([nn.Dense(4, "tanh", input_shape=(2,)), nn.Dense(2, "tanh"), nn.Dense(1, "tanh")])


def lernmi():
    return nn.Sequential([nn.Dense(3, "sigmoid", input_shape=(2,)), nn.Dense(1, "sigmoid")])


def in_torch(torch, name):
    nn_ = torch.nn
    return {
        "mnist_mlp": lambda: nn_.Sequential(
            *[nn_.Linear(784, 512), nn_.ReLU(), nn_.Dropout(0.2), nn_.Linear(512, 512), nn_.ReLU(), nn_.Dropout(0.2)],
            *[nn_.Linear(512, 10), nn_.Softmax(-1)],
        ),
        "mnist_cnn": lambda: nn_.Sequential(
            *[nn_.Conv2d(1, 32, 3), nn_.ReLU(), nn_.Conv2d(32, 64, 3), nn_.ReLU(), nn_.MaxPool2d(2), nn_.Dropout(0.25)],
            *[nn_.Flatten(), nn_.Linear(9216, 128), nn_.ReLU(), nn_.Dropout(0.5), nn_.Linear(128, 10), nn_.Softmax(-1)],
        ),
        "playground": lambda: nn_.Sequential(
            *[nn_.Linear(2, 4), nn_.Tanh(), nn_.Linear(4, 2), nn_.Tanh(), nn_.Linear(2, 1), nn_.Tanh()]
        ),
        "lernmi": lambda: nn_.Sequential(nn_.Linear(2, 3), nn_.Sigmoid(), nn_.Linear(3, 1), nn_.Sigmoid()),
    }[name]().eval()


SEEDS = {f.__name__: f for f in (mnist_mlp, mnist_cnn, playground, lernmi)}
SHAPES = {"mnist_mlp": (784,), "mnist_cnn": (28, 28, 1), "playground": (2,), "lernmi": (2,)}


def samples(shape, n=5):
    return RNG.normal(0, 1, (n, *shape)).astype(np.float32)


def channels_first(x):
    return np.ascontiguousarray(np.moveaxis(x, -1, 1)) if x.ndim == 4 else x


def agree(ours, net, x, torch, first=channels_first, of=lambda out: out):
    with torch.no_grad():
        theirs = of(net(torch.tensor(first(x)))).numpy()
    np.testing.assert_allclose(ours.predict(x), theirs, rtol=1e-5, atol=1e-5)


def both_ways(torch, model, net, x, first=channels_first, of=lambda out: out):
    """Our weights make the network there predict the same, and its weights ours; the names are the ones there."""
    net.eval()
    shaken(model)
    net.load_state_dict({name: torch.tensor(array) for name, array in nn.exchange.to_torch(model).items()})
    agree(model, net, x, torch, first, of)
    with torch.no_grad():
        for name, weight in net.state_dict().items():
            if weight.ndim:
                random = torch.randn(weight.shape) / max(1, weight.numel() / len(weight)) ** 0.5
                weight.copy_(0.5 + abs(random) if name.endswith("running_var") else random)
    nn.exchange.from_torch(model, net.state_dict())
    agree(model, net, x, torch, first, of)
    given = nn.exchange.to_torch(model)
    merged = any("bias_hh" in name for name in given)  # two biases there are one here
    for name, weight in net.state_dict().items():
        if not merged and not name.endswith("num_batches_tracked"):
            np.testing.assert_array_equal(given[name], weight.numpy())


# The networks of the seeds.


@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_networks_predict_the_same_in_pytorch(torch, name):
    torch.manual_seed(1)
    both_ways(torch, SEEDS[name](), in_torch(torch, name), samples(SHAPES[name]))


def in_keras(keras, name):
    layers = keras.layers
    stacks = {
        "mnist_mlp": lambda: [
            *[layers.Dense(512), layers.Activation("relu"), layers.Dropout(0.2), layers.Dense(512)],
            *[layers.Activation("relu"), layers.Dropout(0.2), layers.Dense(10), layers.Activation("softmax")],
        ],
        "mnist_cnn": lambda: [
            *[layers.Conv2D(32, 3, activation="relu"), layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(2)],
            *[layers.Dropout(0.25), layers.Flatten(), layers.Dense(128, "relu"), layers.Dropout(0.5)],
            layers.Dense(10, "softmax"),
        ],
        "playground": lambda: [layers.Dense(4, "tanh"), layers.Dense(2, "tanh"), layers.Dense(1, "tanh")],
        "lernmi": lambda: [layers.Dense(3, "sigmoid"), layers.Dense(1, "sigmoid")],
    }
    return keras.Sequential([keras.Input(SHAPES[name]), *stacks[name]()])


def variables(net):
    return {v.path: v for v in net.variables}


def keras_both_ways(keras, model, net, x, tmp_path):
    """By names, by order, and through Keras's own file, there and back."""
    shaken(model)
    like = nn.exchange.to_keras(model, like=variables(net))
    for variable in net.variables:
        if not variable.path.endswith("seed_generator_state"):
            variable.assign(like[variable.path])
    np.testing.assert_allclose(model.predict(x), net.predict(x, verbose=0), rtol=1e-5, atol=1e-5)
    other = shaken(net_like(model))
    nn.exchange.from_keras(other, variables(net))
    np.testing.assert_array_equal(other.predict(x), model.predict(x))
    net.save_weights(tmp_path / "theirs.weights.h5")
    shaken(other)
    nn.exchange.from_keras(other, tmp_path / "theirs.weights.h5")
    np.testing.assert_array_equal(other.predict(x), model.predict(x))
    shaken(model)
    nn.exchange.to_keras_file(model, tmp_path / "ours.weights.h5")
    net.load_weights(tmp_path / "ours.weights.h5")
    np.testing.assert_allclose(model.predict(x), net.predict(x, verbose=0), rtol=1e-5, atol=1e-5)


def net_like(model):
    import copy

    return copy.deepcopy(model)


keras_warns = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras 3.15's own


@keras_warns
@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_networks_predict_the_same_in_keras(keras, name, tmp_path):
    keras_both_ways(keras, SEEDS[name](), in_keras(keras, name), samples(SHAPES[name]), tmp_path)


# Every layer with weights.


IMAGE, SEQUENCE, ROW = (6, 6, 4), (5, 4), (8,)

# Of each class with weights: the layer, the shape of a sample, PyTorch's, how its result is looked at.
IN_TORCH = {
    "Dense": (lambda: nn.Dense(3), ROW, lambda t: t.Linear(8, 3)),
    "Dense, no bias": (lambda: nn.Dense(3, use_bias=False), SEQUENCE, lambda t: t.Linear(4, 3, bias=False)),
    "Conv1D": (lambda: nn.Conv1D(3, 2), SEQUENCE, lambda t: t.Conv1d(4, 3, 2)),
    "Conv2D": (lambda: nn.Conv2D(6, (3, 2), groups=2), IMAGE, lambda t: t.Conv2d(4, 6, (3, 2), groups=2)),
    "Conv2D, no bias": (lambda: nn.Conv2D(3, 1, use_bias=False), IMAGE, lambda t: t.Conv2d(4, 3, 1, bias=False)),
    "Conv2DTranspose": (lambda: nn.Conv2DTranspose(3, 4, 2, 0), IMAGE, lambda t: t.ConvTranspose2d(4, 3, 4, 2)),
    "Conv2DTranspose, groups": (
        lambda: nn.Conv2DTranspose(6, 3, groups=2),
        IMAGE,
        lambda t: t.ConvTranspose2d(4, 6, 3, groups=2),
    ),
    "DepthwiseConv2D": (
        lambda: nn.DepthwiseConv2D(3, depth_multiplier=2),
        IMAGE,
        lambda t: t.Conv2d(4, 8, 3, groups=4),
    ),
    "BatchNormalization": (lambda: nn.BatchNormalization(), IMAGE, lambda t: t.BatchNorm2d(4, eps=1e-3)),
    "BatchNormalization, plain": (
        lambda: nn.BatchNormalization(center=False, scale=False),
        ROW,
        lambda t: t.BatchNorm1d(8, eps=1e-3, affine=False),
    ),
    "GroupNormalization": (lambda: nn.GroupNormalization(2), IMAGE, lambda t: t.GroupNorm(2, 4, eps=1e-3)),
    "LayerNormalization": (lambda: nn.LayerNormalization(), SEQUENCE, lambda t: t.LayerNorm(4, eps=1e-3)),
    "LayerNormalization, no beta": (
        lambda: nn.LayerNormalization((1, 2), center=False),
        SEQUENCE,
        lambda t: t.LayerNorm((5, 4), eps=1e-3, bias=False),
    ),
    "RMSNormalization": (lambda: nn.RMSNormalization(), SEQUENCE, lambda t: t.RMSNorm(4, eps=1e-6)),
    "SimpleRNN": (lambda: nn.SimpleRNN(3, "relu"), SEQUENCE, lambda t: t.RNN(4, 3, 1, "relu", batch_first=True)),
    "GRU": (lambda: nn.GRU(3), SEQUENCE, lambda t: t.GRU(4, 3, batch_first=True)),
    "GRU, no bias": (lambda: nn.GRU(3, use_bias=False), SEQUENCE, lambda t: t.GRU(4, 3, bias=False, batch_first=True)),
    "LSTM": (lambda: nn.LSTM(3), SEQUENCE, lambda t: t.LSTM(4, 3, batch_first=True)),
    "Bidirectional": (
        lambda: nn.Bidirectional(nn.LSTM(3, return_sequences=True)),
        SEQUENCE,
        lambda t: t.LSTM(4, 3, batch_first=True, bidirectional=True),
    ),
}  # fmt: skip


def looked_at(layer):
    """What of a recurrent layer's results there is the one here: of all steps, or the last one."""
    if isinstance(layer, nn.Bidirectional):
        return lambda out: out[0]
    return (lambda out: out[0][:, -1]) if isinstance(layer, nn.layers.recurrent.Recurrent) else (lambda out: out)


@pytest.mark.parametrize("name", IN_TORCH)
def test_each_layer_computes_the_same_in_pytorch(torch, name):
    torch.manual_seed(2)
    make, shape, theirs = IN_TORCH[name]
    layer = make()
    x, first = samples(shape), name.startswith(("Conv", "Depthwise", "Batch", "Group"))
    model = nn.Sequential([nn.Input(shape), layer])
    net = torch.nn.Sequential(theirs(torch.nn)).eval()

    def of(out):
        out = looked_at(layer)(out)
        return out.movedim(1, -1) if first and out.ndim > 2 else out

    both_ways(
        torch, model, net, x, (lambda x: np.ascontiguousarray(np.moveaxis(x, -1, 1))) if first else (lambda x: x), of
    )


def test_every_layer_with_weights_has_a_counterpart_in_pytorch_and_a_row_here():
    classes = [c for c in vars(nn.layers).values() if isinstance(c, type) and c.build is not nn.Module.build]
    assert {c.__name__ for c in classes} - {"RandomWarp"} | {"Bidirectional", "MultiHeadAttention"} == {
        name.partition(",")[0] for name in IN_TORCH
    } | {"Embedding", "MultiHeadAttention"}


def test_embeddings_are_the_same_in_pytorch(torch):
    model = nn.Sequential([nn.Embedding(7, 3, input_shape=(5,))])
    net, ids = torch.nn.Sequential(torch.nn.Embedding(7, 3)), RNG.integers(0, 7, (2, 5))
    nn.exchange.from_torch(model, net.state_dict())
    np.testing.assert_array_equal(model.predict(ids), net(torch.tensor(ids)).detach().numpy())
    np.testing.assert_array_equal(nn.exchange.to_torch(model)["0.weight"], net[0].weight.detach().numpy())


@pytest.mark.parametrize("key_size", [8, 5])
@pytest.mark.parametrize("bias", [True, False])
def test_attention_is_the_same_in_pytorch(torch, key_size, bias):
    query, value = nn.Input((3, 8)), nn.Input((4, key_size))
    model = nn.Model([query, value], nn.MultiHeadAttention(2, 4, use_bias=bias)(query, value))
    net = torch.nn.MultiheadAttention(8, 2, bias=bias, kdim=key_size, vdim=key_size, batch_first=True)
    q, v = samples((3, 8)), samples((4, key_size))
    nn.exchange.from_torch(shaken(model), net.state_dict())
    np.testing.assert_allclose(
        model.predict([q, v]), net(*map(torch.tensor, (q, v, v)))[0].detach().numpy(), rtol=1e-5, atol=1e-5
    )
    shaken(model)
    given = nn.exchange.to_torch(model, like=net.state_dict())
    net.load_state_dict({name: torch.tensor(array) for name, array in given.items()})
    np.testing.assert_allclose(
        model.predict([q, v]), net(*map(torch.tensor, (q, v, v)))[0].detach().numpy(), rtol=1e-5, atol=1e-5
    )


def in_keras_rows(layers):
    """Of each class with weights: the shape of a sample, and the same layer there."""
    return {
        "Dense": (lambda: nn.Dense(3), ROW, lambda: layers.Dense(3)),
        "Conv1D": (lambda: nn.Conv1D(3, 2), SEQUENCE, lambda: layers.Conv1D(3, 2)),
        "Conv2D": (lambda: nn.Conv2D(6, 3), IMAGE, lambda: layers.Conv2D(6, 3)),
        "Conv2DTranspose": (lambda: nn.Conv2DTranspose(3, 4), IMAGE, lambda: layers.Conv2DTranspose(3, 4)),
        "DepthwiseConv2D": (
            lambda: nn.DepthwiseConv2D(3, depth_multiplier=2),
            IMAGE,
            lambda: layers.DepthwiseConv2D(3, depth_multiplier=2),
        ),
        "BatchNormalization": (lambda: nn.BatchNormalization(), IMAGE, lambda: layers.BatchNormalization()),
        "BatchNormalization, no gamma": (
            lambda: nn.BatchNormalization(scale=False),
            IMAGE,
            lambda: layers.BatchNormalization(scale=False),
        ),
        "GroupNormalization": (lambda: nn.GroupNormalization(2), IMAGE, lambda: layers.GroupNormalization(2)),
        "LayerNormalization": (lambda: nn.LayerNormalization(), SEQUENCE, lambda: layers.LayerNormalization()),
        "RMSNormalization": (lambda: nn.RMSNormalization(), SEQUENCE, lambda: layers.RMSNormalization()),
        "SimpleRNN": (lambda: nn.SimpleRNN(3), SEQUENCE, lambda: layers.SimpleRNN(3)),
        "GRU": (lambda: nn.GRU(3), SEQUENCE, lambda: layers.GRU(3)),
        "LSTM": (lambda: nn.LSTM(3), SEQUENCE, lambda: layers.LSTM(3)),
        "Bidirectional": (
            lambda: nn.Bidirectional(nn.GRU(3)),
            SEQUENCE,
            lambda: layers.Bidirectional(layers.GRU(3)),
        ),
    }


@keras_warns
def test_each_layer_computes_the_same_in_keras(keras, tmp_path):
    for make, shape, theirs in in_keras_rows(keras.layers).values():
        model, net = nn.Sequential([nn.Input(shape), make()]), keras.Sequential([keras.Input(shape), theirs()])
        keras_both_ways(keras, model, net, samples(shape), tmp_path)


# Names, order, networks of other kinds.


@keras_warns
def test_nested_and_functional_models_are_the_same_in_keras(keras, tmp_path):

    def network(Input, layers, Model, Sequential):
        x = Input((5, 4))
        y = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(x)
        y = layers.LayerNormalization()(layers.MultiHeadAttention(2, 3)(y, y) + y)
        y = Sequential([layers.Dense(3, activation="relu"), layers.Dropout(0.1), layers.GRU(2)])(y)
        y = layers.Concatenate()([y, layers.Flatten()(x)])
        shared = layers.Dense(22)
        return Model(x, layers.Dense(2)(shared(shared(y))))

    model = network(nn.Input, nn, nn.Model, nn.Sequential)
    net = network(keras.Input, keras.layers, keras.Model, keras.Sequential)
    keras_both_ways(keras, model, net, samples((5, 4)), tmp_path)


@keras_warns
def test_a_keras_model_of_one_s_own_is_exchanged_by_its_file(keras, tmp_path):

    def made(Model, layers):
        class Net(Model):
            def __init__(self):
                super().__init__()
                self.first = layers.Dense(3)
                self.blocks = [layers.Dense(3, activation="tanh"), layers.Dense(2)]

            def call(self, x):
                x = self.first(x)
                for block in self.blocks:
                    x = block(x)
                return x

        return Net()

    model, net, x = made(nn.Model, nn), made(keras.Model, keras.layers), samples((4,))
    model(x), net(x)
    nn.exchange.to_keras_file(shaken(model), tmp_path / "net.weights.h5")
    net.load_weights(tmp_path / "net.weights.h5")
    np.testing.assert_allclose(model.predict(x), net.predict(x, verbose=0), rtol=1e-5, atol=1e-5)


def test_names_of_keras_are_layers_and_weights():
    x = nn.Input((5, 4))
    y = nn.Bidirectional(nn.LSTM(2))(nn.MultiHeadAttention(2, 3)(x, x))
    model = nn.Model(x, nn.Dense(1, name="out")(nn.Sequential([nn.Dense(3)])(y)))
    assert list(nn.exchange.to_keras(model)) == [
        *[f"multi_head_attention/{part}/{end}" for part in ("query", "key", "value", "attention_output")
          for end in ("kernel", "bias")],
        *[f"bidirectional/{way}_lstm/lstm_cell/{end}" for way in ("forward", "backward")
          for end in ("kernel", "recurrent_kernel", "bias")],
        *["sequential/dense/kernel", "sequential/dense/bias", "out/kernel", "out/bias"],
    ]  # fmt: skip


def test_names_of_pytorch_count_activations_and_follow_attributes():
    stack = nn.Sequential([nn.Dense(4, "relu"), nn.Dropout(0.5), nn.Sequential([nn.Conv1D(2, 1, activation="tanh")])])
    stack.add(nn.GRU(3))
    stack(np.ones((1, 5, 2)))
    assert list(nn.exchange.to_torch(stack)) == [
        *["0.weight", "0.bias", "3.0.weight", "3.0.bias", "4.weight_ih_l0", "4.weight_hh_l0", "4.bias_ih_l0"],
        "4.bias_hh_l0",
    ]

    class Net(nn.Module):
        def __init__(self):
            self.first, self.blocks = nn.Dense(4), [nn.Dense(4), nn.Dense(4)]

        def call(self, x):
            return self.blocks[1](self.blocks[0](self.first(x)))

    net = Net()
    net(np.ones((1, 2)))
    assert list(nn.exchange.to_torch(net))[::2] == ["first.weight", "blocks.0.weight", "blocks.1.weight"]
    x = nn.Input((2,))
    assert list(nn.exchange.to_torch(nn.Model(x, nn.Dense(3, name="fc")(x)))) == ["fc.weight", "fc.bias"]
    assert list(nn.exchange.to_torch(net.first)) == ["weight", "bias"]


class Rows:
    """Networks in which rows are made of images, and the same in PyTorch."""

    def batch_norm_and_two_heads(torch):
        x = nn.Input((6, 6, 3))
        y = nn.Flatten()(
            nn.AveragePooling2D(2)(nn.Conv2D(4, 3, padding="same", activation="relu")(x) + nn.Conv2D(4, 1)(x))
        )
        y = nn.Activation("tanh")(nn.BatchNormalization()(y))
        both = nn.Concatenate()([nn.Dense(3)(y), y, nn.GlobalMaxPooling2D()(x)])
        model = nn.Model(x, nn.Dense(2)(both))
        t = torch.nn

        class Net(t.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b, self.norm = t.Conv2d(3, 4, 3, padding=1), t.Conv2d(3, 4, 1), t.BatchNorm1d(36, eps=1e-3)
                self.head, self.out = t.Linear(36, 3), t.Linear(42, 2)

            def forward(self, x):
                y = t.functional.avg_pool2d(torch.relu(self.a(x)) + self.b(x), 2).flatten(1)
                y = torch.tanh(self.norm(y))
                return self.out(torch.cat([self.head(y), y, x.amax((2, 3))], 1))

        return model, Net()

    def an_image_without_convolutions(torch):
        model = nn.Sequential([nn.Flatten(input_shape=(4, 4, 3)), nn.Dense(5, "relu"), nn.Dense(2)])
        return model, torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(48, 5), torch.nn.ReLU(), torch.nn.Linear(5, 2)
        )

    def nested(torch):
        t = torch.nn
        body = nn.Sequential([nn.Conv2D(3, 3, activation="relu"), nn.MaxPooling2D(), nn.Dropout(0.5)])
        head = nn.Sequential([nn.Flatten(), nn.Dense(4), nn.LayerNormalization(), nn.Dense(2)])
        model = nn.Sequential([nn.Input((8, 8, 1)), body, head])
        head_there = t.Sequential(t.Flatten(), t.Linear(27, 4), t.LayerNorm(4, eps=1e-3), t.Linear(4, 2))
        return model, t.Sequential(t.Sequential(t.Conv2d(1, 3, 3), t.ReLU(), t.MaxPool2d(2), t.Dropout()), head_there)

    def a_class_of_its_own(torch):
        class Net(nn.Model):
            def __init__(self):
                self.out, self.hidden = nn.Dense(2), [nn.Dense(4, "tanh")]
                self.convolution, self.flatten = nn.Conv2D(3, 3, activation="relu"), nn.Flatten()

            def call(self, x):
                return self.out(self.hidden[0](self.flatten(self.convolution(x))))

        class There(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.out, self.hidden = torch.nn.Linear(4, 2), torch.nn.ModuleList([torch.nn.Linear(48, 4)])
                self.convolution = torch.nn.Conv2d(2, 3, 3)

            def forward(self, x):
                return self.out(torch.tanh(self.hidden[0](torch.relu(self.convolution(x)).flatten(1))))

        model, net = Net(), There()
        model.inputs = [nn.Input((6, 6, 2))]
        model(np.zeros((1, 6, 6, 2), np.float32))
        assert list(nn.exchange.to_torch(model)) == list(net.state_dict())
        return model, net

    def sounds(torch):
        t = torch.nn
        model = nn.Sequential([nn.Conv1D(3, 3, input_shape=(8, 2)), nn.UpSampling1D(2), nn.Flatten(), nn.Dense(2)])
        return model, t.Sequential(t.Conv1d(2, 3, 3), t.Upsample(scale_factor=2), t.Flatten(), t.Linear(36, 2))


@pytest.mark.parametrize("name", [name for name in vars(Rows) if name[0] != "_"])
def test_rows_made_of_images_are_in_the_other_order_in_pytorch(torch, name):
    model, net = vars(Rows)[name](torch)
    net.eval()
    x = samples(model.input_shape if isinstance(model, nn.Sequential) else model.inputs[0].sample_shape)
    given = nn.exchange.to_torch(shaken(model), like=net.state_dict())
    net.load_state_dict({name: torch.tensor(array) for name, array in given.items()})
    first = lambda x: np.ascontiguousarray(np.moveaxis(x, -1, 1))
    agree(model, net, x, torch, first)
    before = model.predict(x)
    shaken(model)
    nn.exchange.from_torch(model, net.state_dict())
    np.testing.assert_array_equal(model.predict(x), before)


def test_channels_that_come_first_here_stay_first():
    first = {"data_format": "channels_first"}
    model = nn.Sequential([nn.Conv2D(4, 3, **first, input_shape=(2, 6, 6)), nn.Flatten(), nn.Dense(2)])
    np.testing.assert_array_equal(nn.exchange.to_torch(model)["2.weight"], model.weights[2].detach().numpy().T)


def test_a_file_of_safetensors_is_read_and_written(torch, safetensors, tmp_path):
    from safetensors.torch import load_file, save_file

    model, net, x = lernmi(), in_torch(torch, "lernmi"), samples((2,))
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    nn.exchange.from_torch(model, tmp_path / "net.safetensors")
    agree(model, net, x, torch)
    nn.files.save(tmp_path / "ours.safetensors", nn.exchange.to_torch(shaken(model)))
    net.load_state_dict(load_file(tmp_path / "ours.safetensors"))
    agree(model, net, x, torch)
    torch.save(net.state_dict(), tmp_path / "net.pt")
    with pytest.raises(ValueError, match=r"net\.pt.* it is a zip file, as torch.save.*save_file\(net"):
        nn.exchange.from_torch(model, tmp_path / "net.pt")
    torch.save(net.state_dict(), tmp_path / "net.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match=r"net\.pt.* it is pickled, and nothing is unpickled.*save_file\(net"):
        nn.exchange.from_torch(model, tmp_path / "net.pt")
    with pytest.raises(TypeError, match=r"given Sequential: write net\.state_dict\(\)"):
        nn.exchange.from_torch(model, net)


def test_bfloat16_and_weights_that_want_gradients_come_in(torch):
    model = nn.Sequential([nn.Dense(1, input_shape=(2,))])
    net = torch.nn.Sequential(torch.nn.Linear(2, 1)).bfloat16()
    nn.exchange.from_torch(model, dict(net.named_parameters()))
    assert model.weights[0].tolist() == net[0].weight.detach().float().T.tolist()
    nn.exchange.from_torch(model, {"0.weight": tg.ones((1, 2), requires_grad=True), "0.bias": [2]})
    assert [w.tolist() for w in model.get_weights()] == [[[1], [1]], [2]]


# What can't be.


def untouched(model, call, error, words):
    before = [w.tobytes() for w in model.get_weights()]
    with pytest.raises(error, match=words):
        call()
    assert [w.tobytes() for w in model.get_weights()] == before


WEIGHTS = {"0.weight": np.ones((3, 2)), "0.bias": np.ones(3), "2.weight": np.ones((1, 3)), "2.bias": np.ones(1)}


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"0.weight": np.ones((3, 2))}, ValueError, "missing 0.bias, 2.bias, 2.weight, unexpected none"),
        (WEIGHTS | {"4.bias": np.ones(1)}, ValueError, "another network: missing none, unexpected 4.bias"),
        (WEIGHTS | {"2.weight": np.ones((1, 4))}, ValueError, r"2.weight has the shape \(1, 4\) there, needed"),
        ({f"a{name}": w.T for name, w in WEIGHTS.items()}, ValueError, r"order of layers counts, and a0.weight has"
         r" the shape \(2, 3\) where 0.weight of \(3, 2\) is needed"),
        (WEIGHTS | {"0.bias": np.array(["a"] * 3)}, TypeError, "0.bias holds real numbers, given an array of <U1"),
        ([1, 2], TypeError, "weights are a dict of arrays by their names, or the path of a file, given list"),
        ({1: np.ones(2)}, TypeError, "names of weights are strings, given 1"),
    ],
)  # fmt: skip
def test_weights_of_another_network_are_refused_and_nothing_changes(given, error, words):
    model = lernmi()
    untouched(model, lambda: nn.exchange.from_torch(model, given), error, words)


def test_keras_weights_of_another_network_are_refused_and_nothing_changes():
    model = lernmi()
    weights = nn.exchange.to_keras(model)
    wrong = {name.replace("dense_1", "other"): array for name, array in weights.items() if name != "dense/bias"}
    untouched(
        model,
        lambda: nn.exchange.from_keras(model, wrong),
        ValueError,
        "missing dense/bias, dense_1/bias, dense_1/kernel, unexpected other/bias, other/kernel",
    )
    untouched(
        model,
        lambda: nn.exchange.from_keras(model, weights | {"dense/bias": np.ones(2)}),
        ValueError,
        r"dense/bias has the shape \(2,\) there, needed is \(3,\)",
    )


class Scale(nn.Module):
    def build(self, input_shape):
        self.factor = self.add_weight(input_shape[-1:], "ones")

    def call(self, x):
        return x * self.factor


class Flattening(nn.Model):
    def __init__(self):
        self.convolution, self.dense = nn.Conv2D(2, 3), nn.Dense(1)

    def call(self, x):
        x = self.convolution(x)
        return self.dense(x.reshape(len(x), -1))


def built(model, shape):
    model(np.ones((1, *shape), np.float32))
    return model


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Sequential([nn.Dense(2)]), "<Dense 'dense', not built yet> has no weights yet"),
        (lambda: nn.Sequential([nn.Flatten(input_shape=(2,))]), "has no weights yet"),
        (
            lambda: built(nn.Sequential([Scale()]), ROW),
            "PyTorch has no counterpart of Scale scale, which has a weight fac",
        ),
        (
            lambda: built(nn.LSTM(2, "relu"), SEQUENCE),
            "no counterpart of LSTM : its activation is tanh there, here relu",
        ),
        (lambda: built(nn.GRU(2, "tanh", "relu", name="g"), SEQUENCE), "GRU g: its recurrent_activation is sigmoid"),
        (lambda: built(nn.BatchNormalization(scale=False), ROW), "has scale and shift there, or neither"),
        (lambda: built(nn.LayerNormalization(scale=False), ROW), "a shift goes with a scale"),
        (lambda: built(nn.LayerNormalization(1), SEQUENCE), "along the last axes there, here along axis=1"),
        (lambda: built(nn.Bidirectional(nn.GRU(2), "sum"), SEQUENCE), "two layers of one class there"),
        (
            lambda: nn.Model(x := nn.Input((3, 8)), nn.MultiHeadAttention(2, 3)(x, x)),
            r"num_heads \* key_dim is the size of a query there, here 2 \* 3 and 8",
        ),
        (
            lambda: nn.Sequential([nn.Dense(8, input_shape=(2,)), nn.Reshape((2, 2, 2)), nn.Conv2D(1, 1)]),
            "Conv2D 'conv2d' changes the order of numbers, with channels last here and first",
        ),
        (
            lambda: nn.Sequential(
                [nn.Conv2D(2, 1, input_shape=IMAGE), nn.Permute((3, 1, 2)), nn.Flatten(), nn.Dense(1)]
            ),
            "Permute 'permute' changes the order",
        ),
        (lambda: built(Flattening(), IMAGE), "Flattening has convolutions and <Dense .*can't be seen.*nn.Sequential"),
        (
            lambda: nn.Model(x := nn.Input(IMAGE), nn.Dense(2)(nn.Flatten()(nn.Conv2D(3, 1)(x))[:, :5])),
            "'get_item' changes the order",
        ),
    ],
)
def test_what_pytorch_lacks_or_can_t_be_followed_is_told_with_the_layer(make, words):
    with pytest.raises(ValueError, match=words):
        nn.exchange.to_torch(make())


def test_a_layer_called_in_two_orders_is_told():
    x, shared = nn.Input((2, 2, 3)), nn.Dense(12)
    row = nn.Flatten()(nn.Conv2D(3, 1)(x))
    with pytest.raises(ValueError, match="is called on numbers in two orders"):
        nn.exchange.to_torch(nn.Model(x, shared(shared(row))))


# Keras's files that are none, or of another network.


def test_without_h5py_the_error_says_how_to_get_it(monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"pip install 'tinygrad_lite\[keras-files\]'"):
        nn.exchange.to_keras_file(lernmi(), tmp_path / "net.weights.h5")
    assert list(tmp_path.iterdir()) == []


def test_keras_files_that_are_none_are_refused(tmp_path):
    import h5py

    model, path = lernmi(), tmp_path / "net.weights.h5"
    nn.exchange.to_keras_file(model, path)
    whole = path.read_bytes()

    def refused(words, file=path):
        untouched(model, lambda: nn.exchange.from_keras(model, file), ValueError, words)

    (tmp_path / "a.keras").write_bytes(b"PK")
    refused(r"a\.keras is a whole Keras model: in Keras, write net.save_weights", tmp_path / "a.keras")
    with h5py.File(tmp_path / "whole.h5", "w") as file:  # as Keras's model.save("whole.h5") writes it
        file["model_weights/dense/kernel"] = np.zeros((2, 3))
    refused(r"whole\.h5 is a whole Keras model: in Keras, write net.save_weights", tmp_path / "whole.h5")
    with pytest.raises(ValueError, match=r"it is an HDF5 file: nn.exchange.from_keras"):
        nn.load_model(path)
    path.write_bytes(b"nothing")
    refused("is no HDF5 file")
    path.write_bytes(whole[: len(whole) // 2])
    refused("can't be read: it is damaged")
    with pytest.raises(FileNotFoundError):
        nn.exchange.from_keras(model, tmp_path / "missing.weights.h5")
    with pytest.raises(ValueError, match=r"names end with \.weights\.h5, given"):
        nn.exchange.to_keras_file(model, tmp_path / "net.h5")
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["data"] = np.ones((2, 3), np.float32)
    changes = {
        "missing .*layers/dense/vars/1": lambda f: f.__delitem__("layers/dense/vars/1"),
        "unexpected .*layers/more": lambda f: f.create_dataset("layers/more", data=1.0),
        r"float32 of the shape \(5,\); dense.bias has \(3,\)": lambda f: (
            f.__delitem__("layers/dense/vars/1"),
            f.create_dataset("layers/dense/vars/1", data=np.ones(5, np.float32)),
        ),
        "layers/dense/vars/0 is no array of numbers in this file": lambda f: (
            f.__delitem__("layers/dense/vars/0"),
            f.__setitem__("layers/dense/vars/0", h5py.ExternalLink(str(secret), "data")),
        ),
        "layers/dense/vars/0 is no array": lambda f: (
            f.__delitem__("layers/dense/vars/0"),
            f["layers/dense/vars"].create_dataset("0", (2, 3), np.float32, external=[(str(tmp_path / "raw"), 0, 24)]),
        ),
        "nested too deeply": lambda f: f.__setitem__("layers/again", f["layers"]),
    }
    for words, change in changes.items():
        path.write_bytes(whole)
        with h5py.File(path, "r+") as file:
            change(file)
        refused(words)
