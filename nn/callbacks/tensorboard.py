"""What TensorBoard shows of a training run."""

import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from tinygrad_lite import Tensor

from ..checks import whole_number
from .callback import Callback, Logs
from .event_file import EventFile, needed


class TensorBoard(Callback):
    """Writes the numbers of a training for TensorBoard, under Keras's names; `tensorboard --logdir logs` shows them.

    After each epoch epoch_loss, epoch_learning_rate and the metrics, into the folders train and validation of log_dir;
    after each judging evaluation_loss_vs_iterations, ..., by the optimizer's steps. update_freq: "batch", or a number
    of batches after which batch_loss, ..., the means of the epoch so far, are written, too. histogram_freq: every so
    many epochs it writes how the weights at their end, and the gradients of their first batch, are spread:
    dense/kernel/histogram and dense/kernel/gradient. write_steps_per_second: writes also how fast it goes.

    It needs TensorBoard, but not TensorFlow: pip install 'tinygrad_lite[tensorboard]'. A training that was killed and
    goes on cuts off what was written after the state that it goes on from.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
    ) -> None:
        needed()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = whole_number("histogram_freq", histogram_freq, 0)
        self.write_steps_per_second = write_steps_per_second
        if update_freq == "batch":
            update_freq = 1
        self.update_freq = update_freq if update_freq == "epoch" else whole_number("update_freq", update_freq, 1)
        self._files: dict[str, EventFile] = {}
        self._fitting = False
        self._batches, self._epoch, self._gradients_of = 0, 0, -1  # the last epoch whose gradients were written
        self._suffix = _new_suffix()

    def on_train_begin(self, logs: Logs) -> None:
        """Counts batches from 0."""
        self._fitting, self._batches, self._gradients_of = True, 0, -1
        self._suffix = _new_suffix()

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        self._epoch = epoch
        self._epoch_began, self._batches_before = time.perf_counter(), self._batches

    def on_train_batch_begin(self, batch: int, logs: Logs) -> None:
        self._batches += 1
        self._batch_began = time.perf_counter()

    def on_gradients(self, batch: int, loss: Tensor) -> None:
        """Writes the gradients, if it is time for them."""
        if self._histograms_due() and self._gradients_of != self._epoch:
            self._gradients_of = self._epoch
            for name, weight in self.model.named_weights():
                if weight.grad is not None:
                    self._histogram(f"{name}/gradient", weight.grad)

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Writes the means so far, if it is time for them."""
        if self.update_freq != "epoch" and self._batches % int(self.update_freq) == 0:
            speed = {"steps_per_second": _per_second(1, self._batch_began)} if self.write_steps_per_second else {}
            self._scalars("train", "batch_{}", {**logs, **speed}, self._batches)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Writes the numbers of the epoch."""
        optimizer: Any = self.model.optimizer
        train = {name: value for name, value in logs.items() if not name.startswith("val_")}
        train["learning_rate"] = float(optimizer.learning_rate)
        if self.write_steps_per_second:
            train["steps_per_second"] = _per_second(self._batches - self._batches_before, self._epoch_began)
        self._scalars("train", "epoch_{}", train, epoch)
        judged = {name.removeprefix("val_"): value for name, value in logs.items() if name.startswith("val_")}
        self._scalars("validation", "epoch_{}", judged, epoch)
        if self._histograms_due():
            for name, weight in self.model.named_weights():
                self._histogram(f"{name}/histogram", weight)
        for file in self._files.values():
            file.flush()

    def _histograms_due(self) -> bool:
        return self.histogram_freq > 0 and self._epoch % self.histogram_freq == 0

    def on_test_end(self, logs: Logs) -> None:
        """Writes the results by the optimizer's steps."""
        optimizer: Any = self.model.optimizer
        self._scalars("validation", "evaluation_{}_vs_iterations", logs, optimizer.iterations)
        if not self._fitting:
            self._close()

    def on_train_end(self, logs: Logs) -> None:
        """Closes the files."""
        self._fitting = False
        self._close()

    def state_dict(self) -> dict[str, Any]:
        """What was counted, and how long the files of this run are."""
        for file in self._files.values():
            file.flush()
        lengths = {path.name: path.stat().st_size for path in self._paths()}
        counts = {"batches": self._batches, "gradients_of": self._gradients_of}
        return {**counts, "suffix": self._suffix, "lengths": lengths}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Cuts the files back to the lengths that they had."""
        self._batches, self._gradients_of, self._suffix = state["batches"], state["gradients_of"], state["suffix"]
        for path in self._paths():
            if path.name in state["lengths"]:
                os.truncate(path, min(path.stat().st_size, state["lengths"][path.name]))
            else:
                path.unlink()  # begun since

    def _paths(self) -> list[Path]:
        """The files of this run."""
        return [p for part in ("train", "validation") for p in Path(self.log_dir, part).glob(f"events.*{self._suffix}")]

    def _file(self, part: str) -> EventFile:
        if part not in self._files:
            self._files[part] = EventFile(os.path.join(self.log_dir, part), self._suffix)
        return self._files[part]

    def _scalars(self, part: str, name: str, logs: Logs, step: int) -> None:
        for each, value in logs.items():
            self._file(part).scalar(name.format(each), value, step)

    def _histogram(self, name: str, values: Tensor) -> None:
        path = name.replace(".", "/")
        self._file("train").histogram(path, np.asarray(values.detach().numpy()), self._epoch)

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}


def _new_suffix() -> str:
    """Of the names of all files that one run writes, also after it was killed and goes on."""
    return f".{uuid4().hex[:12]}"


def _per_second(steps: int, since: float) -> float:
    return steps / max(time.perf_counter() - since, 1e-9)
