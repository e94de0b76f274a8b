"""Numbers in a few characters: what an array holds, and how strongly the result answers to it."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..primitive import Array

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
SIGNS = {"add": " + ", "subtract": f" {MINUS} ", "multiply": f" {TIMES} ", "divide": " / ", "power": " ** "}
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
    number = number or 0.0  # there is no minus 0 on paper
    text = f"{number:.0f}" if 10**digits <= abs(number) < 10**6 else f"{number:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    return (f"{mantissa}e{int(exponent)}" if exponent else mantissa).replace("-", MINUS)


class Look(NamedTuple):
    """What one look at an array tells."""

    summary: Summary
    length: float = 0.0  # the root of the sum of the squares
    magnitude: float = math.nan  # the mean of the absolute values


def look(array: Array) -> Look:
    """An array in a few words and numbers. It uses the array's own methods, so that it works for any array library.

    Call it where NumPy's warnings are off: what is nan or infinite is told in the words.

    >>> look(np.array([3.0, 4.0]))
    Look(summary=Summary(text='[3, 4]', wrong=False), length=5.0, magnitude=3.5)
    >>> look(np.arange(1000.0)).summary.text
    '500 ± 289'
    """
    kind = array.dtype.kind
    if kind not in "biufc":
        return Look(Summary(str(array.dtype)), math.nan)
    if array.size == 1:
        number = array.item()
        size = abs(number)
        if isinstance(number, (bool, complex)):
            return Look(Summary(str(number), number != number), size, size)
        return Look(Summary(figure(number), not math.isfinite(number)), size, size)
    if array.size == 0:
        return Look(Summary("empty"))
    if kind == "b":
        share = float(array.mean())
        return Look(Summary(f"{figure(100 * share, 3)} % True"), math.sqrt(share * array.size), share)
    flat = array.reshape(-1)
    total, magnitude, square = _sums(abs(flat) if kind == "c" else flat)
    if not 1e-280 < square < math.inf:  # all zero, something wrong, or squares that no float can hold
        return _careful_look(array, flat)
    return Look(_in_words(array, flat, total, square), math.sqrt(square), magnitude / array.size)


BLOCK = 1 << 18  # elements: a wider copy of a whole array might not fit into memory


def _sums(flat: Array) -> tuple[float, float, float]:
    """Of the values, of their magnitudes and of their squares, added up in float64."""
    if len(flat) > BLOCK:
        parts = [_sums(flat[start : start + BLOCK]) for start in range(0, len(flat), BLOCK)]
        total, magnitude, square = (sum(part) for part in zip(*parts, strict=True))
        return total, magnitude, square
    block = flat.astype(np.float64, copy=False)
    return float(np.add.reduce(block)), float(np.add.reduce(abs(block))), float(block.dot(block))


def _careful_look(array: Array, flat: Array) -> Look:
    nans, infinite = (int(np.isnan(flat).sum()), int(np.isinf(flat).sum())) if array.dtype.kind in "fc" else (0, 0)
    largest = float(abs(flat).max())
    if nans or infinite:
        found = [f"{count:,} {what}" for count, what in ((nans, "nan"), (infinite, "inf")) if count]
        text = _few(array, flat) or f"{' and '.join(found)} of {array.size:,}"
        return Look(Summary(text, wrong=True), math.nan if nans else math.inf, float(abs(flat).mean()))
    if largest == 0:
        return Look(Summary(_few(array, flat) or "all 0"), 0.0, 0.0)
    total, magnitude, square = _sums(flat / largest if array.dtype.kind == "f" else abs(flat) / largest)
    if array.dtype.kind == "f":
        spread = math.sqrt(max(square / array.size - (total / array.size) ** 2, 0.0)) * largest
        text = f"{figure(total / array.size * largest, 3)} ± {figure(spread, 3)}"
        text = (
            text if math.isfinite(spread) and largest < 1e150 else f"{figure(flat.min(), 3)} … {figure(flat.max(), 3)}"
        )
    else:
        text = f"mean {flat.mean():.3g}"
    return Look(Summary(_few(array, flat) or text), math.sqrt(square) * largest, magnitude / array.size * largest)


def _few(array: Array, flat: Array) -> str:
    """Its numbers, if they are few and short."""
    if array.ndim != 1 or array.size > 4 or array.dtype.kind == "c":
        return ""
    text = "[" + ", ".join([figure(x, 3) for x in flat.tolist()]) + "]"
    return text if len(text) <= _SHORT else ""


def _in_words(array: Array, flat: Array, total: float, square: float) -> Summary:
    if text := _few(array, flat):
        return Summary(text)
    kind = array.dtype.kind
    if kind == "c":
        return Summary(f"mean {array.mean():.3g}")
    if kind in "iu":
        return Summary(f"{figure(int(array.min()))} … {figure(int(array.max()))}")
    mean = total / array.size
    variance = square / array.size - mean * mean
    if variance <= 1e-9 * mean * mean:  # nothing is left of it but rounding
        if array.min() == array.max():
            return Summary(f"all {figure(mean, 3)}")
        variance = _sums(flat - mean)[2] / array.size
    return Summary(f"{figure(mean, 3)} ± {figure(math.sqrt(variance), 3)}")
