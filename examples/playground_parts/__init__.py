"""What the playground is made of: data, settings, the training. The page of examples/playground.py stands on it."""

from .features import feature_maps
from .own_data import OwnData, own_data
from .run import Run
from .settings import Settings, new_seed
