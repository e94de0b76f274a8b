"""31 functions of SciPy and scikit-learn: does a gradient come through, and is it right?

    python tests/dispatched.py [pytorch] [autograd] [mygrad]

prints a table: right, refused (with an error), or what must never be: constant (the result silently forgets that a
gradient was wanted) and wrong. Finite differences of the same function of NumPy's arrays, in float64, say what is
right. The functions are plain ones, of nine modules, and not only those through which a gradient comes.
"""

import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

os.environ["SCIPY_ARRAY_API"] = "1"  # before SciPy is imported

import numpy as np
import sklearn
from scipy import fft, integrate, optimize, signal, stats
from scipy.cluster import vq
from scipy.optimize import elementwise
from sklearn import linear_model, metrics, preprocessing

import tinygrad_lite as tg

rng = np.random.default_rng(0)
x, y = rng.uniform(0.3, 2, 8), rng.uniform(0.3, 2, 8)
X, Y = rng.standard_normal((2, 8, 3))
raw = {"multioutput": "raw_values"}  # an array; without it scikit-learn makes a Python float of the result

FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "stats.zscore": (stats.zscore, (x,)),
    "stats.skew": (stats.skew, (x,)),
    "stats.kurtosis": (stats.kurtosis, (x,)),
    "stats.gmean": (stats.gmean, (x,)),
    "stats.entropy": (stats.entropy, (x, y)),
    "stats.circmean": (stats.circmean, (x,)),
    "stats.pearsonr": (lambda x, y: stats.pearsonr(x, y).statistic, (x, y)),
    "stats.ttest_ind": (lambda x, y: stats.ttest_ind(x, y).pvalue, (x, y)),
    "signal.fftconvolve": (signal.fftconvolve, (x, y)),
    "signal.hilbert": (lambda x: abs(signal.hilbert(x)), (x,)),
    "signal.resample": (lambda x: signal.resample(x, 5), (x,)),
    "signal.detrend": (signal.detrend, (x,)),
    "integrate.trapezoid": (integrate.trapezoid, (x,)),
    "integrate.cumulative_trapezoid": (integrate.cumulative_trapezoid, (x,)),
    "integrate.simpson": (integrate.simpson, (x,)),
    "integrate.cubature": (lambda a: integrate.cubature(lambda t: (t * a) ** 2, a * 0, a * 0 + 1).estimate, (x[:1],)),
    "cluster.vq.whiten": (vq.whiten, (X,)),
    "cluster.vq.vq": (lambda x, centres: vq.vq(x, centres)[1], (X, Y[:2])),
    "fft.fft": (lambda x: abs(fft.fft(x)), (x,)),
    "fft.rfft": (lambda x: abs(fft.rfft(x)), (x,)),
    "fft.dct": (fft.dct, (x,)),
    "optimize.elementwise.find_root": (
        lambda c: elementwise.find_root(lambda t, c: t**3 - c, (c * 0, c * 0 + 3), args=(c,)).x,
        (x,),
    ),
    "optimize.rosen": (optimize.rosen, (x,)),
    "sklearn.metrics.mean_squared_error": (lambda x, y: metrics.mean_squared_error(x, y, **raw), (x, y)),
    "sklearn.metrics.r2_score": (lambda x, y: metrics.r2_score(x, y, **raw), (x, y)),
    "sklearn.metrics.pairwise.cosine_similarity": (metrics.pairwise.cosine_similarity, (X, Y)),
    "sklearn.metrics.pairwise.rbf_kernel": (metrics.pairwise.rbf_kernel, (X, Y)),
    "sklearn.preprocessing.StandardScaler": (lambda x: preprocessing.StandardScaler().fit_transform(x), (X,)),
    "sklearn.preprocessing.MinMaxScaler": (lambda x: preprocessing.MinMaxScaler().fit_transform(x), (X,)),
    "sklearn.preprocessing.normalize": (preprocessing.normalize, (X,)),
    "sklearn.linear_model.Ridge": (lambda x, y: linear_model.Ridge(solver="svd").fit(x, y).coef_, (X, x)),
}


