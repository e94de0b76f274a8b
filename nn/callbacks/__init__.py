"""What `fit` tells while it trains, and who listens."""

from .callback import Callback, CallbackList, Logs, as_callbacks
from .history import History
