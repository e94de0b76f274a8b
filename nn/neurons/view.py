"""A small Dense network seen as neurons and links: the model and its view."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np

import tinygrad_lite as tg
from tinygrad_lite import Tensor, enable_grad

from ..activations import linear
from ..checks import whole_number
from ..layers import Activation, Dense, Flatten
from ..model import Model
from ..module import Module
from ..sequential import Sequential
from .parts import Link, NeuronLayer, join


def as_neurons(model: Model, *, limit: int = 100_000) -> "Neurons":
    """The live view of a Dense network as neurons and links; see `Neurons`.

    model: an `nn.Sequential`, or a functional `nn.Model` in which each layer takes what the one before gives, of
    `Dense` and `Activation` layers only, whose weights exist. Activations before the first Dense are those of the input
    neurons. Its first layer may be a `Flatten`: the view takes samples that are flat already. limit: with more links
    than this, an object for each would take too much memory.

    Raises TypeError for what is no such model, naming the layer that is in the way; ValueError if the weights don't
    exist yet, if there is no Dense layer, or beyond the limit.

    >>> import nn
    >>> network = nn.as_neurons(nn.Sequential([nn.Dense(3, "sigmoid", input_shape=(2,)), nn.Dense(1, name="out")]))
    >>> network
    <Neurons of sequential: 2 + 3 + 1 neurons and 13 links>
    >>> network["out"][0].links_in[0].weight = 0.3                    # the bias of "out" is a link from a bias neuron
    >>> network.model.get_weights()[3]
    array([0.3], dtype=float32)
    """
    return Neurons(model, whole_number("limit", limit, 1))


class Neurons:
    """The neurons and links of a model.

    It is a view: a link's weight *is* an entry of a matrix, and writing `link.weight = 0.3` changes the model. A link's
    sensitivity is the entry of that matrix's `.grad`, whoever called `backward()`. What a neuron puts out, and how
    strongly the loss answers to it, is known of the samples that went through the view itself:

    `propagate(x)` goes forward, `backpropagate(y)` back, `learn(x, y)` does both and one step of the model's optimizer.
    x is one sample, or a batch of them. The loss is the one that the model was compiled with; here, Lernmi's:

    >>> import nn, tinygrad_lite as tg
    >>> nn.set_random_seed(0)
    >>> model = nn.Sequential([nn.Dense(2, "sigmoid", input_shape=(2,)), nn.Dense(1)])
    >>> model.compile(nn.SGD(0.1), loss=lambda y_true, y_pred: tg.square(y_pred - y_true).sum() / 2)
    >>> network = nn.as_neurons(model)
    >>> network.learn([1.0, 0.0], [1.0])
    array([-0.04924794], dtype=float32)
    >>> neuron = network.layers[1][0]
    >>> neuron
    <Neuron dense[0]: puts out 0.542 = sigmoid(0.1683), sensitivity 0.3046, 3 links in, 1 out>
    >>> neuron.links_out[0]
    <Link dense[0] to dense_1[0]: weight -0.2335, hands on -0.1265, sensitivity -0.5687>

    `layers` are the input neurons, then the neurons of each Dense layer; `network["dense"]` is the layer of that name.
    """

    def __init__(self, model: Model, limit: int) -> None:
        self.model = model
        self.layers = _layers_of(model)
        self.error: float | None = None  # the loss of the last backpropagate
        self._outputs: Tensor | None = None  # to go back from
        count = sum(layer.dense.count_params() for layer in self.layers if layer.dense is not None)
        if count > limit:
            raise ValueError(
                f"the model has {count:,} links, and an object for each is more than the limit of {limit:,}: if you"
                f" mean it, write as_neurons(model, limit={count})"
            )
        for before, after in pairwise(self.layers):
            join(before, after)

    @property
    def links(self) -> "list[Link]":
        """All links, layer by layer."""
        return [link for layer in self.layers for neuron in layer for link in neuron.links_in]

    def __getitem__(self, name: str) -> "NeuronLayer":
        """The layer of neurons of that name: "input", or what the Dense layer is called."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"there is no layer {name!r}: there are {', '.join(repr(layer.name) for layer in self.layers)}")

    def propagate(self, x: Any) -> np.ndarray:
        """Goes forward: the outputs for one sample of shape (inputs,), or for a batch (samples, inputs)."""
        values, inputs = tg.tensor(x, self.model.weights[0].dtype), len(self.layers[0])
        if values.ndim not in (1, 2) or values.shape[-1] != inputs:
            raise ValueError(
                f"x is one sample of shape ({inputs},) or a batch of shape (samples, {inputs}), given {values.shape}"
            )
        self._one_sample = values.ndim == 1
        values = values.reshape((-1, inputs))
        with enable_grad():
            for layer in self.layers:
                values = layer.propagate(values, self._one_sample)
        self._outputs = values
        return self.layers[-1].outputs

    def backpropagate(self, y: Any) -> float:
        """Goes back from the loss that expects y for what was propagated last, and returns the loss.

        The `.grad` of the weights are then those of this loss alone. Raises RuntimeError without a `propagate` before
        it, if a weight was changed since, or if the model was not compiled; then every `.grad` stays as it was.
        """
        objective, _ = self.model._compiled()
        if self._outputs is None:
            raise RuntimeError("there is nothing to go back from: call propagate(x) first, each time")
        y = np.asarray(y)
        with enable_grad():
            loss = objective.loss_of(y[None] if self._one_sample else y, self._outputs)
        self._outputs = None
        weights = self.model.trainable_weights
        before = [weight.grad for weight in weights]
        for weight in weights:
            weight.grad = None  # what was there before would be added to
        try:
            loss.backward()
        except BaseException as error:
            for weight, gradient in zip(weights, before, strict=True):
                weight.grad = gradient
            if isinstance(error, RuntimeError):
                error.add_note("If you changed a link's weight after propagate(x), call propagate(x) again")
            raise
        self.error = loss.item()
        return self.error

    def learn(self, x: Any, y: Any) -> np.ndarray:
        """Learns from one sample or one batch: forward, back, and one step of the model's optimizer.

        Returns the outputs as they were before. The sensitivities stay, to be looked at.
        """
        _, optimizer = self.model._compiled()
        outputs = self.propagate(x)
        self.backpropagate(y)
        weights = self.model.trainable_weights
        optimizer.apply([weight.grad for weight in weights], weights)
        return outputs

    def draw(self, *, most: int = 16) -> Any:
        """The picture: see `tinygrad_lite.draw_neurons`. It shows itself in a notebook and has `save(path)`."""
        return tg.draw_neurons(self, most=most)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """In a notebook it is its picture."""
        return {**self.draw()._repr_mimebundle_(include, exclude), "text/plain": repr(self)}

    def __repr__(self) -> str:
        sizes, links = " + ".join(f"{len(layer):,}" for layer in self.layers), len(self.links)
        error = "" if self.error is None else f", error {self.error:.4g}"
        kind = self.model.name or self.model.kind
        return f"<Neurons of {kind}: {sizes} neurons and {links:,} link{'s' * (links != 1)}{error}>"


