"""The Digits page's side of one tab: strokes or a picture come in, what the network makes of them goes out."""

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from playground_parts.frames import pack

from . import mnist_form, paper, photo
from .classroom import LEARNING, Classroom
from .mnist_form import Form
from .reader import Reading

SIDE, PEN = 280, 26  # the board, and how thick its pen draws
STROKES, POINTS = 100, 4000
ROOM = Classroom()


class DigitsSession:
    """A tab of the Digits page: `answer` looks up the method of the message's name, `frame` is the reading."""

    def __init__(self, room: Classroom | None = None) -> None:
        self.room = room or ROOM
        self.network = self.room.first()
        self.form: Form | None = None
        self.number = 0  # of the drawing, as the page counts
        self.actions: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "open": self.open, "network": self.choose, "strokes": self.draw, "picture": self.look,
        }  # fmt: skip

    @property
    def playing(self) -> bool:
        """Whether there is something to learn yet."""
        if self.network != LEARNING:
            return False
        lesson = self.room.progress()
        return lesson["share"] < 1 and not lesson["trouble"]

    @playing.setter
    def playing(self, value: bool) -> None:
        """The server stops a session whose turn went wrong: then there is no network to go on with."""
        if not value and self.network == LEARNING:
            self.network = self.room.first()

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Does what the message says, or raises a ValueError that says why not."""
        action = self.actions.get(message["do"])
        if action is None:
            raise ValueError(f"{message['do'][:40]!r} is not among what can be done: {', '.join(self.actions)}")
        return action(message)

    def turn(self, seconds: float) -> float:
        """The network learns for about that long."""
        return self.room.teach(seconds)

    def frame(self) -> bytes:
        """What is read now: confidences, layers, sensitivity, and where the image lies on the board."""
        head: dict[str, Any] = {"network": self.network, "number": self.number, "digit": None}
        if self.network == LEARNING:
            head["lesson"] = self.room.progress()
        if self.form is None:
            return pack(head, {})
        head["example"], reading = self.room.read(self.network, self.form.image)
        head |= {
            "digit": reading.digit, "confidences": [float(share) for share in reading.confidences],
            "place": [self.form.left, self.form.top, self.form.scale],
            "layers": [[layer.name, list(layer.values.shape)] for layer in reading.layers],
        }  # fmt: skip
        return pack(head, _arrays(reading))

    # What the page may ask for.

    def open(self, message: dict[str, Any]) -> dict[str, Any]:
        """What there is to read with, and how large the board is."""
        return {"networks": self.room.names(), "network": self.network, "side": SIDE, "pen": PEN}

    def choose(self, message: dict[str, Any]) -> dict[str, Any]:
        """Reads with another network: {"name": "output/weights.safetensors"}."""
        name = message.get("name")
        if not isinstance(name, str) or (name not in self.room.names() and name != self.network):
            raise ValueError('"name" has to be one of the networks there are.')
        if name != LEARNING:
            self.room.read(name, np.zeros((28, 28), np.float32))  # says now what is wrong with it
        self.network = name
        return {}

    def draw(self, message: dict[str, Any]) -> dict[str, Any]:
        """All that is drawn, or []: {"strokes": [[x, y, x, y, ...], ...], "number": 5}, on a board of 280 x 280."""
        given = message.get("strokes")
        if not isinstance(given, list) or len(given) > STROKES or not all(isinstance(line, list) for line in given):
            raise ValueError(f'"strokes" has to be a list of at most {STROKES} lists.')
        if sum(map(len, given)) > 2 * POINTS:
            raise ValueError(f"The strokes may have {POINTS:,} points in all.")
        if not all(_is_place(number) for line in given for number in line) or any(len(line) % 2 for line in given):
            raise ValueError("A stroke is a list of x, y, x, y, ..., which are numbers on or near the board.")
        number = message.get("number", 0)
        if not isinstance(number, int) or not 0 <= number < 1 << 53:
            raise ValueError('"number" has to be a whole number from 0.')
        strokes = [np.array(line, np.float64).reshape(-1, 2) for line in given if line]
        self.form = mnist_form.of_strokes(strokes, PEN) if strokes else None
        self.number = number
        return {}

    def look(self, message: dict[str, Any]) -> dict[str, Any]:
        """A picture to read: {"data": base64 of a picture file}. Tells its size, in which the image's place is told."""
        data = message.get("data")
        if not isinstance(data, str):
            raise ValueError('"data" has to be a picture file in base64.')
        try:
            grey = photo.open_bytes(base64.b64decode(data, validate=True))
        except (ImportError, binascii.Error) as error:
            raise ValueError(str(error)) from error
        except ValueError as error:
            raise ValueError(f"This picture can't be read: {error}.") from error
        try:
            ink, scale = paper.find_ink(grey)
        except ValueError as error:
            raise ValueError(f"There is no digit to be seen: {error}.") from error
        form = mnist_form.of_ink(ink)
        self.form = Form(form.image, form.left * scale, form.top * scale, form.scale * scale)
        return {"size": [grey.shape[1], grey.shape[0]]}


def _is_place(number: Any) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and abs(number) <= 10 * SIDE


def _arrays(reading: Reading) -> dict[str, np.ndarray]:
    """The image and the layers in a byte for each value; each layer's strongest is 255, or 127 for or against."""
    arrays = {
        "image": np.rint(255 * reading.image).astype(np.uint8),
        "sensitivity": reading.sensitivity.astype(np.float32),
    }
    for i, layer in enumerate(reading.layers):
        part = layer.values * layer.sensitivity
        arrays[f"values{i}"] = np.rint(_to_one(layer.values) * 255).astype(np.uint8)
        arrays[f"parts{i}"] = np.rint(_to_one(part) * 127).astype(np.int8)
    return arrays


def _to_one(values: np.ndarray) -> np.ndarray:
    largest = float(np.abs(values).max())
    return values / largest if 0 < largest < math.inf else np.zeros_like(values)
