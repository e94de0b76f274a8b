"""Callbacks that watch one number decide as Keras's do, over many random trainings; and what they do otherwise."""

import inspect

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.callbacks.monitor import direction_of

rng = np.random.default_rng(3)


def runs(count, longest=25):
    """Random series of eighths, so that ties and exact differences occur."""
    return [(rng.integers(-8, 9, rng.integers(1, longest)) / 8).tolist() for _ in range(count)]


class Weights:
    """A model that is one number: the epoch that trained it last. It notes down what is done to it."""

    def __init__(self):
        self.epoch, self.stop_training, self.saved = None, False, []
        self.optimizer = nn.SGD(1.0)

    def get_weights(self):
        return [self.epoch]

    def set_weights(self, weights):
        (self.epoch,) = weights

    def save(self, path, **options):
        self.saved.append(("model", path, self.epoch))

    def save_weights(self, path, **options):
        self.saved.append(("weights", path, self.epoch))


def trained(callback, name, values, batches=0):
    """What becomes of the model, and the learning rates of its epochs; an epoch of value None has no validation."""
    model, rates = Weights(), []
    callback.params = {"validation_freq": 2 if None in values else 1}
    callback.set_model(model) if hasattr(callback, "set_model") else setattr(callback, "model", model)
    callback.on_train_begin({})
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch, {})
        for batch in range(batches):
            model.epoch = epoch, batch
            callback.on_train_batch_end(batch, {"loss": value})
        model.epoch = epoch
        callback.on_epoch_end(epoch, {"loss": epoch} | ({} if value is None else {name: value}))
        rates.append(model.optimizer.learning_rate)
        if model.stop_training:
            break
    callback.on_train_end({})
    return model.epoch, model.stop_training, model.saved, rates


def agree(capsys, name, values, ours, theirs, batches=0):
    results = []
    for callback in (ours, theirs):
        result = trained(callback, name, values, batches)
        results.append((*result, capsys.readouterr().out))
    assert results[0] == results[1], values


@pytest.mark.parametrize("name", ["val_loss", "val_accuracy"])
def test_early_stopping_decides_as_keras_does(keras, capsys, name):
    for values in runs(150):
        options = {
            "monitor": name,
            "mode": rng.choice(["min", "max"]) if name == "val_accuracy" else rng.choice(["min", "max", "auto"]),
            "min_delta": rng.choice([0, 0, 0.125, -0.25]),
            "patience": int(rng.integers(0, 5)),
            "baseline": rng.choice([None, None, -0.5, 0.25]),
            "restore_best_weights": bool(rng.integers(2)),
            "start_from_epoch": int(rng.choice([0, 0, 3])),
            "verbose": 1,
        }
        ours, theirs = nn.EarlyStopping(**options), keras.callbacks.EarlyStopping(**options)
        agree(capsys, name, values, ours, theirs)
        assert (ours.stopped_epoch, ours.wait, ours.best) == (theirs.stopped_epoch, theirs.wait, theirs.best)


def test_reduce_lr_on_plateau_decides_as_keras_does(keras, capsys):
    for values in runs(200):
        options = {
            "monitor": "val_loss",
            "factor": rng.choice([0.5, 0.25]),
            "patience": int(rng.integers(0, 4)),
            "mode": rng.choice(["min", "max", "auto"]),
            "min_delta": rng.choice([0.0, 0.125]),
            "cooldown": int(rng.integers(0, 4)),
            "min_lr": rng.choice([0, 0.0625, 0.125 + 0.0625]),
            "verbose": 1,
        }
        ours, theirs = nn.ReduceLROnPlateau(**options), keras.callbacks.ReduceLROnPlateau(**options)
        agree(capsys, "val_loss", values, ours, theirs)