def _layers_of(model: Any) -> list[NeuronLayer]:
    """A layer of neurons for the inputs and for each Dense, with the activations behind it."""
    steps = list(_steps(model))
    if steps and isinstance(steps[0], Flatten):
        del steps[0]  # what the view is given is flat already
    for step in steps:
        if isinstance(step, Flatten):
            _refuse(step)
    denses = [step for step in steps if isinstance(step, Dense)]
    if not denses:
        raise ValueError("the model has no Dense layer, so there are no links")
    if not all(dense.built for dense in denses):
        raise ValueError(
            "the model has no weights yet: give its first layer an input_shape, or call it on a batch first"
        )
    layers = [NeuronLayer("input", denses[0].kernel.shape[0], None)]
    for step in steps:
        if isinstance(step, Dense):
            layers.append(NeuronLayer(step.name or step.kind, step.units, step))
        if step.activation is not linear:
            layers[-1].activations.append(step.activation)
    return layers


def _steps(model: Any) -> "Iterator[Any]":
    """The Dense and Activation layers in order, also those of models inside of the model; before them, a Flatten."""
    if isinstance(model, Sequential):
        layers = model.layers
    elif isinstance(model, Model) and model._network is not None and model._network.is_chain:
        layers = [call.function for call in model._network.calls]
    else:
        raise TypeError(
            "neurons and links are seen in an nn.Sequential, or an nn.Model in which each layer takes what the one"
            f" before gives; given {type(model).__name__} {model!r:.60}"
        )
    for layer in layers:
        if type(layer) in (Dense, Activation, Flatten):
            yield layer
        elif isinstance(layer, Model):
            yield from _steps(layer)
        else:
            _refuse(layer)


def _refuse(layer: Module) -> NoReturn:
    raise TypeError(
        f"neurons and links are seen in Dense and Activation layers only, behind a first Flatten; {layer.name!r} of"
        f" this model is {type(layer).__name__}"
    )
