"""nn.fit: any function of any nest of Tensors, with fit's progress, history and callbacks."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

X = np.linspace(-1, 1, 40)
Y = 3 * X + 1


def line(dtype=np.float64):
    return {"slope": tg.zeros((), dtype, requires_grad=True), "more": [tg.zeros((), dtype, requires_grad=True), "word"]}


def error(p, x, y):
    return (p["slope"] * x + p["more"][0] - y) ** 2


def test_a_nest_of_tensors_is_learnt_in_place():
    p = line()
    history = nn.fit(error, p, X, Y, optimizer=nn.SGD(0.1), epochs=60, verbose=0)
    assert (p["slope"].item(), p["more"][0].item()) == pytest.approx((3, 1), abs=1e-3)
    assert p["slope"].dtype == np.float64
    assert (p["slope"].name, p["more"][0].name) == ("slope", "more.0")
    assert len(history.history["loss"]) == 60
    assert history.history["loss"][-1] < 1e-5


def test_what_else_the_function_gives_is_averaged_over_the_epoch():
    p, seen = line(), []

    def loss(p, x, y):
        seen.append(len(x))
        return error(p, x, y).mean(), {"size": len(x), "slope": p["slope"]}

    history = nn.fit(loss, p, X[:3], Y[:3], batch_size=2, optimizer=nn.SGD(0.0), verbose=0)
    assert seen == [2, 1]
    assert history.history["size"] == [pytest.approx(5 / 3)]
    assert history.history["slope"] == [0]


def test_without_data_an_epoch_is_one_step_or_so_many():
    w, calls = tg.tensor([5.0, -3.0], requires_grad=True), []

    def bowl(w):
        calls.append(1)
        return (w * w).sum()

    nn.fit(bowl, w, optimizer=nn.SGD(0.1), epochs=3, verbose=0)
    assert len(calls) == 3
    nn.fit(bowl, w, optimizer=nn.SGD(0.1), epochs=2, steps_per_epoch=50, verbose=0)
    assert len(calls) == 103
    assert abs(w.detach().numpy()).max() < 1e-6


def test_data_is_a_dict_a_tuple_an_array_or_batches():
    def of_dict(p, x, y):
        return error(p, x["a"] + x["b"], y)

    def of_tuple(p, x, y):
        return error(p, x[0] + x[1], y)

    def batches():
        for start in range(0, 40, 10):
            yield X[start : start + 10], Y[start : start + 10]

    ends = []
    for function, x, y, options in [
        (error, X, Y, {"batch_size": 10}),
        (of_dict, {"a": X / 2, "b": X / 2}, Y, {"batch_size": 10}),
        (of_tuple, (X / 2, X / 2), Y, {"batch_size": 10}),
        (error, batches, None, {}),
    ]:
        p = line()
        nn.fit(function, p, x, y, optimizer=nn.SGD(0.1), epochs=4, verbose=0, **({"shuffle": False} | options))
        ends.append(p["slope"].item())
    assert ends == pytest.approx([ends[0]] * 4, rel=1e-12)


def test_validation_callbacks_and_weights_are_those_of_a_model():
    p, heard = line(), []

    class Listener(nn.Callback):
        def on_epoch_end(self, epoch, logs):
            heard.append((epoch, sorted(logs), [name for name, _ in self.model.named_weights()]))
            self.model.stop_training = epoch == 1

    def weighed(p, x, y, sample_weight):
        return error(p, x, y) * sample_weight

    nn.fit(error, p, X, Y, epochs=9, verbose=0, validation_data=(X, Y), callbacks=[Listener()])
    assert heard == [(epoch, ["loss", "val_loss"], ["slope", "more.0"]) for epoch in range(2)]
    nn.fit(weighed, p, X, Y, sample_weight=np.ones(40), verbose=0)


def test_modules_among_the_parameters_train_and_judge():
    modes = []

    class Layer(nn.Module):
        def __init__(self):
            self.w = tg.ones((), requires_grad=True)

        def call(self, x):
            modes.append(self.training)
            return self.w * x

    p = {"layer": Layer(), "offset": tg.tensor(0.0, requires_grad=True)}
    nn.fit(lambda p, x, y: tg.square(p["layer"](x) + p["offset"] - y), p, X, Y, batch_size=40, verbose=0,
           validation_data=(X, Y))  # fmt: skip
    assert modes[-2:] == [True, False]
    assert p["layer"].w.item() != 1


def test_the_line_of_progress_is_that_of_a_model(capsys):
    nn.fit(error, line(), X, Y, epochs=2)
    told = capsys.readouterr().out
    assert "Epoch 2/2" in told and "loss: " in told


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: nn.fit(error, {"w": np.zeros(3)}, X, Y), TypeError, "w is ndarray: make it tinygrad_lite.tensor"),
        (lambda: nn.fit("error", line(), X, Y), TypeError, "function must be a function .*, given str"),
        (lambda: nn.fit(lambda p: tg.ones(()), {"a": 1}), RuntimeError, "nothing to train"),
        (lambda: nn.fit(lambda p, x, y: 3.0, line(), X, Y, verbose=0), TypeError, "must give the loss, .* it gave 3.0"),
        (lambda: nn.fit(error, line(), X, Y[:5]), ValueError, "x has 40 samples, y has 5"),
        (lambda: nn.fit(error, line(), X, Y, optimizer="adamm"), ValueError, "no optimizer named 'adamm'"),
    ],
)
def test_mistakes_are_told(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_dicts_of_data_may_have_their_keys_in_any_order():
    seen = []

    def loss(p, data):
        seen.append((float(data["one"].max()), float(data["two"].max())))
        return tg.square(p - data["one"]).mean()

    one, two = np.ones(6), np.full(6, 2.0)
    p = tg.tensor(0.0, requires_grad=True)
    nn.fit(loss, p, {"one": one, "two": two}, epochs=2, verbose=0, validation_data={"two": two, "one": one})
    assert set(seen) == {(1.0, 2.0)}


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (3, r"a dict of numbers by their names, it gave 3"),
        ({"a": "s"}, "'a', which the function gives to be shown, must be one number, it gave 's'"),
        ({"a": np.ones(3)}, "'a', which the function gives"),
    ],
)
def test_what_can_t_be_shown_is_noticed_before_anything_is_changed(shown, words):
    p = tg.tensor(1.0, requires_grad=True)
    with pytest.raises(TypeError, match=words):
        nn.fit(lambda p: (p * p, shown), p, verbose=0)
    assert p.item() == 1.0


def test_numbers_are_shown_as_they_were_when_the_loss_was_computed():
    p = tg.tensor(1.0, requires_grad=True)
    history = nn.fit(lambda p: (p * p, {"p": p, "twice": 2 * p}), p, optimizer="sgd", verbose=0)
    assert history.history == {"loss": [1.0], "p": [1.0], "twice": [2.0]}


def test_no_steps_are_no_steps():
    with pytest.raises(ValueError, match="steps_per_epoch must be"):
        nn.fit(lambda p: p * p, tg.tensor(1.0, requires_grad=True), steps_per_epoch=0, verbose=0)
