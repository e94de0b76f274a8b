"""Loops as machine code, where numba is installed: for what NumPy can only do in several passes over memory."""

import importlib
from functools import cache, wraps
from typing import Any

import numpy as np

from ..primitive import Array

WORTH_COMPILING = 1 << 23  # multiplications or comparisons: on fewer, NumPy is done before compiled code would pay


def written_for(loops: str, work: float, *arrays: Array) -> Any:
    """The module of these loops if there is so much work that they pay and the arrays are NumPy's; else None."""
    if work < WORTH_COMPILING or any(type(x) is not np.ndarray or x.dtype != arrays[0].dtype for x in arrays):
        return None
    return _module(loops) if arrays[0].dtype in (np.float32, np.float64) else None


@cache
def _module(loops: str) -> Any:
    """The module, or None where numba is not installed or told to leave Python as it is."""
    try:
        import numba
    except ImportError:
        return None
    return None if getattr(numba.config, "DISABLE_JIT", False) else importlib.import_module(f".{loops}", __package__)


def compiled(function: Any) -> Any:
    """The function as machine code that needs no lock of Python's, kept on disk where there is a place for it.

    A full disk or a damaged file there is no reason to fail: then it is compiled for this process alone.
    """
    import numba

    options: Any = {"nogil": True, "error_model": "numpy"}
    try:
        chosen = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # numba found no folder that it may write to
        return numba.njit(**options)(function)

    @wraps(function)
    def call(*args: Any) -> Any:
        nonlocal chosen
        try:
            return chosen(*args)
        except Exception:  # of what is kept on disk: the code itself raises nothing
            chosen = numba.njit(**options)(function)
            return chosen(*args)

    return call
