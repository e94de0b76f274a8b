"""Convolutions and pooling in machine code give what NumPy's products give, for every way in which windows can lie."""

import math
import runpy

import numpy as np
import pytest

import tinygrad_lite as tg
from tinygrad_lite.ops import convolution, machine_code, pooling
from tinygrad_lite.ops.windows import Windows

RNG = np.random.default_rng(7)
LAYOUTS = [
    # images, window, filters, strides, padding, dilation
    ((3, 26, 26, 32), (3, 3), 64, (1, 1), ((0, 0), (0, 0)), (1, 1)),
    ((5, 11, 9, 16), (3, 3), 48, (1, 1), ((1, 1), (1, 1)), (1, 1)),
    ((2, 12, 31, 3), (5, 4), 16, (2, 3), ((2, 1), (0, 3)), (1, 1)),
    ((2, 7, 40, 1), (3, 2), 32, (1, 2), ((0, 0), (1, 0)), (2, 1)),
    ((4, 6, 5, 80), (1, 1), 16, (1, 1), ((0, 0), (0, 0)), (1, 1)),
    ((2, 3, 3, 16), (3, 3), 128, (1, 1), ((2, 2), (2, 2)), (1, 1)),
    ((2, 5, 4, 16), (2, 2), 16, (3, 1), ((3, 4), (4, 5)), (1, 1)),  # some windows lie outside altogether
    ((0, 5, 4, 16), (2, 2), 16, (1, 1), ((0, 0), (0, 0)), (1, 1)),
]


def noted(used, name, function):
    def call(*args):
        used.append(name)
        return function(*args)

    return call


@pytest.fixture
def used(numba, monkeypatch):
    """The names of the loops in machine code that were used, in order."""
    from tinygrad_lite.ops import direct_convolution, direct_pooling

    used = []
    for direct, name in [
        (direct_convolution, "conv"),
        (direct_convolution, "conv_kernel"),
        (direct_pooling, "largest"),
        (direct_pooling, "find"),
        (direct_pooling, "hand_back"),
    ]:
        monkeypatch.setattr(direct, name, noted(used, name, getattr(direct, name)))
    return used


def three_steps(x, kernel, bias, y, windows):
    """What the three steps of a convolution compute."""
    return [
        convolution._conv(x, kernel, bias, windows, 1),
        convolution._conv(x, kernel, None, windows, 1),
        convolution._conv_input(y, kernel, x.shape, windows, 1),
        convolution._conv_kernel(x, y, kernel.shape, windows, 1),
    ]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "window", "filters", "strides", "padding", "dilation"), LAYOUTS)
@pytest.mark.parametrize("threads", [1, 3])
def test_machine_code_gives_what_numpy_gives(
    used, monkeypatch, shape, window, filters, strides, padding, dilation, dtype, threads
):
    windows = Windows(window, strides, padding, dilation)
    y_shape = (shape[0], *windows.lengths(shape), filters)
    shapes = shape, (*window, shape[-1], filters), (filters,), y_shape
    given = [RNG.standard_normal(s).astype(dtype) for s in shapes]
    monkeypatch.setattr(machine_code, "WORTH_COMPILING", math.inf)
    expected = three_steps(*given, windows)
    assert not used
    monkeypatch.setattr(machine_code, "WORTH_COMPILING", 0)
    with tg.threads(threads):
        computed = three_steps(*given, windows)
    assert used.count("conv") >= 2 and used.count("conv_kernel") == 1
    assert used.count("conv") == 3 or windows.back() is None or shape[-1] % 16
    for ours, theirs in zip(computed, expected, strict=True):
        assert ours.dtype == dtype and ours.shape == theirs.shape
        size = np.abs(theirs).max(initial=1)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=size * 100 * np.finfo(dtype).eps)


