"""Everything that a link to the playground says: `Settings`, checked from the first to the last value."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from . import checks, query
from .class_datasets import CLASSIFICATION as CLASS_DATASETS
from .datasets import CLASSIFICATION, REGRESSION
from .features import FEATURES
from .own_data import MOST_CLASSES, OwnData

# A learning rate to begin with, for each optimizer.
RATES = {
    "sgd": 0.03, "momentum": 0.01, "nesterov": 0.01, "rmsprop": 0.003, "adadelta": 1.0, "adam": 0.01, "adamw": 0.01
}  # fmt: skip

CHOICES: dict[str, tuple[str, ...]] = {
    "problem": ("classification", "regression"),
    "dataset": (*CLASSIFICATION, "own"),
    "regression_dataset": (*REGRESSION, "own"),
    "activation": ("relu", "tanh", "sigmoid", "linear", "leaky_relu", "elu", "gelu", "silu", "softplus"),
    "loss": ("squared", "cross-entropy"),
    "optimizer": tuple(RATES),
    "regularization": ("none", "L1", "L2"),
}
WHOLE_RANGES = {
    "classes": (2, MOST_CLASSES), "batch_size": (1, 1000), "stop_epoch": (0, 1_000_000)
}  # fmt: skip
RANGES: dict[str, tuple[float, float]] = {
    **WHOLE_RANGES, "noise": (0, 80), "train_percent": (1, 99), "dropout": (0, 0.9), "learning_rate": (0, 10),
    "regularization_rate": (0, 10), "stop_loss": (0, 1000),
}  # fmt: skip
MOST_LAYERS, MOST_NEURONS = 6, 8
LONGEST_SEED = 100

# The controls that a teacher can hide: the original's, then ours.
HIDABLE = (
    "showTestData", "discretize", "playButton", "stepButton", "resetButton", "learningRate", "activation",
    "regularization", "regularizationRate", "problem", "dataset", "percTrainData", "noise", "batchSize",
    "numHiddenLayers", *FEATURES,
    "classes", "loss", "optimizer", "dropout", "stop", "backButton", "ownData", "explain", "program",
)  # fmt: skip

# What may change while training goes on; all else needs a new run.
LIVE = (
    "learning_rate", "regularization_rate", "stop_epoch", "stop_loss", "show_test_data", "discretize", "hide_text",
    "hidden_controls",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What is learnt, by which network, how, and what the page shows: all that a link holds.

    The names and values are in the table of `query`; `CHOICES` and `RANGES` say what is allowed. Raises ValueError for
    a value that is not. A feature whose control is hidden is no input, as in the original Playground.

    >>> Settings(hidden=(8, 8), activation="relu").to_query()[:53]
    'activation=relu&regularization=none&batchSize=10&data'
    >>> Settings.from_query("#networkShape=3&learningRate=0.1").hidden
    (3,)
    >>> Settings(noise=90)
    Traceback (most recent call last):
        ...
    ValueError: noise must be a number from 0 to 80, given 90
    """

    problem: str = "classification"
    dataset: str = "circle"
    regression_dataset: str = "reg-plane"
    own: OwnData | None = field(default=None, repr=False)
    classes: int = 2
    noise: float = 0.0
    train_percent: float = 50.0
    seed: str = "0.12345"
    features: tuple[str, ...] = ("x", "y")
    hidden: tuple[int, ...] = (4, 2)
    activation: str = "tanh"
    activations: tuple[str, ...] = ()
    init_zero: bool = False
    dropout: float = 0.0
    loss: str = "squared"
    optimizer: str = "sgd"
    learning_rate: float = 0.03
    regularization: str = "none"
    regularization_rate: float = 0.0
    batch_size: int = 10
    stop_epoch: int = 0
    stop_loss: float = 0.0
    show_test_data: bool = False
    discretize: bool = False
    hide_text: bool = False
    hidden_controls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for one in fields(self):
            object.__setattr__(self, one.name, self._checked(one.name, getattr(self, one.name)))
        self._check_together()

    def _checked(self, name: str, value: Any) -> Any:
        if name in CHOICES:
            return checks.choice(name, value, CHOICES[name])
        if name in WHOLE_RANGES:
            return checks.whole(name, value, *WHOLE_RANGES[name])
        if name in RANGES:
            return checks.real(name, value, *RANGES[name])
        if name in ("init_zero", "show_test_data", "discretize", "hide_text"):
            return checks.flag(name, value)
        if name == "seed":
            return checks.text(name, value, LONGEST_SEED)
        if name == "own":
            if value is not None and not isinstance(value, OwnData):
                raise ValueError(f"own must be an OwnData, given {checks.shown(value)}")
            return value
        if not isinstance(value, (tuple, list)):
            raise ValueError(f"{name} must be a tuple, given {checks.shown(value)}")
        most = {"hidden": MOST_LAYERS, "activations": MOST_LAYERS}.get(name, len(HIDABLE))
        if len(value) > most:
            raise ValueError(f"{name} may have {most} entries, given {len(value):,}")
        if name == "hidden":
            return tuple([checks.whole("the neurons of a hidden layer", n, 1, MOST_NEURONS) for n in value])
        allowed = {"features": tuple(FEATURES), "activations": CHOICES["activation"], "hidden_controls": HIDABLE}[name]
        chosen = [checks.choice(name, each, allowed) for each in value]
        return tuple(chosen) if name == "activations" else tuple([each for each in allowed if each in chosen])

    def _check_together(self) -> None:
        shown = tuple([name for name in self.features if name not in self.hidden_controls])
        object.__setattr__(self, "features", shown)
        if not shown:
            raise ValueError(f"at least one feature must be an input: {', '.join(FEATURES)}")
        if self.activations and len(self.activations) != len(self.hidden):
            raise ValueError(
                f"activations must be one for each of {len(self.hidden)} hidden layers, given {len(self.activations)}"
            )
        if self.dataset_in_use == "own":
            if self.own is None:
                raise ValueError("the data set own needs points: give own=own_data(...)")
            if bool(self.own.class_names) != (self.problem == "classification"):
                has = "classes" if self.own.class_names else "values"
                raise ValueError(f"the problem is {self.problem}, but the own data has {has}")
        if not 0 < self.train_count < self.count:
            missing = "test on" if self.train_count else "learn from"
            raise ValueError(f"{self.train_percent:g} % of {self.count} points leaves none to {missing}")

    # What follows from them.

    @property
    def dataset_in_use(self) -> str:
        """The data set of the problem at hand."""
        return self.dataset if self.problem == "classification" else self.regression_dataset

    @property
    def count(self) -> int:
        """How many points there are."""
        if self.dataset_in_use == "own":
            return len(self.own.rows) if self.own else 0
        if self.problem == "regression":
            return 1200
        clumped = self.classes_in_use > 2 and self.dataset != "xor"  # as many points in each class
        return 500 // self.classes_in_use * self.classes_in_use if clumped else 500

    @property
    def train_count(self) -> int:
        """How many of them the network learns from."""
        return int(self.count * self.train_percent / 100)

    @property
    def classes_in_use(self) -> int:
        """How many classes there are; 0 in regression."""
        if self.problem == "regression":
            return 0
        return len(self.own.class_names) if self.dataset == "own" and self.own else self.classes

    @property
    def outputs(self) -> int:
        """How many outputs the network has: one for each class, where they are more than two."""
        return self.classes_in_use if self.classes_in_use > 2 else 1

    @property
    def loss_in_use(self) -> str:
        """Regression knows the squared error only."""
        return self.loss if self.problem == "classification" else "squared"

    @property
    def hidden_activations(self) -> tuple[str, ...]:
        """The activation of each hidden layer."""
        return self.activations or (self.activation,) * len(self.hidden)

    def generator(self) -> Any:
        """The function that makes the points of a data set that is not one's own."""
        if self.problem == "regression":
            return REGRESSION[self.regression_dataset]
        return CLASSIFICATION[self.dataset] if self.classes == 2 else CLASS_DATASETS[self.dataset]

    # As a link.

    def to_query(self) -> str:
        """The settings as they stand behind the # of a link."""
        return query.written({one.name: getattr(self, one.name) for one in fields(self)})

    @classmethod
    def from_query(cls, text: str) -> "Settings":
        """The settings of a link, with or without what stands before its #; also of the original Playground's.

        Names that are not known are ignored, and what a link does not say has its default.
        """
        return cls(**query.read(text))

    def changed(self, changes: Mapping[str, str]) -> "Settings":
        """The settings with other values for some names of the link.

        >>> from playground_parts import Settings
        >>> Settings().changed({"networkShape": "3", "noise": "20"}).hidden
        (3,)
        """
        return self.from_query(query.changed(self.to_query(), changes))


def new_seed() -> str:
    """Another seed, as the original Playground makes them."""
    return f"{random.random():.5f}"
