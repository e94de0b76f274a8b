"""The Figure that all pictures are. Imported only when one is made: it needs matplotlib."""

from io import BytesIO
from typing import Any

from matplotlib.figure import Figure


class Picture(Figure):
    """A Figure without pyplot, which therefore has to show itself at the end of a notebook's cell."""

    def _repr_png_(self) -> Any:
        """Twice as fine as a screen of old, at the size of one. It never raises: then there are the words."""
        try:
            file = BytesIO()
            self.savefig(file, format="png", dpi=2 * self.dpi)
            width, height = self.get_size_inches() * 72
            return file.getvalue(), {"width": round(width), "height": round(height)}
        except Exception:
            return None
