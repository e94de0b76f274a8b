"""What the convolutions of a model make of one image: where each filter finds its pattern."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinygrad_lite import Tensor

from ..classes import class_names
from ..layers import Conv2D, Conv2DTranspose, DepthwiseConv2D
from ..model import Model
from ..module import Module
from .images import Shades, as_images, input_shape, square_side, strongest
from .sheet import MARGIN, Sheet, letters
from .style import FOR_AND_AGAINST, GREY, LINE, LOST, LOST_IN_WORDS, RIGHT, STRONGER, drawing, percent, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_PANELS = 5  # if nobody chose the layers
_IMAGE = 2.1  # inches
_TILE, _GAP, _NARROWEST = 0.72, 0.05, 1.75
_ROWS = 8
_ANSWERS = 10


class Panel(NamedTuple):
    """What a layer gave: its name, and the maps of its channels (channels, height, width)."""

    name: str
    maps: np.ndarray


def activations(
    model: Any, image: Any, layers: Sequence[Any] | None = None, names: Sequence[Any] | None = None
) -> "Figure":
    """What flows out of the layers when the model looks at one image, a tile for each filter, and what it answers.

    The values are those of `model.predict(image[None])`: nothing is trained, nothing random happens, and the model is
    left as it was. The darker, the stronger; where a layer gives negative values too, they are blue, positive ones red.

    image: one sample, such as (28, 28, 1), or a batch of one. layers: the layers, or their names; any whose results are
    (height, width, channels). Without them the convolutions, five at most, from the first to the last. A layer that is
    called several times has a panel for each call. names: of the classes of the answer. Raises TypeError for what is no
    model, ValueError for a layer that it does not have, that did not run or whose results are no images, RuntimeError
    for a model that is not built yet.

    >>> import nn, numpy as np
    >>> model = nn.Sequential([nn.Conv2D(4, 3, input_shape=(8, 8, 1)), nn.Flatten(), nn.Dense(3, "softmax")])
    >>> figure = nn.plots.activations(model, np.ones((8, 8, 1)))
    >>> len(figure.axes[0].images), figure.axes[0].images[1].get_array().shape
    (5, (6, 6))
    """
    if not isinstance(model, Model):
        raise TypeError(f"activations are shown of a model, given {type(model).__name__} {model!r:.60}")
    if not model.built:
        raise RuntimeError("the model has no weights yet: fit it, call it, or give its first layer an input_shape")
    chosen = _chosen(model, layers)
    batch = _batch_of_one(model, image)
    seen = _seen(batch, _is_channels_first(chosen[0]))
    panels: list[Panel] = []
    with _listening(chosen, panels):
        answer = model.predict(batch)
    if not panels:
        raise ValueError(f"none of {', '.join(map(_name, chosen))} ran when the model looked at the image")
    if layers is None and len(panels) > _MOST_PANELS:
        panels = [panels[i] for i in np.linspace(0, len(panels) - 1, _MOST_PANELS).round().astype(int)]
    with drawing():
        return _draw(seen, panels, answer, names)


def _batch_of_one(model: Model, image: Any) -> np.ndarray:
    image = image.detach().numpy() if isinstance(image, Tensor) else np.asarray(image)
    axes = len(input_shape(model) or (0, 0, 0))  # of one sample
    batch = image if image.ndim == axes + 1 else image[None]
    if len(batch) != 1:
        raise ValueError(f"activations are shown of one image, given the shape {image.shape}: write image[:1]")
    return batch


def _seen(batch: np.ndarray, channels_first: bool) -> np.ndarray:
    """The image as one looks at it."""
    if batch.ndim == 4 and channels_first:
        batch = np.moveaxis(batch, 1, -1)
    elif batch.ndim == 2 and (side := square_side(batch.shape[1])) is not None:
        batch = batch.reshape(1, side, side)  # the model makes an image of it
    return as_images("image", batch)


def _name(layer: Any) -> str:
    return layer.name or layer.kind


def _is_channels_first(layer: Any) -> bool:
    return not getattr(layer, "channels_last", True)


def _chosen(model: Model, layers: Sequence[Any] | None) -> list[Module]:
    modules = list(model.modules())[1:]
    if layers is None:
        found: list[Module] = [m for m in modules if isinstance(m, (Conv2D, DepthwiseConv2D, Conv2DTranspose))]
        if not found:
            raise ValueError("the model has no two-dimensional convolution: say which layers=[...] to show")
        return found
    if isinstance(layers, (str, Module)):
        layers = [layers]
    if not len(layers):
        raise ValueError("layers must name at least one layer, given none")
    wanted: list[Module] = []
    for given in layers:
        same = [m for m in modules if m is given or (isinstance(given, str) and m.name == given)]
        if not same:
            known = ", ".join(str(m.name) for m in modules if m.name)
            raise ValueError(f"the model has no layer {given!r:.60}. There are: {known}")
        wanted += same
    return wanted


@contextmanager
def _listening(layers: Sequence[Module], panels: list[Panel]) -> Iterator[None]:
    """While inside, what each of the layers gives is noted down, in the order in which it happens."""

    def listener(layer: Any) -> Any:
        call = layer.call

        def heard(*args: Any, **options: Any) -> Any:
            out = call(*args, **options)
            if not isinstance(out, Tensor) or out.ndim != 4:
                got = out.shape if isinstance(out, Tensor) else type(out).__name__
                raise ValueError(
                    f"the results of {_name(layer)} are no images: they are (batch, height, width, channels), not {got}"
                )
            maps = out.detach().numpy()[0]
            panels.append(Panel(_name(layer), maps if _is_channels_first(layer) else np.moveaxis(maps, -1, 0)))
            return out

        return heard

    distinct = list(dict.fromkeys(layers))
    before = [vars(layer).get("call") for layer in distinct]
    try:
        for layer in distinct:
            layer.call = listener(layer)  # type: ignore[method-assign]
        yield
    finally:
        for layer, own in zip(distinct, before, strict=True):
            vars(layer).pop("call", None)
            if own is not None:
                layer.call = own  # type: ignore[method-assign]


def _draw(seen: np.ndarray, panels: list[Panel], answer: Any, names: Sequence[Any] | None) -> "Figure":
    most = {1: 96, 2: 64}.get(len(panels), 32 if len(panels) <= 5 else 16)
    grids = [_grid(min(len(panel.maps), most)) for panel in panels]
    widths = [max(columns * (_TILE + _GAP) - _GAP, _NARROWEST) for _, columns in grids]
    tiles = [_tile(panel, grid, w) for panel, grid, w in zip(panels, grids, widths, strict=True)]
    tall = _IMAGE * seen.shape[1] / seen.shape[2]
    answers = _answers(answer, names)
    left_height = tall + (0.75 + 0.21 * len(answers.rows) if answers else 0)
    inner = max(left_height, *(rows * (t + _GAP) - _GAP for (rows, _), (t, _) in zip(grids, tiles, strict=True)))
    top = 0.72
    width = MARGIN + _IMAGE + sum(w + 0.4 for w in widths) + MARGIN
    sheet = Sheet(width, top + inner + MARGIN)
    sheet.heading(MARGIN, 0.36, "The image", f"{seen.shape[1]} x {seen.shape[2]} pixels")
    sheet.image(MARGIN, top, _IMAGE, tall, frame=LINE, **Shades(seen).of(seen[0]))
    if answers:
        _draw_answers(sheet, answers, top + inner - 0.21 * len(answers.rows))
    x = MARGIN + _IMAGE + 0.4
    for panel, (_, columns), tile, panel_width in zip(panels, grids, tiles, widths, strict=True):
        n, (height, wide) = len(panel.maps), panel.maps.shape[1:]
        count = f"{n} channel{'s' * (n > 1)}" if n <= most else f"first {most} of {n} channels"
        sheet.heading(x, 0.36, shown(panel.name, letters(panel_width + 0.2, 12)), f"{count}, {height} x {wide}")
        _draw_maps(sheet, x, top, panel.maps[:most], columns, tile)
        x += panel_width + 0.4
    if not all(np.isfinite(maps).all() for maps in (seen, *[panel.maps for panel in panels])):
        sheet.text(MARGIN, top + inner + 0.17, LOST_IN_WORDS, 8, GREY)
    return sheet.figure


def _grid(n: int) -> tuple[int, int]:
    """In how many rows and columns so many tiles stand."""
    columns = max(-(-n // _ROWS), min(n, 2))
    return -(-n // columns), columns


def _tile(panel: Panel, grid: tuple[int, int], width: float) -> tuple[float, float]:
    """The height and width of a tile: a panel of few is filled, as far as it gets no higher than one of many."""
    rows, columns = grid
    side = min((width + _GAP) / columns, _ROWS * (_TILE + _GAP) / rows) - _GAP
    height, wide = panel.maps.shape[1:]
    return side * min(1, height / wide), side * min(1, wide / height)


def _draw_maps(sheet: Sheet, x: float, y: float, maps: np.ndarray, columns: int, tile: tuple[float, float]) -> None:
    """All on one scale, which the strongest few pixels don't stretch."""
    import matplotlib
    from matplotlib.colors import LinearSegmentedColormap

    top = strongest(maps, 0.998)
    signed = bool((maps < -0.01 * top).any())
    colours = (
        matplotlib.colormaps[FOR_AND_AGAINST] if signed else LinearSegmentedColormap.from_list("stronger", STRONGER)
    )
    colours = colours.with_extremes(bad=LOST)
    tall, wide = tile
    for i, values in enumerate(maps):
        row, column = divmod(i, columns)
        left, upper = x + column * (wide + _GAP), y + row * (tall + _GAP)
        sheet.image(left, upper, wide, tall, values, LINE, cmap=colours, vmin=-top if signed else 0, vmax=top)


