"""A training run that a SIGKILL ends again and again, at moments of chance: it must end as one that nothing ended."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple


class Outcome(NamedTuple):
    """How often it was killed, how often in the middle of a save, and whether it ended as the run that was not."""

    kills: int
    in_a_save: int
    same: bool


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
    command = [sys.executable, "-m", "benchmarks.faults.training_run", str(folder)]
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
