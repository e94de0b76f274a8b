"""What a network is made of, seen as neurons and links: each reads and writes its numbers in the model's arrays."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import tinygrad_lite as tg
from tinygrad_lite import Tensor, no_grad

from ..layers import Dense


class Watched:
    """Values on their way forward, and what the way back leaves at them.

    Zeros are added to the values. A zero is a leaf, so `backward()` leaves its gradient there; and how strongly the
    loss answers to the zero is how strongly it answers to the value that it was added to.
    """

    values: np.ndarray | None = None  # (neurons,), or (samples, neurons)
    _zeros: Tensor | None = None

    def watch(self, values: Tensor, one_sample: bool) -> Tensor:
        """The values (samples, neurons), to go on with."""
        self._zeros = tg.zeros(values.shape, values.dtype)
        self._zeros.requires_grad = True
        self._sample = 0 if one_sample else slice(None)
        self.values = values.detach().numpy()[self._sample]
        return values + self._zeros

    def value(self, index: int) -> Any:
        """One neuron's value: a number, or an array for a batch; None before there is one."""
        return _entry(self.values, index)

    def sensitivity(self, index: int) -> Any:
        """How strongly the loss answers to one neuron's value; None before the way back."""
        if self._zeros is None or self._zeros.grad is None:
            return None
        return _entry(self._zeros.grad.numpy()[self._sample], index)


def _entry(array: np.ndarray | None, index: int) -> Any:
    if array is None:
        return None
    return array[index].item() if array.ndim == 1 else array[:, index]


class NeuronLayer:
    """The neurons side by side that one Dense layer computes, or those that the inputs go into.

    It can be looped over and indexed. `bias` is the bias neuron that stands beside them and feeds the next layer; None
    if that uses no bias.
    """

    def __init__(self, name: str, size: int, dense: Dense | None) -> None:
        self.name = name
        self.dense = dense  # None for the inputs
        self.before: NeuronLayer | None = None
        self.activations: list[Callable[..., Any]] = []
        self.neurons = [Neuron(self, i) for i in range(size)]
        self.bias: BiasNeuron | None = None
        self.watched_sums, self.watched_outputs = Watched(), Watched()

    @property
    def outputs(self) -> Any:
        """What the neurons put out, an array (neurons,) or (samples, neurons); None before `propagate`."""
        return self.watched_outputs.values

    def propagate(self, x: Tensor, one_sample: bool) -> Tensor:
        """From the outputs of the layer before, which for the first layer are the inputs, to its own."""
        if self.dense is not None:
            bias = self.before.bias if self.before is not None else None
            ones = None if bias is None else bias.ones.watch(tg.ones((len(x), 1), x.dtype), one_sample)
            x = x @ self.dense.kernel
            x = x if ones is None else x + ones * self.dense.bias
        sums = outputs = self.watched_sums.watch(x, one_sample)
        for activation in self.activations:
            outputs = activation(outputs)
        if outputs.shape != sums.shape:
            raise ValueError(
                f"the activation of {self.name!r} makes {outputs.shape} of {sums.shape}, which no neurons can do"
            )
        return self.watched_outputs.watch(outputs, one_sample)

    def __iter__(self) -> "Iterator[Neuron]":
        return iter(self.neurons)

    def __len__(self) -> int:
        return len(self.neurons)

    def __getitem__(self, index: int) -> "Neuron":
        return self.neurons[index]

    def __repr__(self) -> str:
        return f"<NeuronLayer {self.name}: {_count(self.neurons, 'neuron')}, {_made_of('sum', self.activations)}>"


