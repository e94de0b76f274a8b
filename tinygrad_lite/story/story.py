"""The story of a sensitivity: made of a result, read as text, in a notebook or as a page, saved to a file."""

import os
import textwrap
from collections.abc import Collection, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from .. import backprop
from ..batching import Batch
from ..files import write
from ..graph.drawing import Drawing
from ..graph.reading import read
from ..graph.structure import Graph
from ..primitive import Node, describe
from .choice import Strengths
from .derive import Recipe, formula_of, recipe_of
from .formula import HOW_TO, Formula, NoFormula
from .markdown import markdown_of
from .page import frame_of, page_of
from .picture import Picture, picture_of, places_of
from .sentences import Paragraph, closing, heading, opening, paragraphs, plain
from .steps import Step, Telling
from .telling import tell

_ALL = 8  # parameters: of so many, all are told of without being asked for
_BLAMED = 3  # of more, those that the result answers to most strongly


class Story:
    """The chain rule on a recorded graph, step by step. It holds on to no Tensor: the graph may be freed or change.

    telling: the story as data, each step with what it is handed and what it hands back. `str(story)` is the text; in a
    notebook it shows the page; `save` writes it. `formula` is the closed formula, where the graph is small.
    """

    def __init__(self, telling: Telling, graph: Graph, places: dict[int, int], recipe: Recipe | str) -> None:
        self.telling = telling
        self._graph, self._places, self._recipe = graph, places, recipe

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that are told, newest first."""
        return self.telling.steps

    @cached_property
    def formula(self) -> Formula:
        """The closed formula of the derivative by the first that was asked for; of an array, by its largest element.

        Raises NoFormula (a ValueError) where the graph is too large or a step has no symbolic form; ImportError, with
        the command that installs it, where SymPy is missing.
        """
        if isinstance(self._recipe, str):
            raise NoFormula(self._recipe)
        end = self.telling.ends[0]
        return formula_of(self._recipe, end.node, end.called.removeprefix("the "), end.sensitivity.place)

    @cached_property
    def drawing(self) -> Drawing:
        """The picture that the page shows beside the words: the steps that are told, the others folded."""
        return Drawing(self._picture.graph)

    @cached_property
    def _picture(self) -> Picture:
        return picture_of(self._graph, self._places, self.telling)

    @cached_property
    def _no_formula(self) -> str:
        """Why there is no formula, in one line; nothing where there is one."""
        if not isinstance(self._recipe, str) and find_spec("sympy") is None:
            return HOW_TO
        try:
            _ = self.formula
        except Exception as error:  # what SymPy can't do is no reason to have no story
            return " ".join(str(error).split())[:200] or type(error).__name__
        return ""

    @property
    def paragraphs(self) -> list[Paragraph]:
        """The story in words, one entry for each step and for what is left out."""
        return paragraphs(self.telling)

    def text(self, width: int = 80) -> str:
        """The story for a terminal, in lines of at most `width` characters."""
        title = heading(self.telling)
        lines = [*textwrap.wrap(title, width), "─" * min(len(title), width)]
        for words in opening(self.telling):
            lines += [*textwrap.wrap(words, width), ""]
        for paragraph in self.paragraphs:
            lines += _told(paragraph, width)
        for sentence in closing(self.telling):
            lines += [*textwrap.wrap(f"All together:  {plain(sentence)}", width, subsequent_indent=" " * 15), ""]
        if self._no_formula:
            lines += [*textwrap.wrap(f"No formula: {self._no_formula}.", width)]
        else:
            lines += ["The same as a formula:", *textwrap.indent(self.formula.pretty(width - 4), "    ").splitlines()]
        return "\n".join(lines)

    @property
    def markdown(self) -> str:
        """The story in Markdown, with the formula in LaTeX."""
        return markdown_of(self.telling, None if self._no_formula else self.formula, self._no_formula)

    @property
    def html(self) -> str:
        """The story as a page of its own: the drawing beside the steps, which light up in it. It needs no network."""
        return page_of(self.telling, self._picture, None if self._no_formula else self.formula, self._no_formula)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the story to a file that ends in .html, .txt or .md, and returns its path.

        The file is written beside and renamed: there is the old one or the whole new one. Raises ValueError for another
        ending.
        """
        path = Path(path)
        forms = {".html": lambda: self.html, ".txt": lambda: self.text() + "\n", ".md": lambda: self.markdown + "\n"}
        if path.suffix.lower() not in forms:
            raise ValueError(f"the file must end in .html, .txt or .md, given {path.name!r}")
        return write(path, forms[path.suffix.lower()]().encode(errors="replace"))

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        """What a notebook shows: the page in a frame of its own, else the Markdown or the text. It never raises."""
        forms = {
            "text/html": lambda: frame_of(self.html),
            "text/markdown": lambda: self.markdown,
            "text/plain": self.text,
        }
        bundle = {}
        for kind, form in forms.items():
            if kind in (include or forms) and kind not in (exclude or ()):
                try:
                    bundle[kind] = form()
                except Exception as error:
                    bundle["text/plain"] = f"<Story of {self.telling.result}: {error}>"
        return bundle


