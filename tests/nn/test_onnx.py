"""Models as ONNX files: onnxruntime computes from them what the model predicts."""

import copy
import functools
import importlib
import inspect
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

MASK = nn.Input((5,), bool)


def from_states(layer, x, *states):
    return layer(x, initial_state=list(states))


def masked(layer, x, mask, *states):
    return layer(x, mask=mask, initial_state=list(states) or None)


def recurrent(kind):
    """The options that the recurrent layers share."""
    states = [(3,)] * len(kind.state_names)
    gates = {"recurrent_activation": "linear"} if kind is not nn.SimpleRNN else {}
    return [
        (kind(3), (5, 4)),
        (kind(3, "relu", return_sequences=True, dropout=0.5), (5, 4)),
        (kind(3, "linear", return_sequences=True, go_backwards=True, use_bias=False, **gates), (5, 4)),
        (kind(3, "sigmoid", return_state=True, go_backwards=True), (5, 4)),
        (kind(3, return_state=True, return_sequences=True), [(5, 4), *states], from_states),
        (kind(3), [(5, 4), MASK], masked),
        (kind(3, "relu", return_sequences=True, go_backwards=True, return_state=True), [(5, 4), MASK], masked),
        (kind(3, "linear", use_bias=False, **gates), [(5, 4), MASK, *states], masked),
    ]


def attended(**options):
    def call(layer, query, *values, **masks):
        return layer(query, *values, **masks, **options)

    return call


