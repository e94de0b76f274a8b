"""What nn.TensorBoard writes, as TensorBoard reads it; and what happens without TensorBoard."""

import sys

import numpy as np
import pytest

import nn

x = np.random.default_rng(0).standard_normal((24, 3)).astype(np.float32)
y = x[:, :1]


@pytest.fixture
def read(tensorboard):
    """read(folder): {tag: [(step, value), ...]}, a histogram as its rows (left, right, count)."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    def events(folder):
        found = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
        tags = found.Tags()["tensors"]
        return {tag: [(e.step, make_ndarray(e.tensor_proto).tolist()) for e in found.Tensors(tag)] for tag in tags}

    return events


def trained(*callbacks, epochs=3, **options):
    nn.set_random_seed(4)
    model = nn.Sequential([nn.Dense(2, "relu", input_shape=(3,)), nn.Dense(1)])
    model.compile(nn.SGD(0.1), "mse", ["mae"])
    options = {"batch_size": 8, "verbose": 0} | options
    return model, model.fit(x, y, epochs=epochs, callbacks=list(callbacks), **options).history


def test_the_numbers_of_each_epoch_in_two_folders(tmp_path, read):
    slower = nn.LearningRateScheduler(lambda epoch, rate: 0.1 / (1 + epoch))
    _, history = trained(slower, nn.TensorBoard(tmp_path), validation_data=(x, y))
    train, validation = read(tmp_path / "train"), read(tmp_path / "validation")
    assert set(train) == {"epoch_loss", "epoch_mae", "epoch_learning_rate"}
    names = {"epoch_loss", "epoch_mae", "evaluation_loss_vs_iterations", "evaluation_mae_vs_iterations"}
    assert set(validation) == names
    for name in ("loss", "mae", "learning_rate"):
        assert train[f"epoch_{name}"] == list(enumerate(np.float32(history[name]).tolist()))
    for name in ("loss", "mae"):
        values = np.float32(history[f"val_{name}"]).tolist()
        assert validation[f"epoch_{name}"] == list(enumerate(values))
        assert validation[f"evaluation_{name}_vs_iterations"] == list(zip([3, 6, 9], values, strict=True))


def test_without_validation_there_is_no_folder_for_it(tmp_path, read):
    trained(nn.TensorBoard(str(tmp_path)))
    assert [path.name for path in tmp_path.iterdir()] == ["train"]


def test_the_learning_rate_of_a_schedule(tmp_path, read):
    model, _ = trained()
    schedule = nn.schedules.ExponentialDecay(0.5, decay_steps=3, decay_rate=0.5)
    model.compile(nn.SGD(schedule), "mse")
    model.fit(x, y, batch_size=8, epochs=2, verbose=0, callbacks=[nn.TensorBoard(tmp_path)])
    assert read(tmp_path / "train")["epoch_learning_rate"] == [(0, 0.25), (1, 0.125)]


@pytest.mark.parametrize(("update_freq", "steps"), [("batch", range(1, 7)), (1, range(1, 7)), (4, [4])])
def test_the_numbers_of_batches(tmp_path, read, update_freq, steps):
    class Keep(nn.Callback):
        def on_train_batch_end(self, batch, logs):
            means.append(np.float32(logs["loss"]).item())

    means = []
    trained(Keep(), nn.TensorBoard(tmp_path, update_freq=update_freq), epochs=2)
    assert read(tmp_path / "train")["batch_loss"] == [(step, means[step - 1]) for step in steps]


def test_how_weights_and_gradients_are_spread(tmp_path, read):
    class Keep(nn.Callback):
        def on_gradients(self, batch, loss):
            gradients.append({name: weight.grad.numpy().copy() for name, weight in self.model.named_weights()})

    gradients = []
    model, _ = trained(Keep(), nn.TensorBoard(tmp_path, histogram_freq=2))
    found = read(tmp_path / "train")
    for name, weight in model.named_weights():
        path = name.replace(".", "/")
        assert [step for step, _ in found[f"{path}/histogram"]] == [0, 2]
        rows = np.array(found[f"{path}/histogram"][1][1])
        counts, edges = np.histogram(weight.detach().numpy().astype(np.float64), 30)
        np.testing.assert_allclose(rows, np.stack([edges[:-1], edges[1:], counts], 1), rtol=1e-6)
        (first, rows), (second, _) = found[f"{path}/gradient"]
        assert (first, second) == (0, 2)
        assert np.array(rows)[:, 2].tolist() == np.histogram(gradients[0][name].astype(np.float64), 30)[0].tolist()


def test_nan_is_left_out_of_histograms_and_shown_in_numbers(tmp_path, read):
    from nn.callbacks.event_file import EventFile

    file = EventFile(str(tmp_path))
    file.histogram("some", np.array([1.0, np.nan, np.inf, 2.0]), 0)
    file.histogram("none", np.array([np.nan]), 0)
    file.scalar("nan", float("nan"), 3)
    file.close()
    found = read(tmp_path)
    assert np.array(found["some"][0][1])[:, 2].sum() == 2
    assert np.array(found["none"][0][1])[:, 2].sum() == 0
    assert str(found["nan"]) == "[(3, nan)]"


def test_how_fast_it_goes(tmp_path, read):
    trained(nn.TensorBoard(tmp_path, write_steps_per_second=True, update_freq=1), epochs=1)
    found = read(tmp_path / "train")
    assert found["epoch_steps_per_second"][0][1] > 0
    assert [step for step, _ in found["batch_steps_per_second"]] == [1, 2, 3]


def test_evaluate_alone(tmp_path, read):
    model, _ = trained(epochs=1)
    results = model.evaluate(x, y, verbose=0, callbacks=[nn.TensorBoard(tmp_path)])
    found = read(tmp_path / "validation")
    assert found["evaluation_loss_vs_iterations"] == [(3, pytest.approx(results[0]))]
    assert not (tmp_path / "train").exists()


@pytest.mark.parametrize("kept", [0, 3, 5])
def test_a_training_that_goes_on_is_shown_as_one(tmp_path, read, kept):
    """The first writes more after the state that the second goes on from; a stranger's file stays as it is."""
    first, second, whole = (nn.TensorBoard(tmp_path / name, update_freq=1) for name in ("a", "a", "whole"))
    states = []

    def run(board, batches, state=None):
        board.model = nn.Sequential([nn.Dense(1)])
        board.model.compile("sgd", "mse")
        board.on_train_begin({})
        if state is not None:
            board.load_state_dict(state)
        for batch in batches:
            if batch == kept:
                states.append(board.state_dict())
            board.on_train_batch_begin(batch, {})
            board.on_train_batch_end(batch, {"loss": batch / 4})
            if batch == 3:
                board.on_epoch_begin(0, {})
                board.on_epoch_end(0, {"loss": 1.0, "val_loss": 2.0})
        board.on_train_end({})

    run(whole, range(8))
    run(first, range(6))
    stranger = tmp_path / "a" / "train" / "events.out.tfevents.1"
    stranger.write_bytes(b"")
    run(second, range(kept, 8), states[1])
    for part in ("train", "validation"):
        assert read(tmp_path / "a" / part) == read(tmp_path / "whole" / part)
    assert stranger.exists()


