"""The Figure that all pictures are. Imported only when one is made: it needs matplotlib."""

from io import BytesIO
from typing import Any

from matplotlib.figure import Figure

SCREEN = 90  # pixels of a notebook in an inch


class Picture(Figure):
    """A Figure without pyplot, which therefore has to show itself at the end of a notebook's cell."""

    def _repr_png_(self) -> Any:
        """Twice as fine as it is shown, for fine screens. It never raises: then there are the words."""
        try:
            file = BytesIO()
            self.savefig(file, format="png", dpi=2 * SCREEN)
            width, height = self.get_size_inches() * SCREEN
            return file.getvalue(), {"width": round(width), "height": round(height)}
        except Exception:
            return None
