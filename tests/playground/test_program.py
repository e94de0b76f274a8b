"""A run as a program: run on its own, it prints the run's losses, and it reads as if somebody had written it."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from playground_parts import Run, Settings, own_data

ROOT = Path(__file__).parents[2]
OWN = own_data([[1, 2, "a"], [-1, 3, "b"], [2, 2, "c"], [3, -2, "a"], [1, -3, "b"], [-4, 2.5, "c"], [0, 2, "a"]])


def losses_of(program, folder):
    """(epoch as it is told, training loss, test loss) of each line that the program prints, in a folder of its own."""
    file = folder / "program.py"
    file.write_text(program, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, file], cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [
        re.fullmatch(r"epoch (.+): training loss (\S+), test loss (\S+)", line) for line in done.stdout.splitlines()
    ]
    return [(line[1], float(line[2]), float(line[3])) for line in lines]


def by_hand(run):
    """Trains with all that a user may do in between, and stops in the middle of an epoch."""
    run.edit("1", 1.0, "0", "-0.25")  # as a page may send them
    run.step("epoch", 3)
    run.edit(1, 0, 0, 0.7)
    run.step("batch", 3)
    run.edit(2, 0, None, 0.3)
    run.adopt(replace(run.settings, learning_rate=0.1, regularization_rate=0.01))
    run.step("sample", 2)
    run.step("batch")
    run.edit(1, 1, 1, 0)


def plainly(run):
    run.step("epoch", 12)


def revived(run):
    """Trains until L1 has put weights to rest, and gives one of them a value again."""
    run.step("epoch", 2)
    assert run.dead()[0].all()
    run.edit(1, 0, 1, 0.5)
    run.adopt(replace(run.settings, regularization_rate=0.001))
    run.step("epoch")
    assert run.weights()[0][1, 0] != 0


CASES = {
    "plain": (Settings(), plainly),
    "all inputs": (Settings(dataset="spiral", noise=10, features=("x", "y", "xSquared", "ySquared", "xTimesY", "sinX", "sinY"), hidden=(8, 8, 8, 8, 8, 8), activation="relu"), plainly),  # noqa: E501
    "L1 and leftovers": (Settings(batch_size=30, regularization="L1", regularization_rate=0.003), by_hand),
    "L1, revived": (Settings(hidden=(), regularization="L1", regularization_rate=3), revived),
    "L2, dropout, Adam": (Settings(dropout=0.2, optimizer="adam", regularization="L2", regularization_rate=0.003, loss="cross-entropy"), by_hand),  # noqa: E501
    "three arms": (Settings(dataset="spiral", classes=3, loss="cross-entropy", activations=("relu", "sigmoid"), optimizer="nesterov"), by_hand),  # noqa: E501
    "three classes, squared": (Settings(dataset="xor", classes=3, optimizer="rmsprop"), by_hand),
    "own": (Settings(dataset="own", own=OWN, hidden=(2,), batch_size=3, train_percent=60, seed='a "b" \\'), by_hand),
    "hills": (Settings(problem="regression", regression_dataset="reg-gauss", optimizer="adadelta", init_zero=True), plainly),  # noqa: E501
    "plane without noise": (Settings(problem="regression", hidden=(), optimizer="momentum", noise=5), plainly),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_program_prints_the_losses_of_the_run(case, tmp_path):
    settings, train = CASES[case]
    run = Run(settings)
    first = run.losses()
    train(run)
    told = losses_of(run.program(), tmp_path)
    assert told[0][0] == "0" and told[0][1:] == pytest.approx(first, abs=1e-12)
    assert told[-1][1:] == pytest.approx(run.losses(), abs=1e-12)
    by_epoch = {str(epoch): losses for epoch, *losses in run.history}
    if train is plainly:
        assert len(told) == 13
        for epoch, *losses in told:
            assert losses == pytest.approx(by_epoch[epoch], abs=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_the_program_is_well_formed_python(case):
    settings, train = CASES[case]
    run = Run(settings)
    train(run)
    program = run.program()
    compile(program, case, "exec")
    assert max(map(len, program.splitlines())) <= 120
    assert "\n\n\n\n" not in program and program.endswith("\n") and "playground_parts" not in program
    assert ("global" in program) == (case in ("L1 and leftovers", "L1, revived", "L2, dropout, Adam"))
    assert ("np.concatenate" in program) == (case in ("L1 and leftovers", "three arms", "own"))
    assert ("def change(" in program) == (train is not plainly)


def test_a_run_that_has_not_begun_gets_a_hundred_epochs(tmp_path):
    run = Run(Settings(dataset="gauss", hidden=()))
    told = losses_of(run.program(), tmp_path)
    run.step("epoch", 100)
    assert told[-1][0] == "100" and told[-1][1:] == pytest.approx(run.losses(), abs=1e-12)
    assert len(told) == 11


def test_a_step_back_is_no_part_of_the_program():
    run, other = Run(Settings()), Run(Settings())
    run.step("epoch", 2)
    other.step("epoch", 2)
    run.edit(1, 0, 0, 0.5)
    run.step("epoch", 2)
    run.back("epoch", 3)
    other.back("epoch")
    assert run.program() == other.program()


def test_more_changes_by_hand_than_can_be_written_down():
    run = Run(Settings(batch_size=1, hidden=(1,), features=("x",)))
    for i in range(1001):
        run.edit(1, 0, 0, i / 1000)
        run.edit(1, 0, 0, i / 2000)  # of the same place, the last word counts
        run.step("batch")
        if i == 999:
            assert len(run.changes) == 1000 and run.changes[3].value == 3 / 2000
            run.program()
    with pytest.raises(ValueError, match="more than 1,000 changes were made by hand"):
        run.program()
