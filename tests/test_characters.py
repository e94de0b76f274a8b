"""The example that learns to write does so in seconds on a short text, and says what is wrong with its options."""

import runpy
import sys
import sysconfig
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "characters.py"


def run(monkeypatch, *options):
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), *map(str, options)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")


def test_it_learns_a_text_by_heart_and_writes_it(monkeypatch, capsys, tmp_path):
    text = tmp_path / "rhyme.txt"
    text.write_text("one two three four five, once I caught a fish alive.\n" * 20)
    run(monkeypatch, "--text", text, "--epochs", 8, "--length", 16, "--write", 30)
    out = capsys.readouterr().out
    assert f"--- {text}: 1,060 characters, 21 different ones." in out
    assert out.index("before it has learnt anything") < out.index("--- After epoch 4 of 8 ---")
    careful = out.split("--- Temperature 0.3 ---")[1].split("--- Temperature 0.8 ---")[0].strip().split("\n(")[0]
    assert careful.strip() in text.read_text()
    assert out.count("(longest passage copied word for word, ") == 3


def test_a_python_without_its_licence_gives_the_zen(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / "lib"))
    run(monkeypatch, "--epochs", 1, "--length", 16, "--write", 2)
    out = capsys.readouterr().out
    assert out.startswith("This Python came without its licence: learning the Zen of Python instead")
    assert "--- The Zen of Python: 856 characters" in out


def test_the_licence_is_found_where_python_keeps_it(monkeypatch, tmp_path):
    (tmp_path / "LICENSE.txt").write_text("Terms and conditions")
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / "Lib"))
    example = runpy.run_path(str(EXAMPLE))
    assert example["load_text"](None) == ("Python's licence", "Terms and conditions")


def test_the_longest_copy_is_the_longest_passage_in_both():
    longest_copy = runpy.run_path(str(EXAMPLE))["longest_copy"]
    assert longest_copy("xx the cat zz the hat", "the hat and the cat") == " the cat"
    assert longest_copy("xyz", "abc") == ""


@pytest.mark.parametrize("option", ["--epochs", "--length", "--write"])
@pytest.mark.parametrize("value", ["0", "-1", "x"])
def test_options_say_what_they_have_to_be(monkeypatch, capsys, option, value):
    with pytest.raises(SystemExit):
        run(monkeypatch, f"{option}={value}")
    assert f"must be a whole number of at least 1, given '{value}'" in capsys.readouterr().err


def test_a_text_that_is_no_use_is_named(monkeypatch, tmp_path):
    with pytest.raises(SystemExit, match="can't read"):
        run(monkeypatch, "--text", tmp_path / "missing.txt")
    short = tmp_path / "short.txt"
    short.write_text("too short")
    with pytest.raises(SystemExit, match="has 9 characters, needed are more than --length 64"):
        run(monkeypatch, "--text", short)
