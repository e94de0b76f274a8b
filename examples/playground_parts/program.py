"""A run as a program on its own, as somebody would write it who knows tinygrad_lite and nn."""

import inspect
import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from .data import labelled
from .features import FEATURES
from .network import output_activation
from .random_numbers import SeedRandom
from .settings import Settings

EPOCHS = 100  # of a run that has not begun
TOLD = 10  # about so many lines are printed


def written(settings: Settings, updates: int, changes: Sequence[Any]) -> str:
    """The program that gives the losses of a run: its settings at the beginning, its updates, what was changed by hand.

    A run that has not begun gets a hundred epochs.
    """
    size = min(settings.batch_size, settings.train_count)
    epochs, further = divmod(updates, settings.train_count // size) if updates else (EPOCHS, 0)
    parts = [
        _HEADING.format(name=_name(settings), epochs=f"{epochs:,} epoch{'s' * (epochs != 1)}"),
        _without_example(inspect.getsource(SeedRandom)),
        *_points(settings),
        *_network(settings),
        *_changes(settings, changes),
        _learn(settings, bool(changes)),
        _loop(settings, size, epochs, further, changes, updates),
    ]
    return "\n\n\n".join([part.strip("\n") for part in parts]) + "\n"


_HEADING = '''
"""What the playground learnt: {name}, {epochs}. It needs tinygrad_lite and nn."""

import math

import numpy as np

import nn
import tinygrad_lite as tg

# The dice of the TensorFlow Playground: with them its points and first weights are drawn.
'''


def _name(settings: Settings) -> str:
    names = {"own": "own points", "reg-plane": "a plane", "reg-gauss": "hills and hollows"}
    return names.get(settings.dataset_in_use, settings.dataset_in_use)


def _without_example(source: str) -> str:
    start = source.index("\n    >>>")
    return source[:start].rstrip() + "\n" + source[source.index('    """\n', start) :]


def _points(settings: Settings) -> list[str]:
    """The points, the inputs and the targets."""
    parts = ["# The points: shuffled, one part to learn from, the other to be tested on."]
    made = [f"random = SeedRandom({json.dumps(settings.seed, ensure_ascii=False)})"]
    if settings.dataset_in_use == "own" and settings.own is not None:
        rows = [f"    ({x1:g}, {x2:g}, {label:g})," for x1, x2, label in labelled(settings.own)]
        made += ["points = [", *rows, "]"]
    else:
        function = settings.generator()
        more = f", classes={settings.classes}" if settings.classes_in_use > 2 else ""
        parts.append(inspect.getsource(function).replace("-> Points", "-> list"))
        made += [f"points = {function.__name__}(random, {settings.count}, noise={settings.noise / 100!r}{more})"]
    n = settings.train_count
    chosen = ", ".join([FEATURES[name].python for name in settings.features])
    made += ["random.shuffle(points)", "x1, x2, labels = np.array(points, dtype=np.float64).T"]
    made += [f"x = np.stack([{chosen}], axis=1)", f"y = {_targets(settings)}"]
    made += [f"x_train, y_train = x[:{n}], y[:{n}]", f"x_test, y_test = x[{n}:], y[{n}:]"]
    return [*parts, "\n".join(made)]


def _targets(settings: Settings) -> str:
    entropy = settings.loss_in_use == "cross-entropy"
    if settings.outputs > 1:
        rows = f"nn.one_hot(labels.astype(int), {settings.outputs}, np.float64)"
        return rows if entropy else f"2 * {rows} - 1"
    return "(labels[:, None] + 1) / 2" if entropy else "labels[:, None]"


_INITIALIZERS = '''
# The network.


def weights(shape):
    """From -0.5 to 0.5, one neuron after the other."""
    weights = np.empty(shape)
    for neuron in weights.T:
        neuron[:] = [random.random() - 0.5 for _ in neuron]
    return weights


def biases(shape):
    return np.full(shape, 0.1)


def dense(units, activation):
    return nn.Dense(units, activation, kernel_initializer=weights, bias_initializer=biases)
'''

_ZEROS = """
# The network.


def dense(units, activation):
    return nn.Dense(units, activation, kernel_initializer=np.zeros, bias_initializer=np.zeros)
"""

_JUDGING = '''
def loss_of(x, y):
    """{words}, the mean over the samples."""
    return {loss}


def tell(epoch):
    with tg.no_grad():
        train, test = loss_of(x_train, y_train).item(), loss_of(x_test, y_test).item()
    print(f"epoch {{epoch}}: training loss {{train}}, test loss {{test}}")
'''

_OPTIMIZERS = {
    "sgd": "SGD({})", "momentum": "SGD({}, momentum=0.9)", "nesterov": "SGD({}, momentum=0.9, nesterov=True)",
    "rmsprop": "RMSprop({})", "adadelta": "Adadelta({})", "adam": "Adam({})", "adamw": "AdamW({})",
}  # fmt: skip


def _network(settings: Settings) -> list[str]:
    """The layers, the optimizer and the loss."""
    layers = []
    for units, activation in zip(settings.hidden, settings.hidden_activations, strict=True):
        layers.append(f'dense({units}, "{activation}")')
        if settings.dropout:
            layers.append(f"nn.Dropout({settings.dropout!r})")
    squared = settings.loss_in_use == "squared"
    layers.append(f'dense({settings.outputs}, "{output_activation(settings)}")')
    together = ", ".join(layers)
    if len(together) > 90:
        together = "\n    " + ",\n    ".join(layers) + ",\n"
    made = [f"model = nn.Sequential([{together}])"]
    made += [f"model.build_for(({len(settings.features)},), np.float64)"]
    made += [f"optimizer = nn.{_OPTIMIZERS[settings.optimizer].format(settings.learning_rate)}"]
    if _shrinks(settings):
        made += [f"regularization_rate = {settings.regularization_rate!r}"]
        made += ["kernels = [layer.kernel for layer in model.layers if isinstance(layer, nn.Dense)]"]
        if settings.regularization == "L1":
            made += ["dead = [np.zeros(kernel.shape, bool) for kernel in kernels]  # weights that are 0 for good"]
    if squared:
        words, loss = "Half the squared distance", "tg.square(model(x) - y).sum() / (2 * len(x))"
    else:
        kind = "categorical" if settings.outputs > 1 else "binary"
        words, loss = "The cross-entropy", f"nn.losses.{kind}_crossentropy(y, model(x), from_logits=True)"
    judging = _JUDGING.format(words=words, loss=loss)
    return [_ZEROS if settings.init_zero else _INITIALIZERS, "\n".join(made), judging]


def _shrinks(settings: Settings) -> bool:
    return settings.regularization != "none"


def _changes(settings: Settings, changes: Sequence[Any]) -> list[str]:
    """The function that does what was changed by hand, before a step of the optimizer."""
    if not changes:
        return []
    lines = ["# What was changed by hand.", "", "", "def change(step):"]
    if _shrinks(settings) and any(one.what == "regularization_rate" for one in changes):
        lines.append("    global regularization_rate")
    denses = [1 + i for i in range(len(settings.hidden) + 1)]
    places = {layer: (layer - 1) * (2 if settings.dropout else 1) for layer in denses}
    for update, group in groupby(changes, key=lambda one: one.update):
        body = []
        for one in group:
            if one.what == "learning_rate":
                body.append(f"optimizer.learning_rate = {one.value!r}")
            elif one.what == "regularization_rate":
                body += [f"regularization_rate = {one.value!r}"] * _shrinks(settings)
            else:
                layer, to, source = one.what
                weight = f"bias[{to}]" if source is None else f"kernel[{source}, {to}]"
                body.append(f"model.layers[{places[layer]}].{weight} = {one.value!r}")
                if settings.regularization == "L1" and source is not None:
                    body.append(f"dead[{layer - 1}][{source}, {to}] = False")
        if body:
            lines += [f"    if step == {update}:", *[f"        {line}" for line in body]]
    return ["\n".join(lines if lines[-1].startswith("        ") else [*lines, "    pass"])]


def _learn(settings: Settings, changed: bool) -> str:
    """One step of training."""
    lines = ["# Learning.", "", "", "def learn(rows):"]
    if changed:
        lines += ["    with tg.no_grad():", "        change(optimizer.iterations)"]
    if settings.dropout:
        lines += ["    nn.set_random_seed(optimizer.iterations)  # which neurons are dropped", "    model.train()"]
    lines += [
        "    loss = loss_of(x_train[rows], y_train[rows])",
        *["    model.eval()"] * bool(settings.dropout),
        "    weights = model.trainable_weights",
        "    for weight in weights:",
        "        weight.grad = None",
        "    loss.backward()",
    ]
    if _shrinks(settings):
        lines += ["    before = [kernel.data for kernel in kernels]"]
    lines += ["    optimizer.apply([weight.grad for weight in weights], weights)"]
    if settings.regularization == "L2":
        lines += [
            "    for kernel, old in zip(kernels, before, strict=True):",
            "        kernel.data = kernel.data - optimizer.learning_rate * regularization_rate * old",
        ]
    if settings.regularization == "L1":
        lines += [
            "    for kernel, old, gone in zip(kernels, before, dead, strict=True):",
            "        shrunk = kernel.data - optimizer.learning_rate * regularization_rate * np.sign(old)",
            "        gone |= kernel.data * shrunk < 0  # what would cross 0 stays there",
            "        kernel.data = np.where(gone, 0.0, shrunk)",
        ]
    return "\n".join(lines) + "\n"


def _loop(settings: Settings, size: int, epochs: int, further: int, changes: Sequence[Any], updates: int) -> str:
    """Epoch by epoch; `further` batches of the next one; and what was changed by hand after the last."""
    count = settings.train_count
    left = count % size
    starts = f"range(0, {count - left}, {size})"
    every = max(1, epochs // TOLD)
    lines = ["tell(0)"]
    rows = f"slice(start, start + {size})"
    if left:
        lines += [f"rows = np.arange({count})", "waiting = rows[:0]"]
        rows = f"np.concatenate([waiting, rows[start : start + {size}]])"
    again = ["        waiting = rows[:0]"] if left else []
    if epochs:
        lines += [
            f"for epoch in range(1, {epochs + 1}):",
            f"    for start in {starts}:",
            f"        learn({rows})",
            *again,
        ]
        if left:
            lines += [f"    waiting = rows[{count - left}:]  # too few for a batch: they join the next one"]
        told = f"epoch % {every} == 0" + (f" or epoch == {epochs}" if epochs % every else "")
        lines += ["    tell(epoch)"] if every == 1 else [f"    if {told}:", "        tell(epoch)"]
    if further:
        lines += [f"for start in range(0, {further * size}, {size}):  # a part of the next epoch"]
        lines += [f"    learn({rows})", *[line[4:] for line in again]]
    last = [change for change in changes if change.update == updates]
    if last and updates:
        lines += ["with tg.no_grad():", "    change(optimizer.iterations)"]
    if further or (last and updates):
        lines += [f'tell("{epochs} and {further} batches")' if further else f'tell("{epochs}, changed")']
    return "\n".join(lines)
