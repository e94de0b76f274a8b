"""Ends training when it no longer helps."""

from typing import Any

import numpy as np

from ..checks import real_number, whole_number
from .callback import Logs
from .monitor import Monitor


class EarlyStopping(Monitor):
    """Ends training when the monitored number was not improved for `patience` epochs.

    mode, min_delta: see `nn.callbacks.Monitor`. baseline: only what is better than this ends the waiting.
    restore_best_weights: at the end of training, gives the model the weights of its best epoch, else it keeps the last.
    start_from_epoch: epochs that don't count. verbose: 1 says what it does. Afterwards `stopped_epoch` is the epoch
    that it stopped at, or 0. Raises ValueError after the first epoch if nothing of that name was logged.

    >>> import nn, numpy as np
    >>> x = np.ones((8, 1), np.float32)
    >>> model = nn.Sequential([nn.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> stop = nn.EarlyStopping(monitor="loss", min_delta=0.001, patience=2)
    >>> history = model.fit(x, 2 * x, epochs=500, verbose=0, callbacks=[stop])
    >>> len(history.epoch) == stop.stopped_epoch + 1 < 200
    True
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = whole_number("patience", patience, 0)
        self.verbose = verbose
        self.baseline = None if baseline is None else real_number("baseline", baseline)
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = whole_number("start_from_epoch", start_from_epoch, 0)
        self._begin()

    def _begin(self) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best = None
        self.best_weights: list[np.ndarray] | None = None

    def on_train_begin(self, logs: Logs) -> None:
        """Forgets an earlier training."""
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Counts the epoch, and ends training if it was one too many."""
        value = self.watched(epoch, logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.best_weights is None:
            self._keep(epoch)
        self.wait += 1
        if self.improves(value, self.best):
            self.best = value
            self._keep(epoch)
            if self.baseline is None or self.improves(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Logs) -> None:
        """Gives the model its best weights, if that was asked for."""
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                print(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)

    def state_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _STATE}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name in _STATE:
            setattr(self, name, state[name])


_STATE = ("best", "best_epoch", "best_weights", "stopped_epoch", "wait")
