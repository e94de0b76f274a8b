"""What the page asks of its session, beyond what the page's own tests do."""


def test_other_settings_change_and_own_data_stays(parts):
    session = parts.PlaygroundSession()
    rows = [[1, 2, "red, dark"], [-1, 3, "blue & green"], [2, 2, "red, dark"], [3, -2, "blue & green"]]
    session.answer({"do": "own", "problem": "classification", "data": rows})
    own = session.run.settings.own
    state = session.answer({"do": "change", "changes": {"networkShape": "3", "seed": "a + b"}})
    assert session.run.settings.own == own and own.class_names == ("blue & green", "red, dark")
    assert state["settings"]["hidden"] == [3] and state["settings"]["seed"] == "a + b"
