"""Learning rates that change as training goes on: functions of the number of steps that were done, from 0.

Any optimizer takes one: `nn.SGD(learning_rate=nn.schedules.CosineDecay(0.1, decay_steps=1000))`. Any function of the
step will do: `lambda step: 0.1 / (1 + step)`. They remember nothing, so training that is resumed goes on where it was.
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from .checks import above_0, number, whole_number
from .configured import Configured

LearningRate = float | Callable[[int], float]  # what an optimizer takes


def rate_or_schedule(name: str, given: Any) -> LearningRate:
    """The argument, if it is a number from 0 or can be called. Raises TypeError or ValueError."""
    if isinstance(given, type):
        raise TypeError(f"{name} is given the class {given.__name__}, not an object of it: write {given.__name__}(...)")
    return given if callable(given) else number(name, given)


class Schedule(Configured):
    """A learning rate for each step. A subclass says in `__call__` which."""

    def __call__(self, step: int) -> float:
        """The rate after so many steps: that of the first step is `schedule(0)`."""
        raise NotImplementedError

    def __repr__(self) -> str:
        settings = [f"{name}={x!r}" for name, x in vars(self).items() if not name.startswith("_")]
        return f"{type(self).__name__}({', '.join(settings)})"


class Constant(Schedule):
    """The same rate at every step.

    >>> import nn
    >>> nn.schedules.Constant(0.1)(1000)
    0.1
    """

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = number("learning_rate", learning_rate)

    def __call__(self, step: int) -> float:
        return self.learning_rate


class ExponentialDecay(Schedule):
    """initial_learning_rate * decay_rate ** (step / decay_steps); staircase: only whole powers.

    >>> import nn
    >>> schedule = nn.schedules.ExponentialDecay(0.1, decay_steps=100, decay_rate=0.25)
    >>> schedule(0), schedule(50), schedule(100)
    (0.1, 0.05, 0.025)
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = whole_number("decay_steps", decay_steps, 1)
        self.decay_rate = number("decay_rate", decay_rate)
        self.staircase = staircase

    def __call__(self, step: int) -> float:
        power = step // self.decay_steps if self.staircase else step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate**power


class StepDecay(ExponentialDecay):
    """The rate is multiplied by decay_rate once in decay_steps steps: ExponentialDecay as a staircase.

    >>> import nn
    >>> schedule = nn.schedules.StepDecay(0.4, decay_steps=100, decay_rate=0.5)
    >>> schedule(99), schedule(100), schedule(200)
    (0.4, 0.2, 0.1)
    """

    def __init__(self, initial_learning_rate: float, decay_steps: int, decay_rate: float = 0.1) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase=True)


class PiecewiseConstantDecay(Schedule):
    """values[0] up to and including step boundaries[0], values[1] up to boundaries[1], ..., the last one ever after.

    >>> import nn
    >>> schedule = nn.schedules.PiecewiseConstantDecay([100, 200], [0.1, 0.01, 0.001])
    >>> schedule(100), schedule(101), schedule(5000)
    (0.1, 0.01, 0.001)
    """

    def __init__(self, boundaries: Sequence[int], values: Sequence[float]) -> None:
        self.boundaries = [whole_number("boundaries", step, 0) for step in boundaries]
        self.values = [number("values", value) for value in values]
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"{len(self.boundaries)} boundaries are between {len(self.boundaries) + 1} values,"
                f" given {len(self.values)} values"
            )
        if any(a >= b for a, b in pairwise(self.boundaries)):
            raise ValueError(f"each boundary must be above the one before, given {self.boundaries}")

    def __call__(self, step: int) -> float:
        return self.values[sum(step > boundary for boundary in self.boundaries)]


