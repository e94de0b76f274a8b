"""Small networks seen as neurons and links."""

from .parts import BiasNeuron, Link, Neuron, NeuronLayer
from .view import Neurons, as_neurons
