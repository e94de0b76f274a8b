"""NumPy's functions that are no operations of ours, composed of those: `np.median(t)` and its like find them by name.

Each has NumPy's signature, and NumPy's documentation holds.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import arranging, calculus, joining, nan_functions, polynomials, products, reductions, statistics, ufuncs

MODULES = (arranging, calculus, joining, nan_functions, polynomials, products, reductions, statistics, ufuncs)


def _named(module: Any) -> dict[Callable[..., Any], Callable[..., Any]]:
    own = [f for f in vars(module).values() if getattr(f, "__module__", None) == module.__name__ and callable(f)]
    return {_numpys(f.__name__): f for f in own if not f.__name__.startswith("_")}


def _numpys(name: str) -> Callable[..., Any]:
    return next(getattr(room, name) for room in (np, np.linalg, np.lib.stride_tricks) if hasattr(room, name))


COMPOSED = {theirs: ours for module in MODULES for theirs, ours in _named(module).items()}
