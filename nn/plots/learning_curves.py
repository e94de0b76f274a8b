"""How training went, epoch by epoch: a panel for each metric."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from .sheet import new_picture
from .style import FAINT, GREY, INK, WRONG, drawing, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 5.0, 3.6  # inches, of a panel
_LEFT, _RIGHT, _ABOVE, _BELOW = 0.7, 1.4, 0.55, 0.6  # inches, around a panel's axes: there the words stand
_NEAREST = 0.075  # labels keep this share of a panel's height apart


def curves(history: Any, log: bool | Collection[str] = False) -> "Figure":
    """The loss and each metric over the epochs, in training and in validation; each line says what it is and its end.

    history: what `fit` returned, or a dict like its `history`. log: True puts the losses on a logarithmic scale, a list
    of names these metrics. Raises ValueError if there is no epoch, or where a logarithm finds values of 0 or below;
    TypeError for what is no history.

    >>> import nn
    >>> figure = nn.plots.curves({"loss": [0.9, 0.5, 0.4], "val_loss": [0.8, 0.6, 0.5], "accuracy": [0.7, 0.8, 0.9]})
    >>> [axes.get_title(loc="left") for axes in figure.axes]
    ['Loss', 'Accuracy']
    """
    values = _checked(getattr(history, "history", history))
    epochs = [epoch + 1 for epoch in getattr(history, "epoch", range(max(map(len, values.values()))))]
    names = list(dict.fromkeys(name.removeprefix("val_") for name in values))
    names.sort(key=lambda name: name != "loss")  # it comes first, the others stay in their order
    logarithmic = _logarithmic(log, names, values)
    columns = 2 if len(names) in (2, 4) else min(len(names), 3)
    rows = -(-len(names) // columns)
    with drawing():
        figure = new_picture(columns * _WIDTH, rows * _HEIGHT)
        for place, name in enumerate(names):
            row, column = divmod(place, columns)
            x, y = column + _LEFT / _WIDTH, rows - 1 - row + _BELOW / _HEIGHT
            width, height = 1 - (_LEFT + _RIGHT) / _WIDTH, 1 - (_ABOVE + _BELOW) / _HEIGHT
            axes = figure.add_axes((x / columns, y / rows, width / columns, height / rows))
            _panel(axes, name, epochs, values, name in logarithmic)
    return figure


def _checked(values: Any) -> dict[str, list[float]]:
    if not isinstance(values, dict):
        raise TypeError(f"history must be what fit returned, or its dict of lists, given {type(values).__name__}")
    kept = {str(name): list(line) for name, line in values.items() if len(line)}
    if not kept:
        raise ValueError("there is nothing to plot: no epoch was finished")
    return kept


def _logarithmic(log: bool | Collection[str], names: list[str], values: dict[str, list[float]]) -> set[str]:
    if isinstance(log, bool):
        wanted = {name for name in names if log and (name == "loss" or name.endswith("_loss"))}
    else:
        wanted = {log} if isinstance(log, str) else set(log)
    for name in sorted(wanted):
        if name not in names:
            raise ValueError(f"log must be True or names among {', '.join(names)}, given {name!r:.60}")
        if any(value <= 0 for key in (name, f"val_{name}") for value in values.get(key, ())):
            raise ValueError(f"{name} has values of 0 or below, which have no place on a logarithmic scale")
    return wanted


def _panel(axes: Any, name: str, epochs: list[int], values: dict[str, list[float]], log: bool) -> None:
    ends = []
    for key, words, colour in ((name, "training", FAINT), (f"val_{name}", "validation", WRONG)):
        if line := values.get(key):
            marker = "o" if len(line) <= 40 else ""
            x = epochs[-len(line) :]  # what was measured later only is drawn where it was
            axes.plot(x, line, color=colour, linewidth=1.8, marker=marker, markersize=3.5, solid_joinstyle="round")
            ends.append((line, x[-1], f"{words} {line[-1]:.4g}", colour))
    axes.set_title(shown(_title(name)), loc="left", fontsize=12, fontweight="bold", color=INK, pad=10)
    axes.set_xlabel("epoch", color=GREY, fontsize=9)
    axes.tick_params(which="both", labelsize=9, labelcolor=GREY, color="#9AA5B1")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(visible=True, axis="y", color="#E6E9EE", linewidth=0.8)
    axes.set_axisbelow(True)
    if log:
        axes.set_yscale("log")
    beside = 0.04 * (epochs[-1] - epochs[0]) or 0.5
    axes.set_xlim(epochs[0] - beside, epochs[-1] + beside)
    if len(epochs) == 1:
        axes.set_xticks(epochs)
    axes.set_ylim(*axes.get_ylim())  # from here on it stays: the labels are placed by it
    heights = _apart([_height(axes, line) for line, *_ in ends])
    for (_, last, words, colour), height in zip(ends, heights, strict=True):
        axes.annotate(
            words,
            (last, height),
            (9, 0),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            color=colour,
            fontsize=9.5,
            va="center",
            annotation_clip=False,
        )


def _title(name: str) -> str:
    return name.upper() if len(name) <= 3 else name[:1].upper() + name[1:].replace("_", " ")


def _height(axes: Any, line: list[float]) -> float:
    """Where the line ends, as a share of the panel's height: at its last finite value."""
    finite = [value for value in line if np.isfinite(value)]
    if not finite:
        return 0.5
    return float(axes.transAxes.inverted().transform(axes.transData.transform((0, finite[-1])))[1])


def _apart(heights: list[float]) -> list[float]:
    """The one or two heights, moved apart where they are too near for two lines of text.

    >>> _apart([0.5, 0.5]), _apart([0.2, 0.8])
    ([0.4625, 0.5375], [0.2, 0.8])
    """
    if len(heights) < 2 or abs(heights[0] - heights[1]) >= _NEAREST:
        return heights
    middle, half = sum(heights) / 2, _NEAREST / 2
    return [middle + half, middle - half] if heights[0] > heights[1] else [middle - half, middle + half]
