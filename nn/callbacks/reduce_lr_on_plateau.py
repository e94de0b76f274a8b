"""Learns more slowly when learning stalls."""

from typing import Any

from ..checks import number, whole_number
from .callback import Logs
from .learning_rate import constant_rate
from .monitor import Monitor


class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by `factor` when the monitored number was not improved for `patience` epochs.

    mode, min_delta: see `nn.callbacks.Monitor`. cooldown: epochs after that which don't count. min_lr: the lowest that
    it goes to. verbose: 1 says what it does. The logs and the History get the epoch's "learning_rate". Raises
    ValueError after the first epoch if nothing of that name was logged, TypeError where a schedule sets the rate.

    >>> import nn
    >>> nn.ReduceLROnPlateau(monitor="accuracy", factor=0.2, patience=5, min_lr=1e-4).direction
    1
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.factor, self.min_lr = number("factor", factor, below=1), number("min_lr", min_lr)
        self.patience, self.cooldown = whole_number("patience", patience, 0), whole_number("cooldown", cooldown, 0)
        self.verbose = verbose
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs) -> None:
        """Forgets an earlier training."""
        constant_rate(self)
        self.wait = self.cooldown_counter = 0
        self.best = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Counts the epoch, and reduces the learning rate if it was one too many."""
        logs["learning_rate"] = constant_rate(self)
        value = self.watched(epoch, logs)
        if value is None:
            return
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improves(value, self.best):
            self.best, self.wait = value, 0
        elif not self.cooldown_counter:
            self.wait += 1
            if self.wait >= self.patience and self._reduce(epoch):
                self.cooldown_counter, self.wait = self.cooldown, 0

    def _reduce(self, epoch: int) -> bool:
        rate = constant_rate(self)
        if rate <= self.min_lr:
            return False
        self.model.optimizer.learning_rate = new = max(rate * self.factor, self.min_lr)  # type: ignore[union-attr]
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")
        return True

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "wait": self.wait, "cooldown_counter": self.cooldown_counter}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self.wait, self.cooldown_counter = state["best"], state["wait"], state["cooldown_counter"]
