"""Reads a handwritten digit in each picture: python examples/read_digit.py FILE...

A photo of a digit on paper, a drawing, a scan: dark on light or light on dark, of any size. The ink is brought into the
form that MNIST's images have, and a network that learnt MNIST reads it. For each file it prints the digit and the ten
confidences; with --show also what the network sees, and with --output FOLDER it draws the blame of every pixel for the
answer, as heat over the ink.

The network is one that examples/mnist_best.py, mnist_cnn.py or mnist.py has trained (--weights FILE, else the best that
is found in output/). Where there is none, mnist.py's is trained quickly, once, and kept in output/read_digit/.

A file that can't be read is told about, and the others go on; the exit status is then 1. It needs:
pip install 'tinygrad_lite[examples]'
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import mnist_parts as parts
import nn
from digit_parts import mnist_form, networks, paper, photo
from digit_parts.picture import draw
from digit_parts.reader import Reading, read


def main() -> None:
    options = parse_options()
    folder = parts.prepared(options.output) if options.output else None
    example, model = network(options.weights, options.data)
    failed = 0
    for path in options.files:
        try:
            reading = read(model, mnist_form.of_ink(paper.find_ink(photo.open_file(path))[0]).image)
        except (OSError, ValueError) as error:
            failed += 1
            print(f"{shown(path)}: can't be read: {error}", file=sys.stderr)
            continue
        print("\n".join(told(path, reading, options.show)))
        if folder:
            parts.save_picture(unused(folder, path), lambda reading=reading: draw(reading, example))
    sys.exit(1 if failed else 0)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a PNG, JPEG, WebP, GIF or BMP picture")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="what a network has learnt (weights.safetensors)")
    parser.add_argument("--show", action="store_true", help="print what the network sees, in characters")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="draw the blame of every pixel there, as PNG")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="where MNIST is, if a network has to be trained")
    return parser.parse_args()


def network(weights: Path | None, data: Path | None) -> tuple[str, nn.Sequential]:
    """The network, with the example it belongs to: from the file, the best one found, or trained now."""
    path = weights or next((p for p in [*networks.WRITTEN, networks.QUICK] if p.exists()), None)
    if path is None:
        print("There is no trained network in output/. One is trained quickly now, this once;")
        print("python examples/mnist_cnn.py trains one that reads better.")
        parts.prepared(networks.QUICK.parent)
        model = networks.quickly_trained(parts.load_digits(data)[0])
        parts.save(networks.QUICK, model.save_weights)
        return "mnist", model
    try:
        example, model = networks.load(path)
    except (OSError, ValueError) as error:
        sys.exit(f"no network to read with: {error}\ntrain one: python examples/mnist_cnn.py")
    print(f"The network is {path}, of examples/{example}.py")
    return example, model


def told(path: Path, reading: Reading, show: bool) -> list[str]:
    """What is printed of a file."""
    lines = ["", f"{shown(path)}: {reading.digit}", ""]
    for digit, share in enumerate(reading.confidences):
        lines.append(f"  {digit}  {bar(float(share), 40)} {100 * share:5.1f} %")
    if show:
        lines += ["", *characters(reading.image)]
    return lines


def bar(share: float, width: int) -> str:
    """A bar in eighths of characters.

    >>> bar(0.55, 5)
    '██▊  '
    """
    whole, rest = divmod(round(8 * width * share), 8)
    return ("█" * whole + " ▏▎▍▌▋▊▉"[rest].strip()).ljust(width)


def characters(image: np.ndarray) -> list[str]:
    """The image in blocks of two characters a pixel's width, two pixels high each: light on dark or dark on light."""
    return ["  " + "".join(" ░▒▓█"[round(4 * float(v))] * 2 for v in row) for row in image]


def shown(path: Path) -> str:
    """The name as visible characters on one line."""
    return "".join(c if c.isprintable() else "\ufffd" for c in str(path))


def unused(folder: Path, path: Path) -> Path:
    """A name for the picture that no other file has."""
    names = (f"{path.stem}{f'_{i}' if i else ''}_read.png" for i in range(1_000_000))
    return next(folder / name for name in names if not (folder / name).exists())


if __name__ == "__main__":
    main()
