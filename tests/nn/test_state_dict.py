"""Weights by name: taken out, put in, saved and loaded."""

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn import files


def network(units=4):
    layers = [nn.Dense(units, "relu", input_shape=(3,)), nn.BatchNormalization(), nn.Dense(2)]
    model = nn.Sequential(layers)
    model.compile("adam", "mse")
    return model


def trained(units=4):
    model = network(units)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((20, 3)), rng.standard_normal((20, 2))
    model.fit(x, y, epochs=2, verbose=0)
    return model, x


def test_the_weights_come_by_name_and_keep_their_values():
    model, x = trained()
    state = model.state_dict()
    assert [*state] == [name for name, _ in model.named_weights()]
    assert {"dense.kernel", "batch_normalization.moving_mean"} <= {*state}
    before = {name: array.copy() for name, array in state.items()}
    with pytest.raises(ValueError, match="read-only"):
        state["dense.kernel"][...] = 0
    model.fit(x, np.zeros((20, 2)), verbose=0)
    for name, array in state.items():
        np.testing.assert_array_equal(array, before[name])
    assert (model.state_dict()["dense.kernel"] != before["dense.kernel"]).any()


def test_another_model_with_these_weights_gives_the_same():
    model, x = trained()
    other = network()
    assert other.load_state_dict(model.state_dict()) == ([], [])
    np.testing.assert_array_equal(other.predict(x), model.predict(x))
    for weight in other.weights:
        assert weight.requires_grad == (not weight.name.split(".")[1].startswith("moving"))


