"""A training step of the article's network against the peers, and against its own bare matrix multiplications."""

from .measuring import needs, print_table, take_turns
from .networks import CONTESTANTS


def main() -> None:
    contestants = {}
    for name, (package, make) in CONTESTANTS.items():
        try:
            contestants[name] = make()
        except ImportError:
            print(needs(package))
    seconds = take_turns(contestants, rounds=15, repeats=40)
    print_table(
        "A training step of 784-512-512-10 (relu, dropout, softmax, RMSprop), batch 128",
        seconds,
        "ms",
        1e3,
        reference="bare matmuls",
        ours="tinygrad_lite",
    )


if __name__ == "__main__":
    main()
