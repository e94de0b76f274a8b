"""The scale of heat is read alike by everybody: it gets darker by equal steps, also for the colour-blind."""

import numpy as np
import pytest

from tinygrad_lite.graph.style import WRONG, Scale, ramp

# What a colour turns into, in linear light: Machado, Oliveira and Fernandes 2009, the severest of each kind.
EYES = {
    "usual": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "no colours": [[0.2126, 0.7152, 0.0722]] * 3,
}
# Oklab, Ottosson 2020.
CONES = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
CONES += [[0.0883024619, 0.2817188376, 0.6299787005]]
LAB = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
LAB += [[0.0259040371, 0.7827717662, -0.8086757660]]


def linear(colour):
    c = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def seen(colour, eye):
    """Lightness and two axes of colour, in which equal distances look equal."""
    light = np.clip(np.array(EYES[eye]) @ linear(colour), 0, 1)
    return np.array(LAB) @ np.cbrt(np.array(CONES) @ light)


def contrast(a, b):
    """Of WCAG: 4.5 is enough for small letters."""
    bright = sorted(float(np.array([0.2126, 0.7152, 0.0722]) @ linear(x)) for x in (a, b))
    return (bright[1] + 0.05) / (bright[0] + 0.05)


@pytest.mark.parametrize("eye", EYES)
def test_the_scale_gets_darker_by_equal_steps_for_every_eye(eye):
    lightness = [seen(ramp(i / 40), eye)[0] for i in range(41)]
    steps = -np.diff(lightness)
    assert steps.min() > 0.6 * steps.mean()
    assert lightness[0] - lightness[-1] > 0.45


@pytest.mark.parametrize("eye", [eye for eye in EYES if eye != "no colours"])
def test_nan_has_a_colour_of_its_own_for_every_eye(eye):
    distances = [np.linalg.norm(seen(ramp(i / 40), eye) - seen(WRONG, eye)) for i in range(41)]
    assert min(distances) > 0.15  # 0.02 is just noticed


def test_letters_stand_out_from_every_colour():
    scale = Scale(1.0, 1e6)
    for heat in [*np.geomspace(1, 1e6, 101), 0.0, np.nan, np.inf]:
        assert contrast(scale.colour(heat), scale.ink(heat)) > 4.5
