"""Models in files: what comes back is the same to the last bit, what can't be held is told, what lies is refused."""

import copy
import inspect
import pickle
import subprocess
import sys
import time
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

RNG = np.random.default_rng(5)
X = RNG.standard_normal((30, 6)).astype(np.float32)
Y = RNG.integers(0, 3, 30)


def again(model, tmp_path, **options):
    return nn.load_model(model.save(tmp_path / "model.any"), **options)


def shaken(model):
    """The model with other weights than any initializer gives."""
    model.set_weights([RNG.normal(0.1, 0.5, w.shape) ** 2 for w in model.weights])
    return model


def same(a, b):
    """Names, weights to the bit, dtypes, what is trained: all alike."""
    assert [type(m) for m in a.modules()] == [type(m) for m in b.modules()]
    assert [(m.name, m.named_by_model, m.built, m.output_shape) for m in a.modules()] == [
        (m.name, m.named_by_model, m.built, m.output_shape) for m in b.modules()
    ]
    for (name, weight), (other_name, other) in zip(a.named_weights(), b.named_weights(), strict=True):
        assert (name, weight.name, weight.dtype, weight.requires_grad, weight.data.tobytes()) == (
            other_name, other.name, other.dtype, other.requires_grad, other.data.tobytes(),
        )  # fmt: skip


def comes_back(model, x, tmp_path, **options):
    """The model is the same when it was saved and loaded, and predicts the same; it is returned."""
    loaded = again(model, tmp_path, **options)
    same(model, loaded)
    wanted, got = model.predict(x), loaded.predict(x)
    for a, b in zip(*[out if isinstance(out, list) else [out] for out in (wanted, got)], strict=True):
        np.testing.assert_array_equal(a, b)
    assert not any(module.training for module in loaded.modules())
    return loaded


# Every layer.

IMAGE, SEQUENCE, ROW = (6, 6, 4), (5, 4), (8,)

# Of each layer with unusual arguments: one made of them, and the shape of a sample (or of several).
LAYERS = {
    "Activation": (lambda: nn.Activation("tanh"), ROW),
    "Activation, a function": (lambda: nn.Activation(nn.activations.softplus), ROW),
    "Activation, an operation": (lambda: nn.Activation(tg.exp), ROW),
    "Activation, a partial": (lambda: nn.Activation(partial(nn.activations.gelu, approximate=True)), ROW),
    "Add": (lambda: nn.Add(), (ROW, ROW)),
    "AlphaDropout": (lambda: nn.AlphaDropout(0.3, (None, 1)), ROW),
    "Average": (lambda: nn.Average(), (ROW, ROW, ROW)),
    "AveragePooling1D": (lambda: nn.AveragePooling1D(2, 1, "same"), SEQUENCE),
    "AveragePooling2D": (lambda: nn.AveragePooling2D((2, 3)), IMAGE),
    "BatchNormalization": (lambda: nn.BatchNormalization(1, 0.9, 0.01, scale=False), IMAGE),
    "Bidirectional": (lambda: nn.Bidirectional(nn.GRU(3, return_sequences=True), "sum"), SEQUENCE),
    "Bidirectional, two layers": (
        lambda: nn.Bidirectional(nn.LSTM(3), backward_layer=nn.LSTM(3, "relu", go_backwards=True)),
        SEQUENCE,
    ),
    "Concatenate": (lambda: nn.Concatenate(axis=1), (SEQUENCE, SEQUENCE)),
    "Conv1D": (lambda: nn.Conv1D(2, 2, padding="causal", dilation_rate=2), SEQUENCE),
    "Conv2D": (lambda: nn.Conv2D(4, (3, 2), groups=2, padding=[(1, 0), 1], activation="relu"), IMAGE),
    "Conv2D, channels first": (lambda: nn.Conv2D(2, 3, 2, data_format="channels_first", use_bias=False), IMAGE),
    "Conv2DTranspose": (lambda: nn.Conv2DTranspose(2, 3, strides=2, activation="relu", padding="same"), IMAGE),
    "Dense": (lambda: nn.Dense(np.int64(3), "relu", kernel_initializer=nn.initializers.he_normal), ROW),
    "DepthwiseConv2D": (lambda: nn.DepthwiseConv2D(3, depth_multiplier=2, activation="relu"), IMAGE),
    "Dot": (lambda: nn.Dot((2, 2), normalize=True), (SEQUENCE, SEQUENCE)),
    "Dropout": (lambda: nn.Dropout(0.3, noise_shape=(None, 1)), ROW),
    "Embedding": (lambda: nn.Embedding(7, 3), "ids"),
    "Flatten": (lambda: nn.Flatten(), IMAGE),
    "GRU": (lambda: nn.GRU(3, recurrent_dropout=0.2, go_backwards=True, return_state=False), SEQUENCE),
    "GaussianDropout": (lambda: nn.GaussianDropout(0.3), ROW),
    "GaussianNoise": (lambda: nn.GaussianNoise(0.3), ROW),
    "GlobalAveragePooling1D": (lambda: nn.GlobalAveragePooling1D(keepdims=True), SEQUENCE),
    "GlobalAveragePooling2D": (lambda: nn.GlobalAveragePooling2D("channels_first"), IMAGE),
    "GlobalMaxPooling1D": (lambda: nn.GlobalMaxPooling1D(), SEQUENCE),
    "GlobalMaxPooling2D": (lambda: nn.GlobalMaxPooling2D(), IMAGE),
    "GroupNormalization": (lambda: nn.GroupNormalization(2, epsilon=0.1, center=False), IMAGE),
    "LSTM": (lambda: nn.LSTM(3, "relu", unit_forget_bias=False, recurrent_initializer="zeros"), SEQUENCE),
    "LayerNormalization": (lambda: nn.LayerNormalization((1, 2)), SEQUENCE),
    "MaxPooling1D": (lambda: nn.MaxPooling1D(2, strides=1), SEQUENCE),
    "MaxPooling2D": (lambda: nn.MaxPooling2D((2, 3), data_format="channels_first"), IMAGE),
    "Maximum": (lambda: nn.Maximum(), (ROW, ROW)),
    "Minimum": (lambda: nn.Minimum(), (ROW, ROW)),
    "MultiHeadAttention": (lambda: nn.MultiHeadAttention(2, 3, value_dim=2, dropout=0.1, output_shape=5), "attention"),
    "Multiply": (lambda: nn.Multiply(), (ROW, ROW)),
    "Permute": (lambda: nn.Permute((2, 1)), SEQUENCE),
    "RMSNormalization": (lambda: nn.RMSNormalization(-2), SEQUENCE),
    "RandomWarp": (lambda: nn.RandomWarp(shift=1, rotate=5.0, elastic=0.5), IMAGE),
    "Reshape": (lambda: nn.Reshape((2, -1)), ROW),
    "SimpleRNN": (lambda: nn.SimpleRNN(3, activation="relu", use_bias=False, return_sequences=True), SEQUENCE),
    "SpatialDropout1D": (lambda: nn.SpatialDropout1D(0.3), SEQUENCE),
    "SpatialDropout2D": (lambda: nn.SpatialDropout2D(0.3, "channels_first"), IMAGE),
    "Subtract": (lambda: nn.Subtract(), (ROW, ROW)),
    "UpSampling1D": (lambda: nn.UpSampling1D(3), SEQUENCE),
    "UpSampling2D": (lambda: nn.UpSampling2D((2, 1), interpolation="bilinear"), IMAGE),
    "ZeroPadding1D": (lambda: nn.ZeroPadding1D((0, 2)), SEQUENCE),
    "ZeroPadding2D": (lambda: nn.ZeroPadding2D(((1, 0), (2, 2)), "channels_first"), IMAGE),
}


