"""Your own data: points from a text, a file or a drawing, brought to the plane, with every number bounded."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .checks import real, shown, text, whole

LONGEST_TEXT = 1_000_000
MOST_POINTS = 5_000
FEWEST_POINTS = 4
MOST_CLASSES = 6
MOST_COLUMNS = 100
LONGEST_NAME = 40

Row = tuple[float, float, float]


class Axis(NamedTuple):
    """What a coordinate of the plane (or a target) is in the data: its name, and its values at -1 and at +1."""

    name: str
    low: float
    high: float


PLAIN = (Axis("X1", -1.0, 1.0), Axis("X2", -1.0, 1.0), Axis("target", -1.0, 1.0))


@dataclass(frozen=True)
class OwnData:
    """Points of the plane, each with a class number or, where there are no classes, a value from -1 to 1.

    rows: (x1, x2, target), all rounded to a thousandth, so that a link holds them exactly. class_names: 2 to 6 names,
    or none for regression. axes: what x1, x2 and the target are in the data. Raises ValueError for anything else.
    """

    rows: tuple[Row, ...]
    class_names: tuple[str, ...] = ()
    axes: tuple[Axis, Axis, Axis] = PLAIN

    def __post_init__(self) -> None:
        if len(self.class_names) == 1 or len(self.class_names) > MOST_CLASSES:
            raise ValueError(f"own data must have 2 to {MOST_CLASSES} classes, given {len(self.class_names)}")
        if not FEWEST_POINTS <= len(self.rows) <= MOST_POINTS:
            raise ValueError(f"own data must have {FEWEST_POINTS} to {MOST_POINTS:,} points, given {len(self.rows):,}")
        for name in self.class_names:
            text("the name of a class", name, LONGEST_NAME)
        if len(set(self.class_names)) < len(self.class_names):
            raise ValueError("the names of the classes must differ")
        if len(self.axes) != 3:
            raise ValueError(f"there must be 3 axes, for x1, x2 and the target, given {len(self.axes)}")
        for axis in self.axes:
            text("the name of an axis", axis.name, LONGEST_NAME)
            for end in axis[1:]:
                real(f"an end of the axis {axis.name}", end, -1e15, 1e15)
        object.__setattr__(self, "rows", tuple([self._checked(row) for row in self.rows]))

    def _checked(self, row: Any) -> Row:
        if len(row) != 3:
            raise ValueError(f"each point has x1, x2 and a target, given {len(row)} values")
        x1, x2 = (_rounded(real(name, x, -6, 6)) for name, x in zip(("x1", "x2"), row[:2], strict=True))
        if self.class_names:
            return x1, x2, whole("the class of a point", row[2], 0, len(self.class_names) - 1)
        return x1, x2, _rounded(real("the target of a point", row[2], -1, 1))


def own_data(
    source: str | Sequence[Sequence[Any]],
    problem: str = "classification",
    x1: int | str | None = None,
    x2: int | str | None = None,
    target: int | str | None = None,
) -> OwnData:
    """The points of a CSV text, or of rows [x1, x2, class or value] as they were drawn on the plane.

    A text has a point a line, its values between commas, semicolons, tabs or blanks, perhaps with a line of names
    first. x1, x2, target: the columns to take, by name or by number from 0; without them, the first two columns of
    numbers and the last column. Coordinates that do not fill the plane are scaled, axis by axis, to -5 .. 5, targets
    of regression beyond -1 .. 1 to -1 .. 1. Raises ValueError, with the line, for what can't be read.

    >>> data = own_data("width,length,kind\\n1,10,rose\\n2,20,rose\\n3,30,lily\\n4,50,lily\\n")
    >>> data.class_names, data.rows[0]
    (('lily', 'rose'), (-5.0, -5.0, 1))
    >>> data.axes[1]
    Axis(name='length', low=26.0, high=34.0)
    """
    drawn = not isinstance(source, str)
    names, cells, lines = _rows(source) if drawn else _table(source)
    columns = _columns(names, cells, (x1, x2, target))
    coordinates, axes = [], []
    for name, column in zip(("x1", "x2"), columns, strict=False):
        coordinates.append([_number(row[column], names[column], line) for row, line in zip(cells, lines, strict=True)])
        axes.append(Axis(_named(names[column], name), -1.0, 1.0))
    if not drawn and not all(map(_fills_the_plane, coordinates)):
        for i in range(2):
            coordinates[i], axes[i] = _scaled(coordinates[i], axes[i].name, 5.0)
    labels = [row[columns[2]] for row in cells]
    axis = Axis(_named(names[columns[2]], "target"), -1.0, 1.0)
    if problem == "classification":
        class_names, targets = _classes(labels, lines)
    else:
        class_names = ()
        targets = [_number(label, names[columns[2]], line) for label, line in zip(labels, lines, strict=True)]
        if not all(-1 <= value <= 1 for value in targets):
            targets, axis = _scaled(targets, axis.name, 1.0)
    return OwnData(tuple(zip(*coordinates, targets, strict=True)), class_names, (axes[0], axes[1], axis))


def _rows(source: Any) -> tuple[list[str], list[list[str]], list[int]]:
    """Rows that were drawn, as text cells, with the number of each."""
    if not isinstance(source, (list, tuple)):
        raise ValueError(f"own data is a text or a list of points, given {shown(source)}")
    _bound(len(source))
    for number, row in enumerate(source, 1):
        if not isinstance(row, (list, tuple)) or len(row) != 3:
            raise ValueError(f"point {number} must be a list [x1, x2, class or value], given {shown(row)}")
        for value in row:
            if isinstance(value, bool) or not isinstance(value, (int, float, str)):
                raise ValueError(f"point {number} must be made of numbers and texts, given {shown(value)}")
    cells = [[value if isinstance(value, str) else shown(value) for value in row] for row in source]
    return ["X1", "X2", "target"], cells, list(range(1, len(source) + 1))


def _table(source: str) -> tuple[list[str], list[list[str]], list[int]]:
    """The names of the columns, the cells, and the line that each row stands in."""
    if len(source) > LONGEST_TEXT:
        raise ValueError(f"the text may have {LONGEST_TEXT:,} characters, given {len(source):,}")
    lines = source.removeprefix("\ufeff").splitlines()
    first = next((line for line in lines if line.strip()), "")
    delimiter = max("\t;,", key=first.count)
    if delimiter not in first:
        lines, delimiter = [" ".join(line.split()) for line in lines], " "
    rows, numbers = [], []
    try:
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append(cells)
                numbers.append(reader.line_num)
                _bound(len(rows) - 1)
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num} can't be read as CSV: {error}") from None
    if not rows:
        raise ValueError("the text has no line with values")
    width = len(rows[0])
    if not 3 <= width <= MOST_COLUMNS:
        raise ValueError(
            f"the text must have 3 to {MOST_COLUMNS} columns (x1, x2 and a class or value), its first line has {width}"
        )
    for row, number in zip(rows, numbers, strict=True):
        if len(row) != width:
            raise ValueError(f"line {number} has {len(row)} values, the first line has {width}")
    if delimiter != ",":  # then a comma may be a decimal point
        rows = [[_with_point(cell) for cell in row] for row in rows]
    if any(map(_is_number, rows[0])):
        return [f"column {i}" for i in range(width)], rows, numbers
    return rows[0], rows[1:], numbers[1:]


def _columns(names: list[str], cells: list[list[str]], asked: tuple[Any, Any, Any]) -> list[int]:
    """Which three columns are x1, x2 and the target."""
    if not cells:
        raise ValueError("there is no point, only a line of names")
    chosen = [None if given is None else _column(given, names) for given in asked]
    if chosen[2] is None:
        chosen[2] = max(i for i in range(len(names)) if i not in chosen[:2])
    numeric = [i for i, cell in enumerate(cells[0]) if _is_number(cell) and i not in chosen]
    for i in range(2):
        if chosen[i] is None:
            if not numeric:
                raise ValueError("there must be two columns of numbers beside the target: none is left for x1 and x2")
            chosen[i] = numeric.pop(0)
    if len(set(chosen)) < 3:
        raise ValueError("x1, x2 and the target must be three different columns")
    return [i for i in chosen if i is not None]


def _column(given: Any, names: list[str]) -> int:
    if isinstance(given, str) and given in names:
        return names.index(given)
    try:
        return whole("a column", given, 0, len(names) - 1)
    except ValueError:
        some = ", ".join(shown(name) for name in names[:6])
        raise ValueError(
            f"a column is a number from 0 to {len(names) - 1} or a name ({some}), given {shown(given)}"
        ) from None


def _classes(labels: list[str], lines: list[int]) -> tuple[tuple[str, ...], list[float]]:
    """The names of the classes in order, numbers by their size, and the number of each label."""
    distinct: dict[str, None] = {}
    for label, line in zip(labels, lines, strict=True):
        if not label:
            raise ValueError(f"line {line} has no class")
        distinct[label] = None
        if len(distinct) > MOST_CLASSES:
            raise ValueError(
                f"there may be {MOST_CLASSES} classes, line {line} has one more, {shown(label)}: for values choose the"
                " problem regression"
            )
    if len(distinct) < 2:
        raise ValueError(f"there must be at least 2 classes, all points have {shown(labels[0])}")
    order = sorted(distinct, key=float if all(map(_is_number, distinct)) else str)
    return tuple([_named(name, "class") for name in order]), [float(order.index(label)) for label in labels]


def _with_point(cell: str) -> str:
    with_point = cell.replace(",", ".")
    return with_point if _is_number(with_point) else cell


def _number(cell: str, column: str, line: int) -> float:
    if not _is_number(cell):
        raise ValueError(f"line {line}: {shown(column)} must be a number, given {shown(cell)}")
    return real(f"line {line}: {shown(column)}", cell, -1e15, 1e15)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _fills_the_plane(values: list[float]) -> bool:
    return min(values) >= -6 and max(values) <= 6 and max(values) - min(values) >= 3


def _scaled(values: list[float], name: str, reach: float) -> tuple[list[float], Axis]:
    """The values from -reach to reach, and the axis that leads back to them."""
    low, high = min(values), max(values)
    middle, half = low / 2 + high / 2, (high / 2 - low / 2) or 1.0
    scaled = [(value - middle) / half * reach for value in values]
    return scaled, Axis(name, middle - half / reach, middle + half / reach)


def _rounded(value: float) -> float:
    return round(value, 3) + 0.0  # + 0.0: no minus zero


def _named(name: str, otherwise: str) -> str:
    """A name that can be written down, not too long."""
    clean = "".join(c if c.isprintable() else " " for c in name).strip()
    return (clean if len(clean) <= LONGEST_NAME else clean[: LONGEST_NAME - 1] + "…") or otherwise


def _bound(count: int) -> None:
    if count > MOST_POINTS:
        raise ValueError(f"own data may have {MOST_POINTS:,} points, given more")


def pairs(rows: Iterable[Row]) -> str:
    """The rows as a link holds them: "1.5,-2,0;..."."""
    return ";".join(",".join(f"{value:.3f}".rstrip("0").rstrip(".") for value in row) for row in rows)
