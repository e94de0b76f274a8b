"""The story in words: each step as a title and a few sentences. The text, the page and the notebook show these."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..graph.summary import MINUS, TIMES, figure
from .account import Account, Amount, Place
from .notices import count
from .steps import Gap, Path, Received, Share, Step, Telling, lengths

_SMALL = 0.001  # how much larger a value is made, to say what would happen


class Piece(NamedTuple):
    """A few words of one kind: "" for plain ones; `name`, `sensitivity`, `local`, `handed` (what is handed back)."""

    text: str
    kind: str = ""


Sentence = tuple[Piece, ...]


class Line(NamedTuple):
    """A sentence of a step. kind: "" for words, `equation` for arithmetic of its own, `note` for what is said aside."""

    sentence: Sentence
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One entry of the story: a step, or what is said of steps that are left out."""

    number: int  # of the step; 0 for what is left out
    title: Sentence
    lines: tuple[Line, ...]
    end: bool = False


def plain(sentence: Sentence) -> str:
    """The sentence without its kinds."""
    return "".join(piece.text for piece in sentence)


def heading(telling: Telling) -> str:
    """The question that the story answers."""
    return f"How strongly does {telling.result} answer to {_listed([step.called for step in telling.ends])}?"


def opening(telling: Telling) -> list[str]:
    """What has to be known before the first step."""
    to = _listed([step.called for step in telling.ends])
    steps = count(telling.on_the_way, "step")
    words = [
        f"{_capital(telling.result)} is {telling.value}. It was computed from {to} in {steps}; the story walks them"
        " back, newest first.",
        "The sensitivity of a value is the plain word for its gradient: how strongly"
        f" {telling.result} answers to a small change of it. Each step is handed one, and hands back to what it was"
        f" computed from: its sensitivity {TIMES} its local derivative, which is how strongly the step itself answers."
        " This is the chain rule.",
    ]
    if any(step.sensitivity.size > 1 for step in telling.steps):
        words.append(
            "An array has a sensitivity for each of its numbers. Their length is the root of the sum of their squares;"
            " of each array the largest is told, and how it comes about."
        )
    if telling.gaps:
        kept = sum(bool(step.operation) for step in telling.steps)
        words.append(
            f"Of the {steps}, {count(kept, 'is', 'are')} told: those that the largest share went through"
            f" (limit={telling.limit})."
        )
    return [*words, *map(_capital, telling.notes)]


def paragraphs(telling: Telling) -> list[Paragraph]:
    """The story, newest step first, with what is left out in its place."""
    gaps = {gap.after: gap for gap in telling.gaps}
    found = [_left_out(gaps[0])] if 0 in gaps else []
    for step in telling.steps:
        found.append(_paragraph(step, telling))
        if step.number in gaps:
            found.append(_left_out(gaps[step.number]))
    return found


def closing(telling: Telling) -> list[Sentence]:
    """The chain rule in one line, where the paths are few and made of single numbers."""
    found = []
    for end in telling.ends:
        paths = [path for path in telling.paths if path.end == end.number]
        if len(paths) == 1 and sum(x != 1 for x in paths[0].locals) > 1:
            who = [Piece(end.called, "name"), Piece(": ")] if len(telling.ends) > 1 else []
            found.append((*who, *_number(paths[0].product, "handed"), Piece(" = "), *_product(paths[0])))
        elif len(paths) > 1:
            words = [Piece(end.called, "name"), Piece(f" is reached by {len(paths)} paths, which add up: ")]
            words += _number(end.sensitivity.largest, "handed")
            words.append(Piece(" = "))
            for i, path in enumerate(paths):
                words += _product(path, first=i == 0)
            found.append(tuple(words))
    return found


# A step.


def _paragraph(step: Step, telling: Telling) -> Paragraph:
    lines = []
    if step.sensitivity.size != 1:
        lines.append(_said(f"{_numbers(step.shape)}: {step.value}", kind="note"))
    if step.received is None:
        said = "It answers to itself" if step.sensitivity.size == 1 else "Their total answers to each of its numbers"
        lines.append(_said(f"{said} one for one: its sensitivity is ", Piece("1", "sensitivity"), "."))
    else:
        lines += _handed(step.received, step)
    for share in step.shares:
        lines += _share(share)
    if step.say:
        lines.append(_said(step.say, kind="note"))
    if step.end:
        lines += _arrived(step, telling)
    title = [Piece(step.name, "name"), *([Piece(f" = {step.expression}")] if step.expression else [])]
    title += [Piece(f" = {step.value}")] if step.sensitivity.size == 1 else []
    return Paragraph(step.number, tuple(title), tuple(lines), step.end)


def _said(*words: Piece | str, kind: str = "") -> Line:
    return Line(tuple([Piece(x) if isinstance(x, str) else x for x in words]), kind)


def _handed(received: Received, step: Step) -> list[Line]:
    """Where its sensitivity comes from, if that is not what the step before has just said."""
    shares = len(received.parts) + received.others
    amount = step.sensitivity
    if not shares:
        return [_said("Nothing is handed to it: its sensitivity is ", Piece("0", "sensitivity"), ".")]
    if shares == 1:
        if step.end or (received.parts and received.parts[0].step == step.number - 1):
            return []
        by = f"Step {received.parts[0].step} hands it " if received.parts else "A step left out hands it "
        return [_said(by, *_amount(amount), ".")]
    sum_: list[Piece] = []
    for i, part in enumerate(received.parts):
        sum_ += [*_number(part.handed, "sensitivity", first=i == 0), Piece(f" (step {part.step})")]
    if received.others:
        sum_ += _number(received.rest, "sensitivity", first=not sum_)
        sum_.append(Piece(f" ({count(received.others, 'share')} from steps left out)"))
    where = "" if amount.size == 1 else f" The largest, at {_place(received.place)}:"
    found = [_said(f"It was used {shares} times, and what comes back adds up.{where}")]
    found.append(_said(*_number(amount.largest, "handed"), " = ", *sum_, kind="equation"))
    return found


