"""The Playground's four data sets for classification, with more than two classes: (x1, x2, class number from 0)."""

import math

from .random_numbers import SeedRandom

Points = list[tuple[float, float, float]]


def circle(random: SeedRandom, count: int, noise: float, classes: int) -> Points:
    """A disc, and a ring for each further class around it."""
    width, points = 5.5 / classes, []
    for number in range(classes):
        for _ in range(count // classes):
            r, angle = random.uniform(number * width, (number + 0.75) * width), random.uniform(0, 2 * math.pi)
            x1, x2 = r * math.sin(angle), r * math.cos(angle)
            noisy_x1 = x1 + random.uniform(-5, 5) * noise
            noisy_x2 = x2 + random.uniform(-5, 5) * noise
            ring = math.floor(math.sqrt(noisy_x1**2 + noisy_x2**2) / width)
            points.append((x1, x2, min(ring, classes - 1)))
    return points


def xor(random: SeedRandom, count: int, noise: float, classes: int) -> Points:
    """A board of squares, as many in a row as there are classes: the class is row + column, which begins anew."""
    width, points = 11 / classes, []
    for _ in range(count):
        column, row = random.uniform(0, classes), random.uniform(0, classes)
        x1 = (math.floor(column) + 0.1 + 0.8 * (column % 1)) * width - 5.5
        x2 = (math.floor(row) + 0.1 + 0.8 * (row % 1)) * width - 5.5
        noisy_x1 = x1 + random.uniform(-5, 5) * noise
        noisy_x2 = x2 + random.uniform(-5, 5) * noise
        square = math.floor((noisy_x1 + 5.5) / width) + math.floor((noisy_x2 + 5.5) / width)
        points.append((x1, x2, square % classes))
    return points


def gauss(random: SeedRandom, count: int, noise: float, classes: int) -> Points:
    """A cloud for each class, around the middle; they grow into each other with the noise."""
    variance, points = 0.5 + 7 * noise, []
    for number in range(classes):
        angle = 2 * math.pi * number / classes
        c1, c2 = 3.5 * math.sin(angle), 3.5 * math.cos(angle)
        for _ in range(count // classes):
            points.append((random.normal(c1, variance), random.normal(c2, variance), number))
    return points


def spiral(random: SeedRandom, count: int, noise: float, classes: int) -> Points:
    """An arm of a spiral for each class; the more there are, the less they wind."""
    each, points = count // classes, []
    for number in range(classes):
        for i in range(each):
            r, angle = i / each * 5, 3.5 / classes * i / each * 2 * math.pi + 2 * math.pi * number / classes
            x1 = r * math.sin(angle) + random.uniform(-1, 1) * noise
            x2 = r * math.cos(angle) + random.uniform(-1, 1) * noise
            points.append((x1, x2, number))
    return points


CLASSIFICATION = {f.__name__: f for f in (circle, xor, gauss, spiral)}