def test_every_layer_has_a_row():
    classes = [c for c in vars(nn.layers).values() if isinstance(c, type)]
    assert {c.__name__ for c in classes} - {"Layer"} == {name.partition(",")[0] for name in LAYERS}


def inputs_for(shape):
    """The input of a model, or several, and samples for them."""
    if shape == "ids":
        return nn.Input((5,), dtype="int32"), RNG.integers(0, 7, (4, 5))
    if shape == "attention":
        shape = (SEQUENCE, (3, 2))
    shapes = shape if isinstance(shape[0], tuple) else [shape]
    symbols, samples = [nn.Input(each) for each in shapes], [RNG.normal(0, 1, (4, *each)) for each in shapes]
    return (symbols, samples) if len(shapes) > 1 else (symbols[0], samples[0])


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_comes_back(name, tmp_path):
    make, shape = LAYERS[name]
    x, samples = inputs_for(shape)
    layer = make()
    y = layer(*x) if shape == "attention" else layer(x)
    model = shaken(nn.Model(x, y))
    loaded = comes_back(model, samples, tmp_path)
    if isinstance(x, nn.Symbol):
        stack = shaken(nn.Sequential([x, make()]))
        comes_back(stack, samples, tmp_path)
    # It is made of the same, also where that shows in training only.
    assert attributes(loaded.layers[0]) == attributes(model.layers[0])


def attributes(layer):
    kept = {n: v for n, v in vars(layer).items() if n[0] != "_" and not isinstance(v, (nn.Module, tg.Tensor))}
    return {n: v.__name__ if callable(v) and hasattr(v, "__name__") else repr(v) for n, v in kept.items()}


# Models.


def small(**options):
    nn.set_random_seed(1)
    layers = [nn.Dense(8, activation="relu", input_shape=(6,)), nn.BatchNormalization(), nn.Dropout(0.2)]
    model = nn.Sequential([*layers, nn.Dense(3, "softmax", name="out")], name="small")
    if options:
        model.compile(**options)
    return model


def test_a_sequential_comes_back_built_or_not(tmp_path):
    loaded = comes_back(shaken(small()), X, tmp_path)
    assert (loaded.name, loaded.input_shape, repr(loaded)) == ("small", (6,), repr(small()))
    loaded.add(nn.Dense(2))
    assert loaded.output_shape is not None and loaded.predict(X).shape == (30, 2)

    unbuilt = again(nn.Sequential([nn.Dense(3), nn.Dropout(0.5), nn.Dense(3)]), tmp_path)
    assert (unbuilt.built, unbuilt.weights) == (False, [])
    assert [layer.name for layer in unbuilt.layers] == ["dense", "dropout", "dense_1"]
    nn.set_random_seed(3)
    drawn = unbuilt.predict(X)
    fresh = nn.Sequential([nn.Dense(3), nn.Dropout(0.5), nn.Dense(3)])
    nn.set_random_seed(3)
    np.testing.assert_array_equal(fresh.predict(X), drawn)

    assert len(again(nn.Sequential(), tmp_path)) == 0
    words = nn.Sequential([nn.Input((5,), dtype="int32", name="words"), nn.Embedding(7, 3)])
    loaded = again(words, tmp_path)
    assert (loaded._input.name, loaded.input_dtype, loaded.input_shape) == ("words", np.int32, (5,))


def test_layers_added_after_the_first_batch_are_in_it(tmp_path):
    model = nn.Sequential([nn.Dense(4)])
    model(X)
    model.add(nn.Dense(2))
    half = again(model, tmp_path)
    assert [layer.built for layer in half.layers] == [True, False]
    model.add(nn.Flatten())
    model(X)
    comes_back(model, X, tmp_path)


def functional():
    a, b = nn.Input((6,), name="a"), nn.Input((4,))
    shared, inner = nn.Dense(6, activation="tanh"), nn.Sequential([nn.Dense(4), nn.LayerNormalization()], name="inner")
    y = shared(shared(a)) + 2 * a - a / np.arange(1, 7, dtype=np.float32)
    z = inner(y)[:, 1:3] * np.float32(0.5) + tg.tensor([1.0, 2.0])
    z = nn.Concatenate()([z, -(abs(b) ** 2), inner(y)[..., :1]])
    w = nn.Reshape((2, 3))(y)
    out, scores = nn.MultiHeadAttention(1, 2)(w, value=w, return_attention_scores=True, use_causal_mask=True)
    nested = nn.Model([a, b], nn.Add()([nn.Dense(2)(a), nn.Dense(2)(b)]), name="nested")
    return nn.Model([a, b], [z, out, scores, nested([y, b])], name="all")


