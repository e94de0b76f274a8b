"""examples/read_digit.py reads real digits from photos and strokes, and goes on after a file that can't be read."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import nn
from strokes import strokes_of

Image = pytest.importorskip("PIL.Image")
NO_PICTURE = "it is no PNG, JPEG, WEBP, GIF or BMP picture, or it is damaged"
PROGRAM = Path(__file__).parents[2] / "examples" / "read_digit.py"


def run(monkeypatch, *options):
    """The exit status of the program."""
    monkeypatch.setattr(sys, "argv", ["read_digit.py", *map(str, options)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(PROGRAM), run_name="__main__")
    return ended.value.code


@pytest.fixture
def some_weights(tmp_path):
    """Weights of mnist.py's network that has learnt nothing."""
    from digit_parts import networks

    nn.set_random_seed(0)
    networks.mlp().save_weights(tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors"


def save(path, grey):
    Image.fromarray(np.round(255 * grey).astype(np.uint8)).save(path)
    return path


def test_files_that_cant_be_read_do_not_stop_the_others(monkeypatch, capsys, tmp_path, digits, photo, some_weights):
    good = [save(tmp_path / f"{i}.png", photo(digits[i], i)) for i in range(2)]
    (tmp_path / "no\npicture.png").write_bytes(b"nothing")
    save(tmp_path / "empty.png", np.ones((50, 50)))
    bad = [tmp_path / "absent.png", tmp_path / "no\npicture.png", tmp_path / "empty.png", tmp_path]
    assert run(monkeypatch, good[0], *bad, good[1], "--weights", some_weights) == 1
    said = capsys.readouterr()
    assert said.out.startswith(f"The network is {some_weights}, of examples/mnist.py\n")
    headings = [line for line in said.out.splitlines() if line.startswith(str(tmp_path))]
    assert [heading.split(": ")[0] for heading in headings] == [str(path) for path in good]
    assert said.err.splitlines() == [
        f"{tmp_path}/absent.png: can't be read: there is no such file",
        f"{tmp_path}/no\ufffdpicture.png: can't be read: {NO_PICTURE}",
        f"{tmp_path}/empty.png: can't be read: nothing stands out from the paper",
        f"{tmp_path}: can't be read: it is no file",
    ]
    assert run(monkeypatch, *good, "--weights", some_weights) == 0


def test_what_is_printed_and_drawn(monkeypatch, capsys, tmp_path, digits, some_weights):
    pictures = [save(tmp_path / name, 1 - digits[0]) for name in ("a.png", "a.bmp")]
    for _ in range(2):
        assert run(monkeypatch, *pictures, "--weights", some_weights, "--show", "--output", tmp_path / "out") == 0
    lines = capsys.readouterr().out.splitlines()
    bars = [line for line in lines if line[:2] == "  " and line[2:3].isdigit() and line.endswith("%")]
    assert [line[2] for line in bars] == [*"0123456789"] * 4
    shares = [float(line.split()[-2]) for line in bars[:10]]
    assert sum(shares) == pytest.approx(100, abs=0.6)
    for line, share in zip(bars, shares, strict=False):
        assert abs(line.count("█") - 0.4 * share) < 1.1
    ink = [line for line in lines if set(line[2:]) <= set(" ░▒▓█") and len(line) == 58]
    assert len(ink) == 4 * 28
    drawn = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert drawn == ["a_1_read.png", "a_2_read.png", "a_3_read.png", "a_read.png"]
    for name in drawn:
        with Image.open(tmp_path / "out" / name) as image:
            assert image.size == (1224, 546)


def test_the_best_network_that_was_trained_is_taken(monkeypatch, capsys, tmp_path, digits, some_weights):
    import mnist_parts
    from digit_parts import networks

    picture = save(tmp_path / "a.png", digits[0])
    monkeypatch.chdir(tmp_path)
    for folder, network in [("", networks.mlp), ("mnist_cnn", networks.cnn)]:
        mnist_parts.prepared(Path("output") / folder)
        network().save_weights(Path("output") / folder / "weights.safetensors")
        run(monkeypatch, picture)
    said = capsys.readouterr().out
    assert "The network is output/weights.safetensors, of examples/mnist.py" in said
    assert "The network is output/mnist_cnn/weights.safetensors, of examples/mnist_cnn.py" in said


def test_without_a_network_one_is_trained_once(monkeypatch, capsys, tmp_path, digits):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(nn.datasets.mnist, "load_data", lambda folder: nn.datasets.digits.load_data())
    pictures = [save(tmp_path / f"{i}.png", 1 - image) for i, image in enumerate(digits[:10])]
    for _ in range(2):
        assert run(monkeypatch, *pictures) == 0
    said = capsys.readouterr().out
    assert said.count("There is no trained network in output/. One is trained quickly now, this once;") == 1
    assert said.count("The network is output/read_digit/weights.safetensors, of examples/mnist.py") == 1


def test_no_network_is_a_clear_end(monkeypatch, tmp_path):
    (tmp_path / "weights.safetensors").write_bytes(b"PK")
    for name in ("weights.safetensors", "absent.safetensors"):
        said = run(monkeypatch, "a.png", "--weights", tmp_path / name)
        assert said.startswith("no network to read with: ") and said.endswith("python examples/mnist_cnn.py")


@pytest.mark.slow
def test_real_digits_on_photos_are_read_right(monkeypatch, capsys, tmp_path, mnist, photo, trained):
    _, (images, labels) = mnist
    paths = []
    for i in range(100):
        grey = np.round(255 * photo(images[i] / 255, i)).astype(np.uint8)
        exif = Image.Exif()
        exif[0x0112] = [1, 3, 6, 8][i % 4]
        turned = np.rot90(grey, [0, 2, 1, 3][i % 4])  # as the camera was held
        paths.append(tmp_path / f"{i}.jpg")
        Image.fromarray(turned).save(paths[-1], exif=exif, quality=85)
    assert run(monkeypatch, *paths, "--weights", trained) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith(str(tmp_path))]
    right = sum(int(line[-1]) == label for line, label in zip(said, labels[:100], strict=True))
    print(f"{right} of 100 photos read right")
    assert right >= 95


@pytest.mark.slow
def test_strokes_of_real_digits_are_read_right(mnist, trained):
    from digit_parts import mnist_form, networks
    from digit_parts.reader import read

    _, model = networks.load(trained)
    _, (images, labels) = mnist
    answers = [read(model, mnist_form.of_strokes(strokes_of(image / 255), 2.5).image).digit for image in images[:100]]
    right = int((np.array(answers) == labels[:100]).sum())
    print(f"{right} of 100 digits of strokes read right")
    assert right >= 95
