"""Files of arrays: nests of dicts, lists, numbers and arrays, as safetensors with a checksum; nothing is pickled.

>>> import numpy as np, tempfile
>>> from nn import files
>>> with tempfile.TemporaryDirectory() as folder:
...     path = files.save(folder + "/state.safetensors", {"step": 7, "layers": [{"kernel": np.eye(2)}]})
...     files.load(path)
{'step': 7, 'layers': [{'kernel': array([[1., 0.],
       [0., 1.]])}]}
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

from . import safetensors
from .nest import pack, unpack

_NEST = "tinygrad_lite.nest"  # the metadata's key for what is no array; a plain dict of arrays has none


def save(path: str | os.PathLike[str], nest: Any) -> Path:
    """Writes a nest to a safetensors file: dicts, lists and tuples of numbers, strings, None and arrays.

    Every array is a tensor of the file, named by its place in the nest, such as `layers.0.kernel`; so a dict of arrays
    is for any reader of safetensors just that. The file is the old or the new one at any moment, whole, and every bit
    that changes later is noticed by `load`: see docs/files.md.

    path: the file, usually called `*.safetensors`; one that is there is replaced. nest: dicts have strings as keys;
    arrays and NumPy's scalars are bool, integers, float16, float32, float64 or complex64, and nobody may change them
    until this returns. Returns the path.

    Raises TypeError, which says where, if there is something else in the nest; ValueError if it is more than 100 levels
    deep, contains itself, or has a million values that are no arrays: nothing is written then. Raises OSError if the
    file can't be written; an old one is left as it was.
    """
    arrays, text = pack(nest)
    return safetensors.write(path, arrays, {} if text is None else {_NEST: text})


def load(path: str | os.PathLike[str]) -> Any:
    """The nest in a file that `save` wrote, or the dict of arrays in any other safetensors file.

    The file is not trusted: memory is taken only for data that is really there, and nothing in it is run.

    What was saved comes back with the same types; every array has its own memory. bfloat16 arrays of other programs
    come as float32, which holds their numbers exactly.

    Raises ValueError, which names the file and the reason, if it is not a regular file, not a safetensors file,
    damaged, or holds float8 and other numbers that NumPy doesn't have; OSError if it is missing (FileNotFoundError) or
    can't be read.
    """
    arrays, metadata = safetensors.read(path)
    if _NEST not in metadata:
        return arrays
    try:
        return unpack(arrays, metadata[_NEST])
    except ValueError as reason:
        raise ValueError(f"cannot read {os.fspath(path)!r}: {reason}") from None
