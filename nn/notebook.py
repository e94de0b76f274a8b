"""What a notebook shows at the end of a cell: plain tables in HTML, inert whatever the names in them hold."""

import html
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

_WORDS, _NUMBER = "text-align:left", "text-align:right;font-variant-numeric:tabular-nums"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[bool]) -> str:
    """A table; a column of numbers stands to the right.

    >>> "<td style=\\"text-align:left\\">&lt;b&gt;</td>" in table(["name"], [["<b>"]], [False])
    True
    """
    styles = [_NUMBER if number else _WORDS for number in numbers]

    def line(tag: str, cells: Sequence[str]) -> str:
        inside = (f'<{tag} style="{s}">{html.escape(cell)}</{tag}>' for cell, s in zip(cells, styles, strict=True))
        return f"<tr>{''.join(inside)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', titles)}</thead><tbody>{body}</tbody></table>"


def history_html(history: Any) -> str | None:
    """How training went: for each metric its first, smallest, largest and last value, and the curves.

    It never raises: without matplotlib there are no curves, and without anything to show no HTML at all.
    """
    try:
        rows = []
        for name, values in history.history.items():
            finite = [value for value in values if value == value]
            ends = [(f"{x:.4f}", history.epoch[-len(values) :][values.index(x)] + 1) for x in _ends(finite)]
            extremes = [f"{value} (epoch {epoch})" for value, epoch in ends] or ["nan", "nan"]
            rows.append([str(name), f"{values[0]:.4f}", *extremes, f"{values[-1]:.4f}"])
        if not rows:
            return None
        titles = ["", "first", "smallest", "largest", "last"]
        return table(titles, rows, [False, True, True, True, True]) + _curves(history)
    except Exception:
        return None


def _ends(finite: list[float]) -> list[float]:
    return [min(finite), max(finite)] if finite else []


def _curves(history: Any) -> str:
    """The curves as an image, as fine as the screen may be; nothing where they can't be drawn."""
    try:
        png, size = history.plot()._repr_png_()
    except Exception:
        return ""
    return f'<img width="{size["width"]}" alt="learning curves" src="data:image/png;base64,{b64encode(png).decode()}">'
