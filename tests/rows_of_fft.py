"""The rows of tinygrad_lite.fft in the table of primitives."""

import numpy as np

from rows import Row, complexes, normal, row

NORMS = ("backward", "ortho", "forward")


def transforms(primitive: str, name: str, x: np.ndarray, **options: object) -> list[Row]:
    """In all three scalings."""
    f = lambda xp, x, norm: getattr(xp.fft, name)(x, norm=norm, **options)
    return [row(primitive, lambda xp, x, norm=norm: f(xp, x, norm), x) for norm in NORMS]


DIFFERENTIABLE = [
    *transforms("fftn", "fft", normal(2, 5)),
    *transforms("fftn", "fftn", normal(2, 3, 4), axes=(0, 2)),
    *transforms("ifftn", "ifft", normal(4, 2), axis=0),
    *transforms("rfft", "rfft", normal(2, 5)),
    *transforms("rfft", "rfft", normal(6, 2), axis=0),
    *transforms("rfft", "rfft", normal(1)),
    *transforms("irfft", "irfft", normal(2, 4)),
    *transforms("irfft", "irfft", normal(2, 4), n=7),
]

COMPLEX = [
    *transforms("fftn", "fft", complexes(2, 5)),
    *transforms("fftn", "fftn", complexes(2, 3, 2)),
    *transforms("ifftn", "ifft", complexes(2, 4)),
    *transforms("ifftn", "ifftn", complexes(2, 3, 2), axes=(-1, 0)),
    *transforms("rfft", "rfft", normal(2, 4)),  # its result is complex
    *transforms("irfft", "irfft", complexes(2, 4)),
    *transforms("irfft", "irfft", complexes(4, 2), n=7, axis=0),
]

_lengths = [{"n": 3}, {"n": 8}, {"n": 4, "axis": 0}, {"n": 5, "axis": -2}]
_shapes = [{"s": (3, 6), "axes": (1, 2)}, {"s": (2, 2), "axes": (0, 2)}]
_shapes += [{"s": (5,), "axes": (1,)}, {"s": (-1, 3), "axes": (2, 0)}]
_real, _complex = normal(2, 3, 5), complexes(2, 3, 4)

COMPOSED = [
    *[row(name, lambda xp, x, name=name, options=options: getattr(xp.fft, name)(x, **options), x)
      for name, x in [("fft", _complex), ("ifft", _complex), ("rfft", _real), ("irfft", _complex), ("hfft", _complex),
                      ("ihfft", _real)]
      for options in _lengths],
    *[row(name, lambda xp, x, name=name, options=options: getattr(xp.fft, name)(x, **options), x)
      for name, x in [("fftn", _complex), ("ifftn", _complex), ("rfftn", _real), ("irfftn", _complex)]
      for options in ({"s": None}, *_shapes)],
    *[each for name, x in [("rfftn", _real), ("irfftn", _complex), ("hfft", _complex), ("ihfft", _real)]
      for each in transforms(name, name, x)],
    *[row(name, lambda xp, x, name=name: getattr(xp.fft, name)(x), x)
      for name, x in [("fft2", _complex), ("ifft2", _complex), ("rfft2", _real), ("irfft2", _complex)]],
    *[row(name, lambda xp, x, name=name, axes=axes: getattr(xp.fft, name)(x, axes=axes), _real)
      for name in ("fftshift", "ifftshift") for axes in (None, 1, -1, (0, 2))],
]  # fmt: skip
