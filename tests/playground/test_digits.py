"""The Digits page's server side: strokes and pictures in, readings out, everything bounded; a network that learns."""

import base64
import io
import json
import threading

import numpy as np
import pytest

import nn
from digit_parts import mnist_form, networks
from digit_parts.classroom import LEARNING, Classroom
from digit_parts.reader import read
from digit_parts.session import DigitsSession
from strokes import strokes_of
from talk import until

SEVEN = [[80, 60, 200, 60, 120, 220]]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A classroom with the weights of two networks that have learnt nothing."""
    folder = tmp_path_factory.mktemp("room")
    nn.set_random_seed(0)
    for path, network in [
        ("output/weights.safetensors", networks.mlp),
        ("output/mnist_cnn/weights.safetensors", networks.cnn),
    ]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        network().save_weights(folder / path)
    return Classroom(folder)


@pytest.fixture
def tab(room):
    return DigitsSession(room)


def ask(tab, what, **message):
    return tab.answer({"do": what, **message})


def frame(tab):
    """The header of the frame and its arrays."""
    content = tab.frame()
    length = int.from_bytes(content[:4], "little")
    header, at, arrays = json.loads(content[4 : 4 + length]), 4 + length, {}
    for name, kind, shape in header.pop("arrays"):
        array = np.frombuffer(content, kind, int(np.prod(shape)), at).reshape(shape)
        arrays[name] = array
        at += -(-array.nbytes // 4) * 4
    return header, arrays


def test_strokes_are_read_as_drawn(tab, room):
    told = ask(tab, "open")
    assert told["networks"] == ["output/mnist_cnn/weights.safetensors", "output/weights.safetensors"]
    assert told["network"] == "output/mnist_cnn/weights.safetensors" and not tab.playing
    ask(tab, "network", name="output/weights.safetensors")
    assert frame(tab) == ({"network": "output/weights.safetensors", "number": 0, "digit": None}, {})
    assert ask(tab, "strokes", strokes=SEVEN) == {}
    header, arrays = frame(tab)
    form = mnist_form.of_strokes([np.array(SEVEN[0], float).reshape(-1, 2)], told["pen"])
    reading = read(networks.load(room._paths["output/weights.safetensors"])[1], form.image)
    assert header["digit"] == reading.digit and header["example"] == "mnist"
    np.testing.assert_allclose(header["confidences"], reading.confidences, atol=1e-6)
    assert header["place"] == [form.left, form.top, form.scale]
    assert header["layers"] == [["activation", [512]], ["activation_1", [512]]]
    np.testing.assert_array_equal(arrays["image"], np.rint(255 * form.image))
    np.testing.assert_allclose(arrays["sensitivity"], reading.sensitivity, rtol=1e-5)
    part = reading.layers[1].values * reading.layers[1].sensitivity
    np.testing.assert_allclose(arrays["parts1"] / 127, part / abs(part).max(), atol=0.005)
    assert arrays["values0"].max() == 255 and arrays["values0"].min() == 0
    ask(tab, "strokes", strokes=[], number=3)
    assert frame(tab)[0]["number"] == 3
    assert frame(tab)[0]["digit"] is None


def test_a_convolution_s_maps_are_sent(tab):
    ask(tab, "strokes", strokes=SEVEN)
    header, arrays = frame(tab)
    assert [shape for _, shape in header["layers"]] == [[26, 26, 32], [24, 24, 64], [128]]
    assert arrays["values1"].shape == (24, 24, 64)


@pytest.mark.parametrize(
    ("what", "message", "told"),
    [
        ("strokes", {}, "a list of at most 100 lists"),
        ("strokes", {"strokes": [[]] * 101}, "a list of at most 100 lists"),
        ("strokes", {"strokes": [[1.0, 2.0] * 4001]}, "4,000 points in all"),
        ("strokes", {"strokes": [[1.0]]}, "numbers on or near the board"),
        ("strokes", {"strokes": [[1.0, True]]}, "numbers on or near the board"),
        ("strokes", {"strokes": [[1.0, float("nan")]]}, "numbers on or near the board"),
        ("strokes", {"strokes": [[1.0, 1e9]]}, "numbers on or near the board"),
        ("strokes", {"strokes": SEVEN, "number": -1}, "a whole number from 0"),
        ("strokes", {"strokes": [{"x": 1}]}, "a list of at most 100 lists"),
        ("network", {"name": "../weights.safetensors"}, "one of the networks there are"),
        ("network", {}, "one of the networks there are"),
        ("picture", {}, "a picture file in base64"),
        ("picture", {"data": "no base64!"}, "base64|padding|Only"),
        ("picture", {"data": "AAAA"}, "This picture can't be read: it is no PNG"),
        ("dance", {}, "'dance' is not among what can be done"),
    ],
)
def test_what_a_page_must_not_send(tab, what, message, told):
    ask(tab, "strokes", strokes=SEVEN)
    before = tab.frame()
    with pytest.raises(ValueError, match=told):
        ask(tab, what, **message)
    assert tab.frame() == before


def test_a_picture_is_read_and_its_place_told(tab):
    image = pytest.importorskip("PIL.Image")
    grey = np.full((900, 600), 230, np.uint8)
    grey[300:600, 280:330] = 20
    file = io.BytesIO()
    image.fromarray(grey).save(file, "PNG")
    assert ask(tab, "picture", data=base64.b64encode(file.getvalue()).decode()) == {"size": [600, 900]}
    left, top, scale = frame(tab)[0]["place"]
    assert left + 14 * scale == pytest.approx(305, abs=scale) and top + 14 * scale == pytest.approx(450, abs=scale)
    assert scale == pytest.approx(300 / 20, rel=0.05)
    file = io.BytesIO()
    image.new("L", (50, 50), 200).save(file, "PNG")
    with pytest.raises(ValueError, match=r"There is no digit to be seen: nothing stands out from the paper\."):
        ask(tab, "picture", data=base64.b64encode(file.getvalue()).decode())


def test_weights_that_have_been_damaged_are_told_and_the_old_network_stays(tmp_path):
    (tmp_path / networks.WRITTEN[0]).parent.mkdir(parents=True)
    (tmp_path / networks.WRITTEN[0]).write_bytes(b"damaged, too")
    for path in networks.WRITTEN[1:]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        networks.mlp().save_weights(tmp_path / path)
    tab = DigitsSession(Classroom(tmp_path))
    (tmp_path / "output/weights.safetensors").write_bytes(b"PK")
    with pytest.raises(ValueError, match="as a safetensors file: it ends after 2 bytes"):
        ask(tab, "network", name="output/weights.safetensors")
    ask(tab, "strokes", strokes=SEVEN)
    assert frame(tab)[0]["network"] == "output/mnist_cnn/weights.safetensors"  # mnist_best's is damaged
    for path in networks.WRITTEN[1:]:
        (tmp_path / path).write_bytes(b"")
    assert DigitsSession(Classroom(tmp_path)).network == LEARNING


def test_without_weights_a_network_learns_while_it_reads(monkeypatch, tmp_path):
    monkeypatch.setattr(nn.datasets.mnist, "load_data", nn.datasets.digits.load_data)
    (x, y), _ = nn.datasets.digits.load_data()
    tab = DigitsSession(Classroom(tmp_path, epochs=4))
    assert tab.network == LEARNING and tab.playing
    until(lambda: tab.turn(0.02) == 0)
    ask(tab, "strokes", strokes=[[round(float(v), 1) for v in (10 * s).ravel()] for s in strokes_of(x[0] / 255)])
    shares = []
    while tab.playing:
        header, _ = frame(tab)
        shares.append(header["lesson"]["share"])
        tab.turn(0.02)
    header, arrays = frame(tab)
    assert shares == sorted(shares) and len(set(shares)) > 2 and header["lesson"]["share"] == 1
    assert header["lesson"]["right"] > 0.6 and header["lesson"]["digits"] == len(x)
    kept = tmp_path / networks.QUICK
    _, model = networks.load(kept)
    for reader in (lambda image: read(model, image), lambda image: tab.room.read(LEARNING, image)[1]):
        answers = np.array([reader((image / 255).astype(np.float32)).digit for image in x[:100]])
        assert (answers == y[:100]).mean() > 0.7
    assert DigitsSession(Classroom(tmp_path)).network == str(networks.QUICK)
    assert "image" in arrays


def test_where_there_are_no_digits_it_says_so(monkeypatch, tmp_path):
    def nothing():
        raise FileNotFoundError("no such folder")

    monkeypatch.setattr(nn.datasets.mnist, "load_data", nothing)
    tab = DigitsSession(Classroom(tmp_path))
    tab.frame()
    until(lambda: not tab.playing)
    assert frame(tab)[0]["lesson"]["trouble"] == "There are no digits to learn from: no such folder"


def test_two_tabs_may_read_while_a_third_teaches(monkeypatch, tmp_path):
    monkeypatch.setattr(nn.datasets.mnist, "load_data", nn.datasets.digits.load_data)
    room, wrong = Classroom(tmp_path, epochs=2), []
    until(lambda: room.teach(0) == 0)

    def work(tab):
        try:
            for i in range(15):
                ask(tab, "strokes", strokes=[[80, 60, 200, 60 + i, 120, 220]])
                tab.frame()
                tab.turn(0.01)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(DigitsSession(room),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
