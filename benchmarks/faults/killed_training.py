"""A training run that a SIGKILL ends again and again, at moments of chance: it must end as one that nothing ended.

`python -m benchmarks.faults.killed_training FOLDER` is the run itself; `killed` kills it.
"""

import hashlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

import nn
from tinygrad_lite import files

_EPOCHS = 3


class Outcome(NamedTuple):
    """How often it was killed, how often in the middle of a save, and whether it ended as the run that was not."""

    kills: int
    in_a_save: int
    same: bool


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


def killed(folder: Path, kills: int, seed: int = 0) -> Outcome:
    """Kills the run so many times, at random moments; a run that is done is begun anew. All have to end alike."""
    chance = random.Random(seed)
    begin = time.perf_counter()
    expected = _run(folder / "whole", None)
    whole = time.perf_counter() - begin
    done, in_a_save, same, number = 0, 0, True, 0
    while done < kills:
        work = folder / f"killed {number}"
        while True:
            delay = chance.uniform(0, whole / 2) if done < kills else None
            result = _run(work, delay)
            in_a_save += (work / "saving").exists()
            (work / "saving").unlink(missing_ok=True)
            if result is not None:
                break
            done += 1
        same = same and result == expected and not list((work / "state").iterdir())
        number += 1
    return Outcome(done, in_a_save, same)


def _run(folder: Path, delay: float | None) -> str | None:
    """What the run gives, or None if it was killed after so many seconds of training."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.faults.killed_training", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        if process.stdout.readline() != "begun\n":
            raise RuntimeError(f"the run in {folder} ended before it began")
        try:
            code = process.wait(delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            code = process.wait()
    if code not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the run in {folder} ended with {code}")
    result = folder / "result"
    return result.read_text() if code == 0 else None


if __name__ == "__main__":
    train(Path(sys.argv[1]))
