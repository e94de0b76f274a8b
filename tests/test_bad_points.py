"""Gradients at bad points: the written policy, a test for each line of it."""

import numpy as np
import pytest

import tinygrad_lite as tg

INF, NAN = float("inf"), float("nan")


def gradients(f, *points, seed=None):
    """The derivatives of f's sum by each point, once on arrays and once recorded: they must agree."""
    found = []
    for create_graph in (False, True):
        leaves = [tg.tensor(np.array(x, float), requires_grad=True) for x in points]
        with np.errstate(all="ignore"):
            out = f(*leaves)
            out.backward(np.ones(out.shape) if seed is None else np.array(seed, float), create_graph=create_graph)
        found.append([None if x.grad is None else x.grad.detach().tolist() for x in leaves])
        for x in leaves:
            x.grad = None
    np.testing.assert_equal(found[0], found[1])
    return found[0][0] if len(points) == 1 else found[0]


@pytest.mark.parametrize(
    "bad", [tg.sqrt, tg.log, lambda x: x**0.5, lambda x: 1 / x, tg.arccosh, lambda x: tg.sqrt(x * x * x)]
)
def test_where_hands_the_branch_not_taken_an_exact_zero(bad):
    at_one = gradients(bad, [1.5])[0]
    assert gradients(lambda x: tg.where(x > 1, bad(x), 0.0), [-1.0, 0.0, 1.5]) == [0.0, 0.0, at_one]


def test_where_hands_the_branch_not_taken_zero_in_the_second_order_too():
    f = lambda x: tg.where(x > 0, tg.sqrt(x), 0.0).sum()
    with np.errstate(all="ignore"):
        second = tg.grad(lambda x: tg.grad(f)(x).sum())(np.array([-1.0, 0.0, 4.0]))
    assert second.tolist() == [0.0, 0.0, -1 / 32]


def test_a_zero_cotangent_wins_over_an_infinite_derivative():
    assert gradients(tg.sqrt, [0.0, 4.0], seed=[0.0, 1.0]) == [0.0, 0.25]
    assert gradients(lambda x: 0.0 * tg.log(x), [0.0]) == [0.0]


def test_an_honest_nan_stays_nan():
    assert np.isnan(gradients(tg.log, [NAN])[0])
    assert np.isnan(gradients(lambda x: x * NAN, [1.0])[0])


POINTS = {
    "sqrt at 0": (tg.sqrt, [0.0], [INF]),
    "norm at 0": (tg.norm, [0.0, 0.0], [0.0, 0.0]),
    "norm at 0 along an axis": (lambda x: tg.norm(x, axis=1), [[0.0, 0.0], [3.0, 4.0]], [[0.0, 0.0], [0.6, 0.8]]),
    "std of a constant": (tg.std, [2.0, 2.0], [0.0, 0.0]),
    "var of a constant": (tg.var, [2.0, 2.0], [0.0, 0.0]),
    "abs at 0": (tg.abs, [0.0, -0.0, -2.0], [0.0, 0.0, -1.0]),
    "max with ties": (tg.max, [2.0, 2.0, 1.0], [0.5, 0.5, 0.0]),
    "min with ties": (tg.min, [2.0, 1.0, 1.0], [0.0, 0.5, 0.5]),
    "max with ties along an axis": (lambda x: tg.max(x, axis=0), [[2.0, 1.0], [2.0, 3.0]], [[0.5, 0.0], [0.5, 1.0]]),
    "maximum(a, a)": (lambda a: tg.maximum(a, a), [1.0], [1.0]),
    "clip at the bounds": (lambda x: tg.clip(x, 0.0, 1.0), [-0.1, 0.0, 1.0, 1.1], [0.0, 1.0, 1.0, 0.0]),
    "prod without a zero": (tg.prod, [2.0, 3.0, 4.0], [12.0, 8.0, 6.0]),
    "prod with one zero": (tg.prod, [2.0, 0.0, 4.0], [0.0, 8.0, 0.0]),
    "prod with two zeros": (tg.prod, [0.0, 0.0, 4.0], [0.0, 0.0, 0.0]),
    "prod that underflows": (tg.prod, [1e-200, 1e-200], [1e-200, 1e-200]),
    "prod that overflows": (tg.prod, [1e200, 1e200], [1e200, 1e200]),
    "cumprod with a zero": (lambda x: tg.cumprod(x, 0), [2.0, 0.0, 3.0, 4.0], [1.0, 32.0, 0.0, 0.0]),
    "cumprod that underflows": (lambda x: tg.cumprod(x, 0), [1e-200, 1e-200], [1.0, 1e-200]),
    "sinc' at 0": (tg.sinc, [0.0], [0.0]),
    "0 ** 0 by the base": (lambda x: x**0, [0.0], [0.0]),
    "0 ** 1 by the base": (lambda x: x ** np.array([1.0]), [0.0], [1.0]),
    "0 ** y by the exponent": (lambda y: 0.0**y, [0.0, 2.0], [0.0, 0.0]),
    "[0] ** y by the exponent": (lambda y: np.zeros(2) ** y, [0.0, 2.0], [0.0, 0.0]),
    "(-2) ** y by the exponent": (lambda y: (-2.0) ** y, [2.0], [NAN]),
    "[-2] ** y by the exponent": (lambda y: np.array([-2.0]) ** y, [2.0], [NAN]),
    "1 % 0.1 by the divisor": (lambda y: 1.0 % y, [0.1], [-9.0]),
    "floor and sign": (lambda x: tg.floor(x) + tg.sign(x), [0.0, 1.0], [0.0, 0.0]),
    "logsumexp of -inf": (tg.logsumexp, [-INF, -INF], [0.0, 0.0]),
    "logsumexp of one -inf": (tg.logsumexp, [-INF, 2.0], [0.0, 1.0]),
    "logsumexp of large numbers": (tg.logsumexp, [1e4, 1e4], [0.5, 0.5]),
    "logsumexp of distant numbers": (tg.logsumexp, [1e4, -1e4, 0.0], [1.0, 0.0, 0.0]),
    "x[[0, 0, 1]]": (lambda x: x[[0, 0, 1]], [1.0, 2.0], [2.0, 1.0]),
    "x[(0, 0, 1),]": (lambda x: x[(0, 0, 1),], [1.0, 2.0], [2.0, 1.0]),
    "sum of nothing": (lambda x: x[:0].sum() + x.sum(), [1.0, 2.0], [1.0, 1.0]),
    "negative strides": (lambda x: (x[::-1] * np.array([1.0, 2.0, 3.0])[::-1]).sum(), [1.0, 1.0, 1.0], [1.0, 2.0, 3.0]),
    "a size-0 reduction": (lambda x: x.sum(), np.ones((0, 3)), []),
    "mean of nothing": (lambda x: tg.where(False, x.mean(), 0.0), [], []),
}  # fmt: skip


