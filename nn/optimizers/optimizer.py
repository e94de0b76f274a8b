"""What all optimizers share: the loop over the weights, the options, the count of the steps, what is remembered."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from inspect import signature
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, by_blocks, no_grad

from ..checks import above_0, number, whole_number
from ..configured import Configured
from ..schedules import LearningRate, rate_or_schedule
from . import averages, saving
from .clipping import clipped, factors
from .memory import Memory, State, read_memory
from .options import contains, optional, words
from .scratch import Scratch


class Optimizer(Configured):
    """Changes weights a little against their gradients.

    A subclass says two things about one weight: its `initial_state` and its `update`. What it remembers of a weight,
    and the weight, live as long as it does: make one for each model. Beside its own settings, every optimizer takes

    - learning_rate: a number, which may be changed between steps, or a schedule (`nn.schedules`).
    - weight_decay: each step first takes learning_rate * weight_decay of each weight away from it.
    - clipvalue: the most that an element of a gradient counts, up or down; or clipnorm: the most that the norm of a
      gradient may be; or global_clipnorm: the most that the norm of all gradients together may be.
    - use_ema: keeps an average of each weight, average = ema_momentum * average + (1 - ema_momentum) * weight. Every
      ema_overwrite_frequency steps, and at the end of `fit`, the weights become their averages.
    - gradient_accumulation_steps: takes one step in so many calls, against the mean of their gradients. As in Keras,
      `iterations` counts steps, but a schedule counts calls, and averages move at each call.

    Settings that can't be meant raise TypeError or ValueError.

    >>> import nn, tinygrad_lite as tg
    >>> w = tg.tensor([1.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> nn.SGD(learning_rate=0.25).apply([w.grad], [w])
    >>> w
    tensor([0.5], requires_grad=True)
    """

    elementwise = True  # False: `update` needs the whole weight at once, not block by block

    def __init__(
        self,
        learning_rate: LearningRate,
        *,
        weight_decay: float | None = None,
        clipvalue: float | None = None,
        clipnorm: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        gradient_accumulation_steps: int | None = None,
    ) -> None:
        self._learning_rate = rate_or_schedule("learning_rate", learning_rate)
        self.weight_decay = optional(number, "weight_decay", weight_decay)
        self.clipvalue = optional(above_0, "clipvalue", clipvalue)
        self.clipnorm = optional(above_0, "clipnorm", clipnorm)
        self.global_clipnorm = optional(above_0, "global_clipnorm", global_clipnorm)
        if sum(clip is not None for clip in (clipvalue, clipnorm, global_clipnorm)) > 1:
            raise ValueError(
                "gradients are clipped in one way: give clipvalue, clipnorm or global_clipnorm,"
                f" given {clipvalue}, {clipnorm} and {global_clipnorm}"
            )
        self.use_ema = use_ema
        self.ema_momentum = number("ema_momentum", ema_momentum, below=1)
        self.ema_overwrite_frequency = optional(whole_number, "ema_overwrite_frequency", ema_overwrite_frequency, 1)
        self.gradient_accumulation_steps = optional(
            whole_number, "gradient_accumulation_steps", gradient_accumulation_steps, 1
        )
        self._calls = 0  # of apply
        self._memory = Memory()
        self._not_decayed: tuple[set[Tensor], list[str]] = set(), []
        self._scratch, self._clipped = Scratch(), Scratch()

    def __repr__(self) -> str:
        usual = {name: option.default for name, option in signature(Optimizer.__init__).parameters.items()}
        seen = {name: value for name, value in vars(self).items() if name[0] != "_"}
        settings = {"learning_rate": self._learning_rate}
        settings |= {name: value for name, value in seen.items() if name not in usual}
        settings |= {name: value for name, value in seen.items() if name in usual and value != usual[name]}
        told = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        return f"<{type(self).__name__}({told}) after {self.iterations:,} steps>"

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return config | {name: self._learning_rate for name in config if name == "learning_rate"}  # as it is by now

    # What a subclass says.

    def initial_state(self, weight: np.ndarray) -> State:
        """What is remembered about one weight from step to step: arrays of its shape, by name."""
        return {}

    def update(self, weight: np.ndarray, g: np.ndarray, state: State, scratch: np.ndarray) -> None:
        """Changes the weight and its state in place, given its gradient. `scratch` has the weight's shape.

        A large weight comes in blocks of its first axis, perhaps on several threads: write elementwise formulas, or set
        `elementwise = False`. `self.learning_rate` is this step's rate; `self.iterations` steps were taken before it.
        """
        raise NotImplementedError

    # How fast.

    @property
    def learning_rate(self) -> float:
        """The rate of the next step. A number or a schedule may be assigned; where it follows a schedule, a schedule.

        >>> import nn
        >>> nn.SGD(nn.schedules.LinearWarmup(0.1, warmup_steps=10, initial_learning_rate=0.05)).learning_rate
        0.05
        """
        rate = self._learning_rate
        return number("what the schedule gives", rate(self._calls)) if callable(rate) else rate

    @learning_rate.setter
    def learning_rate(self, value: LearningRate) -> None:
        value = rate_or_schedule("learning_rate", value)
        if self.schedule is not None and not callable(value):
            raise TypeError(
                f"the learning rate follows {self.schedule}: assign another schedule, such as"
                f" nn.schedules.Constant({value}), or give the optimizer a number to begin with"
            )
        self._learning_rate = value

    @property
    def schedule(self) -> Callable[[int], float] | None:
        """What the learning rate follows; None if it is a number."""
        return self._learning_rate if callable(self._learning_rate) else None

    @property
    def iterations(self) -> int:
        """How many steps were taken."""
        return self._calls // (self.gradient_accumulation_steps or 1)

    @iterations.setter
    def iterations(self, steps: int) -> None:
        self._calls = whole_number("iterations", steps, 0) * (self.gradient_accumulation_steps or 1)
        self._memory.sums = {}

    def exclude_from_weight_decay(self, var_list: Collection[Tensor] = (), var_names: Collection[str] = ()) -> None:
        """Weight decay leaves these weights alone, and those with one of these words in their name.

        >>> import nn
        >>> optimizer = nn.AdamW(weight_decay=0.01)
        >>> optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        """
        self._not_decayed = set(var_list), words("var_names", var_names)

    # A step.

    def apply(self, grads: Sequence[Tensor | None], weights: Sequence[Tensor]) -> None:
        """One step. A weight whose gradient is None stays as it is; nothing changes if any gradient does not fit."""
        if len(grads) != len(weights):
            raise ValueError(f"{len(grads)} gradients were given for {len(weights)} weights")
        pairs = []
        for g, weight in zip(grads, weights, strict=True):
            if g is not None:
                if g.shape != weight.shape:
                    raise ValueError(
                        f"the gradient of {weight.name or 'a weight'} has the shape {g.shape}, not {weight.shape}"
                    )
                pairs.append((weight, g.data))
        rate = self.learning_rate  # a schedule that raises does so before anything is changed
        count = self.gradient_accumulation_steps or 1
        if count == 1:
            self._step(pairs, rate)
        else:
            self._memory.add_gradients(pairs)
            if (self._calls + 1) % count == 0:
                self._step(self._memory.mean_gradients(weights, count), rate)
        if self.use_ema:
            averages.move(self._memory.averages, weights, self.ema_momentum if self.iterations else 0.0)
            if self.ema_overwrite_frequency and (self.iterations + 1) % self.ema_overwrite_frequency == 0:
                averages.overwrite(self._memory.averages, weights)
        self._calls += 1

    def _step(self, pairs: Sequence[tuple[Tensor, np.ndarray]], rate: float) -> None:
        scale = factors([g for _, g in pairs], self.clipnorm, self.global_clipnorm)
        with no_grad():
            for (weight, g), factor in zip(pairs, scale, strict=True):
                with weight.writeable() as array:
                    state = self._memory.states.get(weight)
                    if state is None:
                        state = self._memory.states[weight] = self._initial(weight, array)
                    decay = self._decay_of(weight)
                    shrink = 1 - rate * decay if decay and self._decays(weight) else 1.0
                    self._update(array, g, state, factor, shrink)

    def _update(self, array: np.ndarray, g: np.ndarray, state: State, factor: float, shrink: float) -> None:
        scratch, limit = self._scratch.like(array), self.clipvalue
        clips = factor != 1 or limit is not None
        small = self._clipped.like(g) if clips else g

        def work(block: Any) -> None:
            weight, gradient = array[block], g[block]
            if clips:
                gradient = clipped(gradient, factor, limit, small[block])
            if shrink != 1:
                weight *= shrink
            self.update(weight, gradient, {name: values[block] for name, values in state.items()}, scratch[block])

        if self.elementwise:
            by_blocks(work, array.shape)
        else:
            work(...)

    def _decays(self, weight: Tensor) -> bool:
        weights, words = self._not_decayed
        return weight not in weights and not contains(weight.name, words)

    # Both are for a subclass that also looks at the weight's name.

    def _decay_of(self, weight: Tensor) -> float:
        return self.weight_decay or 0.0

    def _initial(self, weight: Tensor, array: np.ndarray) -> State:
        return self.initial_state(array)

    # Averages.

    def finalize_variable_values(self, weights: Sequence[Tensor]) -> None:
        """The end of training: with use_ema, each weight becomes its average. `fit` does it by itself."""
        if self.use_ema:
            averages.overwrite(self._memory.averages, weights)

    def averaged(self, weights: Sequence[Tensor]) -> AbstractContextManager[None]:
        """Inside the block, each weight is its average; afterwards it is what it was. ValueError without use_ema.

        >>> import nn, tinygrad_lite as tg
        >>> w, optimizer = tg.tensor([0.0], requires_grad=True), nn.SGD(1.0, use_ema=True, ema_momentum=0.5)
        >>> for _ in range(2):
        ...     optimizer.apply([tg.tensor([-1.0])], [w])
        >>> with optimizer.averaged([w]):
        ...     w.tolist()
        [1.5]
        >>> w.tolist()
        [2.0]
        """
        if not self.use_ema:
            raise ValueError(f"{self} keeps no averages: give it use_ema=True")
        return averages.in_place_of(self._memory.averages, weights)

    # What is remembered.

    def build(self, weights: Sequence[Tensor]) -> None:
        """Makes what is remembered of these weights now, not at their first step: then `state_arrays` are whole."""
        for weight in weights:
            if weight not in self._memory.states:
                self._memory.states[weight] = self._initial(weight, weight.detach().numpy())

    def remembers(self, weight: Tensor) -> bool:
        """Whether it has changed this weight, or added up gradients of it."""
        return any(weight in kept for kept in (self._memory.states, self._memory.averages, self._memory.sums))

    @property
    def state_arrays(self) -> list[np.ndarray]:
        """What is remembered of all weights together."""
        return self._memory.arrays

    def state_dict(self, weights: Sequence[Tensor]) -> dict[str, Any]:
        """All that is remembered, of these weights, in copies: dicts, lists, numbers, strings, None and arrays.

        `load_state_dict` takes it back: then the steps that follow are the same to the last bit.
        """
        self.build(weights)
        return {
            **saving.header(self),
            "iterations": self.iterations,
            "accumulated": self._calls % (self.gradient_accumulation_steps or 1),
            "learning_rate": None if self.schedule else self.learning_rate,
            "weights": [self._memory.entry(weight) for weight in weights],
        }

    def load_state_dict(self, state: dict[str, Any], weights: Sequence[Tensor]) -> None:
        """Takes over what `state_dict` gave, of weights of the same names, shapes and dtypes, in the same order.

        Its own settings (schedule, momentum, ...) are not in there: they stay. Raises ValueError if it does not fit;
        then nothing changes.

        >>> import nn, tinygrad_lite as tg
        >>> w, optimizer = tg.tensor([1.0], requires_grad=True), nn.SGD(momentum=0.9)
        >>> optimizer.apply([tg.tensor([1.0])], [w])
        >>> resumed = nn.SGD(momentum=0.9)
        >>> resumed.load_state_dict(optimizer.state_dict([w]), [w])
        >>> resumed
        <SGD(learning_rate=0.01, momentum=0.9, nesterov=False) after 1 steps>
        """
        calls, rate = saving.check_header(state, self)
        memory = read_memory(state["weights"], weights, lambda weight: self._initial(weight, weight.detach().numpy()))
        self._memory, self._calls = memory, calls
        if rate is not None:
            self._learning_rate = rate
