"""Ends training before nan gets into the weights, and says where it came from."""

import math
import os
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, nests

from ..random import random_generator
from . import diagnosis
from .bad_batch import BadBatch, averages, put_back
from .callback import Callback, Logs


class TerminateOnNaN(Callback):
    """Ends training when a loss or a gradient is nan or infinite, before the weights are changed: they stay finite.

    It says where that began and keeps it: `report` is the text, `batch` the batch (`nn.callbacks.BadBatch`), which can
    be repeated, `drawing` a picture of its graph, nan in violet, to be saved: `guard.drawing.save("nan.html")`. The
    averages that layers keep, as those of BatchNormalization, are put back to what they were before the batch.

    save_to: a file that the batch is saved to, too, "bad_batch.safetensors"; `BadBatch.load` reads it. raise_error:
    raises RuntimeError with the report. It looks at every gradient, which takes about as long as reading it once; as
    long as all is finite, training goes on to the bit as without it.

    >>> import nn, numpy as np
    >>> x = np.ones((8, 2), np.float32)
    >>> x[5, 1] = np.nan
    >>> model = nn.Sequential([nn.Dense(1, input_shape=(2,))])
    >>> model.compile("sgd", "mse")
    >>> guard = nn.TerminateOnNaN()
    >>> history = model.fit(x, x[:, :1], batch_size=4, shuffle=False, verbose=0, callbacks=[guard])
    <BLANKLINE>
    TerminateOnNaN: the loss became nan in batch 2 of epoch 1: training ends.
      No operation made it: it came in from outside.
      x of the batch holds 1 nan, in the sample 1.
      No weight was updated with it.
    >>> guard.batch.x.shape, bool(np.isfinite(model.get_weights()[0]).all())
    ((4, 2), True)
    """

    def __init__(self, raise_error: bool = False, save_to: str | os.PathLike[str] | None = None) -> None:
        self.raise_error = raise_error
        self.save_to = None if save_to is None else os.fspath(save_to)
        self._forget()

    def _forget(self) -> None:
        self.report: str | None = None
        self.batch: BadBatch | None = None
        self.drawing: Any = None
        self._epoch = self._updates = 0

    def on_train_begin(self, logs: Logs) -> None:
        """Forgets an earlier training."""
        self._forget()

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: Logs) -> None:
        """Keeps what it takes to run the batch again."""
        self._random = random_generator().bit_generator.state
        self._averages = averages(self.model)
        self._updates = 0

    def on_gradients(self, batch: int, loss: Tensor) -> None:
        """Looks at the loss and the gradients."""
        self._updates += 1
        value = loss.detach().numpy()
        grads = [(w.name or "a weight", w.grad.numpy()) for w in self.model.trainable_weights if w.grad is not None]
        finite = _is_finite(value)
        wrong = [(f"the gradient of {name}", grad) for name, grad in grads if not _is_finite(grad)]
        if finite and not wrong:
            return
        what, array = wrong[0] if finite else ("the loss", value)
        self.batch = self._bad_batch(batch)
        put_back(self._averages)
        if self._updates == 1:
            found, self.drawing = diagnosis.of_graph(self.batch, self.model, finite)
        else:
            found = ["The training step had changed the weights already: the batch was not run again."]
        self._end(f"{what} became {_word(array)}", found, "No weight was updated with it.")

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Looks at the loss of a training step that has an update of its own: the weights have changed by then."""
        if self.report is None and not math.isfinite(loss := logs.get("loss", 0.0)):
            self.batch = self._bad_batch(batch)
            self._end(f"the loss became {_word(loss)}", [], "The training step has updated the weights with it.")

    def _bad_batch(self, batch: int) -> BadBatch:
        x, y, sample_weight = nests.mapped(lambda a: np.array(a) if isinstance(a, np.ndarray) else a, self.model.batch)
        return BadBatch(x, y, sample_weight, self._random, self._epoch, batch)

    def _end(self, what: str, found: list[str], weights: str) -> None:
        batch: Any = self.batch
        begin = f"{what} in batch {batch.batch + 1} of epoch {batch.epoch + 1}: training ends."
        of_weights = diagnosis.of_weights([(w.name or "a weight", w.detach().numpy()) for w in self.model.weights])
        saved = self._saved(batch)
        self.report = "\n  ".join([begin, *found, *diagnosis.of_data(batch), *of_weights, weights, *saved])
        self.model.stop_training = True
        if self.raise_error:
            raise RuntimeError(self.report)
        print(f"\n{type(self).__name__}: {self.report}")

    def _saved(self, batch: BadBatch) -> list[str]:
        if self.save_to is None:
            return []
        try:
            return [f"The batch is in {batch.save(self.save_to)}."]
        except (OSError, TypeError, ValueError) as error:  # the report matters more
            return [f"The batch was not saved: {error}."]


def _is_finite(array: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        if np.isfinite(np.vdot(array, array)):  # the fastest look; squares may overflow where nothing is wrong
            return True
        return bool(np.isfinite(array).all())


def _word(array: Any) -> str:
    return "nan" if np.isnan(array).any() else "infinite"