# For each layer class, layers with different options. Each row: the layer, the shapes of its inputs (one or several),
# and, where it is not simply called on them, how it is called.
ROWS = {
    nn.Dense: [
        (nn.Dense(3), (4,)),
        (nn.Dense(3, "relu", use_bias=False), (4,)),
        (nn.Dense(3, "softmax"), (5, 4)),
        (nn.Dense(3, "gelu", use_bias=False), (2, 5, 4)),
    ],
    nn.Activation: [
        *[(nn.Activation(name), (3, 4)) for name in nn.activations.ACTIVATIONS],
        (nn.Activation(functools.partial(nn.activations.leaky_relu, negative_slope=0.5)), (4,)),
        (nn.Activation(functools.partial(nn.activations.elu, alpha=0.5)), (4,)),
        (nn.Activation(functools.partial(nn.activations.gelu, approximate=True)), (4,)),
        (nn.Activation(functools.partial(nn.activations.softmax, axis=1)), (3, 4)),
        *[(nn.Activation(f), (4,)) for f in (tg.abs, tg.sin, tg.tanh, tg.exp, tg.arctan, nn.activations.erf)],
        (nn.Activation(lambda x: x * abs(x) + 1), (4,)),
    ],
    nn.Dropout: [(nn.Dropout(0.5), (4,))],
    nn.AlphaDropout: [(nn.AlphaDropout(0.5), (4,))],
    nn.SpatialDropout1D: [(nn.SpatialDropout1D(0.5), (4, 3))],
    nn.SpatialDropout2D: [(nn.SpatialDropout2D(0.5), (4, 4, 3))],
    nn.GaussianNoise: [(nn.GaussianNoise(0.5), (4,))],
    nn.GaussianDropout: [(nn.GaussianDropout(0.5), (4,))],
    nn.RandomWarp: [(nn.RandomWarp(shift=2), (6, 6, 1))],
    nn.Conv1D: [
        (nn.Conv1D(4, 3), (9, 3)),
        (nn.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu"), (9, 3)),
        (nn.Conv1D(4, 3, strides=2, padding="same", use_bias=False), (8, 3)),
        (nn.Conv1D(4, 2, padding=((2, 1),), data_format="channels_first", groups=2), (4, 9)),
    ],
    nn.Conv2D: [
        (nn.Conv2D(4, 3, activation="relu"), (7, 8, 3)),
        (nn.Conv2D(4, (3, 2), strides=(2, 1), padding="same"), (7, 8, 3)),
        (nn.Conv2D(4, (4, 3), strides=3, padding="same", activation="softmax"), (7, 8, 3)),
        (nn.Conv2D(4, 3, dilation_rate=(1, 2), padding="same", use_bias=False), (7, 8, 3)),
        (nn.Conv2D(4, 3, padding=((1, 0), (2, 3)), groups=2, data_format="channels_first"), (2, 7, 8)),
        (nn.Conv2D(4, 3, padding=5), (7, 8, 3)),
        (nn.Conv2D(4, 3, padding=(2, 1), activation="softmax", data_format="channels_first"), (3, 7, 8)),
    ],
    nn.DepthwiseConv2D: [
        (nn.DepthwiseConv2D(3), (7, 8, 3)),
        (nn.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2, activation="relu"), (7, 8, 3)),
        (nn.DepthwiseConv2D((2, 3), data_format="channels_first", dilation_rate=2, use_bias=False), (3, 7, 8)),
    ],
    nn.Conv2DTranspose: [
        (nn.Conv2DTranspose(4, 3), (4, 5, 2)),
        (nn.Conv2DTranspose(4, 5, strides=2, padding="same", activation="relu"), (4, 5, 2)),
        (nn.Conv2DTranspose(4, (2, 3), strides=(3, 2), data_format="channels_first", groups=2), (2, 4, 5)),
        (nn.Conv2DTranspose(4, 2, strides=3, padding="same", use_bias=False), (4, 5, 2)),
        (nn.Conv2DTranspose(4, 3, strides=2, padding="same", output_padding=1), (4, 5, 2)),
        (nn.Conv2DTranspose(4, 4, strides=(2, 3), output_padding=(1, 2)), (4, 5, 2)),
        (nn.Conv2DTranspose(4, 3, padding=((1, 0), (1, 2)), dilation_rate=2), (4, 5, 2)),
    ],
    nn.MaxPooling1D: [
        (nn.MaxPooling1D(), (9, 3)),
        (nn.MaxPooling1D(3, strides=2, padding="same", data_format="channels_first"), (3, 8)),
    ],
    nn.MaxPooling2D: [
        (nn.MaxPooling2D(), (7, 8, 3)),
        (nn.MaxPooling2D((3, 2), strides=(2, 1), padding="same"), (7, 8, 3)),
        (nn.MaxPooling2D(3, padding=((1, 2), (0, 1)), data_format="channels_first"), (3, 7, 8)),
    ],
    nn.AveragePooling1D: [
        (nn.AveragePooling1D(), (9, 3)),
        (nn.AveragePooling1D(3, strides=2, padding="same", data_format="channels_first"), (3, 8)),
    ],
    nn.AveragePooling2D: [
        (nn.AveragePooling2D(), (7, 8, 3)),
        (nn.AveragePooling2D((3, 2), strides=(2, 1), padding="same"), (7, 8, 3)),
        (nn.AveragePooling2D(3, padding=((1, 2), (0, 1)), data_format="channels_first"), (3, 7, 8)),
    ],
    **{
        kind: [
            (kind(), (*[7, 8][2 - axes :], 3)),
            (kind(keepdims=True), (*[7, 8][2 - axes :], 3)),
            (kind("channels_first", keepdims=True), (3, *[7, 8][2 - axes :])),
            (kind("channels_first"), (3, *[7, 8][2 - axes :])),
        ]
        for kind, axes in {
            nn.GlobalMaxPooling1D: 1,
            nn.GlobalMaxPooling2D: 2,
            nn.GlobalAveragePooling1D: 1,
            nn.GlobalAveragePooling2D: 2,
        }.items()
    },
    nn.BatchNormalization: [
        (nn.BatchNormalization(), (4,)),
        (nn.BatchNormalization(epsilon=0.1, center=False), (5, 6, 4)),
        (nn.BatchNormalization(axis=1, scale=False), (4, 5, 6)),
        (nn.BatchNormalization(axis=2, scale=False, center=False), (4, 5, 6)),
    ],
    nn.LayerNormalization: [
        (nn.LayerNormalization(), (4,)),
        (nn.LayerNormalization(epsilon=0.1, center=False), (5, 6, 4)),
        (nn.LayerNormalization(axis=(2, 3), scale=False), (4, 5, 6)),
        (nn.LayerNormalization(axis=[1, -1]), (4, 5, 6)),
        (nn.LayerNormalization(axis=1, scale=False, center=False), (4, 5, 6)),
    ],
    nn.RMSNormalization: [
        (nn.RMSNormalization(), (4,)),
        (nn.RMSNormalization(axis=(1, 2), epsilon=0.1), (4, 5, 6)),
    ],
    nn.GroupNormalization: [
        (nn.GroupNormalization(groups=2), (4,)),
        (nn.GroupNormalization(groups=-1, epsilon=0.1), (5, 6, 4)),
        (nn.GroupNormalization(groups=1, axis=1, scale=False), (4, 5, 6)),
        (nn.GroupNormalization(groups=3, axis=2, center=False), (4, 6, 5)),
    ],
    nn.Flatten: [(nn.Flatten(), (4,)), (nn.Flatten(), (4, 5, 6)), (nn.Flatten(), ())],
    nn.Reshape: [(nn.Reshape((6, -1)), (4, 3)), (nn.Reshape((2, 3)), (6,)), (nn.Reshape((-1,)), (2, 3))],
    nn.Permute: [(nn.Permute((2, 1)), (4, 5)), (nn.Permute((3, 1, 2)), (4, 5, 6)), (nn.Permute((1, 2)), (4, 5))],
    nn.ZeroPadding1D: [
        (nn.ZeroPadding1D((2, 1)), (4, 3)),
        (nn.ZeroPadding1D(2, data_format="channels_first"), (3, 4)),
    ],
    nn.ZeroPadding2D: [
        (nn.ZeroPadding2D(((2, 1), (0, 3))), (4, 5, 3)),
        (nn.ZeroPadding2D((1, 2), data_format="channels_first"), (3, 4, 5)),
    ],
    nn.UpSampling1D: [(nn.UpSampling1D(3), (4, 3))],
    nn.UpSampling2D: [
        (nn.UpSampling2D((2, 3)), (4, 5, 3)),
        (nn.UpSampling2D(2, data_format="channels_first"), (3, 4, 5)),
        (nn.UpSampling2D((2, 3), interpolation="bilinear"), (4, 5, 3)),
        (nn.UpSampling2D(2, interpolation="bilinear", data_format="channels_first"), (3, 4, 5)),
    ],
    nn.Embedding: [
        (nn.Embedding(7, 3), nn.Input((5,), "int64")),
        (nn.Embedding(7, 3), nn.Input((2, 5), "int32")),
        (nn.Embedding(7, 3), nn.Input((), "uint8")),
    ],
    **{
        kind: [(kind(), [(3, 4), (3, 4)]), (kind(), [(3, 4), nn.Input((1, 4), "int32")])]
        + [(kind(), [(3, 4), (1, 4), (3, 1)])] * (not kind.pair)
        for kind in (nn.Add, nn.Subtract, nn.Multiply, nn.Average, nn.Maximum, nn.Minimum)
    },
    nn.Concatenate: [
        (nn.Concatenate(), [(3, 4), (3, 2), nn.Input((3, 1), "int64")]),
        (nn.Concatenate(axis=1), [(3, 4), (2, 4)]),
    ],
    nn.Dot: [
        (nn.Dot(axes=1), [(4,), (4,)]),
        (nn.Dot(axes=2), [(3, 4), (5, 4)]),
        (nn.Dot(axes=(1, 2), normalize=True), [(4, 2), (3, 4)]),
        (nn.Dot(axes=(-1, 1)), [(2, 3, 4), (4, 5)]),
    ],
    nn.SimpleRNN: recurrent(nn.SimpleRNN),
    nn.LSTM: recurrent(nn.LSTM),
    nn.GRU: recurrent(nn.GRU),
    nn.Bidirectional: [
        *[
            (nn.Bidirectional(nn.GRU(3, return_sequences=True), mode), (5, 4))
            for mode in ("concat", "sum", "mul", "ave")
        ],
        (nn.Bidirectional(nn.LSTM(3), None), (5, 4)),
        (nn.Bidirectional(nn.SimpleRNN(3), backward_layer=nn.GRU(2, go_backwards=True)), (5, 4)),
        (nn.Bidirectional(nn.GRU(3, go_backwards=True, return_sequences=True)), (5, 4)),
        (nn.Bidirectional(nn.LSTM(3, return_state=True)), [(5, 4), *[(3,)] * 4], from_states),
        (nn.Bidirectional(nn.LSTM(3, return_state=True, return_sequences=True), None), [(5, 4), MASK], masked),
        (nn.Bidirectional(nn.GRU(3)), [(5, 4), MASK], masked),
    ],
    nn.MultiHeadAttention: [
        (nn.MultiHeadAttention(2, 3), (5, 4), lambda layer, x: layer(x, x)),
        (nn.MultiHeadAttention(2, 3, 4, use_bias=False, output_shape=6), [(5, 4), (3, 2)]),
        (nn.MultiHeadAttention(2, 3, output_shape=(2, 3)), [(5, 4), (3, 2), (3, 6)]),
        (nn.MultiHeadAttention(2, 3), [(5, 4), (5, 2)], attended(use_causal_mask=True)),
        (nn.MultiHeadAttention(2, 3), [(5, 4), (5, 2)], attended(return_attention_scores=True)),
        (nn.MultiHeadAttention(2, 3), [(5, 4), (3, 2)], attended(attention_mask=np.eye(5, 3) > 0.5)),
        (nn.MultiHeadAttention(2, 3), [(5, 4), (5, 2)], attended(query_mask=np.arange(5)[None] > 2)),
        (
            nn.MultiHeadAttention(2, 3),
            [
                (5, 4),
                (3, 2),
                nn.Input((5,), bool),
                nn.Input((3,), "int32"),
                nn.Input((3,), bool),
                nn.Input((5, 3), bool),
            ],
            lambda layer, x, y, q, v, k, a: layer(x, y, query_mask=q, value_mask=v, key_mask=k, attention_mask=a),
        ),
        (
            nn.MultiHeadAttention(2, 3),
            [(5, 4), nn.Input((2, 5, 5), bool)],
            lambda layer, x, a: layer(x, x, attention_mask=a, use_causal_mask=True, return_attention_scores=True),
        ),
    ],
}


