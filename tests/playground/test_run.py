"""A run: what it shows, what may be changed, and what it refuses."""

import time
from dataclasses import replace

import numpy as np
import pytest

from playground_parts import Run, Settings, feature_maps
from playground_parts.features import FEATURES
from playground_parts.history import History
from playground_parts.settings import RATES

ALL_SETTINGS = [
    Settings(),
    Settings(loss="cross-entropy", hidden=(3,)),
    Settings(dataset="gauss", classes=4, loss="cross-entropy", activations=("relu", "sigmoid")),
    Settings(dataset="circle", classes=5, hidden=()),
    Settings(problem="regression", regression_dataset="reg-gauss", hidden=(8, 8, 8, 8, 8, 8)),
]


def forward(run, x1, x2):
    """What the network gives at a point, by the model itself."""
    inputs = [FEATURES[name].function(np.array([x1]), np.array([x2])) for name in run.settings.features]
    return run.model(np.stack(inputs, axis=1)).detach().numpy()[0]


@pytest.mark.parametrize("settings", ALL_SETTINGS)
def test_maps_are_what_each_neuron_gives_over_the_plane(settings):
    run = Run(settings)
    run.step("epoch")
    maps = run.maps(13)
    assert maps.dtype == np.float32 and maps.shape == (sum(run.sizes), 13, 13)
    assert maps[0, 0].tolist() == list(range(-6, 7)) and maps[1, :, 0].tolist() == list(range(6, -7, -1))
    for i, j in [(0, 0), (12, 3), (5, 12)]:
        at = run.probe(float(maps[0, i, j]), float(maps[1, i, j]))
        expected = np.concatenate([*at["neurons"][:-1], at["output"]])
        assert maps[:, i, j] == pytest.approx(expected, abs=1e-5)


def test_two_classes_with_cross_entropy_are_shown_from_minus_one_to_one():
    run = Run(Settings(loss="cross-entropy"))
    run.step("epoch")
    found = run.probe(1, 2)
    probability = 1 / (1 + np.exp(-found["neurons"][-1][0]))
    assert found["output"][0] == pytest.approx(2 * probability - 1, rel=1e-12)


def test_maps_of_all_features_are_there_whether_they_are_inputs_or_not():
    maps = feature_maps(5)
    assert maps.shape == (7, 5, 5) and maps.dtype == np.float32
    x1, x2 = maps[0], maps[1]
    expected = [x1, x2, x1**2, x2**2, x1 * x2, np.sin(x1), np.sin(x2)]
    assert maps == pytest.approx(np.array(expected), abs=1e-5)


@pytest.mark.parametrize("settings", ALL_SETTINGS)
def test_the_probe_gives_values_and_sensitivities_at_a_point(settings):
    run = Run(settings)
    run.step("epoch")
    before = run.gradients()[0][0].copy()
    output = run.settings.outputs - 1
    found = run.probe(1.5, -2.25, output)
    assert found["neurons"][0].tolist() == [1.5, -2.25]
    assert found["neurons"][-1] == pytest.approx(forward(run, 1.5, -2.25), rel=1e-12)
    for layer, kernel in enumerate(run.weights()):
        assert found["links"][layer] == pytest.approx(found["neurons"][layer][:, None] * kernel)
        assert found["bias_sensitivities"][layer].shape == run.biases()[layer].shape
        assert found["sensitivities"][layer] == pytest.approx(kernel @ found["bias_sensitivities"][layer], rel=1e-9)

    def shown(**changes):
        value = run.probe(**{"x1": 1.5, "x2": -2.25, "output": output} | changes)["output"]
        return value[output]

    assert found["sensitivities"][0][0] == pytest.approx((shown(x1=1.50001) - shown(x1=1.49999)) / 2e-5, rel=1e-4)
    weight = run.weights()[0][1, 0]
    run.edit(1, 0, 1, weight + 1e-5)
    above = shown()
    run.edit(1, 0, 1, weight - 1e-5)
    assert found["link_sensitivities"][0][1, 0] == pytest.approx((above - shown()) / 2e-5, rel=1e-4, abs=1e-9)
    run.edit(1, 0, 1, weight)
    assert (run.gradients()[0][0] == before).all()


@pytest.mark.parametrize("settings", ALL_SETTINGS)
def test_the_arithmetic_of_each_neuron_ends_with_its_value(settings):
    run = Run(settings)
    run.step("epoch")
    neurons = run.probe(-3.5, 2)["neurons"]
    for layer in range(1, len(run.sizes)):
        for to in range(run.sizes[layer]):
            lines = run.arithmetic(layer, to, -3.5, 2)
            assert lines[0].startswith(f"{run.names[layer][to]} = ")
            assert float(lines[-1].removeprefix("= ").replace("−", "-")) == float(f"{neurons[layer][to]:.4g}")
            numbers = lines[1].removeprefix("= ").replace("−", "-").replace("×", "*")
            inside = numbers[numbers.index("(") :] if numbers[0].isalpha() else numbers
            total = eval(inside)
            activation = run.layers[layer - 1].activation
            assert activation(np.array([total]))[0] == pytest.approx(neurons[layer][to], abs=0.02)


