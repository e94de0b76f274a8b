"""Neurons and links: a network that learns, made of objects that only add and multiply.

    python examples/lernmi.py             # XOR: nothing happens for a long time, and then it has got it
    python examples/lernmi.py not         # one neuron that says the opposite; or: a neuron for "or"
    python examples/lernmi.py mnist       # 784 + 15 + 10 neurons learn to read handwritten digits

Read it from top to bottom: a neuron, a link between two neurons, layers of both, the network. That takes no matrix and
no library; NumPy only throws the dice. Then the same network is written as arrays, as everybody does: it gives the same
numbers, thirty times as fast. docs/neurons_and_links.md goes on from here to `backward()`, step by step.

The system is Lernmi's of 2016, rebuilt from its description.
"""

import argparse
import math
import os
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import nn
import tinygrad_lite as tg

# 1. A neuron adds up what it is handed, and squeezes the sum into a number between 0 and 1.


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x): 0.5 at 0, close to 1 for a large x, close to 0 for a very negative one."""
    if x < 0:
        return math.exp(x) / (1 + math.exp(x))  # the same number; e^-x could be too large to write down
    return 1 / (1 + math.exp(-x))


class Neuron:
    """It is handed numbers on the way forward, and shares of the blame on the way back. It adds up both."""

    def __init__(self) -> None:
        self.links_in: list[Link] = []
        self.links_out: list[Link] = []
        self.reset()

    def reset(self) -> None:
        """Forgets the last sample."""
        self.sum = 0.0
        self.output = 0.0
        self.sensitivity = 0.0  # how strongly the error answers to a small change of `output`

    def input(self, value: float) -> None:
        """Is handed a number."""
        self.sum += value

    def propagate(self) -> None:
        """Puts out what it makes of the sum."""
        self.output = sigmoid(self.sum)


class BiasNeuron(Neuron):
    """Puts out 1, whatever happens: so its links can move a sum up or down even if all other neurons are silent."""

    def propagate(self) -> None:
        self.output = 1.0


# 2. A link leads from one neuron to another. Its weight is all that is ever learnt.


class Link:
    """From a source to a target: it hands on the source's output, so many times as its weight says."""

    def __init__(self, source: Neuron, target: Neuron, weight: float) -> None:
        self.source, self.target, self.weight = source, target, weight
        self.sensitivity = 0.0  # how strongly the error answers to a small change of `weight`
        source.links_out.append(self)
        target.links_in.append(self)

    def propagate(self) -> None:
        """Hands on weight x output."""
        self.target.input(self.weight * self.source.output)

    def backpropagate(self) -> None:
        """Asks how much its target is to blame, hands its share back to its source, and keeps its own in mind.

        A sigmoid that puts out y answers to its sum with the slope y (1 - y): steep in the middle, flat at both ends.
        So s is how strongly the error answers to the target's sum, and so to weight x output, which was added to it.
        In a product, each factor is to blame as often as the other factor says.
        """
        y = self.target.output
        s = self.target.sensitivity * y * (1 - y)
        self.source.sensitivity += self.weight * s
        self.sensitivity = self.source.output * s

    def learn(self, rate: float) -> None:
        """Does a little less of what was wrong."""
        self.weight -= rate * self.sensitivity


# 3. Layers do what their neurons and links do, one after the other.


class NeuronLayer:
    """Some neurons side by side, and one bias neuron in front of them."""

    def __init__(self, size: int) -> None:
        self.bias = BiasNeuron()
        self.neurons = [Neuron() for _ in range(size)]

    def __iter__(self) -> Iterator[Neuron]:
        """All of them, the bias neuron first."""
        return iter([self.bias, *self.neurons])

    @property
    def outputs(self) -> list[float]:
        return [neuron.output for neuron in self.neurons]

    def reset(self) -> None:
        for neuron in self:
            neuron.reset()

    def input(self, values: Sequence[float]) -> None:
        for neuron, value in zip(self.neurons, values, strict=True):
            neuron.input(value)

    def propagate(self) -> None:
        for neuron in self:
            neuron.propagate()

    def expect(self, values: Sequence[float]) -> None:
        """Where the blame begins. The error is 1/2 (output - expected)^2: it answers with output - expected."""
        for neuron, value in zip(self.neurons, values, strict=True):
            neuron.sensitivity = neuron.output - value


