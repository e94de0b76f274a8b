"""The story as data: each step, what it is handed, what it hands back, and the arithmetic of both."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..graph.summary import TIMES
from .account import Account, Amount, Place

MOST_PATHS = 4  # to one value, that are written out


class Part(NamedTuple):
    """What one other step hands back to a value, at one place."""

    step: int  # its number
    handed: float


@dataclass(frozen=True, slots=True)
class Received:
    """How the largest element of a sensitivity adds up: it is the sum of all parts and of `rest`."""

    place: Place
    parts: tuple[Part, ...]
    others: int = 0  # shares that come from steps that are not told
    rest: float = 0.0  # what they add up to


@dataclass(frozen=True, slots=True)
class Share:
    """What a step hands back to one of its arguments."""

    position: int
    to: int  # the number that the argument was born with
    name: str
    shape: tuple[int, ...]
    amount: Amount
    account: Account
    label: str = ""  # what the local derivative is called
    reason: str = ""  # where the local derivative of the only term comes from, in numbers
    notice: str = ""  # what else there is to see


@dataclass(frozen=True, slots=True)
class Step:
    """One value on the way: the newest has the number 1. A value that was asked for is the end of a path."""

    number: int
    node: int  # the number that the Tensor was born with
    name: str
    called: str  # by other steps: its name and, where others have the same, its number
    operation: str
    expression: str  # how it was computed, "output - target"; empty for a leaf
    value: str
    shape: tuple[int, ...]
    scope: tuple[str, ...]
    sensitivity: Amount
    received: Received | None  # None for the first: it is where the walk starts
    shares: tuple[Share, ...] = ()
    end: bool = False
    say: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """Steps that are not told: they stand between the step of that number and the next."""

    after: int
    steps: int
    modules: tuple[tuple[str, int], ...]  # where they happened, and how many of them
    weakest: float  # the length of the smallest sensitivity among them
    strongest: float


@dataclass(frozen=True, slots=True)
class Path:
    """One way from the result to what was asked for. The product of its numbers is what arrives by it."""

    end: int  # the number of the step that it ends in
    steps: tuple[int, ...]  # the numbers of the steps it leads through
    locals: tuple[float, ...]  # their local derivatives

    @property
    def product(self) -> float:
        return math.prod(self.locals)


@dataclass(frozen=True, slots=True)
class Telling:
    """All that the words, the page and the tests need. It holds on to no Tensor."""

    result: str
    value: str
    steps: tuple[Step, ...]  # newest first
    gaps: tuple[Gap, ...]
    on_the_way: int  # steps that lie between, told or not
    limit: int
    notes: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()  # all of them, where the values are single numbers and the paths are few

    @property
    def ends(self) -> tuple[Step, ...]:
        return tuple([step for step in self.steps if step.end])


def paths_of(steps: Sequence[Step], most: int = MOST_PATHS) -> tuple[Path, ...]:
    """All paths from the first step to the ends; none where there are more than so many for one end."""
    links: dict[int, list[tuple[int, float]]] = {}  # from a value to those that hand it something, with their slope
    by_node = {step.node: step for step in steps}
    for step in steps:
        for share in step.shares:
            links.setdefault(share.to, []).append((step.node, share.account.terms[0].local))
    ways = {steps[0].node: 1}
    for step in steps[1:]:
        ways[step.node] = sum(ways[giver] for giver, _ in links.get(step.node, ()))
    found = []
    for end in steps:
        if not end.end or ways[end.node] > most:
            continue
        stack: list[tuple[int, tuple[int, ...], tuple[float, ...]]] = [(end.node, (), ())]
        while stack:
            node, through, slopes = stack.pop()
            if node == steps[0].node:
                found.append(Path(end.number, through, slopes))
            for giver, slope in reversed(links.get(node, ())):
                stack.append((giver, (by_node[giver].number, *through), (slope, *slopes)))
    return tuple(found)


def lengths(shape: Sequence[int]) -> str:
    """A shape in words: the lengths, with a sign of multiplication between."""
    return f" {TIMES} ".join([f"{n:,}" for n in shape])
