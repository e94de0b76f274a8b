"""Dropout and noise: what changes while training, what stays on average, and where gradients flow."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.layers.dropout import dropout, dropout_mask

RNG = np.random.default_rng(3)
LAYERS = [
    lambda: nn.Dropout(0.5),
    lambda: nn.Dropout(0.5, noise_shape=(None, 1)),
    lambda: nn.AlphaDropout(0.5),
    lambda: nn.GaussianDropout(0.5),
    lambda: nn.GaussianNoise(0.5),
]


def test_dropout_only_drops_while_training():
    layer = nn.Dropout(0.5)
    x = np.ones((4, 100), np.float32)
    np.testing.assert_array_equal(layer(x).numpy(), x)
    nn.set_random_seed(1)
    dropped = layer.train()(x).numpy()
    assert set(np.unique(dropped)) == {0.0, 2.0}
    np.testing.assert_array_equal(layer.eval()(x).numpy(), x)


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    nn.set_random_seed(2)
    mask = dropout_mask((1000, 1000), rate, np.float32)
    assert mask.dtype == np.float32
    assert (mask == 0).mean() == pytest.approx(rate, abs=2e-3)
    assert mask.mean() == pytest.approx(1, abs=5e-3)


def test_dropout_hands_back_only_through_what_was_kept():
    x = tg.ones((3, 50), requires_grad=True)
    y = nn.Dropout(0.4).train()(x)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())


@pytest.mark.parametrize("shape", [(3, 4), (3, 1)])
def test_dropout_derivatives_are_exact_to_second_order(shape):
    mask = dropout_mask(shape, 0.5, np.float64)
    tg.check_grads(lambda x: dropout(x * x, mask=mask), RNG.standard_normal((3, 4)))


@pytest.mark.parametrize("make", LAYERS)
def test_noise_is_for_training_only_and_repeats_with_its_seed(make):
    x = RNG.standard_normal((20, 30)).astype(np.float32)
    layer = make()
    np.testing.assert_array_equal(layer(x).numpy(), x)
    nn.set_random_seed(4)
    first = layer.train()(x).numpy()
    assert (first != x).any() and (layer(x).numpy() != first).any()
    nn.set_random_seed(4)
    np.testing.assert_array_equal(layer(x).numpy(), first)


@pytest.mark.parametrize("make", LAYERS)
@pytest.mark.parametrize(
    ("given", "result"), [(np.int64, np.float32), (np.float16, np.float16), (np.float32, np.float32), (float, float)]
)
def test_floating_point_numbers_keep_their_dtype_and_others_become_float32(make, given, result):
    assert make().train()(tg.tensor(np.ones((4, 5), given))).dtype == result


@pytest.mark.parametrize("make", LAYERS)
def test_gradients_are_those_of_the_noise_that_was_drawn(make):
    layer = make().train()
    x = RNG.standard_normal((3, 5))

    def outputs(x):
        nn.set_random_seed(6)
        return tg.sin(layer(x))

    tg.check_grads(outputs, x)


@pytest.mark.parametrize(
    "make", [lambda: nn.Dropout(0.3), lambda: nn.GaussianDropout(0.3), lambda: nn.GaussianNoise(1)]
)
def test_the_mean_stays(make):
    nn.set_random_seed(7)
    x = RNG.standard_normal((1000, 300)).astype(np.float32) + 2
    assert make().train()(x).numpy().mean() == pytest.approx(x.mean(), abs=0.02)


def test_alpha_dropout_keeps_mean_and_variance_and_drops_to_selu_s_floor():
    nn.set_random_seed(8)
    x = RNG.standard_normal((1000, 300)).astype(np.float32)
    out = nn.AlphaDropout(0.3).train()(x).numpy()
    assert out.mean() == pytest.approx(x.mean(), abs=0.01) and out.std() == pytest.approx(x.std(), abs=0.01)
    floor = -1.6732632423543772 * 1.0507009873554805
    scale = (0.7 * (1 + 0.3 * floor**2)) ** -0.5
    dropped = np.isclose(out, scale * floor * 0.7, atol=1e-6)  # scale * floor + shift
    assert dropped.mean() == pytest.approx(0.3, abs=0.01)
    np.testing.assert_allclose(out[~dropped], (scale * x - scale * floor * 0.3)[~dropped], rtol=1e-4, atol=1e-6)


def test_gaussian_dropout_has_the_variance_of_dropout():
    nn.set_random_seed(9)
    x = np.ones((1000, 300), np.float32)
    assert nn.GaussianDropout(0.2).train()(x).numpy().var() == pytest.approx(0.2 / 0.8, rel=0.02)


def test_gaussian_noise_has_the_given_standard_deviation():
    nn.set_random_seed(10)
    x = np.full((1000, 300), 5, np.float32)
    out = nn.GaussianNoise(0.3).train()(x).numpy()
    assert out.mean() == pytest.approx(5, abs=0.01) and out.std() == pytest.approx(0.3, rel=0.02)


@pytest.mark.parametrize(
    ("layer", "shape", "positions"),
    [
        (nn.SpatialDropout1D(0.5), (40, 6, 30), (1,)),
        (nn.SpatialDropout2D(0.5), (40, 3, 4, 30), (1, 2)),
        (nn.SpatialDropout2D(0.5, data_format="channels_first"), (40, 30, 3, 4), (2, 3)),
    ],
)
def test_spatial_dropout_drops_whole_channels(layer, shape, positions):
    nn.set_random_seed(11)
    out = layer.train()(np.ones(shape, np.float32)).numpy()
    np.testing.assert_array_equal(out.max(positions), out.min(positions))
    assert (out.max(positions) == 0).mean() == pytest.approx(0.5, abs=0.06)
    assert set(np.unique(out)) == {0.0, 2.0}


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.Dropout(1.0), ValueError, "rate must be a number, at least 0 and below 1, given 1.0"),
        (lambda: nn.Dropout(-0.1), ValueError, "at least 0 and below 1"),
        (lambda: nn.Dropout("0.5"), TypeError, "rate must be a number, at least 0 and below 1, given str '0.5'"),
        (lambda: nn.AlphaDropout(1), ValueError, "below 1, given 1"),
        (lambda: nn.GaussianDropout(1), ValueError, "below 1, given 1"),
        (lambda: nn.GaussianNoise(-1), ValueError, "stddev must be a number, at least 0, given -1"),
        (lambda: nn.SpatialDropout2D(0.5, data_format="NHWC"), ValueError, "data_format .* 'NHWC' was given"),
        (
            lambda: nn.SpatialDropout1D(0.5).train()(np.ones((2, 3))),
            ValueError,
            r"\(None, 1, None\) must have .*\(2, 3\)",
        ),
        (
            lambda: nn.Dropout(0.5, noise_shape=(2, 2)).train()(np.ones((2, 3))),
            ValueError,
            "the same length, 1 or None",
        ),
    ],
)
def test_bad_arguments_say_what_to_write(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("layer", "amount"), [(nn.Dropout(0), "rate"), (nn.GaussianNoise(0), "stddev"), (nn.GaussianDropout(0), "rate")]
)
def test_what_is_set_later_counts(layer, amount):
    x = np.ones((4, 50), np.float32)
    np.testing.assert_array_equal(layer.train()(x).data, x)
    setattr(layer, amount, 0.5)
    assert (layer(x).data != x).any()
