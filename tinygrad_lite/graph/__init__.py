"""Readers of the graph for people: what was computed from what, how large it is, and who is to blame for the result."""

from .drawing import Drawing, draw
from .failure import Failure, explain_error
from .film import Film, film
from .neurons import draw_neurons
from .picture import Picture
from .reading import read
from .structure import Box, Edge, Graph, Item