def test_a_functional_model_comes_back(tmp_path):
    model = shaken(functional())
    x = [X, X[:, :4]]
    loaded = comes_back(model, x, tmp_path)
    assert loaded._network.input_names == ["a", "input_layer"]
    assert [part.name for part in loaded._network.parts] == [part.name for part in model._network.parts]
    assert len(loaded.weights) == len(model.weights)
    lines = []
    for each in (model, loaded):
        each.summary(print_fn=lines.append, expand_nested=True)
    assert lines[0] == lines[1]
    np.testing.assert_array_equal(loaded.predict({"a": x[0], "input_layer": x[1]})[0], model.predict(x)[0])
    comes_back(loaded, x, tmp_path)


def test_a_deep_graph_is_no_deep_recursion(tmp_path):
    x = nn.Input((6,))
    y = x
    for _ in range(700):
        y = y + x
    comes_back(nn.Model(x, y), X, tmp_path)


def test_layers_shared_between_nested_models_are_shared_again(tmp_path):
    dense = nn.Dense(6)
    x = nn.Input((6,))
    first, second = nn.Sequential([nn.Input((6,)), dense]), nn.Model(x, dense(x))
    model = nn.Model(x, second(first(dense(x))))
    loaded = comes_back(model, X, tmp_path)
    assert len(loaded.weights) == 2


class Scale(nn.Layer):
    def __init__(self, factor=2.0, *, offsets=(), name=None):
        super().__init__(name=name)
        self.factor, self.offsets = factor, offsets

    def build(self, input_shape):
        self.gain = self.add_weight(input_shape[-1:], "ones")

    def call(self, x):
        return x * self.gain * self.factor + sum(self.offsets)


class Net(nn.Model):
    """Layers that are made in the constructor, in build, and that are given."""

    def __init__(self, *units, head, scale=None, **options):
        super().__init__(**options)
        self.hidden = [nn.Dense(n, activation="relu") for n in units]
        self.head, self.scale = head, scale

    def build(self, input_shape):
        self.norm = nn.LayerNormalization()
        self.seen = self.add_weight((), "zeros", trainable=False)

    def call(self, x):
        for layer in self.hidden:
            x = self.norm(layer(x)) if layer is self.hidden[-1] else layer(x)
        x = self.head(x)
        return self.scale(x) if self.scale else x


OWN = {"Scale": Scale, "Net": Net}


def test_a_constructor_that_makes_other_layers_the_next_time_is_told(tmp_path):
    class Choosing(nn.Model):
        def __init__(self):
            self.layer = kinds[0](2)

        def call(self, x):
            return self.layer(x)

    kinds = [nn.Dense]
    model = Choosing()
    model(X)
    kinds[0] = lambda units: nn.Embedding(units, units)
    with pytest.raises(ValueError, match=r"Choosing has 2 layers, .*made anew .* it has 2, or others"):
        model.save(tmp_path / "model")


def test_models_of_one_s_own_are_made_by_their_constructors(tmp_path):
    model = Net(5, 4, head=nn.Sequential([nn.Dense(3)]), scale=Scale(3.0, offsets=[1, 2.5]), name="mine")
    model(X)
    loaded = comes_back(shaken(model), X, tmp_path, custom_objects=OWN)
    assert isinstance(loaded, Net)
    assert loaded.scale.offsets == [1, 2.5]
    assert loaded.norm.gamma.shape == (4,)
    unbuilt = again(Net(5, head=nn.Dense(3)), tmp_path, custom_objects=OWN)
    assert unbuilt.predict(X).shape == (30, 3)


def test_a_subclass_of_sequential_or_model_with_a_constructor_of_its_own(tmp_path):
    class Mlp(nn.Sequential):
        def __init__(self, units, classes=3):
            super().__init__([nn.Dense(n, "relu") for n in units], name="mlp")
            self.add(nn.Dense(classes))

    class Residual(nn.Model):
        def __init__(self, size):
            x = nn.Input((size,))
            super().__init__(x, x + nn.Dense(size)(x), name="residual")

    class Spy(nn.Sequential):
        def train_step(self, x, y=None, sample_weight=None):
            return super().train_step(x, y, sample_weight)

    class Functional(nn.Model):
        pass

    own = {c.__name__: c for c in (Mlp, Residual, Spy, Functional)}
    for model in (Mlp([4, 5]), Residual(6), Spy([nn.Dense(2)])):
        model(X)
        loaded = comes_back(model, X, tmp_path, custom_objects=own)
        assert type(loaded) is type(model)
    x = nn.Input((6,))
    assert isinstance(again(Functional(x, nn.Dense(2)(x)), tmp_path, custom_objects=own), Functional)


def test_what_a_constructor_does_to_its_arguments_does_not_matter(tmp_path):
    class Greedy(nn.Model):
        def __init__(self, units, table):
            self.layers = []
            while units:
                self.layers.append(nn.Dense(units.pop()))
            self.total = float(table.sum())

        def call(self, x):
            for layer in self.layers:
                x = layer(x)
            return x + self.total

    table = np.ones(3)
    model = Greedy([2, 3], table)
    table[:] = 100
    model(X)
    comes_back(model, X, tmp_path, custom_objects={"Greedy": Greedy})


