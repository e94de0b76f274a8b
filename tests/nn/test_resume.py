"""Training that was interrupted anywhere and goes on ends as training that was never interrupted: to the bit."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from benchmarks.faults.killed_training import killed

RNG = np.random.default_rng(5)
X = RNG.standard_normal((50, 4)).astype(np.float32)
Y = (X[:, 0] * X[:, 1] > 0).astype(np.int64)


class Killed(Exception):
    pass


class Killer(nn.Callback):
    """Ends training at a hook, as an error would; what is kept is kept before or after, as with a real kill."""

    def __init__(self, at, first):
        self.at, self.count, self.told_last = at, 0, not first

    def on_train_batch_end(self, batch, logs):
        self.strike()

    def on_epoch_end(self, epoch, logs):
        self.strike()

    def strike(self):
        self.count += 1
        if self.count == self.at:
            raise Killed


def network():
    nn.set_random_seed(1)
    np.random.seed(1)  # noqa: NPY002 - a user may draw from it
    return nn.Sequential(
        [
            nn.Dense(8, activation="relu"),
            nn.BatchNormalization(),
            nn.Dropout(0.3),
            nn.GaussianNoise(0.1),
            nn.Dense(2, "softmax"),
        ]
    )


def of_arrays():
    return {"x": X, "y": Y, "batch_size": 8}


def without_shuffle():
    return {"x": X, "y": Y, "batch_size": 8, "shuffle": False, "steps_per_epoch": 5}


def more_than_once_an_epoch():
    return {"x": X, "y": Y, "batch_size": 8, "steps_per_epoch": 9}


def batches():
    for start in range(0, 50, 8):
        yield X[start : start + 8], Y[start : start + 8]


def of_function():
    return {"x": batches}


def some():
    rows = np.random.randint(0, 50, 8)  # noqa: NPY002 - as users do
    return X[rows], Y[rows]


def random_batches():
    for _ in range(7):
        yield some()


def of_random_function():
    return {"x": random_batches}


def shuffled_batches():
    order = nn.random_generator().permutation(50)
    for start in range(0, 50, 8):
        yield X[order[start : start + 8]], Y[order[start : start + 8]]


def of_shuffling_function():
    return {"x": shuffled_batches}


def random_for_ever():
    while True:
        yield some()


def of_random_iterator():
    return {"x": random_for_ever(), "steps_per_epoch": 5}


def of_random_endless_function():
    return {"x": random_for_ever, "steps_per_epoch": 5}


def of_random_function_with_steps():
    return {"x": random_batches, "steps_per_epoch": 5}


def of_endless_iterator():
    def endless():
        while True:
            yield from batches()

    return {"x": endless(), "steps_per_epoch": 5}


class Sequence:
    def __len__(self):
        return 7

    def __getitem__(self, i):
        return X[i * 7 : i * 7 + 7], Y[i * 7 : i * 7 + 7]


def of_sequence():
    return {"x": Sequence()}


def of_part_of_a_sequence():
    return {"x": Sequence(), "steps_per_epoch": 5}


def of_a_sequence_more_than_once():
    return {"x": Sequence(), "steps_per_epoch": 9}


def of_a_sequence_in_order():
    return {"x": Sequence(), "steps_per_epoch": 5, "shuffle": False}


def jittered(x, y):
    return x + nn.random_generator().normal(0, 0.1, x.shape).astype(x.dtype), y


def of_dataset():
    data = nn.Dataset.from_arrays(X, Y).shuffle(seed=3).map(jittered, threads=2).batch(8).prefetch(2)
    return {"x": data}


def weighed():
    return {"x": X, "y": Y, "sample_weight": np.linspace(0, 1, 50), "class_weight": {0: 1.0, 1: 2.0}, "batch_size": 8}


OPTIMIZERS = {
    "sgd": lambda: nn.SGD(0.05, momentum=0.9),
    "adam": lambda: nn.Adam(nn.schedules.CosineDecay(0.01, 40), global_clipnorm=0.5),
    "averaged": lambda: nn.RMSprop(0.01, use_ema=True, ema_momentum=0.9, gradient_accumulation_steps=3),
}


def run(folder, data, optimizer="adam", save_freq="epoch", killer=None, log="log.csv"):
    model = network()
    model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = [
        nn.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True, start_from_epoch=3),
        nn.callbacks.CSVLogger(folder / log),
    ]
    if optimizer == "sgd":
        callbacks.append(nn.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=0, min_delta=1.0, cooldown=1))
    backup = nn.callbacks.BackupAndRestore(folder / "backup", save_freq)
    callbacks += [backup] if killer is None else [killer, backup] if not killer.told_last else [backup, killer]
    history = model.fit(**data(), epochs=5, verbose=0, validation_data=(X[:20], Y[:20]), callbacks=callbacks)
    assert not backup.path.exists()
    weights = [w.tobytes() for w in model.get_weights()]
    return weights, history.history, history.epoch, (folder / log).read_text(), nn.random_generator().random()


@pytest.mark.parametrize(
    ("data", "save_freq"),
    [
        (of_arrays, "epoch"),
        (of_arrays, 1),
        (without_shuffle, 3),
        (more_than_once_an_epoch, 3),
        (of_function, 3),
        (of_endless_iterator, 3),
        (of_random_function, 3),
        (of_shuffling_function, 3),
        (of_random_iterator, 3),
        (of_random_iterator, "epoch"),
        (of_random_endless_function, 3),
        (of_random_endless_function, "epoch"),
        (of_random_function_with_steps, 3),
        (of_sequence, 3),
        (of_part_of_a_sequence, 3),
        (of_a_sequence_more_than_once, 3),
        (of_a_sequence_in_order, 3),
        (of_dataset, 3),
        (of_dataset, "epoch"),
        (weighed, 3),
    ],
)
def test_a_run_that_is_killed_again_and_again_ends_as_one_that_was_not(tmp_path, data, save_freq):
    expected = run(tmp_path, data, save_freq=save_freq, log="expected.csv")
    assert len(expected[2]) >= 3
    rng = np.random.default_rng(2)
    for _ in range(4):
        with pytest.raises(Killed):
            run(tmp_path, data, save_freq=save_freq, killer=Killer(int(rng.integers(1, 11)), bool(rng.integers(2))))
    assert run(tmp_path, data, save_freq=save_freq) == expected


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("at", [1, 7, 8, 17])
@pytest.mark.parametrize("first", [False, True])
def test_whatever_the_optimizer_and_the_moment(tmp_path, optimizer, at, first):
    expected = run(tmp_path, of_arrays, optimizer, save_freq=2, log="expected.csv")
    with pytest.raises(Killed):
        run(tmp_path, of_arrays, optimizer, 2, Killer(at, first))
    assert run(tmp_path, of_arrays, optimizer, save_freq=2) == expected


def test_a_function_of_tensors_goes_on_too(tmp_path):
    def fitted(folder, killer=None):
        nn.set_random_seed(2)
        p = {
            "w": tg.tensor(nn.random_generator().standard_normal(4), requires_grad=True),
            "b": [tg.zeros((), requires_grad=True)],
        }
        history = nn.fit(
            lambda p, x, y: (tg.square(x @ p["w"] + p["b"][0] - y), {"b": p["b"][0]}),
            *(p, X, Y),
            epochs=3,
            verbose=0,
            callbacks=[nn.callbacks.BackupAndRestore(folder, 1), *([killer] if killer else [])],
        )
        return p["w"].tolist(), p["b"][0].item(), history.history

    expected = fitted(tmp_path / "a")
    with pytest.raises(Killed):
        fitted(tmp_path / "b", Killer(4, False))
    assert fitted(tmp_path / "b") == expected


def kept(tmp_path):
    with pytest.raises(Killed):
        run(tmp_path, of_arrays, save_freq=1, killer=Killer(10, False))


def other_units(model):
    model.layers[0].units = 9


@pytest.mark.parametrize(
    ("change", "data", "optimizer", "words"),
    [
        (lambda model: None, without_shuffle, "adam", "an epoch has 5 batches, in what was kept it has 7"),
        (lambda model: None, of_arrays, "averaged", "RMSprop|Adam"),
        (other_units, of_arrays, "adam", "dense.kernel"),
        (lambda model: model.layers.pop(1), of_arrays, "adam", "batch_normalization"),
    ],
)
def test_the_state_of_another_run_is_refused_and_the_model_stays(tmp_path, change, data, optimizer, words):
    kept(tmp_path)
    path = next((tmp_path / "backup").iterdir())
    before = path.read_bytes()
    model = network()
    change(model)
    model.build_for((4,))
    weights = [w.tobytes() for w in model.get_weights()]
    model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = [
        nn.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True, start_from_epoch=3),
        nn.callbacks.CSVLogger(tmp_path / "other.csv"),
        nn.callbacks.BackupAndRestore(tmp_path / "backup"),
    ]
    with pytest.raises(ValueError, match=words) as caught:
        model.fit(**data(), epochs=5, verbose=0, callbacks=callbacks)
    assert "remove that file to begin anew" in "".join(caught.value.__notes__)
    assert [w.tobytes() for w in model.get_weights()] == weights
    assert model.optimizer.iterations == 0
    assert path.read_bytes() == before


def test_a_damaged_state_is_noticed(tmp_path):
    kept(tmp_path)
    path = next((tmp_path / "backup").iterdir())
    content = bytearray(path.read_bytes())
    content[-5] ^= 4
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"training.safetensors"):
        run(tmp_path, of_arrays)


def test_the_state_is_kept_when_training_is_interrupted_and_removed_when_it_is_done(tmp_path):
    kept(tmp_path)
    assert [path.name for path in (tmp_path / "backup").iterdir()] == ["training.safetensors"]
    run(tmp_path, of_arrays, save_freq=1)
    assert list((tmp_path / "backup").iterdir()) == []


@pytest.mark.parametrize("save_freq", ["batch", 0, 2.5])
def test_how_often_is_a_word_or_a_number(tmp_path, save_freq):
    with pytest.raises((ValueError, TypeError), match="save_freq must be"):
        nn.callbacks.BackupAndRestore(tmp_path, save_freq)


@pytest.mark.slow
def test_fifty_kills_at_random_moments_change_nothing(tmp_path):
    outcome = killed(tmp_path, 50)
    assert outcome.kills == 50
    assert outcome.in_a_save > 0
    assert outcome.same
