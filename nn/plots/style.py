"""How the pictures look: the colours, the type, and the settings of matplotlib while one is drawn.

Right is blue and wrong is orange, which nobody confuses; words always say the same as the colours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

DPI = 120
INK, GREY, FAINT, LINE, PAPER = "#1F2933", "#52606D", "#66737F", "#D3DAE2", "#FFFFFF"
RIGHT, WRONG = "#1F6AA5", "#C2500F"
LOST, LOST_IN_WORDS = "#C77BE0", "violet: nan or infinite"
FOR_AND_AGAINST = "RdBu_r"  # white at 0
STRONGER = ("#FFFFFF", "#FCE3C4", "#F4B183", "#DE6F3E", "#A8321F", "#4A0C14")  # darker all the way

_LOOK: Any = {
    "axes.edgecolor": "#9AA5B1",
    "axes.facecolor": PAPER,
    "axes.grid": False,
    "axes.labelcolor": GREY,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.left": True,
    "axes.spines.bottom": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.xmargin": 0.05,
    "axes.ymargin": 0.05,
    "figure.edgecolor": PAPER,
    "figure.facecolor": PAPER,
    "font.size": 9,
    "font.style": "normal",
    "font.weight": "normal",
    "text.color": INK,
    "text.parse_math": True,
    "text.usetex": False,
}


@contextmanager
def drawing() -> Iterator[None]:
    """Inside, matplotlib has our look; afterwards it is as it was. ImportError where it is not installed."""
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError("pictures need matplotlib: pip install 'tinygrad_lite[plot]'") from error
    with matplotlib.rc_context(_LOOK):
        yield


def shown(text: Any, longest: int = 40) -> str:
    """A text from outside as one line of visible characters, cut with an ellipsis; it is no formula to matplotlib.

    >>> shown("a\\nb $x$"), shown("x" * 50, 10)
    ('a b \\\\$x\\\\$', 'xxxxxxxxx…')
    """
    line = " ".join(str(text)[: 4 * longest].split())
    line = "".join(c if c.isprintable() else "\ufffd" for c in line)
    line = line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
    return line.replace("$", r"\$")


def percent(share: float) -> str:
    """99.96 % is not yet 100%.

    >>> percent(0.3), percent(0.9996), percent(1.0)
    ('30%', '99%', '100%')
    """
    return f"{min(round(100 * share), 99) if share < 1 else 100}%"
