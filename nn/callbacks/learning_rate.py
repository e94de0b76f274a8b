"""The learning rate, as callbacks change it."""

from typing import Any

from .callback import Callback


def constant_rate(callback: Callback) -> float:
    """The learning rate of the callback's model. Raises TypeError if a schedule sets it: two would set one number."""
    rate: Any = callback.model.optimizer.learning_rate  # type: ignore[union-attr]
    if callable(rate):
        raise TypeError(
            f"{type(callback).__name__} sets the learning rate, and so does the optimizer's schedule {rate!r:.60}:"
            " give the optimizer a number, or leave the callback out"
        )
    return float(rate)
