"""Models as ONNX files, which other programs run: https://onnx.ai. docs/onnx.md is about it.

`export` and `to_onnx` write a model. `converted` goes through the calls that it is made of, and `conversion` makes the
table of how each layer is written, which a file for each family fills. `Graph` is what they add their nodes to.
"""

from . import activations, attention, convolution, dense, merge, normalization, operations, pooling, recurrence, shapes
from .calls import converted
from .conversions import conversion
from .file import export, to_onnx
from .graph import Graph, Value
