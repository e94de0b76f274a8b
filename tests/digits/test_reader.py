"""A reading says what was read and why; weights from a file are believed only when they fit."""

import io
import zipfile

import numpy as np
import pytest

import nn


def network(name):
    from digit_parts import networks

    nn.set_random_seed(3)
    return networks.NETWORKS[name]()


def written(path, arrays, **options):
    with path.open("wb") as file:
        np.savez(file, **arrays, **options)
    return path


def weights_of(model):
    return {name: weight.data for name, weight in model.named_weights()}


def image_of_noise():
    return np.random.default_rng(1).random((28, 28), dtype=np.float32)


@pytest.mark.parametrize("name", ["mnist", "mnist_cnn", "mnist_best"])
def test_a_reading_says_what_the_model_predicts(name):
    from digit_parts.reader import read

    model, image = network(name), image_of_noise()
    reading = read(model, image)
    logits = model.predict(image.reshape(1, *model.input_shape))[0]
    np.testing.assert_allclose(reading.confidences, nn.activations.softmax(logits), atol=1e-6)
    assert reading.digit == logits.argmax()
    np.testing.assert_array_equal(reading.blame, np.abs(image * reading.sensitivity))
    shapes = {
        "mnist": [(512,), (512,)],
        "mnist_cnn": [(26, 26, 32), (24, 24, 64), (128,)],
        "mnist_best": [(14, 14, 32), (14, 14, 64), (7, 7, 64), (7, 7, 96), (4, 4, 96), (128,)],
    }[name]
    assert [layer.values.shape for layer in reading.layers] == shapes
    assert [layer.sensitivity.shape for layer in reading.layers] == shapes
    assert all(layer.values.min() == 0 for layer in reading.layers)


@pytest.mark.parametrize("name", ["mnist", "mnist_cnn", "mnist_best"])
def test_sensitivity_is_the_slope_of_the_answer_s_logit(name):
    from digit_parts.reader import read

    model, image = network(name), image_of_noise()
    reading = read(model, image)
    for pixel in [(3, 4), (14, 14), (20, 9), (27, 27)]:
        ends = []
        for step in (1e-2, -1e-2):
            moved = image.copy()
            moved[pixel] += step
            ends.append(model.predict(moved.reshape(1, *model.input_shape))[0, reading.digit])
        slope = (float(ends[0]) - float(ends[1])) / 2e-2
        assert reading.sensitivity[pixel] == pytest.approx(slope, rel=0.15, abs=2e-3)


def test_the_sensitivity_of_the_neurons_leads_to_the_logit():
    """Relu networks: the last hidden layer's value x sensitivity adds up to the logit, but for the bias (0 here)."""
    from digit_parts.reader import read

    model, image = network("mnist"), image_of_noise()
    reading = read(model, image)
    logit = model.predict(image.reshape(1, 784))[0, reading.digit]
    for layer in reading.layers:
        assert float((layer.values * layer.sensitivity).sum()) == pytest.approx(float(logit), rel=1e-4)


@pytest.mark.parametrize("name", ["mnist", "mnist_cnn", "mnist_best"])
def test_weights_are_those_of_the_example_that_wrote_them(name, tmp_path):
    from digit_parts import networks

    model = network(name)
    path = written(tmp_path / "weights.npz", weights_of(model))
    example, loaded = networks.load(path)
    assert example == name
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", ["mnist", "mnist_cnn"])
def test_the_networks_are_the_examples_own(name, monkeypatch, tmp_path):
    """What mnist.py and mnist_cnn.py write is read, and gives the confidences that they would."""
    import runpy
    import sys
    from pathlib import Path

    import mnist_parts
    from digit_parts import networks
    from digit_parts.reader import read

    kept = []
    monkeypatch.setattr(nn.datasets.mnist, "load_data", nn.datasets.digits.load_data)
    monkeypatch.setattr(mnist_parts, "write_results", lambda folder, model, *rest: kept.append(model))
    monkeypatch.setattr(mnist_parts, "save_picture", lambda path, make: None)
    monkeypatch.setattr(sys, "argv", [name, "--epochs", "1", "--samples", "100", "--output", str(tmp_path)])
    monkeypatch.setattr(nn.datasets.mnist, "load_data", lambda folder: nn.datasets.digits.load_data())
    runpy.run_path(str(Path(mnist_parts.__file__).with_name(f"{name}.py")), run_name="__main__")
    mnist_parts.save_weights(tmp_path / "weights.npz", kept[0])
    example, model = networks.load(tmp_path / "weights.npz")
    assert example == name
    image = image_of_noise()
    theirs = kept[0].predict(image.reshape(1, *kept[0].input_shape))[0]
    np.testing.assert_allclose(read(model, image).confidences, theirs, atol=1e-5)


def test_a_file_that_was_pickled_is_not_unpickled(tmp_path):
    from digit_parts import networks

    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    arrays = weights_of(network("mnist")) | {"dense.bias": np.array([Trap()] * 512, object)}
    path = written(tmp_path / "weights.npz", arrays, allow_pickle=True)
    with pytest.raises(ValueError, match=r"dense\.bias in .* is object of shape"):
        networks.load(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"dense.bias": np.zeros(512)},
            "is larger than a weight of examples/mnist.py",
        ),
        (
            {"dense.bias": np.zeros((2, 256), "f4")},
            r"is float32 of shape \(2, 256\); expected float32 of shape \(512,\)",
        ),
        ({"dense.bias": np.full(512, np.nan, "f4")}, "holds numbers that are infinite or none"),
        ({"dense.bias": np.zeros(10**6, "f4")}, "is larger than a weight of examples/mnist.py"),
        ({"other": np.zeros(3, "f4")}, "holds weights of another network .* examples/mnist_cnn.py"),
    ],
)
def test_weights_that_do_not_fit(changed, message, tmp_path):
    from digit_parts import networks

    path = written(tmp_path / "weights.npz", weights_of(network("mnist")) | changed)
    with pytest.raises(ValueError, match=message):
        networks.load(path)


def test_damaged_files_of_weights(tmp_path):
    from digit_parts import networks

    whole = written(tmp_path / "weights.npz", weights_of(network("mnist"))).read_bytes()
    rng, told = np.random.default_rng(0), []
    for content in (b"", b"PK", whole[:1000], whole[-3000:], bytes(5000)):
        (tmp_path / "weights.npz").write_bytes(content)
        with pytest.raises(ValueError, match="is no file of weights"):
            networks.load(tmp_path / "weights.npz")
    for at in [*rng.integers(0, 200, 15), *rng.integers(len(whole) - 700, len(whole), 25)]:
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        (tmp_path / "weights.npz").write_bytes(damaged)
        try:
            networks.load(tmp_path / "weights.npz")
        except ValueError as error:
            told.append(str(error))
    assert told and all("weights.npz" in text for text in told)
    with pytest.raises(FileNotFoundError):
        networks.load(tmp_path / "absent.npz")


def test_a_member_that_says_it_is_small_does_not_grow(tmp_path):
    from digit_parts import networks

    names = dict(network("mnist").named_weights())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(f"{name}.npy", bytes(10**7))
    (tmp_path / "weights.npz").write_bytes(file.getvalue())
    with pytest.raises(ValueError, match="is larger than a weight"):
        networks.load(tmp_path / "weights.npz")
