"""TerminateOnNaN: the weights stay finite, the batch is kept, and the report names where it began."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
x = np.random.default_rng(0).standard_normal((32, 3)).astype(np.float32)
y = x[:, :1]


class Log(nn.Module):
    def call(self, x):
        return tg.log(x)


class Root(nn.Module):
    """Its value is finite, its derivative is not."""

    def call(self, x):
        return (x * 0) ** 0.5


class NowAndThen(nn.Module):
    """Divides by a random number, which sometimes is 0."""

    def call(self, x):
        return x / np.float32(nn.random_generator().random() > 0.1)


def trained(layers, x=x, y=y, optimizer="sgd", guard=None, kind=nn.Sequential, **options):
    nn.set_random_seed(3)
    model = kind(layers)
    model.compile(optimizer, "mse")
    guard = guard or nn.TerminateOnNaN()
    options = {"batch_size": 8, "verbose": 0, "shuffle": False, "callbacks": [guard]} | options
    history = model.fit(x, y, **options)
    return model, guard, history


def with_bad(array, *places, value=np.nan):
    array = array.copy()
    for place in places:
        array[place] = value
    return array


def finite(model):
    return all(np.isfinite(weight).all() for weight in model.get_weights())


def test_it_names_the_layer_and_the_operation_that_made_the_first_nan(capsys):
    layers = [nn.Dense(4, input_shape=(3,)), nn.BatchNormalization(), Log(), nn.Dense(1, name="last")]
    model, guard, _ = trained(layers, epochs=5)
    assert "the loss became nan in batch 1 of epoch 1: training ends.\n" in guard.report
    assert "first value that is not finite came out of `log` (log): 1" in guard.report
    assert "It was given scale_shift = " in guard.report
    assert "The data of the batch is finite." in guard.report
    assert capsys.readouterr().out == f"\nTerminateOnNaN: {guard.report}\n"
    assert model.stop_training and finite(model)


def test_nothing_is_updated_with_the_bad_batch_and_training_ends_there():
    layers = lambda: [nn.Dense(2, input_shape=(3,)), nn.BatchNormalization(), nn.Dropout(0.3), nn.Dense(1)]
    good, _, _ = trained(layers(), x[:16], y[:16])
    bad, guard, history = trained(layers(), with_bad(x, (17, 2)), epochs=5)
    assert len(history.epoch) == 1
    for a, b in zip(good.get_weights(), bad.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (guard.batch.epoch, guard.batch.batch) == (0, 2)
    assert good.optimizer.iterations == bad.optimizer.iterations == 2


def test_what_is_wrong_with_the_data_is_told():
    _, guard, _ = trained([nn.Dense(1)], with_bad(with_bad(x, (3, 1)), (12, 0), (15, 0), (15, 1), value=-np.inf))
    assert "in batch 1 of epoch 1" in guard.report
    assert "x of the batch holds 1 nan, in the sample 3." in guard.report
    _, guard, _ = trained([nn.Dense(1)], with_bad(x, (12, 0), (15, 0), (15, 1), value=-np.inf))
    assert "in batch 2 of epoch 1" in guard.report
    assert "x of the batch holds 3 inf, in the samples 4 and 7." in guard.report
    assert "No operation made it: it came in from outside." in guard.report
    _, guard, _ = trained([nn.Dense(1)], y=with_bad(y, slice(0, 8)))
    assert "y of the batch holds 8 nan, in the samples 0, 1, 2, 3, 4, 5 and 2 more." in guard.report
    np.testing.assert_array_equal(guard.batch.y, with_bad(y, slice(0, 8))[:8])


def test_a_weight_that_was_wrong_before_is_told():
    layer = nn.Dense(4, input_shape=(3,))
    layer.build_for((3,))
    layer.set_weights([with_bad(layer.get_weights()[0], (0, 0)), layer.get_weights()[1]])
    _, guard, _ = trained([layer, nn.Dense(1)])
    assert "There was nan or inf in the weight dense.kernel (1 nan of 12) before the batch." in guard.report


def test_a_gradient_alone_is_enough():
    model, guard, _ = trained([nn.Dense(2, input_shape=(3,)), Root(), nn.Dense(1)])
    assert "the gradient of dense.kernel became nan in batch 1 of epoch 1" in guard.report
    assert "The loss is finite. `root` (power) was handed the gradient " in guard.report
    assert "hands back to multiply = all 0 is the first that is not finite." in guard.report
    assert finite(model)


def test_weights_that_explode_stay_finite():
    model, guard, _ = trained([nn.Dense(64, "relu"), nn.Dense(64, "relu"), nn.Dense(1)], x, epochs=30,
                              optimizer=nn.SGD(1e12))  # fmt: skip
    assert "the loss became infinite in batch 2 of epoch 1" in guard.report
    assert "came out of `square`: 8 inf of 8." in guard.report
    assert finite(model)


def test_the_batch_is_run_again_with_its_own_random_numbers():
    layers = [nn.Dense(8, input_shape=(3,)), nn.Dropout(0.5), NowAndThen(), nn.Dense(1)]
    model, guard, _ = trained(layers, epochs=50)
    assert guard.batch.epoch + guard.batch.batch > 0
    assert "came out of `now_and_then` (divide)" in guard.report
    assert any(item.value.wrong for item in guard.drawing.graph.items)
    nn.random_generator().random()
    before, random = model.get_weights(), nn.random_generator().bit_generator.state["state"]["state"].tolist()
    assert [guard.batch.repeat(model).item() for _ in range(2)] == [pytest.approx(np.nan, nan_ok=True)] * 2
    assert not model.training
    assert nn.random_generator().bit_generator.state["state"]["state"].tolist() == random
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_repeating_gives_the_loss_of_the_batch_to_the_bit():
    seen = []

    class Stop(nn.TerminateOnNaN):
        """Takes the 6th batch for a bad one."""

        def on_gradients(self, batch, loss):
            if self._epoch == 1 and batch == 1:
                seen.append((loss.item(), self._bad_batch(batch), [w.copy() for w in self.model.get_weights()]))
                self.model.stop_training = True

    layers = [nn.Dense(8, "relu", input_shape=(3,)), nn.BatchNormalization(), nn.Dropout(0.5), nn.Dense(1)]
    model, _, _ = trained(layers, guard=Stop(), epochs=5)
    ((loss, batch, weights),) = seen
    assert batch.repeat(model).item() == loss
    assert batch.repeat(model, with_inputs=True).item() == loss
    for a, b in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert "x" in {item.name for item in tg.draw(batch.repeat(model, with_inputs=True)).graph.items}


def test_it_only_looks_on():
    layers = lambda: [nn.Dense(8, "relu"), nn.BatchNormalization(), nn.Dropout(0.5), nn.Dense(1)]
    model, guard, history = trained(layers(), epochs=3, shuffle=True)
    other, _, same = trained(layers(), epochs=3, shuffle=True, callbacks=[])
    assert guard.report is guard.batch is guard.drawing is None
    assert history.history == same.history
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_large_gradients_are_no_reason_to_stop():
    """Their squares overflow float32."""
    model, guard, _ = trained([nn.Dense(1, input_shape=(3,))], x * 1e18, y * 1e18, optimizer=nn.SGD(1e-38))
    assert guard.report is None and finite(model)


def test_an_error_instead():
    layers = [nn.Dense(1, input_shape=(3,))]
    with pytest.raises(RuntimeError, match=r"^the loss became nan in batch 1 of epoch 1") as caught:
        trained(layers, with_bad(x, (0, 0)), guard=nn.TerminateOnNaN(raise_error=True))
    assert "No weight was updated with it." in str(caught.value)
    assert np.isfinite(layers[0].get_weights()[0]).all()


def test_several_inputs_are_told_apart():
    inputs = [nn.Input((3,), name="left"), nn.Input((3,), name="right")]
    model = nn.Model(inputs, nn.Dense(1)(nn.Concatenate()(inputs)))
    model.compile("sgd", "mse")
    guard = nn.TerminateOnNaN()
    model.fit([x, with_bad(x, (1, 1))], y, shuffle=False, verbose=0, callbacks=[guard])
    assert "x.1 of the batch holds 1 nan, in the sample 1." in guard.report
    assert [a.shape for a in guard.batch.x] == [(32, 3), (32, 3)]


def test_repeating_does_not_count_for_the_means_of_several_outputs():
    inputs = nn.Input((3,))
    model = nn.Model(inputs, [nn.Dense(1, name="a")(inputs), nn.Dense(1, name="b")(inputs)])
    model.compile("sgd", "mse")
    guard = nn.TerminateOnNaN()
    model.fit(x, [y, with_bad(y, 1)], shuffle=False, verbose=0, callbacks=[guard])
    assert "y.1 of the batch holds 1 nan, in the sample 1." in guard.report
    assert model._objective.targets[0].mean_loss._count == 32
    guard.batch.repeat(model)
    assert model._objective.targets[0].mean_loss._count == 32


def test_what_is_computed_before_the_first_weight_is_seen_too():
    _, guard, _ = trained([Log(), nn.Dense(1)])
    assert "came out of `log` (log): " in guard.report
    assert "It was given x = " in guard.report


def test_inputs_that_are_whole_numbers():
    words = np.arange(32)[:, None] % 5
    _, guard, _ = trained([nn.Embedding(5, 2), nn.Flatten(), Log(), nn.Dense(1)], words)
    assert "came out of `log` (log): " in guard.report


class Own(nn.Sequential):
    """A step that shows its gradients in the middle, or never, or twice."""

    updates = 1

    def train_step(self, x, y=None, sample_weight=None):
        loss = nn.losses.mean_squared_error(y, self(x)).mean()
        if not self.updates:
            return self.track(len(x), loss=float("nan"))
        for step in range(self.updates):
            loss = nn.losses.mean_squared_error(y, self(x)).mean()
            self.update_weights(loss * np.float32(np.nan if step == self.updates - 1 else 1))
        return self.track(len(x), loss=loss.item())


@pytest.mark.parametrize(
    ("updates", "words"),
    [
        (1, "came out of `multiply`: nan."),
        (2, "The training step had changed the weights already: the batch was not run again."),
        (0, "The training step has updated the weights with it."),
    ],
)
def test_training_steps_of_one_s_own(updates, words):
    class Step(Own):
        pass

    Step.updates = updates
    model, guard, _ = trained([nn.Dense(1, input_shape=(3,))], kind=Step)
    assert "the loss became nan in batch 1 of epoch 1" in guard.report
    assert words in guard.report
    assert finite(model)


def test_a_function_that_is_fitted():
    parameters = {"a": tg.tensor(-1.0, requires_grad=True)}
    guard = nn.TerminateOnNaN()
    nn.fit(lambda p, x: tg.log(p["a"] * x**2), parameters, x, verbose=0, callbacks=[guard])
    assert "came out of `log`: 96 nan of 96." in guard.report
    assert parameters["a"].item() == -1.0


def test_a_batch_that_cannot_be_run_again_is_kept_nevertheless():
    calls = []

    class Once(nn.Module):
        def call(self, x):
            calls.append(x)
            if len(calls) > 1:
                raise OSError("the camera is off")
            return x * np.float32(np.nan)

    _, guard, _ = trained([Once(), nn.Dense(1)])
    assert "The batch can't be run again: OSError: the camera is off." in guard.report
    assert guard.drawing is None
    np.testing.assert_array_equal(guard.batch.x, x[:8])


def test_the_batch_is_saved_and_can_be_run_again_from_the_file(tmp_path):
    layers = [nn.Dense(8, input_shape=(3,)), nn.Dropout(0.5), NowAndThen(), nn.Dense(1)]
    guard = nn.TerminateOnNaN(save_to=tmp_path / "bad.safetensors")
    model, _, _ = trained(layers, epochs=50, guard=guard, sample_weight=np.arange(32))
    assert f"The batch is in {tmp_path / 'bad.safetensors'}." in guard.report
    batch = nn.callbacks.BadBatch.load(tmp_path / "bad.safetensors")
    for name in ("x", "y", "sample_weight"):
        np.testing.assert_array_equal(getattr(batch, name), getattr(guard.batch, name))
    assert (batch.epoch, batch.batch) == (guard.batch.epoch, guard.batch.batch)
    nn.set_random_seed(99)
    assert np.isnan(batch.repeat(model).item())
    nn.files.save(tmp_path / "other.safetensors", {"x": x})
    with pytest.raises(ValueError, match="holds no batch: it should have x, y, sample_weight, random_state"):
        nn.callbacks.BadBatch.load(tmp_path / "other.safetensors")


def test_a_batch_that_cannot_be_saved_is_reported_nevertheless(tmp_path):
    _, guard, _ = trained([nn.Dense(1)], with_bad(x, 0), guard=nn.TerminateOnNaN(save_to=tmp_path))
    assert "the loss became nan" in guard.report
    assert f"The batch was not saved: {tmp_path}" in guard.report


def test_the_next_training_begins_anew():
    guard = nn.TerminateOnNaN()
    trained([nn.Dense(1)], with_bad(x, (0, 0)), guard=guard)
    assert guard.report
    trained([nn.Dense(1)], guard=guard)
    assert guard.report is guard.batch is guard.drawing is None
