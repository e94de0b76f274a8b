"""What there is to notice in the numbers of a step: how often a value was used, who is silent, what was right."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..graph.summary import MINUS, TIMES, figure

Place = tuple[int, ...]


class Facts(NamedTuple):
    """What a step is made of: its value, its arguments (arrays and numbers), its settings, and what it hands back."""

    out: Any
    inputs: tuple[Any, ...]
    params: dict[str, Any]
    names: tuple[str, ...]
    handed: Any

    def at(self, place: Place) -> tuple[float, ...]:
        """The numbers of an elementwise step at one place: its value, then its arguments."""
        found = []
        for x in (self.out, *self.inputs):
            x = np.asarray(math.nan if x is None else x)
            found.append(float(np.broadcast_to(x, np.shape(self.out))[place]))
        return tuple(found)


def inside(number: float) -> str:
    text = figure(number)
    return f"({text})" if text.startswith(MINUS) else text


def as_read(arithmetic: str) -> str:
    """With the signs of multiplication and subtraction that stand on paper."""
    return arithmetic.replace(" * ", f" {TIMES} ").replace("-", MINUS)


def count(n: int, one: str, many: str = "") -> str:
    """`1 sample`, `1,220 samples`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def stretched(facts: Facts, i: int) -> str:
    """Of an argument that broadcasting used more than once."""
    mine, all_of_it = np.size(facts.inputs[i]), np.size(facts.out)
    if not mine or mine >= all_of_it:
        return ""
    each = "" if mine == 1 else "each number of "
    return f"Used {all_of_it // mine:,} times: what comes back to {each}{facts.names[i]} is added up."


def used_by_rows(facts: Facts, i: int) -> str:
    """Of weights that every sample was multiplied with, and of their input."""
    rows = np.size(facts.out) // (np.shape(facts.out)[-1] or 1)
    if i == 0:
        units = np.shape(facts.out)[-1]
        return f"Each of its numbers fed {count(units, 'sum')}; what they hand back is added up." if units > 1 else ""
    if rows < 2:
        return ""
    return f"Used by {rows:,} samples: what they hand back to {facts.names[i]} is added up."


def matmul(facts: Facts, i: int) -> str:
    shapes = [np.shape(x) for x in facts.inputs]
    if any(len(s) < 2 for s in shapes) or (len(shapes[1]) > 2 and len(shapes[0]) <= 2):
        return stretched(facts, i) if np.size(facts.inputs[i]) < np.size(facts.out) else ""
    return used_by_rows(facts, i)


def closed(facts: Facts, i: int) -> str:
    """Of a relu: who is silent."""
    x, size = np.asarray(facts.inputs[0]), np.size(facts.out)
    silent = size - int((x > 0).sum())
    kind = "negative" if int((x < 0).sum()) == silent else "not positive"
    if size == 1:
        return (
            f"Its input was {kind}: it hands back nothing." if silent else "Its input was positive: the door is open."
        )
    if not silent:
        return f"All {size:,} were positive and hand on what they are handed."
    return f"{silent:,} of {size:,} were {kind} and hand back nothing; the others hand on what they are handed."


def taken(facts: Facts, i: int) -> str:
    """Of a where: how often this branch was taken."""
    held, size = np.broadcast_to(facts.inputs[0], np.shape(facts.out)), np.size(facts.out)
    taken = int(held.sum()) if i == 1 else size - int(held.sum())
    if size == 1:
        return f"{facts.names[i]} was chosen." if taken else f"{facts.names[i]} was not chosen and is handed nothing."
    return f"{facts.names[i]} was chosen in {taken:,} of {size:,} places and is handed nothing for the others."


def only(*whom: str) -> Callable[[Facts, int], str]:
    """Of a step that hands something to some of an argument's numbers only: `whom` says of each argument to which."""

    def notice(facts: Facts, i: int) -> str:
        handed = np.asarray(facts.handed)
        some = int((handed != 0).sum())
        if i >= len(whom) or some == handed.size or not some:
            return ""
        return f"Only {whom[i]} is handed something: {some:,} of {handed.size:,} numbers."

    return notice


def evenly(facts: Facts, i: int) -> str:
    n = np.size(facts.inputs[0]) // (np.size(facts.out) or 1)
    return f"Each of the {n:,} numbers gets 1/{n:,} of it." if n > 1 else ""


def equally(facts: Facts, i: int) -> str:
    n = np.size(facts.inputs[0]) // (np.size(facts.out) or 1)
    return f"Each of the {n:,} numbers is handed the same." if n > 1 else ""


def read_minus_true(facts: Facts, i: int) -> str:
    samples = np.size(facts.inputs[0]) // (np.shape(facts.inputs[0])[-1] or 1)
    divided = f", divided by the {samples:,} samples" if samples > 1 else ""
    return f"Each class is handed what the network read minus what is true{divided}."


def of_softmax(facts: Facts, result: Place, argument: Place) -> str:
    logits, y = np.asarray(facts.inputs[0], np.float64), np.asarray(facts.params["y"], np.float64)
    row, true = logits[argument[:-1]], y[argument[:-1]]
    e = np.exp(row - row.max())
    read, samples = e[argument[-1]] / e.sum() * true.sum(), logits.size // logits.shape[-1]
    difference = f"{figure(float(read))} {MINUS} {inside(float(true[argument[-1]]))}"
    return f"({difference}) / {samples}" if samples > 1 else difference


def of_crossentropy(facts: Facts, result: Place, argument: Place) -> str:
    p, y = np.asarray(facts.inputs[0]), np.asarray(facts.params["y"])
    samples = y.size // y.shape[-1]
    reason = f"{figure(-float(y[argument]))} / {figure(float(p[argument]))}"
    return f"{reason} / {samples}" if samples > 1 else reason


def of_power(facts: Facts, result: Place, argument: Place) -> str:
    _, x, y = facts.at(result)
    return f"{figure(y)} {TIMES} {inside(x)}" + ("" if y == 2 else f" ** {inside(y - 1)}")
