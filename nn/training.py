"""One run of `fit`: the epochs, the batches, who is told of them, and what it needs to go on from where it stands."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .batches import Source
from .callbacks import Callback, CallbackList, Logs
from .nested import mapped
from .random import random_state, set_random_state

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
        validation_freq: int,
    ) -> None:
        self.model, self.source, self.validate = model, source, validate
        self.objective, self.optimizer = model._compiled()
        self.epochs, self.epoch, self.batch = epochs, initial_epoch, 0
        self.finished = False  # it went through to the end: nobody has to go on from here
        self.listeners = sorted(callbacks, key=lambda callback: callback.told_last)
        for callback in self.listeners:
            callback.training = self
        params = {"epochs": epochs, "steps": source.steps, "verbose": verbose, "validation_freq": validation_freq}
        self.told = CallbackList(self.listeners, model, params)
        self._logs: Logs = {}  # of the epoch so far
        self._random_before_epoch: Any = None
        self._sample: Any = None  # no sample, in the shape and dtype of the inputs: an unbuilt model is built with it

    def run(self) -> None:
        """From where it stands to the last epoch. Whatever ends it, the weights keep what they learnt so far."""
        model, logs = self.model, {}
        model.stop_training, model._training = False, self
        try:
            self.told.tell("on_train_begin", {})
            while self.epoch < self.epochs and (not model.stop_training or self.batch):
                logs = self._train_epoch()
            self.optimizer.finalize_variable_values(model.trainable_weights if model.built else [])
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
            self._random_before_epoch = random_state()
            self._logs = {}
            model.reset_metrics()
            batches = self.source.epoch(epoch)
        else:  # goes on in the middle: the order is drawn once more, as at the beginning of the epoch
            now = random_state()
            set_random_state(self._random_before_epoch)
            batches = self.source.epoch(epoch, self.batch)
            set_random_state(now)
        while not model.stop_training and (batch := next(batches, None)) is not None:
            model.batch = batch
            told.tell("on_train_batch_begin", self.batch, {})
            self._logs = model.train_step(*batch)
            self._sample = mapped(lambda array: array[:0], batch[0])
            self.batch += 1
            told.tell("on_train_batch_end", self.batch - 1, self._logs)
        model.batch = None
        model.eval()
        logs = self._logs | self.validate(told, epoch)
        self.epoch, self.batch = epoch + 1, 0
        told.tell("on_epoch_end", epoch, logs)
        return logs

    # To go on later.

    def state_dict(self) -> dict[str, Any]:
        """All that a run needs to go on from here, to the bit: a nest of dicts, lists, numbers, words and arrays.

        Weights, optimizer, metrics, callbacks, epoch and batch, and the random numbers of this thread: nn's, NumPy's
        global ones and Python's. What a Dataset or arrays give follows from these; of a generator, as many batches are
        drawn anew and put aside. Random numbers that a generator of the user draws elsewhere are the user's to keep.
        """
        model = self.model
        return {
            "version": _VERSION,
            "epoch": self.epoch,
            "batch": self.batch,
            "steps": self.source.steps,
            "stopped": model.stop_training,
            "logs": self._logs,
            "sample": self._sample,
            "weights": model.state_dict(),
            "trained": [name for name, weight in model.named_weights() if weight.requires_grad],
            "optimizer": self.optimizer.state_dict(model.trainable_weights),
            "metrics": self.objective.state_dict(),
            "random": random_state(),
            "random_before_epoch": self._random_before_epoch,
            "callbacks": [{"class": type(c).__name__, "state": c.state_dict()} for c in self._with_state()],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Stands where that run stood, ready to go on.

        Raises ValueError where the state is of another model, optimizer, metrics, callbacks or number of batches; the
        model is untouched then.
        """
        model = self.model
        self._check(state)
        model.build_on(state["sample"])
        trained = [name for name, weight in model.named_weights() if weight.requires_grad]
        if trained != state["trained"]:
            raise ValueError(
                f"what is trained is {_listing(trained)}, in what was kept it is {_listing(state['trained'])}"
            )
        self.objective.load_state_dict(state["metrics"])  # only means: it is the first, as it changes no weight
        weights = model.state_dict()
        model.load_state_dict(state["weights"])
        try:
            self.optimizer.load_state_dict(state["optimizer"], model.trainable_weights)
        except BaseException:
            model.load_state_dict(weights)
            raise
        for callback, kept in zip(self._with_state(), state["callbacks"], strict=True):
            callback.load_state_dict(kept["state"])
        self.source.put_aside(state["epoch"] - self.epoch)
        self.epoch, self.batch, self._logs = state["epoch"], state["batch"], state["logs"]
        self._sample, self._random_before_epoch = state["sample"], state["random_before_epoch"]
        model.stop_training = state["stopped"]
        set_random_state(state["random"])

    def _with_state(self) -> list[Callback]:
        return [callback for callback in self.listeners if type(callback).state_dict is not Callback.state_dict]

    def _check(self, state: dict[str, Any]) -> None:
        if not isinstance(state, dict) or "version" not in state or "callbacks" not in state:
            raise ValueError("this is no state of a training run: it has neither a version nor callbacks")
        if state["version"] != _VERSION:
            raise ValueError(f"the state of the run has the version {state['version']}, this nn knows {_VERSION}")
        ours, kept = ([type(c).__name__ for c in self._with_state()], [each["class"] for each in state["callbacks"]])
        if ours != kept:
            raise ValueError(f"the callbacks are {_listing(ours)}, in what was kept they are {_listing(kept)}")
        if state["steps"] != self.source.steps:
            raise ValueError(
                f"an epoch has {self.source.steps} batches, in what was kept it has {state['steps']}: go on with the"
                " same data and batch_size"
            )


def _listing(names: list[str]) -> str:
    return ", ".join(names) or "none"
