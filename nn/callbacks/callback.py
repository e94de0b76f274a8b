"""What `fit` tells while it trains, and who listens."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..model import Model

Logs = dict[str, float]


class Callback:
    """Somebody who is told how training goes. Overwrite what you want to hear; `self.model` is the model.

    `logs` holds the means of the epoch so far: loss, metrics and, at the end of an epoch, the same with `val_`.
    To end training after the current batch or epoch, set `self.model.stop_training = True`.
    """

    model: "Model"
    params: dict[str, Any]

    def on_train_begin(self, logs: Logs) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs) -> None:
        """After the last epoch, also when training was ended early."""

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Before the epoch; the first has the number 0."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """After the epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs) -> None:
        """Before the batch; the first of an epoch has the number 0."""

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """After the batch."""


def as_callbacks(callbacks: Any) -> list[Callback]:
    """The callbacks as a list, none if it is None. Raises TypeError for anything but nn.Callback objects."""
    if callbacks is not None and not isinstance(callbacks, (list, tuple)):
        raise TypeError(f"callbacks must be a list of nn.Callback objects, given {type(callbacks).__name__}")
    for callback in callbacks or ():
        if not isinstance(callback, Callback):
            raise TypeError(f"callbacks must be nn.Callback objects, given {type(callback).__name__}")
    return list(callbacks or ())


class CallbackList:
    """Tells several callbacks at once."""

    def __init__(self, callbacks: Sequence[Callback], model: "Model", params: dict[str, Any]) -> None:
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            callback.model, callback.params = model, params

    def tell(self, event: str, *args: Any) -> None:
        """Calls the method named `event` of each."""
        for callback in self.callbacks:
            getattr(callback, event)(*args)
