"""Training: it learns, it repeats to the bit, it says what is wrong, and leaves things as they were."""

import copy
import pickle
import subprocess
import sys
import types

import numpy as np
import pytest

import nn
import tinygrad_lite as tg


def blobs(count=200, seed=0):
    """Three clouds of points, a class each."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, count)
    centres = np.array([[0, 2], [2, -1], [-2, -1]])
    return (centres[y] + 0.5 * rng.standard_normal((count, 2))).astype(np.float32), y


def small_model(seed=0, **options):
    nn.set_random_seed(seed)
    model = nn.Sequential([nn.Dense(16, activation="relu", input_shape=(2,)), nn.Dropout(0.1), nn.Dense(3, "softmax")])
    model.compile(
        **{"loss": "sparse_categorical_crossentropy", "optimizer": nn.Adam(0.02), "metrics": ["accuracy"]} | options
    )
    return model


def test_fit_learns():
    x, y = blobs()
    model = small_model()
    history = model.fit(x, y, epochs=10, verbose=0, validation_data=blobs(seed=1))
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert history.epoch == list(range(10))
    assert history.history["val_accuracy"][-1] > 0.97
    loss, accuracy = model.evaluate(*blobs(seed=1), verbose=0)
    assert loss == pytest.approx(history.history["val_loss"][-1])
    assert accuracy == history.history["val_accuracy"][-1]
    assert (model.predict(x).argmax(axis=1) == y).mean() > 0.97


def test_a_seed_repeats_a_run_to_the_bit():
    x, y = blobs()
    runs = []
    for _ in range(2):
        model = small_model(seed=4)
        history = model.fit(x, y, epochs=3, batch_size=17, verbose=0, validation_split=0.2)
        runs.append((history.history, [w.tobytes() for w in model.get_weights()]))
    assert runs[0] == runs[1]


def test_another_seed_gives_another_run():
    x, y = blobs()
    assert small_model(1).fit(x, y, verbose=0).history != small_model(2).fit(x, y, verbose=0).history


def test_validation_split_takes_the_last_samples_before_shuffling():
    x, y = blobs(100)
    y[80:] = 0
    seen = []

    class Spy(nn.Sequential):
        def train_step(self, x, y, sample_weight=None):
            seen.extend(map(tuple, x))
            return super().train_step(x, y, sample_weight)

    nn.set_random_seed(0)
    model = Spy([nn.Dense(3, "softmax", input_shape=(2,))])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0, validation_split=0.2)
    assert sorted(seen) == sorted(map(tuple, x[:80]))


def test_without_shuffle_samples_come_in_order():
    seen = []

    class Spy(nn.Sequential):
        def train_step(self, x, y, sample_weight=None):
            seen.append(y.tolist())
            return super().train_step(x, y, sample_weight)

    model = Spy([nn.Dense(1, input_shape=(1,))])
    model.compile("sgd", "mse")
    model.fit(np.arange(5.0)[:, None], np.arange(5.0)[:, None], batch_size=2, shuffle=False, verbose=0)
    assert seen == [[[0.0], [1.0]], [[2.0], [3.0]], [[4.0]]]


def test_the_epochs_loss_counts_a_short_last_batch_by_its_samples():
    model = nn.Sequential([nn.Dense(1, kernel_initializer="zeros", input_shape=(1,))])
    model.compile(nn.SGD(0.0), "mse")
    y = np.array([[1.0], [1.0], [4.0]])
    assert model.fit(np.ones((3, 1)), y, batch_size=2, verbose=0, shuffle=False).history["loss"] == [6.0]


def test_a_float32_training_step_contains_no_float64(monkeypatch):
    """Neither forwards nor in a cotangent on its way back, even for data given in float64."""
    engine, walk = (sys.modules[f"tinygrad_lite.{name}"] for name in ("primitive", "backprop"))
    seen = set()
    make_result, fit_cotangent = engine._result, walk._fit

    def result(kind, data, *rest):
        seen.add(data.dtype)
        return make_result(kind, data, *rest)

    def fitted(r, data):
        seen.add(r.dtype)
        return fit_cotangent(r, data)

    x, y = blobs()
    model = small_model()
    monkeypatch.setattr(engine, "_result", result)
    monkeypatch.setattr(walk, "_fit", fitted)
    model.fit(x.astype(np.float64), y, verbose=0)
    assert seen == {np.dtype(np.float32)}


def test_training_mode_is_on_during_fit_only():
    modes = []

    class Spy(nn.Callback):
        def on_train_batch_end(self, batch, logs):
            modes.append(self.model.layers[1].training)

        def on_epoch_end(self, epoch, logs):
            modes.append(self.model.layers[1].training)

    model = small_model()
    model.fit(*blobs(20), batch_size=20, verbose=0, callbacks=[Spy()])
    assert modes == [True, False]
    assert not model.training


def test_callbacks_hear_everything_in_order_and_can_stop():
    heard = []

    class Listener(nn.Callback):
        def on_train_begin(self, logs):
            heard.append("train begin")

        def on_train_end(self, logs):
            heard.append("train end")

        def on_epoch_begin(self, epoch, logs):
            heard.append(f"epoch {epoch} begin")

        def on_epoch_end(self, epoch, logs):
            assert "val_loss" in logs
            heard.append(f"epoch {epoch} end")
            self.model.stop_training = True

        def on_train_batch_begin(self, batch, logs):
            heard.append(f"batch {batch} begin")

        def on_train_batch_end(self, batch, logs):
            assert "loss" in logs
            heard.append(f"batch {batch} end")

    model = small_model()
    history = model.fit(*blobs(40), epochs=5, verbose=0, callbacks=[Listener()], validation_data=blobs(10))
    assert heard == [
        "train begin",
        "epoch 0 begin",
        "batch 0 begin",
        "batch 0 end",
        "batch 1 begin",
        "batch 1 end",
        "epoch 0 end",
        "train end",
    ]
    assert history.epoch == [0]


def test_gradients_are_shown_before_the_update_which_can_be_left_out():
    model, seen = small_model(), []

    class Careful(nn.Callback):
        def on_gradients(self, batch, loss):
            seen.append((batch, loss.item() > 0, all(w.grad is not None for w in self.model.trainable_weights)))
            assert len(self.model.batch[0]) == 10
            self.model.stop_training = batch == 2
            self.before = [w.tobytes() for w in self.model.get_weights()]

    careful = Careful()
    model.fit(*blobs(50), batch_size=10, verbose=0, callbacks=[careful])
    assert seen == [(0, True, True), (1, True, True), (2, True, True)]
    assert [w.tobytes() for w in model.get_weights()] == careful.before
    assert model.optimizer.iterations == 2
    assert model.batch is None


def test_judging_and_predicting_tell_callbacks_too():
    heard = []

    class Listener(nn.Callback):
        def __getattribute__(self, name):
            if name.startswith("on_") and "train" not in name and "epoch" not in name and "gradients" not in name:
                heard.append(name)
            return super().__getattribute__(name)

    model, (x, y) = small_model(), blobs(10)
    model.evaluate(x, y, batch_size=5, verbose=0, callbacks=[Listener()])
    batch = ["on_test_batch_begin", "on_test_batch_end"]
    assert heard == (test := ["on_test_begin", *batch, *batch, "on_test_end"])
    heard.clear()
    model.predict(x, callbacks=[Listener()])
    assert heard == ["on_predict_begin", "on_predict_batch_begin", "on_predict_batch_end", "on_predict_end"]
    heard.clear()
    model.fit(x, y, verbose=0, validation_data=(x, y), validation_batch_size=5, callbacks=[Listener()])
    assert heard == test


def test_a_step_of_your_own_needs_no_loss_and_no_targets():
    class Denoiser(nn.Sequential):
        def train_step(self, x, y=None, sample_weight=None):
            loss = nn.losses.mean_squared_error(x, self(x + np.float32(0.1)))
            self.update_weights(loss)
            errors.append(loss.item())
            return self.track(len(x), error=loss.item()) | {"last": loss.item()}

    errors = []
    model = Denoiser([nn.Dense(2, input_shape=(2,))])
    model.compile("adam")
    history = model.fit(blobs(40)[0], epochs=1, verbose=0)
    assert history.history == {"error": [pytest.approx(np.average(errors, weights=[32, 8]))], "last": errors[-1:]}
    assert model.fit(blobs(40)[0], epochs=2, verbose=0).history["error"][0] < history.history["error"][0]


def test_a_loss_of_the_model_s_own():
    class Penalised(nn.Sequential):
        def compute_loss(self, x, y, y_pred, sample_weight=None):
            return super().compute_loss(x, y, y_pred) + 0.1 * tg.square(self.layers[0].kernel).sum()

    nn.set_random_seed(0)
    model = Penalised([nn.Dense(1, use_bias=False, input_shape=(2,))])
    model.compile(nn.SGD(0.1), "mse")
    x = np.eye(2, dtype=np.float32)
    model.fit(x, [[1.0], [2.0]], epochs=300, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0].reshape(-1), np.array([1.0, 2.0]) / 1.2, rtol=1e-5)
    loss = model.evaluate(x, [[1.0], [2.0]], verbose=0)
    assert loss == pytest.approx(0.5 * (1 / 36 + 4 / 36) + 0.1 * (5 / 1.44), rel=1e-5)


def test_epochs_may_begin_later_and_be_judged_now_and_then():
    model, (x, y) = small_model(), blobs(20)
    history = model.fit(x, y, epochs=7, initial_epoch=3, verbose=0, validation_data=(x, y), validation_freq=2)
    assert history.epoch == [3, 4, 5, 6]
    assert len(history.history["val_loss"]) == 2


def test_a_copy_made_while_training_is_a_model_of_its_own():
    model, copies = small_model(), []

    class Copying(nn.Callback):
        def on_train_batch_end(self, batch, logs):
            copies.append(copy.deepcopy(self.model))

    model.fit(*blobs(20), verbose=0, callbacks=[Copying()])
    assert copies[0].batch is None and copies[0]._training is None
    assert [w.tobytes() for w in copies[0].get_weights()] == [w.tobytes() for w in model.get_weights()]
    copies[0].fit(*blobs(20), verbose=0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda m, x, y: m.fit(x, y[:-1]), ValueError, "x has 200 samples, y has 199"),
        (lambda m, x, y: m.fit(x), ValueError, "y is missing"),
        (lambda m, x, y: m.fit(x[:0], y[:0]), ValueError, "at least one sample"),
        (lambda m, x, y: m.fit(list("abc"), y), TypeError, "must be an array of numbers, given list"),
        (lambda m, x, y: m.fit(x, y, batch_size=0), ValueError, "batch_size must be a whole number"),
        (
            lambda m, x, y: m.fit(x, y, validation_split=1.5),
            ValueError,
            "validation_split must be .* given 1.5",
        ),
        (lambda m, x, y: m.fit(x, y, callbacks=[print]), TypeError, r"must be nn.Callback objects"),
        (
            lambda m, x, y: m.fit(x, y, callbacks=[nn.EarlyStopping]),
            TypeError,
            r"given the class EarlyStopping, not an object of it: write EarlyStopping\(",
        ),
        (lambda m, x, y: m.fit(x, y, callbacks=["EarlyStopping"]), TypeError, "given str 'EarlyStopping'"),
        (
            lambda m, x, y: m.fit(x, y, callbacks=[blobs]),
            TypeError,
            r"given the function blobs: write nn.LambdaCallback\(on_epoch_end=blobs\)",
        ),
        (
            lambda m, x, y: m.fit(nn.Dataset.from_arrays(x, y).batch(8), validation_split=0.2),
            ValueError,
            "validation_split keeps the last share of arrays, but x gives batches: give validation_data",
        ),
        (
            lambda m, x, y: m.fit(x, np.eye(3)[y], verbose=0),
            ValueError,
            "they must be equal. For one-hot rows use categorical_crossentropy",
        ),
        (lambda m, x, y: m.fit(x[:, :1], y, verbose=0), ValueError, "as long as the first of the kernel"),
        (lambda m, x, y: m.fit(x, y + 5, verbose=0), ValueError, "is none of the 3 classes"),
        (lambda m, x, y: m.compile("adamm", "mse"), ValueError, "no optimizer named 'adamm'. Did you mean 'adam'"),
        (lambda m, x, y: m.compile("adam", "mean"), ValueError, "no loss named 'mean'"),
        (
            lambda m, x, y: m.compile("adam", "mse", ["acuracy"]),
            ValueError,
            "no metric named 'acuracy'. Did you mean 'accuracy'",
        ),
        (lambda m, x, y: m.fit(x, y, batch_size=2.5), TypeError, "batch_size must be .*, given float 2.5"),
        (lambda m, x, y: m.fit(x, y, epochs=-1), ValueError, "epochs must be a whole number of at least 0, given -1"),
        (lambda m, x, y: m.fit(x, y, epochs="3"), TypeError, "epochs must be a whole number .* given str '3'"),
        (lambda m, x, y: m.fit(x, y, callbacks=nn.Callback()), TypeError, "callbacks must be a list of nn.Callback"),
        (lambda m, x, y: m.fit(x, y, validation_data=x), TypeError, r"must be a tuple \(x, y\), or .*, given ndarray"),
        (lambda m, x, y: m.fit(x, y, validation_data=(x,) * 4), ValueError, r"tuple \(x, y\) or .*given 4 things"),
        (lambda m, x, y: m.predict(x[0]), ValueError, r"given \(2,\): one sample is x\[None\]"),
        (lambda m, x, y: m.compile(nn.SGD, "mse"), TypeError, r"optimizer is given the class SGD.*write SGD\("),
        (lambda m, x, y: m.compile("sgd", nn.losses.Hinge), TypeError, r"loss is given the class Hinge"),
        (lambda m, x, y: m.compile("sgd", "mse", {"a": "mse"}), TypeError, "metric must be a name like .* given dict"),
        (lambda m, x, y: m.compile("sgd", "mse", ["mae", "mae"]), ValueError, "two results would be named 'mae'"),
        (lambda m, x, y: nn.Sequential([nn.Dense(1)]).fit(x, y), RuntimeError, r"call compile\("),
        (lambda m, x, y: m.predict(np.float32(3)), ValueError, "at least one sample"),
    ],
)
def test_bad_input_says_what_to_write_and_changes_nothing(call, error, words):
    model = small_model()
    compiled = (model.optimizer, model.loss, model._objective)
    before = [w.tobytes() for w in model.get_weights()]
    with pytest.raises(error, match=words):
        call(model, *blobs())
    assert [w.tobytes() for w in model.get_weights()] == before
    assert (model.optimizer, model.loss, model._objective) == compiled
    assert not model.training
    assert all(w.grad is None for w in model.weights)


def test_metrics_that_go_with_the_loss():
    y, p = np.array([0, 2]), np.array([[0.9, 0.1, 0.0], [0.6, 0.3, 0.1]])
    for loss, y_true in (("sparse_categorical_crossentropy", y), ("categorical_crossentropy", nn.one_hot(y, 3))):
        metric = nn.metrics.get("accuracy", nn.losses.get(loss))
        metric.update_state(y_true, p)
        assert (metric.name, metric.result()) == ("accuracy", 0.5)
    yes, p = np.array([[1], [0], [1]]), np.array([[0.7], [0.6], [0.9]])
    logits = np.array([[0.3], [0.1], [0.2]])
    for loss, y_pred in (
        (nn.losses.binary_crossentropy, p),
        (nn.losses.mean_squared_error, p),  # one number a sample: its shape says that it is binary
        (nn.losses.BinaryCrossentropy(from_logits=True), logits),  # a logit above 0 is a yes
        (nn.losses.hinge, logits),
    ):
        for y_true in (yes, yes[:, 0]):
            metric = nn.metrics.get("accuracy", loss)
            metric.update_state(y_true, y_pred)
            assert metric.result() == pytest.approx(2 / 3)


def test_accuracy_goes_by_the_shapes_where_the_loss_is_your_own():
    p = np.array([[0.9, 0.1, 0.0], [0.6, 0.3, 0.1]])
    for y in (np.array([0, 2]), np.array([[0], [2]]), nn.one_hot([0, 2], 3)):
        metric = nn.metrics.get("accuracy", lambda y, p: p.mean())
        metric.update_state(y, p)
        assert metric.result() == 0.5


@pytest.mark.parametrize("name", nn.metrics.METRICS)
def test_a_metric_never_broadcasts(name):
    metric = nn.metrics.get(name)
    with pytest.raises(ValueError, match=r"y_true has the shape \(3, 1, 1\)"):
        metric.update_state(np.zeros((3, 1, 1)), np.zeros((3, 3)))
    assert np.isnan(metric.result())


def test_targets_of_shape_n_go_with_one_output_a_sample():
    x, y = blobs(40)
    runs = []
    for targets in (y, y[:, None]):
        nn.set_random_seed(0)
        model = nn.Sequential([nn.Dense(1)])
        model.compile("sgd", "mse", ["mae"])
        history = model.fit(x, targets, verbose=0, validation_data=(x, targets))
        runs.append((history.history, model.get_weights()[0].tobytes()))
    assert runs[0] == runs[1]


def test_a_loss_for_each_sample_counts_by_its_mean():
    x, y = blobs(40)
    runs = []
    for loss in (lambda y, p: tg.square(p - y[:, None]).mean(axis=-1), lambda y, p: tg.square(p - y[:, None]).mean()):
        nn.set_random_seed(0)
        model = nn.Sequential([nn.Dense(1)])
        model.compile("sgd", loss)
        runs.append((model.fit(x, y, verbose=0).history["loss"][0], model.evaluate(x, y, verbose=0)))
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-6)
    model.compile("sgd", lambda y, p: 1.0)
    with pytest.raises(TypeError, match="must give a Tensor computed from y_pred, this one gave float"):
        model.fit(x, y, verbose=0)


def test_gradients_from_before_are_not_added_to():
    x, y = blobs(30)
    weights = []
    for before in (False, True):
        model = small_model()
        if before:
            nn.losses.sparse_categorical_crossentropy(y, model(x)).backward()
        nn.set_random_seed(1)
        model.fit(x, y, verbose=0)
        weights.append([w.tobytes() for w in model.get_weights()])
    assert weights[0] == weights[1]


def test_an_interrupt_leaves_no_gradients_and_no_training_mode():
    class Interrupted(nn.SGD):
        def update(self, *rest):
            raise KeyboardInterrupt

    model = small_model(optimizer=Interrupted())
    with pytest.raises(KeyboardInterrupt):
        model.fit(*blobs(), verbose=0)
    assert all(w.grad is None for w in model.weights)
    assert not any(module.training for module in model.modules())


def test_with_every_weight_frozen_there_is_nothing_to_train():
    model = small_model()
    for weight in model.weights:
        weight.requires_grad = False
    with pytest.raises(RuntimeError, match="nothing to train: no weight of the model has requires_grad=True"):
        model.fit(*blobs(), verbose=0)


def test_a_frozen_weight_stays():
    model = small_model()
    model.layers[0].kernel.requires_grad = False
    before = model.get_weights()
    model.fit(*blobs(), verbose=0)
    assert [bool((a == b).all()) for a, b in zip(before, model.get_weights(), strict=True)] == [True] + 3 * [False]


def test_what_is_made_in_the_first_training_batch_trains():
    class Net(nn.Model):
        def build(self, input_shape):
            self.drop, self.out = nn.Dropout(0.5), nn.Dense(1)

        def call(self, x):
            modes.append(self.drop.training)
            return self.out(self.drop(x))

    modes = []
    model = Net()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    model.predict(np.ones((4, 2)))
    assert modes == [True, False]


def test_judging_leaves_each_layer_in_its_mode():
    model = small_model().train()
    model.layers[1].eval()
    model.predict(blobs()[0])
    model.evaluate(*blobs(), verbose=0)
    assert [module.training for module in model.modules()] == [True, True, False, True]


def test_no_epochs_no_history():
    model = small_model()
    assert model.fit(*blobs(), epochs=0, verbose=0, callbacks=None).history == {}
    assert not model.training


def test_whole_numbers_may_come_into_a_dropout():
    model = nn.Sequential([nn.Dropout(0.5), nn.Dense(1)])
    model.compile("sgd", "mse", metrics=None)
    model.fit(np.ones((4, 2), np.uint8), np.ones(4), verbose=0)
    assert nn.Dropout(0.5).train()(np.ones(3, int)).dtype == np.float32


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_in_the_middle_of_training_goes_on_to_the_same_bit(copied):
    model = small_model()
    model.fit(*blobs(), verbose=0)
    other = copied(model)
    for each in (model, other):
        nn.set_random_seed(3)
        each.fit(*blobs(), verbose=0)
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in other.get_weights()]


@pytest.mark.parametrize(
    ("validation", "words"),
    [
        ((np.ones((3, 5)), np.zeros(3)), "as long as the first of the kernel"),
        ((np.ones((3, 2)), np.full(3, 7)), "label 7 .* is none of the 3 classes"),
    ],
)
def test_validation_data_that_does_not_fit_is_noticed_before_the_training(validation, words):
    model = small_model()
    before = [w.tobytes() for w in model.get_weights()]
    with pytest.raises(ValueError, match=words):
        model.fit(*blobs(), verbose=0, validation_data=validation)
    assert [w.tobytes() for w in model.get_weights()] == before


def test_a_model_without_weights_yet_is_built_for_the_training_data():
    model = nn.Sequential([nn.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"\(1, 5\).* float32\(2, 3\)"):
        model.fit(*blobs(), verbose=0, validation_data=(np.ones((3, 5)), np.zeros(3)))


def test_progress_in_a_log_file_is_one_line_an_epoch(capsys):
    small_model().fit(*blobs(64), epochs=2, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/2"
    assert lines[1].startswith("2/2 ━━━━━━━━━━━━━━━━━━━━ 0s ")
    assert "/step - accuracy: 0." in lines[1]
    assert " - loss: " in lines[1]
    assert len(lines) == 4


def test_progress_on_a_terminal_moves_and_ends_like_keras(monkeypatch, capsys):
    monkeypatch.setattr("nn.progress._somebody_watches", lambda: True)
    monkeypatch.setattr("nn.progress._REDRAW_SECONDS", 0.0)
    small_model().fit(*blobs(64), epochs=1, verbose=1)
    out = capsys.readouterr().out
    drawn = [line for line in out.replace("\n", "\r").split("\r") if "/2 " in line]
    assert drawn[0].startswith("0/2 ")
    assert any(line.startswith("1/2 ━━━━━━━━━━ ") for line in drawn)
    assert drawn[-1].startswith("2/2 ━━━━━━━━━━━━━━━━━━━━ 0s ")
    assert " - loss: " in drawn[-1]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals to try this on")
@pytest.mark.parametrize(("rows", "columns"), [(40, 150), (40, 60), (0, 80)])
def test_progress_on_a_real_terminal_ends_with_all_its_numbers(rows, columns):
    """Also on a narrow one, and on one that does not say its height."""
    import fcntl
    import os
    import pty
    import struct
    import termios

    program = """