def test_attributes_that_were_changed_come_back(tmp_path):
    model = nn.Sequential([nn.Dense(4, "relu"), nn.Dropout(0.5), nn.BatchNormalization(), Scale()])
    model(X)
    dense, dropout, norm, scale = model.layers
    dense.activation, dropout.rate, norm.momentum, scale.factor = nn.activations.tanh, 0.1, 0.5, [1, 2]
    scale.note, scale.table = "warm", np.arange(3)
    scale.factor = 7.0
    loaded = comes_back(model, X, tmp_path, custom_objects=OWN)
    dense, dropout, norm, scale = loaded.layers
    assert (dense.activation, dropout.rate, norm.momentum) == (nn.activations.tanh, 0.1, 0.5)
    assert (scale.factor, scale.note, scale.table.tolist()) == (7.0, "warm", [0, 1, 2])
    model.layers[0].activation = lambda x: x
    with pytest.raises(TypeError, match="the attribute activation of Dense 'dense' is now of the class function"):
        model.save(tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_names_that_other_models_gave_come_back(tmp_path):
    first, second = nn.Sequential([nn.Dense(6)]), nn.Sequential([nn.Dense(6)])
    both = nn.Sequential([nn.Input((6,)), first.layers[0], second.layers[0], nn.Dense(6, name="mine")])
    loaded = comes_back(both, X, tmp_path)
    assert [layer.name for layer in loaded.layers] == ["dense", "dense_1", "mine"]
    loaded = again(nn.Sequential([both.layers[1]]), tmp_path)
    assert loaded.layers[0].name == "dense_1"


def test_frozen_weights_dtypes_and_ties_come_back(tmp_path):
    model = nn.Sequential([nn.Dense(6), nn.Dense(6), nn.BatchNormalization(), nn.Dense(6)])
    model(X)
    for module in model.modules():
        for key, value in list(vars(module).items()):
            if isinstance(value, tg.Tensor):
                setattr(module, key, tg.tensor(value.numpy(), np.float64, value.requires_grad) if value.requires_grad
                        is False else tg.tensor(value.detach().numpy(), np.float64, True))  # fmt: skip
    model.layers[0].kernel.requires_grad = False
    model.layers[1].bias.requires_grad = False
    model.layers[3].kernel = model.layers[1].kernel
    model.name_weights()
    loaded = comes_back(model, X, tmp_path)
    assert loaded.layers[3].kernel is loaded.layers[1].kernel
    assert {weight.dtype for weight in loaded.weights} == {np.dtype(np.float64)}
    assert not loaded.layers[0].kernel.requires_grad


def test_a_part_of_another_model_keeps_what_its_weights_are_called(tmp_path):
    inner = nn.Sequential([nn.Dense(3)], name="inner")
    outer = nn.Sequential([inner, nn.Dense(2)])
    outer(X)
    inner.compile("adam", "mse")
    inner.fit(X, X[:, :3], verbose=0)
    assert inner.weights[0].name == "inner.dense.kernel"
    comes_back(inner, X, tmp_path)


def test_complex_weights_come_back(tmp_path):
    class Turned(nn.Layer):
        def __init__(self):
            super().__init__()
            self.turn = tg.tensor(np.array(1j, np.complex64))

        def call(self, x):
            return tg.abs(x * self.turn)

    comes_back(nn.Sequential([Turned()]), X, tmp_path, custom_objects={"Turned": Turned})


def test_a_layer_tied_to_another_in_its_constructor(tmp_path):
    class Unembed(nn.Layer):
        def __init__(self, embedding):
            super().__init__()
            self.table = embedding.embeddings

        def call(self, x):
            return x @ self.table.mT

    ids = nn.Input((5,), dtype="int32")
    embedding = nn.Embedding(7, 3)
    x = embedding(ids)
    model = nn.Model(ids, Unembed(embedding)(nn.Dense(3)(x)))
    loaded = comes_back(model, RNG.integers(0, 7, (4, 5)), tmp_path, custom_objects={"Unembed": Unembed})
    assert len(loaded.weights) == 3


def test_random_numbers_go_on_as_if_nothing_had_been_saved_or_loaded(tmp_path):
    class Draws(nn.Layer):
        def __init__(self):
            super().__init__()
            self.start = tg.tensor(nn.random_generator().random(3))

        def call(self, x):
            return x + self.start.sum()

    model = nn.Sequential([nn.Dense(3, input_shape=(6,)), Draws()])
    nn.set_random_seed(9)
    wanted = nn.random_generator().random(3)
    nn.set_random_seed(9)
    comes_back(model, X, tmp_path, custom_objects={"Draws": Draws})
    np.testing.assert_array_equal(nn.random_generator().random(3), wanted)


# Training.


def without_bias():
    optimizer = nn.AdamW(0.02, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


COSINE = nn.schedules.CosineDecay(0.05, decay_steps=20)
OPTIMIZERS = {
    "SGD": lambda: nn.SGD(0.1, momentum=0.9, nesterov=True),
    "SGD, accumulating": lambda: nn.SGD(0.1, momentum=0.9, gradient_accumulation_steps=4, clipnorm=0.1),
    "RMSprop": lambda: nn.RMSprop(0.01, centered=True),
    "Adam": lambda: nn.Adam(0.02, amsgrad=True),
    "Adam, with all": lambda: nn.Adam(
        COSINE, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=3, clipvalue=0.01
    ),
    "AdamW": without_bias,
    "Adamax": lambda: nn.Adamax(nn.schedules.LinearWarmup(COSINE, 5)),
    "Nadam": lambda: nn.Nadam(0.02),
    "Adagrad": lambda: nn.Adagrad(0.1),
    "Adadelta": lambda: nn.Adadelta(1.0, weight_decay=0.01),
    "Lion": lambda: nn.Lion(0.001),
    "Muon": lambda: nn.Muon(0.02, exclude_layers=["out"]),
    "Lamb": lambda: nn.Lamb(0.01, global_clipnorm=1.0),
    "rmsprop_2016": lambda: "rmsprop_2016",
}


def subclasses(place, base):
    return [c for c in vars(place).values() if isinstance(c, type) and issubclass(c, base) and c is not base]


def test_every_optimizer_has_a_row():
    names = {c.__name__ for c in subclasses(nn.optimizers, nn.Optimizer)}
    assert names == {name.partition(",")[0] for name in OPTIMIZERS} - {"rmsprop_2016"}


SCHEDULES = {
    "Constant": lambda s: s.Constant(0.1),
    "ExponentialDecay": lambda s: s.ExponentialDecay(0.1, 10, 0.5, staircase=True),
    "StepDecay": lambda s: s.StepDecay(0.1, 10),
    "PiecewiseConstantDecay": lambda s: s.PiecewiseConstantDecay([5, 10], [0.1, 0.2, 0.3]),
    "CosineDecay": lambda s: s.CosineDecay(0.1, 10, alpha=0.1),
    "CosineDecayRestarts": lambda s: s.CosineDecayRestarts(0.1, 10, t_mul=1.5),
    "LinearWarmup": lambda s: s.LinearWarmup(s.StepDecay(0.1, 3), 5),
    "OneCycle": lambda s: s.OneCycle(0.1, 20),
}


@pytest.mark.parametrize("name", [c.__name__ for c in subclasses(nn.schedules, nn.schedules.Schedule)])
def test_every_schedule_comes_back(name):
    schedule = SCHEDULES[name](nn.schedules)
    other = nn.saving.from_config(nn.saving.config_of(schedule))
    assert (repr(other), [other(i) for i in range(30)]) == (repr(schedule), [schedule(i) for i in range(30)])


def trained_bits(model):
    return [weight.data.tobytes() for weight in model.weights]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_to_the_same_bit(name, tmp_path):
    model = small(optimizer=OPTIMIZERS[name](), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, epochs=3, batch_size=7, verbose=0)
    loaded = again(model, tmp_path)
    same(model, loaded)
    runs = []
    for each in (model, loaded):
        nn.set_random_seed(4)
        runs.append((each.fit(X, Y, epochs=2, batch_size=7, verbose=0).history, trained_bits(each)))
    assert runs[0] == runs[1]
    assert repr(loaded.optimizer) == repr(model.optimizer)


def test_what_was_changed_of_an_optimizer_goes_on(tmp_path):
    model = small(optimizer=nn.SGD(0.5), loss="sparse_categorical_crossentropy")
    model.optimizer.learning_rate, model.optimizer.clipvalue = 0.125, 0.25
    loaded = again(model, tmp_path).optimizer
    assert (loaded.learning_rate, loaded.clipvalue) == (0.125, 0.25)
    model.optimizer.learning_rate = nn.schedules.StepDecay(0.5, 3)
    assert repr(again(model, tmp_path).optimizer) == repr(model.optimizer)


def test_what_is_remembered_of_weights_that_are_frozen_by_now_goes_on(tmp_path):
    model = small(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.optimizer.exclude_from_weight_decay([model.weights[1]])
    model.fit(X, Y, verbose=0)
    model.weights[0].requires_grad = False
    loaded = again(model, tmp_path)
    runs = []
    for each in (model, loaded):
        each.weights[0].requires_grad = True
        each.optimizer.weight_decay = 0.1
        nn.set_random_seed(4)
        each.fit(X, Y, verbose=0)
        runs.append(trained_bits(each))
    assert runs[0] == runs[1]


def twice_absolute(y_true, y_pred):
    return 2 * abs(y_pred - y_true).mean()


class Weighted(nn.losses.Loss):
    def __init__(self, weight=1.0):
        super().__init__(nn.losses.mean_squared_error)
        self.weight = weight

    def __call__(self, y_true, y_pred, *rest):
        return self.weight * super().__call__(y_true, y_pred, *rest)


def test_losses_metrics_and_weights_of_several_outputs_come_back(tmp_path):
    x = nn.Input((6,))
    h = nn.Dense(5, "tanh")(x)
    model = nn.Model(x, [nn.Dense(3, name="kind")(h), nn.Dense(1, name="size")(h)])
    loss = {"kind": nn.losses.SparseCategoricalCrossentropy(from_logits=True), "size": Weighted(3.0)}
    metrics = {"kind": ["accuracy"], "size": ["mae", nn.metrics.Metric(nn.metrics.mean_squared_error, name="square")]}
    model.compile(nn.Adam(0.01), loss, metrics=metrics, loss_weights=[1.0, 0.5])
    y = [Y, X[:, :1]]
    model.fit(X, y, epochs=2, verbose=0)
    loaded = again(model, tmp_path, custom_objects={"Weighted": Weighted})
    assert loaded.evaluate(X, y, verbose=0, return_dict=True) == model.evaluate(X, y, verbose=0, return_dict=True)
    assert loaded.loss["size"].weight == 3.0
    assert model.fit(X, y, verbose=0, shuffle=False).history == loaded.fit(X, y, verbose=0, shuffle=False).history


def test_a_loss_of_one_s_own(tmp_path):
    model = small(optimizer="sgd", loss=twice_absolute)
    assert again(model, tmp_path, custom_objects={"twice_absolute": twice_absolute}).loss is twice_absolute


def test_without_compile_nothing_is_compiled(tmp_path):
    model = small(optimizer="adam", loss=twice_absolute)
    loaded = again(model, tmp_path, compile=False)  # the loss is not needed then
    assert loaded.optimizer is None
    same(model, loaded)
    assert again(small(), tmp_path).optimizer is None


def test_a_model_is_saved_in_the_middle_of_training(tmp_path):
    class Keep(nn.Callback):
        def on_train_batch_end(self, batch, logs):
            if batch == 2:
                self.model.save(tmp_path / "middle")
                bits.append(trained_bits(self.model))
                assert self.model.training

    bits = []
    model = small(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.fit(X, Y, batch_size=7, verbose=0, callbacks=[Keep()])
    loaded = nn.load_model(tmp_path / "middle")
    assert trained_bits(loaded) == bits[0]
    assert loaded.optimizer.iterations == 3


def test_another_program_goes_on(tmp_path):
    model = small(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.safetensors")
    np.savez(tmp_path / "data.npz", X=X, Y=Y)
    program = """
import nn, numpy as np
data = np.load("data.npz")
model = nn.load_model("model.safetensors")
nn.set_random_seed(2)
model.fit(data["X"], data["Y"], verbose=0)
model.save("after.safetensors")
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
    nn.set_random_seed(2)
    model.fit(X, Y, verbose=0)
    assert trained_bits(nn.load_model(tmp_path / "after.safetensors")) == trained_bits(model)


# Configuration.


def test_get_config_tells_the_arguments_and_from_config_takes_them():
    layer = nn.Conv2D(4, (3, 2), activation=nn.activations.relu, name="c")
    config = layer.get_config()
    assert (config["filters"], config["kernel_size"], config["strides"]) == (4, (3, 2), 1)
    other = nn.Conv2D.from_config(config)
    assert (attributes(other), other is layer) == (attributes(layer), False)
    assert nn.SGD(0.5).get_config() | {"momentum": 0.0} == nn.SGD.from_config(nn.SGD(0.5).get_config()).get_config()
    mean = nn.metrics.Metric(nn.metrics.accuracy)
    assert nn.metrics.Metric.from_config(mean.get_config()).function is nn.metrics.accuracy
    assert nn.losses.BinaryCrossentropy(True).get_config() == {"from_logits": True}
    net = Net(3, 4, head=nn.Dense(1))
    assert net.get_config()["*units"] == (3, 4)
    assert [layer.units for layer in Net.from_config(net.get_config()).hidden] == [3, 4]


def test_help_and_editors_show_what_the_constructor_takes():
    class Scale(nn.Layer):
        def __init__(self, factor, name=None):
            super().__init__(name=name)

        def call(self, x):
            return x

    assert str(inspect.signature(Scale)) == "(factor, name=None)"
    assert list(inspect.signature(nn.Dense).parameters)[:2] == ["units", "activation"]
    assert list(inspect.signature(nn.Sequential).parameters) == ["layers", "name"]
    assert str(inspect.signature(nn.losses.Hinge)) == "()"
    assert list(inspect.signature(nn.schedules.Constant(0.1)).parameters) == ["step"]  # an object that is called


def test_configs_of_models_make_new_models():
    model = small()
    config = nn.saving.config_of(model)
    other = nn.saving.from_config(config)
    assert [w.shape for w in other.weights] == [w.shape for w in model.weights]
    assert other.layers[0] is not model.layers[0]
    assert np.abs(other.get_weights()[0]).min() > 0  # drawn anew
    assert nn.saving.config_of(other) == config
    with pytest.raises(ValueError, match="its description of a model does not hold"):
        nn.saving.from_config({"code": 3})


def test_arguments_are_kept_as_they_were_given():
    offsets = [1, 2]
    scale = Scale(offsets=offsets)
    offsets.append(3)
    assert scale.get_config()["offsets"] == [1, 2]
    with pytest.raises(TypeError, match=r"Bare\(\) takes no arguments"):
        type("Bare", (nn.Module,), {})(3)


def test_large_arrays_are_not_kept_alive(tmp_path):
    import weakref

    class Table(nn.Layer):
        def __init__(self, table, keep):
            super().__init__()
            if keep:
                self.table = table
            self.total = float(table.sum())

        def call(self, x):
            return x + self.total

    class Array(np.ndarray):
        pass

    large = np.ones(1 << 20).view(Array)
    ref = weakref.ref(large)
    model = nn.Sequential([Table(large, keep=False)])
    del large
    assert ref() is None
    model(X)
    words = (
        r"argument table of Table 'table' was an array of float64 of the shape \(1048576,\), of which no note is kept:"
    )
    with pytest.raises(
        TypeError, match=words + " keep it as an attribute of the same name, or write a method get_config"
    ):
        model.save(tmp_path / "model")
    kept = nn.Sequential([Table(np.ones(1 << 20), keep=True)])
    kept(X)
    comes_back(kept, X, tmp_path, custom_objects={"Table": Table})


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_saved_like_their_originals(copied, tmp_path):
    model = functional()
    comes_back(copied(model), [X, X[:, :4]], tmp_path)
    lazy = nn.Sequential(nn.Dense(n) for n in (2, 3))  # a generator, of which no copy could be made
    assert len(copied(lazy)) == 2


def test_an_own_get_config_is_asked(tmp_path):
    class Named(nn.Layer):
        def __init__(self, function):
            super().__init__()
            self.function = function

        def call(self, x):
            return self.function(x)

        def get_config(self):
            return {"kind": "double"}

        @classmethod
        def from_config(cls, config):
            return cls({"double": lambda x: 2 * x}[config["kind"]])

    model = nn.Sequential([Named(lambda x: 2 * x)])
    model(X)
    loaded = again(model, tmp_path, custom_objects={"Named": Named})
    np.testing.assert_array_equal(loaded.predict(X), 2 * X)


# One's own classes and functions.


def test_registered_classes_and_functions_are_known(tmp_path):
    @nn.register
    class Registered(nn.Layer):
        def call(self, x):
            return x + 1

    @nn.register(name="tests.doubled")
    def doubled(x):
        return 2 * x

    model = nn.Sequential([Registered(), nn.Activation(doubled)])
    model(X)
    comes_back(model, X, tmp_path)

    @nn.register  # a cell of a notebook, run again
    class Registered(nn.Layer):
        def call(self, x):
            return x + 2

    np.testing.assert_allclose(nn.load_model(tmp_path / "model.any").predict(X), 2 * (X + 2), rtol=1e-6)
    with pytest.raises(ValueError, match=r"'tests\.doubled' is the name of .*doubled already"):
        nn.register(twice_absolute, name="tests.doubled")
    with pytest.raises(ValueError, match=r"begin with nn\. or tinygrad_lite"):
        nn.register(twice_absolute, name="nn.Dense")
    with pytest.raises(TypeError, match="register takes a class or a function, given int 3"):
        nn.register(3)


def test_what_is_not_known_is_told_with_what_to_write(tmp_path):
    model = nn.Sequential([Scale(), nn.Activation(doubled_here)])
    model(X)
    path = model.save(tmp_path / "model")
    with pytest.raises(
        ValueError,
        match=r"model: it needs Scale, doubled_here, not known here: write nn.load_model\(path,"
        r' custom_objects=\{"Scale": Scale, "doubled_here": doubled_here\}\), or @nn.register before',
    ):
        nn.load_model(path)
    comes_back(model, X, tmp_path, custom_objects={"Scale": Scale, "doubled_here": doubled_here})
    with pytest.raises(ValueError, match="Scale is no class"):
        nn.load_model(path, custom_objects={"Scale": twice_absolute, "doubled_here": doubled_here})


def doubled_here(x):
    return 2 * x


# What a file can't hold.


class Pair(NamedTuple):
    a: int
    b: int


class Opaque:
    def __call__(self, x):
        return x


class Late(nn.Model):
    def call(self, x):
        if not hasattr(self, "late"):
            self.late = nn.Dense(2)
        return self.late(x)


class LateWeight(nn.Model):
    def call(self, x):
        if not hasattr(self, "late"):
            self.late = self.add_weight((6,), "ones")
        return x * self.late


class Grown(nn.Model):
    def __init__(self):
        self.layers = [nn.Dense(2)]

    def call(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def grown():
    model = Grown()
    model.layers.append(nn.Dense(3))
    return model


def same_name():
    def doubled_here(x):
        return 3 * x

    return doubled_here


X6 = nn.Input((6,))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.Sequential([nn.Dense(2, activation=lambda x: x)]), TypeError,
         r"the model 'sequential' can't be saved: the argument activation of Dense 'dense' is a lambda.*write def"),
        (lambda: nn.Sequential([nn.Dense(2, kernel_initializer=lambda shape: np.ones(shape))]), TypeError,
         "the argument kernel_initializer of Dense 'dense' is a lambda"),
        (lambda: nn.Sequential([nn.Activation(Opaque())]), TypeError, "activation of Activation .* the class Opaque"),
        (lambda: nn.Sequential([nn.Activation(X.sum)]), TypeError, "activation of Activation .* which a file can't"),
        (lambda: nn.Sequential([Scale(object())]), TypeError, "factor of Scale 'scale' is an object of the class o"),
        (lambda: nn.Sequential([Scale({1: 2})]), TypeError, "factor of Scale 'scale' is a dict with the key 1"),
        (lambda: nn.Sequential([Scale(tg.ones(2, requires_grad=True))]), TypeError, "'scale' is a Tensor that wants"),
        (lambda: nn.Sequential([nn.Activation(doubled_here), nn.Activation(same_name())]), TypeError,
         r"two different things that are named doubled_here: .*@nn.register\(name="),
        (lambda: nn.Model(X6, X6 + nn.Sequential([nn.Activation(lambda x: 2 * x)])(X6)), TypeError, "is a lambda"),
        (Late, ValueError, "it can't be made anew .*: Late had other layers than these: all have to"),
        (grown, ValueError, "Grown had other layers than these"),
        (LateWeight, ValueError, r"the weight late of LateWeight has the shape \(6,\); made anew .* None: make all"),
        (lambda: nn.Sequential([Scale(Pair(1, 2))]), TypeError, "Scale 'scale' is an object of the class Pair"),
    ],
)  # fmt: skip
def test_what_a_file_can_t_hold_is_told_with_its_place_and_nothing_is_written(make, error, words, tmp_path):
    model = make()
    if not isinstance(model, nn.Sequential) and model._network is None:
        model(X)
    with pytest.raises(error, match=words):
        model.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_loss_that_is_a_lambda_or_has_weights_is_told(tmp_path):
    model = small(optimizer="sgd", loss=lambda y, p: (p - y).sum())
    with pytest.raises(TypeError, match="compile is a lambda"):
        model.save(tmp_path / "model")
    judge = nn.Sequential([nn.Dense(1, input_shape=(2,))])
    with pytest.raises(TypeError, match="has weights of its own"):
        small(optimizer="sgd", loss=judge).save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_two_weights_of_one_name_are_told(tmp_path):
    class Twins(nn.Model):
        def __init__(self):
            self.a, self.b = nn.Dense(2, name="x"), nn.Dense(2, name="x")

        def call(self, x):
            return self.a(x) + self.b(x)

    model = Twins()
    model(X)
    with pytest.raises(ValueError, match=r"two weights have the name 'x.kernel'"):
        model.save(tmp_path / "model")


# Files that are no model, or lie.


def test_files_that_hold_no_model_are_told(tmp_path):
    model = small()
    weights = model.save_weights(tmp_path / "weights")
    with pytest.raises(
        ValueError, match=r"weights: it holds weights or other arrays, but no model.*model.load_weights"
    ):
        nn.load_model(weights)
    with pytest.raises(ValueError, match=r"model: it holds a whole model: write nn.load_model\(path\)"):
        model.load_weights(model.save(tmp_path / "model"))
    with pytest.raises(TypeError, match=r"custom_objects must be a dict .*, given list"):
        nn.load_model(tmp_path / "model", custom_objects=[nn.Dense])
    nest = nn.files.load(model.save(tmp_path / "model"))
    nest["version"] = 2
    with pytest.raises(ValueError, match=r"newer: it is of version 2, and this tinygrad_lite reads version 1"):
        nn.load_model(nn.files.save(tmp_path / "newer", nest))
    with pytest.raises(FileNotFoundError):
        nn.load_model(tmp_path / "missing")
    (tmp_path / "nonsense").write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="nonsense"):
        nn.load_model(tmp_path / "nonsense")


def place(nest, *keys):
    for key in keys:
        nest = nest[key]
    return nest


DENSE = ("description", "model", "code", "layers", 0)


def lie(*path, value):
    def change(nest):
        place(nest, *path[:-1])[path[-1]] = value

    return change


LIES = {
    "units": lie(*DENSE, "config", "units", value=10**12),
    "inputs": lie(*DENSE, "built", value=[((1, 10**12), (None, 8))]),
    "more inputs": lie(*DENSE, "built", value=[((1, 7), (None, 8))]),
    "negative": lie(*DENSE, "built", value=[((1, -7), (None, 8))]),
    "a class that is none": lie(*DENSE, "class", value="nn.activations.relu"),
    "another class": lie(*DENSE, "class", value="nn.Flatten"),
    "unknown class": lie(*DENSE, "class", value="nn.Nothing"),
    "a module's path": lie(*DENSE, "class", value="os.system"),
    "a dunder": lie(*DENSE, "class", value="nn.__builtins__"),
    "a number": lie(*DENSE, "class", value=3),
    "function": lie(*DENSE, "config", "activation", value={"function": "os.system"}),
    "a class as function": lie(*DENSE, "config", "activation", value={"function": "nn.Dense"}),
    "no argument": lie(*DENSE, "config", value={}),
    "too many arguments": lie(*DENSE, "config", "__class__", value=3),
    "endless": lie(*DENSE, "config", "units", value={"same": 1}),
    "no tag": lie(*DENSE, "config", "units", value={"eval": "1 + 1"}),
    "name": lie(*DENSE, "name", value=["a"]),
    "no built": lie(*DENSE, "built", value=[]),
    "too much built": lie(*DENSE, "built", value=[None, None]),
    "layers": lie("description", "model", "code", "layers", value=[3]),
    "one layer twice": lambda nest: place(nest, *DENSE).update(id=1)
    or place(nest, *DENSE[:-1]).append({"same": 1}),
    "no layers": lie("description", "model", "code", "layers", value=[]),
    "no model": lie("description", "model", "code", value={"class": "nn.Dense"}),
    "a layer as model": lie("description", "model", "code", value=None),
    "codes": lie("description", value=[1]),
    "changed": lie("description", "model", "changed", value=[[1, {"call": {"function": "nn.activations.relu"}}]]),
    "changed, hidden": lie("description", "model", "changed", value=[[1, {"__class__": 3}]]),
    "changed, far": lie("description", "model", "changed", value=[[99, {"units": 3}]]),
    "tied": lie("description", "model", "tied", value=[[0, "kernel", 1, "kernel"]]),
    "weights": lie("weights", "small", value=np.ones(2)),
    "weights' shape": lie("weights", "out.bias", value=np.ones(4, np.float32)),
    "weights' dtype": lie("weights", "out.bias", value=np.ones(3, np.complex64)),
    "no weights": lie("weights", value={}),
    "weights that are none": lie("weights", value=3),
    "optimizer": lie("optimizer", value=None),
    "optimizer's class": lie("description", "optimizer", "code", "class", value="nn.Flatten"),
    "compile": lie("description", "compile", "code", value=3),
    "version": lie("version", value=None),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_files_that_lie_are_refused_quickly_and_cheaply(name, tmp_path):
    import tracemalloc

    model = small(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.fit(X, Y, verbose=0)
    nest = nn.files.load(model.save(tmp_path / "model"))
    LIES[name](nest)
    path = nn.files.save(tmp_path / "lying", nest)
    tracemalloc.start()
    begin = time.perf_counter()
    with pytest.raises(ValueError, match="lying: "):
        nn.load_model(path)
    assert time.perf_counter() - begin < 1
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def paths(nest, path=()):
    if path:
        yield path
    inner = nest.items() if isinstance(nest, dict) else enumerate(nest) if isinstance(nest, (list, tuple)) else ()
    for key, part in inner:
        yield from paths(part, (*path, key))


def changed(nest, path, *value):
    """The nest with another value at this path, or with none."""
    if not path:
        return value[0]
    key, *rest = path
    parts = dict(nest) if isinstance(nest, dict) else dict(enumerate(nest))
    if rest or value:
        parts[key] = changed(parts[key], rest, *value)
    else:
        del parts[key]
    return parts if isinstance(nest, dict) else type(nest)(parts.values())


ODD = [None, True, -1, 0, 10**6, 10**12, 10**30, 0.5, float("nan"), "", "nn.Dense", "nn.Model", "nn.Module", [], (), {}]
ODD += [{"class": "nn.Dense"}, {"same": 1}, {"symbol": 0}, {"function": "nn.losses.hinge"}, (10**9, 10**9), np.ones(3)]


@pytest.mark.slow
def test_whatever_is_changed_in_a_file_it_is_refused_or_read_at_once_and_cheaply(tmp_path):
    import tracemalloc

    model = functional()
    model.compile(nn.Adam(COSINE), "mse", metrics=[["mae"], None, None, None])
    x = [X, X[:, :4]]
    model.fit(x, model.predict(x), verbose=0)
    nest = nn.files.load(model.save(tmp_path / "model"))
    places, rng = list(paths(nest)), np.random.default_rng(6)
    refused = 0
    tracemalloc.start()
    for _ in range(300):
        place = places[rng.integers(len(places))]
        other = changed(nest, place, *([] if rng.random() < 0.3 else [ODD[rng.integers(len(ODD))]]))
        path = nn.files.save(tmp_path / "changed", other)
        tracemalloc.reset_peak()
        begin = time.perf_counter()
        try:
            nn.load_model(path)
        except ValueError:
            refused += 1
        assert time.perf_counter() - begin < 2, place
        assert tracemalloc.get_traced_memory()[1] < 50e6, place
    tracemalloc.stop()
    assert refused > 140


def test_a_graph_that_would_grow_beyond_memory_is_not_computed(tmp_path):
    x = nn.Input((6,))
    model = nn.Model(x, nn.Dense(2)(nn.UpSampling1D(2)(nn.Reshape((6, 1))(x))))
    nest = nn.files.load(model.save(tmp_path / "model"))
    place(nest, "description", "model", "code", "calls", 1, "call", "config")["size"] = 10**12
    loaded = nn.load_model(nn.files.save(tmp_path / "lying", nest))  # nothing was computed
    assert loaded.layers[1].size == 10**12
