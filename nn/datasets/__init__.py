"""Data sets, each a module with a `load_data`, as in Keras: `nn.datasets.mnist.load_data()`."""

from . import idx, mnist

__all__ = ["idx", "mnist"]
