"""The story of the chain rule: first of one neuron, then of a network that learns XOR.

    python examples/chain_rule.py

Each story is printed, and written as a page on which the steps light up in the drawing: open output/neuron.html.
"""

import argparse
from pathlib import Path

import numpy as np

import tinygrad_lite as tg
from nn.activations import sigmoid
from tinygrad_lite import Tensor

RATE, STEPS = 2.0, 1500
QUESTIONS = [[0, 0], [0, 1], [1, 0], [1, 1]]
ANSWERS = [[0], [1], [1], [0]]


def named(x: Tensor, name: str) -> Tensor:
    """The same Tensor under a name, by which the story calls it."""
    x.name = name
    return x


def neuron() -> tuple[Tensor, Tensor]:
    """One neuron that should say 1, and its weight."""
    given, target = tg.tensor(0.8, name="input"), tg.tensor(1.0, name="target")
    weight = tg.tensor(0.5, requires_grad=True, name="weight")
    bias = tg.tensor(0.1, requires_grad=True, name="bias")
    output = named(sigmoid(weight * given + bias), "output")
    return named((output - target) ** 2, "error"), weight


class Xor:
    """Two inputs, two hidden neurons, one output. Its weights are drawn at random and learn from all four questions."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.hidden_weights = tg.tensor(rng.normal(0, 1, (2, 2)), requires_grad=True, name="hidden weights")
        self.hidden_bias = tg.tensor(np.zeros(2), requires_grad=True, name="hidden bias")
        self.output_weights = tg.tensor(rng.normal(0, 1, (2, 1)), requires_grad=True, name="output weights")
        self.output_bias = tg.tensor(np.zeros(1), requires_grad=True, name="output bias")
        self.questions = tg.tensor(np.array(QUESTIONS, float), name="questions")
        self.answers = tg.tensor(np.array(ANSWERS, float), name="answers")

    def output(self) -> Tensor:
        hidden = named(tg.tanh(self.questions @ self.hidden_weights + self.hidden_bias), "hidden")
        return named(sigmoid(hidden @ self.output_weights + self.output_bias), "output")

    def error(self) -> Tensor:
        return named(tg.square(self.output() - self.answers).mean(), "error")

    def learn(self, steps: int) -> None:
        """A little against the sensitivity of each weight, again and again."""
        weights = [self.hidden_weights, self.hidden_bias, self.output_weights, self.output_bias]
        for _ in range(steps):
            self.error().backward()
            with tg.no_grad():
                for w in weights:
                    assert w.grad is not None
                    w -= RATE * w.grad
                    w.grad = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("output"), help="the folder for the pages (output)")
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)

    print(_headline("One neuron"))
    error, weight = neuron()
    story = tg.explain(error, wrt=weight)
    print(story)
    pages = [story.save(folder / "neuron.html")]

    print(_headline("XOR: one of two, but not both"))
    network = Xor(seed=2)
    story = tg.explain(network.error(), wrt=network.hidden_weights)
    print(story)
    pages.append(story.save(folder / "xor.html"))

    before = network.error().item()
    network.learn(STEPS)
    after = network.error().item()
    print(_headline("What it is good for"))
    print(f"{STEPS:,} times a little against the sensitivities, and the error falls")
    print(f"from {before:.3f} to {after:.4f}.\n")
    for question, answer, output in zip(QUESTIONS, ANSWERS, network.output().detach().numpy(), strict=True):
        print(f"    {question[0]} xor {question[1]} = {answer[0]}    the network says {output[0]:.3f}")
    print()
    for page in pages:
        print(f"wrote {page}")


def _headline(words: str) -> str:
    return f"\n{'━' * 80}\n{words}\n{'━' * 80}\n"


if __name__ == "__main__":
    main()
