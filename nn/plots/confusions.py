"""What was taken for what: the labels in rows, the guesses in columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..classes import class_names
from ..metrics import confusion_matrix
from .sheet import MARGIN, Sheet
from .style import FAINT, GREY, INK, PAPER, RIGHT, WRONG, drawing, percent, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 1000  # classes
_MOST_NUMBERS = 30  # classes, up to which each count is written down
_MOST_NAMES = 60


def confusion(labels: Any, guesses: Any, names: Sequence[Any] | None = None) -> "Figure":
    """The confusion matrix: how often samples of each label (row) were taken for each class (column).

    Blue is right: the darker, the larger the share of its row. Orange is wrong, on a scale of its own that ends at the
    worst confusion, so that rare ones show too. To the right stands each label's recall (how many of them were found),
    below each class's precision (how many of those taken for it were). The numbers: `nn.metrics.confusion_matrix`.

    labels, guesses: class numbers (n,), one-hot rows or confidences (n, classes), or confidences of yes (n, 1).
    Raises ValueError and TypeError as `nn.metrics.confusion_matrix` does, and for too few names.

    >>> import nn
    >>> figure = nn.plots.confusion([0, 0, 1, 1, 1], [0, 1, 1, 1, 1], names=["cat", "dog"])
    >>> [text.get_text() for text in figure.axes[0].texts][:2]
    ['4 of 5 right', 'most often: cat taken for dog (1)']
    """
    counts = confusion_matrix(labels, guesses, None if names is None or isinstance(names, str) else len(names))
    if len(counts) > _MOST:
        raise ValueError(f"a picture has room for {_MOST:,} classes, given {len(counts):,}")
    tags = [shown(name, 24) for name in class_names(names, len(counts))]
    with drawing():
        return _draw(counts, tags)


def _draw(counts: np.ndarray, tags: list[str]) -> "Figure":
    classes, numbers, named = len(counts), len(counts) <= _MOST_NUMBERS, len(counts) <= _MOST_NAMES
    digits = len(f"{counts.max():,}")
    cell = max(0.5, 0.09 * digits + 0.14) if classes <= 12 else 0.36 if numbers else max(9 / classes, 0.16)
    cell = cell if named else 9 / classes
    longest = max(map(len, tags)) * 0.085 if named else 0.3
    tilted = named and longest > 0.95 * cell
    left, top = max(MARGIN + 0.36 + longest, 0.84), 0.98 + (longest if tilted else 0.16) + 0.1
    side = classes * cell
    right, below = (0.75, 0.55) if numbers else (MARGIN, MARGIN)
    sheet = Sheet(max(left + side + right, 4.6), top + side + below)
    sheet.text(MARGIN, 0.4, f"{np.trace(counts):,} of {counts.sum():,} right", 13, fontweight="bold")
    sheet.text(MARGIN, 0.62, _worst(counts, tags, 1 if side < 3.5 else 3), 9, GREY)
    colours = _colours(counts)
    sheet.image(left, top, side, side, colours)
    if named:
        edges = np.arange(1, classes) * cell
        sheet.axes.hlines(top + edges, left, left + side, color=PAPER, linewidth=1.2)
        sheet.axes.vlines(left + edges, top, top + side, color=PAPER, linewidth=1.2)
    sheet.box(left, top, side, side, "none", "#B8C2CC", zorder=3)
    sheet.text(left, top - 0.12 - (longest if tilted else 0.16), "taken for", 9, FAINT)
    sheet.text(left - longest - 0.2, top, "what it is", 9, FAINT, "right", rotation=90, va="top")
    size = 9.5 if classes <= 30 else 8
    for i, tag in enumerate(tags):
        if not named and i % 10 ** max(1, len(str(classes)) - 2):
            continue
        middle = (i + 0.5) * cell
        sheet.text(left - 0.1, top + middle, tag, size, align="right", va="center_baseline")
        turned: dict[str, Any] = {"rotation": 90, "va": "bottom"} if tilted else {}
        sheet.text(left + middle, top - 0.08, tag, size, align="center", **turned)
    if numbers:
        _write_numbers(sheet, counts, colours, left, top, cell)
    return sheet.figure


def _write_numbers(sheet: Sheet, counts: np.ndarray, colours: np.ndarray, left: float, top: float, cell: float) -> None:
    """The count in each cell that has one, and the recalls and precisions at the edges."""
    side, size = len(counts) * cell, 9 if cell > 0.4 else min(7.5, 7.5 * 4 / len(f"{counts.max():,}"))
    for row, column in np.argwhere(counts):
        dark = colours[row, column] @ (0.3, 0.59, 0.11) < 0.6
        words = f"{counts[row, column]:,}"
        x, y = left + (column + 0.5) * cell, top + (row + 0.5) * cell
        sheet.text(x, y, words, size, PAPER if dark else INK, "center", va="center_baseline")
    right, rows, columns = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    sheet.text(left + side + 0.12, top - 0.08, "recall", 8, FAINT)
    sheet.text(left - 0.1, top + side + 0.22, "precision", 8, FAINT, "right")
    for i, found in enumerate(right):
        recall = percent(found / rows[i]) if rows[i] else "-"
        precision = percent(found / columns[i]) if columns[i] else "-"
        sheet.text(left + side + 0.12, top + (i + 0.5) * cell, recall, 8, GREY, va="center_baseline")
        sheet.text(left + (i + 0.5) * cell, top + side + 0.22, precision, 8 if cell > 0.4 else 7, GREY, "center")


def _worst(counts: np.ndarray, tags: list[str], most: int) -> str:
    """The confusions that happened most often, in words."""
    wrong = counts - np.diag(counts.diagonal())
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    pairs = [(row, column) for row, column in zip(*np.unravel_index(order, wrong.shape), strict=True)]
    words = [
        f"{tags[row]} taken for {tags[column]} ({wrong[row, column]:,})" for row, column in pairs if wrong[row, column]
    ]
    return "most often: " + ", ".join(words) if words else "no mistakes"


def _colours(counts: np.ndarray) -> np.ndarray:
    """For each cell its colour: white where there is nothing."""
    from matplotlib.colors import to_rgb

    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right = np.eye(len(counts), dtype=bool)
    worst = shares[~right].max(initial=0) or 1
    strength = np.where(right, shares, np.sqrt(shares / worst) * 0.9)[..., None]
    full = np.where(right[..., None], to_rgb(RIGHT), to_rgb(WRONG))
    return 1 - strength * (1 - full)
