"""Runs the benchmarks and prints their tables: `python -m benchmarks [NAME ...]`."""

import argparse

from . import (
    attention,
    checkpoints,
    convolution,
    deep_graph,
    drawing,
    import_time,
    memory,
    per_sample_gradients,
    playground,
    recurrent,
    reliability,
    small_operation,
    training_step,
)

BENCHMARKS = {
    "training": training_step.main,
    "convolution": convolution.main,
    "recurrent": recurrent.main,
    "attention": attention.main,
    "small": small_operation.main,
    "import": import_time.main,
    "memory": memory.main,
    "checkpoints": checkpoints.main,
    "samples": per_sample_gradients.main,
    "deep": deep_graph.main,
    "drawing": drawing.main,
    "playground": playground.main,
    "reliability": reliability.main,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("which", nargs="*", help=f"some of: {', '.join(BENCHMARKS)} (all, by default)")
    which = parser.parse_args().which or list(BENCHMARKS)
    if unknown := set(which) - set(BENCHMARKS):
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}; there are: {', '.join(BENCHMARKS)}")
    for name in which:
        BENCHMARKS[name]()


main()
