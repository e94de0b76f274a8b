"""What a run has beside a model of layers and arrays goes on to the bit, too, and hooks meet a run in one state."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

RNG = np.random.default_rng(5)
X = RNG.standard_normal((50, 4)).astype(np.float32)
Y = (X[:, 0] * X[:, 1] > 0).astype(np.int64)


class Killed(Exception):
    pass


class Killer(nn.Callback):
    told_last = True

    def __init__(self, at):
        self.left = at

    def on_train_batch_end(self, batch, logs):
        self.left -= 1
        if self.left == 0:
            raise Killed


def network(optimizer=None):
    nn.set_random_seed(1)
    model = nn.Sequential([nn.Dense(8, "relu", input_shape=(4,)), nn.Dropout(0.3), nn.Dense(2, "softmax")])
    model.compile(optimizer or nn.Adam(0.01), "sparse_categorical_crossentropy")
    return model


def ends_alike(tmp_path, fitted, moments=(3, 9, 16)):
    """fitted(callbacks) gives what has to be equal; an epoch has 7 batches."""
    expected = fitted([])
    for at in moments:
        folder = tmp_path / str(at)
        with pytest.raises(Killed):
            fitted([nn.BackupAndRestore(folder, save_freq=1), Killer(at)])
        assert fitted([nn.BackupAndRestore(folder, save_freq=1)]) == expected
        assert not list(folder.iterdir())


def trained(model, callbacks, **options):
    """All that is learnt and told."""
    history = model.fit(X, Y, batch_size=8, epochs=4, verbose=0, callbacks=callbacks, **options)
    return [w.tobytes() for w in model.get_weights()], history.history


class Unfreezing(nn.Callback):
    """Trains the first layer from the second epoch on, and the last in every other."""

    def on_epoch_begin(self, epoch, logs):
        for weight in self.model.layers[0].weights:
            weight.requires_grad = epoch > 0
        for weight in self.model.layers[2].weights:
            weight.requires_grad = epoch % 2 == 0


def test_what_callbacks_do_as_an_epoch_begins_is_done_once(tmp_path):
    class Counting(nn.Callback):
        epochs = ()

        def on_train_begin(self, logs):
            self.epochs = []

        def on_epoch_begin(self, epoch, logs):
            self.epochs.append(epoch)
            self.model.optimizer.learning_rate *= 0.9

        def state_dict(self):
            return {"epochs": self.epochs}

        def load_state_dict(self, state):
            self.epochs = state["epochs"]

    def fitted(callbacks):
        counting = Counting()
        halving = nn.LearningRateScheduler(lambda epoch, rate: rate / 2)
        return trained(network(), [counting, halving, *callbacks]), counting.epochs

    ends_alike(tmp_path, fitted)


def test_layers_that_are_frozen_and_trained_in_turn(tmp_path):
    ends_alike(tmp_path, lambda callbacks: trained(network(), [Unfreezing(), *callbacks]))


def test_what_was_frozen_otherwise_from_the_beginning_is_another_run(tmp_path):
    with pytest.raises(Killed):
        trained(network(), [nn.BackupAndRestore(tmp_path, save_freq=1), Killer(3)])
    model = network()
    model.layers[0].kernel.requires_grad = False
    with pytest.raises(ValueError, match=r"dense\.kernel has requires_grad=False; the run .* began with True"):
        trained(model, [nn.BackupAndRestore(tmp_path)])


@pytest.mark.parametrize("freq", [1, 2])
def test_validation_by_an_iterator_goes_on_where_it_was(tmp_path, freq):
    def judges():
        while True:
            for start in range(42):
                yield X[start : start + 8], Y[start : start + 8]

    def fitted(callbacks):
        return trained(network(), callbacks, validation_data=judges(), validation_steps=2, validation_freq=freq)

    ends_alike(tmp_path, fitted)


def test_a_dataset_whose_seeds_nobody_chose(tmp_path):
    def disturbed(x, y):
        return x + nn.random_generator().normal(0, 0.5, x.shape).astype(np.float32), y

    def fitted(callbacks):
        model = network()
        nn.random_generator().bit_generator.state = np.random.SFC64(next(chance)).state
        data = nn.Dataset.from_arrays(X, Y).shuffle().batch(8).map(disturbed)
        judges = nn.Dataset.from_arrays(X, Y).map(disturbed).batch(25)
        drawn.append((data.seeds, judges.seeds))
        history = model.fit(data, epochs=3, verbose=0, validation_data=judges, callbacks=callbacks)
        return data.seeds, judges.seeds, [w.tobytes() for w in model.get_weights()], history.history

    chance, drawn = iter(range(9)), []
    with pytest.raises(Killed):
        fitted([nn.BackupAndRestore(tmp_path / "a", save_freq=1), Killer(9)])
    found = fitted([nn.BackupAndRestore(tmp_path / "a", save_freq=1)])
    assert drawn[0] == found[:2] != drawn[1]
    chance = iter([0])
    assert fitted([]) == found


def test_a_dataset_of_other_steps_is_refused(tmp_path):
    data = nn.Dataset.from_arrays(X, Y)
    with pytest.raises(Killed):
        network().fit(data.batch(8), verbose=0, callbacks=[nn.BackupAndRestore(tmp_path, save_freq=1), Killer(3)])
    with pytest.raises(ValueError, match="a Dataset has 1 seeds, in what was kept it has 0"):
        network().fit(data.shuffle().batch(8), verbose=0, callbacks=[nn.BackupAndRestore(tmp_path)])


class Rivals(nn.Model):
    """Two networks against each other, with an optimizer each, and no `call`."""

    def __init__(self):
        super().__init__()
        self.maker = nn.Sequential([nn.Dense(4, input_shape=(4,))])
        self.judge = nn.Sequential([nn.Dense(1, input_shape=(4,))])
        self.optimizer_of_judge = nn.Adam(0.01, use_ema=True)

    def train_step(self, x, y=None, sample_weight=None):
        made = self.maker(nn.random_generator().standard_normal(x.shape).astype(np.float32))
        judged = tg.square(self.judge(x) - 1) + tg.square(self.judge(made.detach()))
        self.step(judged.mean(), self.judge, self.optimizer_of_judge)
        fooled = tg.square(self.judge(made) - 1)
        self.step(fooled.mean(), self.maker, self.optimizer)
        return self.track(len(x), judge=judged.mean().item(), maker=fooled.mean().item())

    def step(self, loss, part, optimizer):
        weights = part.trainable_weights
        for weight in weights:
            weight.grad = None
        loss.backward()
        optimizer.apply([weight.grad for weight in weights], weights)


def rivals():
    nn.set_random_seed(2)
    model = Rivals()
    model.compile(nn.Adam(0.02))
    return model


def test_two_networks_with_an_optimizer_each(tmp_path):
    def fitted(callbacks):
        model = rivals()
        history = model.fit(X, batch_size=8, epochs=4, verbose=0, callbacks=callbacks)
        return [w.tobytes() for w in model.get_weights()], history.history

    ends_alike(tmp_path, fitted)


def test_a_state_of_another_number_of_optimizers_is_refused_and_nothing_changes(tmp_path):
    with pytest.raises(Killed):
        rivals().fit(X, verbose=0, callbacks=[nn.BackupAndRestore(tmp_path, save_freq=1), Killer(1)])
    model = rivals()
    model.optimizer_of_judge = None
    before = [w.tobytes() for w in model.get_weights()]
    with pytest.raises(ValueError, match="the model has 1 optimizers, in what was kept there are 2"):
        model.fit(X, verbose=0, callbacks=[nn.BackupAndRestore(tmp_path)])
    model.optimizer_of_judge = nn.SGD(0.1)
    with pytest.raises(ValueError, match="optimizer 'Adam', this one's is 'SGD'"):
        model.fit(X, verbose=0, callbacks=[nn.BackupAndRestore(tmp_path)])
    assert [w.tobytes() for w in model.get_weights()] == before
    assert model.optimizer.iterations == 0


def test_layers_among_the_parameters_of_a_function_that_are_built_as_it_runs(tmp_path):
    def fitted(callbacks):
        nn.set_random_seed(3)
        parameters = {"layer": nn.Dense(1), "scale": tg.tensor(2.0, requires_grad=True)}

        def loss(p, x, y):
            return tg.square(p["layer"](x["rows"])[:, 0] * p["scale"] - y)

        nn.fit(loss, parameters, {"rows": X}, Y, batch_size=8, epochs=4, verbose=0, callbacks=callbacks)
        return parameters["layer"].kernel.tolist(), parameters["scale"].item()

    ends_alike(tmp_path, fitted)


def test_such_layers_are_trained_from_the_first_batch_on():
    layer = nn.Dense(1, kernel_initializer="zeros")
    parameters = [layer, tg.tensor(1.0, requires_grad=True)]
    nn.fit(lambda p, x: tg.square(p[0](x) * p[1] - 1), parameters, X, optimizer="sgd", batch_size=25, verbose=0)
    assert np.abs(layer.kernel.detach().numpy()).min() > 0


def test_the_last_logs_are_told_at_the_end_of_a_run_that_had_nothing_left_to_do(tmp_path):
    told = []
    last = nn.LambdaCallback(on_train_end=lambda logs: told.append(dict(logs)))
    with pytest.raises(Killed):
        trained(network(), [nn.BackupAndRestore(tmp_path), DyingAfter(3)], validation_split=0.2)
    _, history = trained(network(), [last, nn.BackupAndRestore(tmp_path)], validation_split=0.2)
    assert told == [{name: values[-1] for name, values in history.items()}]
    assert {"loss", "val_loss"} == set(history)


class DyingAfter(nn.Callback):
    told_last = True

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs):
        if epoch == self.epoch:
            raise Killed


# Hooks.


def test_a_step_with_two_updates_makes_neither_when_the_first_meets_nan():
    class Twice(nn.Sequential):
        def train_step(self, x, y=None, sample_weight=None):
            for _ in range(2):
                loss = tg.square(self(x)).mean()
                self.update_weights(loss)
            return self.track(len(x), loss=loss.item())

    model = Twice([nn.Dense(1, input_shape=(4,))])
    model.compile("sgd")
    guard = nn.TerminateOnNaN()
    model.fit(X * np.float32(np.nan), verbose=0, callbacks=[guard])
    assert "No weight was updated" in guard.report
    assert np.isfinite(model.layers[0].kernel.detach().numpy()).all()


def test_fit_inside_of_fit_is_refused_and_the_outer_one_is_as_it_was():
    class Greedy(nn.Callback):
        def on_train_batch_end(self, batch, logs):
            with pytest.raises(RuntimeError, match="is being trained already"):
                self.model.fit(X, Y, verbose=0)

    assert trained(network(), [Greedy()]) == trained(network(), [])


def test_evaluate_in_the_middle_of_an_epoch_leaves_its_means_alone():
    class Curious(nn.Callback):
        def on_train_batch_end(self, batch, logs):
            self.model.evaluate(X, Y, verbose=0)

    assert trained(network(), [Curious()]) == trained(network(), [])


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_train_batch_begin", "on_train_batch_end"])
def test_training_that_is_ended_as_an_epoch_begins_has_one_batch_as_in_keras(hook):
    def stop(self, *args):
        self.model.stop_training = True

    stopping = type("Stopping", (nn.Callback,), {hook: stop})
    model = network()
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[stopping(), nn.EarlyStopping("loss")])
    assert (model.optimizer.iterations, history.epoch, list(history.history)) == (1, [0], ["loss"])
