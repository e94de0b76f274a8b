"""Picture files: every usual kind is opened upright and in grey; what is hostile is refused in one clear sentence."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image")

SEVEN = np.ones((60, 40))
SEVEN[10:16, 8:32] = 0.1
SEVEN[16:50, 24:30] = 0.1


def encoded(image, **options):
    file = io.BytesIO()
    image.save(file, **options)
    return file.getvalue()


def grey_image(values=SEVEN):
    return Image.fromarray(np.round(255 * values).astype(np.uint8))


def opened(content):
    from digit_parts import photo

    return photo.open_bytes(content)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [(kind, mode) for kind in ("PNG", "WEBP", "GIF", "BMP") for mode in ("L", "RGB", "P", "1")]
    + [("JPEG", mode) for mode in ("L", "RGB", "CMYK")],
)
def test_usual_kinds(kind, mode):
    values = opened(encoded(grey_image().convert(mode), format=kind))
    assert values.shape == SEVEN.shape and values.dtype == np.float64
    assert np.abs(values - SEVEN).mean() < 0.05


def test_sixteen_bits():
    values = opened(encoded(Image.fromarray((SEVEN * 40_000).astype(np.uint16)), format="PNG"))
    assert np.corrcoef(values.ravel(), SEVEN.ravel())[0, 1] > 0.999


def test_sixteen_bits_of_many_pixels_take_no_more_room_than_others():
    content = encoded(Image.fromarray(np.tile(np.uint16([0, 40_000]), (2560, 1280))), format="PNG")
    tracemalloc.start()
    values = opened(content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert values.shape == (1280, 1280) and most < 40e6  # in float64 the picture as it came would be 52 MB


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_stands_as_exif_says(orientation):
    turned = {
        1: SEVEN, 2: SEVEN[:, ::-1], 3: SEVEN[::-1, ::-1], 4: SEVEN[::-1], 5: SEVEN.T, 6: SEVEN.T[::-1],
        7: SEVEN.T[::-1, ::-1], 8: SEVEN.T[:, ::-1],
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    values = opened(encoded(grey_image(turned), format="PNG", exif=exif))
    np.testing.assert_allclose(values, SEVEN, atol=0.01)


@pytest.mark.parametrize("light", [False, True])
def test_what_is_transparent_is_paper(light):
    alpha = 1 - SEVEN
    painted = np.full(SEVEN.shape, 1.0 if light else 0.0)
    content = encoded(Image.merge("LA", [grey_image(painted), grey_image(alpha)]), format="PNG")
    expected = 1 - SEVEN if light else SEVEN
    np.testing.assert_allclose(opened(content), expected, atol=0.01)


def test_large_pictures_are_made_smaller():
    for kind in ("PNG", "JPEG"):
        values = opened(encoded(grey_image(np.repeat(np.repeat(SEVEN, 60, 0), 60, 1)), format=kind))
        assert max(values.shape) <= 1280 and values.shape[0] / values.shape[1] == pytest.approx(1.5, rel=0.01)


def png(width, height, data=b""):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("width", "height"), [(7000, 7000), (12_000, 12_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_bomb_is_refused_before_it_grows(width, height):
    with pytest.raises(ValueError, match="pixels; 40 million are the most"):
        opened(png(width, height, bytes(1000)))


def test_a_file_of_too_many_bytes(monkeypatch, tmp_path):
    from digit_parts import photo

    monkeypatch.setattr(photo, "MOST_BYTES", 2_000_000)
    (tmp_path / "large.png").write_bytes(bytes(2_000_001))
    with pytest.raises(ValueError, match="it has more than 2 MB"):
        photo.open_file(tmp_path / "large.png")


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n", png(50, 50), b"%PDF-1.7", b"GIF89a"])
def test_what_is_no_picture(content):
    with pytest.raises(ValueError, match="it is no PNG, JPEG, WEBP, GIF or BMP picture, or it is damaged"):
        opened(content)


def test_kinds_that_start_other_programs_are_no_pictures():
    with pytest.raises(ValueError, match="it is no PNG"):
        opened(encoded(grey_image(), format="EPS"))
    with pytest.raises(ValueError, match="it is no PNG"):
        opened(encoded(grey_image(), format="TIFF"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_damage_anywhere_gives_a_picture_or_a_clear_error(kind):
    whole, rng = bytearray(encoded(grey_image().convert("RGB"), format=kind)), np.random.default_rng(0)
    told = set()
    for _ in range(150):
        damaged = whole[: rng.integers(1, len(whole) + 1)]
        for at in rng.integers(0, len(damaged), 3):
            damaged[at] = rng.integers(256)
        try:
            values = opened(bytes(damaged))
        except ValueError as error:
            told.add(str(error)[:12])
        else:
            assert values.ndim == 2 and 0 <= values.min() <= values.max() <= 1
    assert "it is no PNG" in told and all(text == "it is no PNG" or text.startswith("it has ") for text in told)


def test_only_files_are_opened(tmp_path):
    from digit_parts import photo

    with pytest.raises(FileNotFoundError, match="there is no such file"):
        photo.open_file(tmp_path / "absent.png")
    with pytest.raises(OSError, match="it is no file"):
        photo.open_file(tmp_path)
