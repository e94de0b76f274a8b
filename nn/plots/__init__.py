"""Pictures of what a network learnt and does: learning curves, predictions, weights, activations, confusions.

Each function returns a matplotlib Figure that belongs to nobody else: no pyplot, no window, no setting that stays.
At the end of a notebook's cell it shows itself; `figure.savefig("picture.png")` writes it. They need matplotlib, which
is imported when the first picture is made: pip install 'tinygrad_lite[plot]'
"""

from .activation_maps import activations
from .confusions import confusion
from .learning_curves import curves
from .prediction_sheet import predictions
from .weight_images import weights
