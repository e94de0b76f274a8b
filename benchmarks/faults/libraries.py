"""The libraries that faults are injected into, and what is saved with them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Arrays = dict[str, np.ndarray]


class Library(NamedTuple):
    """What saves arrays and loads them. suffix: without it, it would write to another path than it is told."""

    package: str
    save: Callable[[Path, Arrays], Any]
    load: Callable[[Path], Arrays]
    suffix: str = ".safetensors"
    is_safetensors: bool = True
    load_into: Callable[[Any, Path], Any] | None = None  # the weights of a model


def _nn_save(path: Path, arrays: Arrays) -> Any:
    import nn

    return nn.files.save(path, arrays)


def _nn_load(path: Path) -> Arrays:
    import nn

    return nn.files.load(path)


def _torch_save(path: Path, arrays: Arrays) -> Any:
    import torch

    return torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, path)


def _torch_load(path: Path) -> Arrays:
    import torch

    return {name: tensor.numpy() for name, tensor in torch.load(path).items()}


def _numpy_load(path: Path) -> Arrays:
    with open(path, "rb") as file, np.load(file) as arrays:
        return dict(arrays)


def _safetensors_save(path: Path, arrays: Arrays) -> Any:
    import safetensors.numpy

    return safetensors.numpy.save_file(arrays, path)


def _safetensors_load(path: Path) -> Arrays:
    import safetensors.numpy

    return safetensors.numpy.load_file(path)


OURS = "tinygrad_lite"
LIBRARIES = {
    OURS: Library("nn", _nn_save, _nn_load, load_into=lambda model, path: model.load_weights(path)),
    "safetensors": Library("safetensors", _safetensors_save, _safetensors_load),
    "torch.save": Library("torch", _torch_save, _torch_load, ".pt", is_safetensors=False),
    "numpy.savez": Library("numpy", lambda path, a: np.savez(path, **a), _numpy_load, ".npz", is_safetensors=False),
}


def numbered(number: int, size: int = 400_000) -> Arrays:
    """The arrays of the save of this number: each holds it everywhere."""
    return {"a": np.full(size, number, np.float32), "b": np.full((7, 3), number, np.int64)}


def number_in(library: Library, path: Path) -> int | str:
    """The number of the save that the file is, whole; or what is wrong with it."""
    try:
        arrays = library.load(path)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    numbers = {float(number) for array in arrays.values() for number in np.unique(array)}
    if {*arrays} != {"a", "b"} or len(numbers) != 1:
        return "parts of several files"
    return int(numbers.pop())


def what_is_there(library: Library, path: Path, allowed: Callable[[int], bool]) -> str:
    number = number_in(library, path)
    if isinstance(number, str):
        return f"the file is lost: {number}"
    if not allowed(number):
        return f"the file holds save {number}"
    litter = sorted({*os.listdir(path.parent)} - {path.name})
    return f"litter: {litter}" if litter else ""
