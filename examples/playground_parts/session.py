"""The playground's side of one tab: what the page asks for, as calls of the `Run` that trains."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import Run, Settings, catalog, new_seed, own_data, stories
from .frames import pack, plain

UNITS = ("sample", "batch", "epoch")
FINE, COARSE = 100, 50  # the side of a map, at rest and while it learns
PATIENCE = 0.25  # seconds that a step may take before the page is shown how far it is
CURVE = 500  # points of the loss curve in a frame


class PlaygroundSession:
    """A tab of the playground: `answer` calls the method that is named as the message is."""

    def __init__(self) -> None:
        self.run = Run(Settings())
        self.playing = False
        self.unit = "epoch"
        self.speed = 0.0  # steps a second; 0: as many as there is time for
        self.once = ""  # the unit of the one step that is being taken, at rest otherwise
        self.next = 0.0  # when the next of them is due
        self.cursor: tuple[float, float] | None = None
        self.drawn: tuple[Any, ...] = ()  # what the page's maps show, so that they are not sent again
        self.pointed: Run | None = None  # whose points the page has
        self.actions: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
            "open": self.open, "change": self.change, "own": self.own, "regenerate": self.regenerate,
            "reset": self.reset, "play": self.play, "pace": self.pace, "step": self.step, "back": self.back,
            "cursor": self.point, "edit": self.edit, "explain": self.explain, "program": self.program,
        }  # fmt: skip

    def answer(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Does what the message says, or raises a ValueError that says why not."""
        action = self.actions.get(message["do"])
        if action is None:
            raise ValueError(f"{message['do'][:40]!r} is not among what can be done: {', '.join(self.actions)}")
        return action(message)

    def turn(self, seconds: float) -> float:
        """Trains until the time is up, or until the next step at the chosen speed is due."""
        now = time.monotonic()
        if not (self.once or self.speed):
            self.run.play(seconds)
        elif self._step(self.once or self.unit, seconds):
            self.playing = self.playing and not self.once
            self.next = max(now, self.next + 1 / (self.speed or 1))
        self.playing = self.playing and not self.run.stopped
        return max(0.0, self.next - time.monotonic()) if self.speed else 0.0

    def frame(self) -> bytes:
        """The state of the run; the maps and the points only if they are not what the page has already."""
        run = self.run
        train, test = run.losses()
        head: dict[str, Any] = {
            "epoch": run.epoch, "position": run.position, "updates": run.updates, "playing": self.playing,
            "stopped": run.stopped, "train": train, "test": test, "accuracy": run.accuracy(), "sizes": run.sizes,
        }  # fmt: skip
        arrays = {
            "weights": _flat(run.weights()), "biases": _flat(run.biases()), "dead": _flat(run.dead(), "i1"),
            "history": _thinned(run.history),
        }  # fmt: skip
        slopes, bias_slopes = run.gradients()
        arrays |= {"gradients": _flat(slopes), "biasGradients": _flat(bias_slopes)}
        if self.cursor:
            head["probe"] = self._probe(*self.cursor)
        state = (run, run.samples_seen, self.playing, arrays["weights"].tobytes(), arrays["biases"].tobytes())
        if state != self.drawn:
            maps = run.maps(COARSE if self.playing else FINE)
            arrays["maps"] = np.rint(np.clip(np.nan_to_num(maps), -1, 1) * 127).astype(np.int8)
            self.drawn = state
        if self.pointed is not run:
            arrays |= {"trainPoints": run.train_points.astype("f4"), "testPoints": run.test_points.astype("f4")}
            self.pointed = run
        return pack(head, arrays)

    # What the page may ask for.

    def open(self, message: dict[str, Any]) -> dict[str, Any]:
        """Starts from a query, a link of the original Playground or nothing. Also tells what can be chosen."""
        self._begin(Settings.from_query(_text(message, "query", 1_000_000)))
        self.pointed, self.drawn = None, ()
        return self._state() | {"catalog": catalog.catalog()}

    def change(self, message: dict[str, Any]) -> dict[str, Any]:
        """Changes entries of the query: {"changes": {"noise": "20"}}. What needs a new network starts one, at rest."""
        changes = message.get("changes")
        if not isinstance(changes, dict) or not all(isinstance(value, str) for value in changes.values()):
            raise ValueError('"changes" has to hold texts, such as {"noise": "20"}.')
        settings = self.run.settings.changed(changes)
        if settings != self.run.settings and not self.run.adopt(settings):
            self._begin(settings)
        return self._state()

    def own(self, message: dict[str, Any]) -> dict[str, Any]:
        """Takes over the user's own data: {"data": CSV text, or [[x1, x2, class or value], ...]}."""
        problem = _one_of(message, "problem", ("classification", "regression"))
        columns = {name: message[name] for name in ("x1", "x2", "target") if message.get(name) not in (None, "")}
        if not all(isinstance(column, str | int) for column in columns.values()):
            raise ValueError("A column is a name, or a number from 0.")
        data = message.get("data")
        if not isinstance(data, str | list):
            raise ValueError('"data" has to be the text of a CSV file, or a list of points.')
        name = "dataset" if problem == "classification" else "regression_dataset"
        changes: dict[str, Any] = {"problem": problem, name: "own", "own": own_data(data, problem=problem, **columns)}
        self._begin(dataclasses.replace(self.run.settings, **changes))
        return self._state()

    def regenerate(self, message: dict[str, Any]) -> dict[str, Any]:
        """Other points and other weights."""
        self._begin(dataclasses.replace(self.run.settings, seed=new_seed()))
        return self._state()

    def reset(self, message: dict[str, Any]) -> dict[str, Any]:
        """The same run from its beginning."""
        self._begin(self.run.settings)
        return self._state()

    def play(self, message: dict[str, Any]) -> None:
        """Learns on, or pauses: {"on": true}."""
        self.playing, self.once = message.get("on") is True, ""
        self.next = time.monotonic()

    def pace(self, message: dict[str, Any]) -> None:
        """How big a step is while it learns, and how many a second: {"unit": "batch", "speed": 10}; 0: no limit."""
        speed = message.get("speed")
        if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0 <= speed <= 1000:
            raise ValueError("The speed has to be between 0 and 1000 steps a second.")
        self.unit, self.speed = _one_of(message, "unit", UNITS), float(speed)

    def step(self, message: dict[str, Any]) -> None:
        """One step forward, at rest. If it takes long, the turns go on with it, and it can be paused."""
        self.once = _one_of(message, "unit", UNITS)
        self.playing = not self._step(self.once, PATIENCE)

    def back(self, message: dict[str, Any]) -> dict[str, Any]:
        """One step back, at rest."""
        self.playing, self.once = False, ""
        return {"went": self.run.back(_one_of(message, "unit", UNITS))}

    def point(self, message: dict[str, Any]) -> None:
        """Where the cursor is on the plane: {"x": 1.0, "y": -2.0}, or {} when it has left."""
        if "x" not in message:
            self.cursor = None
            return
        x, y = (_number(message, name) for name in "xy")
        self.cursor = min(max(x, -6.0), 6.0), min(max(y, -6.0), 6.0)

    def edit(self, message: dict[str, Any]) -> None:
        """Sets a weight, or a bias where there is no "source": {"layer": 1, "to": 0, "source": 1, "value": 0.5}."""
        self.run.edit(*self._place(message), _number(message, "value"))

    def explain(self, message: dict[str, Any]) -> dict[str, Any]:
        """The story of a weight's sensitivity, as the path of a page."""
        return {
            "path": stories.put(self.run.explain(*self._place(message), of=_one_of(message, "of", ("batch", "sample"))))
        }

    def program(self, message: dict[str, Any]) -> dict[str, Any]:
        """A program that repeats this run."""
        return {"program": self.run.program()}

    def _begin(self, settings: Settings) -> None:
        run = Run(settings)
        self.run, self.playing, self.once, self.cursor = run, False, "", None

    def _probe(self, x: float, y: float) -> dict[str, Any]:
        """What every neuron says there, and how strongly the output that says most depends on it."""
        probe, of = self.run.probe(x, y), 0
        if of := int(np.argmax(probe["output"])):
            probe = self.run.probe(x, y, of)
        return {**plain(probe), "at": (x, y), "of": of}

    def _step(self, unit: str, seconds: float) -> bool:
        """A step, or as much of it as there is time for, and whether that was all of it."""
        if unit == "epoch":
            return self.run.play(seconds, one_epoch=True)
        self.run.step(unit)
        return True

    def _state(self) -> dict[str, Any]:
        """How things are set, for the page: every field, and the query that says the same."""
        settings = self.run.settings
        fields = {field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)}
        if settings.own is not None:
            fields["own"] = {
                "points": len(settings.own.rows), "class_names": settings.own.class_names,
                "axes": [axis._asdict() for axis in settings.own.axes],
            }  # fmt: skip
        fields["hidden_activations"] = settings.hidden_activations
        run = self.run
        counts = [len(run.train_points), len(run.test_points)]
        return plain({"query": settings.to_query(), "settings": fields, "sizes": run.sizes, "names": run.names,
                      "counts": counts})  # fmt: skip

    def _place(self, message: dict[str, Any]) -> tuple[int, int, int | None]:
        source = None if message.get("source") is None else _index(message, "source")
        return _index(message, "layer"), _index(message, "to"), source


