"""A short training run with everything that could go astray: `python -m benchmarks.faults.training_run FOLDER`."""

import hashlib
import sys
from pathlib import Path

import numpy as np

import nn
from tinygrad_lite import files

_EPOCHS = 3


def train(folder: Path) -> None:
    """Trains with everything that could go astray, saving after each batch, and writes what came out to `result`."""
    nn.set_random_seed(3)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((160, 64)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    data = nn.Dataset.from_arrays(x, y).shuffle(seed=1).map(_jittered, threads=2).batch(16).prefetch(2)
    model = nn.Sequential([nn.Dense(256, "relu"), nn.BatchNormalization(), nn.Dropout(0.4), nn.Dense(2, "softmax")])
    schedule = nn.schedules.CosineDecay(0.01, 10 * _EPOCHS)
    optimizer = nn.Adam(schedule, global_clipnorm=1.0, use_ema=True, gradient_accumulation_steps=2)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = [
        nn.CSVLogger(folder / "log.csv"),
        nn.EarlyStopping("val_loss", patience=_EPOCHS, restore_best_weights=True),
        _Announced(folder / "state", save_freq=1),
    ]
    print("begun", flush=True)
    history = model.fit(data, epochs=_EPOCHS, verbose=0, validation_data=(x[:48], y[:48]), callbacks=callbacks)
    told = b"".join(weight.tobytes() for weight in model.get_weights()) + repr(history.history).encode()
    files.write(folder / "result", hashlib.sha256(told + (folder / "log.csv").read_bytes()).hexdigest().encode())


def _jittered(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x + nn.random_generator().normal(0, 0.1, x.shape).astype(x.dtype), y


class _Announced(nn.BackupAndRestore):
    """Says in a file when it is saving."""

    def _save(self) -> None:
        mark = self.backup_dir.parent / "saving"
        mark.touch()
        super()._save()
        mark.unlink()


if __name__ == "__main__":
    train(Path(sys.argv[1]))
