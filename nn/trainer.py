"""The training surface, in Keras's words: `compile`, `fit`, `evaluate`, `predict`, and the steps they are made of."""

from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext, suppress
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from tinygrad_lite import Tensor, nests, threads, zeros

from . import optimizers
from .batches import ArraySource, Form, Source, as_source
from .callbacks import Callback, CallbackList, History, Logs, as_callbacks
from .checks import whole_number
from .data import as_input, count, rows
from .module import Module
from .objective import Objective
from .progress import Progress
from .training import Training
from .validation import split_off, validation_source

Method = TypeVar("Method", bound=Callable[..., Any])

_JUDGING: dict[str, Any] = {"steps_name": "steps", "usual_batch_size": 128}


def _on_all_cores(method: Method) -> Method:
    """The method, run inside `threads()` if a layer of the model shares its batch; else BLAS's own are faster."""

    @wraps(method)
    def call(self: "Trainer", *args: Any, **options: Any) -> Any:
        with threads() if any(module.shares_batch for module in self.modules()) else nullcontext():
            return method(self, *args, **options)

    return call  # type: ignore[return-value]


class Trainer(Module):
    """A Module that can be trained, judged and asked. What it is made of, `nn.Model` says."""

    stop_training = False
    optimizer: optimizers.Optimizer | None = None
    loss: Any = None  # as compile was given it
    batch: Any = None  # what fit is at: (x, y, sample_weight)
    _objective: Objective | None = None
    _compiled_with: dict[str, Any] | None = None  # all that compile was given but the optimizer
    _training: Training | None = None  # the run of fit that is under way
    _trained: list[Tensor] | None = None  # the weights that it trains, looked up once an epoch

    def __getstate__(self) -> dict[str, Any]:
        """A copy of a model that is being trained has nothing to do with the run."""
        return {name: value for name, value in vars(self).items() if name not in ("batch", "_training", "_trained")}

    def _input_names(self, x: Any) -> list[str] | None:
        """The names of several inputs, None where there is one."""
        if not self.several_inputs:
            return None
        if not isinstance(x, (list, tuple)):
            raise TypeError(f"x must be a list of arrays, one for each input of the model, given {type(x).__name__}")
        return [f"input {i}" for i in range(len(x))]

    def _output_names(self) -> list[str] | None:
        """The names of several outputs, None where there is one."""
        return None

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        weighted_metrics: Any = None,
    ) -> None:
        """Chooses how to learn: the optimizer, the loss and the metrics (a list, or one), by name or as objects.

        "accuracy" is the accuracy that goes with the loss. A loss of your own is a function of (y_true, y_pred) that
        gives a Tensor; if that has one number for each sample, their mean counts. Where the model has several outputs,
        loss, metrics and loss_weights are lists, or dicts by the outputs' names (`nn.objective.Objective`). In
        weighted_metrics each sample counts by its weight. Raises ValueError for a name that does not exist or two
        metrics of one name, TypeError for what is no name or object; then nothing changes.
        """
        chosen = optimizers.get(optimizer)
        objective = Objective(self._output_names(), loss, metrics, loss_weights, weighted_metrics)
        self.optimizer, self.loss, self._objective = chosen, loss, objective
        self._compiled_with = {"loss": loss, "metrics": metrics, "loss_weights": loss_weights}
        self._compiled_with |= {"weighted_metrics": weighted_metrics}

    @_on_all_cores
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> History:
        """Trains on the samples x with the targets y and returns what happened, epoch by epoch.

        x, y: arrays whose first axis counts the samples; for several inputs or outputs, lists of them, or dicts by the
        inputs' and outputs' names. Or x alone gives the batches, (x, y) or (x, y, sample_weight) each: a `Dataset`, a
        generator, a function that makes one, or an object with `__len__` and `__getitem__`; steps_per_epoch ends the
        epochs of what has no end. batch_size: of arrays, 32 if it is None. verbose: 0 silent, 1 a progress line, 2 a
        line an epoch. class_weight: what a sample of each class counts, {class: weight}; sample_weight: what each
        sample counts, an array like y.

        validation_data: (x, y), (x, y, sample_weight) or what gives batches, to be judged on after each
        validation_freq epochs (validation_steps batches of it); or validation_split: the last share of the arrays.
        initial_epoch: the number of the first epoch, where training goes on.

        The gradients of the weights are its own while it runs: it clears them before and after each step.
        Raises RuntimeError before `compile`, with nothing to train and while it is being trained, ValueError or
        TypeError for data that does not fit. Whatever ends it (an interrupt, an error in a callback), the weights keep
        what they learnt so far.

        >>> import nn, numpy as np
        >>> nn.set_random_seed(0)
        >>> x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
        >>> model = nn.Sequential([nn.Dense(1)])
        >>> model.compile(optimizer=nn.SGD(0.1), loss="mse")
        >>> history = model.fit(x, 3 * x + 1, epochs=50, verbose=0)
        >>> round(history.history["loss"][-1], 4)
        0.0
        """
        self._compiled()
        if self._training is not None:
            raise RuntimeError("the model is being trained already: fit can't be called before that fit has ended")
        epochs = whole_number("epochs", epochs, 0)
        initial_epoch = whole_number("initial_epoch", initial_epoch, 0)
        freq = whole_number("validation_freq", validation_freq, 1)
        validation, form = None, self._form()
        size = batch_size if validation_batch_size is None else validation_batch_size
        if validation_data is not None:
            times = epochs // freq - initial_epoch // freq
            validation = validation_source(form, validation_data, size, validation_steps, times)
        elif validation_split:
            (x, y, sample_weight), held_out = split_off(form, (x, y, sample_weight), validation_split)
            validation = validation_source(form, held_out, size, validation_steps)
        form = self._form(class_weight)
        source = as_source(
            x, y, sample_weight, batch_size, shuffle, steps_per_epoch, form=form, epochs=epochs - initial_epoch
        )

        history = History()
        listeners = [*as_callbacks(callbacks), *([Progress(verbose)] if verbose else []), history]
        training = Training(self, source, validation, listeners, epochs, initial_epoch, verbose, freq)
        if validation is not None:
            self._try(source, validation)
        training.run()
        return history

    def _form(self, class_weight: Any = None) -> Form:
        """What this model's data is made of."""
        own = type(self).train_step is not Trainer.train_step or type(self).compute_loss is not Trainer.compute_loss
        return Form(self._input_names, self._output_names(), targets=not own, class_weight=class_weight)

    def _try(self, *sources: Source) -> None:
        """Judges the first sample of arrays: what does not fit is noticed now, not after an epoch."""
        objective, _ = self._compiled()
        if not self._form().targets:
            own = type(self).test_step is not Trainer.test_step or type(self).compute_loss is not Trainer.compute_loss
            if not own and self.loss is None:
                raise RuntimeError(
                    f"{type(self).__name__} has a train_step of its own and no loss: say in"
                    " test_step(x, y, sample_weight) how it is judged on validation data"
                )
            return
        with self._judging():
            for source in sources:
                if isinstance(source, ArraySource):
                    x, y = (rows(column, slice(1)) for column in source.columns[:2])
                    objective.loss_of(y, self(as_input(x)))

    def train_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Logs:
        """One step on one batch: forward, loss, backward, update. Returns what is shown: the means of the epoch so far.

        Overwrite it for training of another kind: `update_weights` does the last two, `track` keeps the means.

        >>> import nn, numpy as np
        >>> class Denoiser(nn.Sequential):
        ...     def train_step(self, x, y=None, sample_weight=None):
        ...         noisy = x + nn.random_generator().normal(0, 0.1, x.shape).astype(x.dtype)
        ...         loss = nn.losses.mean_squared_error(x, self(noisy))
        ...         self.update_weights(loss)
        ...         return self.track(len(x), loss=loss.item())
        >>> model = Denoiser([nn.Dense(4)])
        >>> model.compile("adam")
        >>> model.fit(np.ones((32, 4), np.float32), epochs=2, verbose=0)
        <History of 2 epochs: loss ...>
        """
        y_pred = self(as_input(x))
        loss = self.compute_loss(x, y, y_pred, sample_weight)
        self.update_weights(loss)
        return self.compute_metrics(loss, x, y, y_pred, sample_weight)

    def test_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Logs:
        """What `evaluate` does with one batch; returns the results so far."""
        y_pred = self(as_input(x))
        return self.compute_metrics(self.compute_loss(x, y, y_pred, sample_weight), x, y, y_pred, sample_weight)

    def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """What training makes small for this batch, one number: the loss that was chosen by `compile`."""
        return self._compiled()[0].loss_of(y, y_pred, sample_weight)

    def compute_metrics(self, loss: Tensor, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Logs:
        """Counts the batch and returns the loss and the metrics so far."""
        objective, _ = self._compiled()
        objective.update(
            loss.item(), count(x), y, nests.mapped(lambda each: each.detach().numpy(), y_pred), sample_weight
        )
        return objective.results()

    def track(self, samples: int, **values: float) -> Logs:
        """Counts numbers of a step of your own, the means of so many samples; returns all means of the epoch so far."""
        objective, _ = self._compiled()
        for name, value in values.items():
            objective.add(name, value, samples)
        return objective.results()

    def update_weights(self, loss: Tensor) -> None:
        """Goes back from the loss and takes one step of the optimizer. The gradients are cleared before and after."""
        _, optimizer = self._compiled()
        weights = self._trained or self.trainable_weights
        if not weights:
            raise RuntimeError("there is nothing to train: no weight of the model has requires_grad=True")
        _clear(weights)  # what was there before would be added to
        try:
            loss.backward()
            if self._go_on(loss):
                optimizer.apply([weight.grad for weight in weights], weights)
        finally:
            _clear(weights)

    def _go_on(self, loss: Tensor) -> bool:
        """Shows the gradients to the callbacks. False if one of them ends training at them."""
        if (training := self._training) is None:
            return True
        if not self.stop_training:
            training.told.tell("on_gradients", training.batch, loss)
            training.ended_at_gradients = self.stop_training
        return not training.ended_at_gradients

    @_on_all_cores
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int = 1,
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Sequence[Callback] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss and metrics on the samples x with the targets y.

        They are Python floats: [loss, metrics...], the loss alone where there are no metrics, or with return_dict a
        dict. x, y, sample_weight: as in `fit`; batch_size: of arrays, 128 if it is None; steps: batches of what has no
        end. verbose: 0 silent, 1 prints them. Raises as `fit` does.
        """
        self._compiled()
        form = self._form()
        source = as_source(x, y, sample_weight, batch_size, steps_per_epoch=steps, form=form, **_JUDGING)
        told = CallbackList(as_callbacks(callbacks), self, {"steps": source.steps, "verbose": verbose})
        objective, _ = self._compiled()
        means = None if self._training is None else objective.state_dict()  # of an epoch that is going on
        results = self._evaluate(source, told)
        if means is not None:
            objective.load_state_dict(means)
        if verbose:
            print(" - ".join(f"{name}: {value:.4f}" for name, value in results.items()))
        if return_dict:
            return results
        return list(results.values()) if len(results) > 1 else next(iter(results.values()))

    def _evaluate(self, source: Source, told: CallbackList) -> Logs:
        logs: Logs = {}
        self.reset_metrics()
        told.tell("on_test_begin", {})
        with self._judging(), closing(source):
            for number, batch in enumerate(source.epoch(0)):
                told.tell("on_test_batch_begin", number, {})
                logs = self.test_step(*batch)
                told.tell("on_test_batch_end", number, logs)
        told.tell("on_test_end", logs)
        return logs

    @_on_all_cores
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int = 0,
        steps: int | None = None,
        callbacks: Sequence[Callback] | None = None,
    ) -> Any:
        """What the model computes from the samples x, batch by batch, as one array: a row for each sample.

        x: as in `fit`; of what gives batches, only the inputs count. batch_size: of arrays, 128 if it is None; steps:
        batches of what has no end. For several outputs the result is a list. It is silent, whatever `verbose` says.
        Raises TypeError or ValueError for what are no samples.

        >>> import nn
        >>> nn.Sequential([nn.Flatten()]).predict([[[1.0, 2.0], [3.0, 4.0]]])
        array([[1., 2., 3., 4.]], dtype=float32)
        """
        form = Form(self._input_names, targets=False)
        source = as_source(x, None, None, batch_size, steps_per_epoch=steps, form=form, **_JUDGING)
        told = CallbackList(as_callbacks(callbacks), self, {"steps": source.steps, "verbose": verbose})
        parts = []
        told.tell("on_predict_begin", {})
        with self._judging(), closing(source):
            for number, (x_batch, _, _) in enumerate(source.epoch(0)):
                told.tell("on_predict_batch_begin", number, {})
                parts.append(nests.mapped(Tensor.numpy, self(as_input(x_batch))))
                told.tell("on_predict_batch_end", number, {"outputs": parts[-1]})
        told.tell("on_predict_end", {})
        joined = map(np.concatenate, zip(*map(nests.leaves, parts), strict=True))
        return nests.mapped(lambda _: next(joined), parts[0])

    def reset_metrics(self) -> None:
        """Forgets all batches."""
        self._compiled()[0].reset()

    def build_on(self, x: Any, y: Any = None, sample_weight: Any = None) -> None:
        """Builds the model, if it has no weights yet, for batches of these shapes and dtypes (of any size)."""
        if not self.built:
            with self._judging(), suppress(NotImplementedError):  # one whose train_step calls its parts has no `call`
                self(nests.mapped(zeros_like_one, x))

    def _compiled(self) -> tuple[Objective, optimizers.Optimizer]:
        if self.optimizer is None or self._objective is None:
            raise RuntimeError("the model was not told how to learn: call compile(optimizer=..., loss=...) first")
        return self._objective, self.optimizer


def zeros_like_one(batch: Any) -> Tensor:
    """A sample of zeros, of the shape and dtype of those of the batch."""
    return zeros((1, *batch.shape[1:]), batch.dtype)


def _clear(weights: list[Tensor]) -> None:
    for weight in weights:
        weight.grad = None
