"""One run of `fit`: the epochs, the batches, who is told of them, and what it needs to go on from where it stands."""

import random as python_random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .batches import Source
from .callbacks import Callback, CallbackList, Logs
from .nested import mapped
from .random import random_generator

if TYPE_CHECKING:
    from .trainer import Trainer

_VERSION = 1


class Training:
    """A run of `fit`. It can be stopped anywhere between two batches and goes on exactly: see `state_dict`.

    epoch, batch: the next ones, from 0. `validate` gives the results on the validation data, or nothing.
    """

    def __init__(
        self,
        model: "Trainer",
        source: Source,
        validate: Callable[[CallbackList, int], Logs],
        callbacks: Sequence[Callback],
        epochs: int,
        initial_epoch: int,
        verbose: int,
    ) -> None:
        self.model, self.source, self.validate = model, source, validate
        self.objective, self.optimizer = model._compiled()
        self.epochs, self.epoch, self.batch = epochs, initial_epoch, 0
        self.finished = False  # it went through to the end: nobody has to go on from here
        self.listeners = sorted(callbacks, key=lambda callback: callback.told_last)
        for callback in self.listeners:
            callback.training = self
        params = {"epochs": epochs, "steps": source.steps, "verbose": verbose}
        self.told = CallbackList(self.listeners, model, params)
        self._random_before_epoch: Any = None
        self._sample: Any = None  # no sample, in the shape and dtype of the inputs: an unbuilt model is built with it

    def run(self) -> None:
        """From where it stands to the last epoch. Whatever ends it, the weights keep what they learnt so far."""
        model, logs = self.model, {}
        model.stop_training, model._training = False, self
        try:
            self.told.tell("on_train_begin", {})
            while self.epoch < self.epochs and not model.stop_training:
                logs = self._train_epoch()
            self.finished = True
        finally:
            self.source.close()
            model.eval()
            model.batch = model._training = model._trained = None
            self.told.tell("on_train_end", logs)

    def _train_epoch(self) -> Logs:
        model, told, epoch = self.model, self.told, self.epoch
        told.tell("on_epoch_begin", epoch, {})
        model.train()
        model._trained = model.trainable_weights if model.built else None
        if self.batch == 0:
            self._random_before_epoch = _random_state()
            model.reset_metrics()
            batches = self.source.epoch(epoch)
        else:  # goes on in the middle: the order is drawn once more, as at the beginning of the epoch
            now = _random_state()
            _set_random_state(self._random_before_epoch)
            batches = self.source.epoch(epoch, self.batch)
            _set_random_state(now)
        logs: Logs = {}
        for batch in batches:
            model.batch = batch
            told.tell("on_train_batch_begin", self.batch, {})
            logs = model.train_step(*batch)
            self._sample = mapped(lambda array: array[:0], batch[0])
            self.batch += 1
            told.tell("on_train_batch_end", self.batch - 1, logs)
            if model.stop_training:
                break
        model.batch = None
        model.eval()
        logs = logs | self.validate(told, epoch)
        self.epoch, self.batch = epoch + 1, 0
        told.tell("on_epoch_end", epoch, logs)
        return logs


def _random_state() -> dict[str, Any]:
    """Where the random numbers of this thread stand: nn's, and the global ones of NumPy and of Python."""
    version, numbers, gauss = python_random.getstate()
    return {
        "nn": random_generator().bit_generator.state,
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002
        "python": [version, np.array(numbers, np.uint64), gauss],
    }


def _set_random_state(state: dict[str, Any]) -> None:
    random_generator().bit_generator.state = state["nn"]
    np.random.set_state(state["numpy"])  # noqa: NPY002
    version, numbers, gauss = state["python"]
    python_random.setstate((version, tuple(map(int, numbers)), gauss))
