"""What the page asks of its session, beyond what the page's own tests do."""

import time


def test_other_settings_change_and_own_data_stays(parts):
    session = parts.PlaygroundSession()
    rows = [[1, 2, "red, dark"], [-1, 3, "blue & green"], [2, 2, "red, dark"], [3, -2, "blue & green"]]
    session.answer({"do": "own", "problem": "classification", "data": rows})
    own = session.run.settings.own
    state = session.answer({"do": "change", "changes": {"networkShape": "3", "seed": "a + b"}})
    assert session.run.settings.own == own and own.class_names == ("blue & green", "red, dark")
    assert state["settings"]["hidden"] == [3] and state["settings"]["seed"] == "a + b"


SLOW = "batchSize=1&percTrainData=99&networkShape=8,8,8,8,8,8"


def test_an_epoch_that_takes_long_is_taken_in_turns(parts):
    session = parts.PlaygroundSession()
    rows = [[i % 11 - 5, i % 7 - 3, "ab"[i % 2]] for i in range(3000)]
    session.answer({"do": "own", "problem": "classification", "data": rows})
    session.answer({"do": "change", "changes": dict(pair.split("=") for pair in SLOW.split("&"))})
    began = time.monotonic()
    session.answer({"do": "step", "unit": "epoch"})
    assert session.playing and 0 < session.run.position < 2970 and session.run.epoch == 0
    session.answer({"do": "play", "on": False})
    assert not session.playing
    session.answer({"do": "pace", "unit": "epoch", "speed": 2})
    session.answer({"do": "play", "on": True})
    session.turn(0.01)
    session.answer({"do": "play", "on": False})
    assert session.run.epoch == 0 and time.monotonic() - began < 1  # an epoch takes seconds
    session.answer({"do": "step", "unit": "epoch"})
    while session.playing:
        session.turn(0.5)
    assert (session.run.epoch, session.run.position) == (1, 0)


def test_a_step_ends_where_it_should_and_learning_goes_on_at_its_speed(parts):
    session = parts.PlaygroundSession()
    for unit, samples in (("sample", 1), ("batch", 10), ("epoch", 250)):
        session.answer({"do": "step", "unit": unit})
        assert (session.run.samples_seen, session.playing) == (samples, False)
    session.answer({"do": "pace", "unit": "batch", "speed": 10})
    session.answer({"do": "play", "on": True})
    assert 0.05 < session.turn(0.01) <= 0.1 and session.run.samples_seen == 260 and session.playing
    session.answer({"do": "pace", "unit": "batch", "speed": 0})
    assert session.turn(0.01) == 0 and session.run.samples_seen > 270 and session.playing
