"""What the heat of a picture can show: each measure, how it is taken of one value, and of many folded into one."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np

from ..primitive import NUMBERS, Array
from .summary import BLOCK, TIMES, Look, figure

Heat = Literal["gradient", "blame", "ratio", "activation", "bytes", "time"]
Measures = Mapping[str, float]  # of one item: some of HEATS; "size" of a parameter, "dead" share of relus, "flow"


class Kind(NamedTuple):
    """How a measure is called on a card, what it tells, what those with most of it are called, and its unit."""

    label: str
    words: str
    most: str
    about: str = "parameter"  # the kind of item that it is asked of first
    unit: str = ""


HEATS: dict[str, Kind] = {
    "gradient": Kind(
        "sensitivity", "sensitivity: how strongly the result answers to a small change there", "most to blame"
    ),
    "blame": Kind(
        "blame", f"blame: |value {TIMES} sensitivity|, about what the result would change without it", "most to blame"
    ),
    "ratio": Kind(
        "gradient / weight", "gradient / weight: the part of a weight's size that a step of rate 1 moves it", "fastest"
    ),
    "activation": Kind(
        "activation", "activation: how large the values are, the mean of |value|", "largest", "operation"
    ),
    "bytes": Kind("memory", "memory that the values take", "largest", "operation", "B"),
    "time": Kind("time", "time that each operation takes", "slowest", "operation", "s"),
}


def known(heat: str) -> str:
    """The name itself. Raises ValueError for one that is no heat."""
    if heat not in HEATS:
        raise ValueError(f"heat must be one of {', '.join(map(repr, HEATS))}, given {heat!r}")
    return heat


def of(measures: Measures, heat: str) -> float | None:
    """One of HEATS, if it can be told from these measures."""
    if heat != "ratio":
        return measures.get(heat)
    gradient, size = measures.get("gradient"), measures.get("size")
    return None if gradient is None or not size else gradient / size


def of_value(value: Array, look: Look, is_parameter: bool = False, is_relu: bool = False) -> dict[str, float]:
    """What can be measured of a value alone."""
    found = {"bytes": float(value.nbytes)}
    if value.size and value.dtype.kind in "biufc":
        found["activation"] = look.magnitude
    if is_parameter:
        found["size"] = look.length
    if is_relu and value.ndim > 1 and value.size:  # places on the last axis that are 0 in the whole batch
        alive = (value > 0).any(axis=tuple(range(value.ndim - 1)))
        found["dead"] = 1 - float(alive.mean(dtype=np.float64))
    return found


def blame(value: Array, g: Array) -> float:
    """The sum of |value * cotangent|: to first order, what the result would change without these values.

    >>> blame(np.array([1.0, -2.0]), np.array([3.0, 0.5]))
    4.0
    """
    if type(g) in NUMBERS:
        return abs(float(value) * float(g))
    if g.dtype.itemsize >= 4:
        total = float(np.add.reduce(abs(value * g), axis=None, dtype=np.float64))
        if 0 < total < math.inf:
            return total
    value, g = value.reshape(-1), g.reshape(-1)  # products that are too large or too small for the dtype
    blocks = [slice(start, start + BLOCK) for start in range(0, len(g), BLOCK)]
    return float(sum(abs(np.multiply(value[part], g[part], dtype=np.float64)).sum() for part in blocks))


def folded(members: Iterable[Any]) -> dict[str, float]:
    """The measures of many items as of one: memory and time of all, the blame of the parameters, the deadest relu."""
    found: dict[str, float] = {}
    for item in members:
        parameters = item.kind not in ("operation", "data")
        for kind, number in item.measures.items():
            if kind in ("activation", "flow"):
                found[kind] = number  # of what it puts out: that is its last
            elif kind in ("bytes", "time") or (kind == "blame" and parameters):
                found[kind] = found.get(kind, 0.0) + number
            elif kind == "dead":
                found[kind] = max(found.get(kind, 0.0), number)
            elif kind in ("gradient", "size") and parameters:
                found[kind] = math.hypot(found.get(kind, 0.0), number)
            elif kind == "gradient" and item.kind == "operation":
                found["flow"] = number
    return found


def said(heat: str, value: float, digits: int = 3) -> str:
    """A measure with its unit: 3.2 MB, 12 µs, 0.0145.

    >>> said("bytes", 2_500_000.0), said("time", 0.0000123), said("gradient", 0.25)
    ('2.5 MB', '12.3 µs', '0.25')
    """
    unit = HEATS[heat].unit
    if not unit or not math.isfinite(value):
        return figure(value, digits)
    steps = {"B": (("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0)), "s": (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))}
    name, factor = next((s for s in steps[unit] if value >= s[1]), steps[unit][-1])
    return f"{figure(value / factor, digits)} {name}"