def case(layer, given, call=None):
    """The layer in a model, called on inputs of these shapes."""
    inputs = [x if isinstance(x, nn.Symbol) else nn.Input(x) for x in (given if isinstance(given, list) else [given])]
    inputs = [nn.Input(x.sample_shape, x.dtype) for x in inputs]
    layer = copy.deepcopy(layer)
    outputs = call(layer, *inputs) if call else layer(inputs) if layer.several_inputs else layer(*inputs)
    return randomized(nn.Model(inputs, list(tg.nests.leaves(outputs))))


def randomized(model, dtype=np.float32):
    """Random weights; those that are not trained are variances and such, above 0."""
    rng = np.random.default_rng(5)
    for module in model.modules():
        for key, value in list(vars(module).items()):
            if isinstance(value, tg.Tensor):
                random = rng.standard_normal(value.shape) * 0.5
                new = random if value.requires_grad else 0.5 + abs(random)
                setattr(module, key, tg.tensor(new, dtype=dtype, requires_grad=value.requires_grad))
    return model


def samples(shape, dtype, seed=7):
    rng = np.random.default_rng(seed)
    if dtype.kind == "b":
        mask = rng.random(shape) > 0.4
        mask[1:2] = False  # the second sample sees nothing
        return mask
    return rng.integers(0, 7, shape).astype(dtype) if dtype.kind in "iu" else rng.standard_normal(shape).astype(dtype)