def explain(result: Node, *, wrt: Node | Sequence[Node] | None = None, limit: int = 20) -> Story:
    """Tells how strongly `result` answers to `wrt`, and why: the chain rule step by step, in words, with its numbers.

    *Sensitivity* is the plain word for gradient. The walk goes back from the result; each step hands back its own
    sensitivity times its local derivative, and the story says both numbers. Of an array it tells the largest element
    of what is handed back: which products it is the sum of. What several paths hand back adds up, and the story says
    so. Print it, show it in a notebook, or `.save("story.html")`.

    wrt: one Tensor that the result was computed from, or several; by default all parameters or, if they are more than
    8, the 3 that the result answers to most strongly. limit: of a longer story so many steps are told, those that the
    largest share of what arrives went through; what is left out is summed up.

    Every `.grad` and the graph stay as they are. Call it before `loss.backward()`, which frees the graph. Where the
    result is not a single number the story is of its total.

    Raises TypeError for what is no Tensor or where complex numbers are on the way, ValueError if the result does not
    depend on `wrt` or for a limit below 1, RuntimeError if the graph was freed or a Tensor in it was changed after use.

    >>> import tinygrad_lite as tg
    >>> x = tg.tensor(3.0, requires_grad=True, name="x")
    >>> story = tg.explain(x * x)
    >>> [(step.name, step.sensitivity.largest) for step in story.steps]
    [('the product', 1.0), ('x', 6.0)]
    >>> story.telling.paths[0].locals
    (3.0,)
    """
    if not isinstance(result, Node):
        raise TypeError(f"explain() takes a Tensor, the result of a computation, given {describe(result)}")
    if isinstance(limit, bool) or not isinstance(limit, (int, np.integer)) or limit < 1:
        raise ValueError(f"limit must be a whole number of at least 1, given {limit!r}")
    try:
        nodes = backprop.history(result)
    except RuntimeError as error:
        raise RuntimeError(
            f"{error}. To hear the story, call explain(loss) before loss.backward() and before the optimizer's step, or"
            " call backward(retain_graph=True)"
        ) from None
    if not nodes:
        raise ValueError(
            f"there is nothing to tell of a {describe(result)} that does not depend on anything with requires_grad=True"
        )
    for node in nodes:
        if node._data.dtype.kind == "c":
            raise TypeError(f"explain() tells of real numbers, there is a {describe(node)} in this computation")
        if type(node._data) is Batch:
            raise TypeError(
                f"explain() tells of one example, a {describe(node)} stands for {node._data.level.size} inside of vmap:"
                " explain the function of one of them"
            )
    graph = read(result)
    strengths = Strengths()
    with np.errstate(all="ignore"):
        backprop.pull_back(nodes, np.ones_like(result._data)[()], watch=strengths.watch)
        ends, note = _asked_for(result, nodes, wrt, strengths)
        telling = tell(result, nodes, ends, int(limit), strengths, note)
    names = {step.node: step.called for step in telling.steps}
    recipe = recipe_of(result, nodes, telling.result, lambda x: names.get(x._number) or x.name or "parameter")
    return Story(telling, graph, places_of(graph, nodes), recipe)


def _asked_for(result: Node, nodes: list[Node], wrt: Any, strengths: Strengths) -> tuple[list[Node], tuple[str, ...]]:
    if wrt is None:
        parameters = [node for node in nodes if node._primitive is None]
        if len(parameters) <= _ALL:
            return parameters, ()
        ranked = sorted(parameters, key=lambda x: -np.nan_to_num(strengths.of_node.get(x._number, 0.0), nan=np.inf))
        note = f"Of {len(parameters):,} parameters these are the {_BLAMED} most to blame; wrt= asks for others."
        return ranked[:_BLAMED], (note,)
    known = {node._number for node in nodes}
    ends = [wrt] if isinstance(wrt, Node) or not isinstance(wrt, (list, tuple)) else list(wrt)
    for x in ends:
        if not isinstance(x, Node):
            raise TypeError(f"wrt must be a Tensor or a list of them, given {describe(x)}")
        if x._number not in known:
            raise ValueError(
                f"the {describe(result)} was not computed from the {describe(x)}, or no gradient flows there: wrt must"
                " be a Tensor with requires_grad=True that was used, and not changed since"
            )
    if not ends:
        raise ValueError("wrt must name at least one Tensor, given an empty list")
    return ends, ()


def _told(paragraph: Paragraph, width: int) -> list[str]:
    """One entry as lines, with the chain as a rule at their left."""
    if not paragraph.number:
        return [
            "    ⋮",
            *textwrap.wrap(plain(paragraph.title), width, initial_indent="    ⋮ ", subsequent_indent="    ⋮ "),
            "    ⋮",
        ]
    first, later = f"{paragraph.number:>3} ● ", "    │ "
    lines = textwrap.wrap(plain(paragraph.title), width, initial_indent=first, subsequent_indent=later + "    ")
    if paragraph.end:
        later = "      "
    for sentence, kind in paragraph.lines:
        indent = later + ("    " if kind == "equation" else "")
        lines += textwrap.wrap(plain(sentence), width, initial_indent=indent, subsequent_indent=indent + "  ")
    return [*lines, later.rstrip()]