class LinkLayer:
    """A link from each neuron of one layer, its bias neuron too, to each neuron of the next that can be handed one.

    The weights come out of a hat that is always shaken the same way: every run gives the same numbers.
    """

    def __init__(self, before: NeuronLayer, after: NeuronLayer) -> None:
        hat = np.random.RandomState(seed=1)
        self.links = [
            Link(source, target, weight=float(hat.random_sample()) - 0.5)
            for source in before
            for target in after.neurons
        ]

    def propagate(self) -> None:
        for link in self.links:
            link.propagate()

    def backpropagate(self) -> None:
        for link in self.links:
            link.backpropagate()

    def learn(self, rate: float) -> None:
        for link in self.links:
            link.learn(rate)


# 4. The network: forward to see what it says, backward to see who is to blame, and then a small correction.


class Network:
    """Layers of neurons, and between them layers of links. `Network([2, 3, 1])` has two inputs and one output."""

    def __init__(self, sizes: Sequence[int], rate: float = 0.1) -> None:
        self.layers = [NeuronLayer(size) for size in sizes]
        self.link_layers = [LinkLayer(before, after) for before, after in pairwise(self.layers)]
        self.rate = rate

    @property
    def links(self) -> list[Link]:
        return [link for links in self.link_layers for link in links.links]

    @property
    def outputs(self) -> list[float]:
        return self.layers[-1].outputs

    def propagate(self, inputs: Sequence[float]) -> list[float]:
        """Forward, layer by layer. Returns the outputs."""
        for layer in self.layers:
            layer.reset()
        self.layers[0].input(inputs)
        self.layers[0].propagate()
        for links, layer in zip(self.link_layers, self.layers[1:], strict=True):
            links.propagate()
            layer.propagate()
        return self.outputs

    def backpropagate(self, expected: Sequence[float]) -> None:
        """Backward: when it is a link's turn, its target has been handed all its blame."""
        self.layers[-1].expect(expected)
        for links in reversed(self.link_layers):
            links.backpropagate()

    def learn(self, inputs: Sequence[float], expected: Sequence[float]) -> list[float]:
        """Learns from one sample. Returns the outputs as they were before."""
        outputs = self.propagate(inputs)
        self.backpropagate(expected)
        for links in self.link_layers:
            links.learn(self.rate)
        return outputs


# 5. The same as arrays: a layer of neurons is a vector, a layer of links a matrix with a row for each source.


class ArrayNetwork:
    """A `Network` whose loops over links are products: the same numbers, thirty times as fast."""

    def __init__(self, sizes: Sequence[int], rate: float = 0.1) -> None:
        self.weights = [
            np.random.RandomState(seed=1).random_sample((1 + before, after)) - 0.5  # row 0: the bias neuron's links
            for before, after in pairwise(sizes)
        ]
        self.rate = rate

    def propagate(self, inputs: Any) -> np.ndarray:
        """The outputs for the inputs of one sample, or for a batch of samples, one a row."""
        self.outputs = [nn.activations.sigmoid(np.asarray(inputs, float))]
        for weights in self.weights:
            self.outputs.append(nn.activations.sigmoid(weights[0] + self.outputs[-1] @ weights[1:]))
        return self.outputs[-1]

    def backpropagate(self, expected: Any) -> None:
        """The sensitivities of all links for one sample."""
        self.sensitivities: list[np.ndarray] = []
        sensitivity = self.outputs[-1] - expected
        for weights, x, y in reversed(list(zip(self.weights, self.outputs, self.outputs[1:], strict=False))):
            s = sensitivity * y * (1 - y)
            sensitivity = weights[1:] @ s  # each source adds up what its links hand back
            self.sensitivities.insert(0, np.outer([1, *x], s))  # each link: its source's output x its target's s

    def learn(self, inputs: Any, expected: Any) -> np.ndarray:
        """Learns from one sample. Returns the outputs as they were before."""
        outputs = self.propagate(inputs)
        self.backpropagate(expected)
        for weights, sensitivities in zip(self.weights, self.sensitivities, strict=True):
            weights -= self.rate * sensitivities
        return outputs


# 6. What is learnt: a truth table, or to read digits.

LOGIC = {
    "not": ([1, 1], {(0,): 1, (1,): 0}),
    "or": ([2, 1], {(0, 0): 0, (1, 0): 1, (0, 1): 1, (1, 1): 1}),
    "xor": ([2, 3, 1], {(0, 0): 0, (1, 0): 1, (0, 1): 1, (1, 1): 0}),
}


