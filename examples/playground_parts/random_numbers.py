"""The random numbers of the TensorFlow Playground: those of JavaScript's seedrandom 2.4.4."""

import math


class SeedRandom:
    """Random numbers from a text: the bytes of ARC4, 53 bits for each number, as seedrandom 2.4.4 for JavaScript.

    Raises ValueError for an empty seed or one of more than 256 characters.

    >>> SeedRandom("0.12345").random()
    0.9152007406557323
    """

    def __init__(self, seed: str) -> None:
        key = seed.encode("utf-16-le")[::2]
        if not 1 <= len(key) <= 256:
            raise ValueError(f"a seed has 1 to 256 characters, given {len(key)}")
        self.bytes = list(range(256))
        self.i = self.j = 0
        j = 0
        for i, a in enumerate(self.bytes):
            j = (j + key[i % len(key)] + a) % 256
            self.bytes[i], self.bytes[j] = self.bytes[j], a
        for _ in range(256):
            self.byte()

    def byte(self) -> int:
        self.i = (self.i + 1) % 256
        a = self.bytes[self.i]
        self.j = (self.j + a) % 256
        b = self.bytes[self.j]
        self.bytes[self.i], self.bytes[self.j] = b, a
        return self.bytes[(a + b) % 256]

    def random(self) -> float:
        """From 0 to below 1."""
        n, bits, rest = int.from_bytes([self.byte() for _ in range(6)]), 48, 0
        while n < 2**52:
            n, bits, rest = (n + rest) << 8, bits + 8, self.byte()
        while n >= 2**53:
            n, bits, rest = n >> 1, bits - 1, rest >> 1
        return (n + rest) / 2**bits

    def uniform(self, low: float, high: float) -> float:
        return self.random() * (high - low) + low

    def normal(self, mean: float, variance: float) -> float:
        """By the polar method, of whose two numbers one is used."""
        s = 2.0
        while s > 1:
            v1, v2 = 2 * self.random() - 1, 2 * self.random() - 1
            s = v1 * v1 + v2 * v2
        return mean + math.sqrt(variance) * (math.sqrt(-2 * math.log(s) / s) * v1)

    def shuffle(self, items: list) -> None:
        """Fisher and Yates's, from the end."""
        for last in range(len(items) - 1, -1, -1):
            i = math.floor(self.random() * (last + 1))
            items[last], items[i] = items[i], items[last]
