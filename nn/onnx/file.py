"""A model as an ONNX file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_lite import files, nests

from ..module import Module
from ..naming import unique_name
from ..symbol import Symbol, owned
from .calls import checked, inside
from .graph import IR_VERSION, OPSET, Graph
from .library import library

if TYPE_CHECKING:
    from onnx import ModelProto

LARGEST = 2**31 - 2**20  # bytes of weights: an ONNX file is a protobuf message, which holds 2 GiB


def export(
    model: Module,
    path: str | os.PathLike[str],
    format: str = "onnx",
    input_signature: Symbol | list[Symbol] | None = None,
) -> Path:
    """Writes what the model computes, not training, to an ONNX file; gives the path. Arguments and errors: `to_onnx`.

    The file is there when it is complete, or stays as it was. Raises ValueError for another format than "onnx".
    """
    if format != "onnx":
        raise ValueError(f"a model is exported in the format 'onnx', given {format!r:.60}")
    return files.write(path, to_onnx(model, input_signature).SerializeToString())


def to_onnx(model: Module, input_signature: Symbol | list[Symbol] | None = None) -> "ModelProto":
    """What the model computes, not training, as an `onnx.ModelProto`.

    Inputs and outputs have the model's names, weights theirs, such as `dense.kernel`; the batch axis may have any
    length. input_signature: the `nn.Input`, or a list of several, that says what is given to a model which does not say
    so itself.

    Raises NotImplementedError for layers and functions that have no conversion (see `conversion`); ValueError for a
    model whose inputs are not known, for what ONNX does not allow and for weights of more than 2 GB; ImportError where
    onnx is not installed.

    >>> import nn
    >>> model = nn.Sequential([nn.Dense(512, activation="relu", input_shape=(784,)), nn.Dense(10)])
    >>> [node.op_type for node in nn.onnx.to_onnx(model).graph.node]
    ['Gemm', 'Relu', 'Gemm']
    """
    library()
    if not isinstance(model, Module):
        raise TypeError(f"what is exported is a model or a layer, given {type(model).__name__} {model!r:.60}")
    with model._judging():
        inputs = _inputs(model, input_signature)
        args = [inputs] if model.several_inputs else inputs
        symbols = list(nests.leaves(model(*args)))  # which builds it, and finds out the shapes
        _check_size(model)
        graph = Graph(model.named_weights())
        names: list[str] = []
        for symbol in inputs:
            names.append(unique_name(symbol.name or symbol.kind, names))
        given = [graph.input(name, x.shape, x.dtype) for name, x in zip(names, inputs, strict=True)]
        token = owned.set({id(weight) for weight in model.weights})
        try:
            results = list(nests.leaves(inside(graph, model, *([given] if model.several_inputs else given))))
        finally:
            owned.reset(token)
        values = [checked(graph.value(x), y, "the model") for x, y in zip(results, symbols, strict=True)]
    outputs = dict(zip(_output_names(model, len(values)), values, strict=True))
    return _file(graph.onnx, graph.finished(model.name or model.kind, given, outputs))


def _file(onnx: Any, graph: Any) -> "ModelProto":
    proto = onnx.helper.make_model(
        graph,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="tinygrad_lite",
    )
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _inputs(model: Module, signature: Any) -> list[Symbol]:
    inputs = _known_inputs(model) if signature is None else signature
    inputs = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    for symbol in inputs:
        if not isinstance(symbol, Symbol):
            raise TypeError(
                f"input_signature is an nn.Input, such as nn.Input((784,)), or a list of them, given {symbol!r:.60}"
            )
    return inputs


def _known_inputs(model: Any) -> list[Symbol]:
    if network := getattr(model, "_network", None):
        return network.inputs
    if (symbol := getattr(model, "_input", None)) is not None:
        return [symbol]
    if shape := getattr(model, "input_shape", None):
        return [Symbol((None, *shape), np.dtype(model.input_dtype))]
    if _is_stack(model):
        return _known_inputs(model.layers[0])
    raise ValueError(
        "the model does not say what it is given, which the file has to: give the export an input_signature, such as"
        " nn.Input((784,))"
    )


def _is_stack(model: Any) -> bool:
    from ..sequential import Sequential

    return isinstance(model, Sequential) and bool(model.layers)


def _output_names(model: Any, count: int) -> list[str]:
    if network := getattr(model, "_network", None):
        return network.output_names
    if _is_stack(model):
        return [model.layers[-1].name]
    names: list[str] = []
    for _ in range(count):
        names.append(unique_name("output", names))
    return names


def _check_size(model: Module) -> None:
    size = sum(weight.nbytes for weight in model.weights)
    if size > LARGEST:
        raise ValueError(
            f"the weights take {size / 1e9:.1f} GB, and one ONNX file holds 2 GB: export the model's parts, each to a"
            " file of its own"
        )
