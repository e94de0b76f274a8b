"""What the special functions are made with: SciPy, imported when it is first needed, and the refused gradient."""

from collections.abc import Callable
from functools import partial
from inspect import unwrap
from typing import Any

from ..primitive import Array, describe
from ..primitive import primitive as _primitive

primitive = partial(_primitive, elementwise=True)


class _SciPy:
    """scipy.special, imported when it is first needed; its bare functions, also where SCIPY_ARRAY_API wraps them."""

    def __getattr__(self, name: str) -> Any:
        try:
            import scipy.special
        except ImportError as error:
            words = "tinygrad_lite.special computes with SciPy: pip install 'tinygrad_lite[scipy]'"
            raise ModuleNotFoundError(words, name="scipy") from error
        found = unwrap(getattr(scipy.special, name))
        setattr(self, name, found)
        return found


sp = _SciPy()


def refused(parameter: str, position: int) -> Callable[..., Array]:
    """The rule of a parameter that has no derivative here."""

    def rule(g: Array, out: Array, *args: Array) -> Array:
        raise TypeError(f"no derivative by {parameter}, given {describe(args[position])}: give it .detach()")

    return rule
