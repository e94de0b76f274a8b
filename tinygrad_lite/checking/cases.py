"""What `certify` tries an operation on: arrays of all shapes, of all kinds of memory, and how they are told."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

Shape = tuple[int, ...]


def _steps(step: int, x: np.ndarray) -> Any:
    return (..., *[slice(None, None, step)] * x.ndim)


def _every_other(x: np.ndarray) -> np.ndarray:
    wide = np.zeros(tuple(2 * n for n in x.shape), x.dtype)
    view = wide[_steps(2, x)]
    view[...] = x
    return view


def _backwards(x: np.ndarray) -> np.ndarray:
    return x[_steps(-1, x)].copy()[_steps(-1, x)]


def _read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.flags.writeable = False
    return x


# How the same values may lie in memory; the words, and Python that makes it of an array x.
LAYOUTS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "contiguous": (np.copy, "{x}"),
    "Fortran order": (lambda x: np.array(x, order="F"), "np.asfortranarray({x})"),
    "negative strides": (_backwards, "np.flip(np.flip({x}).copy())"),
    "every other element": (_every_other, "np.repeat({x}, 2, axis=-1)[..., ::2]"),
    "read-only": (_read_only, "np.broadcast_to({x}, {shape})"),
}


class Case(NamedTuple):
    """Arguments: arrays, each in a layout. repeated: the first array is every argument."""

    arrays: tuple[np.ndarray, ...]
    layouts: tuple[str, ...]
    repeated: bool = False

    def arguments(self) -> list[np.ndarray]:
        made = [LAYOUTS[name][0](x) for x, name in zip(self.arrays, self.layouts, strict=True)]
        return [made[0]] * len(made) if self.repeated else made

    def __str__(self) -> str:
        words = [f"{x.dtype}{x.shape}, {name}" for x, name in zip(self.arrays, self.layouts, strict=True)]
        return f"{words[0]}, as every argument" if self.repeated else "; ".join(words)

    def program(self, name: str) -> str:
        """Python that shows the failure again."""
        lines = ["import numpy as np, tinygrad_lite as tg"]
        names = []
        for i, (x, layout) in enumerate(zip(self.arrays, self.layouts, strict=True)):
            names.append("x0" if self.repeated else f"x{i}")
            if self.repeated and i:
                continue
            text = f"np.array({x.tolist()!r}, {x.dtype.name!r})" + (f".reshape({x.shape})" if not x.size else "")
            made = LAYOUTS[layout][1].format(x=text, shape=x.shape) if x.ndim else text
            lines.append(f"x{i} = {made}")
        if self.repeated:
            return "\n".join([*lines, f"tg.check_grads(lambda x: {name}({', '.join('x' for _ in names)}), x0)"])
        return "\n".join([*lines, f"tg.check_grads({name}, {', '.join(names)})"])


def between(low: float, high: float, steps: Sequence[int], shape: Shape) -> np.ndarray:
    """Numbers of an interval, one for each step from 0 to 100: short ones, for the reader, none of them a bound."""
    values = [low + (high - low) * (step + 0.5) / 101 for step in steps]
    return np.array([float(f"{x:.3g}") for x in values]).reshape(shape)


def grid(domains: Sequence[tuple[float, float]], examples: Sequence[np.ndarray]) -> Iterator[Case]:
    """Without hypothesis: always the same cases, the smallest first."""
    rng = np.random.default_rng(0)
    for repeated in (False, True):
        for layout in LAYOUTS:
            if examples:
                if not repeated:
                    yield Case(tuple(examples), tuple(layout for _ in examples))
                continue
            if repeated and not may_repeat(domains):
                continue
            for shape in [(), (1,), (0,), (3,), (2, 3), (2, 0), (2, 1, 3)]:
                for thinner in range(1 if repeated or len(domains) == 1 else 3):
                    shapes = [_thinner(shape, thinner if i else 0) for i in range(len(domains))]
                    arrays = [
                        between(*domain, rng.integers(0, 101, math.prod(s)).tolist(), s)
                        for domain, s in zip(domains, shapes, strict=True)
                    ]
                    yield Case(tuple(arrays), tuple(layout for _ in arrays), repeated)


def may_repeat(domains: Sequence[tuple[float, float]]) -> bool:
    return len(domains) > 1 and len(set(domains)) == 1


def _thinner(shape: Shape, how: int) -> Shape:
    """A shape that broadcasts to the given one: without its first axis, or with its last one of length 1."""
    return shape if how == 0 or not shape else shape[1:] if how == 1 else (*shape[:-1], 1)


def strategy(domains: Sequence[tuple[float, float]], examples: Sequence[np.ndarray]) -> Any:
    """With hypothesis: a strategy that draws cases, and shrinks them."""
    from hypothesis import strategies as st

    layouts = st.sampled_from(list(LAYOUTS))

    @st.composite
    def case(draw: Any) -> Case:
        if examples:
            factors = [draw(st.sampled_from([1.0, 0.9, 0.97])) for _ in examples]
            arrays = [np.asarray(x * f) if x.dtype.kind in "fc" else x for x, f in zip(examples, factors, strict=True)]
            return Case(tuple(arrays), tuple(draw(layouts) for _ in examples))
        shape = tuple(draw(st.lists(st.integers(0, 3), max_size=2)))
        repeated = may_repeat(domains) and draw(st.booleans())
        arrays = []
        for i, (low, high) in enumerate(domains):
            own = _thinner(shape, draw(st.integers(0, 2))) if i and not repeated else shape
            steps = draw(st.lists(st.integers(0, 100), min_size=math.prod(own), max_size=math.prod(own)))
            arrays.append(between(low, high, steps, own))
        return Case(tuple(arrays), tuple(draw(layouts) for _ in arrays), repeated)

    return case()
