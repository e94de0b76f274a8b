"""Functional models: layers called on symbols, and what becomes of that."""

import copy
import pickle
import weakref

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

RNG = np.random.default_rng(31)
X = RNG.standard_normal((20, 6)).astype(np.float32)
Z = RNG.standard_normal((20, 4)).astype(np.float32)


def two_inputs():
    """(a, b) -> dense(a) + b, and both in one row."""
    a, b = nn.Input((6,), name="a"), nn.Input((4,), name="b")
    y = nn.Dense(4)(a) + b
    return nn.Model([a, b], nn.Concatenate(name="row")([y, b]))


def two_outputs(**options):
    x = nn.Input((6,))
    h = nn.Dense(5, activation="tanh")(x)
    model = nn.Model(x, [nn.Dense(3, "softmax", name="kind")(h), nn.Dense(1, name="size")(h)])
    if options:
        model.compile(**options)
    return model


# What is computed.


def test_it_computes_what_the_layers_compute():
    first, second = nn.Dense(5, activation="relu"), nn.Dense(2)
    x = nn.Input((6,))
    model = nn.Model(x, second(first(x)))
    np.testing.assert_array_equal(model.predict(X), second(first(X)).detach().numpy())


def test_a_symbol_knows_its_shape_and_dtype():
    x = nn.Input((28, 28, 1))
    assert (x.shape, x.ndim, x.dtype) == ((None, 28, 28, 1), 4, np.float32)
    y = nn.Conv2D(8, 3)(x)
    assert (y.shape, y.dtype) == ((None, 26, 26, 8), np.float32)
    assert nn.Flatten()(y).shape == (None, 26 * 26 * 8)
    assert nn.Embedding(10, 3)(nn.Input((7,), dtype="int32")).shape == (None, 7, 3)
    assert repr(y) == "<Symbol (None, 26, 26, 8) float32, from conv2d>"


def test_calling_on_a_symbol_builds_and_leaves_the_rest_as_it_is():
    layer, model = nn.Dense(3), nn.Sequential([nn.BatchNormalization(), nn.Dropout(0.5), nn.Dense(2)]).train()
    before = str(nn.random_generator().bit_generator.state)
    nn.Dropout(0.5).train()(nn.Input((6,)))
    assert str(nn.random_generator().bit_generator.state) == before
    x = nn.Input((6,))
    y = layer(x)
    assert layer.kernel.shape == (6, 3)
    model(y)
    assert [m.training for m in model.modules()] == [True] * 4
    assert not model.layers[0].moving_mean.numpy().any()


def test_what_is_made_when_called_on_a_symbol_is_in_the_module_s_mode():
    class Late(nn.Module):
        def build(self, input_shape):
            self.dropout = nn.Dropout(0.5)

        def call(self, x):
            return self.dropout(x)

    module = Late().train()
    module(nn.Input((6,)))
    assert module.dropout.training


OPERATORS = {
    "x + y": lambda x, y: x + y,
    "x - y": lambda x, y: x - y,
    "x * y": lambda x, y: x * y,
    "x / y": lambda x, y: x / y,
    "x ** 2": lambda x, y: x**2,
    "-x": lambda x, y: -x,
    "abs(x)": lambda x, y: abs(x),
    "2 + x": lambda x, y: 2 + x,
    "2 - x": lambda x, y: 2 - x,
    "2 * x": lambda x, y: 2 * x,
    "2 / x": lambda x, y: 2 / x,
    "2 ** x": lambda x, y: 2**x,
    "x @ matrix": lambda x, y: x @ np.arange(12, dtype=np.float32).reshape(6, 2),
    "matrix @ x": lambda x, y: np.ones((2, 3), np.float32) @ nn.Reshape((3, 2))(x),
    "array + x": lambda x, y: np.arange(6, dtype=np.float32) + x,
    "x[:, 0]": lambda x, y: x[:, 0],
    "x[:, 1:3]": lambda x, y: x[:, 1:3],
    "x[..., None]": lambda x, y: x[..., None],
    "x.astype(int)": lambda x, y: x.astype(int),
}


