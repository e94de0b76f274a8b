"""The beginning of an optimizer's `state_dict`: whose it is, and how far it came."""

from typing import TYPE_CHECKING, Any

from ..checks import number, whole_number

if TYPE_CHECKING:
    from .optimizer import Optimizer

PARTS = {"iterations", "accumulated", "learning_rate", "weights"}


def header(optimizer: "Optimizer") -> dict[str, Any]:
    """What an optimizer has to have in common with the one whose state it takes over."""
    return {
        "optimizer": type(optimizer).__name__,
        "use_ema": bool(optimizer.use_ema),
        "gradient_accumulation_steps": optimizer.gradient_accumulation_steps,
    }


def check_header(state: Any, optimizer: "Optimizer") -> tuple[int, float | None]:
    """How many calls of apply there were, and the learning rate, None for a schedule; TypeError or ValueError."""
    own = header(optimizer)
    if not isinstance(state, dict):
        raise TypeError(f"state must be the dict that state_dict() gave, given {type(state).__name__}")
    if wrong := state.keys() ^ (own.keys() | PARTS):
        raise ValueError(f"this is no state of an optimizer: {sorted(map(str, wrong))} are missing or too many")
    for name, value in own.items():
        if type(state[name]) is not type(value) or state[name] != value:
            raise ValueError(f"the state is of an optimizer with {name} {state[name]!r:.60}, this one's is {value!r}")
    steps, accumulated = (whole_number(name, state[name], 0) for name in ("iterations", "accumulated"))
    count = optimizer.gradient_accumulation_steps or 1
    if accumulated >= count:
        raise ValueError(f"accumulated must be below gradient_accumulation_steps, {count}, given {accumulated}")
    rate = state["learning_rate"]
    if rate is None and optimizer.schedule is None:
        raise ValueError(
            "the state is of an optimizer that follows a schedule: give this one its schedule, too, as learning_rate"
        )
    if rate is not None and optimizer.schedule is not None:
        raise ValueError(
            f"the state is of an optimizer with the learning rate {rate!r:.60}, this one follows {optimizer.schedule}:"
            " make it with a number; a schedule may be assigned to learning_rate afterwards"
        )
    return steps * count + accumulated, None if rate is None else number("learning_rate", rate)
