"""What `fit` returns: the numbers of each epoch."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ..notebook import history_html
from .callback import Callback, Logs

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class History(Callback):
    """What `fit` returns: `history["loss"]`, `history["val_accuracy"]`, ... hold one number for each epoch.

    `plot()` draws them; at the end of a notebook's cell it shows them with a table.
    """

    def __init__(self) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def state_dict(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "history": self.history}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.epoch = list(state["epoch"])
        self.history = {name: list(values) for name, values in state["history"].items()}

    def plot(self, log: bool | Collection[str] = False) -> "Figure":
        """The learning curves, a panel for each metric: see `nn.plots.curves`."""
        from ..plots import curves

        return curves(self, log)

    def __repr__(self) -> str:
        ends = ", ".join(f"{name} {values[-1]:.4f}" for name, values in self.history.items())
        return f"<History of {len(self.epoch)} epoch{'s' * (len(self.epoch) != 1)}{': ' * bool(ends)}{ends}>"

    def _repr_html_(self) -> str | None:
        return history_html(self)
