"""Sets the learning rate of each epoch."""

import inspect
from collections.abc import Callable

from ..checks import number
from .callback import Callback, Logs
from .learning_rate import constant_rate


class LearningRateScheduler(Callback):
    """Before each epoch sets the learning rate to schedule(epoch, learning rate so far); the first epoch is 0.

    A function of one argument is given the epoch alone. verbose: 1 says so. The logs and the History get the epoch's
    "learning_rate". Raises TypeError for a schedule that gives no number, and where the learning rate follows a
    schedule of the optimizer's.

    >>> import nn, numpy as np
    >>> halved = nn.LearningRateScheduler(lambda epoch, rate: rate if epoch < 2 else rate / 2)
    >>> model = nn.Sequential([nn.Dense(1)])
    >>> model.compile(nn.SGD(0.8), "mse")
    >>> model.fit(np.zeros((4, 1)), np.zeros((4, 1)), epochs=4, verbose=0, callbacks=[halved]).history["learning_rate"]
    [0.8, 0.8, 0.4, 0.2]
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise TypeError(f"schedule must be a function of (epoch, learning rate), given {type(schedule).__name__}")
        self.schedule, self.verbose = schedule, verbose
        self._takes_rate = _takes_two(schedule)

    def on_train_begin(self, logs: Logs) -> None:
        """Makes sure that nobody else sets the learning rate."""
        constant_rate(self)

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Sets the learning rate."""
        given = (epoch, constant_rate(self)) if self._takes_rate else (epoch,)
        rate = float(number("what the schedule gives", self.schedule(*given)))
        self.model.optimizer.learning_rate = rate  # type: ignore[union-attr]
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        logs["learning_rate"] = constant_rate(self)


def _takes_two(function: Callable[..., float]) -> bool:
    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # some functions written in C don't say what they take
        return True
    return True
