"""What callbacks are told, what they keep, and the table that CSVLogger writes."""

import csv

import numpy as np
import pytest

import nn
from nn.progress import Progress

x = np.linspace(-1, 1, 24, dtype=np.float32).reshape(12, 2)
y = x[:, :1]


def model_of(*callbacks, epochs=3, **options):
    nn.set_random_seed(4)
    model = nn.Sequential([nn.Dense(1, input_shape=(2,))])
    model.compile(nn.SGD(0.1), "mse", ["mae"])
    history = model.fit(x, y, batch_size=4, epochs=epochs, verbose=0, callbacks=list(callbacks), **options)
    return model, history


def test_lambda_callback_calls_its_functions_with_the_hooks_arguments():
    heard = []
    told = nn.LambdaCallback(
        on_train_begin=lambda logs: heard.append("begin"),
        on_epoch_begin=lambda epoch, logs: heard.append(epoch),
        on_train_batch_end=lambda batch, logs: heard.append((batch, sorted(logs))),
        on_epoch_end=None,
    )
    model_of(told, epochs=1)
    assert heard == ["begin", 0, *[(batch, ["loss", "mae"]) for batch in range(3)]]


def test_lambda_callback_refuses_what_is_no_hook_and_what_is_no_function():
    with pytest.raises(TypeError, match=r"no hook 'on_epoch_ends', there are: on_train_begin, .*on_gradients"):
        nn.LambdaCallback(on_epoch_ends=print)
    with pytest.raises(TypeError, match="no hook 'state_dict'"):
        nn.LambdaCallback(state_dict=dict)
    with pytest.raises(TypeError, match="on_epoch_end must be a function, given str"):
        nn.LambdaCallback(on_epoch_end="print")


def test_each_callback_has_its_name_in_nn_too():
    kinds = [x for x in vars(nn.callbacks).values() if isinstance(x, type) and issubclass(x, nn.Callback)]
    for kind in set(kinds) - {nn.callbacks.Monitor}:
        assert getattr(nn, kind.__name__) is kind
    assert len(kinds) >= 9


def test_the_history_goes_on_from_its_state():
    _, history = model_of()
    other = nn.History()
    other.load_state_dict(history.state_dict())
    other.on_epoch_end(3, {"loss": 0.5, "mae": 0.25})
    assert other.epoch == [0, 1, 2, 3]
    assert other.history["loss"] == [*history.history["loss"], 0.5]
    assert history.epoch == [0, 1, 2]  # not the same list


# CSVLogger

LOGS = [{"loss": 0.1 * i, "acc": float("nan") if i == 2 else 1 / 3, "val_loss": np.float32(0.3)} for i in range(4)]
WITHOUT_VALIDATION = [{"loss": 1e-9, "a,b": 2.0}, {"loss": float("inf"), "a,b": -1.0, "val_loss": 3.0}]


def log(callback, series, state=None, first=0, end=True):
    callback.on_train_begin({})
    if state is not None:
        callback.load_state_dict(state)
    try:
        for epoch, logs in enumerate(series, first):
            callback.on_epoch_end(epoch, dict(logs))
    finally:
        if end:
            callback.on_train_end({})