@pytest.fixture
def agrees(onnx, onnxruntime, capfd):
    """agrees(model): for one sample and for five, onnxruntime computes from its file what the model predicts.

    The checker of onnx finds nothing to say, nor does onnxruntime. Gives the file's graph.
    """

    def agree(model, input_signature=None):
        proto = nn.onnx.to_onnx(model, input_signature)
        onnx.checker.check_model(proto, full_check=True)
        session = onnxruntime.InferenceSession(proto.SerializeToString())
        for count in (1, 5):
            given = {
                x.name: samples([count, *x.shape[1:]], np.dtype(onnx_types(onnx, proto)[x.name]))
                for x in session.get_inputs()
            }
            wanted = model.predict(list(given.values()) if len(given) > 1 else next(iter(given.values())))
            wanted = wanted if isinstance(wanted, list) else [wanted]
            for x, y in zip(session.run(None, given), wanted, strict=True):
                assert (x.dtype, x.shape) == (y.dtype, y.shape)
                np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-5 * abs(y).max())
        assert capfd.readouterr().err == ""
        return proto.graph

    return agree


def onnx_types(onnx, proto):
    """The dtype of each input of the file."""
    of = onnx.helper.tensor_dtype_to_np_dtype
    return {x.name: of(x.type.tensor_type.elem_type) for x in proto.graph.input}


def kinds(graph):
    return [node.op_type for node in graph.node]


CASES = [(f"{kind.__name__}-{i}", row) for kind, rows in ROWS.items() for i, row in enumerate(rows)]


@pytest.mark.parametrize("row", [row for _, row in CASES], ids=[name for name, _ in CASES])
def test_onnxruntime_computes_what_the_layer_computes(row, agrees):
    agrees(case(*row))


def test_every_layer_has_a_row():
    public = {thing for thing in vars(nn.layers).values() if inspect.isclass(thing) and issubclass(thing, nn.Layer)}
    assert public - {nn.Layer} == set(ROWS) == {kind for kind, rows in ROWS.items() if rows}


def documented():
    """The layers of each line of the table in docs/onnx.md, and the ONNX operations that they are written with."""
    page = (Path(__file__).parents[2] / "docs" / "onnx.md").read_text(encoding="utf-8")
    for layers, operations in re.findall(r"^\| (`.*) \| (.*) \|$", page, re.MULTILINE):
        names = [name for name in re.findall(r"`(\w+)`", layers) if name != "activation"]
        yield [getattr(nn, name) for name in names], set(re.findall(r"[A-Z]\w+", operations))


def test_the_table_in_the_documentation_is_that_of_the_layers(onnx):
    lines = list(documented())
    assert {layer for layers, _ in lines for layer in layers} == set(ROWS)
    for layers, operations in lines:
        nodes = [node for kind in layers for row in ROWS[kind] for node in nn.onnx.to_onnx(case(*row)).graph.node]
        assert operations <= {node.op_type for node in nodes}
        assert bool(operations) == bool({node.op_type for node in nodes} - {"Identity"})


# Models.


def mlp():
    model = nn.Sequential([nn.Dense(512, input_shape=(784,)), nn.Activation("relu"), nn.Dropout(0.2)])
    for layer in (nn.Dense(512), nn.Activation("relu"), nn.Dropout(0.2), nn.Dense(10), nn.Activation("softmax")):
        model.add(layer)
    return model


def cnn():
    first = [nn.Conv2D(32, 3, activation="relu", input_shape=(28, 28, 1)), nn.Conv2D(64, 3, activation="relu")]
    then = [nn.MaxPooling2D(2), nn.Dropout(0.25), nn.Flatten(), nn.Dense(128, "relu"), nn.Dropout(0.5)]
    return nn.Sequential([*first, *then, nn.Dense(10, "softmax")])