@pytest.mark.parametrize("settings", ALL_SETTINGS)
def test_the_story_of_a_weight_ends_with_its_gradient(settings):
    run = Run(replace(settings, batch_size=25))
    run.step("epoch", 2)
    layers = len(run.sizes) - 1
    for layer, to, source in {(1, 0, 1), (layers, 0, 0), (1, 0, None), (layers, run.sizes[-1] - 1, None)}:
        told = [run.story(layer, to, source).steps[-1], run.story(layer, to, source, "sample").steps[-1]]
        seventh = run.story(layer, to, source, sample=7).steps[-1]
        run.step("sample")
        found = [run.gradients()]
        run.step("batch")
        found.insert(0, run.gradients())
        run.back("batch")
        place = to if source is None else (source, to)
        kind = source is None
        expected = [gradients[kind][layer - 1][place] for gradients in found]
        assert [step.sensitivity.largest for step in told] == pytest.approx(expected, rel=1e-9, abs=1e-15)
        run.step("sample", 7)
        before = run.gradients()[kind][layer - 1][place]
        run.step("sample")
        after = run.gradients()[kind][layer - 1][place]
        run.back("sample", 8)
        assert seventh.sensitivity.largest == pytest.approx(8 * after - 7 * before, rel=1e-6, abs=1e-12)


def test_the_story_is_a_page_that_names_neurons_and_links():
    page = Run(Settings()).explain(1, 2, 0, "sample")
    assert page.startswith("<!DOCTYPE html>")
    assert "weight X1 → 1.3" in page and "neuron 2.1" in page and "target" in page


@pytest.mark.parametrize("link", ["", "batchSize=7&dropout=0.3", "batchSize=1000&classes=3&loss=cross-entropy"])
def test_sensitivities_are_there_before_the_first_step_and_are_those_of_its_batch(link):
    run = Run(Settings.from_query(link))
    before = [*run.gradients()[0], *run.gradients()[1]]
    assert all(np.abs(each).max() > 0 for each in before)
    run.step("batch")
    for one, other in zip(before, [*run.gradients()[0], *run.gradients()[1]], strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_edit_counts_at_once_and_training_goes_on_from_it():
    run = Run(Settings())
    run.step("batch", 3)
    losses = run.losses()
    run.edit(2, 1, 3, -2.5)
    run.edit(3, 0, None, 1)
    assert run.weights()[1][3, 1] == -2.5 and run.biases()[2][0] == 1
    assert run.losses() != losses
    run.step("batch")
    assert -2.5 != run.weights()[1][3, 1] == pytest.approx(-2.5, abs=0.1)


def test_a_weight_that_l1_has_put_to_rest_stays_until_it_is_edited():
    run = Run(Settings(regularization="L1", regularization_rate=3, features=("x", "y")))
    run.step("epoch", 2)
    assert run.dead()[0].all() and not run.weights()[0].any()
    run.adopt(replace(run.settings, regularization_rate=0))
    run.edit(1, 0, 0, 0.5)
    run.step("epoch")
    assert not run.dead()[0][0, 0] and run.weights()[0][0, 0] != 0
    assert run.dead()[0].sum() == 7 and np.count_nonzero(run.weights()[0]) == 1


def test_what_may_change_while_training_goes_on():
    run = Run(Settings())
    run.step("epoch", 2)
    weights = run.weights()
    changed = replace(
        run.settings, learning_rate=0.5, regularization_rate=0.1, stop_epoch=7, stop_loss=0.1, show_test_data=True,
        discretize=True, hide_text=True, hidden_controls=("noise",),
    )  # fmt: skip
    assert run.adopt(changed) and run.settings == changed
    assert [one.what for one in run.changes] == ["learning_rate", "regularization_rate"]
    assert all((now == before).all() for now, before in zip(run.weights(), weights, strict=True))
    for other in ({"noise": 5}, {"hidden": (4,)}, {"batch_size": 5}, {"seed": "1", "learning_rate": 0.1}):
        assert not run.adopt(replace(changed, **other))
        assert run.settings == changed and run.optimizer.learning_rate == 0.5


def test_it_stops_where_it_was_told_to_and_goes_on_by_hand():
    run = Run(Settings(dataset="gauss", stop_epoch=5))
    run.step("epoch", 50)
    assert run.epoch == 5 and run.stopped == "epoch 5 is reached"
    run.step("epoch")
    assert run.epoch == 6 and run.stopped == ""
    run = Run(Settings(dataset="gauss", stop_loss=0.01))
    for _ in range(100):
        run.play(0.5)
        if run.stopped:
            break
    assert run.stopped == "the test loss is below 0.01" and run.losses()[1] < 0.01 <= run.history[-2][2]


def test_a_loss_that_explodes_is_noticed():
    run = Run(Settings(problem="regression", hidden=(8, 8), activation="linear", learning_rate=10))
    run.step("epoch", 50)
    assert run.stopped == "the loss is no longer a number: the learning rate is too high"
    assert run.epoch < 10 and run.maps(10).shape == (19, 10, 10)
    run.back("epoch", 50)
    assert np.isfinite(run.losses()).all()


def test_playing_ends_in_time():
    run = Run(Settings(hidden=(8, 8)))
    began = time.perf_counter()
    run.play(0.05)
    assert 0.05 <= time.perf_counter() - began < 0.5 and run.updates > 1
    run.play(0)
    assert run.updates > 2


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "rmsprop", "adadelta", "adam", "adamw"])
def test_each_optimizer_learns_the_clouds_of_four_classes(optimizer):
    settings = Settings(dataset="gauss", classes=4, loss="cross-entropy", optimizer=optimizer, hidden=(8,))
    run = Run(replace(settings, learning_rate=RATES[optimizer]))
    run.step("epoch", 30)
    assert min(run.accuracy()) > 0.97