import nn, numpy as np
model = nn.Sequential([nn.Dense(1)])
model.compile("sgd", "mse", ["mae"])
model.fit(np.ones((64, 2)), np.ones((64, 1)), validation_split=0.5)
"""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    done = subprocess.run([sys.executable, "-c", program], stdout=theirs, stderr=subprocess.PIPE, check=False)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:
        pass  # how Linux says that the other end is closed
    os.close(ours)
    assert done.returncode == 0, done.stderr
    lines = shown.decode().replace("\n", "\r").split("\r")
    assert any(line.startswith("0/1 ") for line in lines)
    last = [line for line in lines if line.strip()][-1]
    assert last.startswith("1/1 ━━━━━━━━━━━━━━━━━━━━ ")
    assert [words.split(":")[0] for words in last.split(" - ")[1:]] == ["loss", "mae", "val_loss", "val_mae"]


def test_progress_in_a_notebook_is_one_line_that_changes(monkeypatch, capsys):
    shown = []

    class Handle:
        def update(self, data, raw):
            assert raw
            shown[-1].append(data["text/plain"])

    def display(data, raw, display_id):
        assert raw and display_id
        shown.append([data["text/plain"]])
        return Handle()

    fake = types.ModuleType("IPython.display")
    fake.display = display
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    small_model().fit(*blobs(64), epochs=2, verbose=1)
    assert len(shown) == 2
    for states in shown:
        assert states[1] == "0/2"
        assert states[-1].startswith("2/2 ━━━━━━━━━━━━━━━━━━━━ 0s ")
        assert " - loss: " in states[-1]
    assert capsys.readouterr().out.split("\n") == ["Epoch 1/2", "Epoch 2/2", ""]


def test_silent_is_silent(capsys):
    small_model().fit(*blobs(64), verbose=0)
    assert capsys.readouterr().out == ""


def test_without_tqdm_training_goes_on(monkeypatch, capsys):
    monkeypatch.setattr("nn.progress._somebody_watches", lambda: True)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    small_model().fit(*blobs(64), verbose=1)
    assert capsys.readouterr().out.splitlines()[1].startswith("2/2 ━━━")


def test_random_state_belongs_to_the_thread():
    from concurrent.futures import ThreadPoolExecutor

    def draw(_):
        nn.set_random_seed(9)
        return [nn.random_generator().random() for _ in range(100)]

    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(draw, range(8)))
    assert all(run == runs[0] for run in runs)


def test_a_model_by_hand_in_the_words_of_autograd():
    """No compile, no fit: backward() and an optimizer."""
    x, y = blobs()
    model, optimizer = small_model(), nn.SGD(0.5)
    losses = []
    for _ in range(30):
        loss = nn.losses.sparse_categorical_crossentropy(y, model(x))
        loss.backward()
        weights = model.trainable_weights
        optimizer.apply([w.grad for w in weights], weights)
        for w in weights:
            w.grad = None
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]


def test_import_does_not_need_the_extras():
    program = """
