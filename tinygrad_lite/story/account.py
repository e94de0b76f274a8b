"""The arithmetic of one step: which sensitivities, times which local derivatives, add up to what it hands back.

The numbers are the engine's own. A rule is linear in the sensitivity that it is handed, so its derivative by that
sensitivity is the local derivative: the rule, recorded and pulled back once, gives it, whatever the primitive is.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..backprop import _fit, history, pull_back
from ..graph.summary import look
from ..mode import enable_grad, no_grad
from ..primitive import Array, Node, leaf

TOLD = 3  # products that are written out, where there are many

Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Amount:
    """What is handed to a value: its length, its largest element and where that is, and how many get nothing."""

    shape: tuple[int, ...]
    length: float  # the root of the sum of the squares
    largest: float  # the element of the greatest magnitude, with its sign; nan, if there is one
    place: Place  # of the largest
    nothing: int  # elements that are handed 0

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @classmethod
    def of(cls, g: Array) -> "Amount":
        place = largest_place(g)
        largest = float(g[place]) if g.size else 0.0
        return cls(tuple(g.shape), look(g).length, largest, place, int((g == 0).sum()))


class Term(NamedTuple):
    """One product: the sensitivity of an element of the result, and that element's derivative by the argument's."""

    sensitivity: float
    local: float
    place: Place  # in the result

    @property
    def product(self) -> float:
        return 0.0 if self.sensitivity == 0 else self.sensitivity * self.local  # zero wins, as in the walk


@dataclass(frozen=True, slots=True)
class Account:
    """How one element that is handed back comes about: `handed` is the sum of the terms' products and of `rest`."""

    place: Place  # in the argument
    handed: float
    terms: tuple[Term, ...]  # the largest first
    others: int = 0  # products that are not written out
    rest: float = 0.0  # what they add up to


def largest_place(g: Array) -> Place:
    """Where the element of the greatest magnitude is; the first nan, if there is one."""
    if not g.ndim or not g.size:
        return ()
    with np.errstate(all="ignore"):
        flat = int(abs(g).argmax())
    return tuple(int(i) for i in np.unravel_index(flat, g.shape))


def account_of(node: Node, i: int, g: Array, handed: Array) -> Account:
    """The account of the largest element of what `node`, handed `g`, hands back to its argument number `i`."""
    place = largest_place(handed)
    if not handed.size:
        return Account(place, 0.0, ())
    total = float(handed[place])
    try:
        local = _local(node, i, g, place)
    except Exception:  # somebody's own rule, which can't be recorded: it is asked number by number
        return _asked(node, i, g, place, total)
    weights, slopes = np.asarray(g, np.float64), np.asarray(local, np.float64)
    with np.errstate(all="ignore"):
        products = np.where(weights == 0, 0.0, weights * slopes)
    many = np.flatnonzero(products)  # nan, too, is not zero
    if not many.size:  # nothing is handed back
        return Account(place, total, (_term(weights, slopes, 0),) if products.size == 1 else ())
    flat = products.reshape(-1)
    told = many[np.argsort(-abs(flat[many]), kind="stable")]
    kept = told[: TOLD if len(told) > TOLD + 1 else TOLD + 1]
    others = told[len(kept) :]
    terms = tuple([_term(weights, slopes, int(k)) for k in kept])
    return Account(place, total, terms, len(others), float(flat[others].sum()))


def _term(weights: np.ndarray, slopes: np.ndarray, flat: int) -> Term:
    place = tuple(int(k) for k in np.unravel_index(flat, weights.shape))
    return Term(float(weights[place]), float(slopes[place]), place)


def _rule(node: Node, i: int, g: Any, recorded: bool) -> Any:
    """What the rule hands back to argument `i`, brought to its shape."""
    step: Any = node._primitive
    inputs: Any = node._inputs
    given = [node, *inputs]
    if not recorded:
        given = [x._data if isinstance(x, Node) else x for x in given]
    if step.shared is not None:
        g = step.shared(g, *given, **node._params)
    rule = (step.rules_for(inputs) if step.variadic else step.rules)[i]
    return _fit(rule(g, *given, **node._params), inputs[i]._data)


def _local(node: Node, i: int, g: Array, place: Place) -> Array:
    """The derivative of each element of the node's value by one element of its argument."""
    with enable_grad(), np.errstate(all="ignore"):
        cotangent = leaf(node.__class__, np.asarray(g), requires_grad=True)
        element = _rule(node, i, cotangent, recorded=True)[place]
    nodes = history(element, [cotangent])
    if not nodes:
        return np.zeros_like(g)
    return pull_back(nodes, np.ones_like(element._data)[()], [cotangent])[0][1]


def _asked(node: Node, i: int, g: Array, place: Place, total: float) -> Account:
    """The same from the rule alone: it is handed one element of g at a time, and then all the others together."""
    weights = np.array(g)
    told = np.argsort(-abs(weights), axis=None, kind="stable")[: TOLD if weights.size > TOLD + 1 else TOLD + 1]
    terms = []
    rest = weights.copy()
    with no_grad(), np.errstate(all="ignore"):
        for flat in told:
            at = tuple(int(k) for k in np.unravel_index(int(flat), weights.shape))
            one = np.zeros_like(weights)
            one[at] = 1
            terms.append(Term(float(weights[at]), float(_rule(node, i, one[()], recorded=False)[place]), at))
            rest[at] = 0
        others = int((rest != 0).sum())
        left = float(_rule(node, i, rest[()], recorded=False)[place]) if others else 0.0
    return Account(place, total, tuple([t for t in terms if t.product or weights.size == 1]), others, left)
