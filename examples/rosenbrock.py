"""Down Rosenbrock's valley with SciPy's Newton-CG: derivatives from tinygrad_lite, and from finite differences.

The function is plain NumPy, written once. `grad` gives its slope, and `vjp` of that slope multiplies its Hessian by a
vector: all that Newton-CG asks for, exact, and the Hessian is never made. Finite differences try a small step along
each axis for each slope, and are too coarse to tell how the valley bends: in many dimensions Newton-CG is lost with
them. BFGS, which SciPy takes by itself, finds the way, with many more values of the function.

    python examples/rosenbrock.py [--dimensions 2 20 100 500] [--output rosenbrock.png]
"""

import argparse
from collections.abc import Callable
from time import perf_counter
from typing import Any

import matplotlib
import numpy as np
from scipy.optimize import OptimizeResult, approx_fprime, minimize

import tinygrad_lite as tg

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def rosenbrock(x: Any) -> Any:
    """A bent valley with a flat floor. The minimum, 0, is where all are 1 (Rosenbrock 1960)."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def slope(x: np.ndarray) -> np.ndarray:
    return tg.grad(rosenbrock)(x).numpy()


class Curvature:
    """The Hessian at x times v. That is `hvp(rosenbrock, x, v)`, but what depends on x alone is done once."""

    x: np.ndarray | None = None

    def __call__(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        if self.x is None or not np.array_equal(x, self.x):
            self.x, self.pull = x.copy(), tg.vjp(tg.grad(rosenbrock), x)[1]
        return self.pull(v)[0].numpy()


Function = Callable[[np.ndarray], Any]
NEWTON = {"method": "Newton-CG", "options": {"xtol": 1e-8, "maxiter": 3000}}
WAYS: dict[str, Callable[[Function], dict[str, Any]]] = {
    "Newton-CG, grad and hvp": lambda f: {**NEWTON, "jac": slope, "hessp": Curvature()},
    "Newton-CG, finite differences": lambda f: {**NEWTON, "jac": lambda x: approx_fprime(x, f)},
    "BFGS, finite differences": lambda f: {"method": "BFGS", "options": {"maxiter": 3000}},
}


def descend(way: str, start: np.ndarray, callback: Function | None = None) -> tuple[OptimizeResult, int, float]:
    """Where it ends, how many values of the function it asked for, and in how many seconds."""
    asked = 0

    def counted(x: np.ndarray) -> Any:
        nonlocal asked
        asked += 1
        return rosenbrock(x)

    began = perf_counter()
    found = minimize(counted, start, callback=callback, **WAYS[way](counted))
    return found, asked, perf_counter() - began


def behind_the_bend(n: int) -> np.ndarray:
    return np.resize([-1.2, 1.0], n)


def draw(file: str) -> None:
    """The ways down in two dimensions, over the valley."""
    figure, panels = plt.subplots(1, len(WAYS), figsize=(12, 3.8), sharey=True, layout="constrained")
    across, up = np.linspace(-1.6, 1.4, 200), np.linspace(-0.7, 1.7, 200)
    heights = [[np.log10(rosenbrock(np.array([x, y])) + 1e-3) for x in across] for y in up]
    for panel, way in zip(panels, WAYS, strict=True):
        path = [behind_the_bend(2)]
        descend(way, path[0], lambda x, path=path: path.append(np.copy(x)))
        panel.contourf(across, up, heights, 24, cmap="Blues_r")
        panel.plot(*np.transpose(path), "o-", color="tab:orange", markersize=3, linewidth=1)
        panel.plot(1, 1, "*", color="white", markeredgecolor="black", markersize=13)
        panel.set_title(f"{way}: {len(path) - 1} steps", fontsize=11)
    figure.savefig(file, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description="Newton-CG with exact derivatives, and with finite differences.")
    parser.add_argument("--dimensions", type=int, nargs="+", default=[2, 20, 100], help="how many (2 20 100)")
    parser.add_argument("--output", default="rosenbrock.png", help="the picture to write (rosenbrock.png)")
    options = parser.parse_args()
    if min(options.dimensions) < 2:
        parser.error("the valley has at least 2 dimensions")

    line = "{:>10}  {:<29} {:>6} {:>10} {:>8}  {}"
    print(line.format("dimensions", "way down", "steps", "values", "seconds", "error"))
    for n in options.dimensions:
        for way in WAYS:
            found, asked, seconds = descend(way, behind_the_bend(n))
            error = abs(found.x - 1).max()
            told = f"{error:.0e}" if error < 0.1 else f"{error:.1f}: lost"
            print(line.format(n, way, f"{found.nit:,}", f"{asked:,}", f"{seconds:.2f}", told), flush=True)
    draw(options.output)
    print(f"wrote {options.output}")


if __name__ == "__main__":
    main()
