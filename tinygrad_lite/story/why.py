"""Why a gradient is None, zero, nan, too large or too small, in words: read from the graph or from a watched run."""

import html
import math
from typing import Any, NamedTuple

import numpy as np

from .. import backprop
from ..anomaly import asked, first_bad, rule_made, value_made
from ..batching import Batch
from ..mode import record_lines
from ..primitive import Node, describe
from .cuts import Cut, Watched, watched
from .faint import hindrance

EXPLODES, VANISHES = 1e4, 1e-6  # lengths of the gradient of a loss from which on we speak of it


class Cause(NamedTuple):
    """One thing that stands in the gradient's way: what, by which operation, where, and how strongly."""

    words: str
    operation: str
    where: str
    number: float = math.nan

    def __str__(self) -> str:
        return self.words + self.where + "."


class Why:
    """The answer of `why`: print it, or show it in a notebook.

    kind: "none", "freed", "changed", "zero", "nan", "exploding", "vanishing" or "flows". words: its sentences. causes:
    what stands in the gradient's way, each with `operation`, `where` and a number.
    """

    def __init__(self, kind: str, headline: str, causes: list[Cause] | None = None) -> None:
        self.kind, self.causes = kind, causes or []
        self.words = [headline, *map(str, self.causes)]

    def __str__(self) -> str:
        return "\n".join(self.words)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "".join([f"<p>{html.escape(line)}</p>" for line in self.words])


def why(t: Any, loss: Any) -> Why:
    """Why the gradient of `t` is None, zero, nan, exploding or vanishing, in words.

    t: a Tensor. loss: the single number that `backward()` starts from, before its graph is freed; or a function without
    arguments that computes it. A function is run once and watched, so that cuts that leave no trace in the graph are
    found with their line: detach, no_grad, whole numbers, `item()` and `numpy()`.

    No `.grad` is changed. Raises TypeError if t or the loss is no Tensor, RuntimeError if the loss is not one number.

    >>> import tinygrad_lite as tg
    >>> w = tg.tensor([1.0, -2.0, -3.0, -4.0], requires_grad=True, name="w")
    >>> tg.why(w, tg.maximum(w * 0 - 1, 0.0).sum()).kind
    'zero'
    >>> print(tg.why(w, lambda: (w.detach() * 2).sum()).words[0])
    No gradient reaches Tensor 'w' float32(4,): every way from it to the loss is cut.
    """
    if not isinstance(t, Node):
        raise TypeError(f"why() takes a Tensor first, given {describe(t)}")
    seen: Watched | None = None
    if callable(loss) and not isinstance(loss, Node):
        with record_lines():
            loss, seen = watched(loss)
    if not isinstance(loss, Node):
        raise TypeError(f"why() takes the loss, a Tensor, or a function that computes it; given {describe(loss)}")
    try:
        whole = backprop.history(loss)
        nodes = backprop.history(loss, [t]) if t._requires_grad else []
    except RuntimeError as error:
        kind = "changed" if "in place" in str(error) else "freed"
        also = "" if kind == "changed" else ". Or give why() a function that computes the loss"
        return Why(kind, f"{error}{also}.")
    if any(type(node._data) is Batch for node in (t, *nodes)):
        raise TypeError("why() looks at one example: call it without vmap, on the function of one of them")
    if not nodes or nodes[-1] is not t:
        return _no_way(t, whole, seen)
    return _of_what_flows(t, loss, nodes)


def _no_way(t: Node, whole: list[Node], seen: Watched | None) -> Why:
    """There is no recorded way from t to the loss."""
    if not t._requires_grad:
        made = seen.cut_of(t) if seen else None
        if t._data.dtype.kind not in "fc":
            headline = f"{describe(t)} has no gradient: whole numbers and booleans go in jumps and have no derivative."
        elif made:
            headline = f"{describe(t)} wants no gradient: it was computed, but its graph was cut."
        else:
            headline = (
                f"{describe(t)} wants no gradient: it was made without requires_grad=True, or computed inside no_grad()"
                " or by detach(), or from constants."
            )
        return Why("none", headline, [_cause(made)] if made else [])
    if seen is None:
        headline = f"No gradient reaches {describe(t)}: the loss was not computed from it, or the way was cut."
        causes = [
            Cause("Its own values are in the loss's graph as a constant: detach() cut it off there", "detach", "")
        ]
        causes = causes if _is_constant_there(t, whole) else []
        return Why("none", headline + " Give why() a function that computes the loss, and it finds the line.", causes)
    cuts, left = seen.cuts(t)
    if cuts:
        headline = f"No gradient reaches {describe(t)}: every way from it to the loss is cut."
    elif left:
        headline = (
            f"No gradient reaches {describe(t)}: its values left the graph, and came back as constants if at all."
        )
    else:
        headline = f"No gradient reaches {describe(t)}: the loss is computed without it."
    return Why("none", headline, [_cause(cut) for cut in cuts or left])


