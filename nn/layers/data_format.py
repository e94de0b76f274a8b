"""Where an image's channels stand: the one question the layers ask of `data_format`."""


def is_channels_last(data_format: str) -> bool:
    """Whether `data_format` is "channels_last" (batch, *positions, channels) rather than "channels_first"
    (batch, channels, *positions). ValueError for anything else."""
    if data_format not in ("channels_last", "channels_first"):
        raise ValueError(f'data_format is "channels_last" or "channels_first"; {data_format!r} was given')
    return data_format == "channels_last"
