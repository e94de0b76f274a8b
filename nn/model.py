"""A Model: a Module that can be trained, judged and asked, with Keras's words."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from tinygrad_lite import Tensor, asarray, threads

from . import optimizers
from .callbacks import Callback, CallbackList, History, Logs, as_callbacks
from .checks import whole_number
from .data import Samples, as_columns, as_pair, as_validation, batches, count, rows, split_validation
from .module import Module
from .nested import leaves, mapped
from .network import Network
from .objective import Objective
from .progress import Progress
from .random import random_generator
from .summary import summary_html, summary_text

Method = TypeVar("Method", bound=Callable[..., Any])


def _on_all_cores(method: Method) -> Method:
    """The method, run inside `threads()` if a layer of the model shares its batch; else BLAS's own are faster."""

    @wraps(method)
    def call(self: "Model", *args: Any, **options: Any) -> Any:
        with threads() if any(module.shares_batch for module in self.modules()) else nullcontext():
            return method(self, *args, **options)

    return call  # type: ignore[return-value]


class Model(Module):
    """A Module with `compile`, `fit`, `evaluate`, `predict`, `summary`.

    It is a stack of layers (`nn.Sequential`), a subclass that says in `call` what it computes, or a functional model:
    `nn.Model(inputs, outputs)`, of the symbols that layers gave for `nn.Input`s. With a list of inputs it takes a list
    of arrays, or a dict by the inputs' names; with a list of outputs it gives a list. A layer that is called twice has
    its weights once, and a model may be called on symbols like any layer. Raises TypeError for what are no symbols,
    ValueError for inputs and outputs that don't belong together. `layers`, `inputs` and `outputs` are lists.

    >>> import nn, numpy as np
    >>> x = nn.Input((8, 8, 3))
    >>> y = nn.Conv2D(3, 3, padding="same", activation="relu")(x)
    >>> y = nn.GlobalAveragePooling2D()(x + y)  # a residual block: the layers only have to correct x
    >>> model = nn.Model(x, nn.Dense(10, activation="softmax")(y))
    >>> model.predict(np.zeros((5, 8, 8, 3))).shape
    (5, 10)
    """

    stop_training = False
    _network: Network | None = None  # of a functional model
    _trained: list[Tensor] | None = None  # the weights that fit trains, looked up once an epoch
    optimizer: optimizers.Optimizer | None = None
    loss: Any = None  # as compile was given it
    _objective: Objective | None = None

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None) -> None:
        self.name = name
        if inputs is None and outputs is None:
            return
        self._network = Network(inputs, outputs)
        self.layers = self._network.layers
        self.inputs, self.outputs = self._network.inputs, self._network.outputs
        if type(self) is Model:
            self.kind = "functional"
        self.several_inputs = len(self._network.inputs) > 1
        shapes = [symbol.shape for symbol in self.outputs]
        self.output_shape = shapes if len(shapes) > 1 else shapes[0]
        self.built = True
        self.name_weights()

    def call(self, x: Any) -> Any:
        return super().call(x) if self._network is None else self._network.run(x)

    def _input_names(self, x: Any) -> list[str] | None:
        """The names of several inputs, None where there is one."""
        if not self.several_inputs:
            return None
        if self._network:
            return self._network.input_names
        if not isinstance(x, (list, tuple)):
            raise TypeError(f"x must be a list of arrays, one for each input of the model, given {type(x).__name__}")
        return [f"input {i}" for i in range(len(x))]

    def _output_names(self) -> list[str] | None:
        """The names of several outputs, None where there is one."""
        return self._network.output_names if self._network and len(self.outputs) > 1 else None

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None, loss_weights: Any = None
    ) -> None:
        """Chooses how to learn: the optimizer, the loss and the metrics (a list, or one), by name or as objects.

        "accuracy" is the accuracy that goes with the loss. A loss of your own is a function of (y_true, y_pred) that
        gives a Tensor; if that has one number for each sample, their mean counts. Where the model has several outputs,
        loss, metrics and loss_weights are lists, or dicts by the outputs' names (`nn.objective.Objective`). Raises
        ValueError for a name that does not exist or two metrics of one name, TypeError for what is no name or object;
        then nothing changes.
        """
        chosen = optimizers.get(optimizer)
        objective = None if loss is None else Objective(self._output_names(), loss, metrics, loss_weights)
        self.optimizer, self.loss, self._objective = chosen, loss, objective

    @_on_all_cores
    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: int = 1,
        callbacks: Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: tuple[Any, Any] | None = None,
        shuffle: bool = True,
    ) -> History:
        """Trains on the samples x with the targets y and returns what happened, epoch by epoch.

        x, y: arrays whose first axis counts the samples; for several inputs or outputs, lists of them, or dicts by the
        inputs' and outputs' names. verbose: 0 silent, 1 a progress line, 2 a line an epoch.
        validation_data: (x, y) to be judged on after each epoch, or validation_split: the last share of the samples.
        The gradients of the weights are its own while it runs: it clears them before and after each step.
        Raises RuntimeError before `compile` or with nothing to train, ValueError or TypeError for data that does not
        fit. Whatever ends it (an interrupt, an error in a callback), the weights keep what they learnt so far.

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
        inputs, outputs = self._input_names(x), self._output_names()
        x, y = as_pair("x", x, "y", y, inputs, outputs)
        validation: tuple[Samples, Samples] | None = None
        if validation_data is not None:
            validation = as_validation(validation_data, inputs, outputs)
        elif validation_split:
            (x, y), validation = split_validation(x, y, validation_split)
        batch_size, epochs = whole_number("batch_size", batch_size, 1), whole_number("epochs", epochs, 0)
        steps = -(-count(x) // batch_size)
        history = History()
        listeners = [*as_callbacks(callbacks), *([Progress(verbose)] if verbose else []), history]
        told = CallbackList(listeners, self, {"epochs": epochs, "steps": steps, "verbose": verbose})
        if validation is not None:
            self._try((x, y), validation)
        self.stop_training = False
        logs: Logs = {}
        try:
            told.tell("on_train_begin", logs)
            for epoch in range(epochs):
                told.tell("on_epoch_begin", epoch, logs)
                order = random_generator().permutation(count(x)) if shuffle else None
                logs = self._train_epoch(x, y, batches(count(x), batch_size, order), told)
                if validation is not None:
                    judged = self._evaluate(*validation, batch_size)
                    logs |= {f"val_{name}": value for name, value in judged.items()}
                told.tell("on_epoch_end", epoch, logs)
                if self.stop_training:
                    break
        finally:
            self.eval()
            self._trained = None
            told.tell("on_train_end", logs)
        return history

    def _try(self, *pairs: tuple[Samples, Samples]) -> None:
        """Judges the first sample of each pair (x, y): what does not fit is noticed now, not after an epoch."""
        objective, _ = self._compiled()
        with self._judging():
            for x, y in pairs:
                objective.loss_of(rows(y, slice(1)), self(_as_input(rows(x, slice(1)))))

    def _train_epoch(self, x: Samples, y: Samples, parts: Iterable[Any], told: CallbackList) -> Logs:
        objective, _ = self._compiled()
        self.train()
        self._trained = self.trainable_weights if self.built else None
        objective.reset()
        for step, part in enumerate(parts):
            told.tell("on_train_batch_begin", step, {})
            x_batch, y_batch = rows(x, part), rows(y, part)
            value, y_pred = self.train_step(x_batch, y_batch)
            objective.update(value, y_batch, y_pred)
            told.tell("on_train_batch_end", step, objective.results())
            if self.stop_training:
                break
        self.eval()
        return objective.results()

    def train_step(self, x: Samples, y: Samples) -> tuple[float, Samples]:
        """One step on one batch: forward, loss, backward, update. Returns the loss and what was predicted."""
        objective, optimizer = self._compiled()
        y_pred = self(_as_input(x))
        weights = self._trained or self.trainable_weights
        if not weights:
            raise RuntimeError("there is nothing to train: no weight of the model has requires_grad=True")
        value = objective.loss_of(y, y_pred)
        _clear(weights)  # what was there before would be added to
        try:
            value.backward()
            optimizer.apply([weight.grad for weight in weights], weights)
        finally:
            _clear(weights)
        return value.item(), mapped(lambda each: each.detach().numpy(), y_pred)

    @_on_all_cores
    def evaluate(
        self, x: Any, y: Any = None, batch_size: int = 128, verbose: int = 1, return_dict: bool = False
    ) -> Any:
        """The loss and metrics on the samples x with the targets y.

        They are Python floats: [loss, metrics...], the loss alone where there are no metrics, or with return_dict a
        dict. verbose: 0 silent, 1 prints them. Raises as `fit` does.
        """
        self._compiled()
        x, y = as_pair("x", x, "y", y, self._input_names(x), self._output_names())
        results = self._evaluate(x, y, whole_number("batch_size", batch_size, 1))
        if verbose:
            print(" - ".join(f"{name}: {value:.4f}" for name, value in results.items()))
        if return_dict:
            return results
        return list(results.values()) if len(results) > 1 else results["loss"]

    def _evaluate(self, x: Samples, y: Samples, batch_size: int) -> Logs:
        objective, _ = self._compiled()
        objective.reset()
        with self._judging():
            for part in batches(count(x), batch_size):
                y_part, y_pred = rows(y, part), self(_as_input(rows(x, part)))
                value = objective.loss_of(y_part, y_pred).item()
                objective.update(value, y_part, mapped(Tensor.numpy, y_pred))
        return objective.results()

    @_on_all_cores
    def predict(self, x: Any, batch_size: int = 128) -> Any:
        """What the model computes from the samples x, batch by batch, as one array: a row for each sample.

        For several inputs x is a list of arrays, or a dict by their names; for several outputs the result is a list.
        Raises TypeError or ValueError for what are no samples.

        >>> import nn
        >>> nn.Sequential([nn.Flatten()]).predict([[[1.0, 2.0], [3.0, 4.0]]])
        array([[1., 2., 3., 4.]], dtype=float32)
        """
        x, batch_size = as_columns("x", x, self._input_names(x)), whole_number("batch_size", batch_size, 1)
        with self._judging():
            parts = [mapped(Tensor.numpy, self(_as_input(rows(x, part)))) for part in batches(count(x), batch_size)]
        joined = map(np.concatenate, zip(*map(leaves, parts), strict=True))
        return mapped(lambda _: next(joined), parts[0])

    def summary(
        self,
        line_length: int | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
    ) -> None:
        """Prints the layers, the shapes of what they give, and how many numbers they learn, as Keras does.

        line_length: the width of the table instead of Keras's, which is cut to the terminal's. print_fn: is given the
        text instead of `print`. expand_nested: shows the layers inside of layers. show_trainable: says Y or N for each
        layer with weights.
        """
        (print_fn or print)(summary_text(self, line_length, expand_nested, show_trainable))

    def _repr_html_(self) -> str | None:
        return summary_html(self)

    def _compiled(self) -> tuple[Objective, optimizers.Optimizer]:
        if self.optimizer is None or self._objective is None:
            raise RuntimeError("the model was not told how to learn: call compile(optimizer=..., loss=...) first")
        return self._objective, self.optimizer


def _clear(weights: list[Tensor]) -> None:
    for weight in weights:
        weight.grad = None


def _as_input(batch: Samples) -> Any:
    """A batch on its way in: floating point numbers as float32, like the weights."""
    return mapped(lambda x: asarray(x.astype(np.float32) if x.dtype == np.float64 else x), batch)
