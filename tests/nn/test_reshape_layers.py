"""Layers that move, repeat and surround: Reshape, Permute, ZeroPadding, UpSampling."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.layers.upsampling import repeat_positions, sum_of_tiles

RNG = np.random.default_rng(17)


def draw(*shape):
    return RNG.standard_normal(shape)


@pytest.mark.parametrize(
    ("shape", "target", "result"),
    [
        ((2, 12), (3, 4), (2, 3, 4)),
        ((2, 3, 4), (-1, 2), (2, 6, 2)),
        ((2, 3, 4), (12,), (2, 12)),
        ((0, 6), (-1, 2), (0, 3, 2)),
        ((2, 1), (), (2,)),
        ((2, 0), (0, 5), (2, 0, 5)),
    ],
)
def test_reshape_keeps_the_order_of_each_sample(shape, target, result):
    x = draw(*shape).astype(np.float32)
    np.testing.assert_array_equal(nn.Reshape(target)(x).numpy(), x.reshape(result))


def test_permute_reorders_the_axes_behind_the_batch(agrees_with_formula):
    def formula(x):
        out = np.empty((2, 5, 3, 4))
        for n, a, b, c in np.ndindex(2, 3, 4, 5):
            out[n, c, a, b] = x[n, a, b, c]
        return out

    agrees_with_formula(nn.Permute((3, 1, 2)), formula, draw(2, 3, 4, 5))


@pytest.mark.parametrize(("padding", "before", "after"), [(1, 1, 1), ((2, 0), 2, 0), (0, 0, 0)])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_zero_padding_of_sequences(agrees_with_formula, padding, before, after, data_format):
    def formula(x):
        x = x if data_format == "channels_last" else x.swapaxes(1, 2)
        out = np.zeros((2, before + x.shape[1] + after, x.shape[2]))
        for n, i, c in np.ndindex(x.shape):
            out[n, before + i, c] = x[n, i, c]
        return out if data_format == "channels_last" else out.swapaxes(1, 2)

    agrees_with_formula(nn.ZeroPadding1D(padding, data_format), formula, draw(2, 3, 4))


@pytest.mark.parametrize(
    ("padding", "sides"),
    [(1, (1, 1, 1, 1)), ((2, 1), (2, 2, 1, 1)), (((1, 0), (0, 3)), (1, 0, 0, 3)), ((1, (2, 0)), (1, 1, 2, 0))],
)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_zero_padding_of_images(agrees_with_formula, padding, sides, data_format):
    top, bottom, left, right = sides

    def formula(x):
        x = x if data_format == "channels_last" else x.transpose(0, 2, 3, 1)
        out = np.zeros((2, top + x.shape[1] + bottom, left + x.shape[2] + right, x.shape[3]))
        for n, i, j, c in np.ndindex(x.shape):
            out[n, top + i, left + j, c] = x[n, i, j, c]
        return out if data_format == "channels_last" else out.transpose(0, 3, 1, 2)

    agrees_with_formula(nn.ZeroPadding2D(padding, data_format), formula, draw(2, 2, 3, 2))


def test_up_sampling_of_sequences_repeats_steps(agrees_with_formula):
    def formula(x):
        return np.array([[x[n, i // 3] for i in range(6)] for n in range(2)])

    agrees_with_formula(nn.UpSampling1D(3), formula, draw(2, 2, 4))


def between_centres(line, factor):
    """Linear interpolation between the centres of the pixels, which lie at 0.5, 1.5, ...; the ends are continued."""
    at = [(i + 0.5) / factor for i in range(len(line) * factor)]
    return np.interp(at, np.arange(len(line)) + 0.5, line)


@pytest.mark.parametrize("size", [2, (1, 3), (3, 2)])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_up_sampling_of_images(agrees_with_formula, size, interpolation, data_format):
    rows, columns = size if isinstance(size, tuple) else (size, size)

    def formula(x):
        x = x if data_format == "channels_first" else x.transpose(0, 3, 1, 2)
        out = np.empty((*x.shape[:2], x.shape[2] * rows, x.shape[3] * columns))
        for n, c in np.ndindex(x.shape[:2]):
            if interpolation == "nearest":
                for i, j in np.ndindex(out.shape[2:]):
                    out[n, c, i, j] = x[n, c, i // rows, j // columns]
            else:
                tall = np.array([between_centres(column, rows) for column in x[n, c].T]).T
                out[n, c] = [between_centres(row, columns) for row in tall]
        return out if data_format == "channels_first" else out.transpose(0, 2, 3, 1)

    agrees_with_formula(nn.UpSampling2D(size, data_format, interpolation), formula, draw(2, 3, 2, 2))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_up_sampling_is_pytorch_s(agrees_with_torch, torch, interpolation):
    agrees_with_torch(
        nn.UpSampling2D((3, 2), "channels_first", interpolation),
        lambda x: torch.nn.functional.interpolate(x, scale_factor=(3.0, 2.0), mode=interpolation),
        draw(3, 4, 7, 9),
    )


@pytest.mark.parametrize("factors", [(1, 1, 1), (1, 2, 3), (2, 1, 1)])
def test_derivatives_are_exact_to_second_order(factors):
    tg.check_grads(lambda x: tg.square(repeat_positions(x, factors=factors)), draw(2, 3, 2))
    tiles = draw(*[n * factor for n, factor in zip((2, 3, 2), factors, strict=True)])
    tg.check_grads(lambda x: tg.square(sum_of_tiles(x, factors=factors)), tiles)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Reshape((4, 3, 1)),
        nn.Permute((2, 1, 3)),
        nn.ZeroPadding2D(),
        nn.UpSampling2D(),
        nn.UpSampling2D(interpolation="bilinear"),
    ],
)
def test_float32_stays_float32(layer):
    x = tg.tensor(draw(2, 3, 4, 1).astype(np.float32), requires_grad=True)
    out = layer(x)
    out.sum().backward()
    assert out.dtype == x.grad.dtype == np.float32


def test_pixels_that_are_whole_numbers_are_interpolated_in_float32():
    layer = nn.UpSampling2D((1, 2), interpolation="bilinear")
    assert layer(np.array([0, 1], np.uint8).reshape(1, 1, 2, 1)).reshape(-1).tolist() == [0, 0.25, 0.75, 1]
    assert nn.UpSampling2D()(np.ones((1, 2, 2, 1), np.uint8)).dtype == np.uint8


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.Reshape(5), TypeError, "target_shape must be a tuple of whole numbers, given int 5"),
        (lambda: nn.Reshape((2.5,)), TypeError, r"must be a tuple of whole numbers, given \(2.5,\)"),
        (lambda: nn.Reshape((-1, -1)), ValueError, "one may be -1"),
        (lambda: nn.Reshape((-2,)), ValueError, "one may be -1"),
        (
            lambda: nn.Reshape((5,))(draw(2, 3, 4)),
            ValueError,
            r"Reshape\(\(5,\)\) .*\(3, 4\): 12 elements don't fit",
        ),
        (lambda: nn.Reshape((5, -1))(draw(2, 3, 4)), ValueError, "12 elements don't fit"),
        (lambda: nn.Reshape((1,))(3.0), ValueError, r"of shape \(batch, ...\), given \(\)"),
        (lambda: nn.Permute((0, 1)), ValueError, r"the numbers 1..2 in some order, given \(0, 1\)"),
        (lambda: nn.Permute((2, 1))(draw(2, 3)), ValueError, r"input of 3 axes, the batch included, given \(2, 3\)"),
        (lambda: nn.ZeroPadding1D(-1), ValueError, "padding must be a whole number of at least 0, given -1"),
        (lambda: nn.ZeroPadding1D((1, 2, 3)), TypeError, r"padding must be .*, given tuple \(1, 2, 3\)"),
        (lambda: nn.ZeroPadding2D(((1, 2), (1, 2.5))), TypeError, "padding must be .* given float 2.5"),
        (lambda: nn.ZeroPadding2D(1, "last"), ValueError, "'last' was given"),
        (lambda: nn.ZeroPadding2D()(draw(2, 3, 4)), ValueError, r"ZeroPadding2D needs an input of 4 axes.*\(2, 3, 4\)"),
        (lambda: nn.UpSampling1D(0), ValueError, "size must be a whole number of at least 1, given 0"),
        (lambda: nn.UpSampling1D()(draw(2, 3)), ValueError, r"of shape \(batch, steps, channels\), given \(2, 3\)"),
        (lambda: nn.UpSampling2D((2, 0)), ValueError, "size must be a whole number of at least 1, given 0"),
        (lambda: nn.UpSampling2D(interpolation="cubic"), ValueError, '"nearest" or "bilinear"; \'cubic\' was given'),
        (lambda: nn.UpSampling2D()(draw(2, 3, 4)), ValueError, r"input of 4 axes.*given \(2, 3, 4\)"),
    ],
)
def test_bad_arguments_say_what_to_write(make, error, words):
    with pytest.raises(error, match=words):
        make()
