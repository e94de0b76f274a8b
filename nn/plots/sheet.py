"""A sheet of paper measured in inches, on which images and words stand where they are put."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .style import DPI, GREY, INK, LINE, PAPER

if TYPE_CHECKING:
    from .picture import Picture

MARGIN = 0.25
_FINE = 80  # pixels in an inch; where an image has more, they are averaged


def new_picture(width: float, height: float, **options: Any) -> "Picture":
    """An empty picture of so many inches."""
    from .picture import Picture

    return Picture(figsize=(width, height), dpi=DPI, facecolor=PAPER, **options)


class Sheet:
    """x goes right and y goes down, both in inches from the upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = new_picture(width, height)
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        self.axes.set_axis_off()

    def text(
        self, x: float, y: float, words: str, size: float = 9, colour: str = INK, align: str = "left", **options: Any
    ) -> None:
        """Words whose baseline is at y; `align` says which end of them is at x."""
        self.axes.text(x, y, words, size=size, color=colour, ha=align, **{"va": "baseline", **options})

    def heading(self, x: float, y: float, title: str, words: str = "", size: float = 12) -> None:
        """A bold title, and below it in grey what there is to say about it."""
        self.text(x, y, title, size, fontweight="bold")
        self.text(x, y + 0.2, words, 9, GREY)

    def image(
        self, x: float, y: float, width: float, height: float, pixels: np.ndarray, frame: str = "", **options: Any
    ) -> None:
        """An image that fills the rectangle, with a thin frame of that colour; options are those of imshow."""
        fine = max(pixels.shape[0] / height, pixels.shape[1] / width) > _FINE
        self.axes.imshow(
            pixels,
            extent=(x, x + width, y + height, y),
            aspect="auto",
            interpolation="antialiased" if fine else "nearest",
            **options,
        )
        if frame:
            self.box(x, y, width, height, "none", frame)

    def box(
        self, x: float, y: float, width: float, height: float, colour: str, frame: str = "none", zorder: int = 1
    ) -> None:
        """A filled rectangle."""
        from matplotlib.patches import Rectangle

        self.axes.add_patch(
            Rectangle((x, y), width, height, facecolor=colour, edgecolor=frame, linewidth=0.7, zorder=zorder)
        )

    def scale(self, x: float, y: float, height: float, colours: Any, words: list[str]) -> None:
        """A bar of all colours, with words at its upper end, its middle and its lower end."""
        self.image(x, y, 0.13, height, np.linspace(1, 0, 255)[:, None], LINE, cmap=colours, vmin=0, vmax=1)
        for place, (line, align) in enumerate(zip(words, ("top", "center", "bottom"), strict=True)):
            self.text(x + 0.22, y + height * place / 2, line, 8, GREY, va=align, linespacing=1.25)


def letters(width: float, size: float) -> int:
    """How many letters of this size fit into so many inches."""
    return max(2, int(width * 72 / (0.64 * size)))
