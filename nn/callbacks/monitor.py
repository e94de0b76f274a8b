"""What callbacks share that watch one number: which way is better, and what an improvement is."""

import re
from typing import Any

from ..checks import real_number
from ..naming import look_up
from .callback import Callback, Logs

_MORE_IS_BETTER = "acc|accuracy|auc|correlation|iou|io_u|precision|recall|score|sensitivity|similarity|specificity"
_LESS_IS_BETTER = (
    "(log_?)?cosh|divergence|entropy|crossentropy|error|hinge|loss|mae|mape|mse|msle|perplexity|poisson|rmse"
)
_DIRECTIONS = {"min": -1, "max": 1, "auto": 0}


class Monitor(Callback):
    """A callback that watches one of the logs: the base of EarlyStopping, ModelCheckpoint and ReduceLROnPlateau.

    monitor: its name. mode: "min", "max" or "auto", which tells by the name. min_delta: what is better by no more than
    this counts as no improvement. nan is never an improvement.
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", min_delta: float = 0.0) -> None:
        self.monitor, self.mode = monitor, mode
        self.min_delta = abs(real_number("min_delta", min_delta))
        self.direction = look_up("mode", mode, _DIRECTIONS) or direction_of(monitor)
        self.best: float | None = None

    def watched(self, epoch: int, logs: Logs) -> float | None:
        """The monitored number; None where it is of a validation, and this epoch has none, but others have.

        Raises ValueError, with the names there are, if there is none of that name.
        """
        if self.monitor in logs:
            return float(logs[self.monitor])
        hint, freq = "", self.params["validation_freq"]
        if self.monitor.startswith("val_"):
            if freq and (epoch + 1) % freq:
                return None
            hint = "" if freq else ". For it, give fit validation_data or validation_split"
        raise ValueError(
            f"{type(self).__name__} monitors {self.monitor!r}, there are: {', '.join(map(repr, logs))}{hint}"
        )

    def improves(self, value: float, on: float | None) -> bool:
        """True if the value is better than another; any number is better than none."""
        if on is None or on != on:
            return value == value
        return self.direction * value - self.min_delta > self.direction * on

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best = state["best"]


def direction_of(name: str) -> int:
    """1 where more is better, -1 where less is, told by the last word. Raises ValueError for what does not say it.

    >>> direction_of("val_top_k_accuracy"), direction_of("mean_squared_error"), direction_of("digit_loss")
    (1, -1, -1)
    """
    for words, direction in ((_MORE_IS_BETTER, 1), (_LESS_IS_BETTER, -1)):
        if re.search(rf"(^|_)({words})(_\d+)?$", name):
            return direction
    raise ValueError(f"does {name!r} get better when it grows or when it falls? Say mode='max' or mode='min'")
