"""From the graph to the story as data: two walks back, one that measures, one that keeps what is told."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backprop
from ..graph.summary import MINUS, figure, look
from ..graph.text import shown
from ..primitive import NUMBERS, Array, Node
from .account import Amount, Place, account_of
from .choice import Strengths, on_the_way, told
from .notices import Facts, as_read
from .steps import Gap, Part, Received, Share, Step, Telling, lengths, paths_of
from .words import words_of


def tell(
    result: Node,
    nodes: list[Node],
    wrt: Sequence[Node],
    limit: int,
    strengths: Strengths,
    notes: tuple[str, ...] = (),
) -> Telling:
    """The story of how the result answers to `wrt`: some of `nodes`, which are the history of the result."""
    ends = {x._number: x for x in wrt}
    way = on_the_way(nodes, ends)
    steps = told(way, strengths, ends, limit)
    kept = {node._number for node in steps} | set(ends)
    memory = _Memory(kept, {node._number for node in way})
    backprop.pull_back(nodes, np.ones_like(result._data)[()], watch=memory.watch)
    writer = _Writer(way, kept, memory, ends, strengths)
    written = tuple([writer.step(node) for node in way if node._number in kept])
    name, value = writer.name(result), look(result._data).summary.text
    if result._data.size != 1:
        notes = (*notes, f"{name} is not a single number, so this is the story of its total: all its numbers added up.")
        name, value = f"the total of {name}", figure(float(result._data.sum(dtype=np.float64)))
    if any(node._data.dtype == np.float16 for node in way):
        notes = (
            *notes,
            "Some of these numbers are float16: they have about 3 digits, and beyond 65,504 they are infinite.",
        )
    gaps = tuple(writer.gaps(way))
    paths = () if gaps or any(n._data.size != 1 for n in way) else paths_of(written)
    between = sum(node._primitive is not None for node in way)
    return Telling(name, value, written, gaps, between, limit, notes, paths)


class _Memory:
    """Keeps what is handed to the values that are told, and what is handed on to and by them."""

    def __init__(self, kept: set[int], way: set[int]) -> None:
        self.kept, self.way = kept, way
        self.forget()

    def forget(self) -> None:
        self.seen: set[int] = set()
        self.sensitivities: dict[int, Array] = {}
        self.shares: dict[int, list[tuple[int, Array]]] = {}  # by a node: (to which argument, what)
        self.given: dict[int, list[tuple[int, Array]]] = {}  # to a node: (by which, what)

    def watch(self, node: Node, argument: Node | None, g: Array) -> None:
        number = node._number
        if argument is None:
            if number in self.seen:  # the walk is repeated with care
                self.forget()
            self.seen.add(number)
            self.positions = iter(_wanted(node))
            if number in self.kept:
                self.sensitivities[number] = g
                self.shares[number], self.given[number] = [], self.given.get(number, [])
            return
        position, to = next(self.positions), argument._number
        if to not in self.way:
            return
        if number in self.kept:
            self.shares[number].append((position, g))
        if to in self.kept:
            self.given.setdefault(to, []).append((number, g))


def _wanted(node: Node) -> list[int]:
    """The positions of the arguments that a gradient flows to, in the order in which the walk goes through them."""
    step: Any = node._primitive
    rules = step.rules * len(node._inputs or ()) if step is not None and step.variadic else step.rules if step else ()
    found = enumerate(zip(node._inputs or (), rules, strict=False))
    return [i for i, (x, rule) in found if isinstance(x, Node) and x._requires_grad and rule is not None]


class _Writer:
    """Gives each value a name and each step its words."""

    def __init__(
        self, way: list[Node], kept: set[int], memory: _Memory, ends: dict[int, Node], strengths: Strengths
    ) -> None:
        self.memory, self.ends, self.strengths = memory, ends, strengths
        self.way = {node._number for node in way}
        order = [node for node in way if node._number in kept]
        self.numbers = {node._number: i for i, node in enumerate(order, 1)}
        self.leaves = [n._number for n in reversed(order) if n._primitive is None and not n.name]
        self.bearers = Counter(map(self._own_name, order))
        self.said: set[str] = set()

    def name(self, x: Any, within: bool = False) -> str:
        """What a value is called; `within` the telling of another step, with its step if others are called the same."""
        if x is None:
            return "nothing"
        if name := self._own_name(x):
            others = self.bearers[name] - (x._number in self.numbers)
            return f"{name} of {self._which(x._number)}" if within and others and x._requires_grad else name
        data = x._data if isinstance(x, Node) else x
        if type(data) in NUMBERS or data.ndim == 0:
            value: Any = data.item() if hasattr(data, "item") else data
            return figure(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
        return f"the data ({lengths(data.shape)})" if data.size else "no data"

    def _own_name(self, x: Any) -> str:
        """Its name, what its operation makes, or which parameter it is; nothing for mere data."""
        if not isinstance(x, Node):
            return ""
        if x.name and shown(x.name):
            return shown(x.name)
        if x._primitive is not None:
            return words_of(x._primitive.name).noun
        if not x._requires_grad:
            return ""
        if x._number not in self.leaves:
            return "another parameter" if self.leaves else "a parameter"
        return "the parameter" if len(self.leaves) == 1 else f"parameter {self.leaves.index(x._number) + 1}"

    def _which(self, number: int) -> str:
        told = self.numbers.get(number)
        return f"step {told}" if told else "a step left out" if number in self.way else "a step off the way"

    def step(self, node: Node) -> Step:
        number = node._number
        g = self.memory.sensitivities.get(number)
        if g is None:  # nothing reached it
            g = np.zeros_like(node._data)[()]
        given = self.memory.given.get(number, [])
        sensitivity = Amount.of(g)
        received = self._received(given, sensitivity.place) if self.numbers[number] > 1 else None
        words = words_of(node._primitive.name) if node._primitive is not None else None
        shares = tuple([self._share(node, i, g, handed) for i, handed in self.memory.shares.get(number, ())])
        say = ""
        if words is not None and shares and words.say not in self.said:
            say = words.say
            self.said.add(say)
        made, value = node._primitive, node._data
        return Step(
            number=self.numbers[number], node=number, name=self.name(node), called=self.name(node, within=True),
            operation=made.name if made else "", expression=self._expression(node) if made else "",
            value=look(value).summary.text, shape=tuple(value.shape), scope=tuple(node._scope), sensitivity=sensitivity,
            received=received, shares=shares, end=number in self.ends, say=say,
        )  # fmt: skip

    def _received(self, given: list[tuple[int, Array]], place: Place) -> Received:
        known = [(self.numbers[by], float(r[place])) for by, r in given if by in self.numbers and r.size]
        rest = [float(r[place]) for by, r in given if by not in self.numbers and r.size]
        return Received(place, tuple([Part(*p) for p in known]), len(rest), _sum(rest))

    def _share(self, node: Node, i: int, g: Array, handed: Array) -> Share:
        step: Any = node._primitive
        inputs: Any = node._inputs
        words = words_of(step.name)
        arrays = tuple([x._data if isinstance(x, Node) else x for x in inputs])
        names = tuple([self.name(x, within=True) for x in inputs])
        facts = Facts(node._data, arrays, node._params, names, handed)
        account = account_of(node, i, g, handed)
        label, reason, notice = words.label(i), "", ""
        with np.errstate(all="ignore"):
            if len(account.terms) == 1 and not account.others:
                reason = words.reason(i, facts, account.terms[0].place, account.place)
            if words.notice is not None and handed.size:
                notice = words.notice(facts, i)
        return Share(
            i, inputs[i]._number, names[i], tuple(np.shape(handed)), Amount.of(handed), account, label, reason, notice
        )

    def _expression(self, node: Node) -> str:
        step: Any = node._primitive
        words, inputs = words_of(step.name), node._inputs or ()
        names = [self.name(x, within=True) for x in inputs if x is not None]
        if words.form and words.form.count("{}") == len(names):
            return as_read(words.form).format(*[f"({x})" if x.startswith(MINUS) else x for x in names])
        return f"{step.name}({', '.join(names)})"

    def gaps(self, way: list[Node]) -> list[Gap]:
        """The steps between those that are told, as they follow each other, newest first."""
        found: list[Gap] = []
        between: list[Node] = []
        last = 0
        for node in [*way, None]:
            if node is not None and node._number not in self.numbers:
                between.append(node)
                continue
            if between:
                modules = Counter(" / ".join(map(shown, x._scope)) for x in between)
                lengths = [self.strengths.of_node.get(x._number, 0.0) for x in between]
                found.append(Gap(last, len(between), tuple(modules.most_common()), min(lengths), max(lengths)))
                between = []
            if node is not None:
                last = self.numbers[node._number]
        return found


def _sum(numbers: list[float]) -> float:
    try:
        return math.fsum(numbers)
    except (OverflowError, ValueError):  # inf and -inf
        return float(np.sum(numbers))
