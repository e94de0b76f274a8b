"""Pooling: value and gradients are those of a slow loop and of PyTorch."""

import numpy as np
import pytest

import nn
import slow
import tinygrad_lite as tg

RNG = np.random.default_rng(6)
OPTIONS = [
    # options, window, strides, padding as pairs, for images of 5 x 6
    ({}, (2, 2), (2, 2), [(0, 0), (0, 0)]),
    ({"pool_size": 3, "strides": 2}, (3, 3), (2, 2), [(0, 0), (0, 0)]),
    ({"pool_size": (2, 3), "strides": 1, "padding": "same"}, (2, 3), (1, 1), [(0, 1), (1, 1)]),
    ({"pool_size": (1, 2), "strides": (3, 2)}, (1, 2), (3, 2), [(0, 0), (0, 0)]),
    ({"padding": "same"}, (2, 2), (2, 2), [(0, 1), (0, 0)]),
]


@pytest.mark.parametrize(("kind", "reduce"), [(nn.MaxPooling2D, np.max), (nn.AveragePooling2D, np.mean)])
@pytest.mark.parametrize(("options", "window", "strides", "pads"), OPTIONS)
def test_each_window_becomes_one_element(agrees_with_formula, kind, reduce, options, window, strides, pads):
    layer = kind(**options)
    agrees_with_formula(layer, lambda x: slow.pool(x, window, strides, pads, reduce), RNG.standard_normal((2, 5, 6, 2)))


@pytest.mark.parametrize("name", ["max", "avg"])
@pytest.mark.parametrize(("options", "window", "strides", "pads"), OPTIONS)
def test_pooling_is_pytorch_s(torch, agrees_with_torch, name, options, window, strides, pads):
    def theirs(x):
        x = x.permute(0, 3, 1, 2)
        border = [*pads[1], *pads[0]]
        f = torch.nn.functional
        if name == "max":
            y = f.max_pool2d(f.pad(x, border, value=-torch.inf), window, strides)
        else:
            y = f.avg_pool2d(f.pad(x, border), window, strides) / f.avg_pool2d(
                f.pad(torch.ones_like(x), border), window, strides
            )
        return y.permute(0, 2, 3, 1)

    kind = nn.MaxPooling2D if name == "max" else nn.AveragePooling2D
    agrees_with_torch(kind(**options), theirs, RNG.standard_normal((2, 5, 6, 2)))


@pytest.mark.parametrize(
    ("kind", "reduce"), [(nn.MaxPooling1D, np.max), (nn.AveragePooling1D, np.mean)], ids=["max", "average"]
)
def test_along_one_axis(agrees_with_formula, kind, reduce):
    x = RNG.standard_normal((2, 7, 2))
    agrees_with_formula(kind(3, strides=2), lambda x: slow.pool(x, (3,), (2,), [(0, 0)], reduce), x)


@pytest.mark.parametrize(
    ("kind", "reduce"),
    [
        (nn.GlobalAveragePooling1D, np.mean),
        (nn.GlobalAveragePooling2D, np.mean),
        (nn.GlobalMaxPooling1D, np.max),
        (nn.GlobalMaxPooling2D, np.max),
    ],
)
@pytest.mark.parametrize("keepdims", [False, True])
def test_global_pooling_leaves_one_element_for_each_channel(agrees_with_formula, kind, reduce, keepdims):
    def formula(x):
        out = np.array([[reduce(image[..., c]) for c in range(3)] for image in x])
        return out.reshape(2, *[1] * (x.ndim - 2), 3) if keepdims else out

    x = RNG.standard_normal((2, 3, 4, 3) if "2D" in kind.__name__ else (2, 5, 3))
    agrees_with_formula(kind(keepdims=keepdims), formula, x)


@pytest.mark.parametrize(
    "kind", [nn.MaxPooling2D, nn.AveragePooling2D, nn.GlobalAveragePooling2D, nn.GlobalMaxPooling2D]
)
def test_channels_first_is_the_same_with_the_axes_moved(kind):
    x = RNG.standard_normal((2, 4, 6, 3)).astype(np.float32)
    last, first = kind()(x), kind(data_format="channels_first")(np.moveaxis(x, -1, 1))
    np.testing.assert_allclose(np.moveaxis(first.data, 1, -1), last.data, rtol=1e-6)


def test_of_several_largest_the_first_is_handed_the_gradient():
    x = tg.tensor(np.array([2.0, 2.0, 1.0, 1.0]).reshape(1, 4, 1), requires_grad=True)
    tg.max_pool(x, 2).sum().backward()
    assert x.grad.data.ravel().tolist() == [1, 0, 1, 0]


def test_the_border_never_wins_nor_counts():
    x = -np.ones((1, 2, 2, 1), np.float32)
    assert (tg.max_pool(x, 2, 1, padding=1) == -1).all()
    assert (tg.average_pool(x, 2, 1, padding=1) == -1).all()
    assert (tg.max_pool(x.astype(int), 2, 1, padding=1) == -1).all()


def test_nan_goes_through_a_maximum():
    x = np.array([1.0, np.nan, 2.0, 3.0]).reshape(1, 4, 1)
    np.testing.assert_array_equal(tg.max_pool(x, 2).ravel(), [np.nan, 3])


def test_large_images_on_several_threads_give_the_same():
    x = tg.tensor(RNG.standard_normal((9, 60, 40, 32)), requires_grad=True)
    for pool in (tg.max_pool, tg.average_pool):
        found = []
        for count in (1, 3):
            with tg.threads(count):
                x.grad = None
                y = pool(x, 3, 2, "same")
                (y * y).sum().backward()
                found.append((y.data, x.grad.data))
        np.testing.assert_array_equal(found[0][0], found[1][0])
        np.testing.assert_array_equal(found[0][1], found[1][1])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.MaxPooling2D()(np.ones((2, 4, 4))), ValueError, r"height, width, channels\), given \(2, 4, 4\)"),
        (lambda: nn.MaxPooling2D(0), ValueError, "pool_size must be a whole number of at least 1, given 0"),
        (lambda: nn.MaxPooling2D(5)(np.ones((1, 4, 4, 1))), ValueError, "larger than the padded input"),
        (lambda: nn.GlobalMaxPooling2D()(np.ones((1, 4, 4))), ValueError, r"given \(1, 4, 4\)"),
        (lambda: tg.max_pool(np.ones((4, 4)), 2), ValueError, "at least 3 axes"),
    ],
)
def test_bad_arguments_say_what_to_write(make, error, words):
    with pytest.raises(error, match=words):
        make()
