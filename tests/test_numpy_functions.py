"""NumPy's protocols: np.median(t), np.add.reduce(t), ... have NumPy's values and the right derivatives, or refuse."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import overrides

import tinygrad_lite as tg
from rows import normal, spaced, within
from tinygrad_lite.numpy_functions import COMPOSED

x, m, s, p = spaced(6), spaced(4, 3), spaced(3, 3), within(0.5, 2, 4, 3)
y, few = normal(6), spaced(3)
mask = np.array([True, False, True, True, False, True])
holes = np.where(mask, x, np.nan)
which = np.array([0, 1, 1, 0, 1, 0])

# name: functions of np and some arrays.
CASES = {
    "fabs": [(lambda x: np.fabs(x), x)],
    "rint": [(lambda x: np.rint(x), x)],
    "fix": [(lambda x: np.fix(x), x)],
    "around": [(lambda x: np.around(x, 1), x)],
    "radians": [(lambda x: np.radians(x), x)],
    "degrees": [(lambda x: np.degrees(x), x)],
    "deg2rad": [(lambda x: np.deg2rad(x), x)],
    "rad2deg": [(lambda x: np.rad2deg(x), x)],
    "float_power": [
        (lambda a, b: np.float_power(a, b), p, m),
        (lambda a: np.float_power(a, 3), p),
        (lambda a, b: np.float_power(a, b), p + 0.5j, m[0] - 0.2j),
    ],
    "fmod": [(lambda a, b: np.fmod(a, b), x, few[0] + y * 0.01), (lambda a: np.fmod(a, 0.7), x)],
    "fmax": [(lambda a, b: np.fmax(a, b), x, y), (lambda a: np.fmax(a, holes), y)],
    "fmin": [(lambda a, b: np.fmin(a, b), x, y), (lambda a: np.fmin(a, holes), y)],
    "heaviside": [(lambda a, b: np.heaviside(a, b), x, y), (lambda b: np.heaviside(np.zeros(6), b), y)],
    "logaddexp2": [(lambda a, b: np.logaddexp2(a, b), x, y)],
    "ldexp": [(lambda a: np.ldexp(a, which), x)],
    "frexp": [(lambda a: np.frexp(a)[0], x)],
    "modf": [(lambda a: np.modf(a)[0], x), (lambda a: np.modf(a)[1], x)],
    "divmod": [(lambda a, b: np.divmod(a, b)[1], x, p[:, 0][[0, 1, 2, 3, 0, 1]]), (lambda a: np.divmod(a, 0.7)[0], x)],
    "matvec": [(lambda a, b: np.matvec(a, b), m, few)],
    "vecmat": [(lambda a, b: np.vecmat(a, b), few, m.T)],
    "nan_to_num": [(lambda a: np.nan_to_num(a), x), (lambda a: np.nan_to_num(a * holes, nan=2.0), y)],
    "isposinf": [(lambda a: np.where(np.isposinf(a), 1.0, a), x)],
    "isneginf": [(lambda a: np.where(np.isneginf(a), 1.0, a), x)],
    "atleast_1d": [(lambda a: np.atleast_1d(a), y[0]), (lambda a, b: np.atleast_1d(a, b)[1], y[0], x)],
    "atleast_2d": [(lambda a: np.atleast_2d(a), x)],
    "atleast_3d": [(lambda a: np.atleast_3d(a), x), (lambda a: np.atleast_3d(a), m)],
    "vstack": [(lambda a, b: np.vstack([a, b]), x, y), (lambda a, b: np.vstack([a, b]), m, few)],
    "hstack": [(lambda a, b: np.hstack([a, b]), x, few), (lambda a, b: np.hstack((a, b)), m, m)],
    "dstack": [(lambda a, b: np.dstack([a, b]), m, m)],
    "column_stack": [
        (lambda a, b: np.column_stack([a, b]), m, m[:, 0]),
        (lambda a, b: np.column_stack([a, b]), np.array(2.0), m[:1]),
    ],
    "block": [(lambda a, b: np.block([[a, b], [b, a]]), s, s), (lambda a: np.block([a, 1.0]), x)],
    "append": [(lambda a, b: np.append(a, b), m, few), (lambda a, b: np.append(a, b, axis=1), m, m)],
    "insert": [
        (lambda a, b: np.insert(a, 2, b), x, y[0]),
        (lambda a, b: np.insert(a, [1, 3], b, axis=1), m, m[:, :2]),
        (lambda a, b: np.insert(a, 1, b, axis=0), m, few),
        (lambda a, b: np.insert(a, 1, b, axis=1), m, y[:4]),
        (lambda a, b: np.insert(a, [4, 0], b), x, y[:2]),
    ],
    "delete": [(lambda a: np.delete(a, [0, 2]), x), (lambda a: np.delete(a, 1, axis=1), m)],
    "array_split": [(lambda a: np.array_split(a, 4)[1], x), (lambda a: np.array_split(a, [1, 3], axis=0)[1], m)],
    "hsplit": [(lambda a: np.hsplit(a, 3)[1], m)],
    "vsplit": [(lambda a: np.vsplit(a, 2)[1], m)],
    "dsplit": [(lambda a: np.dsplit(a, 2)[1], spaced(2, 1, 4))],
    "ravel": [(lambda a: np.ravel(a), m), (lambda a: np.ravel(a, order="F"), m)],
    "reshape": [(lambda a: np.reshape(a, (2, -1)), m), (lambda a: np.reshape(a, (2, 6), order="F"), m)],
    "fliplr": [(lambda a: np.fliplr(a), m)],
    "flipud": [(lambda a: np.flipud(a), m)],
    "rot90": [(lambda a: np.rot90(a), m), (lambda a: np.rot90(a, 3), m), (lambda a: np.rot90(a, -2), m)],
    "rollaxis": [(lambda a: np.rollaxis(a, 2), spaced(2, 3, 4)), (lambda a: np.rollaxis(a, 0, 2), spaced(2, 3, 4))],
    "copy": [(lambda a: np.copy(a), x)],
    "diagonal": [(lambda a: np.diagonal(a, 1), m), (lambda a: np.diagonal(a, -1, 1, 2), spaced(2, 3, 3))],
    "trace": [(lambda a: np.trace(a), m), (lambda a: np.trace(a, 1), m)],
    "diag": [(lambda a: np.diag(a), few), (lambda a: np.diag(a, -2), few), (lambda a: np.diag(a), m)],
    "diagflat": [(lambda a: np.diagflat(a, 1), few)],
    "resize": [(lambda a: np.resize(a, (4, 2)), few)],
    "compress": [(lambda a: np.compress(mask, a), x), (lambda a: np.compress([0, 1, 1], a, axis=1), m)],
    "extract": [(lambda a: np.extract(mask, a), x)],
    "choose": [(lambda a, b: np.choose(which, [a, b]), x, y)],
    "select": [(lambda a, b: np.select([a > 1, b > 0], [a * b, b], default=3.0), x, y)],
    "partition": [(lambda a: np.sort(np.partition(a, 2)[:2]), x)],
    "apply_along_axis": [
        (lambda a: np.apply_along_axis(lambda r: np.sum(r * r), 0, a), m),
        (lambda a: np.apply_along_axis(lambda r: r * r[0], 1, a), m),
    ],
    "sliding_window_view": [(lambda a: np.lib.stride_tricks.sliding_window_view(a, 3), x)],
    "sum": [
        (lambda a: np.sum(a, axis=0, where=m > 0, initial=2.0), m),
        (lambda a: np.sum(a, 0, np.float64, None, True), m),
    ],
    "prod": [(lambda a: np.prod(a, axis=1, where=m > 0, initial=2.0), m)],
    "max": [(lambda a: np.max(a, axis=0, initial=0.3), m), (lambda a: np.max(a, where=mask, initial=-9.0), x)],
    "min": [(lambda a: np.min(a, axis=0, keepdims=True), m), (lambda a: np.min(a, where=mask, initial=9.0), x)],
    "amax": [(lambda a: np.amax(a, 1), m)],
    "amin": [(lambda a: np.amin(a, 1), m)],
    "mean": [(lambda a: np.mean(a, axis=1, where=m > -1), m), (lambda a: np.mean(a, dtype=float), m)],
    "var": [(lambda a: np.var(a, 0, ddof=1), m), (lambda a: np.var(a, where=mask, ddof=1), x)],
    "std": [(lambda a: np.std(a, 0, correction=1), m), (lambda a: np.std(a, where=mask), x)],
    "all": [(lambda a: np.where(np.all(a > -9, axis=0, where=[True, True, False]), a, 0.0), m)],
    "any": [(lambda a: np.where(np.any(a > 1, axis=0), a, 0.0), m)],
    "cumsum": [(lambda a: np.cumsum(a), m), (lambda a: np.cumsum(a, axis=1), m)],
    "cumprod": [(lambda a: np.cumprod(a), p[0]), (lambda a: np.cumprod(a, 0), p)],
    "ptp": [(lambda a: np.ptp(a, axis=0), m)],
    "average": [
        (lambda a, w: np.average(a, weights=w), m, p),
        (lambda a, w: np.average(a, axis=0, weights=w), m, p[:, 0]),
        (lambda a: np.average(a, axis=1, returned=True)[0], m),
        (lambda a, w: np.average(a, axis=1, weights=w, returned=True)[1], m, p),
    ],
    "nansum": [(lambda a: np.nansum(a * holes), y)],
    "nanprod": [(lambda a: np.nanprod(a * holes), y)],
    "nanmean": [(lambda a: np.nanmean(a * holes), y)],
    "nanvar": [(lambda a: np.nanvar(a * holes, ddof=1), y)],
    "nanstd": [(lambda a: np.nanstd(a * holes), y)],
    "nanmax": [(lambda a: np.nanmax(a * holes), y)],
    "nanmin": [(lambda a: np.nanmin(a * holes), y)],
    "nancumsum": [(lambda a: np.nancumsum(a * holes), y)],
    "nancumprod": [(lambda a: np.nancumprod(a * holes), y)],
    "nanmedian": [(lambda a: np.nanmedian(a * holes), y)],
    "nanpercentile": [(lambda a: np.nanpercentile(a * holes, [10, 60]), y)],
    "nanquantile": [(lambda a: np.nanquantile(a * holes, 0.3), y)],
    "median": [(lambda a: np.median(a), m), (lambda a: np.median(a, axis=0), m), (lambda a: np.median(a, (0, 1)), m)],
    "quantile": [(lambda a: np.quantile(a, [0.2, 0.9], axis=0), m), (lambda a: np.quantile(a, 0.4, keepdims=True), m)],
    "percentile": [(lambda a: np.percentile(a, 30), x), (lambda a: np.percentile(a, [[5], [95]], axis=1), m)],
    "cov": [
        (lambda a: np.cov(a), m),
        (lambda a, b: np.cov(a, b, ddof=0), x, y),
        (lambda a: np.cov(a, rowvar=False), m),
    ],
    "corrcoef": [(lambda a: np.corrcoef(a), m), (lambda a, b: np.corrcoef(a, b), x, y)],
    "bincount": [(lambda w: np.bincount(which, weights=w, minlength=4), x)],
    "ediff1d": [(lambda a: np.ediff1d(a), m), (lambda a: np.ediff1d(a, to_end=[1.0], to_begin=2.0), x)],
    "trapezoid": [(lambda a: np.trapezoid(a, dx=0.5), m), (lambda a, b: np.trapezoid(a, b, axis=0), m, y[:4])],
    "gradient": [
        (lambda a: np.gradient(a), x),
        (lambda a: np.gradient(a, 0.5, axis=0), m),
        (lambda a, b: np.gradient(a, b, edge_order=2), x, np.sort(y)),
        (lambda a: np.gradient(a, 2.0, 3.0)[1], m),
    ],
    "interp": [
        (lambda a, b, c: np.interp(a, b, c), np.array([-2.0, 0.1, 1.3, 5.0]), np.array([0.0, 1.0, 2.5]), few),
        (lambda c: np.interp([-1.0, 0.5], [0.0, 1.0], c, left=7.0), few[:2]),
    ],
    "convolve": [(lambda a, b, k=k: np.convolve(a, b, k), x, few) for k in ("full", "same", "valid")]
    + [(lambda a, b: np.convolve(a, b, "same"), few, x)],
    "correlate": [(lambda a, b, k=k: np.correlate(a, b, k), x, few) for k in ("full", "same", "valid")]
    + [(lambda a, b: np.correlate(a, b, "same"), few, x), (lambda a, b: np.correlate(a, b), few[:2], x)],
    "unwrap": [(lambda a: np.unwrap(a * 3), x)],
    "polyval": [(lambda c, a: np.polyval(c, a), few, x)],
    "vander": [(lambda a: np.vander(a, 3), x), (lambda a: np.vander(a, increasing=True), few)],
    "polymul": [(lambda a, b: np.polymul(a, b), few, y[:2])],
    "polyadd": [(lambda a, b: np.polyadd(a, b), few, y[:2])],
    "polysub": [(lambda a, b: np.polysub(a, b), few, y[:2])],
    "polyder": [(lambda a: np.polyder(a, 2), x)],
    "polyint": [(lambda a: np.polyint(a), few)],
    "inner": [(lambda a, b: np.inner(a, b), m, few), (lambda a, b: np.inner(a, b), x, y)],
    "vdot": [(lambda a, b: np.vdot(a, b), m, p)],
    "kron": [(lambda a, b: np.kron(a, b), m, s), (lambda a, b: np.kron(a, b), few, m)],
    "multi_dot": [(lambda a, b: np.linalg.multi_dot([a, b, b]), m, s)],
    "tensorsolve": [(lambda a, b: np.linalg.tensorsolve(a, b), normal(2, 3, 6), normal(2, 3))],
    "tensorinv": [(lambda a: np.linalg.tensorinv(a), normal(2, 3, 6))],
    "lstsq": [
        (lambda a, b: np.linalg.lstsq(a, b)[0], m, y[:4]),
        (lambda a, b: np.linalg.lstsq(a, b)[1], m, y[:4]),
    ],
    "cond": [(lambda a, k=k: np.linalg.cond(a, k), s + 3 * np.eye(3)) for k in (None, -2, "fro", 1)],
}
METHODS = {
    "add.reduce": (lambda a: np.add.reduce(a), m),
    "add.reduce with options": (lambda a: np.add.reduce(a, axis=1, keepdims=True, initial=2.0, where=m > 0), m),
    "multiply.reduce": (lambda a: np.multiply.reduce(a, axis=None), p),
    "maximum.reduce": (lambda a: np.maximum.reduce(a), m),
    "minimum.reduce": (lambda a: np.minimum.reduce(a, axis=-1), m),
    "logaddexp.reduce": (lambda a: np.logaddexp.reduce(a), m),
    "logical_or.reduce": (lambda a: np.where(np.logical_or.reduce(a > 1), a, 0.0), m),
    "add.accumulate": (lambda a: np.add.accumulate(a, 1), m),
    "multiply.accumulate": (lambda a: np.multiply.accumulate(a), p),
    "maximum.accumulate": (lambda a: np.maximum.accumulate(a), m),
    "minimum.accumulate": (lambda a: np.minimum.accumulate(a, axis=1), m),
    "logaddexp.accumulate": (lambda a: np.logaddexp.accumulate(a, axis=1), m),
    "multiply.outer": (lambda a, b: np.multiply.outer(a, b), m, few),
    "arctan2.outer": (lambda a, b: np.arctan2.outer(a, b), x, few),
    "dtype": (lambda a: np.add(a, a, dtype=np.float64), x),
}
ALL = [pytest.param(case, id=f"{name}-{i}") for name, cases in CASES.items() for i, case in enumerate(cases)]
ALL += [pytest.param(case, id=name) for name, case in METHODS.items()]


def test_every_composed_function_has_a_row():
    assert {f.__name__ for f in COMPOSED.values()} == CASES.keys()


@pytest.mark.parametrize("case", ALL)
def test_value_and_derivatives_are_right(case):
    f, *args = case
    with np.errstate(all="ignore"):
        expected = f(*args)
    got = f(*[tg.tensor(a, requires_grad=True) for a in args])
    assert isinstance(got, tg.Tensor) and got.requires_grad and got.dtype == expected.dtype
    np.testing.assert_allclose(got.data, expected, rtol=1e-12, atol=1e-12)
    tg.check_grads(f, *args, order=2)


@pytest.mark.parametrize("case", ALL)
def test_a_constant_stays_a_constant(case):
    f, *args = case
    assert not f(*map(tg.tensor, args)).requires_grad


def test_running_logarithms_keep_what_is_far_below_the_largest():
    t = tg.tensor([-1000.0, 0.0, 5.0], requires_grad=True)
    out = np.logaddexp.accumulate(t)
    np.testing.assert_allclose(out.data, np.logaddexp.accumulate(t.detach().numpy()), rtol=1e-6)
    out[0].backward()
    assert t.grad.tolist() == [1.0, 0.0, 0.0]


def test_arrays_and_tensors_mix():
    t = tg.tensor(x, requires_grad=True)
    assert isinstance(x * t, tg.Tensor) and isinstance(np.vstack([x, t]), tg.Tensor)
    np.sum(t * t).backward()
    np.testing.assert_allclose(t.grad.data, 2 * x)


def test_what_is_not_supported_says_what_to_write():
    t = tg.tensor(x, requires_grad=True)
    for call, words in [
        (lambda: np.add.at(t, [0], 1.0), r"t\[index\] = t\[index\] \+ x"),
        (lambda: np.exp(t, out=t), r"assign the result, t\[...\] = numpy.exp"),
        (lambda: np.exp(t, where=mask), r"tinygrad_lite.where\(mask, exp"),
        (lambda: np.sum(t, out=np.empty(())), "no derivative here"),
        (lambda: np.copyto(t, x), r"t\[...\] = x"),
        (lambda: np.linspace(t[0], t[1], 5), "np.linspace\\(0, 1, n\\)"),
        (lambda: np.percentile(t, 30, method="nearest"), "method is 'linear', given 'nearest'"),
        (lambda: np.cov(t, fweights=which), "takes no weights"),
        (lambda: np.sort(t, kind="heapsort", order="f"), "has no option kind, order"),
        (lambda: np.histogram(t), "counts have no derivative"),
        (lambda: np.polyfit(x, t, 2), "lstsq"),
        (lambda: np.gcd.reduce(t), "has no derivative here"),
    ]:
        with pytest.raises(TypeError, match=words):
            call()


@pytest.mark.parametrize(
    "call",
    [
        lambda a: np.rot90(a, axes=(0,)),
        lambda a: np.rot90(a[0]),
        lambda a: np.rot90(a, axes=(1, 1)),
        lambda a: np.gradient(a, edge_order=3),
        lambda a: np.gradient(a, axis=(1, 1)),
        lambda a: np.cov(a[None]),
        lambda a: np.vsplit(a[0], 1),
        lambda a: np.vander(a),
        lambda a: np.quantile(a[0, 0], 0.5, axis=0),
        lambda a: np.take_along_axis(a, np.array([0, 1]), axis=1),
        lambda a: np.cross(a, a, axis=2),
    ],
)
def test_what_numpy_refuses_is_refused(call):
    for a in (normal(4, 4), tg.tensor(normal(4, 4), requires_grad=True)):
        with pytest.raises(ValueError):
            call(a)


def test_parts_and_places_that_do_not_fit_are_told():
    with pytest.raises(ValueError, match=r"split\(Tensor float64\(4, 3\)\): into 1 part or more, given 0"):
        np.vsplit(tg.tensor(m), 0)
    with pytest.raises(ValueError, match=r"moveaxis\(Tensor float64\(4, 3\)\): 2 axes can't go to 1 places"):
        np.moveaxis(tg.tensor(m), (0, 1), (1,))


REFUSED = {"spacing", "clip", "_ones_like"}  # np.clip itself is no ufunc


@pytest.mark.parametrize("function", sorted(overrides.get_overridable_numpy_ufuncs(), key=lambda f: f.__name__))
def test_no_ufunc_makes_a_silent_constant(function):
    if all("d" not in kinds.split("->")[0] for kinds in function.types):
        return  # nothing for floating point numbers
    t = tg.tensor(within(1.2, 1.8, 3, 3) if function is np.arccosh else within(0.2, 0.8, 3, 3), requires_grad=True)
    if function.__name__ in REFUSED:
        with pytest.raises(TypeError, match=r"has no derivative here|whole numbers"):
            function(*[t] * function.nin)
        return
    out = function(*[t] * function.nin)
    for part in out if isinstance(out, tuple) else (out,):
        assert isinstance(part, tg.Tensor)
        assert part.requires_grad or part.dtype.kind in "bi"


def test_the_table_in_the_documentation_is_that_of_the_code():
    writer = runpy.run_path(str(Path(__file__).parents[1] / "docs" / "_site" / "numpy_table.py"))
    text = (Path(__file__).parents[1] / "docs" / "numpy.md").read_text(encoding="utf-8")
    assert writer["BEGIN"] + writer["table"]() + writer["END"] in text, "run python docs/_site/numpy_table.py"