@pytest.mark.parametrize("f", OPERATORS.values(), ids=OPERATORS)
def test_operators_on_symbols_compute_what_they_compute_on_tensors(f):
    x, y = nn.Input((6,)), nn.Input((6,))
    other = X[::-1].copy()
    model = nn.Model([x, y], [f(x, y), y, x])
    out, wanted = model.predict([X, other])[0], f(tg.asarray(X), tg.asarray(other)).numpy()
    np.testing.assert_allclose(out, wanted, rtol=1e-6)
    assert model.outputs[0].shape == (None, *wanted.shape[1:])


def test_residual_blocks_in_plain_python():
    def block(x):
        return x + nn.Dense(6, activation="relu")(x)

    x = nn.Input((6,))
    y = block(block(block(x)))
    model = nn.Model(x, nn.Dense(1)(y))
    slow = X
    for layer in model.layers[:3]:
        kernel, bias = layer.get_weights()
        slow = slow + np.maximum(slow @ kernel + bias, 0)
    kernel, bias = model.layers[3].get_weights()
    np.testing.assert_allclose(model.predict(X), slow @ kernel + bias, rtol=1e-4, atol=1e-5)


def test_symbols_among_the_other_arguments():
    query, value = nn.Input((3, 4)), nn.Input((5, 4))
    layer = nn.MultiHeadAttention(2, 3)
    model = nn.Model([query, value], layer(query, value=value, key=value))
    q, v = RNG.standard_normal((2, 7, 3, 4)).astype(np.float32), RNG.standard_normal((7, 5, 4)).astype(np.float32)
    np.testing.assert_allclose(model.predict([q[0], v]), layer(q[0], v, v).detach().numpy(), rtol=1e-5, atol=1e-6)


def test_a_layer_that_gives_several_things():
    x = nn.Input((3, 4))
    out, scores = nn.MultiHeadAttention(2, 3)(x, x, return_attention_scores=True)
    assert (out.shape, scores.shape) == ((None, 3, 4), (None, 2, 3, 3))
    model = nn.Model(x, scores)
    assert model.predict(np.ones((7, 3, 4))).shape == (7, 2, 3, 3)


def test_arrays_of_the_caller_may_change_afterwards():
    x, shift = nn.Input((6,)), np.ones(6, np.float32)
    model = nn.Model(x, x + shift)
    shift[:] = 100
    np.testing.assert_array_equal(model.predict(X), X + 1)


def test_inputs_are_cast_to_the_kind_of_numbers_that_they_stand_for():
    x = nn.Input((2,))
    model = nn.Model(x, x / 2)
    assert model(np.array([[1, 2]], np.uint8)).dtype == np.float32
    assert model(np.array([[1.0, 2.0]])).dtype == np.float64  # for derivatives to be checked
    assert model.predict(np.array([[1.0, 2.0]])).dtype == np.float32
    words = nn.Input((2,), dtype="int32")
    assert nn.Model(words, words + 1)(np.ones((1, 2), np.float32)).dtype == np.int32


def test_a_sample_may_be_one_number():
    x = nn.Input((), name="x")
    model = nn.Model(x, 2 * x)
    assert model.predict([1.0, 2.0]).tolist() == [2, 4]
    with pytest.raises(ValueError, match=r"the input 'x' takes samples of the shape \(\), the batch axis first, given"):
        model(1.0)


def test_an_input_may_be_an_output():
    x = nn.Input((6,))
    np.testing.assert_array_equal(nn.Model(x, x).predict(X), X)


