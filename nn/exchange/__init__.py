"""Weights to and from Keras and PyTorch, by the names and in the layouts that the same network has there."""

from .keras import from_keras, to_keras, to_keras_file
from .torch import from_torch, to_torch
