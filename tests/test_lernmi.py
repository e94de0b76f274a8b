"""The figures of the neurons and links that examples/lernmi.py rebuilds: each link, each layer, each run."""

import os
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import nn

EXAMPLE = Path(__file__).parents[1] / "examples" / "lernmi.py"
lernmi = runpy.run_path(str(EXAMPLE))
Neuron, NeuronLayer, Link, Network, ArrayNetwork = (
    lernmi[name] for name in ("Neuron", "NeuronLayer", "Link", "Network", "ArrayNetwork")
)
exactly = {"rel": 0, "abs": 1e-15}
nearly = {"rel": 0, "abs": 1e-12}


def run(monkeypatch, *options):
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), *map(str, options)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")


# One neuron, one link, one layer.


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (-23, 1.0261879630648827e-10),
        (-1.2, 0.23147521650098238),
        (-0.1, 0.47502081252106),
        (0, 0.5),
        (0.5, 0.6224593312018546),
        (1.5, 0.8175744761936437),
        (5, 0.9933071490757153),
        (34, 0.9999999999999982),
    ],
)
def test_sigmoid(x, y):
    assert lernmi["sigmoid"](x) == pytest.approx(y, **exactly)


def test_sigmoid_of_large_sums_has_no_overflow():
    assert [lernmi["sigmoid"](x) for x in (-1e4, 1e4)] == [0, 1]


@pytest.mark.parametrize(
    ("values", "output"),
    [
        ([1, -1], 0.5),
        ([2, -0.5], 0.8175744761936437),
        ([23, 45], 1.0),
        ([-2.3, -4.5], 0.0011125360328603216),
        ([0.3], 0.574442516811659),
        ([0.3, -0.2], 0.5249791874789399),
    ],
)
def test_a_neuron_puts_out_the_sigmoid_of_what_it_is_handed(values, output):
    neuron = Neuron()
    for value in values:
        neuron.input(value)
    neuron.propagate()
    assert neuron.output == pytest.approx(output, **exactly)


def test_a_link_hands_on_its_weight_times_an_output_and_hands_back_its_share_of_the_blame():
    link = Link(Neuron(), Neuron(), weight=0.5)
    link.source.output = 0.8
    link.propagate()
    assert link.target.sum == pytest.approx(0.4, **exactly)

    link.source.output, link.target.output, link.target.sensitivity = 0.3, 0.8, 0.1
    link.backpropagate()
    link.learn(rate=0.1)
    assert link.source.sensitivity == pytest.approx(0.008, **exactly)
    assert link.weight - 0.5 == pytest.approx(-0.00048, **exactly)


def test_the_blame_of_a_layer_is_what_it_puts_out_more_than_expected():
    layer = NeuronLayer(5)
    for neuron, output in zip(layer.neurons, [0.5, 0.4, 0.3, 0.2, 0.1], strict=True):
        neuron.output = output
    layer.expect([0.2, 0.3, 0.4, 0.5, 0.6])
    assert [neuron.sensitivity for neuron in layer.neurons] == pytest.approx([0.3, 0.1, -0.1, -0.3, -0.5], **exactly)


# Networks, of objects and of arrays.


@pytest.mark.parametrize("kind", [Network, ArrayNetwork])
def test_one_sample_changes_a_network(kind):
    network = kind([7, 3, 2])
    outputs = network.learn([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], [-0.2, 0.5])
    assert outputs == pytest.approx([0.3635778329538245, 0.4757664016329597], **nearly)
    last = network.weights[-1].ravel() if kind is ArrayNetwork else [x.weight for x in network.link_layers[-1].links]
    assert last == pytest.approx(
        [
            -0.0960185659845719,
            0.22092891024137057,
            -0.505348964810981,
            -0.1974142072959422,
            -0.35898201221442,
            -0.4073954594326852,
            -0.3183965202040846,
            -0.15422343832325708,
        ],
        **nearly,
    )


@pytest.mark.parametrize("kind", [Network, ArrayNetwork])
def test_the_first_epoch_of_xor(kind):
    sizes, table = lernmi["LOGIC"]["xor"]
    network = kind(sizes)
    assert [network.learn(inputs, [expected])[0] for inputs, expected in table.items()] == pytest.approx(
        [0.4254999409390597, 0.42448004014170454, 0.4272093635404024, 0.4352543142471092], **nearly
    )


@pytest.mark.slow
def test_xor_is_learnt_after_a_long_plateau():
    sizes, table = lernmi["LOGIC"]["xor"]
    network = Network(sizes)

    def answers(epochs):
        for _ in range(epochs):
            for inputs, expected in table.items():
                network.learn(inputs, [expected])
        return [network.propagate(inputs)[0] for inputs in table]

    assert answers(10_000) == pytest.approx([0.5] * 4, abs=0.002)
    assert answers(90_000) == pytest.approx([0.03369, 0.961776, 0.961679, 0.045672], rel=0, abs=5.1e-7)
    assert answers(200_000) == pytest.approx([0.009986, 0.98911, 0.989112, 0.012813], rel=0, abs=5.1e-7)