def test_values_are_dropped_when_nobody_needs_them_any_more(monkeypatch):
    class Spy(nn.Layer):
        def call(self, x):
            seen.append(sum(ref() is not None for ref in refs))
            refs.append(weakref.ref(out := x + 1))
            return out

    seen, refs, x = [], [], nn.Input((6,))
    y = x
    for _ in range(5):
        y = Spy()(y)
    model = nn.Model(x, y)
    seen.clear(), refs.clear()
    model.predict(X)
    assert seen == [0, 1, 1, 1, 1]


# Layers, names, weights.


def test_a_layer_called_twice_has_its_weights_once():
    shared, a, b = nn.Dense(3), nn.Input((6,)), nn.Input((6,))
    model = nn.Model([a, b], shared(a) - shared(b))
    assert model.layers == [shared]
    assert [name for name, _ in model.named_weights()] == ["dense.kernel", "dense.bias"]
    assert (model.count_params(), len(model.get_weights())) == (21, 2)
    assert not model.predict([X, X]).any()


def test_names_are_in_order_of_the_calls_and_unique():
    x = nn.Input((6,))
    short = nn.Dense(6)(x)
    y = nn.Dense(6, name="middle")(nn.Dense(6)(x))
    model = nn.Model(x, nn.Add()([short, y]) + x)
    assert sorted(name for name, _ in model.named_weights() if "kernel" in name) == [
        "dense.kernel",
        "dense_1.kernel",
        "middle.kernel",
    ]
    assert short.call.function.name == "dense"
    assert model.weights[0].name == next(model.named_weights())[0]


def test_models_that_share_layers_keep_names_apart():
    """Each of two models names its own layer dense; in the model made of both, one has to give way."""
    a, b = nn.Input((6,)), nn.Input((6,))
    first, second = nn.Model(a, nn.Dense(3)(a)), nn.Model(b, nn.Dense(3)(b))
    both = nn.Model([a, b], first.outputs[0] + second.outputs[0])
    assert [name for name, _ in both.named_weights()] == [
        "dense.kernel",
        "dense.bias",
        "dense_1.kernel",
        "dense_1.bias",
    ]
    assert [name for name, _ in first.named_weights()] == ["dense.kernel", "dense.bias"]
    assert both.predict({"input_layer": X, "input_layer_1": X}).shape == (20, 3)


def test_a_sequential_of_others_layers_keeps_names_apart():
    first, second = nn.Sequential([nn.Dense(6)]), nn.Sequential([nn.Dense(6)])
    both = nn.Sequential([nn.Input((6,)), first.layers[0], second.layers[0]])
    assert [layer.name for layer in both.layers] == ["dense", "dense_1"]


def test_a_name_chosen_twice_is_refused_and_nothing_renamed():
    x = nn.Input((6,))
    inner = nn.Dense(6)
    y = nn.Dense(6, name="same")(inner(nn.Dense(6, name="same")(x)))
    with pytest.raises(ValueError, match="two layers of this model are named 'same'"):
        nn.Model(x, y)
    assert inner.name is None


def test_layers_and_operations_are_in_the_model_s_box_when_drawn():
    out = two_inputs()([X, Z])
    assert out.scope == ("functional", "row")
    x = nn.Input((6,))
    assert nn.Model(x, nn.Dense(6)(x) + x, name="block")(X).scope == ("block",)


def test_models_nest():
    encoder = nn.Sequential([nn.Dense(4, activation="relu"), nn.Dense(3)])
    x = nn.Input((6,))
    inner = two_inputs()
    model = nn.Model(x, nn.Dense(2)(inner([x, nn.Dense(4)(encoder(x))])), name="outer")
    assert model.predict(X).shape == (20, 2)
    assert [name for name, _ in model.named_weights()][:2] == ["sequential.dense.kernel", "sequential.dense.bias"]
    assert "functional.dense.kernel" in dict(model.named_weights())
    inside = inner([X, model.layers[1](encoder(X))])
    np.testing.assert_allclose(model.predict(X), model.layers[-1](inside).detach().numpy(), rtol=1e-5, atol=1e-6)


