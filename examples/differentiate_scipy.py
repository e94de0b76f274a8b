"""Gradients through SciPy and scikit-learn: what a p-value hangs on, a filter that is learnt, and which columns matter.

The functions are SciPy's and scikit-learn's own, called with Tensors; each gradient is held to finite differences.

    python examples/differentiate_scipy.py [--output differentiate_scipy.png]
"""

import argparse
import os
from collections.abc import Callable
from typing import Any

os.environ["SCIPY_ARRAY_API"] = "1"  # before SciPy is imported: its functions then take Tensors

import matplotlib
import numpy as np
import sklearn
from scipy import signal, stats
from scipy.optimize import approx_fprime, minimize
from sklearn.datasets import make_friedman1
from sklearn.metrics import mean_squared_error
from sklearn.metrics.pairwise import rbf_kernel

import tinygrad_lite as tg

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def error_of_gradient(f: Callable[[Any], Any], x: np.ndarray) -> float:
    """How far the gradient is from finite differences, as a part of its own length."""
    exact = tg.grad(f)(x).numpy()
    differences = approx_fprime(x, lambda x: float(f(tg.tensor(x))), 1e-6)
    return float(np.linalg.norm(exact - differences) / np.linalg.norm(exact))


def minimized(f: Callable[[Any], Any], x: np.ndarray, steps: int) -> np.ndarray:
    def value_and_slope(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = tg.value_and_grad(f)(x)
        return float(value), slope.numpy()

    return minimize(value_and_slope, x, jac=True, method="L-BFGS-B", options={"maxiter": steps}).x


def p_value(panel: Any) -> None:
    """Two groups of a trial: by how much each patient moves the p-value of the t-test."""
    rng = np.random.default_rng(4)
    treated, control = rng.normal(1.0, 1.0, 12), rng.normal(0.0, 1.0, 12)
    treated[3] = 4.0  # one patient far out

    def p(x: Any) -> Any:
        return stats.ttest_ind(x, tg.tensor(control)).pvalue

    slope = tg.grad(p)(treated).numpy()
    print(f"p-value of the t-test {float(p(tg.tensor(treated))):.4f}")
    print(f"  gradient: {error_of_gradient(p, treated):.0e} from finite differences")
    up = int(np.argmax(slope))
    print(f"  patient {up} improved most, by {treated[up]:.1f}, and if by more, p would rise: {slope[up]:+.4f}")
    panel.scatter(treated, slope)
    panel.axhline(0, color="grey", linewidth=0.8)
    panel.set(title="What the p-value hangs on", xlabel="a patient's improvement", ylabel="d p / d improvement")


def learnt_filter(panel: Any) -> None:
    """The 31 taps of a filter that takes hum and noise off a pulse."""
    rng = np.random.default_rng(0)
    t = np.arange(400)
    pulse = np.exp(-(((t[:, None] - [90, 210, 300]) / 9.0) ** 2)).sum(axis=1)
    measured = tg.tensor(pulse + 0.5 * np.sin(t / 2.1) + 0.2 * rng.standard_normal(400))

    def error(taps: Any) -> Any:
        return ((signal.fftconvolve(measured, taps, mode="same") - pulse) ** 2).mean()

    window = signal.windows.hann(31) / signal.windows.hann(31).sum()
    taps = minimized(error, window, 200)
    before, after = (float(error(tg.tensor(x))) ** 0.5 for x in (window, taps))
    print(f"filter of 31 taps: error {before:.3f} with Hann's window, {after:.3f} learnt")
    print(f"  gradient: {error_of_gradient(error, window):.0e} from finite differences")
    panel.plot(measured.numpy(), color="lightgrey", label="measured")
    panel.plot(signal.fftconvolve(measured.numpy(), taps, mode="same"), label="filtered")
    panel.plot(pulse, "k--", linewidth=0.8, label="true")
    panel.set(title="A filter that is learnt", xlabel="time")
    panel.legend()


def relevance(panel: Any) -> None:
    """The scale of each column under the kernel of a ridge regression, by the error on held-out samples."""
    x, y = make_friedman1(600, n_features=10, noise=0.5, random_state=0)  # the answer hangs on the first five columns
    y = (y - y.mean()) / y.std()
    fitted, held_out, unseen = slice(150), slice(150, 300), slice(300, None)

    def error(log_scales: Any, asked: slice = held_out) -> Any:
        scaled = tg.tensor(x) * tg.exp(log_scales)
        kernel = rbf_kernel(scaled[fitted], gamma=1.0) + 0.01 * np.eye(150)
        answer = rbf_kernel(scaled[asked], scaled[fitted], gamma=1.0) @ np.linalg.solve(kernel, tg.tensor(y[fitted]))
        return mean_squared_error(tg.tensor(y[asked]), answer, multioutput="raw_values")[0]

    start = np.zeros(10)
    best = minimized(error, start, 40)
    before, after = (float(error(tg.tensor(at), unseen)) for at in (start, best))
    print(f"kernel ridge, {len(best)} scales learnt: error on unseen samples {before:.3f}, then {after:.3f}")
    print(f"  gradient: {error_of_gradient(error, start):.0e} from finite differences")
    scales = np.exp(best)
    print("  scales of the columns:", *(f"{scale:.2f}" for scale in scales))
    panel.bar(np.arange(1, 11), scales, color=["C0"] * 5 + ["lightgrey"] * 5)
    panel.set(title="Which columns matter: the first five", xlabel="column", ylabel="scale")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="differentiate_scipy.png", help="where the picture goes")
    output = parser.parse_args().output
    figure, panels = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
    with sklearn.config_context(array_api_dispatch=True):
        for show, panel in zip((p_value, learnt_filter, relevance), panels, strict=True):
            show(panel)
    figure.savefig(output, dpi=110)
    print(f"wrote {output}")


if __name__ == "__main__":
    main()
