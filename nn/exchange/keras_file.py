"""Keras's files of weights, *.weights.h5: layers by their classes, weights by their numbers.

Each object is a group. A model's layers are in `layers`, called after their classes: dense, dense_1, ...; what else an
object is made of is called after its attribute. An object's own weights are in `vars`: 0, 1, ...
"""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_lite import Tensor, files

from ..layers import MultiHeadAttention
from ..layers.bidirectional import Bidirectional
from ..layers.recurrent import Recurrent
from ..module import Module
from ..naming import unique_name

SEEDS = "seed_generator"
_WHOLE = "{} is a whole Keras model: in Keras, write net.save_weights('net.weights.h5')"


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "Keras's *.weights.h5 files need h5py: pip install 'tinygrad_lite[keras-files]'; without it, pass a dict of"
            " the weights, {v.path: v for v in net.variables}"
        ) from error
    return h5py


def groups(module: Module, path: str = "") -> Iterator[tuple[str, Module, list[Tensor]]]:
    """The groups that stand for the module and those inside: path, module, its own weights in Keras's order."""
    own = [value for value in vars(module).values() if isinstance(value, Tensor)]
    if isinstance(module, Recurrent):
        yield path, module, []
        yield _joined(path, "cell"), module, own
        return
    yield path, module, [weight for trained in (True, False) for weight in own if weight.requires_grad is trained]
    if isinstance(module, Bidirectional):
        yield from groups(module.forward_layer, _joined(path, "forward_layer"))
        yield from groups(module.backward_layer, _joined(path, "backward_layer"))
    elif isinstance(module, MultiHeadAttention):
        for name in ("query", "key", "value", "attention_output"):
            yield from groups(getattr(module, name), _joined(path, f"{name.removeprefix('attention_')}_dense"))
    else:
        for name, value in vars(module).items():
            if isinstance(value, Module):
                yield from groups(value, _joined(path, name))
            elif isinstance(value, (list, tuple)) and any(isinstance(item, Module) for item in value):
                yield from _container(value, _joined(path, name))


def _container(parts: Any, path: str) -> Iterator[tuple[str, Module, list[Tensor]]]:
    taken: set[str] = set()
    for part in parts:
        if isinstance(part, Module):
            name = unique_name(part.kind, taken)
            taken.add(name)
            yield from groups(part, _joined(path, name))


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def write(model: Module, path: str | os.PathLike[str]) -> None:
    """Writes the weights to a file that Keras loads into the same network."""
    if not str(path).endswith(".weights.h5"):
        raise ValueError(f"Keras reads weights from files whose names end with .weights.h5, given {path}")
    content, h5py = io.BytesIO(), _h5py()
    with h5py.File(content, "w") as file:
        for place, module, weights in groups(model):
            group = file.require_group(_joined(place, "vars"))
            group.attrs["name"] = module.name or module.kind
            for i, weight in enumerate(weights):
                group.create_dataset(str(i), data=weight.detach().numpy())
    files.write(path, content.getvalue())


def values(model: Module, path: str | os.PathLike[str]) -> list[tuple[Tensor, np.ndarray]]:
    """Each weight of the model with its values in the file. Nothing is read that has not the shape of a weight."""
    if str(path).endswith(".keras"):
        raise ValueError(_WHOLE.format(path))
    wanted = {
        f"{_joined(place, 'vars')}/{i}": weight
        for place, _, weights in groups(model)
        for i, weight in enumerate(weights)
    }
    h5py, content = _h5py(), Path(path)
    with content.open("rb") as stream:
        if stream.read(8) != b"\x89HDF\r\n\x1a\n":
            raise ValueError(f"{path} is no HDF5 file, which Keras's *.weights.h5 are")
    try:
        with h5py.File(content, "r") as file:
            return _values(h5py, file, wanted, path)
    except (OSError, RuntimeError, KeyError) as error:
        raise ValueError(f"{path} can't be read: it is damaged, or no file of weights ({error})") from error


def _values(h5py: Any, file: Any, wanted: dict[str, Tensor], path: Any) -> list[tuple[Tensor, np.ndarray]]:
    if "model_weights" in file:
        raise ValueError(_WHOLE.format(path))
    there = dict(_datasets(h5py, file, ""))
    if set(there) != set(wanted):
        missing, unexpected = sorted(set(wanted) - set(there)), sorted(set(there) - set(wanted))
        raise ValueError(
            f"{path} holds the weights of another network: missing {missing[:5] or 'none'}, unexpected"
            f" {unexpected[:5] or 'none'}"
        )
    found = []
    for place, weight in wanted.items():
        data = there[place]
        if data.shape != weight.shape or data.dtype.kind not in "fiu":
            raise ValueError(
                f"{path} has at {place} {data.dtype} of the shape {data.shape}; {weight.name} has {weight.shape}"
            )
        found.append((weight, data[()]))
    return found


def _datasets(h5py: Any, group: Any, path: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The datasets by their paths, without those of random numbers. Links and data in other files are refused."""
    if depth > 50:
        raise ValueError("its groups are nested too deeply")
    for name in group:
        place = _joined(path, name)
        part = group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None
        if isinstance(part, h5py.Group):
            if not name.startswith(SEEDS):
                yield from _datasets(h5py, part, place, depth + 1)
        elif isinstance(part, h5py.Dataset) and not part.is_virtual and part.external is None:
            yield place, part
        else:
            raise ValueError(f"{place} is no array of numbers in this file")
