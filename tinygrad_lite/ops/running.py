"""Along an axis: sums and products so far, and the differences of neighbours."""

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..primitive import Array, call_of, describe
from .comparisons import not_equal
from .manipulation import astype, concatenate, pad, reshape, shaped
from .reductions import cumprod, cumsum


def cumulative_sum(x: Array, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Array:
    """Running sums along an axis, which may be left out if there is only one; on request with a 0 in front.

    >>> import tinygrad_lite as tg
    >>> tg.cumulative_sum(tg.tensor([1.0, 2.0, 3.0]), include_initial=True)
    tensor([0., 1., 3., 6.])
    """
    return _running(cumsum, x, axis, dtype, 0, include_initial)


def cumulative_prod(x: Array, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Array:
    """Running products along an axis, which may be left out if there is only one; on request with a 1 in front."""
    return _running(cumprod, x, axis, dtype, 1, include_initial)


def _running(f: Any, x: Array, axis: int | None, dtype: Any, initial: int, include_initial: bool) -> Array:
    x = shaped(x)
    if axis is None and x.ndim > 1:
        raise ValueError(f"running sums and products need an axis where there is more than one, given a {describe(x)}")
    if not x.ndim:
        x = reshape(x, (1,))
    place = normalize_axis_index(axis or 0, x.ndim)
    # Of small integers NumPy makes larger ones, also where they are asked for.
    out = f(x, place) if dtype is None else astype(f(astype(x, dtype), place), dtype, copy=False)
    return pad(out, tuple((int(a == place), 0) for a in range(out.ndim)), initial) if include_initial else out


def diff(x: Array, /, n: int = 1, axis: int = -1, prepend: Array = None, append: Array = None) -> Array:
    """The differences of neighbours along an axis, n times over, with something put before or behind it first.

    >>> import tinygrad_lite as tg
    >>> tg.diff(tg.tensor([1.0, 4.0, 9.0, 16.0]), n=2)
    tensor([2., 2.])
    """
    x = shaped(x)
    if n < 0:
        raise ValueError(f"{call_of('diff', x)}: n must be 0 or more, given {n}")
    place = normalize_axis_index(axis, x.ndim)
    parts = [part for part in (prepend, x, append) if part is not None] if n else [x]  # NumPy joins nothing for n = 0
    x = concatenate(parts, axis=place) if len(parts) > 1 else x
    before = (slice(None),) * place
    for _ in range(n):
        ahead, behind = x[(*before, slice(1, None))], x[(*before, slice(-1))]
        x = not_equal(ahead, behind) if x.dtype == np.bool_ else ahead - behind
    return x
