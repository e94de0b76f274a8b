"""The six data sets of the TensorFlow Playground, point for point: (x1, x2, label) on the plane from -6 to 6.

Each is a function of a source of random numbers, how many points, and how much noise (0 to 1). The labels of the four
for classification are -1 and 1, those for regression lie between. The numbers are drawn in the Playground's order.
"""

import math
from collections.abc import Callable

from .random_numbers import SeedRandom

Points = list[tuple[float, float, float]]
Generator = Callable[[SeedRandom, int, float], Points]


def circle(random: SeedRandom, count: int, noise: float) -> Points:
    """A disc of ones in a ring of minus ones."""
    points = []
    for nearest, furthest in ((0, 2.5), (3.5, 5)):
        for _ in range(count // 2):
            r, angle = random.uniform(nearest, furthest), random.uniform(0, 2 * math.pi)
            x1, x2 = r * math.sin(angle), r * math.cos(angle)
            noisy_x1 = x1 + random.uniform(-5, 5) * noise
            noisy_x2 = x2 + random.uniform(-5, 5) * noise
            points.append((x1, x2, 1 if math.sqrt(noisy_x1**2 + noisy_x2**2) < 2.5 else -1))
    return points


def xor(random: SeedRandom, count: int, noise: float) -> Points:
    """Four squares; opposite ones have the same label."""
    points = []
    for _ in range(count):
        x1 = random.uniform(-5, 5)
        x1 += 0.3 if x1 > 0 else -0.3
        x2 = random.uniform(-5, 5)
        x2 += 0.3 if x2 > 0 else -0.3
        noisy_x1 = x1 + random.uniform(-5, 5) * noise
        noisy_x2 = x2 + random.uniform(-5, 5) * noise
        points.append((x1, x2, 1 if noisy_x1 * noisy_x2 >= 0 else -1))
    return points


def gauss(random: SeedRandom, count: int, noise: float) -> Points:
    """Two clouds, which grow into each other with the noise."""
    variance, points = 0.5 + 7 * noise, []
    for center, label in ((2, 1), (-2, -1)):
        for _ in range(count // 2):
            points.append((random.normal(center, variance), random.normal(center, variance), label))
    return points


def spiral(random: SeedRandom, count: int, noise: float) -> Points:
    """Two arms of a spiral."""
    half, points = count // 2, []
    for turned, label in ((0, 1), (math.pi, -1)):
        for i in range(half):
            r, angle = i / half * 5, 1.75 * i / half * 2 * math.pi + turned
            x1 = r * math.sin(angle) + random.uniform(-1, 1) * noise
            x2 = r * math.cos(angle) + random.uniform(-1, 1) * noise
            points.append((x1, x2, label))
    return points


def plane(random: SeedRandom, count: int, noise: float) -> Points:
    """A slope: the label grows with x1 + x2."""
    points = []
    for _ in range(count):
        x1, x2 = random.uniform(-6, 6), random.uniform(-6, 6)
        noisy_x1 = x1 + random.uniform(-6, 6) * noise
        noisy_x2 = x2 + random.uniform(-6, 6) * noise
        points.append((x1, x2, (noisy_x1 + noisy_x2) / 10))
    return points


def multi_gaussian(random: SeedRandom, count: int, noise: float) -> Points:
    """Three hills and three hollows, each 2 wide."""

    def height(x1: float, x2: float) -> float:
        highest = 0.0
        for c1, c2, sign in ((-4, 2.5, 1), (0, 2.5, -1), (4, 2.5, 1), (-4, -2.5, -1), (0, -2.5, 1), (4, -2.5, -1)):
            h = sign * max(1 - math.sqrt((x1 - c1) ** 2 + (x2 - c2) ** 2) / 2, 0)
            if abs(h) > abs(highest):
                highest = h
        return highest

    points = []
    for _ in range(count):
        x1, x2 = random.uniform(-6, 6), random.uniform(-6, 6)
        noisy_x1 = x1 + random.uniform(-6, 6) * noise
        noisy_x2 = x2 + random.uniform(-6, 6) * noise
        points.append((x1, x2, height(noisy_x1, noisy_x2)))
    return points


CLASSIFICATION: dict[str, Generator] = {f.__name__: f for f in (circle, xor, gauss, spiral)}
REGRESSION: dict[str, Generator] = {"reg-plane": plane, "reg-gauss": multi_gaussian}