def test_the_network_of_mnist_py(agrees):
    graph = agrees(mlp())
    assert kinds(graph) == ["Gemm", "Relu", "Gemm", "Relu", "Gemm", "Softmax"]
    assert [x.name for x in graph.initializer] == [
        *("dense.kernel", "dense.bias", "dense_1.kernel", "dense_1.bias", "dense_2.kernel", "dense_2.bias")
    ]
    assert [node.name for node in graph.node][:2] == ["dense.Gemm", "activation.Relu"]


def test_the_network_of_mnist_cnn_py_is_transposed_at_its_ends_only(agrees):
    graph = agrees(cnn())
    assert kinds(graph) == [
        *("Transpose", "Conv", "Relu", "Conv", "Relu", "MaxPool", "Transpose", "Flatten", "Gemm", "Relu", "Gemm"),
        "Softmax",
    ]


def test_a_residual_network_is_transposed_once(agrees):
    x = nn.Input((8, 8, 3))
    y = nn.Conv2D(3, 3, padding="same")(x)
    y = nn.Activation("relu")(x + nn.BatchNormalization()(y) * np.ones((8, 8, 3), np.float32))
    y = nn.Concatenate()([nn.ZeroPadding2D(1)(y), nn.Conv2D(4, 3, padding=2, activation="relu")(y)])
    y = nn.GlobalAveragePooling2D()(nn.UpSampling2D(2)(nn.AveragePooling2D()(y)))
    graph = agrees(randomized(nn.Model(x, y)))
    assert kinds(graph).count("Transpose") == 1 and kinds(graph)[0] == "Transpose"


def test_what_is_used_in_two_orders_is_transposed_once(agrees):
    x = nn.Input((6, 6, 3))
    y = nn.Conv2D(4, 3)(x)
    graph = agrees(nn.Model(x, [nn.Flatten()(y), nn.Dense(2)(y), nn.Conv2D(2, 3)(y)]))
    assert kinds(graph).count("Transpose") == 3  # x, y, and the last output


def test_what_nobody_uses_is_left_out(agrees):
    graph = agrees(nn.Sequential([nn.LSTM(3, input_shape=(5, 4))]))  # neither the sequence nor the memory
    assert kinds(graph) == ["Transpose", "LSTM", "Squeeze"]
    assert len(graph.initializer) == 4


def test_cosines_of_short_vectors_and_of_nothing(agrees):
    x = nn.Input((4, 2))
    agrees(nn.Model(x, [nn.Dot(axes=1, normalize=True)([x * 1e-3, x]), nn.Dot(axes=1, normalize=True)([x * 0, x])]))


def test_the_average_of_whole_numbers(agrees):
    inputs = [nn.Input((4,), "int32"), nn.Input((4,), "int64")]
    agrees(nn.Model(inputs, nn.Average()(inputs)))


def test_recurrent_layers_on_top_of_each_other_share_their_order(agrees):
    layers = [nn.LSTM(4, return_sequences=True, input_shape=(5, 3)), nn.GRU(4, return_sequences=True), nn.SimpleRNN(2)]
    assert kinds(agrees(nn.Sequential(layers))).count("Transpose") == 1


def test_several_inputs_and_outputs_have_the_model_s_names(agrees):
    a, b = nn.Input((6,), name="a"), nn.Input((4,), name="b")
    h = nn.Dense(4, activation="tanh")(a) + b
    graph = agrees(nn.Model([a, b], [nn.Dense(3, "softmax", name="kind")(h), nn.Dense(1, name="size")(h)]))
    assert [x.name for x in graph.input] == ["a", "b"]
    assert [x.name for x in graph.output] == ["kind", "size"]
    lengths = [[d.dim_param or d.dim_value for d in x.type.tensor_type.shape.dim] for x in graph.output]
    assert lengths == [["batch", 3], ["batch", 1]]


def test_a_shared_layer_has_its_weights_once(agrees):
    a, b, shared = nn.Input((6, 6, 1)), nn.Input((6, 6, 1)), nn.Conv2D(2, 3)
    graph = agrees(nn.Model([a, b], nn.Flatten()(shared(a)) - nn.Flatten()(shared(b))))
    assert sorted(x.name for x in graph.initializer) == ["conv2d.bias", "conv2d.kernel"]
    assert [node.name for node in graph.node if node.op_type == "Conv"] == ["conv2d.Conv", "conv2d.Conv_1"]


def test_models_in_models(agrees):
    inner_input = nn.Input((4,), name="x")
    inner = nn.Model(inner_input, 2 * nn.Dense(4, name="inner")(inner_input), name="block")
    pair = [nn.Input((4,)), nn.Input((4,))]
    both = nn.Model(pair, [pair[0] + pair[1], nn.Multiply()(pair)], name="both")
    x = nn.Input((4,))
    first, second = both([inner(x), nn.Sequential([inner, nn.Dense(4, "relu")], name="stack")(x)])
    graph = agrees(nn.Model(x, first + second))
    assert "block.inner.Gemm" in [node.name for node in graph.node]
    assert "block.inner.kernel" in [x.name for x in graph.initializer]