def test_model_checkpoint_decides_as_keras_does(keras, capsys, tmp_path):
    for values in runs(200, longest=12):
        weights_only, freq = bool(rng.integers(2)), rng.choice(["epoch", 1, 2, 3, 7])
        freq = "epoch" if freq == "epoch" else int(freq)
        name = "val_loss" if freq == "epoch" else "loss"
        stem = rng.choice(["best", "a/{epoch:02d}", f"{{{name}:.2f}}", *(["{epoch}-{batch:03d}"] * (freq != "epoch"))])
        options = {
            "filepath": f"{tmp_path}/{stem}.{'weights.h5' if weights_only else 'keras'}",
            "monitor": name,
            "save_best_only": bool(rng.integers(2)),
            "save_weights_only": weights_only,
            "mode": rng.choice(["min", "max", "auto"]),
            "save_freq": freq,
            "initial_value_threshold": rng.choice([None, None, 0.25]),
            "verbose": 1,
        }
        ours, theirs = nn.ModelCheckpoint(**options), keras.callbacks.ModelCheckpoint(**options)
        theirs.set_model(Weights())
        theirs._set_monitor_op()  # Keras does it after an epoch: a batch to be compared before that is a TypeError
        agree(capsys, "val_loss", values, ours, theirs, batches=4)
        agree(capsys, "val_loss", values, ours, theirs, batches=4)  # the best is kept from one training to the next


def test_learning_rate_scheduler_does_what_keras_does(keras, capsys):
    schedules = (lambda epoch, rate: rate if epoch < 2 else rate * 0.5), (lambda epoch: 1 / (1 + epoch))
    for schedule in schedules:
        ours, theirs = nn.LearningRateScheduler(schedule, 1), keras.callbacks.LearningRateScheduler(schedule, 1)
        agree(capsys, "val_loss", [0.0] * 6, ours, theirs)


def test_the_callbacks_defaults_are_keras_s(keras):
    for name in ("EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint", "LearningRateScheduler", "CSVLogger"):
        theirs = inspect.signature(getattr(keras.callbacks, name)).parameters
        ours = inspect.signature(getattr(nn, name)).parameters
        theirs = {n: p.default for n, p in theirs.items() if p.kind is not p.VAR_KEYWORD}
        assert {n: p.default for n, p in ours.items()} == theirs, name


def test_which_way_is_better_is_told_by_the_name_as_keras_tells_it_by_the_metric(keras):
    options = {"num_classes": 3, "target_class_ids": [1]}
    options |= dict.fromkeys(("recall", "precision", "sensitivity", "specificity"), 0.5)
    told = 0
    for kind in [x for x in vars(keras.metrics).values() if isinstance(x, type) and issubclass(x, keras.Metric)]:
        needed = [p.name for p in inspect.signature(kind).parameters.values() if p.default is p.empty]
        if set(needed) <= set(options) and hasattr(metric := kind(**{n: options[n] for n in needed}), "_direction"):
            assert direction_of(f"val_{metric.name}") == {"up": 1, "down": -1}[metric._direction], metric.name
            told += 1
    assert told > 30


def test_nan_is_never_the_best():
    """In Keras a first nan stays the best for ever."""
    stop = nn.EarlyStopping(patience=3, restore_best_weights=True)
    nan = float("nan")
    assert trained(stop, "val_loss", [nan, 0.5, nan, 0.25, nan, nan, nan, 0.0])[:2] == (3, True)
    assert (stop.best, stop.best_epoch, stop.stopped_epoch) == (0.25, 3, 6)
    checkpoint = nn.ModelCheckpoint("best.keras", save_best_only=True)
    assert [epoch for _, _, epoch in trained(checkpoint, "val_loss", [nan, 0.5, nan, 0.25])[2]] == [1, 3]