def test_the_arrays_may_lie_in_any_order(used, monkeypatch):
    windows = Windows((3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1))
    x, kernel = RNG.standard_normal((16, 9, 8, 3)).T, RNG.standard_normal((16, 16, 3, 3)).T
    y = RNG.standard_normal((16, 7, 6, 3)).T.transpose(0, 2, 1, 3).swapaxes(1, 2)
    given = x, kernel, np.arange(32.0)[::2], y
    monkeypatch.setattr(machine_code, "WORTH_COMPILING", math.inf)
    expected = three_steps(*given, windows)
    monkeypatch.setattr(machine_code, "WORTH_COMPILING", 0)
    for ours, theirs in zip(three_steps(*given, windows), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
    assert used


@pytest.mark.parametrize(
    ("x", "kernel", "groups"),
    [
        (np.ones((2, 5, 5, 4), np.float16), np.ones((3, 3, 4, 32), np.float16), 1),
        (np.ones((2, 5, 5, 4), np.float32), np.ones((3, 3, 4, 32)), 1),
        (np.ones((2, 5, 5, 4), int), np.ones((3, 3, 4, 32), int), 1),
        (np.ones((2, 5, 5, 4)), np.ones((3, 3, 2, 32)), 2),
        (np.ones((2, 5, 5, 4)), np.ones((3, 3, 4, 5)), 1),
        (np.ones((2, 5, 4)), np.ones((3, 4, 32)), 1),
        (np.ones((1, 5, 5, 5, 1)), np.ones((3, 3, 3, 1, 32)), 1),
    ],
)
def test_numpy_does_the_rest(used, monkeypatch, x, kernel, groups):
    monkeypatch.setattr(machine_code, "WORTH_COMPILING", 0)
    y = tg.conv(x, kernel, groups=groups)
    assert (y == kernel[..., 0].size).all()
    assert not used


def test_small_convolutions_do_not_wait_for_a_compiler(used):
    tg.conv(np.ones((8, 9, 9, 16)), np.ones((3, 3, 16, 16)))
    assert not used


def test_gradients_to_second_order(used, monkeypatch):
    monkeypatch.setattr(machine_code, "WORTH_COMPILING", 0)
    x, kernel, bias = (RNG.standard_normal(shape) for shape in ((1, 4, 4, 16), (3, 2, 16, 16), (16,)))
    tg.check_grads(lambda x, k, b: tg.conv(x, k, b, padding="same"), x, kernel, bias, order=2)
    assert set(used) == {"conv", "conv_kernel"}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "window", "strides", "padding"),
    [
        ((3, 24, 24, 64), (2, 2), (2, 2), ((0, 0), (0, 0))),
        ((2, 7, 6, 5), (3, 2), (1, 2), ((1, 0), (0, 1))),
        ((2, 5, 9, 3), (2, 3), (3, 4), ((2, 1), (1, 2))),  # some windows lie outside altogether
        ((0, 4, 4, 2), (2, 2), (2, 2), ((0, 0), (0, 0))),
    ],
)
def test_max_pooling_in_machine_code_gives_what_numpy_gives(used, monkeypatch, shape, window, strides, padding, dtype):
    windows = Windows(window, strides, padding, (1, 1))
    x = RNG.integers(-2, 3, shape).astype(dtype)  # ties
    x[RNG.random(shape) < 0.05] = np.nan
    x[RNG.random(shape) < 0.3] = -np.inf
    g = RNG.standard_normal((shape[0], *windows.lengths(shape), shape[-1])).astype(dtype)

    def steps():
        out = pooling._max_pool(x, windows)
        winners = pooling._winners(x, out, windows=windows)
        return out, winners, pooling._put_back(g, winners, shape, windows)

    monkeypatch.setattr(machine_code, "WORTH_COMPILING", math.inf)
    expected = steps()
    assert not used
    monkeypatch.setattr(machine_code, "WORTH_COMPILING", 0)
    for ours, theirs in zip(steps(), expected, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    assert used == ["largest", "find", "hand_back"]


@pytest.mark.parametrize("mishap", ["the index is damaged", "the code is damaged", "the disk is full"])
def test_what_is_wrong_with_the_code_on_disk_is_no_reason_to_fail(numba, monkeypatch, tmp_path, mishap):
    file = tmp_path / "loops.py"
    file.write_text("def double(x):\n    return 2 * x\n")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))

    def made():
        return machine_code.compiled(runpy.run_path(str(file))["double"])

    def full(*_):
        raise OSError(28, "No space left on device")

    if mishap == "the disk is full":
        monkeypatch.setattr("numba.core.caching.IndexDataCacheFile.save", full)
    assert made()(3.0) == 6
    kept = [path for path in tmp_path.rglob("*.nb?") if path.suffix == (".nbi" if "index" in mishap else ".nbc")]
    assert bool(kept) == ("damaged" in mishap)
    for path in kept:
        path.write_bytes(path.read_bytes()[:100])
    double = made()
    assert double(3.0) == double(3.0) == 6