def test_a_model_of_whole_numbers_inside_one_of_floats(agrees):
    whole = nn.Input((3,), "int64")
    inner = nn.Model(whole, whole * 2)
    x = nn.Input((3,))
    agrees(nn.Model(x, inner(x)))


def test_a_sequential_that_begins_with_a_model_knows_its_input(agrees):
    x = nn.Input((4,), name="pixels")
    graph = agrees(nn.Sequential([nn.Model(x, nn.Dense(3)(x)), nn.Dense(2)]), input_signature=None)
    assert graph.input[0].name == "pixels"


OPERATORS = [
    lambda x: x[:, 0],
    lambda x: x[:, -1, 1:],
    lambda x: x[..., ::-1],
    lambda x: x[:, 2:0:-1, None, ::2, -2, None],
    lambda x: x[:, 0, 1, 2],
    lambda x: x[:, :, [2, 0]],
    lambda x: x[:, np.array([[0, 2], [1, 1]])],
    lambda x: x[:, [True, False, True]],
    lambda x: x[:],
    lambda x: 2 - x,
    lambda x: 1 / (x * x + 1),
    lambda x: x * np.float64(2),
    lambda x: x / np.arange(1, 6),
    lambda x: abs(-x) ** 0.5,
    lambda x: 2**x,
    lambda x: x + x[:, :1],
    lambda x: x @ np.ones((5, 2), np.float32),
    lambda x: np.ones((3, 4), np.float32) @ x,
    lambda x: x.astype("int32") * 3,
]


@pytest.mark.parametrize("function", OPERATORS, ids=range(len(OPERATORS)))
def test_operators_on_symbols(function, agrees):
    x = nn.Input((3, 4, 5))
    agrees(nn.Model(x, function(x)))


def test_outputs_that_are_inputs(agrees):
    x = nn.Input((3, 4), name="x")
    graph = agrees(nn.Model(x, [x, nn.Dropout(0.5)(x), nn.Permute((2, 1))(x), nn.Flatten()(x)]))
    assert sorted(kinds(graph)) == ["Flatten", "Identity", "Identity", "Transpose"]


def test_outputs_whose_names_are_taken(agrees):
    x = nn.Input((4,), name="x")
    graph = agrees(nn.Model(x, [x, nn.Dense(2, name="x_1")(x)]))
    assert [y.name for y in graph.output] == ["x_1", "x_1_1"]


# Modules of one's own.


class Block(nn.Module):
    """Made of layers: the export looks into it."""

    def build(self, input_shape):
        self.first, self.second = nn.Dense(8, "relu"), nn.Dense(input_shape[-1])

    def call(self, x):
        return (x + self.second(self.first(x))) / 2


class Scale(nn.Layer):
    """Made of a weight and an operator: the export looks into it, too."""

    def build(self, input_shape):
        self.factor = self.add_weight(input_shape[-1:], "ones")

    def call(self, x):
        return x * self.factor + tg.exp(self.factor)


class Wave(nn.Layer):
    """What the export can't look into."""

    def build(self, input_shape):
        self.pitch = self.add_weight(input_shape[-1:], "ones")

    def call(self, x):
        return tg.sin(x * self.pitch)


@pytest.fixture
def table(monkeypatch):
    """The table of conversions, which is as it was afterwards."""
    monkeypatch.setattr(nn.onnx.conversions, "CONVERSIONS", dict(nn.onnx.conversions.CONVERSIONS))


def test_a_module_made_of_layers_is_looked_into(agrees):
    graph = agrees(nn.Sequential([Block(), Block()]), nn.Input((4,)))
    assert kinds(graph)[:2] == ["Gemm", "Relu"]


def test_a_subclass_of_model(agrees):
    class Net(nn.Model):
        several_inputs = True

        def __init__(self):
            super().__init__()
            self.layers = [nn.Dense(3), nn.Dense(3)]
            self.left, self.right = self.layers

        def call(self, inputs):
            return [self.left(inputs[0]) + self.right(inputs[1]), self.left(inputs[0])]

    graph = agrees(Net(), [nn.Input((4,), name="l"), nn.Input((2,), name="r")])
    assert [x.name for x in graph.input] == ["l", "r"]
    assert [x.name for x in graph.output] == ["output", "output_1"]
    assert "layers_0.kernel" in [x.name for x in graph.initializer]


def test_layers_of_a_subclass_say_nothing_about_its_inputs_and_outputs(agrees):
    class Net(nn.Model):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Dense(3, input_shape=(9,)), nn.Dense(4)]

        def call(self, x):
            return self.layers[0](self.layers[1](x))

    with pytest.raises(ValueError, match="the model does not say what it is given"):
        Net().export("nowhere")
    assert agrees(Net(), nn.Input((4,))).output[0].name == "output"


