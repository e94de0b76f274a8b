"""What a picture of a large graph takes: to read 20,000 values, and to draw them folded into 200 items."""

import time
from collections.abc import Callable

import numpy as np

import tinygrad_lite as tg
from tinygrad_lite.graph import Drawing, read
from tinygrad_lite.graph.render import CannotRender, render

VALUES = 20_000


def flat(values: int = VALUES) -> tg.Tensor:
    """One chain of steps on single numbers, in no box."""
    x = tg.tensor(1.0, requires_grad=True, name="x")
    y = x
    for _ in range(values - 1):
        y = y * 1.0001
    return y


def layered(values: int = VALUES) -> tg.Tensor:
    """Blocks of layers with weights of their own, on arrays of 32 x 64, as deep as it takes."""
    rng = np.random.default_rng(0)
    x = tg.tensor(rng.standard_normal((32, 64)).astype(np.float32), name="x")
    count = 1
    with tg.scope("model"):
        block = 0
        while count < values:
            with tg.scope(f"stage_{block // 40}"), tg.scope(f"block_{block}"):
                h = x
                for name in ("expand", "contract"):
                    with tg.scope(name):
                        w, b = (
                            tg.tensor(0.1 * rng.standard_normal(s).astype(np.float32), requires_grad=True)
                            for s in ((64, 64), (64,))
                        )
                        h = tg.tanh(h @ w + b)
                        h = (h - h.mean(axis=-1, keepdims=True)) / (1 + h.std(axis=-1, keepdims=True))
                x = x + 0.1 * h
            block += 1
            count += 2 * 9 + 2
    return (x * x).mean()


def _seconds(run: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    found = run()
    return time.perf_counter() - start, found


def main() -> None:
    print(f"\nA picture of a graph of about {VALUES:,} values\n")
    print("| | values | read s | fold s | DOT s | layout s | draw and lay out s |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, make in (("one chain", flat), ("layers in blocks in stages", layered)):
        result = make()
        reading, graph = _seconds(lambda result=result: read(result))  # type: ignore[misc]
        whole, drawing = _seconds(lambda result=result: tg.draw(result))  # type: ignore[misc]
        assert isinstance(drawing, Drawing)
        dot, source = _seconds(lambda drawing=drawing: drawing.source)  # type: ignore[misc]
        try:
            layout, _ = _seconds(lambda source=source: render(source, "svg"))  # type: ignore[misc]
        except CannotRender as error:
            print(error)
            layout = float("nan")
        cells = (reading, whole - reading, dot, layout, whole + dot + layout)
        values = len(graph.items)  # type: ignore[attr-defined]
        print(f"| {name} | {values:,} | {' | '.join(f'{t:.2f}' for t in cells)} |", flush=True)


if __name__ == "__main__":
    main()