class Answers(NamedTuple):
    """What the model answers: in words, and for each class to be shown its name, number and value."""

    title: str
    words: str
    rows: list[tuple[str, float, bool]]


def _answers(answer: Any, names: Sequence[Any] | None) -> Answers | None:
    """None where the answer is no row of numbers for classes."""
    if not isinstance(answer, np.ndarray) or answer.ndim != 2 or answer.shape[1] < 2 or not np.isfinite(answer).all():
        return None
    values = answer[0].astype(float)
    tags = [shown(name, 14) for name in class_names(names, len(values))]
    best = int(values.argmax())
    chosen = sorted(np.argsort(-values, kind="stable")[:_ANSWERS])
    sure = values.min() >= 0 and abs(values.sum() - 1) < 1e-3
    words = f"{percent(values[best])} sure" if sure else f"largest of {len(values):,} outputs: {values[best]:.3g}"
    return Answers(f"Taken for {tags[best]}", words, [(tags[i], values[i], i == best) for i in chosen])


def _draw_answers(sheet: Sheet, answers: Answers, y: float) -> None:
    sheet.heading(MARGIN, y - 0.36, answers.title, answers.words)
    gutter = 0.1 + 0.085 * max(len(tag) for tag, *_ in answers.rows)
    lowest = min(0.0, min(value for _, value, _ in answers.rows))
    highest = max(1.0 if lowest == 0 else 0.0, max(value for _, value, _ in answers.rows))
    inch = (_IMAGE - gutter) / (highest - lowest)
    zero = MARGIN + gutter - lowest * inch
    for i, (tag, value, is_best) in enumerate(answers.rows):
        sheet.text(MARGIN, y + 0.21 * i + 0.105, tag, 9, va="center_baseline")
        left, right = sorted((zero, zero + value * inch))
        sheet.box(left, y + 0.21 * i + 0.03, right - left, 0.15, RIGHT if is_best else GREY)
    sheet.axes.vlines(zero, y, y + 0.21 * len(answers.rows), color=LINE, linewidth=0.8)
