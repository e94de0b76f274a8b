"""Augmentation: what becomes of each pixel, judged by NumPy's own turns and by a slow loop, and how random it is."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.augmentation import smooth_noise, warp

RNG = np.random.default_rng(5)
EVERYTHING = {"shift": 2.0, "rotate": 10.0, "zoom": 0.1, "shear": 10.0, "elastic": 1.0}


def images(n=3, height=8, width=9, dtype=np.float64):
    return RNG.random((n, height, width)).astype(dtype)


@pytest.mark.parametrize("shape", [(3, 8, 9), (3, 8, 9, 1), (3, 8, 9, 2), (70, 28, 28), (0, 8, 9)])
def test_nothing_asked_for_gives_a_new_array_of_the_same_numbers(shape):
    x = RNG.random(shape, np.float32)
    warped = warp(x)
    assert warped.dtype == np.float32 and not np.shares_memory(warped, x)
    np.testing.assert_array_equal(warped, x)


@pytest.mark.parametrize(("down", "right"), [(1, 0), (0, -3), (2, 4), (-7, 8), (8, 0), (0, 100)])
def test_a_shift_by_whole_pixels_moves_them_and_zeros_come_in(down, right):
    x = images(dtype=np.float32)
    far = np.zeros((3, 8 + 200, 9 + 200), np.float32)
    far[:, 100:108, 100:109] = x
    moved = np.roll(far, (down, right), axis=(1, 2))[:, 100:108, 100:109]
    np.testing.assert_array_equal(warp(x, shift=(down, right)), moved)


@pytest.mark.parametrize("quarters", [1, 2, 3, -1])
@pytest.mark.parametrize("size", [8, 9])
def test_a_quarter_turn_is_rot90(quarters, size):
    x = images(3, size, size, np.float32)
    turned = np.rot90(x, quarters, axes=(1, 2))
    np.testing.assert_allclose(warp(x, rotate=90 * quarters), turned, atol=1e-6)


def test_a_zoom_shows_the_middle_larger():
    x = np.broadcast_to(np.arange(9.0)[:, None], (2, 9, 9))  # each pixel says in which row it is
    np.testing.assert_allclose(warp(x, zoom=(2, 1))[0], np.broadcast_to(np.arange(2, 6.5, 0.5)[:, None], (9, 9)))
    np.testing.assert_allclose(warp(x, zoom=(1, 2)), x)


def test_a_smaller_zoom_has_zeros_around_it():
    x = np.ones((1, 9, 9))
    inside = np.zeros((1, 9, 9))
    inside[:, 2:7, 2:7] = 1
    np.testing.assert_array_equal(warp(x, zoom=0.5), inside)


def test_a_slant_goes_to_the_right_as_italics_do():
    upright = np.zeros((1, 5, 5))
    upright[:, :, 2] = 1
    np.testing.assert_allclose(warp(upright, shear=45)[0], np.eye(5)[::-1], atol=1e-12)


def test_a_displacement_says_how_much_farther_each_pixel_is_looked_up():
    x = images()
    down, right = RNG.integers(-2, 3, (2, 3, 8, 9))
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2)))
    n, i, j = np.indices(x.shape)
    looked_up = padded[n, i + down + 2, j + right + 2]
    np.testing.assert_array_equal(warp(x, displacement=np.stack([down, right], axis=1)), looked_up)


def slowly_warped(image, shift, rotate, zoom, shear, displacement):
    """One channel of one image, pixel by pixel. Where ink goes is a product of matrices, the way back its inverse."""
    height, width = image.shape
    angle, tan = np.radians(rotate), np.tan(np.radians(shear))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # (row, column), rows go down
    slant = np.array([[1, 0], [-tan, 1]])
    back = np.linalg.inv(turn @ slant @ np.diag(zoom))
    middle = np.array([height - 1, width - 1]) / 2
    out = np.zeros(image.shape)
    for i in range(height):
        for j in range(width):
            y, x = back @ (np.array([i, j]) - middle - shift) + middle + displacement[:, i, j]
            for row in range(height):
                for column in range(width):
                    out[i, j] += image[row, column] * max(0, 1 - abs(y - row)) * max(0, 1 - abs(x - column))
    return out


def test_everything_together_is_what_a_slow_loop_gives():
    x = RNG.random((4, 6, 7, 2))
    asked = {
        "shift": RNG.uniform(-2, 2, (4, 2)),
        "rotate": RNG.uniform(-180, 180, 4),
        "zoom": RNG.uniform(0.5, 1.5, (4, 2)),
        "shear": RNG.uniform(-50, 50, 4),
        "displacement": RNG.uniform(-1, 1, (4, 2, 6, 7)),
    }
    slow = [[slowly_warped(x[n, :, :, c], *[a[n] for a in asked.values()]) for c in range(2)] for n in range(4)]
    np.testing.assert_allclose(warp(x, **asked), np.moveaxis(np.array(slow), 1, -1), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(warp(x.astype(np.float32), **asked), np.moveaxis(np.array(slow), 1, -1), atol=2e-5)


def test_what_is_asked_once_is_done_to_all_and_many_images_are_done_as_each_alone():
    x = images(70, 28, 28, np.float32)
    field = RNG.uniform(-1, 1, (2, 28, 28))
    together = warp(x, (1, 2), 10, 1.1, 5, field)
    for n in (0, 25, 69):
        np.testing.assert_allclose(
            together[n : n + 1], warp(x[n : n + 1], [[1, 2]], [10], [[1.1, 1.1]], [5], field[None]), atol=1e-6
        )
    with tg.threads(2):
        np.testing.assert_array_equal(warp(x, (1, 2), 10, 1.1, 5, field), together)


@pytest.mark.parametrize(
    ("given", "result"),
    [("uint8", "float32"), ("bool", "float32"), ("float16", "float16"), ("float32", "float32"), ("float64", "float64")],
)
def test_floating_point_numbers_keep_their_dtype_and_others_become_float32(given, result):
    x = (images() * 255).astype(given)
    half_way = warp(x, shift=(0, 0.5))
    assert half_way.dtype == result
    expected = (x.astype(np.float64)[:, :, 1:] + x.astype(np.float64)[:, :, :-1]) / 2
    np.testing.assert_allclose(half_way[:, :, 1:], expected, rtol=1e-3)


def test_float16_is_computed_in_float32():
    x = images(3, 28, 28, np.float16)
    np.testing.assert_array_equal(warp(x, rotate=30), warp(x.astype(np.float32), rotate=30).astype(np.float16))


def test_smooth_noise_has_the_amplitude_and_the_smoothness_asked_for():
    nn.set_random_seed(1)
    noise = smooth_noise((5000, 20, 24), sigma=3)
    assert noise.dtype == np.float32
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=0.06)
    np.testing.assert_allclose(noise.std(axis=0), 1, atol=0.05)  # also at the edges
    for d in (1, 3, 6):
        nearness = np.exp(-((d / 6) ** 2))
        assert (noise[:, 10, 9] * noise[:, 10, 9 + d]).mean() == pytest.approx(nearness, abs=0.05)
        assert (noise[:, 8, 12] * noise[:, 8 + d, 12]).mean() == pytest.approx(nearness, abs=0.05)


def test_noise_that_is_not_smoothed_is_independent():
    nn.set_random_seed(2)
    noise = smooth_noise((5000, 4, 4), sigma=0)
    assert (noise[:, 1, 1] * noise[:, 1, 2]).mean() == pytest.approx(0, abs=0.05)
    np.testing.assert_allclose(noise.std(axis=0), 1, atol=0.05)


def ways_back(**limits):
    """Of 2,000 random warps, near the middle: how rows and columns of the image depend on those of the result."""
    nn.set_random_seed(3)
    places = np.broadcast_to(np.moveaxis(np.indices((15, 15)) - 7.0, 0, -1), (2000, 15, 15, 2))
    seen = nn.RandomWarp(**limits).train()(tg.tensor(places)).numpy()
    matrices = np.stack([seen[:, 8, 7] - seen[:, 7, 7], seen[:, 7, 8] - seen[:, 7, 7]], axis=-1)
    return matrices, -seen[:, 7, 7]


def is_uniform(values, limit):
    assert abs(values).max() <= limit * (1 + 1e-6) and abs(values).max() > 0.99 * limit
    assert values.std() == pytest.approx(limit / 3**0.5, rel=0.05) and values.mean() == pytest.approx(0, abs=limit / 20)


def test_the_layer_shifts_evenly_up_to_its_limit():
    matrices, shifts = ways_back(shift=2)
    np.testing.assert_allclose(matrices, np.broadcast_to(np.eye(2), (2000, 2, 2)), atol=1e-12)
    is_uniform(shifts[:, 0], 2)
    is_uniform(shifts[:, 1], 2)
    assert abs(np.corrcoef(shifts.T)[0, 1]) < 0.1


def test_the_layer_rotates_evenly_up_to_its_limit():
    matrices, shifts = ways_back(rotate=10)
    np.testing.assert_allclose(matrices @ matrices.mT, np.broadcast_to(np.eye(2), (2000, 2, 2)), atol=1e-12)
    is_uniform(np.degrees(np.arcsin(matrices[:, 0, 1])), 10)
    np.testing.assert_allclose(shifts, 0, atol=1e-12)


def test_the_layer_zooms_evenly_up_to_its_limit_each_axis_for_itself():
    matrices, _ = ways_back(zoom=0.2)
    np.testing.assert_allclose(matrices[:, [0, 1], [1, 0]], 0, atol=1e-12)
    for axis in (0, 1):
        is_uniform(1 / matrices[:, axis, axis] - 1, 0.2)
    assert abs(np.corrcoef(matrices[:, 0, 0], matrices[:, 1, 1])[0, 1]) < 0.1


def test_the_layer_slants_evenly_up_to_its_limit():
    matrices, _ = ways_back(shear=15)
    is_uniform(np.degrees(np.arctan(matrices[:, 1, 0])), 15)
    matrices[:, 1, 0] = 0
    np.testing.assert_allclose(matrices, np.broadcast_to(np.eye(2), (2000, 2, 2)), atol=1e-12)


def test_the_layer_bends_by_as_much_as_it_was_told():
    slopes, displacements = ways_back(elastic=0.8, sigma=4)
    np.testing.assert_allclose(displacements.std(axis=0), 0.8, rtol=0.05)
    slope = 0.8 * (2 - 2 * np.exp(-1 / 64)) ** 0.5  # of neighbours that correlate by exp(-1 / (4 sigma**2))
    np.testing.assert_allclose((slopes - np.eye(2)).std(axis=0), slope, rtol=0.1)


def test_the_layer_only_warps_while_training_and_repeats_with_its_seed():
    layer, x = nn.RandomWarp(**EVERYTHING), images(5, 28, 28, np.float32)
    np.testing.assert_array_equal(layer(x).numpy(), x)
    nn.set_random_seed(4)
    first = layer.train()(x).numpy()
    assert first.dtype == np.float32
    assert all((warped != image).any() for warped, image in zip(first, x, strict=True))
    assert (layer(x).numpy() != first).any()
    nn.set_random_seed(4)
    np.testing.assert_array_equal(layer(x).numpy(), first)
    np.testing.assert_array_equal(layer.eval()(x).numpy(), x)


def test_the_layer_without_limits_changes_nothing_while_training():
    x = images(dtype=np.float32)
    np.testing.assert_array_equal(nn.RandomWarp().train()(x).numpy(), x)


@pytest.mark.parametrize("limit", EVERYTHING)
def test_each_limit_alone_is_enough_to_warp(limit):
    x = images(dtype=np.float32)
    assert (nn.RandomWarp(**{limit: EVERYTHING[limit]}).train()(x).numpy() != x).any()


def test_it_stands_at_the_head_of_a_model():
    x, y = images(40, 8, 8, np.float32)[..., None], RNG.integers(0, 2, (40, 1))
    model = nn.Sequential([nn.RandomWarp(**EVERYTHING, input_shape=(8, 8, 1)), nn.Flatten(), nn.Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    model.fit(x, y, epochs=1, verbose=0)
    assert model.layers[0].output_shape == (None, 8, 8, 1)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(model.predict(x), x.reshape(40, 64) @ kernel + bias, rtol=1e-5)


def test_a_gradient_that_would_be_lost_raises_and_one_that_is_not_is_handed_back():
    layer, x = nn.RandomWarp(shift=1), tg.ones((2, 5, 5), requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.tolist() == np.ones((2, 5, 5)).tolist()
    with pytest.raises(RuntimeError, match="hands back no gradient while training, but its input wants one"):
        layer.train()(x)
    with pytest.raises(RuntimeError, match="would drop the graph"):
        warp(x)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"shift": (1, 2, 3)}, ValueError, r"shift must have the shape \(3, 2\), or one that broadcasts to it"),
        ({"shift": np.ones((1, 3, 2))}, ValueError, r"given \(1, 3, 2\)"),
        ({"rotate": [1, 2]}, ValueError, r"rotate must have the shape \(3,\), or one that broadcasts to it, given"),
        ({"rotate": "10"}, TypeError, "rotate must be made of real numbers, given str '10'"),
        ({"zoom": 0}, ValueError, "zoom must be above 0, given 0"),
        ({"zoom": [[1, 1], [1, -2], [1, 1]]}, ValueError, "zoom must be above 0, given -2"),
        ({"shear": 1j}, TypeError, "shear must be made of real numbers"),
        ({"shear": float("nan")}, ValueError, "shear must be finite, given nan"),
        ({"shift": (0, np.inf)}, ValueError, "shift must be finite, given an infinity"),
        ({"displacement": np.zeros((3, 2, 9, 8))}, ValueError, r"displacement must have the shape \(3, 2, 8, 9\)"),
    ],
)
def test_what_cannot_be_done_to_images_is_refused(options, error, words):
    with pytest.raises(error, match=words):
        warp(images(), **options)


@pytest.mark.parametrize("shape", [(8, 9), (3, 8, 9, 1, 1), (784,)])
def test_what_are_no_images_is_refused(shape):
    words = r"must have the shape \(n, height, width\) or \(n, height, width, channels\), given"
    with pytest.raises(ValueError, match="images " + words):
        warp(np.zeros(shape))
    with pytest.raises(ValueError, match="the input of RandomWarp " + words):
        nn.RandomWarp()(np.zeros(shape))


def test_images_of_no_real_numbers_are_refused():
    with pytest.raises(TypeError, match="images must be made of real numbers, given an array of complex128"):
        warp(np.zeros((1, 2, 2), complex))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"shift": -1}, ValueError, "shift must be a number, at least 0, given -1"),
        ({"rotate": "10"}, TypeError, "rotate must be a number, at least 0, given str '10'"),
        ({"zoom": 1}, ValueError, "zoom must be a number, at least 0 and below 1, given 1"),
        ({"shear": 90}, ValueError, "shear must be a number, at least 0 and below 90, given 90"),
        ({"elastic": float("nan")}, ValueError, "elastic must be"),
        ({"sigma": -4}, ValueError, "sigma must be"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        nn.RandomWarp(**options)
