"""Convolutions: value and gradients are those of a slow loop and of PyTorch, whatever the options."""

import numpy as np
import pytest

import nn
import slow
import tinygrad_lite as tg

RNG = np.random.default_rng(5)


def normal(*shape):
    return RNG.standard_normal(shape)


def same(n, window, stride, dilation=1):
    """Keras's and TensorFlow's padding: as many windows as there are strides, the odd one after."""
    total = max(0, (-(-n // stride) - 1) * stride + (window - 1) * dilation + 1 - n)
    return (total // 2, total - total // 2)


IMAGES = [
    # shape, options, padding as pairs
    ((2, 5, 4, 3), {}, [(0, 0), (0, 0)]),
    ((2, 5, 4, 3), {"padding": "same"}, [(1, 1), (1, 1)]),
    ((1, 6, 5, 2), {"strides": 2, "padding": "same"}, [same(6, 3, 2), same(5, 3, 2)]),
    ((1, 6, 7, 2), {"strides": (1, 2), "padding": ((1, 0), (2, 3))}, [(1, 0), (2, 3)]),
    ((1, 6, 6, 2), {"dilation_rate": 2, "padding": 1}, [(1, 1), (1, 1)]),
    ((1, 7, 6, 2), {"dilation_rate": (2, 1), "padding": (2, 0)}, [(2, 2), (0, 0)]),
    ((2, 4, 4, 4), {"groups": 2, "use_bias": False}, [(0, 0), (0, 0)]),
    ((1, 4, 9, 1), {"kernel_size": (2, 3)}, [(0, 0), (0, 0)]),
    ((2, 3, 3, 2), {"kernel_size": 1, "strides": 2}, [(0, 0), (0, 0)]),
]


def layer_and_formula(kind, options, pads):
    options = {"filters": 4, "kernel_size": 3} | options
    layer = kind(**options)
    how = (layer.strides, pads, layer.dilation_rate, layer.groups)
    return layer, lambda x, kernel, bias=None: slow.conv(x, kernel, bias, *how)


@pytest.mark.parametrize(("shape", "options", "pads"), IMAGES)
def test_conv2d_is_the_sum_over_each_window(agrees_with_formula, shape, options, pads):
    layer, formula = layer_and_formula(nn.Conv2D, options, pads)
    agrees_with_formula(layer, formula, normal(*shape))


@pytest.mark.parametrize(("shape", "options", "pads"), IMAGES)
def test_conv2d_is_pytorch_s(torch, agrees_with_torch, shape, options, pads):
    layer, _ = layer_and_formula(nn.Conv2D, options, pads)

    def theirs(x, kernel, bias=None):
        x = torch.nn.functional.pad(x.permute(0, 3, 1, 2), [*pads[1], *pads[0]])
        y = torch.nn.functional.conv2d(
            x, kernel.permute(3, 2, 0, 1), bias, layer.strides, 0, layer.dilation_rate, layer.groups
        )
        return y.permute(0, 2, 3, 1)

    agrees_with_torch(layer, theirs, normal(*shape))


@pytest.mark.parametrize("options", [{}, {"strides": 2, "padding": "same", "activation": "tanh"}])
def test_channels_first_is_the_same_with_the_axes_moved(options):
    x = normal(2, 5, 6, 3).astype(np.float32)
    last, first = (nn.Conv2D(4, 3, data_format=f, **options) for f in ("channels_last", "channels_first"))
    y = last(x)
    first(np.moveaxis(x, -1, 1))
    first.set_weights(last.get_weights())
    np.testing.assert_allclose(np.moveaxis(first(np.moveaxis(x, -1, 1)).data, 1, -1), y.data, rtol=1e-6, atol=1e-6)


LINES = [
    ({}, [(0, 0)]),
    ({"padding": "same", "strides": 2}, [same(7, 3, 2)]),
    ({"padding": "causal", "dilation_rate": 2}, [(4, 0)]),
    ({"padding": [(0, 2)], "groups": 2}, [(0, 2)]),
]


@pytest.mark.parametrize(("options", "pads"), LINES)
def test_conv1d_is_the_sum_over_each_window(agrees_with_formula, options, pads):
    layer, formula = layer_and_formula(nn.Conv1D, options, pads)
    agrees_with_formula(layer, formula, normal(2, 7, 2))


@pytest.mark.parametrize(("options", "pads"), LINES)
def test_conv1d_is_pytorch_s(torch, agrees_with_torch, options, pads):
    layer, _ = layer_and_formula(nn.Conv1D, options, pads)

    def theirs(x, kernel, bias):
        x = torch.nn.functional.pad(x.permute(0, 2, 1), pads[0])
        y = torch.nn.functional.conv1d(
            x, kernel.permute(2, 1, 0), bias, layer.strides, 0, layer.dilation_rate, layer.groups
        )
        return y.permute(0, 2, 1)

    agrees_with_torch(layer, theirs, normal(2, 7, 2))


def test_a_causal_convolution_sees_nothing_that_comes_later():
    layer = nn.Conv1D(2, 3, padding="causal")
    x = normal(1, 6, 1).astype(np.float32)
    before = layer(x).data
    x[0, 4:] += 1
    np.testing.assert_array_equal(layer(x).data[0, :4], before[0, :4])


DEPTHWISE = [({}, [(0, 0)] * 2), ({"depth_multiplier": 2, "strides": 2, "padding": "same"}, [same(5, 3, 2)] * 2)]


@pytest.mark.parametrize(("options", "pads"), DEPTHWISE)
def test_depthwise_conv2d_looks_at_each_channel_by_itself(agrees_with_formula, options, pads):
    layer = nn.DepthwiseConv2D(3, **options)

    def formula(x, kernel, bias):
        channels = [
            slow.conv(x[..., c : c + 1], kernel[:, :, c : c + 1], None, layer.strides, pads, (1, 1))
            for c in range(x.shape[-1])
        ]
        return np.concatenate(channels, axis=-1) + bias

    agrees_with_formula(layer, formula, normal(2, 5, 5, 3))


@pytest.mark.parametrize(("options", "pads"), DEPTHWISE)
def test_depthwise_conv2d_is_pytorch_s(torch, agrees_with_torch, options, pads):
    layer = nn.DepthwiseConv2D(3, **options)

    def theirs(x, kernel, bias):
        x = torch.nn.functional.pad(x.permute(0, 3, 1, 2), [*pads[1], *pads[0]])
        kernel = kernel.reshape(3, 3, 1, -1).permute(3, 2, 0, 1)
        return torch.nn.functional.conv2d(x, kernel, bias, layer.strides, groups=3).permute(0, 2, 3, 1)

    agrees_with_torch(layer, theirs, normal(2, 5, 5, 3))


TRANSPOSED = [
    # options, the larger shape, the padding of the convolution that leads back
    ({}, (5, 6), [(0, 0), (0, 0)]),
    ({"strides": 2, "padding": "same"}, (6, 8), [(0, 1), (0, 1)]),
    ({"strides": 2, "padding": "valid"}, (7, 9), [(0, 0), (0, 0)]),
    ({"strides": (3, 1), "kernel_size": 2}, (9, 5), [(0, 0), (0, 0)]),
    ({"strides": 2, "padding": 1, "output_padding": 1}, (6, 8), [(1, 1), (1, 1)]),
    ({"strides": 2, "padding": 0, "dilation_rate": 2, "groups": 2}, (9, 11), [(0, 0), (0, 0)]),
    ({"strides": 2, "padding": "same", "output_padding": 1}, (6, 8), [(0, 1), (0, 1)]),
]


@pytest.mark.parametrize(("options", "lengths", "pads"), TRANSPOSED)
def test_conv2d_transpose_leads_back_through_a_convolution(agrees_with_formula, options, lengths, pads):
    layer = nn.Conv2DTranspose(**{"filters": 2, "kernel_size": 3} | options)

    def formula(x, kernel, bias):
        shape = (len(x), *lengths, 2)
        return slow.conv_transpose(x, kernel, shape, layer.strides, pads, layer.dilation_rate, layer.groups) + bias

    agrees_with_formula(layer, formula, normal(2, 3, 4, 4))


@pytest.mark.parametrize(("options", "lengths", "pads"), TRANSPOSED)
def test_conv2d_transpose_is_pytorch_s(torch, agrees_with_torch, options, lengths, pads):
    layer = nn.Conv2DTranspose(**{"filters": 2, "kernel_size": 3} | options)

    def theirs(x, kernel, bias):
        kernel = kernel.permute(3, 2, 0, 1)
        y = torch.nn.functional.conv_transpose2d(
            x.permute(0, 3, 1, 2), kernel, None, layer.strides, 0, 0, layer.groups, layer.dilation_rate
        )
        bottom, right = (n + pad[0] - m for n, pad, m in zip(lengths, pads, y.shape[2:], strict=True))
        y = torch.nn.functional.pad(y, [-pads[1][0], right, -pads[0][0], bottom])
        return y.permute(0, 2, 3, 1) + bias

    agrees_with_torch(layer, theirs, normal(2, 3, 4, 4))


def test_images_larger_than_a_block_and_several_threads_change_nothing():
    x, kernel = normal(5, 70, 60, 8), normal(5, 5, 8, 12)
    wanted = [tg.tensor(a, requires_grad=True) for a in (x, kernel)]
    alone = tg.conv(*wanted, padding="same")
    alone.backward(np.ones(alone.shape))
    grads = [t.grad.data for t in wanted]
    with tg.threads(3):
        for t in wanted:
            t.grad = None
        together = tg.conv(*wanted, padding="same")
        together.backward(np.ones(alone.shape))
    np.testing.assert_allclose(together.data, alone.data, rtol=1e-12, atol=1e-12)
    for t, grad in zip(wanted, grads, strict=True):
        np.testing.assert_allclose(t.grad.data, grad, rtol=1e-10, atol=1e-9)
    piece = slow.conv(x[:1, :9, :9], kernel, None, (1, 1), [(2, 0), (2, 0)], (1, 1))
    np.testing.assert_allclose(alone.data[:1, :7, :7], piece, rtol=1e-10, atol=1e-10)


def test_float16_is_added_up_in_float32():
    x = np.ones((1, 50, 50, 1), np.float16)
    kernel = np.full((50, 50, 1, 1), 1.001, np.float16)
    assert tg.conv(x, kernel).dtype == np.float16
    assert tg.conv(x, kernel).item() == np.float16(2500 * float(kernel[0, 0, 0, 0]))


def test_a_float32_step_has_no_float64_in_it():
    layer = nn.Conv2D(4, 3, activation="relu")
    y = nn.AveragePooling2D(padding="same")(layer(np.ones((2, 6, 7, 3), np.float32)))
    y.sum().backward()
    assert {y.dtype, layer.kernel.grad.dtype, layer.bias.grad.dtype} == {np.dtype("float32")}


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.Conv2D(4, 3)(np.ones((2, 9, 9))), ValueError, r"height, width, channels\), given .*x\[..., None\]"),
        (lambda: nn.Conv2D(4, 3, data_format="nhwc"), ValueError, "channels_last"),
        (lambda: nn.Conv2D(4, (3, 3, 3)), ValueError, "kernel_size must be a whole number of at least 1, or 2 of them"),
        (lambda: nn.DepthwiseConv2D(3, groups=2), TypeError, "groups"),
        (lambda: nn.Conv2D(0, 3), ValueError, "filters must be a whole number"),
        (lambda: nn.Conv2D(3, 3, groups=2), ValueError, "filters must be a multiple of groups"),
        (lambda: nn.Conv2D(4, 3, groups=2)(np.ones((1, 5, 5, 3))), ValueError, "channels must be a multiple of groups"),
        (lambda: nn.Conv2D(4, 3)(np.ones((1, 2, 5, 3))), ValueError, "larger than the padded input.*padding='same'"),
        (lambda: nn.Conv2D(4, 3, padding="full")(np.ones((1, 5, 5, 3))), ValueError, "'valid', 'same', a number or"),
        (lambda: nn.Conv2D(4, 3, padding=-1)(np.ones((1, 5, 5, 3))), ValueError, "at least 0, given -1"),
        (lambda: nn.Conv2D(4, 3, padding=(1, 2, 3))(np.ones((1, 5, 5, 3))), ValueError, "for each of 2 axes"),
        (lambda: tg.conv(np.ones((1, 5, 5, 3)), np.ones((3, 3, 2, 4))), ValueError, "does not go with x"),
        (lambda: tg.conv(np.ones((5, 3)), np.ones((3, 4))), ValueError, r"conv\(array float64\(5, 3\), .*at least 3"),
        (lambda: tg.conv(np.ones((1, 5, 3)), np.ones((3, 3, 4)), np.ones(3)), ValueError, "one number for each of 4"),
        (lambda: tg.conv(np.ones((1, 5, 3)), np.ones((3, 3, 4)), strides=0), ValueError, "strides must be at least 1"),
        (lambda: tg.conv(np.ones((1, 5, 3)), np.ones((3, 3, 4)), strides=1.5), TypeError, "strides must be a whole"),
        (
            lambda: tg.conv_transpose(np.ones((1, 5, 3)), np.ones((3, 4, 3)), strides=2, output_padding=2),
            ValueError,
            "output_padding must be below the strides",
        ),
        (lambda: tg.threads(0).__enter__(), ValueError, "count must be a whole number of at least 1, given 0"),
    ],
)  # fmt: skip
def test_bad_arguments_say_what_to_write(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_an_input_without_elements_is_seen_through_its_border():
    x = tg.tensor(np.ones((2, 0, 4, 3)), requires_grad=True)
    kernel = tg.tensor(np.ones((2, 2, 3, 5)), requires_grad=True)
    y = tg.conv(x, kernel, padding=((1, 1), (0, 0)))
    assert y.shape == (2, 1, 3, 5)
    y.sum().backward()
    assert x.grad.shape == x.shape and not kernel.grad.numpy().any()
