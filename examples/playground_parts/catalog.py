"""What the page can offer: the choices of each menu, the bounds of each number, small pictures of the data sets."""

import functools
from typing import Any

import numpy as np

from . import Run, feature_maps, settings
from .frames import plain

SETS = {"classification": ("circle", "xor", "gauss", "spiral"), "regression": ("reg-plane", "reg-gauss")}
THUMBNAIL = 24


@functools.cache
def catalog() -> dict[str, Any]:
    """Choices, ranges and rates of `settings`; 200 points of each data set; a map of each feature, -127 to 127."""
    return plain({
        "choices": settings.CHOICES, "ranges": settings.RANGES, "rates": settings.RATES,
        "features": tuple(settings.FEATURES), "hidable": settings.HIDABLE,
        "thumbnails": {problem: {name: _points(problem, name) for name in names} for problem, names in SETS.items()},
        "featureMaps": np.rint(np.clip(feature_maps(THUMBNAIL), -1, 1) * 127).astype(int).reshape(-1, THUMBNAIL**2),
    })  # fmt: skip


def _points(problem: str, name: str) -> list[list[float]]:
    which: dict[str, Any] = {"dataset": name} if problem == "classification" else {"regression_dataset": name}
    points = Run(settings.Settings(problem=problem, **which)).train_points
    return np.round(points[:200], 2).tolist()
