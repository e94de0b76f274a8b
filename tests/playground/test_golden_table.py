"""The figures of the TensorFlow Playground's own TypeScript, seed 0.12345: ours are the same to 1e-9."""

import json
from pathlib import Path

import numpy as np
import pytest

from playground_parts import Run, Settings, own_data
from playground_parts.features import FEATURES
from playground_parts.random_numbers import SeedRandom

# The mean loss on the training and on the test points at epochs 0, 1, 10 and 100.
TABLE = [
    (
        "dataset=circle&networkShape=4,2",
        [(0.501580742960, 0.518105911118), (0.496359376700, 0.509423275860)]
        + [(0.476346008837, 0.496309782469), (0.008897841429, 0.011449761960)],
    ),
    (
        "dataset=gauss&networkShape=",
        [(1.390180181085, 1.384682812446), (0.026263151845, 0.025878794301)]
        + [(0.004027090572, 0.003077221406), (0.000846447099, 0.000364902261)],
    ),
    (
        "dataset=spiral&networkShape=8,8&xTimesY=true&xSquared=true&ySquared=true&sinX=true&sinY=true",
        [(0.622243885735, 0.734440049500), (0.536566343674, 0.613064034962)]
        + [(0.451888878043, 0.503554939772), (0.129090018388, 0.267632046453)],
    ),
    (
        "problem=regression&regDataset=reg-plane&networkShape=",
        [(0.056386502916, 0.059948669540), (0.000138035309, 0.000140174734), (0, 0), (0, 0)],
    ),
]


@pytest.mark.parametrize(("link", "losses"), TABLE)
def test_the_losses_are_the_original_playgrounds(link, losses):
    run = Run(Settings.from_query(f"https://playground.tensorflow.org/#{link}&seed=0.12345"))
    found = [run.losses()]
    for epochs in (1, 9, 90):
        run.step("epoch", epochs)
        found.append(run.losses())
    assert run.epoch == 100
    assert np.abs(np.array(found) - losses).max() < 1e-9


ORIGINAL = json.loads(Path(__file__).with_name("original.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ORIGINAL, ids=lambda row: row["link"][:50])
def test_so_are_those_of_other_links(row):
    """Noise, other activations, batches that leave samples over, L1 and L2: what its TypeScript gives under node."""
    run = Run(Settings.from_query("#" + row["link"]))
    found = [run.losses()]
    for epochs in (1, 9):
        run.step("epoch", epochs)
        found.append(run.losses())
    assert np.abs(np.array(found) - row["losses"]).max() < 1e-12


def test_the_random_numbers_are_seedrandoms():
    random = SeedRandom("0.12345")
    assert [random.random() for _ in range(3)] == [0.9152007406557323, 0.4702753218035592, 0.2736265229359467]


def test_the_first_point_and_the_first_weights():
    run = Run(Settings())
    assert run.train_points[0].tolist() == [4.618077316847547, -1.8354395887379444, -1]
    assert run.weights()[0][:, 0].tolist() == [0.15119012045435498, 0.3395422448435659]
    assert all((bias == 0.1).all() for bias in run.biases())


def by_hand(run, epochs, regularization):
    """The Playground's loop for a network without hidden layers, sample by sample, written out."""
    w, b, dead = run.weights()[0][:, 0].copy(), run.biases()[0][0], np.zeros(2, bool)
    settings, waiting = run.settings, []
    for _ in range(epochs):
        for i, (*x, target) in enumerate(run.train_points):
            output = np.tanh(w @ x + b)
            slope = (output - target) * (1 - output**2)
            waiting.append((slope, slope * np.array(x)))
            if (i + 1) % settings.batch_size:
                continue
            b -= settings.learning_rate * np.mean([of_bias for of_bias, _ in waiting])
            for j in range(2):
                if dead[j]:
                    continue
                penalty = {"L1": np.sign(w[j]), "L2": w[j]}[regularization]
                w[j] -= settings.learning_rate * np.mean([of_weights[j] for _, of_weights in waiting])
                after = w[j] - settings.learning_rate * settings.regularization_rate * penalty
                dead[j] = regularization == "L1" and w[j] * after < 0
                w[j] = 0 if dead[j] else after
            waiting = []
    return w, b, dead


@pytest.mark.parametrize(
    ("dataset", "regularization", "rate", "batch_size", "dies"),
    [("gauss", "L1", 0.3, 30, False), ("circle", "L1", 1, 10, True), ("gauss", "L2", 0.1, 7, False)],
)
def test_regularization_and_leftover_samples_are_as_in_the_original(dataset, regularization, rate, batch_size, dies):
    settings = Settings(dataset=dataset, hidden=(), regularization=regularization, regularization_rate=rate)
    run = Run(Settings.from_query(f"{settings.to_query()}&batchSize={batch_size}"))
    w, b, dead = by_hand(run, 5, regularization)
    run.step("epoch", 5)
    assert run.weights()[0][:, 0] == pytest.approx(w, abs=1e-12)
    assert run.biases()[0][0] == pytest.approx(b, abs=1e-12)
    assert run.dead()[0][:, 0].tolist() == dead.tolist()
    assert dead.any() == dies


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "linear", "leaky_relu", "elu", "gelu", "silu"])
@pytest.mark.parametrize(
    ("classes", "loss"), [(2, "squared"), (2, "cross-entropy"), (3, "squared"), (4, "cross-entropy")]
)
def test_gradients_are_those_of_finite_differences(activation, classes, loss):
    settings = Settings(dataset="spiral", classes=classes, loss=loss, activation=activation, hidden=(3, 2), noise=20)
    run = Run(Settings.from_query(settings.to_query() + "&batchSize=1000&xTimesY=true"))
    run.step("sample", 100)
    kernels, biases = run.gradients()

    def loss_of_the_waiting():
        x, y = run.data.cyclic(slice(0, 100), 0)
        return run.loss(y, run.model(x)).item()

    for layer, to, source in [(1, 2, 2), (2, 0, 1), (3, 0, 1), (1, 0, None), (3, 0, None)]:
        value = run.biases()[layer - 1][to] if source is None else run.weights()[layer - 1][source, to]
        ends = []
        for nudge in (1e-5, -1e-5):
            run.edit(layer, to, source, value + nudge)
            ends.append(loss_of_the_waiting())
        run.edit(layer, to, source, value)
        found = biases[layer - 1][to] if source is None else kernels[layer - 1][source, to]
        assert found == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-8)


def test_all_seven_inputs_are_in_the_originals_order():
    run = Run(Settings(features=tuple(reversed(FEATURES))))
    x1, x2, _ = run.train_points[0]
    inputs = run.data.inputs[0].numpy()[0]
    assert inputs == pytest.approx([x1, x2, x1**2, x2**2, x1 * x2, np.sin(x1), np.sin(x2)], rel=1e-15)


def test_a_batch_larger_than_the_data_counts_as_all_of_it():
    points = own_data([[1, 2, "a"], [-1, 3, "b"], [2, 2, "a"], [3, -2, "b"]])
    run = Run(Settings(dataset="own", own=points, batch_size=1000))
    run.step("epoch", 2)
    assert run.updates == 2
