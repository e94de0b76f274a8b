"""Where an image's channels stand, and whether an input has the axes that a layer needs."""

from .layer import Layer


def is_channels_last(data_format: str) -> bool:
    """Whether `data_format` is "channels_last" (batch, *positions, channels) rather than "channels_first"
    (batch, channels, *positions). ValueError for anything else."""
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(f'data_format is "channels_last" or "channels_first"; {data_format!r} was given')
    return data_format == "channels_last"


def check_axes(layer: Layer, shape: tuple[int, ...], axes: int, channels_last: bool) -> None:
    """That the input has so many axes between the batch and the channels."""
    if len(shape) != axes + 2:
        inner = ("steps",) if axes == 1 else ("height", "width")
        wanted = ("batch", *inner, "channels") if channels_last else ("batch", "channels", *inner)
        missing = "x[..., None]" if channels_last else "x[:, None]"
        raise ValueError(
            f"{type(layer).__name__} needs an input of shape ({', '.join(wanted)}), given {shape}"
            + (f": one channel is {missing}" if len(shape) == axes + 1 else "")
        )
