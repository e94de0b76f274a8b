"""Teaches a small transformer to write, one character at a time, and shows how its writing improves.

It reads the licence that comes with Python. All it ever learns is to guess the next character from those before it;
writing is guessing, again and again, with its own guesses as the text before. The network is a GPT in small (Radford et
al. 2018):

    each character, and each place in line, is a vector of numbers (Embedding);
    attention lets each place look back at the places before it and take what it needs;
    a little network of two layers works on what was found; both of these again, and again;
    the last layer gives each character of the alphabet a score: the higher, the more likely it comes next.

Run `python examples/characters.py --help` for the options. It needs nothing but tinygrad_lite,
and less than two minutes on two cores.
"""

import argparse
import codecs
import contextlib
import io
import sys
import sysconfig
import time
from pathlib import Path

import numpy as np

import nn
from nn import Adam, Dense, Embedding, LayerNormalization, MultiHeadAttention, Sequential


class Block(nn.Module):
    """Look back, then think about it. Each adds to what was there, so that a deep network still learns."""

    def __init__(self, size: int, heads: int) -> None:
        self.before_looking = LayerNormalization()
        self.look = MultiHeadAttention(heads, size // heads)
        self.before_thinking = LayerNormalization()
        self.think = Sequential([Dense(4 * size, activation="relu"), Dense(size)])

    def call(self, x):
        y = self.before_looking(x)
        x = x + self.look(y, y, use_causal_mask=True)  # causal: only back, or it would see what it is to guess
        return x + self.think(self.before_thinking(x))


class Writer(nn.Model):
    """From characters, as numbers (texts, length), to a score for each possible next one (texts, length, alphabet)."""

    def __init__(self, alphabet: str, length: int, size: int = 96, heads: int = 6, blocks: int = 2) -> None:
        self.alphabet, self.length = alphabet, length
        self.characters = Embedding(len(alphabet), size)
        self.places = Embedding(length, size)
        self.blocks = [Block(size, heads) for _ in range(blocks)]
        self.last_norm = LayerNormalization()
        self.scores = Dense(len(alphabet))

    def call(self, x):
        x = self.characters(x) + self.places(np.arange(x.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.scores(self.last_norm(x))

    def numbers(self, text: str) -> np.ndarray:
        """Each character as its place in the alphabet."""
        return np.array([self.alphabet.index(character) for character in text])

    def write(self, start: str, count: int, temperature: float) -> str:
        """Prints `count` characters that go on from `start` as they come, and returns them."""
        text = start
        for _ in range(count):
            scores = self.predict(self.numbers(text[-self.length :])[None])[0, -1]
            chances = np.exp((scores - scores.max()) / temperature, dtype=np.float64)
            text += self.alphabet[nn.random_generator().choice(len(chances), p=chances / chances.sum())]
            print(text[-1], end="", flush=True)
        print()
        return text[len(start) :]


def main() -> None:
    options = parse_options()
    nn.set_random_seed(options.seed)
    name, text = load_text(options.text)
    if len(text) <= options.length + 1:
        sys.exit(
            f"{name} has {len(text)} characters, needed are more than --length {options.length}: give a longer --text"
        )
    model = Writer("".join(sorted(set(text))), options.length)
    somewhere = text.find("\n", len(text) // 4) + 1
    start = text[somewhere : somewhere + options.length] or text[: options.length]

    title(f"{name}: {len(text):,} characters, {len(model.alphabet)} different ones. Somewhere it says")
    print(start)
    title("How the network goes on before it has learnt anything: any character is as good as any other")
    model.write(start, options.write // 2, temperature=1)

    numbers = model.numbers(text)
    model.compile(Adam(0.003), nn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    title(f"It learns: {model.count_params():,} numbers, from {len(text) // 4:,} passages an epoch")
    print("The accuracy is how often its best guess is the next character.\n")
    began = time.perf_counter()
    for epoch in range(1, options.epochs + 1):
        model.fit(*lessons(numbers, options.length), batch_size=16)
        if epoch in (1, 2, 4) and epoch < options.epochs:
            title(f"After epoch {epoch} of {options.epochs}")
            model.write(start, options.write // 2, temperature=0.8)
            print()
    title(f"After {time.perf_counter() - began:.0f} seconds of learning, at three temperatures")
    print("The temperature divides the scores before a character is drawn: cold is careful, hot is daring.")
    print("A text as short as this is soon known by heart: the last line says how much of it was only copied.")
    for temperature in (0.3, 0.8, 1.3):
        title(f"Temperature {temperature}")
        copied = longest_copy(model.write(start, options.write, temperature), text)
        print(f"\n(longest passage copied word for word, {len(copied)} characters: {copied!r:.70})")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--epochs",
        type=count,
        default=8,
        metavar="N",
        help="how long to learn; an epoch is a passage for every 4 characters",
    )
    parser.add_argument("--length", type=count, default=64, metavar="N", help="how many characters it looks back at")
    parser.add_argument("--write", type=count, default=400, metavar="N", help="how many characters it writes")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed gives the same run")
    parser.add_argument("--text", type=Path, metavar="FILE", help="a text to learn instead of Python's licence")
    return parser.parse_args()


def count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, given {text!r}")
    return number


def load_text(path: Path | None) -> tuple[str, str]:
    """What the text is called, and the text: the one given, or Python's licence, or where that is missing, its Zen."""
    if path is not None:
        try:
            return str(path), path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            sys.exit(f"can't read {path}: {error}")
    library = Path(sysconfig.get_path("stdlib"))
    for licence in (folder / name for folder in (library, library.parent) for name in ("LICENSE.txt", "LICENSE")):
        if licence.is_file():
            return "Python's licence", licence.read_text(encoding="utf-8", errors="replace")
    print("This Python came without its licence: learning the Zen of Python instead, which is short (see --text).")
    with contextlib.redirect_stdout(io.StringIO()):
        import this
    return "The Zen of Python", codecs.decode(this.s, "rot13")


def lessons(numbers: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Passages from anywhere, and for each of their characters the one that comes next."""
    starts = nn.random_generator().integers(len(numbers) - length, size=len(numbers) // 4)
    passages = np.lib.stride_tricks.sliding_window_view(numbers, length + 1)[starts]
    return passages[:, :-1], passages[:, 1:]


def longest_copy(written: str, text: str) -> str:
    """The longest passage that stands in the text, too."""
    longest = ""
    for i in range(len(written)):
        while i + len(longest) < len(written) and written[i : i + len(longest) + 1] in text:
            longest = written[i : i + len(longest) + 1]
    return longest


def title(words: str) -> None:
    print(f"\n--- {words} ---\n")


if __name__ == "__main__":
    main()
