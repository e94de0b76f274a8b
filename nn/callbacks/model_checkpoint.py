"""Saves the model while it is trained."""

import os
from pathlib import Path
from string import Formatter
from typing import Any

from ..checks import real_number, whole_number
from .callback import Logs
from .monitor import Monitor


class ModelCheckpoint(Monitor):
    """Saves the model, or its weights, after every epoch or every so many batches, each time or when it is the best.

    filepath: may hold fields for the logs, the epoch and, where batches are counted, the batch, both from 1:
    "{epoch:02d}-{val_loss:.2f}.keras". Folders that don't exist are made. save_best_only: saves when the monitored
    number is the best so far; mode: see `nn.callbacks.Monitor`. initial_value_threshold: only what is better is saved.
    save_weights_only: `model.save_weights(path)` instead of `model.save(path)`. save_freq: "epoch", or a number of
    batches. verbose: 1 says what it does. The best is kept from one `fit` to the next.

    Raises ValueError for a field that can't be filled, and where nothing of the monitored name was logged; TypeError
    if a function that `nn.fit` trains is to be saved as a model.

    >>> import nn, numpy as np, os, tempfile
    >>> model = nn.Sequential([nn.Dense(1, kernel_initializer="ones")])
    >>> model.compile(nn.SGD(0.25), "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     keep = nn.ModelCheckpoint(folder + "/{epoch}-{loss:.2f}.keras", monitor="loss", save_best_only=True)
    ...     history = model.fit(np.ones((4, 1)), np.zeros((4, 1)), epochs=3, verbose=0, callbacks=[keep])
    ...     sorted(os.listdir(folder))
    ['1-1.00.keras', '2-0.00.keras']
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        compares = save_best_only or mode != "auto"  # else it does not matter which way is better
        super().__init__(monitor, mode if compares else "min")
        self.filepath = os.fspath(filepath)
        self._fields = _fields(self.filepath)
        self.verbose, self.save_best_only, self.save_weights_only = verbose, save_best_only, save_weights_only
        self.save_freq = save_freq if save_freq == "epoch" else whole_number("save_freq", save_freq, 1)
        if initial_value_threshold is not None:
            self.best = real_number("initial_value_threshold", initial_value_threshold)
        if save_freq != "epoch" and (late := self._known_late()):
            raise ValueError(f"{late!r} is known after an epoch, not after a batch: leave save_freq at 'epoch'")
        self._epoch = self._batches = 0

    def _known_late(self) -> str | None:
        """What is asked for that no batch has."""
        names = [*self._fields, *([self.monitor] if self.save_best_only else [])]
        return next((name for name in names if name.startswith("val_")), None)

    def on_train_begin(self, logs: Logs) -> None:
        """Makes sure that it can save what is trained."""
        if not self.save_weights_only and not hasattr(self.model, "save"):
            raise TypeError(
                "ModelCheckpoint saves whole models; of what nn.fit trains it saves the weights: give it"
                " save_weights_only=True"
            )

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Saves, if it is time for it."""
        if self.save_freq != "epoch":
            self._batches += 1
            if self._batches >= int(self.save_freq):
                self._batches = 0
                self._consider(self._epoch, logs, batch=batch + 1)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Saves, if it is time for it."""
        if self.save_freq == "epoch":
            self._consider(epoch, logs)

    def _consider(self, epoch: int, logs: Logs, **more: int) -> None:
        value, why = self.best, ""
        if self.save_best_only:
            value, best = self.watched(epoch, logs), "None" if self.best is None else f"{self.best:.5f}"
            if value is None:
                return
            if not self.improves(value, self.best):
                self._say(epoch, f"{self.monitor} did not improve from {best}")
                return
            why = f"{self.monitor} improved from {best} to {value:.5f}, "
        path = self.path(epoch, {**logs, **more})
        self._say(epoch, f"{why}saving model to {path}")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        model: Any = self.model
        model.save_weights(path) if self.save_weights_only else model.save(path)
        self.best = value  # not before: a save that failed is no best
        self._say(epoch, f"finished saving model to {path}")

    def path(self, epoch: int, logs: Logs) -> str:
        """Where the model of this epoch, from 0, and these logs is saved."""
        values = {**logs, "epoch": epoch + 1}
        if missing := [name for name in self._fields if name not in values]:
            raise ValueError(
                f"the filepath {self.filepath!r} of ModelCheckpoint asks for {missing[0]!r}, there are:"
                f" {', '.join(map(repr, values))}"
            )
        return self.filepath.format(**values)

    def _say(self, epoch: int, words: str) -> None:
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: {words}")  # a progress line may be on the screen: begin a new one

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "batches": self._batches}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.best, self._batches = state["best"], state["batches"]


def _fields(filepath: str) -> list[str]:
    """The names in braces. Raises ValueError for what Python's `format` does not understand."""
    try:
        return [name for _, name, _, _ in Formatter().parse(filepath) if name is not None]
    except ValueError as error:
        raise ValueError(f"the filepath {filepath!r} of ModelCheckpoint is no format: {error}") from None
