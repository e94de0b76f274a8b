"""Activations, and functions that do the same at each element."""

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_lite as tg

from .. import activations
from ..layers import (
    Activation,
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    RandomWarp,
    SpatialDropout1D,
    SpatialDropout2D,
)
from .calls import converted
from .conversions import conversion
from .graph import Graph, Value


@conversion(Activation)
def activation(graph: Graph, layer: Activation, x: Value) -> Value:
    return converted(graph, layer.activation, x)


@conversion(AlphaDropout, Dropout, GaussianDropout, GaussianNoise, RandomWarp, SpatialDropout1D, SpatialDropout2D)
def handed_through(graph: Graph, layer: Any, x: Value) -> Value:
    """What only training changes."""
    return x


def one_node(function: Any, kind: str, **fixed: Any) -> None:
    """Registers a function of one argument as the ONNX operation of this kind; its keywords are the attributes."""

    @conversion(function)
    def convert(graph: Graph, x: Value, **attributes: Any) -> Value:
        return graph.node(kind, as_result(graph, function, x), **(fixed | attributes))


def as_result(graph: Graph, function: Callable[..., Any], x: Value) -> Value:
    """x in the dtype that the function gives, where it is not floating point itself."""
    if x.dtype.kind == "f":
        return x
    with np.errstate(all="ignore"):
        return graph.cast(x, np.asarray(function(np.ones((1,) * x.ndim, x.dtype))).dtype)


@conversion(activations.linear)
def linear(graph: Graph, x: Value) -> Value:
    return x


@conversion(activations.silu)
def silu(graph: Graph, x: Value) -> Value:
    x = as_result(graph, activations.silu, x)
    return graph.node("Mul", x, graph.node("Sigmoid", x))


@conversion(activations.leaky_relu)
def leaky_relu(graph: Graph, x: Value, negative_slope: float = 0.2) -> Value:
    return graph.node("LeakyRelu", as_result(graph, activations.leaky_relu, x), alpha=negative_slope)


@conversion(activations.gelu)
def gelu(graph: Graph, x: Value, approximate: bool = False) -> Value:
    x = as_result(graph, activations.gelu, x)
    return graph.node("Gelu", x, approximate="tanh") if approximate else graph.node("Gelu", x)


one_node(activations.elu, "Elu", alpha=1.0)
one_node(activations.softmax, "Softmax", axis=-1)
one_node(activations.log_softmax, "LogSoftmax", axis=-1)
for _function, _kind in {
    activations.relu: "Relu", activations.sigmoid: "Sigmoid", activations.tanh: "Tanh", activations.erf: "Erf",
    activations.softplus: "Softplus", tg.abs: "Abs", tg.negative: "Neg", tg.sign: "Sign", tg.ceil: "Ceil",
    tg.floor: "Floor", tg.sqrt: "Sqrt", tg.reciprocal: "Reciprocal", tg.exp: "Exp", tg.log: "Log", tg.sin: "Sin",
    tg.cos: "Cos", tg.tan: "Tan", tg.arcsin: "Asin", tg.arccos: "Acos", tg.arctan: "Atan", tg.sinh: "Sinh",
    tg.cosh: "Cosh", tg.tanh: "Tanh", tg.arcsinh: "Asinh", tg.arccosh: "Acosh", tg.arctanh: "Atanh",
}.items():  # fmt: skip
    one_node(_function, _kind)
