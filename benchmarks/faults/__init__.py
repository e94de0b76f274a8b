"""What can happen to files: each fault is a function that has it happen to a library and yields what came of each try.

What came of it is "" where the fault was withstood or noticed, else what got through. A fault that a library can't meet
yields nothing. The folder is empty and the fault's own; it may leave there what it likes.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from .libraries import LIBRARIES, OURS
from .models import other_model, training_killed
from .places import mode_and_links, special_files
from .reading import header_bits, hostile, random_bits, truncated
from .saving import failing_call, file_size_limit, full_disk, killed

Fault = Callable[[str, Path], Iterator[str]]

FAULTS: dict[str, Fault] = {
    "SIGKILL at a random moment of a save": killed,
    "file size limit at a random byte of a save": file_size_limit,
    "full disk at a random byte of a save": full_disk,
    "each system call of a save fails": failing_call,
    "a random bit flipped": random_bits,
    "each bit of the header flipped": header_bits,
    "cut at each byte": truncated,
    "hostile files": hostile,
    "mode and symbolic links kept": mode_and_links,
    "folders, pipes, sockets, devices": special_files,
    "the weights of another model": other_model,
    "training killed at a random moment, and resumed": training_killed,
}