@pytest.mark.parametrize("dataset", ["circle", "xor", "gauss", "spiral"])
@pytest.mark.parametrize("classes", [2, 3, 4, 5, 6])
def test_each_data_set_has_all_its_classes_on_the_plane(dataset, classes):
    run = Run(Settings(dataset=dataset, classes=classes, noise=5))
    points = np.concatenate([run.train_points, run.test_points])
    assert len(points) == run.settings.count and np.abs(points[:, :2]).max() <= 9
    labels, counts = np.unique(points[:, 2], return_counts=True)
    assert labels.tolist() == ([-1, 1] if classes == 2 else list(range(classes)))
    assert counts.min() > 500 / classes / 2


def test_dropout_is_for_learning_only_and_repeats():
    runs = [Run(Settings(dropout=0.5, hidden=(8,))) for _ in range(2)]
    for run in runs:
        run.step("epoch", 2)
        assert run.losses() == run.losses()
    assert runs[0].losses() == runs[1].losses()
    plain = Run(Settings(hidden=(8,)))
    plain.step("epoch", 2)
    assert plain.losses() != runs[0].losses()


def test_the_history_gets_thinner_not_longer():
    history = History()
    for epoch in range(10_001):
        history.add(epoch, epoch / 2, epoch / 3)
    epochs = [entry[0] for entry in history.entries]
    assert len(epochs) <= 2000 and epochs == list(range(0, 10_001, 8))
    history.cut(4001)
    assert history.entries[-1] == (4000, 2000, 4000 / 3)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda run: run.step("year"), "the unit of a step must be one of sample, batch, epoch; given 'year'"),
        (lambda run: run.step("epoch", 0), "the count of steps must be a whole number from 1 to 1,000, given 0"),
        (lambda run: run.step("epoch", 10**9), "from 1 to 1,000, given 1000000000"),
        (lambda run: run.back("epoch", float("nan")), "the count of steps"),
        (lambda run: run.back(None), "the unit of a step"),
        (lambda run: run.play(1e9), "the seconds of a play must be a number from 0 to 1, given 1000000000.0"),
        (lambda run: run.maps(201), "the size of a map must be a whole number from 2 to 200, given 201"),
        (lambda run: run.maps(1), "the size of a map"),
        (lambda run: run.probe(6.1, 0), "x1 must be a number from -6 to 6, given 6.1"),
        (lambda run: run.probe(0, "y"), "x2 must be a number from -6 to 6, given 'y'"),
        (lambda run: run.probe(0, 0, 1), "the output must be a whole number from 0 to 0, given 1"),
        (lambda run: run.edit(0, 0, 0, 1), "the layer must be a whole number from 1 to 3, given 0"),
        (lambda run: run.edit(4, 0, 0, 1), "the layer must be a whole number from 1 to 3, given 4"),
        (lambda run: run.edit(1, 4, 0, 1), "leads to must be a whole number from 0 to 3, given 4"),
        (lambda run: run.edit(1, -1, None, 1), "the neuron that a link leads to"),
        (lambda run: run.edit(1, 0, 2, 1), "the neuron that a link comes from must be a whole number from 0 to 1"),
        (lambda run: run.edit(1, 0, 0, float("inf")), "a weight must be a number from -1,000 to 1,000, given inf"),
        (lambda run: run.edit(1, 0, 0, True), "a weight must be a number from -1,000 to 1,000, given True"),
        (lambda run: run.explain(9, 0, 0), "the layer must be"),
        (lambda run: run.explain(1, 0, 0, "life"), "what is explained must be one of batch, sample; given 'life'"),
        (lambda run: run.explain(1, 0, 0, sample=250), "the sample must be a whole number from 0 to 249, given 250"),
    ],
)  # fmt: skip
def test_what_is_asked_is_checked_and_nothing_changes(ask, words):
    run = Run(Settings())
    run.step("sample", 3)
    before = [array.tobytes() for array in (*run.weights(), *run.biases())], run.samples_seen, run.changes
    with pytest.raises(ValueError) as caught:
        ask(run)
    assert words in str(caught.value)
    assert ([array.tobytes() for array in (*run.weights(), *run.biases())], run.samples_seen, run.changes) == before
