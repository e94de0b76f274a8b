"""Callbacks, one a file: what `fit`, `evaluate` and `predict` tell while they run, and who listens."""

from .backup_and_restore import BackupAndRestore
from .bad_batch import BadBatch
from .callback import Callback, CallbackList, Logs, as_callbacks
from .csv_logger import CSVLogger
from .early_stopping import EarlyStopping
from .history import History
from .lambda_callback import LambdaCallback
from .learning_rate_scheduler import LearningRateScheduler
from .model_checkpoint import ModelCheckpoint
from .monitor import Monitor
from .reduce_lr_on_plateau import ReduceLROnPlateau
from .tensorboard import TensorBoard
from .terminate_on_nan import TerminateOnNaN