def _text(message: dict[str, Any], name: str, length: int) -> str:
    value = message.get(name, "")
    if not isinstance(value, str) or len(value) > length:
        raise ValueError(f'"{name}" has to be a text of at most {length:,} characters.')
    return value


def _one_of(message: dict[str, Any], name: str, choices: tuple[str, ...]) -> str:
    value = message.get(name)
    if value not in choices:
        raise ValueError(f'"{name}" has to be one of {", ".join(choices)}.')
    return str(value)


def _number(message: dict[str, Any], name: str) -> float:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1e300:
        raise ValueError(f'"{name}" has to be a number.')
    return float(value)


def _index(message: dict[str, Any], name: str) -> int:
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1000:
        raise ValueError(f'"{name}" has to be a whole number from 0.')
    return value


def _flat(parts: list[np.ndarray], kind: str = "f4") -> np.ndarray:
    """All the arrays' numbers one after the other. What float32 can't hold is infinite."""
    with np.errstate(over="ignore"):
        return np.concatenate([np.ravel(part) for part in parts]).astype(kind) if parts else np.empty(0, kind)


def _thinned(history: Sequence[tuple[float, ...]]) -> np.ndarray:
    """At most about 500 entries, the first and the last among them."""
    every = -(-len(history) // CURVE)
    kept = list(history[::every])
    if (len(history) - 1) % every:
        kept.append(history[-1])
    with np.errstate(over="ignore"):
        return np.asarray(kept, np.float64).reshape(-1, 3).astype("f4")
