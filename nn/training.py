"""One run of `fit`: the epochs, the batches, who is told of them, and what it needs to go on from where it stands."""

from collections.abc import Sequence
from contextlib import ExitStack
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tinygrad_lite import nests

from .batches import Source
from .callbacks import Callback, CallbackList, Logs
from .optimizers import Optimizer
from .random import random_state, set_random_state

if TYPE_CHECKING:
    from .trainer import Trainer

_VERSION = 2


class Training:
    """A run of `fit`. It can be stopped anywhere between two batches and goes on exactly: see `state_dict`.

    epoch, batch: the next ones, from 0. validation: what it is judged on after each validation_freq epochs, if any.
    """

    def __init__(
        self,
        model: "Trainer",
        source: Source,
        validation: Source | None,
        callbacks: Sequence[Callback],
        epochs: int,
        initial_epoch: int,
        verbose: int,
        validation_freq: int,
    ) -> None:
        self.model, self.source, self.validation, self.validation_freq = model, source, validation, validation_freq
        self.objective, self.optimizer = model._compiled()
        self._trained_at_first = _trained(model)
        self.epochs, self.epoch, self.batch = epochs, initial_epoch, 0
        self.finished = False  # it went through to the end: nobody has to go on from here
        self.listeners = sorted(callbacks, key=lambda callback: callback.told_last)
        for callback in self.listeners:
            callback.training = self
        params = {"epochs": epochs, "steps": source.steps, "verbose": verbose}
        params["validation_freq"] = 0 if validation is None else validation_freq
        self.told = CallbackList(self.listeners, model, params)
        self.ended_at_gradients = False  # by a callback: this batch updates nothing more
        self._logs: Logs = {}  # of the epoch so far
        self._random_before_epoch: Any = None
        self._resumed: Any = None  # the state that it goes on from, until that is done
        self._sample: Any = None  # a batch without samples, for whose shapes and dtypes an unbuilt model is built

    def run(self) -> None:
        """From where it stands to the last epoch. Whatever ends it, the weights keep what they learnt so far."""
        model = self.model
        model.stop_training, model._training = False, self
        try:
            self.told.tell("on_train_begin", {})
            while self.epoch < self.epochs and (not model.stop_training or self.batch):
                self._train_epoch()
            for optimizer in self._optimizers():
                optimizer.finalize_variable_values(model.trainable_weights)
            self.finished = True
        finally:
            self.source.close()
            model.eval()
            model.batch = model._training = model._trained = None
            with ExitStack() as stack:  # each is told, even if one before it raises: it may have files to close
                for listener in reversed(self.listeners):
                    stack.callback(listener.on_train_end, self._logs)

    def _train_epoch(self) -> None:
        model, told, epoch = self.model, self.told, self.epoch
        told.tell("on_epoch_begin", epoch, {})
        model.train()
        if self.batch == 0:
            self._random_before_epoch = random_state()
            self._logs = {}
            model.reset_metrics()
            batches = self.source.epoch(epoch)
        else:  # goes on in the middle: the order is drawn once more, as at the beginning of the epoch
            set_random_state(self._random_before_epoch)
            batches = self.source.epoch(epoch, self.batch)
            self._take(self._resumed)  # what callbacks do as an epoch begins was done, and is in there
        self._resumed = None
        model._trained = model.trainable_weights if all(module.built for module in model.modules()) else None
        while not (model.stop_training and self.batch) and (batch := next(batches, None)) is not None:
            model.batch = batch
            told.tell("on_train_batch_begin", self.batch, {})
            self._logs = model.train_step(*batch)
            if not isinstance(self._logs, dict):
                raise TypeError(
                    "train_step must return the means of the epoch so far, as in return self.track(len(x),"
                    f" loss=loss.item()); it gave {type(self._logs).__name__}"
                )
            self._sample = nests.mapped(lambda part: None if part is None else part[:0], batch)
            self.batch += 1
            told.tell("on_train_batch_end", self.batch - 1, self._logs)
        model.batch = None
        model.eval()
        if self.validation is not None and (epoch + 1) % self.validation_freq == 0:
            judged = model._evaluate(self.validation, told)
            self._logs = self._logs | {f"val_{name}": value for name, value in judged.items()}
        self.epoch, self.batch = epoch + 1, 0
        told.tell("on_epoch_end", epoch, self._logs)

    # To go on later.

    def state_dict(self) -> dict[str, Any]:
        """All that a run needs to go on from here, to the bit: a nest of dicts, lists, numbers, words and arrays.

        Weights, which of them are trained, the optimizer and those among the model's attributes, metrics, callbacks,
        epoch and batch, and the random numbers of this thread: nn's, NumPy's global ones and Python's. What a Dataset
        or arrays give follows from these; of a generator, as many batches are drawn anew and put aside. What it
        remembers from batch to batch, and random numbers that it draws elsewhere, are the user's to keep.
        """
        model = self.model
        return {
            "version": _VERSION,
            "epoch": self.epoch,
            "batch": self.batch,
            "steps": self.source.steps,
            "seeds": [source.seeds for source in self._sources()],
            "stopped": model.stop_training,
            "logs": self._logs,
            "sample": self._sample,
            "weights": model.state_dict(),
            "trained": _trained(model),
            "trained_at_first": self._trained_at_first,
            "optimizers": [self._of_optimizer(optimizer) for optimizer in self._optimizers()],
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
        self._check(state)
        if _trained(self.model).keys() != state["trained"].keys():
            self.model.build_on(*state["sample"])
        for source, seeds in zip(self._sources(), state["seeds"]):  # noqa: B905 - there may be a validation now
            source.seeds = seeds
        self._take(state)
        epoch, freq = state["epoch"], self.validation_freq
        self.source.put_aside(epoch - self.epoch)
        if self.validation is not None:
            self.validation.put_aside(epoch // freq - self.epoch // freq)
        self.epoch, self.batch, self._resumed = epoch, state["batch"], state
        self._sample, self._random_before_epoch = state["sample"], state["random_before_epoch"]

    def _take(self, state: dict[str, Any]) -> None:
        """Takes over all that callbacks may change."""
        model = self.model
        self.objective.load_state_dict(state["metrics"])  # only means: it is the first, as it changes no weight
        weights, optimizers = model.state_dict(), [(optimizer, {**vars(optimizer)}) for optimizer in self._optimizers()]
        model.load_state_dict(state["weights"])
        try:
            for (optimizer, _), kept in zip(optimizers, state["optimizers"], strict=True):
                self._take_optimizer(optimizer, kept)
        except BaseException:
            model.load_state_dict(weights)
            for optimizer, before in optimizers:
                vars(optimizer).update(before)
            raise
        for name, weight in model.named_weights():
            weight.requires_grad = state["trained"][name]
        for callback, kept in zip(self._with_state(), state["callbacks"], strict=True):
            callback.load_state_dict(deepcopy(kept["state"]))
        self._logs, model.stop_training = {**state["logs"]}, state["stopped"]
        set_random_state(state["random"])

    def _sources(self) -> list[Source]:
        return [self.source] if self.validation is None else [self.source, self.validation]

    def _optimizers(self) -> list[Optimizer]:
        """That of `compile`, and those among the attributes of the model, for a `train_step` of its own."""
        own = [value for module in self.model.modules() for value in vars(module).values()]
        return list(dict.fromkeys([self.optimizer, *[value for value in own if isinstance(value, Optimizer)]]))

    def _of_optimizer(self, optimizer: Optimizer) -> dict[str, Any]:
        """Its state, of all weights that it has changed, and of those that it will."""
        main = optimizer is self.optimizer
        weights = {
            name: weight
            for name, weight in self.model.named_weights()
            if optimizer.remembers(weight) or (main and weight.requires_grad)
        }
        return {"weights": list(weights), "state": optimizer.state_dict(list(weights.values()))}

    def _take_optimizer(self, optimizer: Optimizer, kept: dict[str, Any]) -> None:
        weights = dict(self.model.named_weights())
        for name, entry in zip(kept["weights"], kept["state"]["weights"], strict=True):
            weights[name].name = entry["name"]
        optimizer.load_state_dict(kept["state"], [weights[name] for name in kept["weights"]])

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
        now, then = self._trained_at_first, state["trained_at_first"]
        if other := [name for name in now if now[name] != then.get(name, now[name])]:
            name = other[0]
            raise ValueError(f"{name} has requires_grad={now[name]}; the run that was kept began with {then[name]}")
        if (count := len(self._optimizers())) != len(state["optimizers"]):
            raise ValueError(f"the model has {count} optimizers, in what was kept there are {len(state['optimizers'])}")
        for source, seeds in zip(self._sources(), state["seeds"]):  # noqa: B905
            if len(source.seeds) != len(seeds):
                raise ValueError(f"a Dataset has {len(source.seeds)} seeds, in what was kept it has {len(seeds)}")
        if state["steps"] != self.source.steps:
            raise ValueError(
                f"an epoch has {self.source.steps} batches, in what was kept it has {state['steps']}: go on with the"
                " same data and batch_size"
            )


def _trained(model: "Trainer") -> dict[str, bool]:
    """Whether each weight is trained."""
    return {name: weight.requires_grad for name, weight in model.named_weights()}


def _listing(names: list[str]) -> str:
    return ", ".join(names) or "none"