def test_arrays_of_other_dtypes_and_tensors_are_cast():
    model = network()
    state = {name: array.astype(np.float64) + 1 for name, array in model.state_dict().items()}
    state["dense_1.bias"] = tg.tensor([1, 2])
    state["dense.bias"] = [1, 2, 3, 4]
    model.load_state_dict(state)
    assert {array.dtype for array in model.state_dict().values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(model.state_dict()["dense_1.bias"], [1, 2])
    np.testing.assert_array_equal(model.state_dict()["dense.bias"], [1, 2, 3, 4])


def unchanged(model):
    """Afterwards asserts that nothing has changed."""
    before = {name: array.tobytes() for name, array in model.state_dict().items()}
    return lambda: before == {name: array.tobytes() for name, array in model.state_dict().items()}


def test_all_that_does_not_fit_is_told_and_nothing_changes():
    model = network()
    is_unchanged = unchanged(model)
    state = {name: array + 1 for name, array in model.state_dict().items()}
    del state["dense.bias"]
    state["dense_1.kernel"] = np.zeros((5, 2))
    state["dense_7.kernel"] = state["na\nme"] = np.zeros(1)
    with pytest.raises(ValueError) as refusal:
        model.load_state_dict(state)
    assert str(refusal.value).splitlines() == [
        "these are not the weights of sequential:",
        "  wrong shapes: 'dense_1.kernel' is (5, 2), expected (4, 2)",
        "  missing: 'dense.bias'",
        r"  unexpected: 'dense_7.kernel', 'na\nme'",
    ]
    assert is_unchanged()


def test_of_many_names_ten_are_listed():
    model = nn.Sequential([nn.Dense(1, input_shape=(1,)), *(nn.Dense(1) for _ in range(9))])
    with pytest.raises(ValueError, match=r"missing: 'dense\.kernel', .*'dense_4\.bias' and 10 more$"):
        model.load_state_dict({})


def test_without_strict_names_may_be_missing_or_more_but_shapes_fit():
    model = network()
    kernel = np.ones((3, 4), np.float32)
    unmatched = model.load_state_dict({"more": kernel, "dense.kernel": kernel}, strict=False)
    assert unmatched.missing_keys == [name for name, _ in model.named_weights()][1:]
    assert unmatched.unexpected_keys == ["more"]
    np.testing.assert_array_equal(model.state_dict()["dense.kernel"], kernel)
    is_unchanged = unchanged(model)
    with pytest.raises(ValueError, match="wrong shapes"):
        model.load_state_dict({"dense_1.bias": np.ones(2), "dense.kernel": kernel.T}, strict=False)
    assert is_unchanged()


@pytest.mark.parametrize("array", [["a", "b"], [None, None], [1j, 2j], object()])
def test_what_is_no_real_number_is_refused(array):
    model = network()
    is_unchanged = unchanged(model)
    state = {name: array + 1 for name, array in model.state_dict().items()} | {"dense_1.bias": array}
    with pytest.raises(TypeError, match=r"dense_1\.bias holds real numbers"):
        model.load_state_dict(state)
    with pytest.raises(TypeError, match="a dict of arrays by the weights' names, given list"):
        model.load_state_dict([*state.values()])
    assert is_unchanged()


def test_weights_that_are_not_made_yet():
    for model in (nn.Sequential([nn.Dense(2)]), nn.Dense(2), nn.Bidirectional(nn.LSTM(2))):
        for call in (model.state_dict, lambda model=model: model.load_state_dict({})):
            with pytest.raises(RuntimeError, match=r"has no weights yet: .*input_shape.*build_for\(input_shape\)"):
                call()
    model = nn.Sequential([nn.Dense(2)])
    model.build_for((3,))
    assert [*model.state_dict()] == ["dense.kernel", "dense.bias"]


def test_a_module_that_was_made_whole_needs_no_call():
    class Line(nn.Module):
        def __init__(self):
            self.slope = tg.tensor(2.0, requires_grad=True)

    line = Line()
    assert line.state_dict()["slope"] == 2
    line.load_state_dict({"slope": 3})
    assert line.slope.item() == 3


def test_a_layer_that_is_never_called_hinders_nobody():
    class Net(nn.Module):
        def __init__(self):
            self.used, self.unused = nn.Dense(2), nn.Dense(2)

        def call(self, x):
            return self.used(x)

    net = Net()
    net.build_for((3,))
    assert [*net.state_dict()] == ["used.kernel", "used.bias"]


def test_a_number_that_the_weights_cannot_hold_warns_before_anything_changes():
    model = network()
    is_unchanged = unchanged(model)
    state = {name: array + 1 for name, array in model.state_dict().items()} | {"dense_1.bias": [1e300, 1]}
    with pytest.raises(RuntimeWarning, match="overflow"):  # pytest makes errors of warnings
        model.load_state_dict(state)
    assert is_unchanged()


def test_two_weights_of_one_name_are_an_error():
    class Two(nn.Module):
        def __init__(self):
            self.one, self.other = nn.Dense(2, name="same"), nn.Dense(2, name="same")

        def call(self, x):
            return self.other(self.one(x))

    two = Two()
    two.build_for((3,))
    with pytest.raises(ValueError, match=r"two weights have the name 'same\.kernel'"):
        two.state_dict()


def test_weights_are_saved_and_loaded(tmp_path, safetensors):
    path = tmp_path / "weights"
    model, x = trained()
    assert model.save_weights(path) == path
    other = network()
    other.load_weights(str(path))
    np.testing.assert_array_equal(other.predict(x), model.predict(x))
    theirs = safetensors.load_file(path)
    assert {name: array.tobytes() for name, array in theirs.items()} == {
        name: array.tobytes() for name, array in model.state_dict().items()
    }
    safetensors.save_file({name: array + 1 for name, array in theirs.items()}, path)
    other.load_weights(path)
    np.testing.assert_array_equal(other.state_dict()["dense.bias"], theirs["dense.bias"] + 1)


def test_a_file_that_does_not_fit_is_named_and_the_model_untouched(tmp_path):
    path = tmp_path / "weights.safetensors"
    model = network()
    is_unchanged = unchanged(model)
    trained(units=5)[0].save_weights(path)
    with pytest.raises(ValueError, match=r"weights\.safetensors: these are not.*\n.*'dense\.kernel' is \(3, 5\), exp"):
        model.load_weights(path)
    for nest in ([1, 2], {"dense.kernel": "text"}, {"weights": model.state_dict()}, {}, None):
        files.save(path, nest)
        with pytest.raises(ValueError, match=r"weights\.safetensors: "):
            model.load_weights(path)
    path.write_bytes(b"text")
    with pytest.raises(ValueError, match=r"cannot read .*weights\.safetensors"):
        model.load_weights(path)
    with pytest.raises(FileNotFoundError):
        model.load_weights(tmp_path / "absent")
    assert is_unchanged()