@pytest.mark.parametrize("case", POINTS)
@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_derivative_at(case):
    f, point, expected = POINTS[case]
    np.testing.assert_array_equal(gradients(f, point), expected)


def test_std_of_a_constant_that_rounds():
    np.testing.assert_allclose(gradients(tg.std, [0.1] * 3), 0, atol=1e-12)


@pytest.mark.parametrize("f", [tg.arctan2, tg.hypot])
def test_arctan2_and_hypot_at_the_origin_hand_back_zero(f):
    assert gradients(f, [0.0], [0.0]) == [[0.0], [0.0]]


def test_arctan2_near_the_origin_neither_overflows_nor_vanishes():
    np.testing.assert_allclose(gradients(tg.arctan2, [0.0, 0.0], [1e-200, 1e200])[0], [1e200, 1e-200])


@pytest.mark.parametrize("f", [tg.maximum, tg.minimum])
def test_maximum_and_minimum_of_equals_split_evenly(f):
    assert gradients(f, [1.0], [1.0]) == [[0.5], [0.5]]


def test_clip_by_crossed_bounds_follows_numpy_to_the_upper_one():
    assert gradients(tg.clip, [1.0], [3.0], [2.0]) == [[0.0], [0.0], [1.0]]


def test_logaddexp_of_minus_infinities_is_minus_infinity_with_derivative_zero():
    assert tg.logaddexp(tg.tensor(-INF), -INF).item() == tg.logsumexp(tg.tensor([-INF, -INF])).item() == -INF
    assert gradients(tg.logaddexp, [-INF, -INF], [-INF, 0.0]) == [[0.0, 0.0], [0.0, 1.0]]


def test_logsumexp_and_logaddexp_of_large_float32_lose_no_digits():
    for f in (tg.logsumexp, lambda x: tg.logaddexp(x[0], x[1])):
        np.testing.assert_allclose(
            tg.grad(f)(np.array([1e4, 1e4 + 1], np.float32)).data, [0.268941, 0.731059], rtol=1e-5
        )


def test_a_place_written_twice_blames_the_last_value():
    def f(v):
        y = tg.zeros(2, dtype=float)
        y[[0, 0]] = v
        return y * np.array([5.0, 7.0])

    assert gradients(f, [1.0, 2.0]) == [0.0, 5.0]


def test_overlapping_assignment_has_numpy_s_result_and_the_right_gradient():
    y = tg.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True) * 1
    array = y.detach().numpy().copy()
    y[1:], array[1:] = y[:-1], array[:-1]
    assert y.tolist() == array.tolist() == [1.0, 1.0, 2.0, 3.0]

    def f(x):
        y = x * 1
        y[1:] = y[:-1]
        return y * np.array([1.0, 10.0, 100.0, 1000.0])

    assert gradients(f, [1.0, 2.0, 3.0, 4.0]) == [11.0, 100.0, 1000.0, 0.0]


def test_size_zero_broadcasts():
    assert gradients(lambda x, y: x * y, np.ones((3, 1)), np.ones(0)) == [[[0.0]] * 3, []]


