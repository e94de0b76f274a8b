"""Settings as the part of a link behind #, in the words of the original Playground, and back.

Whoever hands a link on may write its characters otherwise (%2C for a comma): it means the same.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from . import checks
from .features import FEATURES
from .own_data import LONGEST_TEXT, MOST_POINTS, Axis, OwnData, pairs

# Name in a link: name in Settings. The first group are the original's, in its order; the second are ours.
NAMES = {
    "activation": "activation", "regularization": "regularization", "batchSize": "batch_size", "dataset": "dataset",
    "regDataset": "regression_dataset", "learningRate": "learning_rate", "regularizationRate": "regularization_rate",
    "noise": "noise", "networkShape": "hidden", "seed": "seed", "showTestData": "show_test_data",
    "discretize": "discretize", "percTrainData": "train_percent", "problem": "problem", "initZero": "init_zero",
    "hideText": "hide_text",
    "classes": "classes", "activations": "activations", "dropout": "dropout", "loss": "loss", "optimizer": "optimizer",
    "stopEpoch": "stop_epoch", "stopLoss": "stop_loss",
}  # fmt: skip
FLAGS = ("showTestData", "discretize", "initZero", "hideText")
LISTS = ("networkShape", "activations")
HIDE = "_hide"
LONGEST_LIST = 1000  # characters, of names that are written one after the other


def written(settings: dict[str, Any]) -> str:
    """The settings behind a #. The features are written one by one, the points of own data as they are."""
    words = [f"{name}={_text(settings[key])}" for name, key in NAMES.items()]
    words += [f"{name}={_text(name in settings['features'])}" for name in FEATURES]
    words += [f"{name}{HIDE}=true" for name in settings["hidden_controls"]]
    own = settings["own"]
    if own is not None:
        words += [f"data={pairs(own.rows)}", f"classNames={_listed(own.class_names)}"]
        words += [f"axes={_listed([f'{axis.name}:{axis.low!r}:{axis.high!r}' for axis in own.axes])}"]
    return "&".join(words)


def changed(text: str, changes: Mapping[str, str]) -> str:
    """The link with other values for these names."""
    said = dict([pair.partition("=")[::2] for pair in text.split("&")])
    said |= {_quoted(name): _quoted(value) for name, value in changes.items()}
    return "&".join([f"{name}={value}" for name, value in said.items()])


def read(text: Any) -> dict[str, Any]:
    """What a link says, as arguments for Settings. Blank values count as not said, as in the original."""
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise ValueError(f"a link is a text of at most {LONGEST_TEXT:,} characters, given {checks.shown(text)}")
    said = {}
    for pair in text[text.find("#") + 1 :].split("&"):
        name, _, value = pair.partition("=")
        said[name] = value.strip()
    found: dict[str, Any] = {}
    for name, key in NAMES.items():
        if name in LISTS and name in said:
            value = unquote(said[name])
            found[key] = tuple(value.split(",")) if value else ()
        elif value := said.get(name, ""):
            found[key] = unquote(value) != "false" if name in FLAGS else unquote(value)
    default = {"x": "true", "y": "true"}
    found["features"] = tuple([name for name in FEATURES if (said.get(name) or default.get(name, "false")) != "false"])
    hidden = [name.removesuffix(HIDE) for name, value in said.items() if name.endswith(HIDE) and value == "true"]
    if hidden:
        from .settings import HIDABLE

        found["hidden_controls"] = tuple([name for name in hidden if name in HIDABLE])
    if said.get("data"):
        found["own"] = _own(said["data"], said.get("classNames", ""), said.get("axes", ""))
    return found


def _own(data: str, class_names: str, axes: str) -> OwnData:
    data = unquote(data)
    if data.count(";") >= MOST_POINTS:
        raise ValueError(f"own data may have {MOST_POINTS:,} points, given more")
    rows: Any = tuple([tuple(row.split(",")) for row in data.split(";")])
    names = _names("classNames", class_names)
    if not axes:
        return OwnData(rows, names)
    return OwnData(rows, names, tuple(map(_axis, _names("axes", axes))))  # type: ignore[arg-type]


def _axis(words: str) -> Axis:
    parts = words.rsplit(":", 2)
    if len(parts) != 3:
        raise ValueError(f"an axis is written name:low:high, given {checks.shown(words)}")
    low, high = (checks.real("an end of an axis", part, -1e15, 1e15) for part in parts[1:])
    return Axis(parts[0], low, high)


def _listed(names: Iterable[str]) -> str:
    """Names with commas between them, as in a line of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return quote(line.getvalue(), safe=",:")


def _names(what: str, words: str) -> tuple[str, ...]:
    line = unquote(words)
    if len(line) > LONGEST_LIST:
        raise ValueError(f"{what} may have {LONGEST_LIST} characters, given {len(line):,}")
    try:
        return tuple(next(csv.reader([line]), ()))
    except csv.Error as error:
        raise ValueError(f"{what} must be names with commas between them: {error}") from None


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(map(_text, value))
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(value)
    return _quoted(str(value))


def _quoted(text: str) -> str:
    return quote(text, safe="")