def test_the_transformer_of_the_examples(agrees):
    writer = importlib.import_module("characters").Writer("abcdefg", 6, size=8, heads=2, blocks=2)
    graph = agrees(writer, nn.Input((6,), "int64"))
    assert kinds(graph).count("Softmax") == 2


def test_a_module_with_weights_of_its_own_is_looked_into(agrees):
    graph = agrees(randomized(nn.Sequential([nn.Dense(3, input_shape=(4,)), Scale(name="scale")])))
    assert kinds(graph) == ["Gemm", "Mul", "Add"]
    assert "scale.factor" in [x.name for x in graph.initializer]
    x, factor = nn.Input((4,)), tg.ones((4,), requires_grad=True)
    with pytest.raises(TypeError, match="a Tensor that wants a gradient"):  # elsewhere it is nobody's
        x * factor


def test_a_module_of_one_s_own_with_its_conversion(agrees, table):
    @nn.onnx.conversion(Wave)
    def wave(graph, layer, x):
        return graph.node("Sin", graph.node("Mul", x, layer.pitch))

    model = nn.Sequential([nn.Conv2D(2, 3, input_shape=(5, 5, 1)), Wave(name="wave"), nn.Conv2D(2, 3)])
    graph = agrees(randomized(model))
    assert kinds(graph) == ["Transpose", "Conv", "Mul", "Sin", "Conv", "Transpose"]
    assert "wave.pitch" in [x.name for x in graph.initializer]


def test_a_function_of_one_s_own_with_its_conversion(agrees, table):
    def bent(x, by=2.0):
        return tg.where(x > 0, x, by * tg.sin(x))

    @nn.onnx.conversion(bent)
    def convert(graph, x, by=2.0):
        return graph.node("Where", graph.node("Greater", x, 0.0), x, graph.node("Mul", graph.node("Sin", x), by))

    agrees(nn.Sequential([nn.Dense(3, bent, input_shape=(4,)), nn.Activation(functools.partial(bent, by=3.0))]))


def test_a_layer_that_only_begins_otherwise_is_written_as_its_parent(agrees):
    class Digits(nn.Dense):
        def __init__(self):
            super().__init__(10, "softmax")

    agrees(nn.Sequential([Digits()]), nn.Input((4,)))


# What can't be written.


class Doubled(nn.Dense):
    def call(self, x):
        return 2 * super().call(x)


class Slow(nn.GRU):
    def walk(self, *args):
        return [0.5 * state for state in super().walk(*args)]


def constant_mask():
    x = nn.Input((5, 3))
    return nn.Model(x, nn.GRU(2)(x, mask=np.ones((1, 5), bool)))


def mask_without_batch():
    x, mask = nn.Input((5, 3)), nn.Input((5,), bool)
    return nn.Model([x, mask], nn.MultiHeadAttention(1, 2)(x, x, attention_mask=mask))


def indexed(key):
    x = nn.Input((3, 4, 5))
    return nn.Model(x, x[key])


def sequential(*layers, shape=(4,)):
    return nn.Sequential([nn.Input(shape), *layers])


IMPOSSIBLE = {
    "a module": (lambda: sequential(Wave(name="mine")), r"Wave 'mine'.*@nn.onnx.conversion\(Wave\)"),
    "one inside another": (
        lambda: sequential(nn.Sequential([Wave()], name="stack")),
        r"Wave 'stack.wave'.*@nn.onnx.conversion\(Wave\)",
    ),
    "a function": (lambda: sequential(nn.Dense(3, tg.expm1)), r"the function expm1 of 'dense'.*conversion\(expm1\)"),
    "a lambda": (lambda: sequential(nn.Activation(lambda x: tg.sin(x))), r"the function <lambda> of 'activation'"),
    "a constant": (lambda: sequential(nn.Activation(lambda x: tg.ones((1, 4)))), "more than layers, weights and op"),
    "a layer that computes otherwise than its parent": (lambda: sequential(Doubled(3)), "Doubled 'doubled'"),
    "a part that computes otherwise than its parent": (
        lambda: sequential(nn.Bidirectional(Slow(3)), shape=(5, 4)),
        "Slow, which 'bidirectional' is made of",
    ),
    "a mask of one sample": (constant_mask, "gru: an initial_state or a mask that is no input.*make it an nn.Input"),
    "a mask without a batch": (mask_without_batch, r"has the batch axis.*given the shape \(None, 5\)"),
    "the batch's axis": (
        lambda: sequential(nn.LayerNormalization(axis=(0, 1), scale=False, center=False)),
        r"layer_normalization: a normalization over the batch \(axis=\(0, 1\)\)",
    ),
    "windows of padding": (lambda: sequential(nn.MaxPooling1D(2, padding=2), shape=(5, 4)), "fit into their padding"),
    "two arrays as indices": (lambda: indexed(np.s_[:, [0, 1], [1, 2]]), "one array among the indices"),
    "a mask of two axes": (lambda: indexed(np.s_[:, np.ones((3, 4), bool)]), "masks of one axis"),
}  # fmt: skip


