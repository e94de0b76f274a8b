"""What `scipy.special.f(tensor)` finds."""

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from .. import ops
from . import bessel, entropies, gammas, logistic, normal, powers
from .scipys import sp


def operation_of(ufunc: Any) -> Callable[..., Any] | None:
    """What runs in place of one of SciPy's ufuncs; None if that is another's, or unknown here."""
    return _ufuncs().get(ufunc) if "scipy.special" in sys.modules else None


@cache
def _ufuncs() -> dict[Any, Callable[..., Any]]:
    rooms = (bessel, entropies, gammas, logistic, normal, powers)
    own = [f for room in rooms for f in vars(room).values() if getattr(f, "__module__", None) == room.__name__]
    own = [f for f in own if not f.__name__.startswith("_")] + [ops.cbrt, ops.exp2, ops.expm1, ops.log1p]
    return {getattr(sp, f.__name__): f for f in own}


def name_of(ufunc: Any) -> str:
    """Its full name, as error messages tell it."""
    room = "scipy.special" if getattr(sys.modules.get("scipy.special"), ufunc.__name__, None) else "numpy"
    return f"{room}.{ufunc.__name__}"