def learn_logic(name: str, epochs: int, rate: float, folder: Path | None) -> None:
    """Learns from the samples of a truth table one by one, so many times."""
    sizes, table = LOGIC[name]
    network = Network(sizes, rate)
    print(f"{name.upper()}: {' + '.join(map(str, sizes))} neurons, {len(network.links)} links, rate {rate:g}")
    tell_one_sample(network, *next(iter(table.items())))

    print(f"\nNow it learns from all {len(table)} samples, again and again. What it puts out for each:\n")
    print("   epoch " + "".join(f"{' '.join(map(str, inputs)):>10}" for inputs in table) + f"{'error':>12}")
    seen = []
    for epoch in range(epochs + 1):
        if epoch:
            seen.append([network.learn(inputs, [expected])[0] for inputs, expected in table.items()])
        if epoch in (0, 1, 10, 100, 1000) or epoch % max(epochs // 10, 1) == 0:
            outputs = [network.propagate(inputs)[0] for inputs in table]
            error = sum((output - y) ** 2 / 2 for output, y in zip(outputs, table.values(), strict=True))
            print(f"{epoch:>8,} " + "".join(f"{output:>10.4f}" for output in outputs) + f"{error:>12.5f}")
    print("  wanted " + "".join(f"{expected:>10}" for expected in table.values()))

    if folder:
        network.propagate(next(iter(table)))
        network.backpropagate([next(iter(table.values()))])
        written(tg.draw_neurons(network).save(folder / f"{name}.svg"))
        written(plot(folder / f"{name}_learning.png", name, np.array(seen), table))


def tell_one_sample(network: Network, inputs: Sequence[float], expected: float) -> None:
    """Goes forward and back for one sample, and tells what each neuron and each link does."""
    names = {}
    for i, layer in enumerate(network.layers):
        kind = "input" if i == 0 else "output" if layer is network.layers[-1] else "hidden"
        names |= {layer.bias: "bias"} | {neuron: f"{kind} {k}" for k, neuron in enumerate(layer.neurons, 1)}
    network.propagate(inputs)
    network.backpropagate([expected])
    print(f"\nThe first sample in slow motion: {' '.join(map(str, inputs))} should give {expected}.")
    print("Read the columns up to | from top to bottom, that is forward, the others from bottom to top.\n")
    print(f"{'neuron':<22}{'is handed':>10}{'puts out':>10}  |{'sensitivity':>12}")
    for neuron in (neuron for layer in network.layers for neuron in layer.neurons):
        print(f"{names[neuron]:<22}{neuron.sum:>10.4f}{neuron.output:>10.4f}  |{neuron.sensitivity:>12.5f}")
    print(f"\n{'link':<22}{'weight':>10}{'hands on':>10}  |{'sensitivity':>12}{'weight then':>14}")
    for link in network.links:
        name = f"{names[link.source]} -> {names[link.target]}"
        then = link.weight - network.rate * link.sensitivity
        on = link.weight * link.source.output
        print(f"{name:<22}{link.weight:>10.4f}{on:>10.4f}  |{link.sensitivity:>12.5f}{then:>14.4f}")


def learn_digits(samples: int, epochs: int, rate: float, data: Path | None, folder: Path | None) -> None:
    """Learns to read: the first samples with objects, and then all of them as arrays."""
    (train, train_labels), (images, labels) = load_digits(data)
    pixels, wanted = images.reshape(len(images), -1).astype(float), np.eye(10)[labels]  # the bytes, 0 to 255, as is
    sizes = [pixels.shape[1], 15, 10]
    network, arrays = Network(sizes, rate), ArrayNetwork(sizes, rate)
    samples = min(samples, len(images))

    print(f"{' + '.join(map(str, sizes))} neurons and {len(network.links):,} links. Every hundredth digit it shows")
    print("what it sees and what it takes it for, before it learns what it is.")
    began = time.perf_counter()
    for i in range(samples):
        outputs = network.learn(pixels[i].tolist(), wanted[i].tolist())
        if i % 100 == 0:
            print(f"\nDigit {i + 1:,}\n{as_text(images[i])}")
            guess = max(range(10), key=outputs.__getitem__)
            print(f"It is a {labels[i]}. The network says {guess}, and is {outputs[guess]:.0%} sure.")
    seconds = (time.perf_counter() - began) / samples
    whole = seconds * len(images)
    print(f"\nIn objects: {1000 * seconds:.1f} ms a digit, so {whole:.0f} s for all {len(images):,} of them, and")
    print(f"{seconds * 1000:.0f} minutes for the 60,000 that others learn from.\n\nThe same network as arrays:")
    others, other_labels = train[:20_000].reshape(-1, sizes[0]).astype(float), train_labels[:20_000]
    judged = {
        f"the {len(images):,} it learnt from": (pixels, labels),
        f"{len(others):,} it never saw": (others, other_labels),
    }
    for epoch in range(1, epochs + 1):
        began = time.perf_counter()
        for i in range(len(images)):
            arrays.learn(pixels[i], wanted[i])
            if epoch == 1 and i + 1 == samples:
                links = zip(network.link_layers, arrays.weights, strict=True)
                apart = max(np.abs([link.weight for link in a.links] - b.ravel()).max() for a, b in links)
                print(f"After the same {samples:,} digits its weights differ from the links' by {apart:.0e} at most.")
        seconds = time.perf_counter() - began
        right = [f"{np.mean(arrays.propagate(x).argmax(axis=1) == y):.2%} of {name}" for name, (x, y) in judged.items()]
        print(f"Epoch {epoch}, {seconds:.1f} s: it reads {' and '.join(right)}")

    if folder:
        written(tg.draw_neurons(network).save(folder / "mnist.svg"))


def as_text(image: np.ndarray) -> str:
    """A digit in letters: X where there is much ink."""
    lines = ["".join("X" if byte > 128 else " " for byte in row).rstrip() for row in image]
    return "\n".join(line for line in lines if line)


def load_digits(folder: Path | None) -> Any:
    """MNIST, or where it can't be downloaded, the digits that scikit-learn ships.

    Lernmi learnt from the smaller of MNIST's two files, the 10,000 images that others are judged on.
    """
    try:
        try:
            return nn.datasets.mnist.load_data(folder)
        except ConnectionError:
            print("MNIST can't be downloaded here: going on with the digits that scikit-learn ships (see --data).")
            return nn.datasets.digits.load_data()
    except (OSError, ValueError, ImportError) as error:
        sys.exit(f"no digits to learn from: {error}")


# 7. The command line, and the picture of learning.


def main() -> None:
    options = parse_options()
    if options.output:
        try:
            options.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            sys.exit(f"can't write to the folder {options.output}: {error}")
    if options.what == "mnist":
        learn_digits(options.samples, options.epochs or 3, options.rate, options.data, options.output)
    else:
        learn_logic(options.what, options.epochs or 100_000, options.rate, options.output)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", nargs="?", choices=[*LOGIC, "mnist"], default="xor", help="what to learn; without, xor")
    parser.add_argument("--epochs", type=count, metavar="N", help="how often (default: 100,000; mnist: 3)")
    parser.add_argument(
        "--rate", type=rate, metavar="X", default=0.1, help="how much a link corrects itself (default: 0.1)"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help="draw the network, and how it learnt, to a folder"
    )
    digits = parser.add_argument_group("for mnist")
    digits.add_argument(
        "--samples", type=count, default=1000, metavar="N", help="digits for the objects (default: 1,000)"
    )
    digits.add_argument("--data", type=Path, metavar="FOLDER", help="where MNIST's four files are")
    return parser.parse_args()


def count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, given {text!r}")
    return number


def rate(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, given {text!r}")
    return number


def written(path: Path) -> None:
    print("wrote", path)


def plot(path: Path, name: str, seen: np.ndarray, table: dict[tuple[int, ...], int]) -> Path:
    """What the network put out for each sample while it learnt, epoch by epoch."""
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError("the picture needs matplotlib: pip install 'tinygrad_lite[examples]'") from error
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    green, red, grey = "#2c7a4b", "#c0392b", "#8a94a3"
    plt.rcParams.update({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False})
    figure, axis = plt.subplots(figsize=(9, 4.5), layout="constrained")
    epochs = np.arange(1, len(seen) + 1)
    axis.axhline(0.5, color="#e6e9ee", zorder=0)
    ends = seen[-1].copy()
    for i in np.argsort(ends)[1:]:  # names that would stand on each other move up
        ends[i] = max(ends[i], ends[ends < ends[i]].max(initial=-1) + 0.05)
    for (inputs, wanted), outputs, end in zip(table.items(), seen.T, ends, strict=True):
        colour = green if wanted else red
        axis.plot(epochs, outputs, color=colour, linewidth=1.8, alpha=0.8)
        words = f"{' '.join(map(str, inputs))} gives {outputs[-1]:.3f}"
        axis.annotate(
            words, (epochs[-1], end), color=colour, va="center", xytext=(6, 0), textcoords="offset points", fontsize=10
        )
    axis.set_ylim(-0.04, 1.04)
    axis.set_xlim(0, len(seen))
    axis.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    axis.set_xlabel("epoch", color=grey)
    axis.set_title(f"What the network answers while it learns {name.upper()}", loc="left", fontweight="bold")
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    figure.savefig(beside, dpi=120, format="png")
    plt.close(figure)
    return beside.replace(path)


if __name__ == "__main__":
    main()
