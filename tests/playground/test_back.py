"""A step back leaves a run exactly as if the steps had never been made: to the last bit."""

from dataclasses import replace

import pytest

from playground_parts import Run, Settings

SETTINGS = [
    Settings(),
    Settings(batch_size=30, regularization="L1", regularization_rate=0.05, hidden=(3,)),
    Settings(dropout=0.3, optimizer="adam", loss="cross-entropy"),
    Settings(optimizer="momentum", batch_size=7),
    Settings(optimizer="adadelta", problem="regression", batch_size=16, hidden=(2,)),
]


def state(run):
    """All that can be seen of a run and all that goes on from here."""
    arrays = [*run.weights(), *run.biases(), *run.dead(), *run.optimizer.state_arrays, *run.gradients()[0]]
    numbers = run.epoch, run.samples_seen, run.position, run.updates, run.losses(), run.optimizer.iterations
    return numbers, tuple(run.history), tuple(run.changes), [array.tobytes() for array in arrays]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("unit", ["sample", "batch", "epoch"])
def test_back_is_exact_after_any_steps(settings, unit):
    run = Run(settings)
    run.step("epoch", 2)
    run.step("batch", 2)
    before = [state(run)]
    for _ in range(3):
        run.step(unit)
        before.append(state(run))
    for expected in before[-2:0:-1]:
        assert run.back(unit)
        assert state(run) == expected
    run.step(unit, 2)
    assert state(run) == before[-1]


@pytest.mark.parametrize("settings", SETTINGS)
def test_how_the_steps_are_divided_makes_no_difference(settings):
    one, other = Run(settings), Run(settings)
    one.step("epoch", 2)
    other.step("sample", 13)
    other.step("batch", 3)
    other.back("batch")
    while other.epoch < 2:
        other.step("sample")
    assert state(one) == state(other)


def test_back_by_epochs_goes_to_where_an_epoch_began():
    run = Run(Settings())
    run.step("epoch", 3)
    run.step("sample", 5)
    assert run.back("epoch") and run.samples_seen == 750
    assert run.back("epoch", 2) and run.epoch == 1
    assert [entry[0] for entry in run.history] == [0, 1]


def test_back_by_batches_crosses_the_end_of_an_epoch_to_where_the_batch_began():
    run = Run(Settings(batch_size=30))  # 250 = 8 x 30 + 10
    run.step("batch", 9)
    assert (run.epoch, run.position) == (1, 30)
    assert run.back("batch") and run.samples_seen == 240 and run.updates == 8


def test_there_is_nothing_before_the_beginning():
    run = Run(Settings())
    before = state(run)
    assert not run.back("sample") and state(run) == before
    run.step("sample", 3)
    assert run.back("epoch", 7) and state(run) == before


def test_a_thousand_epochs_can_be_taken_back_and_no_more():
    run = Run(Settings(batch_size=250, hidden=(), train_percent=2, features=("x",)))
    run.step("epoch", 1000)
    run.step("epoch", 5)
    assert run.back("epoch", 1000) and run.epoch == 5
    before = state(run)
    assert not run.back("epoch") and state(run) == before


def test_what_was_changed_by_hand_is_taken_back_with_the_steps_after_it():
    run = Run(Settings(optimizer="nesterov"))
    run.step("epoch", 2)
    run.step("batch", 2)
    before = state(run)
    run.step("sample", 10)
    run.edit(1, 0, 1, 0.5)
    run.adopt(replace(run.settings, learning_rate=0.5))
    run.step("batch", 30)
    assert run.back("batch", 30)
    assert run.weights()[0][1, 0] == 0.5 and run.settings.learning_rate == 0.5 and len(run.changes) == 2
    assert run.back("sample", 10)
    assert state(run) == before
    assert run.settings.learning_rate == 0.03 and run.optimizer.learning_rate == 0.03
