"""The film of a training run: it looks on, and changes nothing."""

import numpy as np
import pytest

import nn

rng = np.random.default_rng(0)
x, y = rng.standard_normal((60, 6)).astype(np.float32), np.eye(3, dtype=np.float32)[rng.integers(0, 3, 60)]


def train(*callbacks, epochs=2):
    """A network whose layers draw random numbers and keep statistics; its weights and the random state afterwards."""
    nn.set_random_seed(5)
    model = nn.Sequential(
        [nn.Dense(8, "relu", input_shape=(6,)), nn.BatchNormalization(), nn.Dropout(0.5), nn.Dense(3, "softmax")]
    )
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=20, epochs=epochs, verbose=0, callbacks=list(callbacks))
    return model, history.history, nn.random_generator().random()


def test_training_goes_on_to_the_bit_as_without_it():
    model, history, random = train()
    film = nn.Film(x[:10], y[:10])
    filmed, same_history, same_random = train(film)
    assert len(film.drawings) == 7
    assert (history, random) == (same_history, same_random)
    for a, b in zip(model.get_weights(), filmed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert all(weight.grad is None for weight in filmed.weights)
    assert not filmed.training


def test_each_picture_is_of_the_loss_of_these_samples_at_that_step():
    film = nn.Film(x[:10], y[:10])
    model, _, _ = train(film)
    assert film.labels == ["start", *(f"step {i}" for i in range(1, 7))]
    values = [d.graph.items[d.graph.result].value.text for d in film.drawings]
    assert len(set(values)) == 7
    assert float(values[-1]) == pytest.approx(model.evaluate(x[:10], y[:10], verbose=0)[0], rel=1e-3)
    assert "dropout" not in {item.operation for item in film.drawings[3].graph.items}


def test_a_long_run_is_filmed_evenly_with_no_more_than_so_many_pictures():
    film = nn.Film(x[:4], y[:4], every=2, most=5)
    train(film, epochs=8)
    assert film.labels == ["start", "step 8", "step 16", "step 24"]
    assert len(film.drawings) == 4


def test_what_is_built_in_the_first_batch_is_filmed_from_then_on():
    film = nn.Film(x[:4], y[:4])
    nn.set_random_seed(1)
    model = nn.Sequential([nn.Dense(3, "softmax")])
    model.compile(loss="categorical_crossentropy")
    model.fit(x, y, batch_size=30, verbose=0, callbacks=[film])
    assert film.labels == ["step 1", "step 2"]


def test_several_outputs_keep_their_means():
    def fit(*callbacks):
        nn.set_random_seed(2)
        inputs = nn.Input((6,))
        model = nn.Model(inputs, [nn.Dense(3, name="a")(inputs), nn.Dense(1, name="b")(inputs)])
        model.compile(loss={"a": "mse", "b": "mae"}, loss_weights=[1.0, 0.5])
        return model.fit(x, [y, y[:, :1]], verbose=0, callbacks=list(callbacks)).history

    film = nn.Film(x[:4], [y[:4], y[:4, :1]])
    assert fit(film) == fit()
    assert film.drawings


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [({"every": 0}, ValueError, "every"), ({"most": 1}, ValueError, "most"), ({"every": 1.5}, TypeError, "every")],
)
def test_senseless_numbers_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        nn.Film(x, y, **arguments)


def test_samples_that_do_not_fit_are_an_error_at_once():
    with pytest.raises(ValueError):
        train(nn.Film(x[:4], y[:3]))
