"""The learning rate, as callbacks change it."""

from .callback import Callback


def constant_rate(callback: Callback) -> float:
    """The learning rate of the callback's model. Raises TypeError if a schedule sets it: two would set one number."""
    optimizer = callback.model.optimizer
    assert optimizer is not None
    if optimizer.schedule is not None:
        raise TypeError(
            f"{type(callback).__name__} sets the learning rate, and so does the optimizer's schedule"
            f" {optimizer.schedule!r:.60}: give the optimizer a number, or leave the callback out"
        )
    return optimizer.learning_rate