class Lost(Exception):
    """The result is no part of a graph."""


def tinygrad_lite(f: Callable[..., Any], args: tuple[np.ndarray, ...], weights: np.ndarray) -> list[np.ndarray]:
    """The gradients of the weighted sum of f's result."""
    return _by_backward(f, [tg.tensor(a, requires_grad=True) for a in args], tg.Tensor, weights)


def pytorch(f: Callable[..., Any], args: tuple[np.ndarray, ...], weights: np.ndarray) -> list[np.ndarray]:
    """The same with PyTorch."""
    import torch

    tensors = [torch.tensor(a, requires_grad=True) for a in args]
    return _by_backward(f, tensors, torch.Tensor, torch.asarray(weights))


def mygrad(f: Callable[..., Any], args: tuple[np.ndarray, ...], weights: np.ndarray) -> list[np.ndarray]:
    """The same with MyGrad."""
    import mygrad

    return _by_backward(f, [mygrad.tensor(a) for a in args], mygrad.Tensor, weights)


def autograd(f: Callable[..., Any], args: tuple[np.ndarray, ...], weights: np.ndarray) -> list[np.ndarray]:
    """The same with HIPS autograd."""
    from autograd import make_vjp
    from autograd.tracer import isbox

    boxed = []

    def kept(*args: Any) -> Any:
        boxed.append(isbox(out := f(*args)))
        return out

    found = [make_vjp(kept, i)(*args)[0](weights) for i in range(len(args))]
    if not all(boxed):
        raise Lost
    return found


def _by_backward(f: Callable[..., Any], tensors: list[Any], kind: type, weights: Any) -> list[np.ndarray]:
    out = f(*tensors)
    if not isinstance(out, kind) or getattr(out, "requires_grad", True) is False:
        raise Lost
    (out * weights).sum().backward()
    if any(t.grad is None for t in tensors):
        raise Lost
    return [np.asarray(t.grad) for t in tensors]


def outcome(library: Callable[..., list[np.ndarray]], name: str) -> tuple[str, str]:
    """How it went, and the error's words if it refused."""
    f, args = FUNCTIONS[name]
    weights = np.random.default_rng(1).standard_normal(np.shape(f(*args)))
    try:
        found = library(f, args, weights)
    except Lost:
        return "constant", ""
    except Exception as error:
        return "refused", f"{type(error).__name__}: {error}"
    for i, a in enumerate(args):
        v = 1e-6 * np.random.default_rng(2).standard_normal(a.shape)
        ahead, behind = (np.sum(weights * f(*args[:i], a + step, *args[i + 1 :])) for step in (v, -v))
        if not np.isclose((found[i] * v).sum() / 1e-6, (ahead - behind) / 2e-6, rtol=1e-5, atol=1e-7):
            return "wrong", ""
    return "right", ""


def table(*libraries: Callable[..., list[np.ndarray]]) -> list[tuple[str, ...]]:
    """A line for each function: its name, and how it went with each library."""
    with warnings.catch_warnings(), sklearn.config_context(array_api_dispatch=True):
        warnings.simplefilter("ignore")
        return [(name, *(outcome(library, name)[0] for library in libraries)) for name in FUNCTIONS]


if __name__ == "__main__":
    libraries = [tinygrad_lite, *(globals()[name] for name in sys.argv[1:])]
    lines = table(*libraries)
    print("|", " | ".join(["function", *(library.__name__ for library in libraries)]), "|")
    print("|" + "---|" * (1 + len(libraries)))
    for name, *results in lines:
        print(f"| `{name}` |", " | ".join(results), "|")
    columns = list(zip(*lines, strict=True))[1:]
    for how in ("right", "refused", "constant", "wrong"):
        print(f"| **{how}** |", " | ".join(str(column.count(how)) for column in columns), "|")