def _share(share: Share) -> list[Line]:
    account, amount = share.account, share.amount
    to: tuple[Piece | str, ...] = ("To ", Piece(share.name, "name"), " it hands back ")
    found = [_said(_capital(share.notice))] if share.notice else []
    if not amount.size:
        return [*found, _said(*to, "nothing: there are no numbers in it.")]
    something = [term for term in account.terms if term.product or amount.size == 1]
    if account.handed == 0 and not something and not account.others:
        return [*found, _said(*to, "nothing.")]
    equation: tuple[Piece | str, ...] = (*_number(account.handed, "handed"), " = ", *_sum(account, share.label))
    if amount.size == 1:
        found.append(_said("To ", Piece(share.name, "name"), " it hands back"))
    else:
        found.append(_said(*to, *_amount(amount, place=False), f"; the largest, at {_place(amount.place)}:"))
    found.append(_said(*equation, kind="equation"))
    if share.reason and share.reason != figure(account.terms[0].local):
        found.append(_said(f"{_capital(share.label or 'this')} is {share.reason}.", kind="note"))
    return found


def _sum(account: Account, label: str) -> list[Piece]:
    """The products that add up to what is handed back, and the rest of them in one number."""
    words: list[Piece] = []
    called = f"{label} " if label else ""
    for i, term in enumerate(account.terms):
        if i == 0:
            words += [Piece("its sensitivity "), *_number(term.sensitivity, "sensitivity")]
            words += [Piece(f" {TIMES} {called}"), *(_number(term.local, "local") if label else _factor(term.local))]
        else:
            words += [*_number(term.sensitivity, "sensitivity", first=False), Piece(f" {TIMES} "), *_factor(term.local)]
    if account.others:
        words += [*_number(account.rest, "", first=not words), Piece(f" from {account.others:,} more")]
    return words


def _arrived(step: Step, telling: Telling) -> list[Line]:
    amount = step.sensitivity
    asked = f"This is what was asked for, the gradient of {telling.result} by "
    found = [_said(asked, Piece(step.called, "name"), ": ", *_amount(amount, kind="handed"), ".")]
    if not math.isfinite(amount.largest) or not amount.size:
        return found
    what = step.called if amount.size == 1 else f"the number at {_place(amount.place)}"
    would = f"Make {what} larger by {figure(_SMALL)}, and {telling.result} changes by about "
    return [*found, _said(would, *_number(amount.largest * _SMALL, ""), ".", kind="note")]


def _left_out(gap: Gap) -> Paragraph:
    inside = [f"{name} {n:,}" for name, n in gap.modules if name]
    where = f" ({', '.join(inside[:4])}{', …' if len(inside) > 4 else ''})" if inside else ""
    low, high = figure(gap.weakest, 3), figure(gap.strongest, 3)
    strength = f"sensitivities between {low} and {high} long"
    if low == high:
        strength = f"{'a sensitivity' if gap.steps == 1 else 'sensitivities'} of length {low}"
    what = count(gap.steps, "step is", "steps are")
    return Paragraph(0, (Piece(f"{what} left out here{where}, with {strength}"),), ())


# Numbers.


def _number(number: float, kind: str, first: bool = True) -> list[Piece]:
    """A number; if it is not the first of a sum, with its sign as an operator."""
    if first:
        return [Piece(figure(number), kind)]
    text = figure(number)
    sign = MINUS if text.startswith(MINUS) else "+"
    return [Piece(f" {sign} "), Piece(text.removeprefix(MINUS), kind)]


def _factor(number: float) -> list[Piece]:
    text = figure(number)
    return [Piece("("), Piece(text, "local"), Piece(")")] if text.startswith(MINUS) else [Piece(text, "local")]


def _product(path: Path, first: bool = True) -> list[Piece]:
    """The local derivatives of a path, without those that only hand on: they are 1."""
    told = [x for x in path.locals if x != 1] or [1.0]
    words = _number(told[0], "local", first)
    for x in told[1:]:
        words += [Piece(f" {TIMES} "), *_factor(x)]
    return words


def _amount(amount: Amount, place: bool = True, kind: str = "sensitivity") -> list[Piece]:
    if amount.size == 1:
        return [Piece(figure(amount.largest), kind)]
    words = [Piece(f"{_numbers(amount.shape)} of length "), Piece(figure(amount.length), kind)]
    if place and amount.size:
        words += [Piece(", the largest "), Piece(figure(amount.largest), kind), Piece(f" at {_place(amount.place)}")]
    return words


def _numbers(shape: Sequence[int]) -> str:
    return f"{lengths(shape)} numbers"


def _place(place: Place) -> str:
    return f"[{', '.join(map(str, place))}]"


def _capital(words: str) -> str:
    """As a sentence begins; a name that somebody gave stays as it is."""
    return words[:1].upper() + words[1:] if words.startswith(("the ", "its ", "this", "read ")) else words


def _listed(names: Sequence[str] | Iterable[str]) -> str:
    names = list(names)
    if len(names) > 6:
        return f"{', '.join(names[:5])} and {len(names) - 5:,} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else "nothing"