class CosineDecay(Schedule):
    """From initial_learning_rate along half a cosine down to alpha times that, after decay_steps steps; then it stays.

    Loshchilov and Hutter 2017.

    >>> import nn
    >>> schedule = nn.schedules.CosineDecay(0.1, decay_steps=100)
    >>> schedule(0), round(schedule(50), 6), schedule(100), schedule(200)
    (0.1, 0.05, 0.0, 0.0)
    """

    def __init__(self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.decay_steps = whole_number("decay_steps", decay_steps, 1)
        self.alpha = number("alpha", alpha)

    def __call__(self, step: int) -> float:
        height = _cosine(min(step, self.decay_steps) / self.decay_steps)
        return self.initial_learning_rate * ((1 - self.alpha) * height + self.alpha)


class CosineDecayRestarts(Schedule):
    """CosineDecay again and again: each time t_mul times as long as before, from m_mul times the height.

    The first time takes first_decay_steps steps. Loshchilov and Hutter 2017, "SGDR".

    >>> import nn
    >>> schedule = nn.schedules.CosineDecayRestarts(0.1, first_decay_steps=100)
    >>> round(schedule(50), 6), schedule(100), round(schedule(200), 6), schedule(300)
    (0.05, 0.1, 0.05, 0.1)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
    ) -> None:
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = whole_number("first_decay_steps", first_decay_steps, 1)
        self.t_mul = number("t_mul", t_mul)
        self.m_mul = number("m_mul", m_mul)
        self.alpha = number("alpha", alpha)
        if self.t_mul < 1:
            raise ValueError(f"t_mul must be at least 1, or the restarts never end, given {t_mul}")

    def __call__(self, step: int) -> float:
        length, rest, restarts = float(self.first_decay_steps), float(step), 0
        if self.t_mul == 1:
            restarts, rest = int(step // length), step % length
        while rest >= length:
            rest -= length
            length *= self.t_mul
            restarts += 1
        height = self.m_mul**restarts * _cosine(rest / length)
        return self.initial_learning_rate * ((1 - self.alpha) * height + self.alpha)


class LinearWarmup(Schedule):
    """For warmup_steps steps from initial_learning_rate straight up to where `then` begins, then that.

    then: a rate or another schedule, whose step 0 is the end of the warm-up. Goyal et al. 2017.

    >>> import nn
    >>> schedule = nn.schedules.LinearWarmup(nn.schedules.CosineDecay(0.1, 100), warmup_steps=10)
    >>> schedule(0), schedule(5), schedule(10), schedule(110)
    (0.0, 0.05, 0.1, 0.0)
    """

    def __init__(self, then: LearningRate, warmup_steps: int, initial_learning_rate: float = 0.0) -> None:
        self.then = rate_or_schedule("then", then)
        self.warmup_steps = whole_number("warmup_steps", warmup_steps, 0)
        self.initial_learning_rate = number("initial_learning_rate", initial_learning_rate)

    def __call__(self, step: int) -> float:
        if step >= self.warmup_steps:
            return self._later(step - self.warmup_steps)
        return _between(self.initial_learning_rate, self._later(0), step / self.warmup_steps)

    def _later(self, step: int) -> float:
        return self.then(step) if callable(self.then) else self.then


class OneCycle(Schedule):
    """Up to max_learning_rate and, more slowly, down to almost nothing, in total_steps steps: Smith and Topin 2019.

    It begins at max_learning_rate / div_factor, is at its highest after pct_start of the steps, and ends at its
    beginning / final_div_factor. anneal_strategy: "cos" or "linear". three_phase: goes down as fast as it went up, and
    from there to the end. As PyTorch's OneCycleLR, whose words these are.

    >>> import nn
    >>> schedule = nn.schedules.OneCycle(0.1, total_steps=100, div_factor=10)
    >>> schedule(0), round(schedule(29), 6), schedule(99)
    (0.01, 0.1, 1e-06)
    """

    def __init__(
        self,
        max_learning_rate: float,
        total_steps: int,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        self.max_learning_rate = number("max_learning_rate", max_learning_rate)
        self.total_steps = whole_number("total_steps", total_steps, 2)
        self.pct_start = number("pct_start", pct_start)
        most = 0.5 if three_phase else 1
        if self.pct_start > most:
            raise ValueError(f"pct_start is a share of the steps, at most {most} here, given {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be 'cos' or 'linear', given {anneal_strategy!r:.60}")
        self.anneal_strategy = anneal_strategy
        self.div_factor = above_0("div_factor", div_factor)
        self.final_div_factor = above_0("final_div_factor", final_div_factor)
        self.three_phase = three_phase

    def __call__(self, step: int) -> float:
        start, last = self.max_learning_rate / self.div_factor, self.total_steps - 1
        top = self.pct_start * self.total_steps - 1
        corners = [(0.0, start), (top, self.max_learning_rate), (last, start / self.final_div_factor)]
        if self.three_phase:
            corners.insert(2, (2 * top, start))
        step = min(step, last)
        ways = [way for way in pairwise(corners) if way[0][0] < way[1][0]]
        (begin, low), (end, high) = next(way for way in ways if step <= way[1][0])
        share = (step - begin) / (end - begin)
        return _between(low, high, share if self.anneal_strategy == "linear" else 1 - _cosine(share))


def _cosine(share: float) -> float:
    """Half a cosine, from 1 down to 0."""
    return 0.5 * (1 + math.cos(math.pi * share))


def _between(a: float, b: float, share: float) -> float:
    return a * (1 - share) + b * share
