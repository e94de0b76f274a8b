"""The weights of a first layer as images: what each of its units or filters looks for."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..checks import sample_shape, whole_number
from ..layers import Conv2D, Dense
from ..module import Module
from .images import coloured, input_shape, square_side, strongest
from .sheet import MARGIN, Sheet
from .style import FAINT, FOR_AND_AGAINST, LINE, LOST, LOST_IN_WORDS, drawing, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH = 9.0  # inches, of all columns together


def weights(model: Any, shape: tuple[int, ...] | None = None, limit: int = 64) -> "Figure":
    """What each unit of a Dense layer, or each filter of a Conv2D, weighs the pixels of an image with.

    Red speaks for it, blue against it, white does not matter. With three channels the weights are a colour image, grey
    where they don't matter. The numbers above the images count the units as the last axis of `kernel` does.

    model: a layer, or a model, of which the first Dense or Conv2D is taken. shape: of the image that a Dense layer
    looks at, (height, width) or with 1 or 3 channels last; it is found if the model says it or if it is a square.
    limit: not more images than this. Raises ValueError for weights that are not made yet or no image, TypeError for
    what has no such layer.

    >>> import nn
    >>> model = nn.Sequential([nn.Flatten(input_shape=(28, 28)), nn.Dense(12), nn.Dense(10)])
    >>> figure = nn.plots.weights(model)
    >>> figure.axes[0].texts[0].get_text(), figure.axes[0].images[0].get_array().shape
    ('dense: what its 12 units look for', (28, 28))
    """
    layer = _first_layer(model)
    limit = whole_number("limit", limit, 1)
    if not layer.built:
        raise ValueError(
            f"the weights of {layer.name or layer.kind} are not made yet: call it, or fit the model, first"
        )
    kernel = layer.kernel.data
    if isinstance(layer, Dense):
        kernel = kernel.reshape(*_image_shape(model, layer, shape), kernel.shape[-1])
    elif shape is not None:
        raise ValueError(f"shape goes with a Dense layer; {layer.name or layer.kind} has windows of {kernel.shape[:2]}")
    if kernel.shape[2] not in (1, 3):
        raise ValueError(
            f"{layer.name or layer.kind} looks at {kernel.shape[2]} channels: only weights for 1 or 3 are an image"
        )
    images = np.moveaxis(kernel, -1, 0)[:limit]
    what = "units look" if isinstance(layer, Dense) else "filters look"
    what = what.replace("s look", " looks") if len(images) == 1 else what
    many = f"{len(images)}" if len(images) == kernel.shape[-1] else f"first {len(images)} of {kernel.shape[-1]:,}"
    with drawing():
        return _draw(images, f"{shown(layer.name or layer.kind)}: what its {many} {what} for")


def _first_layer(model: Any) -> Any:
    if not isinstance(model, Module):
        raise TypeError(f"weights are shown of a model or a layer, given {type(model).__name__} {model!r:.60}")
    for module in model.modules():
        if isinstance(module, (Dense, Conv2D)):
            return module
    raise TypeError(f"{model.name or model.kind} has no Dense or Conv2D layer, whose weights are images")


def _image_shape(model: Any, layer: Any, shape: tuple[int, ...] | None) -> tuple[int, ...]:
    """The (height, width, channels) that the inputs of a Dense layer are the pixels of."""
    inputs = layer.kernel.shape[0]
    if shape is not None:
        shape = sample_shape(shape)
        if len(shape) not in (2, 3) or np.prod(shape) != inputs:
            raise ValueError(
                f"shape must be (height, width) or (height, width, channels), {inputs:,} numbers in all, given {shape}"
            )
    else:
        shape = input_shape(model) or ()
    if len(shape) in (2, 3) and np.prod(shape) == inputs:
        return (*shape, 1)[:3]
    for channels in (1, 3):
        if inputs % channels == 0 and (side := square_side(inputs // channels)) is not None:
            return side, side, channels
    raise ValueError(
        f"the {inputs:,} inputs of {layer.name or layer.kind} are no square image: give its shape=(height, width)"
    )


def _draw(images: np.ndarray, title: str) -> "Figure":
    import matplotlib

    n, height, width, channels = images.shape
    columns = min(n, 8 if n <= 40 else 16)
    rows, cell = -(-n // columns), min(_WIDTH / columns, 1.25)
    gap, above = 0.08 + 0.05 * cell, 0.2
    wide = cell - gap
    tall = wide * height / width
    scale_width = 1.5 if channels == 1 else 0.0
    inner = max(rows * (tall + above + gap), 1.3 if channels == 1 else 0)
    sheet_width = max(MARGIN + columns * cell + scale_width + 0.16, 5.2)
    colourful = "grey does not matter; where it is bright, more of that colour speaks for it"
    said = [colourful] * (channels == 3) + [LOST_IN_WORDS] * (not np.isfinite(images).all())
    sheet = Sheet(sheet_width, 0.62 + inner + 0.04 + 0.2 * bool(said))
    sheet.text(MARGIN, 0.38, title, 12, fontweight="bold")
    sheet.text(MARGIN, 0.58, "; ".join(said), 9, FAINT)
    y = 0.52 + 0.2 * bool(said)
    top = strongest(images, 0.998)
    colours = matplotlib.colormaps[FOR_AND_AGAINST].with_extremes(bad=LOST)
    for i, image in enumerate(images):
        row, column = divmod(i, columns)
        left, upper = MARGIN + column * cell, y + row * (tall + above + gap) + above
        sheet.text(left, upper - 0.05, str(i), 7.5, FAINT)
        if channels == 1:
            sheet.image(left, upper, wide, tall, image[..., 0], LINE, cmap=colours, vmin=-top, vmax=top)
        else:
            sheet.image(left, upper, wide, tall, coloured(image / (2 * top) + 0.5), LINE)
    if channels == 1:
        words = [f"{top:+.2g}\nspeaks for it", "0\ndoes not matter", f"{-top:+.2g}\nspeaks against it"]
        bar = min(inner - above - gap, 3.2)
        sheet.scale(MARGIN + columns * cell + 0.12, y + above, max(bar, 1.1), colours, words)
    return sheet.figure