def _cause(cut: Cut) -> Cause:
    return Cause(cut.words, cut.operation, asked(cut.scope))


def _is_constant_there(t: Node, nodes: list[Node]) -> bool:
    held = [x for node in nodes for x in node._inputs or () if isinstance(x, Node) and not x._requires_grad]
    return any(np.shares_memory(x._data, t._data) for x in held)


class _Walk:
    """What each step handed back to its arguments on a walk: where it stopped, where nan began, and how it grew."""

    def __init__(self, root: Node) -> None:
        self.root, self.g = root, None
        self.handed: dict[int, list[tuple[float, float, Node]]] = {}
        self.causes: list[Cause] = []
        self.bad: list[Cause] = []
        self.total: Any = None

    def watch(self, node: Node, x: Node | None, r: Any) -> None:
        if x is None:
            if node is self.root:  # the first walk, or once more with care
                self.__init__(node)  # type: ignore[misc]
            self.g = r
            return
        assert self.g is not None and node._primitive is not None
        if (bad := first_bad(r)) and not first_bad(self.g):
            words = rule_made(bad, node, x, self.g)
            self.bad.append(Cause(f"The first backward: {words}", node._primitive.name, asked(node._scope)))
        elif found := hindrance(node, x, self.g, r):
            self.causes.append(Cause(found.words, node._primitive.name, asked(node._scope), found.share))
        self.handed.setdefault(x._number, []).append((length(r), length(self.g), node))


def length(g: Any) -> float:
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(np.asarray(g, np.complex128 if g.dtype.kind == "c" else np.float64)))


def _of_what_flows(t: Node, loss: Node, nodes: list[Node]) -> Why:
    walk = _Walk(nodes[0])
    found = backprop.pull_back(nodes, backprop.seed_of(loss, None), [t], watch=walk.watch)
    g = next((g for node, g in found if node is t), None)
    if g is None:
        return Why("none", f"No gradient reaches {describe(t)}: the steps on its way hand back nothing.", walk.causes)
    if bad := first_bad(g):
        value = next(filter(None, map(_made_bad, reversed(nodes))), None)
        causes = [value] if value else walk.bad[:1]
        kind = "nan" if np.isnan(bad.number) else "exploding"
        return Why(kind, f"The gradient of {describe(t)} has {bad}.", causes)
    size = length(g)
    zeros = 1 - np.count_nonzero(g) / max(np.size(g), 1)
    if zeros == 1:
        return Why("zero", f"The gradient of {describe(t)} is zero.", walk.causes)
    if size > EXPLODES or size < VANISHES:
        kind, grown = ("exploding", "has grown") if size > EXPLODES else ("vanishing", "has shrunk")
        headline = f"The gradient of {describe(t)} {grown} to the length {size:.3g} on its way from the loss."
        return Why(kind, headline, [*_chain(t, walk, size > EXPLODES), *walk.causes * (kind == "vanishing")])
    partly = f", {100 * zeros:.0f} % of its numbers are zero" if zeros else ""
    headline = f"A gradient flows to {describe(t)}: its length is {size:.3g}{partly}."
    if t._grad is None:
        headline += (
            " Its .grad is None because it was computed: call .retain_grad() before backward(), which keeps it."
            if t._primitive is not None
            else " Its .grad is None as long as no backward() was called, or since the optimizer's zero_grad()."
        )
    return Why("flows", headline, walk.causes)


def _made_bad(node: Node) -> Cause | None:
    """If the step made nan or infinity forward: it is older than any of the walk back."""
    if node._primitive is None or not (bad := first_bad(node._data)):
        return None
    words = value_made(bad, node._data, node._primitive, node._inputs or ())
    return Cause(f"The first forward: {words}", node._primitive.name, asked(node._scope)) if words else None


def _chain(t: Node, walk: _Walk, up: bool) -> list[Cause]:
    """Which operation multiplied the gradient's length most, on the strongest way from the loss to t."""
    x, factors = t, {}  # type: ignore[var-annotated]
    while arrived := walk.handed.get(x._number):
        after, before, x = max(arrived, key=lambda a: a[0])
        if before and after:
            factors.setdefault(x._primitive.name, []).append((after / before, x))  # type: ignore[union-attr]
    if not factors:
        return []
    products = {name: sum(math.log(f) for f, _ in steps) for name, steps in factors.items()}
    name = (max if up else min)(products, key=products.__getitem__)
    steps, total = factors[name], math.exp(min(products[name], 700))
    each = math.exp(products[name] / len(steps))
    times = f"{len(steps):,} times in a row, each about × {each:.3g}, together × {total:.3g}"
    words = f"Most of it by {name}: {times if len(steps) > 1 else f'× {total:.3g}'}"
    most = (max if up else min)(steps, key=lambda s: s[0])[1]
    return [Cause(words, name, asked(most._scope), each)]
