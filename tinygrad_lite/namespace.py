"""What the array API standard asks of a library about itself: its devices, its dtypes, what it can do."""

from typing import Any

import numpy as np

from . import dtypes

VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")
__array_api_version__ = VERSIONS[-1]
DEVICE = "cpu"
_NAMES: tuple[str, ...] = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_NAMES += ("float32", "float64", "complex64", "complex128")


def check_device(device: Any) -> None:
    """Raises ValueError if that is no device of ours."""
    if device not in (None, DEVICE):
        raise ValueError(f"the only device is {DEVICE!r}, given {device!r}")


class NamespaceInfo:
    """What `__array_namespace_info__()` answers with."""

    def capabilities(self) -> dict[str, Any]:
        """What the standard leaves open: indexing by masks, results whose shape depends on values, most axes."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """Where Tensors are made."""
        return DEVICE

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype]:
        """The dtypes of Tensors that are made without one, and of indices."""
        check_device(device)
        return {
            "real floating": dtypes.float32,
            "complex floating": dtypes.complex64,
            "integral": np.dtype(int),
            "indexing": np.dtype(np.intp),
        }

    def devices(self) -> tuple[str, ...]:
        """All devices."""
        return (DEVICE,)

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, np.dtype]:
        """The dtypes by name, or those of a kind (see `isdtype`)."""
        check_device(device)
        every = {name: getattr(dtypes, name) for name in _NAMES}
        return every if kind is None else {name: d for name, d in every.items() if dtypes.isdtype(d, kind)}


def __array_namespace_info__() -> NamespaceInfo:
    """Devices, dtypes and capabilities of this library, as the array API standard asks for them.

    >>> import tinygrad_lite as tg
    >>> tg.__array_namespace_info__().default_dtypes()["real floating"]
    dtype('float32')
    """
    return NamespaceInfo()
