"""The table that `model.summary()` prints: Keras's, to the letter; and the same as a notebook shows it."""

import shutil
import textwrap
from collections.abc import Iterator
from html import escape
from typing import Any, NamedTuple

from .module import Module
from .naming import camel_case
from .notebook import table
from .symbol import Symbol


class Column(NamedTuple):
    """A column: its title, where its text stands ("<", ">" or "^"), and where it ends, as a share of the table."""

    title: str
    align: str
    end: float


_STACK = [Column("Layer (type)", "<", 0.45), Column("Output Shape", "<", 0.8), Column("Param #", ">", 1.0)]
_NETWORK = [Column("Layer (type)", "<", 0.3), Column("Output Shape", "<", 0.56), Column("Param #", ">", 0.74)]
_NETWORK += [Column("Connected to", "<", 1.0)]


def summary_text(model: Any, line_length: int | None, expand_nested: bool, show_trainable: bool) -> str:
    """Layer by layer: name and class, the shape of what it gives, how many numbers it learns, what it is called on."""
    columns, width, rows = _contents(model, expand_nested, show_trainable)
    width = line_length or min(width, shutil.get_terminal_size().columns - 4)
    return "\n".join([_title(model), *_table(columns, rows, width), *_totals(model)])


def summary_html(model: Any) -> str | None:
    """The same for a notebook. It never raises: what can't be summed up has no HTML."""
    try:
        columns, _, rows = _contents(model, expand_nested=False, show_trainable=False)
        inner = table([column.title for column in columns], rows, [column.align == ">" for column in columns])
        return f"<div>{escape(_title(model))}{inner}{'<br>'.join(map(str.strip, _totals(model)))}</div>"
    except Exception:
        return None


def _title(model: Any) -> str:
    return f'Model: "{model.name or model.kind}"'


def _contents(model: Any, expand_nested: bool, show_trainable: bool) -> tuple[list[Column], int, list[list[str]]]:
    """The table's columns, its width, and its rows."""
    connected = model._network is not None and not model._network.is_chain
    columns, width = (_NETWORK, 108) if connected else (_STACK, 88)
    if show_trainable:
        columns = [column._replace(end=0.9 * column.end) for column in columns] + [Column("Trainable", "^", 1.0)]
        width += 12
    rows = []
    for level, owner, name, part in _parts(model, expand_nested):
        label = f"{'   ' * level + '└ ' if level else ''}{name} ({_class_name(part)})"
        row = [label, _shape_text(_output_shape(owner, part)), _params(part)]
        if connected:
            connections = model._network.connections(part) if level == 0 else []
            row.append(", ".join(connections) or "-")
        if show_trainable:
            row.append(_trainable(part))
        rows.append(row)
    return columns, width, rows


def _parts(model: Any, expand_nested: bool, level: int = 0) -> Iterator[tuple[int, Any, str, Any]]:
    """What the model is made of: how deep it is nested, in which model, its name, the layer, Input or operation."""
    if model._network is None:
        inner = [(child.name or name, child) for name, child in model._children()]
    else:
        # As in Keras, an operation is shown in the outermost model only.
        inner = [(x.name, x) for x in model._network.parts if not level or isinstance(x, (Module, Symbol))]
    for name, part in inner:
        yield level, model, name, part
        if expand_nested and hasattr(part, "_network"):
            yield from _parts(part, expand_nested, level + 1)


def _class_name(part: Any) -> str:
    if isinstance(part, Symbol):
        return "InputLayer"
    if not isinstance(part, Module):
        return camel_case(part.kind)
    return "Functional" if part.kind == "functional" else type(part).__name__


def _output_shape(model: Any, part: Any) -> Any:
    """The shape of what it gives, where it was called last."""
    if isinstance(part, Symbol):
        return part.shape
    if model._network is None:
        return part.output_shape
    shapes = [symbol.shape for symbol in model._network.calls_of(part)[-1].outputs]
    return shapes if len(shapes) > 1 else shapes[0]


def _shape_text(shape: Any) -> str:
    """One shape, or the list or tuple of those of several outputs; ? before they are known."""
    if shape is None:
        return "?"
    several = any(isinstance(item, (list, tuple)) for item in shape)
    text = ", ".join(map(_shape_text if several else str, shape))
    return f"[{text}]" if isinstance(shape, list) else f"({text})"


def _params(part: Any) -> str:
    if not isinstance(part, Module):
        return "0"
    unbuilt = not part.built and (type(part).build is not Module.build or any(part._children()))
    return "0 (unbuilt)" if unbuilt else f"{part.count_params():,}"


def _trainable(part: Any) -> str:
    if not isinstance(part, Module) or not part.weights:
        return "-"
    return "Y" if part.trainable_weights else "N"


def _totals(model: Any) -> list[str]:
    """How many numbers there are, and the memory that they take."""
    weights, trained = model.weights, model.trainable_weights
    frozen = [weight for weight in weights if not weight.requires_grad]
    told = [("Trainable", *_size(trained)), ("Non-trainable", *_size(frozen))]
    if model.optimizer is not None and model.optimizer.iterations:
        remembered = model.optimizer.state_arrays
        numbers, nbytes = _size(remembered)
        told.append(("Optimizer", numbers + 2, nbytes + 8))  # with the learning rate and the count of the steps
    total = ("Total", sum(numbers for _, numbers, _ in told), sum(nbytes for *_, nbytes in told))
    return [f" {name} params: {numbers:,} ({_bytes(nbytes)})" for name, numbers, nbytes in (total, *told)]


def _size(arrays: list[Any]) -> tuple[int, int]:
    return sum(array.size for array in arrays), sum(array.nbytes for array in arrays)


def _bytes(n: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if n < 1024:
            return f"{n:.2f} {unit}"
        n /= 1024
    return f"{n:.2f} TB"


# The table.


def _table(columns: list[Column], rows: list[list[str]], width: int) -> list[str]:
    widths = _widths(columns, width)

    def line(left: str, fill: str, middle: str, right: str) -> str:
        return left + middle.join(fill * (n + 2) for n in widths) + right

    def cells(row: list[str], bar: str) -> list[str]:
        """The lines of a row: each cell's text is broken into as many as it needs."""
        broken = [_broken(text, n) for text, n in zip(row, widths, strict=True)]
        lines = []
        for i in range(max(map(len, broken))):
            texts = [text[i] if i < len(text) else "" for text in broken]
            shown = [f" {text:{c.align}{n}} " for text, c, n in zip(texts, columns, widths, strict=True)]
            lines.append(bar + bar.join(shown) + bar)
        return lines

    text = [line("┏", "━", "┳", "┓"), *cells([column.title for column in columns], "┃")]
    for i, row in enumerate(rows):
        text += [line("├", "─", "┼", "┤") if i else line("┡", "━", "╇", "┩"), *cells(row, "│")]
    return [*text, line("└", "─", "┴", "┘") if rows else line("┡", "━", "╇", "┩")]


def _widths(columns: list[Column], width: int) -> list[int]:
    """The widths of the columns' text: all, with a space to both sides and the bars between, fill the table."""
    ends = [int(column.end * width) for column in columns]
    widths = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    if min(widths) < 4:
        raise ValueError(f"a summary of {len(columns)} columns needs more than {width} characters: give a line_length")
    excess = sum(widths) + 3 * len(widths) + 1 - width
    for i, n in enumerate(widths):
        share = round(excess / (len(widths) - i))
        widths[i] = n - share
        excess -= share
    return widths


def _broken(text: str, width: int) -> list[str]:
    """The text in lines of this width, broken at spaces; a word that is too long is cut."""
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]
