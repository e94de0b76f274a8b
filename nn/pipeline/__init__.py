"""Samples on their way to a network: the Dataset, and the steps it is made of."""

from .dataset import Dataset
