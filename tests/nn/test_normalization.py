"""Normalisation: what it computes, its derivatives, its moving averages, and numbers that are hard on float32."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.layers.moments import mean_square, moments, scale_shift, total, total_product

RNG = np.random.default_rng(5)


def draw(*shape):
    return RNG.standard_normal(shape)


def normalized_slowly(x, groups, epsilon, gamma=None, beta=None, mean=None, variance=None):
    """`groups` and the weights say for each element of x to which group it belongs and which weight it meets."""
    out = np.empty(x.shape)
    for group in np.unique(groups):
        members = [index for index in np.ndindex(x.shape) if groups[index] == group]
        own_mean = sum(x[i] for i in members) / len(members) if mean is None else mean[group]
        own_variance = (
            sum((x[i] - own_mean) ** 2 for i in members) / len(members) if variance is None else variance[group]
        )
        for i in members:
            out[i] = (x[i] - own_mean) / (own_variance + epsilon) ** 0.5
            out[i] = out[i] * (1 if gamma is None else gamma[i]) + (0 if beta is None else beta[i])
    return out


def along(weight, shape, axis):
    """The weight, one number for each index of the axes, at each element of an array of this shape."""
    axes = [a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))]
    return np.array([weight[tuple([index[a] for a in axes])] for index in np.ndindex(shape)]).reshape(shape)


def numbers_along(shape, axis):
    """For each element the number of its place along these axes."""
    axes = [a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))]
    lengths = [shape[a] for a in axes]
    return along(np.arange(np.prod(lengths)).reshape(lengths), shape, axis)


@pytest.mark.parametrize(
    ("shape", "axis"), [((4, 3), -1), ((3, 2, 2), -1), ((3, 2, 2, 2), -1), ((3, 2, 2, 2), 1), ((2, 3, 1), 1)]
)
def test_batch_normalization_while_training(agrees_with_formula, shape, axis):
    def formula(x, gamma, beta, moving_mean, moving_variance):
        groups = numbers_along(shape, axis)
        return normalized_slowly(x, groups, 1e-3, along(gamma, shape, axis), along(beta, shape, axis))

    agrees_with_formula(nn.BatchNormalization(axis=axis).train(), formula, draw(*shape))


@pytest.mark.parametrize(("shape", "axis"), [((4, 3), -1), ((3, 2, 2, 2), 1)])
def test_batch_normalization_uses_the_moving_averages_when_not_training(agrees_with_formula, shape, axis):
    def formula(x, gamma, beta, moving_mean, moving_variance):
        weights = along(gamma, shape, axis), along(beta, shape, axis)
        return normalized_slowly(x, numbers_along(shape, axis), 1e-3, *weights, moving_mean, moving_variance)

    agrees_with_formula(nn.BatchNormalization(axis=axis), formula, draw(*shape))


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((4, 3), -1), ((2, 3, 4), -1), ((2, 3, 4), 1), ((2, 3, 2, 2), (1, 2, 3)), ((2, 2, 3, 2), (-3, -1))],
)
def test_layer_normalization(agrees_with_formula, shape, axis):
    features = {a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))}
    others = tuple(a for a in range(len(shape)) if a not in features)

    def formula(x, gamma, beta):
        where = tuple(sorted(features))
        groups = numbers_along(shape, others)
        return normalized_slowly(x, groups, 1e-3, along(gamma, shape, where), along(beta, shape, where))

    agrees_with_formula(nn.LayerNormalization(axis=axis), formula, draw(*shape))


@pytest.mark.parametrize(("shape", "axis"), [((4, 3), -1), ((2, 3, 4), 1), ((2, 3, 2), (1, 2))])
def test_rms_normalization(agrees_with_formula, shape, axis):
    features = tuple(sorted(a % len(shape) for a in (axis if isinstance(axis, tuple) else (axis,))))
    groups = numbers_along(shape, tuple(a for a in range(len(shape)) if a not in features))

    def formula(x, scale):
        out = np.empty(shape)
        for index in np.ndindex(shape):
            squares = [x[i] ** 2 for i in np.ndindex(shape) if groups[i] == groups[index]]
            out[index] = x[index] / (sum(squares) / len(squares) + 1e-6) ** 0.5
        return out * along(scale, shape, features)

    agrees_with_formula(nn.RMSNormalization(axis=axis), formula, draw(*shape))


@pytest.mark.parametrize(
    ("shape", "axis", "groups"),
    [((3, 4), -1, 2), ((2, 2, 2, 4), -1, 2), ((2, 4, 2, 2), 1, 2), ((2, 3, 4), -1, -1), ((2, 3, 4), -1, 1)],
)
def test_group_normalization(agrees_with_formula, shape, axis, groups):
    channels = shape[axis]
    of_channel = along(np.arange(channels) // (channels // (channels if groups == -1 else groups)), shape, axis)
    members = numbers_along(shape, 0) * channels + of_channel

    def formula(x, gamma, beta):
        return normalized_slowly(x, members, 1e-3, along(gamma, shape, axis), along(beta, shape, axis))

    agrees_with_formula(nn.GroupNormalization(groups, axis=axis), formula, draw(*shape))


def test_batch_normalization_is_pytorch_s(agrees_with_torch, torch):
    def function(x, gamma, beta, moving_mean, moving_variance):
        return torch.nn.functional.batch_norm(x.movedim(-1, 1), None, None, gamma, beta, True, eps=1e-3).movedim(1, -1)

    agrees_with_torch(nn.BatchNormalization().train(), function, draw(40, 9, 9, 30))  # more than one block


def test_channels_first_batch_normalization_is_pytorch_s(agrees_with_torch, torch):
    def function(x, gamma, beta, moving_mean, moving_variance):
        return torch.nn.functional.batch_norm(x, moving_mean, moving_variance, gamma, beta, False, eps=1e-3)

    agrees_with_torch(nn.BatchNormalization(axis=1), function, draw(40, 30, 9, 9))


def test_layer_normalization_is_pytorch_s(agrees_with_torch, torch):
    def function(x, gamma, beta):
        return torch.nn.functional.layer_norm(x, (20, 60), gamma, beta, eps=1e-3)

    agrees_with_torch(nn.LayerNormalization(axis=(2, 3)), function, draw(30, 3, 20, 60))


def test_rms_normalization_is_pytorch_s(agrees_with_torch, torch):
    def function(x, scale):
        return torch.nn.functional.rms_norm(x, (60,), scale, eps=1e-6)

    agrees_with_torch(nn.RMSNormalization(), function, draw(30, 40, 60))


@pytest.mark.parametrize("axis", [-1, 1])
def test_group_normalization_is_pytorch_s(agrees_with_torch, torch, axis):
    def function(x, gamma, beta):
        return torch.nn.functional.group_norm(x.movedim(axis, 1), 4, gamma, beta, eps=1e-3).movedim(1, axis)

    agrees_with_torch(nn.GroupNormalization(4, axis=axis), function, draw(9, 20, 20, 20))


PATTERNS = [((3, 4), (1, 4)), ((3, 4), (3, 1)), ((2, 3, 2, 3), (2, 1, 1, 3)), ((2, 3, 2), (1, 3, 1)), ((3, 2), (1, 1))]


@pytest.mark.parametrize(("x", "statistic"), PATTERNS)
@pytest.mark.parametrize("block", [1, 1 << 16])
def test_derivatives_are_exact_to_second_order(x, statistic, block, monkeypatch):
    monkeypatch.setattr("nn.layers.moments._BLOCK", block)
    centre = draw(*statistic)
    tg.check_grads(lambda x: tg.square(total(x, shape=statistic)), draw(*x))
    tg.check_grads(lambda x, y: total_product(x, y, centre=centre, shape=statistic), draw(*x), draw(*x))
    tg.check_grads(lambda x, y: total_product(x, y, centre=None, shape=statistic), draw(*x), draw(*x))
    tg.check_grads(lambda x, a, b: scale_shift(x, a, b, centre=centre), draw(*x), draw(*statistic), draw(*statistic))
    tg.check_grads(lambda x, a: scale_shift(x, a, None), draw(*x), draw(*statistic))
    tg.check_grads(lambda x: moments(x, shape=statistic), draw(*x))
    tg.check_grads(lambda x: mean_square(x, shape=statistic), draw(*x))


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (nn.BatchNormalization, (4, 3)),
        (nn.LayerNormalization, (3, 4)),
        (nn.RMSNormalization, (3, 4)),
        (lambda: nn.GroupNormalization(2), (2, 3, 4)),
    ],
)
def test_layers_can_be_differentiated_twice(make, shape):
    layer = make().train()
    layer(draw(*shape))
    names = [name for name, weight in layer.named_weights() if weight.requires_grad]

    def outputs(x, *weights):
        for name, weight in zip(names, weights, strict=True):
            setattr(layer, name, weight)
        return tg.sin(layer(x))

    tg.check_grads(outputs, draw(*shape), *[draw(*getattr(layer, name).shape) for name in names])


@pytest.mark.parametrize(("x", "statistic"), PATTERNS)
@pytest.mark.parametrize("block", [1, 5, 1 << 16])
def test_moments_are_numpy_s_whatever_the_blocks(x, statistic, block, monkeypatch):
    monkeypatch.setattr("nn.layers.moments._BLOCK", block)
    x = draw(*x)
    axes = tuple(a for a, n in enumerate(statistic) if n == 1)
    mean, variance = moments(x, statistic)
    np.testing.assert_allclose(mean, x.mean(axes, keepdims=True), atol=1e-14)
    np.testing.assert_allclose(variance, x.var(axes, keepdims=True), atol=1e-14)
    np.testing.assert_allclose(total(x, statistic), x.sum(axes, keepdims=True), atol=1e-14)
    np.testing.assert_allclose(mean_square(x, statistic), (x * x).mean(axes, keepdims=True), atol=1e-14)


@pytest.mark.parametrize("sort", [False, True])
@pytest.mark.parametrize(
    ("shape", "statistic"), [((100, 50, 30), (1, 1, 30)), ((3, 50000), (3, 1)), ((100, 30, 50), (1, 30, 1))]
)
def test_moments_are_exact_where_the_mean_is_a_thousand_standard_deviations(shape, statistic, sort):
    x = draw(*shape) + 1000
    x = (np.sort(x, axis=0) if sort else x).astype(np.float32)
    axes = tuple(a for a, n in enumerate(statistic) if n == 1)
    mean, variance = moments(x, statistic)
    assert mean.dtype == np.float32
    np.testing.assert_allclose(mean, x.astype(float).mean(axes, keepdims=True), rtol=1e-7)
    np.testing.assert_allclose(variance, x.astype(float).var(axes, keepdims=True), rtol=2e-5)


@pytest.mark.parametrize("make", [nn.BatchNormalization, nn.LayerNormalization])
def test_gradients_are_right_where_the_mean_is_a_thousand_standard_deviations(make):
    x, g = draw(4000, 20) + 1000, draw(4000, 20) + 1
    grads = []
    for dtype in (np.float32, np.float64):
        layer = make().train()
        given = tg.tensor(x.astype(np.float32).astype(dtype), requires_grad=True)
        layer(given)
        for key, value in (("gamma", 1.0), ("beta", 0.0)):
            setattr(layer, key, tg.tensor(np.full(20, value, dtype), requires_grad=True))
        (layer(given) * g.astype(dtype)).sum().backward()
        grads.append([layer.gamma.grad.numpy(), layer.beta.grad.numpy(), given.grad.numpy()])
    for single, double in zip(*grads, strict=True):
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, double, rtol=1e-3, atol=1e-3 * np.abs(double).max())


def test_a_constant_channel_becomes_beta():
    layer = nn.BatchNormalization(beta_initializer="ones").train()
    np.testing.assert_array_equal(layer(np.full((50, 3), 1234.567, np.float32)).detach().numpy(), np.ones((50, 3)))


def test_moving_averages_follow_the_batches():
    layer = nn.BatchNormalization(momentum=0.9).train()
    mean, variance = np.zeros(3), np.ones(3)
    for _ in range(3):
        x = draw(6, 5, 3) * 2 + 7
        layer(x.astype(np.float32))
        mean = mean * 0.9 + x.mean((0, 1)) * 0.1
        variance = variance * 0.9 + x.var((0, 1)) * 0.1  # divided by n: as in Keras, not as in PyTorch
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-5)
    before = layer.get_weights()
    layer.eval()(draw(6, 5, 3))
    for was, weight in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(was, weight)


def test_moving_averages_are_weights_that_no_gradient_trains():
    layer = nn.BatchNormalization(input_shape=(4,))
    model = nn.Sequential([layer])
    names = ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [name for name, _ in layer.named_weights()] == names
    assert [w.name for w in model.trainable_weights] == ["batch_normalization.gamma", "batch_normalization.beta"]
    assert model.count_params() == 16


@pytest.mark.parametrize("layer", [nn.BatchNormalization, nn.LayerNormalization, nn.GroupNormalization])
def test_center_and_scale_can_be_left_out(layer):
    groups = {"groups": 2} if layer is nn.GroupNormalization else {}
    x = draw(5, 4).astype(np.float32)
    plain = layer(center=False, scale=False, **groups).train()
    expected = plain(x).numpy()
    assert plain.trainable_weights == []
    for center, scale, names in ((True, False, ["beta"]), (False, True, ["gamma"])):
        other = layer(center=center, scale=scale, **groups).train()
        np.testing.assert_allclose(other(x).detach().numpy(), expected, atol=1e-6)
        assert [name for name, _ in other.named_weights()][:1] == names and len(other.trainable_weights) == 1


@pytest.mark.parametrize("make", [nn.BatchNormalization, nn.LayerNormalization, nn.RMSNormalization])
@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32, np.float64])
def test_layers_compute_in_their_weights_dtype(make, dtype):
    layer = make().train()
    x = tg.tensor((draw(8, 4) * 10 + 100).astype(dtype))
    assert layer(x).dtype == np.float32
    assert all(w.dtype == np.float32 for w in layer.weights)


def test_float16_is_normalized_in_float32_and_rounded_once():
    layer = nn.LayerNormalization(center=False, scale=False)
    x = (draw(3, 5000) * 300 + 1000).astype(np.float16)  # its squares are no float16
    out = layer(tg.tensor(x)).numpy()
    exact = x.astype(float)
    exact = (exact - exact.mean(1, keepdims=True)) / np.sqrt(exact.var(1, keepdims=True) + 1e-3)
    assert out.dtype == np.float16
    np.testing.assert_allclose(out, exact, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("make", [nn.LayerNormalization, nn.RMSNormalization, lambda: nn.GroupNormalization(2)])
def test_an_empty_batch_stays_empty(make):
    x = tg.tensor(np.zeros((0, 4), np.float32), requires_grad=True)
    out = make()(x)
    out.sum().backward()
    assert out.shape == x.grad.shape == (0, 4)


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_input_s_layout_in_memory_does_not_matter(order):
    x = np.asarray(draw(4, 5, 6), order=order)
    out = nn.LayerNormalization(epsilon=0)(x).detach().numpy()
    np.testing.assert_allclose(out, (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.BatchNormalization(axis=2)(draw(2, 3)), ValueError, "input of 2 axes: it has no axis 2"),
        (lambda: nn.BatchNormalization(axis=1.5), TypeError, "axis must be a whole number, such as -1, given 1.5"),
        (
            lambda: nn.BatchNormalization(axis=(1, 2)),
            TypeError,
            r"axis must be a whole number, such as -1, given \(1, 2\)",
        ),
        (lambda: nn.BatchNormalization(momentum=99), ValueError, "momentum must be from 0 to 1, given 99"),
        (lambda: nn.BatchNormalization(epsilon=-1), ValueError, "epsilon must be a number, at least 0, given -1"),
        (lambda: nn.BatchNormalization().train()(np.ones((0, 3))), ValueError, r"empty batch.*\(0, 3\)"),
        (lambda: nn.LayerNormalization(axis=(1, 5))(draw(2, 3)), ValueError, "it has no axis 5"),
        (lambda: nn.GroupNormalization(0), ValueError, "groups must be a whole number of at least 1, given 0"),
        (lambda: nn.GroupNormalization(3)(draw(2, 4)), ValueError, "4 channels, .* can't be divided into 3 groups"),
        (lambda: nn.GroupNormalization(8)(draw(2, 4)), ValueError, "4 channels, .* can't be divided into 8 groups"),
        (lambda: nn.GroupNormalization(2, axis=0)(draw(2, 4)), ValueError, "has the batch as axis 0"),
    ],
)
def test_bad_arguments_say_what_to_write(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize("make", [nn.BatchNormalization, nn.LayerNormalization, nn.RMSNormalization])
def test_another_number_of_channels_than_at_first_is_named(make):
    layer = make()
    layer(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"\(axis=-1\) has weights of shape \(3,\), .* input of shape \(2, 4\)"):
        layer(np.ones((2, 4)))