def test_subclasses_of_model_stay_as_they_were():
    class Plain(nn.Model):
        def __init__(self):
            self.network = nn.Sequential([nn.Dense(3)])  # names that a Model uses for itself, or might
            self.inputs = self.outputs = ["mine"]

        def call(self, x):
            return self.network(x)

    model = Plain()
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((20, 3)), verbose=0)
    x = nn.Input((6,))
    assert nn.Model(x, model(x)).predict(X).shape == (20, 3)


def test_a_subclass_may_make_itself_a_functional_model():
    class Residual(nn.Model):
        def __init__(self, size):
            x = nn.Input((size,))
            super().__init__(x, x + nn.Dense(size)(x), name="residual")

    model = Residual(6)
    assert model.predict(X).shape == (20, 6)
    assert model(X).scope == ("residual",)


def test_a_module_that_takes_several_inputs_says_so():
    class Difference(nn.Module):
        several_inputs = True

        def build(self, input_shape):
            shapes.append(input_shape)

        def call(self, inputs):
            a, b = inputs
            return a - b

    shapes = []
    assert Difference()([[[1.0, 2.0]], [[3.0, 3.0]]]).tolist() == [[-2, -1]]
    assert shapes == [[(1, 2), (1, 2)]]
    assert nn.Flatten()([[1.0, 2.0], [3.0, 4.0]]).shape == (2, 2)  # numbers in lists are one array
    with pytest.raises(TypeError, match=r"Difference takes a list of inputs, such as \[a, b\], given ndarray"):
        Difference()(X)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copied_model_is_independent_and_whole(copied):
    shared, x = nn.Dense(6), nn.Input((6,))
    y = shared(shared(x))
    for _ in range(500):  # so deep that a copy by recursion would fail
        y = y + x
    model = nn.Model(x, y)
    other = copied(model)
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    assert len(other.weights) == 2
    other.set_weights([np.zeros((6, 6)), np.zeros(6)])
    assert model.get_weights()[0].any()
    np.testing.assert_allclose(other.predict(X), 500 * X, rtol=1e-5)


def test_a_sequential_begins_with_an_input():
    model = nn.Sequential([nn.Input((6,)), nn.Dense(3), nn.Dense(2)])
    assert (len(model), model.input_shape, model.count_params()) == (2, (6,), 29)
    words = nn.Sequential([nn.Input((7,), dtype="int32"), nn.Embedding(10, 3)])
    assert words.output_shape == (None, 7, 3)
    for wrong in (nn.Input((2,)), nn.Dense(2)(nn.Input((2,)))):
        with pytest.raises(ValueError, match="a Sequential begins with one"):
            model.add(wrong)
    with pytest.raises(ValueError, match="a Sequential begins with one"):
        nn.Sequential([nn.Input((2,)), nn.Input((2,))])


# Training.


def test_training_is_that_of_the_same_sequential():
    y = RNG.integers(0, 3, 20)
    runs = []
    for functional in (True, False):
        nn.set_random_seed(3)
        layers = [nn.Dense(5, activation="relu"), nn.Dropout(0.3), nn.Dense(3, activation="softmax")]
        if functional:
            symbol = x = nn.Input((6,))
            for layer in layers:
                symbol = layer(symbol)
            model = nn.Model(x, symbol)
        else:
            model = nn.Sequential([nn.Input((6,)), *layers])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(X, y, epochs=3, batch_size=7, validation_split=0.2, verbose=0).history
        runs.append((history, [w.tobytes() for w in model.get_weights()], model.evaluate(X, y, verbose=0)))
    assert runs[0] == runs[1]


def test_several_inputs_are_trained_from_a_list_or_a_dict():
    y = np.concatenate([Z, Z], axis=1)
    runs = []
    for x in ([X, Z], (X, Z), {"b": Z, "a": X}):
        nn.set_random_seed(3)
        model = two_inputs()
        model.compile("adam", "mse", metrics=["mae"])
        history = model.fit(x, y, epochs=2, batch_size=8, verbose=0, validation_split=0.25).history
        again = model.fit(x, y, verbose=0, validation_data=(x, y)).history
        runs.append((history, again, model.evaluate(x, y, verbose=0), model.predict(x, batch_size=7).tobytes()))
    assert runs[0] == runs[1] == runs[2]


