"""The MNIST examples end in a trained network and its pictures, also where MNIST can't be had."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nn

EXAMPLES = Path(__file__).parents[1] / "examples"
FILES = ["weights.safetensors", "learning_curves.png", "digits.png", "gradient_graph.svg", "gradient_graph.png"]


def run(monkeypatch, *options, example="mnist.py"):
    monkeypatch.syspath_prepend(EXAMPLES)  # as `python examples/mnist.py` does
    monkeypatch.setattr(sys, "argv", [example, *map(str, options)])
    runpy.run_path(str(EXAMPLES / example), run_name="__main__")


def offline(*args, **options):
    raise ConnectionError("no mirror served it")


def interrupted(*args, **options):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("example", "samples", "files"),
    [("mnist.py", 1000, FILES), ("mnist_cnn.py", 300, [*FILES, "filters.png", "activations.png"])],
)
def test_without_a_network_it_learns_the_embedded_digits(monkeypatch, capsys, tmp_path, example, samples, files):
    monkeypatch.setattr(nn.datasets.mnist, "load_data", offline)
    run(monkeypatch, "--epochs", 2, "--samples", samples, "--output", tmp_path / "out", example=example)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("MNIST can't be downloaded here: going on with the 1,797 digits")
    assert lines[1] == f"{samples:,} digits to learn from, 256 to be tested on"
    assert [line for line in lines if line.startswith("wrote")] == [f"wrote {tmp_path / 'out' / f}" for f in files]
    assert lines[-2].startswith("Test score: ")
    assert lines[-1].startswith("Test accuracy: 0.")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(files)


def test_the_best_network_is_judged_on_held_out_digits_if_told_so(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(nn.datasets.mnist, "load_data", offline)
    options = ["--epochs", 1, "--samples", 300, "--held-out", 44, "--runs", 2, "--output", tmp_path / "out"]
    run(monkeypatch, *options, example="mnist_best.py")
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "44 of the digits to learn from are held out; the test digits are not looked at"
    assert [line[:16] for line in lines if line.startswith("seed")] == ["seed 1: accuracy", "seed 2: accuracy"]
    assert lines[-1].startswith("Held-out accuracy: 0.")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["digits.png", "weights.safetensors"]
    with pytest.raises(SystemExit, match="leaves none of 20 digits"):
        run(monkeypatch, "--samples", 20, "--held-out", 20, "--output", tmp_path, example="mnist_best.py")


def test_digits_that_change_are_learnt_the_same_with_any_number_of_threads(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(nn.datasets.mnist, "load_data", offline)
    ends = []
    for threads in (1, 3):
        options = ["--epochs", 1, "--samples", 300, "--threads", threads, "--output", tmp_path / "out"]
        run(monkeypatch, *options, example="augmented.py")
        ends.append(capsys.readouterr().out.splitlines()[-2:])
    assert ends[0] == ends[1]
    assert [line[:-6] for line in ends[0]] == [
        "Test accuracy with the digits as they are: ",
        "Test accuracy with digits that change:     ",
    ]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["digits.png"]


def test_the_film_is_a_page_of_a_network_that_learnt_exclusive_or(monkeypatch, capsys, tmp_path):
    run(monkeypatch, "--output", tmp_path / "film.html", example="film.py")
    lines = capsys.readouterr().out.splitlines()
    answers = [float(line.split(" = ")[1]) for line in lines[:4]]
    assert answers == pytest.approx([0, 1, 1, 0], abs=0.05)
    assert lines[4] == f"wrote {tmp_path / 'film.html'}: 76 steps, open it in a browser"
    assert (tmp_path / "film.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_averaging_ends_with_the_running_mean_of_the_weights(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    example = runpy.run_path(str(EXAMPLES / "mnist_best.py"))
    model = nn.Sequential([nn.Dense(1, use_bias=False, kernel_initializer="zeros")])
    seen = []

    class Watch(nn.Callback):
        def on_train_batch_end(self, batch, logs):
            seen.append(self.model.get_weights()[0].item())

    cycle = example["OneCycle"](0.5)
    model.compile(nn.SGD(0.5), "mse")
    model.fit(np.ones((10, 1)), np.ones((10, 1)), 1, verbose=0, callbacks=[Watch(), example["Averaging"](0.5), cycle])
    mean = seen[0]
    for value in seen:
        mean += 0.5 * (value - mean)
    assert model.get_weights()[0].item() == pytest.approx(mean, rel=1e-6)
    assert 0 < model.optimizer.learning_rate < 0.05


def test_all_digits_are_learnt_from_unless_told_otherwise(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(nn.datasets.mnist, "load_data", offline)
    monkeypatch.setattr(nn.Sequential, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, "--output", tmp_path / "out")
    assert "\n1,541 digits to learn from, 256 to be tested on\n" in capsys.readouterr().out


def test_a_folder_that_cant_be_written_is_noticed_before_training(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="can't write to the folder"):
        run(monkeypatch, "--output", tmp_path / "file")


def test_a_folder_without_the_data_is_named(monkeypatch, tmp_path):
    with pytest.raises(SystemExit, match="no digits to learn from: no train-images"):
        run(monkeypatch, "--data", tmp_path, "--output", tmp_path / "out")


@pytest.mark.parametrize("option", ["--epochs", "--batch-size", "--samples"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5"])
def test_options_say_what_they_have_to_be(monkeypatch, capsys, option, value):
    with pytest.raises(SystemExit):
        run(monkeypatch, f"{option}={value}")
    assert f"must be a whole number of at least 1, given '{value}'" in capsys.readouterr().err


def test_the_chain_rule_is_told_of_a_neuron_and_of_xor(monkeypatch, capsys, tmp_path):
    run(monkeypatch, "--output", tmp_path / "out", example="chain_rule.py")
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80 + len(str(tmp_path))
    assert "How strongly does error answer to weight?" in text and "the network says" in text
    said = [float(line.split()[-1]) for line in text.splitlines() if "the network says" in line]
    assert [round(x) for x in said] == [0, 1, 1, 0]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["neuron.html", "xor.html"]


def test_newton_finds_the_way_through_a_bent_valley_by_exact_derivatives_only(monkeypatch, capsys, tmp_path):
    run(monkeypatch, "--dimensions", 2, 20, "--output", tmp_path / "valley.png", example="rosenbrock.py")
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"wrote {tmp_path / 'valley.png'}" and (tmp_path / "valley.png").stat().st_size > 10_000
    assert len(lines) == 8 and lines[0].split() == ["dimensions", "way", "down", "steps", "values", "seconds", "error"]
    exact = [line.split() for line in lines[1:-1] if "hvp" in line]
    assert [row[0] for row in exact] == ["2", "20"] and all(float(row[-1]) < 1e-6 for row in exact)
    other = [line for line in lines[1:-1] if line.split()[0] == "20" and "Newton-CG, finite" in line]
    assert int(other[0].split()[5].replace(",", "")) > 20 * int(exact[1][6])  # values of the function


def test_gradients_through_scipy_and_scikit_learn_agree_with_finite_differences(tmp_path):
    program = [sys.executable, EXAMPLES / "differentiate_scipy.py", "--output", tmp_path / "three.png"]
    environment = os.environ | {"PYTHONPATH": str(EXAMPLES.parent)}
    done = subprocess.run(program, capture_output=True, text=True, env=environment)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines[-1] == f"wrote {tmp_path / 'three.png'}", done.stderr
    errors = [float(line.split()[1]) for line in lines if line.startswith("  gradient:")]
    assert len(errors) == 3 and max(errors) < 1e-4
    assert lines[2].startswith("  patient 3 improved most") and "p would rise: +" in lines[2]
    scales = [float(word) for word in lines[-2].split()[4:]]
    assert len(scales) == 10 and min(scales[:4]) > 2 * max(scales[5:])
    assert (tmp_path / "three.png").stat().st_size > 10_000
