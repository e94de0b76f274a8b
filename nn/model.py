"""A Model: a Module that can be trained, judged and asked, with Keras's words."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import onnx
from .network import Network
from .summary import summary_html, summary_text
from .trainer import Trainer


class Model(Trainer):
    """A Module with `compile`, `fit`, `evaluate`, `predict`, `summary`.

    It is a stack of layers (`nn.Sequential`), a subclass that says in `call` what it computes, or a functional model:
    `nn.Model(inputs, outputs)`, of the symbols that layers gave for `nn.Input`s. With a list of inputs it takes a list
    of arrays, or a dict by the inputs' names; with a list of outputs it gives a list. A layer that is called twice has
    its weights once, and a model may be called on symbols like any layer. Raises TypeError for what are no symbols,
    ValueError for inputs and outputs that don't belong together. `layers`, `inputs` and `outputs` are lists.

    >>> import nn, numpy as np
    >>> x = nn.Input((8, 8, 3))
    >>> y = nn.Conv2D(3, 3, padding="same", activation="relu")(x)
    >>> y = nn.GlobalAveragePooling2D()(x + y)  # a residual block: the layers only have to correct x
    >>> model = nn.Model(x, nn.Dense(10, activation="softmax")(y))
    >>> model.predict(np.zeros((5, 8, 8, 3))).shape
    (5, 10)
    """

    _network: Network | None = None  # of a functional model

    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None) -> None:
        self.name = name
        if inputs is None and outputs is None:
            return
        self._network = Network(inputs, outputs)
        self.layers = self._network.layers
        self.inputs, self.outputs = self._network.inputs, self._network.outputs
        if type(self) is Model:
            self.kind = "functional"
        self.several_inputs = len(self._network.inputs) > 1
        shapes = [symbol.shape for symbol in self.outputs]
        self.output_shape = shapes if len(shapes) > 1 else shapes[0]
        self.built = True
        self.name_weights()

    def call(self, x: Any) -> Any:
        return super().call(x) if self._network is None else self._network.run(x)

    def _input_names(self, x: Any) -> list[str] | None:
        return self._network.input_names if self._network and self.several_inputs else super()._input_names(x)

    def _output_names(self) -> list[str] | None:
        return self._network.output_names if self._network and len(self.outputs) > 1 else None

    def summary(
        self,
        line_length: int | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
    ) -> None:
        """Prints the layers, the shapes of what they give, and how many numbers they learn, as Keras does.

        line_length: the width of the table instead of Keras's, which is cut to the terminal's. print_fn: is given the
        text instead of `print`. expand_nested: shows the layers inside of layers. show_trainable: says Y or N for each
        layer with weights.
        """
        (print_fn or print)(summary_text(self, line_length, expand_nested, show_trainable))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the whole model to a file, which `nn.load_model` reads: layers, weights and how it was compiled.

        The state of the optimizer is in it, so that training goes on there as here, to the same bit. The file is the
        old or the new one at any moment (see `nn.files`); its name may end as you like. Your own classes and functions
        stand in it by their names alone. Raises TypeError or ValueError for what a file can't hold, such as a lambda;
        the message says where it is. Then nothing is written.

        >>> import nn, tempfile
        >>> model = nn.Sequential([nn.Dense(1, input_shape=(2,))])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     nn.load_model(model.save(folder + "/model.safetensors"))
        <Sequential ['dense']>
        """
        from .saving import save_model  # it knows all layers

        return save_model(self, path)

    def export(self, path: str | os.PathLike[str], format: str = "onnx", input_signature: Any = None) -> Path:
        """Writes what the model computes, not training, to an ONNX file, which other programs run; gives the path.

        input_signature: the `nn.Input`, or a list of several, that says what is given to a model that does not say so
        itself. Raises as `nn.onnx.to_onnx` does; then no file is written. It needs onnx (`tinygrad_lite[onnx]`).
        """
        return onnx.export(self, path, format, input_signature)

    def _repr_html_(self) -> str | None:
        return summary_html(self)
