"""What a sample counts: sample_weight and class_weight in losses, metrics and training, as in Keras."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg

RNG = np.random.default_rng(3)
WEIGHTS = np.array([0.0, 2.0, 0.5, 1.0])
P = RNG.uniform(0.05, 0.95, (4, 3)).astype(np.float32)
ONE_HOT = nn.one_hot([0, 2, 1, 2], 3)
CASES = [
    ("categorical_crossentropy", ONE_HOT, P / P.sum(axis=1, keepdims=True)),
    ("sparse_categorical_crossentropy", np.array([0, 2, 1, 2]), P / P.sum(axis=1, keepdims=True)),
    ("binary_crossentropy", ONE_HOT, P),
    ("mean_squared_error", ONE_HOT, P),
    ("mean_absolute_error", ONE_HOT, P),
    ("hinge", ONE_HOT, P),
]


def test_every_loss_has_a_row():
    assert {name for name, *_ in CASES} == {f.__name__ for f in nn.losses.LOSSES.values()}


@pytest.mark.parametrize(("name", "y", "p"), CASES, ids=lambda x: x if isinstance(x, str) else "")
def test_the_weighted_losses_are_summed_and_divided_by_their_number(name, y, p):
    loss = nn.losses.get(name)
    each = [loss(y[i : i + 1], tg.tensor(p[i : i + 1])).item() for i in range(4)]
    weighed = loss(y, tg.tensor(p), sample_weight=WEIGHTS)
    assert weighed.dtype == np.float32
    assert weighed.item() == pytest.approx(float(np.dot(each, WEIGHTS)) / 4, rel=1e-6)
    assert loss(y, tg.tensor(p), sample_weight=WEIGHTS[:, None]).item() == weighed.item()
    if "categorical" in name or "binary" in name:
        each = [loss(y[i : i + 1], tg.tensor(p[i : i + 1]), True).item() for i in range(4)]
        weighed = loss(y, tg.tensor(p), from_logits=True, sample_weight=WEIGHTS)
        assert weighed.item() == pytest.approx(float(np.dot(each, WEIGHTS)) / 4, rel=1e-6)


@pytest.mark.parametrize(("name", "y", "p"), CASES, ids=lambda x: x if isinstance(x, str) else "")
def test_weighted_losses_are_keras_s(keras, name, y, p):
    judge = getattr(keras.losses, "".join(word.title() for word in name.split("_")))()
    expected = float(judge(y, p, sample_weight=WEIGHTS.astype(np.float32)))
    assert nn.losses.get(name)(y, tg.tensor(p), sample_weight=WEIGHTS).item() == pytest.approx(expected, rel=1e-5)


def test_steps_of_a_sequence_have_weights_of_their_own():
    y, p = RNG.standard_normal((2, 2, 3, 4)).astype(np.float32)
    weights = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]])
    expected = (np.square(y - p).mean(axis=-1) * weights).mean()
    assert nn.losses.mean_squared_error(y, tg.tensor(p), sample_weight=weights).item() == pytest.approx(expected)


@pytest.mark.parametrize("weights", [np.ones(3), np.ones((4, 4)), np.ones(())])
def test_weights_of_another_shape_are_refused(weights):
    with pytest.raises(ValueError, match="sample_weight must have one number for each of 4 samples"):
        nn.losses.mean_squared_error(ONE_HOT, tg.tensor(P), sample_weight=weights)


def trained(y, weights=None, loss="mse", **options):
    nn.set_random_seed(0)
    model = nn.Sequential([nn.Dense(2, "sigmoid", input_shape=(3,))])
    plain = {"metrics": ["mae"], "weighted_metrics": ["mae"]} if loss == "mse" else {}
    model.compile(nn.SGD(0.5), loss, **plain)
    history = model.fit(P, y, batch_size=4, epochs=3, verbose=0, shuffle=False, sample_weight=weights, **options)
    return model, history


def test_a_sample_of_weight_0_is_as_if_it_were_not_there():
    y = ONE_HOT[:, :2].copy()
    model, history = trained(y, WEIGHTS)
    y[0] = 100
    other, other_history = trained(y, WEIGHTS)
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in other.get_weights()]
    assert history.history["weighted_mae"] == other_history.history["weighted_mae"]
    assert history.history["mae"] != other_history.history["mae"]


def test_weights_count_in_evaluate_and_in_validation():
    y = ONE_HOT[:, :2]
    model, _ = trained(y)
    results = model.evaluate(P, y, sample_weight=WEIGHTS, verbose=0, return_dict=True)
    assert results["loss"] == pytest.approx(
        float((np.square(y - model.predict(P)).mean(axis=1) * WEIGHTS).sum() / 4), rel=1e-6
    )
    absolute = np.abs(y - model.predict(P)).mean(axis=1)
    assert results["weighted_mae"] == pytest.approx(float(np.average(absolute, weights=WEIGHTS)), rel=1e-6)
    _, history = trained(y, validation_data=(P, y, WEIGHTS))
    assert history.history["val_weighted_mae"][-1] == pytest.approx(results["weighted_mae"], rel=0.5)
    assert history.history["val_weighted_mae"] != history.history["val_mae"]


def test_a_class_weight_is_the_weight_of_its_samples():
    y = np.array([0, 1, 1, 0])
    model, _ = trained(y, loss="sparse_categorical_crossentropy", class_weight={0: 3.0, 1: 0.5})
    other, _ = trained(y, np.array([3.0, 0.5, 0.5, 3.0]), loss="sparse_categorical_crossentropy")
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in other.get_weights()]


def test_a_loss_of_your_own_weighs_its_samples_or_says_that_it_can_t():
    y = ONE_HOT[:, :2]
    model, _ = trained(y, WEIGHTS, loss=lambda y, p: tg.square(p - y).mean(axis=-1))
    other, _ = trained(y, WEIGHTS)
    for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    with pytest.raises(ValueError, match="gives one number for a whole batch, so its samples can't be weighed"):
        trained(y, WEIGHTS, loss=lambda y, p: tg.square(p - y).mean())


def test_each_of_several_outputs_has_weights_of_its_own():
    x = nn.Input((3,))
    model = nn.Model(x, [nn.Dense(1, name="a")(x), nn.Dense(1, name="b")(x)])
    model.compile("sgd", "mse")
    y = [P[:, :1], P[:, 1:2]]
    results = model.evaluate(P, y, sample_weight={"a": WEIGHTS, "b": np.zeros(4)}, verbose=0, return_dict=True)
    assert results["b_loss"] == 0 < results["a_loss"]
    assert results["loss"] == pytest.approx(results["a_loss"])