import sys
for name in ("tqdm", "matplotlib", "sklearn", "scipy", "PIL", "graphviz", "pygraphviz"):
    sys.modules[name] = None
import nn, numpy as np
model = nn.Sequential([nn.Dense(1)])
model.compile("sgd", "mse")
model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=1)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_gradients_do_not_pile_up_between_steps():
    model = small_model()
    model.fit(*blobs(64), verbose=0)
    assert all(w.grad is None for w in model.weights)
    assert isinstance(model(blobs(2)[0]), tg.Tensor)


@pytest.mark.parametrize("shared", [True, False])
def test_convolutions_are_trained_inside_threads_and_blas_is_left_as_it_was(shared):
    from threadpoolctl import threadpool_info

    def blas_threads():
        """Of the BLAS that NumPy multiplies with; SciPy, which another test may have loaded, brings one of its own."""
        return [
            library["num_threads"]
            for library in threadpool_info()
            if library["user_api"] == "blas" and "scipy.libs" not in library["filepath"]
        ]

    seen, before = [], blas_threads()

    class Look(nn.Callback):
        def on_train_batch_end(self, batch, logs):
            seen.append(set(blas_threads()))

    model = nn.Sequential([nn.Conv1D(1, 1, input_shape=(2, 1)), nn.Flatten(), nn.Dense(1)] if shared else [nn.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 2, 1) if shared else (4, 2))
    model.fit(x, np.ones((4, 1)), verbose=0, callbacks=[Look()])
    assert seen == [{1} if shared else set(before)]
    assert blas_threads() == before
    with pytest.raises(ValueError, match="x has 4 samples, y has 3"):
        model.fit(x, np.ones((3, 1)), verbose=0)
    assert blas_threads() == before