FIRST = [0.180303, 0.775406, 0.312062, 0.237690, 0.578589, 0.362362, 0.398852, 0.529780, 0.533649, 0.778998]


@pytest.mark.slow
def test_it_learns_to_read_as_it_did_in_2016():
    if not os.environ.get("TINYGRAD_LITE_DATA"):
        pytest.skip("no real MNIST here: put its four .gz files in a folder and set TINYGRAD_LITE_DATA to it")
    (others, other_labels), (images, labels) = nn.datasets.mnist.load_data()
    pixels, wanted = images.reshape(-1, 784).astype(float), np.eye(10)[labels]
    others, other_labels = others[:20_000].reshape(-1, 784).astype(float), other_labels[:20_000]

    objects, network = Network([784, 15, 10]), ArrayNetwork([784, 15, 10])
    for i in range(50):
        outputs = objects.learn(pixels[i].tolist(), wanted[i].tolist())
        np.testing.assert_allclose(network.learn(pixels[i], wanted[i]), outputs, rtol=0, atol=1e-12)
        if i == 0:
            assert outputs == pytest.approx(FIRST, rel=0, abs=5.1e-7)
    for links, weights in zip(objects.link_layers, network.weights, strict=True):
        np.testing.assert_allclose(weights.ravel(), [link.weight for link in links.links], rtol=0, atol=1e-12)

    network = ArrayNetwork([784, 15, 10])
    for of_learnt, of_others in [(0.6830, 0.6714), (0.8209, 0.7976), (0.8293, 0.8049)]:
        for x, y in zip(pixels, wanted, strict=True):
            network.learn(x, y)
        assert np.mean(network.propagate(pixels).argmax(axis=1) == labels) == pytest.approx(of_learnt, abs=0.001)
        assert np.mean(network.propagate(others).argmax(axis=1) == other_labels) == pytest.approx(of_others, abs=0.001)


# The program.


def test_it_tells_how_xor_is_learnt_and_draws_it(monkeypatch, capsys, tmp_path):
    run(monkeypatch, "--epochs", 20, "--output", tmp_path / "out")
    out = capsys.readouterr().out
    assert out.startswith("XOR: 2 + 3 + 1 neurons, 13 links, rate 0.1\n")
    assert "\nhidden 1 -> output 1      0.2203    0.0917  |     0.04328        0.2160\n" in out
    assert "\n       1     0.4281    0.4310    0.4285    0.4313     0.50988\n" in out
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["xor.svg", "xor_learning.png"]


@pytest.mark.parametrize(("name", "wanted"), [("not", [1, 0]), ("or", [0, 1, 1, 1])])
def test_one_neuron_learns_not_and_or(monkeypatch, capsys, name, wanted):
    run(monkeypatch, name, "--epochs", 3000, "--rate", 1)
    *_, last, _ = capsys.readouterr().out.splitlines()
    epoch, *outputs, _ = last.split()
    assert epoch == "3,000"
    assert [round(float(output)) for output in outputs] == wanted


def test_it_reads_digits_also_without_mnist(monkeypatch, capsys):
    def offline(*args, **options):
        raise ConnectionError("no mirror served it")

    monkeypatch.setattr(nn.datasets.mnist, "load_data", offline)
    run(monkeypatch, "mnist", "--samples", 101, "--epochs", 1)
    out = capsys.readouterr().out
    assert out.startswith("MNIST can't be downloaded here: going on with the digits that scikit-learn ships")
    assert "\n784 + 15 + 10 neurons and 11,935 links." in out
    assert out.count("The network says") == 2
    assert "XXX" in out
    differ = float(out.split("its weights differ from the links' by ")[1].split()[0])
    assert differ < 1e-12
    assert "% of the 256 it learnt from and" in out


def test_a_folder_without_the_data_is_named(monkeypatch, tmp_path):
    with pytest.raises(SystemExit, match="no digits to learn from: no train-images"):
        run(monkeypatch, "mnist", "--data", tmp_path)


def test_a_folder_that_cant_be_written_is_noticed_before_learning(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="can't write to the folder"):
        run(monkeypatch, "--output", tmp_path / "file")


@pytest.mark.parametrize("option", ["--epochs", "--samples"])
@pytest.mark.parametrize("value", ["0", "-1", "x"])
def test_options_say_what_they_have_to_be(monkeypatch, capsys, option, value):
    with pytest.raises(SystemExit):
        run(monkeypatch, f"{option}={value}")
    assert f"must be a whole number of at least 1, given '{value}'" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["0", "-1", "x", "nan", "inf"])
def test_the_rate_is_a_number_above_0(monkeypatch, capsys, value):
    with pytest.raises(SystemExit):
        run(monkeypatch, f"--rate={value}")
    assert f"must be a number above 0, given '{value}'" in capsys.readouterr().err