@pytest.mark.parametrize(("model", "message"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_the_export_does_not_know(model, message, onnx, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    with pytest.raises(NotImplementedError, match=f"(?s){message}"):
        model().export(path)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_what_onnx_does_not_allow(onnx):
    x = nn.Input((8, 8, 3), "int32")
    with pytest.raises(ValueError, match=r"ONNX has no MaxPool for what max_pooling2d does: .*int32"):
        nn.onnx.to_onnx(nn.Model(x, nn.MaxPooling2D()(x)))


def test_a_conversion_that_gives_something_else_is_noticed(onnx, table):
    @nn.onnx.conversion(Scale)
    def scale(graph, layer, x):
        return graph.cast(x, np.float64)

    message = r"conversion of scale gives float64 of the shape \(None, 4\), the layer itself float32 of .*\(None, 4\)"
    with pytest.raises(ValueError, match=message):
        nn.onnx.to_onnx(sequential(Scale()))


@pytest.mark.parametrize("thing", [Scale(), int, 3, "relu", nn.layers])
def test_a_conversion_is_that_of_a_layer_or_a_function(thing):
    with pytest.raises(TypeError, match="a conversion is that of a class of layers or of a function, given"):
        nn.onnx.conversion(thing)


def test_bad_arguments(onnx, tmp_path):
    model = sequential(nn.Dense(2))
    with pytest.raises(ValueError, match="in the format 'onnx', given 'tf_saved_model'"):
        model.export(tmp_path / "x", format="tf_saved_model")
    with pytest.raises(TypeError, match=r"input_signature is an nn.Input, .* given \(4,\)"):
        model.export(tmp_path / "x", input_signature=[(4,)])
    with pytest.raises(TypeError, match="what is exported is a model or a layer, given int 3"):
        nn.onnx.export(3, tmp_path / "x")
    with pytest.raises(ValueError, match=r"input_signature, such as nn.Input\(\(784,\)\)"):
        nn.Sequential([nn.Dense(2)]).export(tmp_path / "x")
    with pytest.raises(FileNotFoundError):
        model.export(tmp_path / "nowhere" / "x")
    assert list(tmp_path.iterdir()) == []


def test_more_than_a_file_holds(onnx, monkeypatch, tmp_path):
    monkeypatch.setattr(nn.onnx.file, "LARGEST", 40)
    with pytest.raises(
        ValueError, match=r"the weights take 0.0 GB, and one ONNX file holds 2 GB: export the model's parts"
    ):
        sequential(nn.Dense(3)).export(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_without_onnx(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    model = nn.Sequential([nn.Dense(3)])
    with pytest.raises(ImportError, match=r"the export needs onnx: pip install 'tinygrad_lite\[onnx\]'"):
        model.export(tmp_path / "x", input_signature=nn.Input((4,)))
    assert not model.built
    assert list(tmp_path.iterdir()) == []


# What the export leaves as it was.


def test_the_file_is_the_same_model(onnx, onnxruntime, tmp_path):
    model = sequential(nn.Dense(3))
    assert model.export(str(tmp_path / "model.onnx")) == tmp_path / "model.onnx"
    x = samples((2, 4), np.dtype(np.float32))
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    np.testing.assert_allclose(session.run(["dense"], {"input_layer": x})[0], model.predict(x), rtol=1e-6)
    assert (tmp_path / "model.onnx").read_bytes() == nn.onnx.to_onnx(model).SerializeToString()


def test_what_is_written_is_not_training(onnx):
    class Doubting(nn.Module):
        def call(self, x):
            return x * 0 if self.training else x

    proto = nn.onnx.to_onnx(sequential(Doubting(), nn.Dense(3)).train())
    assert kinds(proto.graph) == ["Gemm"]


def test_it_does_not_change_the_model(onnx):
    model = sequential(nn.BatchNormalization(), nn.Dropout(0.5), nn.Dense(3)).train()
    names = [weight.name for weight in model.weights]
    before = model.get_weights(), str(nn.random_generator().bit_generator.state), repr(model)
    nn.onnx.to_onnx(model)
    after = model.get_weights(), str(nn.random_generator().bit_generator.state), repr(model)
    np.testing.assert_equal(after, before)
    assert [weight.name for weight in model.weights] == names
    assert all(module.training for module in model.modules())


def test_a_float64_model_is_written_in_float64(onnx):
    reference = pytest.importorskip("onnx.reference")
    model = randomized(sequential(nn.Dense(3, "tanh"), nn.LayerNormalization(), nn.Dense(2)), np.float64)
    x = samples((5, 4), np.dtype(np.float32))
    (y,) = reference.ReferenceEvaluator(nn.onnx.to_onnx(model)).run(None, {"input_layer": x})
    assert y.dtype == np.float64
    np.testing.assert_allclose(y, model.predict(x), rtol=1e-6)
