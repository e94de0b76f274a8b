"""The picture of a reading: the digit as the network sees it, the blame of its pixels as heat, the confidences."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nn.plots.sheet import MARGIN, Sheet
from nn.plots.style import FAINT, GREY, INK, LINE, RIGHT, STRONGER, drawing, percent

from .reader import Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIDE, _GAP = 3.0, 0.35  # inches


def draw(reading: Reading, network: str) -> "Figure":
    """A matplotlib Figure of what was read and why. `network` is the example that the network belongs to."""
    with drawing():
        sheet = Sheet(2 * MARGIN + 3 * _SIDE + 2 * _GAP, 4.55)
        sure = percent(float(reading.confidences.max()))
        sheet.text(MARGIN, 0.5, f"{'An' if reading.digit == 8 else 'A'} {reading.digit}", 20, RIGHT, fontweight="bold")
        sheet.text(MARGIN + 0.85, 0.5, f"{sure} sure, says the network of examples/{network}.py", 10, GREY)
        first, second, third = (MARGIN + i * (_SIDE + _GAP) for i in range(3))
        top = 1.2
        sheet.heading(first, top - 0.36, "As the network sees it", "28 x 28 pixels, centred by their mass", 11)
        sheet.image(first, top, _SIDE, _SIDE, reading.image, LINE, cmap="gray_r", vmin=0, vmax=1)
        sheet.heading(second, top - 0.36, "Who is to blame", "|value x sensitivity| of each pixel", 11)
        sheet.image(second, top, _SIDE, _SIDE, _heat(reading), LINE)
        sheet.heading(third, top - 0.36, "How sure", "the ten confidences", 11)
        for digit, share in enumerate(map(float, reading.confidences)):
            y, best = top + digit * _SIDE / 10, digit == reading.digit
            sheet.text(
                third, y + 0.15, str(digit), 11, INK, va="center_baseline", fontweight="bold" if best else "normal"
            )
            sheet.box(third + 0.25, y + 0.04, 2.2, 0.22, "#F1F4F7")
            sheet.box(third + 0.25, y + 0.04, 2.2 * share, 0.22, RIGHT if best else FAINT)
            sheet.text(
                third + _SIDE, y + 0.15, percent(share), 9, INK if best else FAINT, "right", va="center_baseline"
            )
        return sheet.figure


def _heat(reading: Reading) -> Any:
    """The ink in light grey, and over it the blame: the darker, the more of the answer hangs on the pixel."""
    from matplotlib.colors import LinearSegmentedColormap

    share = reading.blame / max(float(reading.blame.max()), 1e-12)
    colours = LinearSegmentedColormap.from_list("blame", STRONGER)(share)[..., :3]
    ink, cover = 1 - 0.16 * reading.image[..., None], np.sqrt(share)[..., None]
    return cover * colours + (1 - cover) * ink
