"""Opens image files that nobody vouches for, through Pillow: a picture in grey, upright, never too large."""

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MOST_BYTES, MOST_PIXELS = 32_000_000, 40_000_000
_LONGEST = 1280  # pixels: more of them say nothing more about a digit


def open_file(path: Path) -> np.ndarray:
    """The picture in the file, as `open_bytes` gives it. Raises OSError where it can't be read, ValueError as there."""
    if not path.is_file():
        raise FileNotFoundError("there is no such file" if not path.exists() else "it is no file")
    with path.open("rb") as file:
        return open_bytes(file.read(MOST_BYTES + 1))


def open_bytes(content: bytes) -> np.ndarray:
    """The picture as float64 (height, width) from 0 for black to 1 for white, as its EXIF orientation says.

    What is transparent shows white paper, or black where what is painted is light. Pictures of more than 1280 pixels
    are made smaller. Raises ValueError for what is no PNG, JPEG, WebP, GIF or BMP, is damaged or too large: a few bytes
    that would grow into gigabytes are refused before they do. ImportError without Pillow.

    >>> open_bytes(b"GIF89a, or so it says")
    Traceback (most recent call last):
    ValueError: it is no PNG, JPEG, WEBP, GIF or BMP picture, or it is damaged
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("pictures are opened by Pillow: pip install 'tinygrad_lite[examples]'") from error
    if len(content) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES // 1_000_000} MB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd but harmless metadata; the size is checked here
        try:
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        except Image.DecompressionBombError as error:
            raise _too_large("an enormous number of") from error
        except Exception as error:  # whatever a decoder makes of hostile bytes
            raise _damaged() from error
        if image.width * image.height > MOST_PIXELS:
            raise _too_large(f"{image.width:,} x {image.height:,}")
        try:
            return _grey(image)
        except Exception as error:
            raise _damaged() from error


def _too_large(pixels: str) -> ValueError:
    return ValueError(f"it has {pixels} pixels; {MOST_PIXELS // 1_000_000} million are the most")


def _damaged() -> ValueError:
    return ValueError(f"it is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} picture, or it is damaged")


def _grey(image: Any) -> np.ndarray:
    from PIL import Image, ImageOps

    image.draft("L", (_LONGEST, _LONGEST))  # a JPEG is decoded in the size that is needed
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):  # 16 bits and more: from the darkest to the brightest
        image = image.convert("F")
        image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.BOX)  # first of all: it is held in floats
        values = np.asarray(image, np.float64)
        low, high = values.min(), values.max()
        image = Image.fromarray(((values - low) * (255 / max(high - low, 1e-12))).astype(np.uint8))
    image = image.convert("LA" if image.has_transparency_data else "L")
    image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.BOX)
    values = np.asarray(image, np.float64) / 255
    if values.ndim == 2:
        return values
    painted, opaque = values[..., 0], values[..., 1]
    paper = 0.0 if (painted * opaque).sum() > 0.5 * opaque.sum() else 1.0
    return painted * opaque + paper * (1 - opaque)
