"""A sheet of images with what they were taken for, the mistakes first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import whole_number
from ..classes import class_names, class_numbers, confidence
from .images import Shades, as_images
from .sheet import MARGIN, Sheet
from .style import FAINT, INK, RIGHT, WRONG, drawing, percent, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH = 12.0  # inches, of all columns together
_LETTERS = 95  # of size 1 that stand side by side on an inch
_SHORT = 3  # letters of a name beside which another fits above an image; else it goes on a line of its own


def predictions(
    images: Any,
    labels: Any,
    confidences: Any,
    names: Sequence[Any] | None = None,
    rows: int = 6,
    columns: int | None = None,
) -> "Figure":
    """Images with what they were taken for, and how sure of it: first the mistakes, the surest in front.

    images: (n, height, width), or with 1, 3 or 4 channels last. labels: what they are, as class numbers (n,) or one-hot
    rows, or None if nobody knows. confidences: (n, classes) from 0 to 1, such as a softmax gives; or the guesses, as
    class numbers (n,). names: of the classes. rows, columns: how many images at most; two thirds of them are mistakes.
    Raises ValueError for shapes that don't go together and confidences outside of 0 to 1, TypeError for no numbers.

    >>> import nn, numpy as np
    >>> figure = nn.plots.predictions(np.zeros((2, 8, 8)), [0, 1], [[0.9, 0.1], [0.8, 0.2]], names=["cat", "dog"])
    >>> [text.get_text() for text in figure.axes[0].texts][:4]
    ['1 of 2 right', 'Mistakes, the surest first: all 1', 'cat, not dog', '80% sure']
    """
    images = as_images("images", images)
    guesses, sure = class_numbers("confidences", confidences), confidence("confidences", confidences)
    truth = None if labels is None else class_numbers("labels", labels)
    for name, array in (("labels", truth), ("confidences", guesses)):
        if array is not None and len(array) != len(images):
            raise ValueError(f"there are {len(images):,} images and {len(array):,} {name}: they must be as many")
    classes = 1 + max(int(guesses.max()), 0 if truth is None else int(truth.max()))
    tags = [shown(name, 16) for name in class_names(names, classes)]
    short = max(map(len, tags)) <= _SHORT
    columns = (12 if short else 8) if columns is None else whole_number("columns", columns, 1)
    rows = whole_number("rows", rows, 1)
    title, sections = _sections(guesses, truth, sure, rows, columns)
    with drawing():
        return _draw(images, guesses, truth, sure, tags, title, sections, columns, short)


def _sections(
    guesses: np.ndarray, truth: np.ndarray | None, sure: np.ndarray | None, rows: int, columns: int
) -> tuple[str, list[tuple[str, np.ndarray]]]:
    """What the whole sheet is about, and its sections: a heading and the images that stand under it."""
    if truth is None:
        chosen = np.arange(len(guesses))[: rows * columns]
        return f"{len(guesses):,} images and what they were taken for", [("", chosen)]
    wrong, right = np.flatnonzero(guesses != truth), np.flatnonzero(guesses == truth)
    if sure is not None:
        wrong = wrong[np.argsort(-sure[wrong], kind="stable")]
    needed = -(-len(right) // columns)
    for_wrong = max(rows - rows // 3, rows - needed) if len(right) else rows
    shown_wrong = wrong[: for_wrong * columns]
    shown_right = right[: (rows - -(-len(shown_wrong) // columns)) * columns]
    first = "Mistakes, the surest first" if sure is not None else "Mistakes"
    sections = [(first, wrong, shown_wrong), ("Right", right, shown_right)]
    title = f"{len(right):,} of {len(truth):,} right"
    return title, [(_heading(words, every, part), part) for words, every, part in sections if len(part)]


def _heading(words: str, every: np.ndarray, part: np.ndarray) -> str:
    return f"{words}: all {len(every):,}" if len(part) == len(every) else f"{words}: {len(part):,} of {len(every):,}"


def _draw(
    images: np.ndarray,
    guesses: np.ndarray,
    truth: np.ndarray | None,
    sure: np.ndarray | None,
    tags: list[str],
    title: str,
    sections: list[tuple[str, np.ndarray]],
    columns: int,
    short: bool,
) -> "Figure":
    cell, longest = _WIDTH / columns, max(map(len, tags))
    widest = 2 * longest + len(", not ") if short and truth is not None else longest + len("not ")
    size = min(11 if short else 9.5, _LETTERS * cell / widest)
    width = height = 0.8 * cell
    aspect = images.shape[1] / images.shape[2]
    width, height = (width, height * aspect) if aspect < 1 else (width / aspect, height)
    below = 0.31 if sure is not None else 0.14
    above = [0.27 if short or truth is None or (guesses[part] == truth[part]).all() else 0.42 for _, part in sections]
    tall = sum(-(-len(part) // columns) * (up + height + below) for up, (_, part) in zip(above, sections, strict=True))
    used = max(len(part) for _, part in sections)
    sheet_width = 2 * MARGIN + max(min(used, columns) * cell, 0.135 * len(title))
    sheet = Sheet(sheet_width, 0.62 + 0.36 * sum(bool(words) for words, _ in sections) + tall)
    shades = Shades(images)
    sheet.text(MARGIN, 0.4, title, 13, fontweight="bold")
    y = 0.58
    for up, (words, part) in zip(above, sections, strict=True):
        if words:
            sheet.text(MARGIN, y + 0.2, words, 9.5, FAINT)
            y += 0.36
        for place, i in enumerate(part):
            row, column = divmod(place, columns)
            middle, top = MARGIN + (column + 0.46) * cell, y + row * (up + height + below) + up
            mistaken = truth is not None and guesses[i] != truth[i]
            colour = INK if truth is None else WRONG if mistaken else RIGHT
            said = tags[guesses[i]]
            if truth is not None and mistaken and short:
                said += f", not {tags[truth[i]]}"
            elif truth is not None and mistaken:
                sheet.text(middle, top - 0.07, f"not {tags[truth[i]]}", min(8.5, size), colour, "center")
            lift = 0.22 if mistaken and not short else 0.07
            sheet.text(middle, top - lift, said, size, colour, "center", fontweight="bold")
            sheet.image(middle - width / 2, top, width, height, **shades.of(images[i]))
            if sure is not None:
                sheet.text(middle, top + height + 0.15, f"{percent(sure[i])} sure", min(8, size), FAINT, "center")
        y += -(-len(part) // columns) * (up + height + below)
    return sheet.figure