def test_an_embedding_may_come_first():
    model = nn.Sequential([nn.Embedding(10, 4, input_shape=(5,)), nn.Flatten(), nn.Dense(1)])
    assert model.count_params() == 40 + 21


@pytest.mark.parametrize("steps", [1, 2])
def test_validation_steps_count_for_validation_split_too(steps):
    judged = []
    counting = nn.LambdaCallback(on_test_batch_end=lambda batch, logs: judged.append(batch))
    model = nn.Sequential([nn.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((40, 2)), np.ones((40, 1))
    options = {"validation_split": 0.5, "validation_batch_size": 7, "validation_steps": steps}
    model.fit(x, y, verbose=0, callbacks=[counting], **options)
    assert judged == [*range(steps)]


def test_validation_split_of_what_gives_batches_says_what_to_write():
    model = nn.Sequential([nn.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"validation_split keeps the last share of arrays.*give validation_data"):
        model.fit(lambda: iter([(np.ones((4, 2)), np.ones((4, 1)))]), validation_split=0.5, verbose=0)


def test_callbacks_are_told_what_was_predicted():
    told = []
    model = nn.Sequential([nn.Flatten()])
    keeping = nn.LambdaCallback(on_predict_batch_end=lambda batch, logs: told.append(logs["outputs"]))
    model.predict(np.ones((5, 2)), batch_size=2, callbacks=[keeping])
    assert [outputs.shape for outputs in told] == [(2, 2), (2, 2), (1, 2)]


def test_each_callback_is_told_of_the_end_even_if_one_raises():
    told = []

    def fail(logs):
        raise ValueError("mine")

    model = nn.Sequential([nn.Dense(1)])
    model.compile("sgd", "mse")
    first, last = nn.LambdaCallback(on_train_end=fail), nn.LambdaCallback(on_train_end=lambda logs: told.append(logs))
    with pytest.raises(ValueError, match="mine"):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0, callbacks=[first, last])
    assert [*told[0]] == ["loss"]


def test_a_train_step_that_returns_nothing_is_told_what_to_return():
    class Silent(nn.Sequential):
        def train_step(self, x, y=None, sample_weight=None):
            self.update_weights(self.compute_loss(x, y, self(x)))

    model = Silent([nn.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match=r"train_step must return.*self\.track.*it gave NoneType"):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_sample_weights_that_would_make_the_loss_nan_are_refused(wrong):
    model = nn.Sequential([nn.Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(ValueError, match="sample_weight has nan or infinite numbers"):
        model.fit(np.ones((4, 2)), np.ones((4, 1)), sample_weight=[1, 1, 1, wrong], batch_size=1, verbose=0)
    with pytest.raises(ValueError, match="sample_weight of batch 0 has nan"):
        model.fit(lambda: [(np.ones((1, 2)), np.ones((1, 1)), np.array([wrong]))], verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m, x: m.evaluate(x, x, steps=0), "^steps must be"),
        (lambda m, x: m.predict(x, steps=0), "^steps must be"),
        (lambda m, x: m.fit(x, x, validation_data=(x, x), validation_steps=0), "^validation_steps must be"),
        (lambda m, x: m.fit(x, x, validation_split=0.5, validation_steps=0), "^validation_steps must be"),
        (lambda m, x: m.fit(x, x, steps_per_epoch=0), "^steps_per_epoch must be"),
        (lambda m, x: m.fit(x, x, epochs=2, validation_data=iter([])), "with validation_steps, or"),
        (lambda m, x: m.evaluate(nn.Dataset.from_arrays(x, x).repeat().batch(2)), "give steps$"),
    ],
)
def test_errors_call_the_number_of_batches_what_the_caller_called_it(call, words):
    model = nn.Sequential([nn.Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=words):
        call(model, np.ones((8, 2)))


def test_a_step_of_ones_own_without_a_way_to_be_judged_is_noticed_before_the_training():
    class Encoder(nn.Sequential):
        def train_step(self, x, y=None, sample_weight=None):
            self.update_weights(nn.losses.mean_squared_error(x, self(x)))
            return self.track(len(x))

    model = Encoder([nn.Dense(2)])
    model.compile("sgd")
    x = np.ones((8, 2))
    with pytest.raises(RuntimeError, match="Encoder has a train_step of its own and no loss: say in test_step"):
        model.fit(x, validation_data=(x,), verbose=0)
    assert model.optimizer.iterations == 0
