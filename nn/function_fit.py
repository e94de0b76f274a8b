"""`fit` for people without layers: any function of any nest of Tensors, trained as a model is."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, asarray, nests

from .callbacks import History, Logs
from .data import count
from .module import Module
from .trainer import Trainer, zeros_like_one


def fit(
    function: Callable[..., Any],
    parameters: Any,
    x: Any = None,
    y: Any = None,
    *,
    optimizer: Any = "adam",
    epochs: int = 1,
    verbose: int = 1,
    **options: Any,
) -> History:
    """Makes function(parameters, x, y) small, batch by batch, by changing the parameters; returns what happened.

    function: gives the loss, a Tensor: one number, or one for each sample. For more to be shown and kept in the history
    it gives (loss, {"name": number}). It is called with what there is: (parameters), (parameters, x), (parameters, x,
    y) or, with sample_weight=, (parameters, x, y, sample_weight), as Tensors of the data's own dtypes.
    parameters: a Tensor, a Module, or any nest of them in dicts, lists and tuples. The Tensors that want a gradient are
    changed in place, and have their path ("layers.0.w") as their name if they have none; the rest is handed through.
    x, y: arrays whose first axis counts the samples, or dicts or tuples of several; or what gives batches; or nothing:
    then the function says all, and an epoch is one step, or steps_per_epoch of them.
    options: all others of `nn.Model.fit`, with the same meaning: batch_size, callbacks, validation_data, shuffle, ...

    Raises TypeError for parameters that hold something else than Tensors, numbers, words and Modules, RuntimeError if
    none wants a gradient; else as `Model.fit`. Whatever ends it, the parameters keep what they learnt so far.

    >>> import nn, numpy as np, tinygrad_lite as tg
    >>> x = np.linspace(-1, 1, 64)
    >>> line = {"slope": tg.tensor(0.0, requires_grad=True), "offset": tg.tensor(0.0, requires_grad=True)}
    >>> def loss(line, x, y):
    ...     return (line["slope"] * x + line["offset"] - y) ** 2
    >>> history = nn.fit(loss, line, x, 3 * x + 1, optimizer=nn.SGD(0.2), epochs=50, verbose=0)
    >>> round(line["slope"].item(), 3), round(line["offset"].item(), 3)
    (3.0, 1.0)
    """
    model = _FunctionModel(function, parameters, optimizer)
    if x is None:
        x, steps = _nothing, options.get("steps_per_epoch")
        options["steps_per_epoch"] = 1 if steps is None else steps
    return model.fit(x, y, epochs=epochs, verbose=verbose, **options)


def _nothing() -> Iterator[tuple[np.ndarray]]:
    while True:
        yield (_NOTHING,)


_NOTHING = np.zeros((1, 0), np.float32)


class _FunctionModel(Trainer):
    """A function and its parameters, as what `fit` trains."""

    built = True
    kind = "function"

    def __init__(self, function: Callable[..., Any], parameters: Any, optimizer: Any) -> None:
        if not callable(function):
            raise TypeError(f"function must be a function of the parameters, given {type(function).__name__}")
        for path, leaf in nests.named_leaves(parameters):
            if not isinstance(leaf, (Tensor, Module, str, int, float, bool, type(None))):
                raise TypeError(
                    f"{path or 'parameters'} is {type(leaf).__name__}: make it tinygrad_lite.tensor(..., "
                    "requires_grad=True) if it is to be learnt, else leave it out of the parameters"
                )
        self.function, self.parameters = function, parameters
        self.compile(optimizer)
        self._keys: list[str] | None = None  # of x, if that is a dict
        for name, weight in self.named_weights():
            weight.name = weight.name or name

    def named_weights(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        seen: set[int] = set()
        for path, leaf in nests.named_leaves(self.parameters):
            found = leaf.named_weights(path) if isinstance(leaf, Module) else [(path or "parameter", leaf)]
            for name, weight in found:
                if isinstance(weight, Tensor) and id(weight) not in seen:
                    seen.add(id(weight))
                    yield name, weight

    def _children(self) -> Iterator[tuple[str, Module]]:
        for path, leaf in nests.named_leaves(self.parameters):
            if isinstance(leaf, Module):
                yield path, leaf

    def _input_names(self, x: Any) -> list[str] | None:
        if isinstance(x, dict):
            self._keys = self._keys or list(x)  # once: what is judged may have them in another order
            return self._keys
        return [f"input {i}" for i in range(len(x))] if isinstance(x, tuple) else None

    def build_on(self, x: Any, y: Any = None, sample_weight: Any = None) -> None:
        x, y, sample_weight = nests.mapped(
            lambda part: None if part is None else zeros_like_one(part), (x, y, sample_weight)
        )
        with self._judging():
            self.compute_loss(_NOTHING if self._keys is None and not np.size(x) else x, y, None, sample_weight)

    def compute_loss(self, x: Any, y: Any, y_pred: Any = None, sample_weight: Any = None) -> Tensor:
        """What the function gives for this batch; the rest of what it gives is kept for `compute_metrics`."""
        given: list[Any] = [] if x is _NOTHING else [dict(zip(self._keys, x, strict=True)) if self._keys else x]
        given += [] if y is None else [y]
        given += [] if sample_weight is None else [sample_weight]
        result = self.function(self.parameters, *nests.mapped(asarray, given))
        loss, shown = result if isinstance(result, tuple) and len(result) == 2 else (result, {})
        if not isinstance(loss, Tensor):
            raise TypeError(f"the function must give the loss, a Tensor made of the parameters, it gave {loss!r:.60}")
        if not isinstance(shown, dict):
            raise TypeError(
                f"behind the loss the function gives a dict of numbers by their names, it gave {shown!r:.60}"
            )
        self._shown = {name: _as_number(name, value) for name, value in shown.items()}
        return loss.mean() if loss.ndim else loss

    def compute_metrics(self, loss: Tensor, x: Any, y: Any, y_pred: Any = None, sample_weight: Any = None) -> Logs:
        return self.track(count(x), **{"loss": loss.item(), **self._shown})

    def train_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Logs:
        loss = self.compute_loss(x, y, None, sample_weight)
        self.update_weights(loss)
        return self.compute_metrics(loss, x, y)

    def test_step(self, x: Any, y: Any = None, sample_weight: Any = None) -> Logs:
        return self.compute_metrics(self.compute_loss(x, y, None, sample_weight), x, y)


def _as_number(name: str, value: Any) -> float:
    """What is to be shown, as it is now: a parameter is about to be changed."""
    array = value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "biuf":
        raise TypeError(f"{name!r}, which the function gives to be shown, must be one number, it gave {value!r:.60}")
    return float(array.item())
