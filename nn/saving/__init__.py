"""Models in files: how each part is made, as a nest, and back. Nothing is pickled; a file can name only what is known.

`encode` tells a layer by its class and the arguments of its constructor, which `Configured` notes down, a Sequential
and a functional model by their layers; `decode` makes them again. `twins` finds what is not told so: attributes that
were changed, weights that are the same. `description` is all of it, `model_file` adds weights and training's state.
"""

from ..configured import Configured
from .description import config_of, from_config
from .model_file import load_model, save_model
from .names import register