@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_a_leaf_without_derivative_asked_for_a_gradient_raises_and_names_its_dtype(dtype):
    for ask in (
        lambda: tg.tensor([1, 0], dtype=dtype, requires_grad=True),
        lambda: setattr(tg.tensor([1, 0], dtype=dtype), "requires_grad", True),
        lambda: tg.grad(tg.sum)(np.ones(2, dtype)),
    ):
        with pytest.raises(TypeError, match=dtype):
            ask()


def test_float32_times_a_python_number_stays_float32():
    assert (tg.tensor(2.0) * 2.5).dtype == (2.5 * tg.tensor(2.0)).dtype == (2.0 ** tg.tensor(2.0)).dtype == np.float32


def test_a_gradient_has_the_dtype_of_its_leaf():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    (x * np.array([0.1, 0.2])).sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == np.array([0.1, 0.2], np.float32).tolist()


def test_a_seed_of_the_wrong_shape_raises():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    for seed in (1.0, [1.0], [[1.0, 1.0]]):
        with pytest.raises(ValueError, match=r"shape.*\(2,\)"):
            (x * 2).backward(seed)
    assert x.grad is None


def test_backward_of_many_numbers_without_a_seed_raises():
    with pytest.raises(RuntimeError, match=r"single number.*\(2,\).*sum"):
        (tg.tensor([1.0, 2.0], requires_grad=True) * 2).backward()


def test_float16_is_added_up_in_float32_and_rounded_once():
    ones = np.ones(70_000, np.float16)
    assert tg.sum(tg.tensor(ones[:60_000])).item() == 60_000
    assert tg.sum(tg.tensor(ones.reshape(-1, 2)[:30_000]), axis=0).tolist() == [30_000, 30_000]
    assert tg.mean(tg.tensor(ones)).item() == 1
    assert tg.sum(tg.tensor(ones), dtype=np.float32).item() == 70_000


@pytest.mark.parametrize("shape", [(60_000, 1), (1, 60_000), (60_000,)])
def test_the_gradient_of_a_broadcast_float16_is_added_up_in_float32(shape):
    scalar = tg.tensor(np.float16(1), requires_grad=True)
    row = tg.tensor(np.ones((1, 1), np.float16), requires_grad=True)
    out = scalar * row * np.ones(shape, np.float16)
    out.backward(np.ones(out.shape, np.float16))
    assert scalar.grad.item() == row.grad.item() == 60_000
    assert scalar.grad.dtype == row.grad.dtype == np.float16


def test_the_gradient_of_a_float16_row_is_added_up_in_float32():
    """Along the rows NumPy itself would stop counting at 2,048."""
    row = tg.tensor(np.ones(2, np.float16), requires_grad=True)
    (row * np.ones((60_000, 2), np.float16)).backward(np.ones((60_000, 2), np.float16))
    assert row.grad.tolist() == [60_000, 60_000]


def test_ties_of_float16_are_counted_beyond_its_largest_number():
    x = tg.tensor(np.ones(70_000, np.float16), requires_grad=True)
    x.max().backward()
    np.testing.assert_allclose(x.grad.data, 1 / 70_000, rtol=1e-2)


FLOAT16 = {
    "var": (lambda x: tg.var(x), np.var),
    "std": (lambda x: tg.std(x), np.std),
    "norm": (lambda x: tg.norm(x), np.linalg.norm),
    "logsumexp": (lambda x: tg.logsumexp(x), lambda x: np.log(np.sum(np.exp(x)))),
    "mean": (lambda x: tg.mean(x), np.mean),
}


@pytest.mark.parametrize("name", FLOAT16)
def test_float16_reductions_are_computed_in_float32_and_rounded_once(name):
    ours, numpy = FLOAT16[name]
    array = (np.arange(70_000) % 7).astype(np.float16)
    x = tg.tensor(array, requires_grad=True)
    out = ours(x)
    assert out.dtype == np.float16 and out.item() == numpy(array.astype(np.float64)).astype(np.float16)
    out.backward()
    expected = tg.grad(ours)(array.astype(np.float64)).data
    np.testing.assert_allclose(x.grad.data, expected, rtol=2e-2, atol=2e-7)


def test_the_mixed_derivative_of_a_power_at_the_exponent_zero():
    x, y = np.array(2.0), np.array(0.0)
    by_x_then_y = tg.grad(lambda y: tg.grad(lambda x: x**y)(x))(y)
    by_y_then_x = tg.grad(lambda x: tg.grad(lambda y: x**y)(y))(x)
    assert by_x_then_y.item() == by_y_then_x.item() == 0.5


@pytest.mark.parametrize(
    "bad",
    [tg.norm, tg.logsumexp, lambda x: x.std(), lambda x: tg.max(x - x[0]), lambda x: x @ np.array([INF, -INF, 1.0]),
     lambda x: tg.prod(x * x), lambda x: tg.sqrt(x[::-1])[0]],
)  # fmt: skip
def test_a_branch_not_taken_is_handed_zero_through_reductions_and_products_too(bad):
    assert gradients(lambda x: tg.where(False, bad(x), x.sum()), [INF, 0.0, -INF]) == [1.0, 1.0, 1.0]
