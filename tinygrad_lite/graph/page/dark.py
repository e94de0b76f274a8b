"""The colours of a picture painted for white paper, on a dark screen."""

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element


def colours_in(svg: Element) -> list[str]:
    """All colours that the picture is painted with."""
    found = {x.get(name, "").lower() for x in svg.iter() for name in ("fill", "stroke")}
    return sorted(c for c in found if re.fullmatch(r"#[0-9a-f]{6}", c))


def rules_for_the_dark(colours: Iterable[str]) -> str:
    """The style rules that turn what was painted for white paper into the same for a dark screen."""
    rules = []
    for colour in colours:
        for name in ("fill", "stroke"):
            rules.append(f'[data-theme="dark"] #picture [{name}="{colour}"] {{ {name}: {in_the_dark(colour)} }}')
    return "\n".join(rules)


def in_the_dark(colour: str) -> str:
    """The colour with its lightness turned around and its hue kept, in Björn Ottosson's OKLab.

    >>> in_the_dark("#ffffff") < "#202020", in_the_dark("#1f2933") > "#d0d0d0"
    (True, True)
    """
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    b -= 0.012 * lightness  # paper turns into a dark blue rather than into black
    lightness = 0.2 + 0.74 * max(1 - lightness, 0.0) ** 0.75 / 0.79
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    rgb = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _gamma(min(max(c, 0.0), 1.0))):02x}" for c in rgb)


def _linear(c: float) -> float:
    return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4


def _gamma(c: float) -> float:
    return 12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055
