"""A reading says what was read and why; weights from a file are believed only when they fit."""

import numpy as np
import pytest

import nn


def network(name):
    from digit_parts import networks

    nn.set_random_seed(3)
    return networks.NETWORKS[name]()


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
    path = model.save_weights(tmp_path / "weights.safetensors")
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
    kept[0].save_weights(tmp_path / "weights.safetensors")
    example, model = networks.load(tmp_path / "weights.safetensors")
    assert example == name
    image = image_of_noise()
    theirs = kept[0].predict(image.reshape(1, *kept[0].input_shape))[0]
    np.testing.assert_allclose(read(model, image).confidences, theirs, atol=1e-5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dense.bias": np.zeros((2, 256), "f4")}, r"'dense\.bias' is \(2, 256\), expected \(512,\)"),
        ({"dense.bias": "text"}, r"dense\.bias holds real numbers"),
        ({"dense.bias": np.full(512, np.nan, "f4")}, "holds numbers that are infinite or none"),
        ({"other": np.zeros(3, "f4")}, r"holds weights of another network .* examples/mnist_cnn\.py"),
    ],
)
def test_weights_that_do_not_fit(changed, message, tmp_path):
    from digit_parts import networks

    path = nn.files.save(tmp_path / "weights.safetensors", network("mnist").state_dict() | changed)
    with pytest.raises(ValueError, match=message) as refusal:
        networks.load(path)
    assert "weights.safetensors" in str(refusal.value)


def test_damaged_files_of_weights(tmp_path):
    from digit_parts import networks

    path = network("mnist").save_weights(tmp_path / "weights.safetensors")
    whole = path.read_bytes()
    for content in (b"", b"PK", whole[:1000], whole[-3000:], bytes(5000)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"cannot read .*weights\.safetensors"):
            networks.load(path)
    for at in np.random.default_rng(0).integers(0, len(whole), 20):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"cannot read .*weights\.safetensors"):
            networks.load(path)
    with pytest.raises(FileNotFoundError):
        networks.load(tmp_path / "absent.safetensors")
