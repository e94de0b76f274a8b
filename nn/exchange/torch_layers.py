"""What PyTorch calls the weights of each layer, and how it lays them out.

A layer's class has two functions: one gives the arrays of its PyTorch counterpart by their names, the other takes such
arrays and gives each weight of the layer with its new values.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_lite import Tensor

from ..layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Embedding,
    GroupNormalization,
    LayerNormalization,
    MultiHeadAttention,
    RMSNormalization,
    SimpleRNN,
)
from ..module import Module

Arrays = dict[str, np.ndarray]
Values = list[tuple[Tensor, np.ndarray]]

COUNTED = "num_batches_tracked"  # of BatchNorm: how many batches it has seen; no weight, and nothing here has it


def numbers(weight: Tensor) -> np.ndarray:
    """The values of a weight."""
    return weight.detach().numpy()


def _refuse(layer: Module, why: str) -> None:
    raise ValueError(f"PyTorch has no counterpart of {type(layer).__name__} {layer.name or ''}: {why}")


# A kernel and a bias.


def _linear(kernel: np.ndarray) -> np.ndarray:
    return kernel.T


def _convolution(kernel: np.ndarray) -> np.ndarray:
    """(*positions, inputs, outputs) as (outputs, inputs, *positions)."""
    return np.moveaxis(kernel, (-1, -2), (0, 1))


def _convolution_back(kernel: np.ndarray) -> np.ndarray:
    return np.moveaxis(kernel, (0, 1), (-1, -2))


def _with_kernel(to: Callable[[np.ndarray], np.ndarray], back: Callable[[np.ndarray], np.ndarray]) -> Any:
    def arrays(layer: Any) -> Arrays:
        bias = {"bias": numbers(layer.bias)} if layer.use_bias else {}
        return {"weight": to(numbers(layer.kernel)), **bias}

    def values(layer: Any, given: Arrays) -> Values:
        bias = [(layer.bias, given["bias"])] if layer.use_bias else []
        return [(layer.kernel, back(given["weight"])), *bias]

    return arrays, values


def _depthwise(layer: Any) -> Arrays:
    kernel = numbers(layer.kernel).reshape(*layer.kernel_size, 1, -1)
    return {"weight": _convolution(kernel)} | ({"bias": numbers(layer.bias)} if layer.use_bias else {})


def _depthwise_values(layer: Any, given: Arrays) -> Values:
    kernel = _convolution_back(given["weight"]).reshape(layer.kernel.shape)
    return [(layer.kernel, kernel), *([(layer.bias, given["bias"])] if layer.use_bias else [])]


def _embedding(layer: Any) -> Arrays:
    return {"weight": numbers(layer.embeddings)}


def _embedding_values(layer: Any, given: Arrays) -> Values:
    return [(layer.embeddings, given["weight"])]


# Normalisation.


def _check_normalization(layer: Any) -> None:
    if isinstance(layer, LayerNormalization):
        if layer.beta is not None and layer.gamma is None:
            _refuse(layer, "a shift goes with a scale there; leave out scale=False")
    elif not isinstance(layer, RMSNormalization) and (layer.gamma is None) != (layer.beta is None):
        _refuse(layer, "it has scale and shift there, or neither; leave out center=False and scale=False, or give both")
    if isinstance(layer, (LayerNormalization, RMSNormalization)):
        axes: Any = layer.axis if isinstance(layer.axis, tuple) else (layer.axis,)
        ndim = len(layer._built_for)
        if sorted(axis % ndim for axis in axes) != list(range(ndim - len(axes), ndim)):
            _refuse(layer, f"it normalizes along the last axes there, here along axis={layer.axis}")


def _normalization_pairs(layer: Any) -> list[tuple[str, Tensor]]:
    _check_normalization(layer)
    if isinstance(layer, RMSNormalization):
        return [("weight", layer.scale)]
    pairs = [("weight", layer.gamma), ("bias", layer.beta)]
    if isinstance(layer, BatchNormalization):
        pairs += [("running_mean", layer.moving_mean), ("running_var", layer.moving_variance)]
    return [(name, weight) for name, weight in pairs if weight is not None]


def _normalization(layer: Any) -> Arrays:
    arrays = {name: numbers(weight) for name, weight in _normalization_pairs(layer)}
    return arrays | ({COUNTED: np.array(0)} if isinstance(layer, BatchNormalization) else {})


def _normalization_values(layer: Any, given: Arrays) -> Values:
    return [(weight, given[name]) for name, weight in _normalization_pairs(layer)]


# Recurrence. The columns of the kernels are there the rows of weights, gate below gate.


def _gates(layer: Any, columns: np.ndarray) -> np.ndarray:
    """The columns in the other order of gates: a GRU's first two are exchanged there, an LSTM's four are not."""
    if not isinstance(layer, GRU):
        return columns
    update, reset, new = np.split(columns, 3, axis=-1)
    return np.concatenate([reset, update, new], axis=-1)


def _check_recurrent(layer: Any) -> None:
    known = ("tanh", "relu") if isinstance(layer, SimpleRNN) else ("tanh",)
    if layer.activation not in known:
        _refuse(layer, f"its activation is {' or '.join(known)} there, here {layer.activation}")
    if getattr(layer, "recurrent_activation", "sigmoid") != "sigmoid":
        _refuse(layer, f"its recurrent_activation is sigmoid there, here {layer.recurrent_activation}")


def _recurrent(layer: Any, end: str = "l0") -> Arrays:
    _check_recurrent(layer)
    arrays = {
        f"weight_ih_{end}": _gates(layer, numbers(layer.kernel)).T,
        f"weight_hh_{end}": _gates(layer, numbers(layer.recurrent_kernel)).T,
    }
    if layer.use_bias:
        bias = _gates(layer, numbers(layer.bias))
        of_inputs, of_states = bias if isinstance(layer, GRU) else (bias, np.zeros_like(bias))
        arrays |= {f"bias_ih_{end}": of_inputs, f"bias_hh_{end}": of_states}
    return arrays


def _recurrent_values(layer: Any, given: Arrays, end: str = "l0") -> Values:
    values = [
        (layer.kernel, _gates(layer, given[f"weight_ih_{end}"].T)),
        (layer.recurrent_kernel, _gates(layer, given[f"weight_hh_{end}"].T)),
    ]
    if layer.use_bias:
        of_inputs, of_states = given[f"bias_ih_{end}"], given[f"bias_hh_{end}"]
        bias = np.stack([of_inputs, of_states]) if isinstance(layer, GRU) else of_inputs + of_states
        values.append((layer.bias, _gates(layer, bias)))
    return values


def _bidirectional(layer: Any) -> Arrays:
    if type(layer.forward_layer) is not type(layer.backward_layer) or layer.merge_mode not in ("concat", None):
        _refuse(layer, "it is two layers of one class there, whose results are side by side")
    return _recurrent(layer.forward_layer) | _recurrent(layer.backward_layer, "l0_reverse")


def _bidirectional_values(layer: Any, given: Arrays) -> Values:
    backward = _recurrent_values(layer.backward_layer, given, "l0_reverse")
    return [*_recurrent_values(layer.forward_layer, given), *backward]


# Attention.


def _check_attention(layer: Any) -> None:
    dim, heads, size = layer.query.kernel.shape
    if heads * size != dim or layer.value_dim != size or layer.attention_output.outputs != (dim,):
        _refuse(
            layer,
            f"num_heads * key_dim is the size of a query there, here {heads} * {size} and {dim}, and value_dim and"
            " output_shape are not chosen",
        )


def _attention(layer: Any) -> Arrays:
    _check_attention(layer)
    dim = layer.query.kernel.shape[0]
    parts = [layer.query, layer.key, layer.value]
    kernels = [numbers(part.kernel).reshape(-1, dim).T for part in parts]
    if all(kernel.shape == (dim, dim) for kernel in kernels):
        arrays = {"in_proj_weight": np.concatenate(kernels)}
    else:
        arrays = dict(zip(("q_proj_weight", "k_proj_weight", "v_proj_weight"), kernels, strict=True))
    arrays["out_proj.weight"] = numbers(layer.attention_output.kernel).reshape(dim, dim).T
    if layer.query.use_bias:
        arrays["in_proj_bias"] = np.concatenate([numbers(part.bias).reshape(-1) for part in parts])
        arrays["out_proj.bias"] = numbers(layer.attention_output.bias)
    return arrays


def _attention_values(layer: Any, given: Arrays) -> Values:
    parts, out = [layer.query, layer.key, layer.value], layer.attention_output
    if "in_proj_weight" in given:
        kernels = np.split(given["in_proj_weight"], 3)
    else:
        kernels = [given["q_proj_weight"], given["k_proj_weight"], given["v_proj_weight"]]
    values = [(part.kernel, kernel.T.reshape(part.kernel.shape)) for part, kernel in zip(parts, kernels, strict=True)]
    values.append((out.kernel, given["out_proj.weight"].T.reshape(out.kernel.shape)))
    if layer.query.use_bias:
        biases = np.split(given["in_proj_bias"], 3)
        values += [(part.bias, bias.reshape(part.bias.shape)) for part, bias in zip(parts, biases, strict=True)]
        values.append((out.bias, given["out_proj.bias"]))
    return values


LAYERS: dict[type[Module], tuple[Callable[[Any], Arrays], Callable[[Any, Arrays], Values]]] = {
    Dense: _with_kernel(_linear, _linear),
    Conv1D: _with_kernel(_convolution, _convolution_back),
    Conv2D: _with_kernel(_convolution, _convolution_back),
    Conv2DTranspose: _with_kernel(_convolution, _convolution_back),
    DepthwiseConv2D: (_depthwise, _depthwise_values),
    Embedding: (_embedding, _embedding_values),
    BatchNormalization: (_normalization, _normalization_values),
    GroupNormalization: (_normalization, _normalization_values),
    LayerNormalization: (_normalization, _normalization_values),
    RMSNormalization: (_normalization, _normalization_values),
    SimpleRNN: (_recurrent, _recurrent_values),
    GRU: (_recurrent, _recurrent_values),
    LSTM: (_recurrent, _recurrent_values),
    Bidirectional: (_bidirectional, _bidirectional_values),
    MultiHeadAttention: (_attention, _attention_values),
}


def counterpart(layer: Module) -> tuple[Callable[[Any], Arrays], Callable[[Any, Arrays], Values]] | None:
    """The two functions of a layer's class, or of the nearest above it; None if PyTorch has nothing like it."""
    return next((LAYERS[cls] for cls in type(layer).__mro__ if cls in LAYERS), None)
