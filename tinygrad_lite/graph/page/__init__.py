"""The page: a picture of the graph that one can walk through, in one HTML file that needs nothing else."""

from .page import page_of
