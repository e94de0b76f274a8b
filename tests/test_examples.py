"""The main job ends in a trained network and its pictures, also where MNIST can't be had."""

import runpy
import sys
from pathlib import Path

import pytest

import nn

EXAMPLE = Path(__file__).parents[1] / "examples" / "mnist.py"
FILES = ["weights.npz", "learning_curves.png", "digits.png", "gradient_graph.svg", "gradient_graph.png"]


def run(monkeypatch, *options):
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), *map(str, options)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")


def offline(*args, **options):
    raise ConnectionError("no mirror served it")


def test_without_a_network_it_learns_the_embedded_digits(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(nn.datasets.mnist, "load_data", offline)
    run(monkeypatch, "--epochs", 2, "--output", tmp_path / "out")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("MNIST can't be downloaded here: going on with the 1,797 digits")
    assert [line for line in lines if line.startswith("wrote")] == [f"wrote {tmp_path / 'out' / f}" for f in FILES]
    assert lines[-2].startswith("Test score: ")
    assert lines[-1].startswith("Test accuracy: 0.")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)


def test_a_folder_that_cant_be_written_is_noticed_before_training(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="can't write to the folder"):
        run(monkeypatch, "--output", tmp_path / "file")


def test_a_folder_without_the_data_is_named(monkeypatch, tmp_path):
    with pytest.raises(SystemExit, match="no digits to learn from: no train-images"):
        run(monkeypatch, "--data", tmp_path, "--output", tmp_path / "out")


@pytest.mark.parametrize("option", ["--epochs", "--batch-size"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5"])
def test_options_say_what_they_have_to_be(monkeypatch, capsys, option, value):
    with pytest.raises(SystemExit):
        run(monkeypatch, f"{option}={value}")
    assert f"must be a whole number of at least 1, given '{value}'" in capsys.readouterr().err
