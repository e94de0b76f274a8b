"""Numbers in a few characters: what an array holds, and how strongly the result answers to it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..primitive import NUMBERS, Array

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
_SHORT = 26  # characters: a small array is written out up to here


@dataclass(frozen=True, slots=True)
class Summary:
    """What an array holds: its number, its few numbers, or how they are spread; `wrong` if some are nan or infinite."""

    text: str
    wrong: bool = False


def figure(number: float, digits: int = 4) -> str:
    """A number as short as it is said aloud: at most so many digits, with a real minus sign.

    >>> figure(0.000123456), figure(1234567.0, 3), figure(12345.6, 3), figure(2.0)
    ('0.0001235', '1.23e6', '12346', '2')
    """
    text = f"{number:.0f}" if 10**digits <= abs(number) < 10**6 else f"{number:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    return (f"{mantissa}e{int(exponent)}" if exponent else mantissa).replace("-", MINUS)


def summarise(array: Array) -> Summary:
    """An array in a few words. It uses the array's own methods, so that it works for any array library.

    >>> summarise(np.array([1.0, 2.0])).text, summarise(np.arange(1000.0)).text
    ('[1, 2]', '500 ± 289')
    """
    if array.dtype.kind not in "biufc":
        return Summary(str(array.dtype))
    if array.size == 1:
        number = array.item()
        if isinstance(number, (bool, complex)):
            return Summary(str(number), wrong=number != number)
        return Summary(figure(number), wrong=not math.isfinite(number))
    if array.size == 0:
        return Summary("empty")
    if array.dtype.kind == "b":
        return Summary(f"{figure(100 * float(array.mean()), 3)} % True")
    wrong = 0
    if array.dtype.kind in "fc" and not bool(np.isfinite(array).all()):
        nans = int(np.isnan(array).sum())
        infinite = int(np.isinf(array).sum())
        wrong = nans + infinite
    if array.size <= 4 and array.dtype.kind in "fiu":
        text = "[" + ", ".join(figure(x, 3) for x in array.reshape(-1).tolist()) + "]"
        if array.ndim == 1 and len(text) <= _SHORT:
            return Summary(text, wrong > 0)
    if wrong:
        found = [f"{count:,} {what}" for count, what in ((nans, "nan"), (infinite, "inf")) if count]
        return Summary(f"{' and '.join(found)} of {array.size:,}", wrong=True)
    if array.dtype.kind in "iu":
        return Summary(f"{figure(int(array.min()))} … {figure(int(array.max()))}")
    with np.errstate(all="ignore"):
        if array.dtype.kind == "c":
            return Summary(f"mean {array.mean():.3g}")
        mean, spread = float(array.mean(dtype=np.float64)), float(array.std(dtype=np.float64))
    if not math.isfinite(spread):
        return Summary(f"{figure(array.min(), 3)} … {figure(array.max(), 3)}")
    if spread == 0:
        return Summary(f"all {figure(mean, 3)}")
    return Summary(f"{figure(mean, 3)} ± {figure(spread, 3)}")


def strength(cotangent: Array) -> float:
    """The length of a cotangent (the root of the sum of its squares), without overflow on the way."""
    if type(cotangent) in NUMBERS:
        return abs(float(cotangent))
    if cotangent.size == 0:
        return 0.0
    largest = float(abs(cotangent).max())
    if not 0 < largest < np.inf:
        return largest
    scaled = cotangent / largest
    return largest * float((scaled * scaled).sum(dtype=np.float64)) ** 0.5


def signed(cotangent: Array) -> str:
    """What is handed back, for an edge of a small picture: the number itself, or the length of the cotangent."""
    number: Any = cotangent.item() if cotangent.size == 1 else strength(cotangent)
    return figure(number, 3)