@pytest.mark.parametrize("at", [3, 4, 6, 7])
def test_a_killed_training_and_the_rest_are_shown_as_one_that_was_not_killed(tmp_path, read, at):
    class Killed(Exception):
        pass

    class Kill(nn.Callback):
        batches = 0

        def on_train_batch_end(self, batch, logs):
            self.batches += 1
            if self.batches == at:
                raise Killed

    def run(name, *killer):
        board = nn.TensorBoard(tmp_path / name, histogram_freq=1, update_freq=1)
        trained(board, *killer, nn.BackupAndRestore(tmp_path / f"{name} state", save_freq=2), validation_data=(x, y))

    run("whole")
    with pytest.raises(Killed):
        run("killed", Kill())
    run("killed")
    for part in ("train", "validation"):
        assert read(tmp_path / "killed" / part) == read(tmp_path / "whole" / part)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"update_freq": "batches"}, TypeError, "update_freq must be a whole number"),
        ({"update_freq": 0}, ValueError, "update_freq must be a whole number"),
        ({"histogram_freq": -1}, ValueError, "histogram_freq must be a whole number"),
        ({"log_dir": 3}, TypeError, "PathLike"),
    ],
)
def test_bad_arguments_are_refused(tensorboard, options, error, words):
    with pytest.raises(error, match=words):
        nn.TensorBoard(**options)


def test_without_tensorboard_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(ImportError, match=r"pip install 'tinygrad_lite\[tensorboard\]'"):
        nn.TensorBoard()