def resumed(make, name, values, at):
    """The same training, killed after so many epochs: a new callback goes on from the state of the old one."""
    first, model = make(), Weights()
    first.model, first.params = model, {"validation_freq": 1}
    first.on_train_begin({})
    for epoch, value in enumerate(values[:at]):
        first.on_epoch_begin(epoch, {})
        model.epoch = epoch
        first.on_epoch_end(epoch, {name: value})
    second = make()
    second.model, second.params = model, {"validation_freq": 1}
    second.on_train_begin({})
    second.load_state_dict(first.state_dict())
    for epoch, value in enumerate(values[at:], at):
        if model.stop_training:
            break
        second.on_epoch_begin(epoch, {})
        model.epoch = epoch
        second.on_epoch_end(epoch, {name: value})
    second.on_train_end({})
    return model.epoch, model.stop_training, model.saved, model.optimizer.learning_rate, second.state_dict()


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.EarlyStopping(patience=3, restore_best_weights=True),
        lambda: nn.ReduceLROnPlateau(factor=0.5, patience=2, cooldown=2),
        lambda: nn.ModelCheckpoint("a.keras", save_best_only=True),
    ],
)
def test_a_resumed_training_goes_on_exactly(make):
    for values in runs(25, longest=15):
        whole = make()
        epoch, stopped, saved, rates = trained(whole, "val_loss", values)
        for at in range(len(rates) + 1):
            result = resumed(make, "val_loss", values, at)
            assert result == (epoch, stopped, saved, rates[-1], whole.state_dict()), (values, at)


def test_epochs_without_validation_do_not_count():
    none = None
    stop = nn.EarlyStopping(patience=2, restore_best_weights=True)
    assert trained(stop, "val_loss", [none, 0.5, none, 0.75, none, 1.0, none, 0.0])[:2] == (1, True)
    assert (stop.best_epoch, stop.stopped_epoch, stop.wait) == (1, 5, 2)
    plateau = nn.ReduceLROnPlateau(patience=2, factor=0.5)
    rates = trained(plateau, "val_loss", [none, 0.5, none, 0.75, none, 1.0, none])[3]
    assert rates == [1.0] * 5 + [0.5] * 2
    checkpoint = nn.ModelCheckpoint("{val_loss}.keras", save_best_only=True)
    saved = trained(checkpoint, "val_loss", [none, 0.5, none, 0.75, none, 0.25])[2]
    assert saved == [("model", "0.5.keras", 1), ("model", "0.25.keras", 5)]


def test_epochs_without_validation_in_a_training():
    stop = nn.EarlyStopping(monitor="val_loss", patience=3)
    model_of(stop, epochs=4, validation_data=(np.ones((2, 2)), np.ones((2, 1))), validation_freq=2)
    assert stop.best_epoch == 3
    with pytest.raises(ValueError, match=r"monitors 'val_acc', there are: 'loss', 'val_loss'$"):
        model_of(nn.EarlyStopping("val_acc"), validation_data=(np.ones((2, 2)), np.ones((2, 1))))


def model_of(callback, epochs=2, **options):
    model = nn.Sequential([nn.Dense(1, input_shape=(2,))])
    model.compile(nn.SGD(0.1), "mse")
    model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=epochs, verbose=0, callbacks=[callback], **options)
    return model


