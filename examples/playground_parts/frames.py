"""Pictures on their way to a page: a header in JSON, then arrays as bare bytes, which the page reads without a copy."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

KINDS = {"f4", "i4", "i1", "u1"}


def pack(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """One message: the length of the JSON (4 bytes, little-endian), the JSON, the arrays, each on a multiple of 4.

    The JSON is the header with "arrays": [[name, kind, shape], ...]. What JSON has no number for, such as infinity,
    is null.

    >>> pack({"epoch": 1}, {"map": np.array([1, -1], dtype="i1")})
    b',\\x00\\x00\\x00{"epoch": 1, "arrays": [["map", "i1", [2]]]}\\x01\\xff\\x00\\x00'
    """
    described, body = [], []
    for name, array in arrays.items():
        kind = f"{array.dtype.kind}{array.dtype.itemsize}"
        if kind not in KINDS:
            raise TypeError(
                f"pack: the array {name!r} has dtype {array.dtype}, and a page reads {', '.join(sorted(KINDS))}"
            )
        described.append([name, kind, list(array.shape)])
        data = array.tobytes()
        body.append(data + bytes(-len(data) % 4))
    told = json.dumps(plain({**header, "arrays": described}), allow_nan=False).encode()
    told += b" " * (-len(told) % 4)
    return b"".join([len(told).to_bytes(4, "little"), told, *body])


def plain(value: Any) -> Any:
    """The value with everything that JSON can't hold made into what it can.

    >>> plain({"loss": float("nan"), "sizes": (np.int64(2), 1)})
    {'loss': None, 'sizes': [2, 1]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