def table(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("series", [LOGS, WITHOUT_VALIDATION], ids=["validation", "none"])
def test_csv_logger_writes_what_keras_writes(keras, tmp_path, separator, series):
    files = []
    for module in (nn, keras.callbacks):
        path = tmp_path / module.__name__
        log(module.CSVLogger(path, separator), [{"loss": 7.0}])
        log(module.CSVLogger(path, separator), series)  # overwrites it
        log(module.CSVLogger(path, separator, append=True), series)
        files.append(path.read_bytes())
    assert files[0] == files[1]


def test_csv_logger_writes_at_once_and_exact_numbers(tmp_path):
    logger = nn.CSVLogger(tmp_path / "log.csv")
    log(logger, LOGS[:1], end=False)
    assert table(tmp_path / "log.csv") == [["epoch", "acc", "loss", "val_loss"], ["0", repr(1 / 3), "0.0", "0.3"]]
    logger.on_train_end({})


def test_csv_logger_overwrites_only_when_an_epoch_ended(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("precious")
    log(nn.CSVLogger(path), [])
    assert path.read_text() == "precious"


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("written_since", [0, 2])
def test_csv_logger_of_a_resumed_training_has_no_line_twice(tmp_path, append, written_since):
    whole, path = tmp_path / "whole.csv", tmp_path / "log.csv"
    for p in (whole, path):
        p.write_text("epoch,acc,loss,val_loss\r\n9,1,1,1" if append else "old")
    log(nn.CSVLogger(whole, append=append), LOGS)
    killed = nn.CSVLogger(path, append=append)
    log(killed, LOGS[:2], end=False)
    state = killed.state_dict()
    for epoch in range(2, 2 + written_since):
        killed.on_epoch_end(epoch, LOGS[epoch])
    killed.on_train_end({})
    log(nn.CSVLogger(path, append=append), [], state, first=2)
    assert len(table(path)) == 3 + append  # cut back at once
    log(nn.CSVLogger(path, append=append), LOGS[2:], state, first=2)
    assert path.read_bytes() == whole.read_bytes()


def test_csv_logger_resumed_before_the_first_line_overwrites(tmp_path):
    (tmp_path / "log.csv").write_text("old")
    killed = nn.CSVLogger(tmp_path / "log.csv")
    log(killed, [], end=False)
    state = killed.state_dict()
    killed.on_train_end({})
    log(nn.CSVLogger(tmp_path / "log.csv"), LOGS, state)
    assert len(table(tmp_path / "log.csv")) == 5


def test_csv_logger_says_what_it_cannot_write(tmp_path):
    path = tmp_path / "log.csv"
    for separator in ("", ",,", 3):
        with pytest.raises(ValueError, match="separator must be one character"):
            nn.CSVLogger(path, separator)
    with pytest.raises(FileNotFoundError):
        model_of(nn.CSVLogger(tmp_path / "nowhere" / "log.csv"))
    log(nn.CSVLogger(path), LOGS[:1])
    before = path.read_bytes()
    with pytest.raises(ValueError, match="has the columns epoch, acc, loss, val_loss, none for 'speed'"):
        log(nn.CSVLogger(path, append=True), [{"loss": 1.0, "speed": 3.0}])
    assert path.read_bytes() == before


def test_csv_logger_appends_in_the_file_s_own_order_of_columns(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("loss,epoch,acc,val_loss\n1,0,1,1")  # by hand, without a last newline
    log(nn.CSVLogger(path, append=True), [{"loss": 2.0, "acc": 3.0}], first=1)
    assert table(path) == [["loss", "epoch", "acc", "val_loss"], ["1", "0", "1", "1"], ["2.0", "1", "3.0", "NA"]]


def test_csv_logger_in_a_training(tmp_path):
    _, history = model_of(nn.CSVLogger(tmp_path / "log.csv"), validation_data=(x, y))
    head, *rows = table(tmp_path / "log.csv")
    assert [float(row[head.index("val_mae")]) for row in rows] == history.history["val_mae"]
    assert [int(row[0]) for row in rows] == history.epoch


# Progress


def shown(monkeypatch, capsys, live, steps, counts):
    monkeypatch.setattr("nn.progress._somebody_watches", lambda: live)
    monkeypatch.setattr("nn.progress._REDRAW_SECONDS", 0.0)
    progress = Progress()
    progress.params = {"epochs": len(counts), "steps": steps, "verbose": 1}
    progress.on_train_begin({})
    for epoch, count in enumerate(counts):
        progress.on_epoch_begin(epoch, {})
        for batch in range(count):
            progress.on_train_batch_end(batch, {"loss": 1.0})
        progress.on_epoch_end(epoch, {"loss": 1.0})
    progress.on_train_end({})
    lines = capsys.readouterr().out.replace("\n", "\r").split("\r")
    return [line.split("s ")[0].rstrip("0123456789 ") for line in lines if line.strip() and "Epoch" not in line]


def test_progress_counts_batches_that_nobody_knew_of(monkeypatch, capsys):
    full, half = "━" * 20, "━" * 10
    lines = shown(monkeypatch, capsys, True, None, [2, 2])
    first, second = lines[: lines.index(f"2/2 {full}") + 1], lines[lines.index(f"2/2 {full}") + 1 :]
    assert [line for line in first if line.startswith(("0/", "1/"))] == ["0/Unknown", "1/Unknown"]
    assert f"1/2 {half}" in second
    assert shown(monkeypatch, capsys, False, None, [2, 3]) == [f"2/2 {full}", f"3/3 {full}"]


def test_progress_of_an_epoch_that_was_ended_early_says_how_far_it_came(monkeypatch, capsys):
    assert shown(monkeypatch, capsys, False, 8, [2]) == [f"2/8 {'━' * 5}"]
