"""Data sets, each a module with a `load_data`, as in Keras: `nn.datasets.mnist.load_data()`."""

from . import digits, idx, mnist

__all__ = ["digits", "idx", "mnist"]
