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

    def watched(self, logs: Logs) -> float:
        """The monitored number. Raises ValueError, with the names there are, if there is none of that name."""
        if self.monitor not in logs:
            missing = self.monitor.startswith("val_") and not any(name.startswith("val_") for name in logs)
            hint = ". For it, give fit validation_data or validation_split" if missing else ""
            raise ValueError(
                f"{type(self).__name__} monitors {self.monitor!r}, there are: {', '.join(map(repr, logs))}{hint}"
            )
        return float(logs[self.monitor])

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
