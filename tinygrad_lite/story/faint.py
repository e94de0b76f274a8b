"""What weakens a gradient on its way: doors that are shut, flat places, factors of zero. Each in one sentence."""

from typing import Any, NamedTuple

import numpy as np

from ..primitive import Node, describe

MOST = 0.5  # of the numbers of a step: from there on it is said
NEAR = 1e-3  # to the end of its range: saturated
_STAIRS = {"round", "floor", "ceil", "trunc", "sign", "floor_divide"}
_CHOOSERS = {"max", "min", "getitem", "take", "take_along_axis", "sort", "max_pool", "setitem"}


class Hindrance(NamedTuple):
    words: str
    share: float  # of the numbers that it stops


def hindrance(node: Node, x: Node, g: Any, r: Any) -> Hindrance | None:
    """What this step does to the gradient g that it is handed, on its way to x, if it stops most or all of it."""
    name, out = node._primitive.name if node._primitive else "", node._data
    inputs = [y._data if isinstance(y, Node) else y for y in node._inputs or ()]
    stops = bool(np.any(g)) and not np.any(r)
    if not np.size(out):
        return None
    if name == "relu":
        share, exactly = np.mean(inputs[0] <= 0), np.any(inputs[0] == 0)
        kind = "not positive" if exactly else "negative"
        return _if_most(share, f"{_percent(share)} of this relu's inputs are {kind}: it hands nothing back to them")
    if name in ("sigmoid", "softmax", "tanh"):
        low = -1 if name == "tanh" else 0
        share = np.mean((out - low < NEAR) | (1 - out < NEAR))
        ends = f"{low} or 1"
        words = (
            f"This {name} is saturated: {_percent(share)} of its outputs are within {NEAR} of {ends}, where it is flat"
        )
        return _if_most(share, words)
    if name in _STAIRS:
        return Hindrance(f"{name} goes in steps and is flat between them: its derivative is 0", 1.0)
    if name in ("maximum", "minimum", "clip", "where"):
        share = np.mean(np.broadcast_to(np.equal(r, 0), np.shape(r))[_at(g, r)]) if np.any(g) else 0.0
        words = {
            "clip": f"clip cuts {_percent(share)} of its inputs off, and hands nothing back to them",
            "where": f"where chose the other branch in {_percent(share)} of the places",
        }.get(name, f"{name} took its other argument in {_percent(share)} of the places")
        return _if_most(share, words)
    if not stops:
        return None
    if name in ("multiply", "matmul", "dot", "einsum"):
        other = [y for y, given in zip(inputs, node._inputs or (), strict=True) if given is not x]
        if other and not np.any(other[0]):
            return Hindrance(f"{name} multiplies {describe(x)} by nothing but 0", 1.0)
    if name in _CHOOSERS:
        return Hindrance(f"{name} chose none of the numbers that the loss depends on", 1.0)
    tiny = np.finfo(r.dtype).tiny
    if np.max(np.abs(g)) < 1e3 * tiny or r.dtype.itemsize < 4:
        return Hindrance(f"{name} hands back less than {r.dtype} can hold: it was rounded to 0 (underflow)", 1.0)
    return Hindrance(f"{name} hands back zero", 1.0)


def _at(g: Any, r: Any) -> Any:
    """The places that were handed something, where they can be told."""
    return np.not_equal(g, 0) if np.shape(g) == np.shape(r) else ...


def _if_most(share: Any, words: str) -> Hindrance | None:
    return Hindrance(words, float(share)) if share >= MOST else None


def _percent(share: Any) -> str:
    """Never rounded to all or nothing."""
    text = f"{100 * share:.0f}"
    return ("more than 99 %" if text == "100" else f"{text} %") if share < 1 else "100 %"