def test_a_subclass_with_several_inputs_trains():
    class Difference(nn.Model):
        several_inputs = True

        def build(self, input_shape):
            self.dense = nn.Dense(4)

        def call(self, inputs):
            return self.dense(inputs[0]) - inputs[1]

    model = Difference()
    model.compile("sgd", "mse")
    history = model.fit([X, Z], np.zeros((20, 4)), epochs=10, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert model.predict([X, Z]).shape == (20, 4)
    with pytest.raises(TypeError, match="x must be a list of arrays, one for each input of the model, given ndarray"):
        model.predict(X)


KIND, SIZE = RNG.integers(0, 3, 20), RNG.standard_normal((20, 1)).astype(np.float32)


def test_several_outputs_are_called_predicted_trained_and_judged():
    model = two_outputs(
        optimizer=nn.Adam(0.05),
        loss=["sparse_categorical_crossentropy", "mse"],
        loss_weights=[1.0, 0.5],
        metrics=[["accuracy"], "mae"],
    )
    history = model.fit(X, [KIND, SIZE], epochs=40, verbose=0, validation_data=(X, [KIND, SIZE])).history
    own = ["loss", "kind_loss", "size_loss", "kind_accuracy", "size_mae"]
    assert list(history) == own + [f"val_{name}" for name in own]
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    results = model.evaluate(X, [KIND, SIZE], verbose=0, return_dict=True)
    assert list(results.values()) == model.evaluate(X, [KIND, SIZE], verbose=0)
    kinds, sizes = model.predict(X, batch_size=6)
    assert results["kind_loss"] == pytest.approx(-np.log(kinds[np.arange(20), KIND]).mean(), rel=1e-4)
    assert results["size_loss"] == pytest.approx(((sizes - SIZE) ** 2).mean(), rel=1e-4)
    assert results["size_mae"] == pytest.approx(abs(sizes - SIZE).mean(), rel=1e-4)
    assert results["kind_accuracy"] == (kinds.argmax(axis=1) == KIND).mean()
    assert results["loss"] == pytest.approx(results["kind_loss"] + 0.5 * results["size_loss"], rel=1e-4)


def test_an_output_without_a_loss_is_not_trained_but_judged():
    model = two_outputs(optimizer="sgd", loss=[None, "mse"], metrics=[["accuracy"], None])
    history = model.fit(X, [KIND, SIZE], verbose=0).history
    assert list(history) == ["loss", "kind_accuracy"]
    assert model.evaluate(X, [KIND, SIZE], verbose=0)[0] == pytest.approx(
        ((model.predict(X)[1] - SIZE) ** 2).mean(), rel=1e-5
    )
    with pytest.raises(RuntimeError, match="what to make small"):
        two_outputs(optimizer="sgd", loss=[None, None]).fit(X, [KIND, SIZE], verbose=0)


def test_the_gradient_of_several_outputs_is_the_weighted_sum_of_theirs():
    weights = []
    for weighted in (True, False):
        nn.set_random_seed(1)
        model = two_outputs(optimizer=nn.SGD(1.0), loss="mse", loss_weights=[0.25, 4.0])
        targets = [np.zeros((20, 3), np.float32), SIZE]
        if weighted:
            model.fit(X, targets, batch_size=20, shuffle=False, verbose=0)
        else:
            kind, size = model(X)
            mse = nn.losses.mean_squared_error
            (0.25 * mse(targets[0], kind) + 4 * mse(targets[1], size)).backward()
            nn.SGD(1.0).apply([w.grad for w in model.weights], model.weights)
        weights.append([w.detach().numpy() for w in model.weights])
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_losses_weights_metrics_and_targets_may_be_dicts_by_name():
    runs = []
    for options, y in (
        ({"loss": ["mse", "mae"], "loss_weights": [1, 2], "metrics": [None, ["mae", "mse"]]}, [np.ones((20, 3)), SIZE]),
        (
            {
                "loss": {"size": "mae", "kind": "mse"},
                "loss_weights": {"size": 2, "kind": 1},
                "metrics": {"size": ["mae", "mse"]},
            },
            {"size": SIZE, "kind": np.ones((20, 3))},
        ),
    ):
        nn.set_random_seed(1)
        model = two_outputs(optimizer="sgd", **options)
        runs.append(model.fit(X, y, verbose=0).history)
    assert runs[0] == runs[1]
    assert list(runs[0]) == ["loss", "kind_loss", "size_loss", "size_mae", "size_mse"]


def test_outputs_of_one_layer_are_told_apart():
    shared, x = nn.Dense(6, name="shared"), nn.Input((6,))
    h = shared(x)
    model = nn.Model(x, [h, shared(h)])
    model.compile("sgd", "mse")
    assert list(model.fit(X, [X, X], verbose=0).history) == ["loss", "shared_loss", "shared_1_loss"]


def test_a_float32_step_of_several_outputs_stays_float32():
    model = two_outputs(optimizer="sgd", loss="mse", loss_weights=[np.float64(0.3), 1])
    objective, _ = model._compiled()
    assert objective.loss_of([np.ones((20, 3)), SIZE], model(X)).dtype == np.float32


# Errors.

A, B = nn.Input((6,), name="a"), nn.Input((6,), name="b")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: nn.Model(A, nn.Dense(2)(A + B)),
            ValueError,
            r"the outputs need <Symbol .*from b>, which is not among",
        ),
        (lambda: nn.Model(A, nn.Dense(2)(B)), ValueError, r"the outputs need <Symbol \(None, 6\) float32, from b>"),
        (lambda: nn.Model([A, B], nn.Dense(2)(A)), ValueError, "no output of the Model needs its input .*from b>"),
        (lambda: nn.Model([A, A], A + A), ValueError, "was given twice among the inputs"),
        (lambda: nn.Model(A + 1, (A + 1) * 2), ValueError, "the outputs need .* from a>"),
        (lambda: nn.Model(x := A + 1, x * 2), ValueError, "the outputs need .* from a>"),
        (
            lambda: nn.Model([A, x := A + 1], x * 2),
            ValueError,
            r"inputs of a Model are made by nn.Input\(shape\), given",
        ),
        (lambda: nn.Model(A, X), TypeError, r"the outputs of a Model are symbols, .*given ndarray"),
        (lambda: nn.Model(X, A), TypeError, "the inputs of a Model are symbols"),
        (lambda: nn.Model(A), TypeError, "the outputs of a Model are symbols, .*given NoneType"),
        (lambda: nn.Model([], A), ValueError, "at least one symbol as its inputs"),
        (lambda: nn.Model({"a": A}, A), TypeError, "the inputs of a Model are symbols.*given dict"),
        (lambda: nn.Input(6), TypeError, r"the shape of one sample, such as \(784,\), given 6"),
        (lambda: nn.Input((None, 6)), ValueError, "the shape of one sample"),
        (lambda: A[0], ValueError, r"get_item must keep the batch axis: for one sample, of the shape \(None, 6\), it"),
        (lambda: nn.Activation(lambda x: x.sum())(A), ValueError, "activation must keep the batch axis"),
        (lambda: nn.Dense(2)([A, B]), TypeError, "one input is needed, given a list of 2"),
        (lambda: nn.Add()(A), TypeError, "Add takes a list of inputs"),
        (lambda: nn.Add()([A, nn.Input((5,))]), ValueError, r"can't merge inputs of the shapes \(1, 6\), \(1, 5\)"),
        (
            lambda: A * tg.ones(6, requires_grad=True),
            TypeError,
            "multiply was given symbols and a Tensor that wants a gr",
        ),
        (lambda: np.asarray(A), TypeError, r"has no numbers yet, so it can't be an array: .*nn.Activation\(f\)\(x\)"),
        (lambda: np.asarray([A, B]), TypeError, "it can't be an array"),
        (lambda: tg.tensor(A), TypeError, "it can't be an array"),
        (lambda: tg.exp(A), TypeError, "it can't be an array"),
        (lambda: bool(A), TypeError, "it is neither true nor false"),
        (lambda: [x for x in A], TypeError, "there is nothing to loop over"),  # noqa: C416
        (lambda: len(A), TypeError, "it has no length"),
        (lambda: float(A), TypeError, "it is no number"),
        (lambda: A > 0, TypeError, "not supported"),
    ],
)
def test_what_can_t_be_says_what_to_write(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda m: m([X]), ValueError, r"the model needs 2 \(a, b\), given 1"),
        (lambda m: m([X, Z, Z]), ValueError, r"the model needs 2 \(a, b\), given 3"),
        (lambda m: m({"a": X, "c": Z}), ValueError, "the model needs a, b, given a, c"),
        (lambda m: m(X), TypeError, "Model takes a list of inputs"),
        (lambda m: m([X, X]), ValueError, r"the input 'b' takes samples of the shape \(4,\), .*given \(20, 6\)"),
        (lambda m: m([X, 1.0]), ValueError, r"the input 'b' takes samples of the shape \(4,\), .*given \(\)"),
        (lambda m: m.predict(X), TypeError, "x needs a list or dict for a, b, given ndarray"),
        (lambda m: m.predict([X]), ValueError, r"x needs 2 \(a, b\), given 1"),
        (lambda m: m.predict([X, "text"]), TypeError, "x of b must be an array of numbers"),
        (lambda m: m.predict([X, Z[:-1]]), ValueError, "x has arrays of 19 and 20 samples"),
        (lambda m: m.fit([X, Z], np.zeros((19, 8))), ValueError, "x has 20 samples, y has 19"),
        (
            lambda m: m.compile("sgd", "mse", loss_weights=[1]),
            ValueError,
            "loss_weights weigh the losses of several out",
        ),
    ],
)
def test_wrong_inputs_are_named(call, error, words):
    model = two_inputs()
    model.compile("sgd", "mse")
    with pytest.raises(error, match=words):
        call(model)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"loss": ["mse"]}, ValueError, r"loss needs 2 \(kind, size\), given 1"),
        ({"loss": {"kind": "mse"}}, ValueError, "loss needs kind, size, given kind"),
        ({"loss": "mse", "loss_weights": [1]}, ValueError, "loss_weights needs 2"),
        ({"loss": "mse", "loss_weights": ["a", 1]}, TypeError, "loss_weights must be a number"),
        ({"loss": "mse", "metrics": ["mae"]}, ValueError, r"metrics needs 2 \(kind, size\), given 1"),
        ({"loss": "mse", "metrics": {"other": "mae"}}, ValueError, "metrics needs kind, size, given .*other"),
        ({"loss": "mse", "metrics": [["mae", "mae"], None]}, ValueError, "two results would be named 'kind_mae'"),
    ],
)
def test_wrong_losses_and_metrics_are_named(options, error, words):
    with pytest.raises(error, match=words):
        two_outputs(optimizer="sgd", **options)


def test_several_outputs_of_another_model_can_t_be_trained():
    class Two(nn.Model):
        def call(self, x):
            return x, x

    model = Two()
    model.compile("sgd", "mse")
    assert [out.shape for out in model.predict(X)] == [(20, 6), (20, 6)]
    with pytest.raises(TypeError, match=r"the model gave a tuple: several outputs are trained with .* nn.Model\("):
        model.evaluate(X, X, verbose=0)
