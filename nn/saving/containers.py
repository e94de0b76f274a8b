"""Models that are told by what they are made of, not by their constructor's arguments."""

from ..model import Model
from ..sequential import Sequential


def is_stack(cls: type) -> bool:
    """A class of Sequentials that are given their layers, not of one that chooses them itself."""
    return issubclass(cls, Sequential) and cls.__init__ is Sequential.__init__


def is_graph(cls: type) -> bool:
    """A class of Models that are given their inputs and outputs, not of one that connects them itself."""
    return issubclass(cls, Model) and cls.__init__ is Model.__init__