class Neuron:
    """A column of the layer's arrays.

    `sum`: what its links handed it. `output`: what it makes of that. `sensitivity`: how strongly the loss answers to a
    small change of the output; `sum_sensitivity`: of the sum. Each is a number for one sample, an array for a batch,
    and None where nothing was propagated yet. `links_in` begin with the link from the bias neuron.
    """

    def __init__(self, layer: NeuronLayer, index: int) -> None:
        self.layer, self.index = layer, index
        self.links_in: list[Link] = []
        self.links_out: list[Link] = []

    @property
    def name(self) -> str:
        """The name of its layer, and which of its neurons it is."""
        return f"{self.layer.name}[{self.index}]"

    @property
    def sum(self) -> Any:
        """What its links handed it, added up; for an input neuron, the input."""
        return self.layer.watched_sums.value(self.index)

    @property
    def output(self) -> Any:
        """What it puts out."""
        return self.layer.watched_outputs.value(self.index)

    @property
    def sensitivity(self) -> Any:
        """How strongly the loss answers to a small change of `output`: its derivative."""
        return self.layer.watched_outputs.sensitivity(self.index)

    @property
    def sum_sensitivity(self) -> Any:
        """How strongly the loss answers to a small change of `sum`."""
        return self.layer.watched_sums.sensitivity(self.index)

    def __repr__(self) -> str:
        told = ""
        if self.output is not None:
            made = _made_of(_figure(self.sum), self.layer.activations)
            told = f" puts out {_figure(self.output)}" + (f" = {made}," if self.layer.activations else ",")
        if self.sensitivity is not None:
            told += f" sensitivity {_figure(self.sensitivity)},"
        return f"<Neuron {self.name}:{told} {_count(self.links_in)} in, {len(self.links_out)} out>"


class BiasNeuron:
    """Puts out 1: so the bias of each neuron in the next layer is the weight of a link like any other."""

    links_in: "tuple[Link, ...]" = ()
    output = 1.0

    def __init__(self, layer: NeuronLayer) -> None:
        self.layer = layer
        self.links_out: list[Link] = []
        self.ones = Watched()

    @property
    def name(self) -> str:
        """The name of the layer that it stands beside."""
        return f"{self.layer.name}.bias"

    @property
    def sensitivity(self) -> Any:
        """What its links handed back: how strongly the loss would answer to a small change of the 1."""
        return self.ones.sensitivity(0)

    def __repr__(self) -> str:
        return f"<BiasNeuron {self.name}: puts out 1, {_count(self.links_out)} out>"


class Link:
    """An entry of a Dense layer's kernel; from a bias neuron, an entry of its bias."""

    def __init__(self, source: Neuron | BiasNeuron, target: Neuron) -> None:
        self.source, self.target = source, target
        source.links_out.append(self)
        target.links_in.append(self)

    @property
    def _place(self) -> tuple[Tensor, tuple[int, ...]]:
        """The array that it is in, and where."""
        dense: Any = self.target.layer.dense
        if isinstance(self.source, BiasNeuron):
            return dense.bias, (self.target.index,)
        return dense.kernel, (self.source.index, self.target.index)

    @property
    def weight(self) -> float:
        """How much of the source's output it hands on. Assigning changes the model."""
        array, place = self._place
        return array.data[place].item()

    @weight.setter
    def weight(self, value: float) -> None:
        array, place = self._place
        with no_grad():
            array[place] = float(value)

    @property
    def sensitivity(self) -> float | None:
        """How strongly the loss answers to a small change of `weight`; None where no `backward()` was.

        It is the entry of the matrix's gradient: for a batch, the sum over the samples.
        """
        array, place = self._place
        return None if array.grad is None else array.grad.data[place].item()

    def __repr__(self) -> str:
        told = f"weight {_figure(self.weight)}"
        if self.source.output is not None:
            told += f", hands on {_figure(self.weight * self.source.output)}"
        if self.sensitivity is not None:
            told += f", sensitivity {_figure(self.sensitivity)}"
        return f"<Link {self.source.name} to {self.target.name}: {told}>"


def join(before: NeuronLayer, after: NeuronLayer) -> None:
    """Links each neuron of one layer, its bias neuron first, to each of the next."""
    after.before, dense = before, after.dense
    if dense is not None and dense.use_bias:
        before.bias = BiasNeuron(before)
    sources: list[Neuron | BiasNeuron] = [*([before.bias] if before.bias else []), *before.neurons]
    for source in sources:
        for target in after.neurons:
            Link(source, target)


def _made_of(inner: str, activations: list[Callable[..., Any]]) -> str:
    """`relu(0.5)`."""
    for activation in activations:
        inner = f"{getattr(activation, '__name__', type(activation).__name__)}({inner})"
    return inner


def _count(parts: Any, kind: str = "link") -> str:
    return f"{len(parts)} {kind}{'s' * (len(parts) != 1)}"


def _figure(number: Any) -> str:
    """A number, or a few of those that a batch has."""
    if np.ndim(number) == 0:
        return f"{number + 0.0:.4g}"  # -0.0 is 0
    return f"[{', '.join(f'{x + 0.0:.4g}' for x in number[:3])}{', ...' if len(number) > 3 else ''}]"
