"""A run that can be killed at any moment and goes on as if nothing had happened."""

import os
from pathlib import Path
from typing import Any

from .. import files
from ..checks import whole_number
from .callback import Callback, Logs

_NAME = "training.safetensors"


class BackupAndRestore(Callback):
    """Keeps the whole state of the run in a folder; a `fit` that finds one there goes on from it, to the bit.

    It holds weights, optimizer, epoch and batch, random numbers, metrics, history and what other callbacks remember.
    Training that was killed at any moment, also while the state was written, and is started again by the same program
    ends with the same weights as training that was never interrupted.

    backup_dir: the folder; made if need be; each `fit` of a program needs one of its own. save_freq: "epoch", or after
    how many batches. delete_checkpoint: whether the state is removed when training went through to its end (not when it
    was interrupted). As in Keras, but there the random numbers start anew. Raises ValueError, before anything is
    changed, where the state that was found is of another model, optimizer, list of callbacks or number of batches, or
    is damaged.

    >>> import nn, numpy as np, tempfile
    >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    >>> model = nn.Sequential([nn.Dense(1)])
    >>> model.compile("adam", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.fit(x, 3 * x, epochs=3, verbose=0, callbacks=[nn.BackupAndRestore(folder, save_freq=2)])
    <History of 3 epochs: loss ...>
    """

    told_last = True

    def __init__(
        self, backup_dir: str | os.PathLike[str], save_freq: str | int = "epoch", delete_checkpoint: bool = True
    ) -> None:
        self.backup_dir = Path(backup_dir)
        if isinstance(save_freq, str) and save_freq != "epoch":
            raise ValueError(f"save_freq must be 'epoch' or a number of batches, given {save_freq!r}")
        self.save_freq = save_freq if save_freq == "epoch" else whole_number("save_freq", save_freq, 1)
        self.delete_checkpoint = delete_checkpoint

    @property
    def path(self) -> Path:
        """The file with the state."""
        return self.backup_dir / _NAME

    def on_train_begin(self, logs: Logs) -> None:
        """Goes on from the state, if there is one."""
        self._batches = 0
        if not self.path.exists():
            self.backup_dir.mkdir(parents=True, exist_ok=True)
            return
        try:
            self.training.load_state_dict(files.load(self.path))
        except ValueError as error:
            error.add_note(f"It is kept in {self.path}: remove that file to begin anew")
            raise

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Keeps the state, if it is time."""
        if self.save_freq != "epoch":
            self._batches += 1
            if self._batches % int(self.save_freq) == 0:
                self._save()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Keeps the state."""
        self._save()

    def on_train_end(self, logs: Logs) -> None:
        """Removes the state, if training went through to its end."""
        if self.training.finished and self.delete_checkpoint:
            self.path.unlink(missing_ok=True)

    def _save(self) -> None:
        files.save(self.path, self.training.state_dict())

    def state_dict(self) -> dict[str, Any]:
        return {"batches": self._batches}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._batches = state["batches"]