@pytest.mark.parametrize(
    "callback",
    [nn.EarlyStopping(), nn.ReduceLROnPlateau(), nn.ModelCheckpoint("a", "val_loss", 0, True, save_weights_only=True)],
    ids=lambda callback: type(callback).__name__,
)
def test_what_is_not_logged_is_an_error_that_lists_what_is(callback):
    with pytest.raises(ValueError, match=r"monitors 'val_loss', there are: 'loss'.* give fit validation_data"):
        model_of(callback)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nn.EarlyStopping("speed"), ValueError, "does 'speed' get better when it grows .* mode='max'"),
        (lambda: nn.EarlyStopping(mode="up"), ValueError, "no mode named 'up'.*auto, max, min"),
        (lambda: nn.EarlyStopping(patience=-1), ValueError, "patience must be a whole number of at least 0"),
        (lambda: nn.EarlyStopping(patience=1.5), TypeError, "patience must be a whole number"),
        (lambda: nn.EarlyStopping(min_delta="0"), TypeError, "min_delta must be a number, given str '0'"),
        (lambda: nn.EarlyStopping(baseline=float("nan")), ValueError, "baseline must be a number, given nan"),
        (lambda: nn.ReduceLROnPlateau(factor=1.0), ValueError, "factor must be a number, at least 0 and below 1"),
        (lambda: nn.ModelCheckpoint("a.keras", save_freq=0), ValueError, "save_freq must be"),
        (lambda: nn.ModelCheckpoint("a.keras", save_freq="batch"), TypeError, "save_freq must be"),
        (lambda: nn.ModelCheckpoint("{a.keras"), ValueError, "is no format"),
        (lambda: nn.ModelCheckpoint("{val_loss}.keras", save_freq=3), ValueError, "'val_loss' is known after an epoch"),
        (lambda: nn.ModelCheckpoint(3), TypeError, "PathLike"),
        (lambda: nn.LearningRateScheduler(0.1), TypeError, "schedule must be a function .* given float"),
    ],
)
def test_bad_arguments_are_refused_at_once(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_a_filepath_with_a_field_that_is_not_there_says_what_is():
    with pytest.raises(ValueError, match=r"asks for 'acc', there are: 'loss', 'epoch'"):
        model_of(nn.ModelCheckpoint("{acc}.safetensors", save_weights_only=True))


def test_the_best_model_is_in_the_file_and_the_run_goes_on_undisturbed(tmp_path):
    x = np.random.default_rng(0).standard_normal((24, 2)).astype(np.float32)
    batches, losses = [], []

    def fit(*callbacks):
        nn.set_random_seed(3)
        model = nn.Sequential([nn.Dense(4, "relu", input_shape=(2,)), nn.Dropout(0.5), nn.Dense(1)])
        model.compile("adam", "mse", ["mae"])
        model.fit(x, x[:, :1], batch_size=8, epochs=3, verbose=0, callbacks=list(callbacks))
        return model

    class Keep(nn.Callback):
        def on_train_batch_end(self, batch, logs):
            batches.append([w.copy() for w in self.model.get_weights()])

        def on_epoch_end(self, epoch, logs):
            losses.append(logs["loss"])

    each = nn.ModelCheckpoint(tmp_path / "{epoch}-{batch}", save_freq=2)
    best = nn.ModelCheckpoint(tmp_path / "best.keras", monitor="loss", save_best_only=True)
    model = fit(Keep(), each, best)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1-2", "2-1", "2-3", "3-2", "best.keras"]
    for weight, same in zip(model.get_weights(), fit().get_weights(), strict=True):
        np.testing.assert_array_equal(weight, same)
    loaded = nn.load_model(tmp_path / "2-1")
    for weight, then in zip(loaded.get_weights(), batches[3], strict=True):
        np.testing.assert_array_equal(weight, then)
    assert loaded.optimizer.iterations == 4
    best, end_of_its_epoch = nn.load_model(tmp_path / "best.keras"), batches[3 * int(np.argmin(losses)) + 2]
    for weight, then in zip(best.get_weights(), end_of_its_epoch, strict=True):
        np.testing.assert_array_equal(weight, then)


def test_of_a_function_that_is_fitted_the_weights_are_saved(tmp_path):
    slope = tg.tensor(0.0, requires_grad=True)

    def fit(**options):
        checkpoint = nn.ModelCheckpoint(tmp_path / "{epoch}", **options)
        nn.fit(lambda w, x: (w * x - 3) ** 2, slope, np.ones(4), epochs=2, verbose=0, callbacks=[checkpoint])

    with pytest.raises(TypeError, match="give it save_weights_only=True"):
        fit()
    assert slope.item() == 0
    fit(save_weights_only=True)
    assert [*nn.files.load(tmp_path / "2").values()] == [slope.item()]


def test_a_save_that_fails_is_not_the_best():
    checkpoint = nn.ModelCheckpoint("best.keras", monitor="loss", save_best_only=True)
    checkpoint.model = Weights()
    checkpoint.model.save = lambda path: (_ for _ in ()).throw(OSError("disk full"))
    with pytest.raises(OSError, match="disk full"):
        checkpoint.on_epoch_end(0, {"loss": 1.0})
    assert checkpoint.best is None


def test_the_best_weights_come_back():
    class Worse(nn.Callback):
        def on_epoch_end(self, epoch, logs):
            seen.append([w.copy() for w in self.model.get_weights()])
            logs["loss"] = [3.0, 1.0, 2.0, 2.0][epoch]

    seen = []
    nn.set_random_seed(2)
    model = nn.Sequential([nn.Dense(1, input_shape=(2,)), nn.BatchNormalization()])
    model.compile(nn.SGD(0.1), "mse")
    stop = nn.EarlyStopping("loss", patience=2, restore_best_weights=True)
    x = np.random.default_rng(0).standard_normal((8, 2))
    history = model.fit(x, x[:, :1], epochs=9, verbose=0, callbacks=[Worse(), stop])
    assert history.history["loss"] == [3.0, 1.0, 2.0, 2.0]
    for weight, best in zip(model.get_weights(), seen[1], strict=True):
        np.testing.assert_array_equal(weight, best)
    assert (seen[1][0] != seen[3][0]).any()


def test_the_history_knows_the_learning_rates():
    history = {}

    class Keep(nn.Callback):
        def on_epoch_end(self, epoch, logs):
            history[epoch] = logs["learning_rate"]

    class Flat(nn.Callback):
        def on_epoch_end(self, epoch, logs):
            logs["loss"] = 1.0

    model = nn.Sequential([nn.Dense(1, input_shape=(2,))])
    model.compile(nn.SGD(1.0), "mse")
    plateau = nn.ReduceLROnPlateau("loss", factor=0.5, patience=1)
    x = np.zeros((4, 2))
    got = model.fit(x, x[:, :1], epochs=4, verbose=0, callbacks=[Flat(), plateau, Keep()])
    assert got.history["learning_rate"] == [1.0, 1.0, 0.5, 0.25] == list(history.values())
    assert model.optimizer.learning_rate == 0.125


def test_the_best_weights_are_in_the_file(tmp_path):
    class Losses(nn.Callback):
        def on_epoch_end(self, epoch, logs):
            logs["loss"] = [3.0, 1.0, 2.0][epoch]
            seen.append([w.copy() for w in self.model.get_weights()])

    seen = []
    path = tmp_path / "runs" / "{epoch:02d}.safetensors"
    each = nn.ModelCheckpoint(path, monitor="loss", save_weights_only=True)
    best = nn.ModelCheckpoint(tmp_path / "best", monitor="loss", save_weights_only=True, save_best_only=True)
    model = nn.Sequential([nn.Dense(1, input_shape=(2,))])
    model.compile(nn.SGD(0.1), "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=3, verbose=0, callbacks=[Losses(), each, best])
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == [f"0{i}.safetensors" for i in (1, 2, 3)]
    for file, epoch in (("best", 1), ("runs/01.safetensors", 0), ("runs/03.safetensors", 2)):
        model.load_weights(tmp_path / file)
        for weight, then in zip(model.get_weights(), seen[epoch], strict=True):
            np.testing.assert_array_equal(weight, then)


@pytest.mark.parametrize("callback", [nn.ReduceLROnPlateau("loss"), nn.LearningRateScheduler(lambda epoch, rate: 0.1)])
def test_two_cannot_set_one_learning_rate(callback):
    model = Weights()
    model.optimizer.learning_rate = nn.schedules.CosineDecay(0.1, 10)
    callback.model = model
    with pytest.raises(TypeError, match=r"sets the learning rate, and so does the optimizer's schedule CosineDecay\("):
        callback.on_train_begin({})
