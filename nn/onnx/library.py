"""The library onnx, which is only needed by who exports."""

from typing import Any


def library() -> Any:
    """The module onnx. Raises ImportError, with what to install, where it is not."""
    try:
        import onnx
    except ImportError as error:
        raise ImportError("the export needs onnx: pip install 'tinygrad_lite[onnx]'") from error
    return onnx
