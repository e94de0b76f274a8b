"""Networks, in Keras's words, on tinygrad_lite's public API.

>>> import nn
>>> model = nn.Sequential()
>>> model.add(nn.Dense(512, input_shape=(784,)))
>>> model.add(nn.Activation("relu"))
>>> model.add(nn.Dropout(0.2))
>>> model.add(nn.Dense(10, activation="softmax"))
>>> model.compile(loss="categorical_crossentropy", optimizer=nn.RMSprop(), metrics=["accuracy"])
"""

from . import (
    activations,
    augmentation,
    callbacks,
    datasets,
    exchange,
    files,
    initializers,
    layers,
    losses,
    metrics,
    onnx,
    optimizers,
    plots,
    saving,
    schedules,
)
from .callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TensorBoard,
    TerminateOnNaN,
)
from .film import Film
from .function_fit import fit
from .layers import (
    GRU,
    LSTM,
    Activation,
    Add,
    AlphaDropout,
    Average,
    AveragePooling1D,
    AveragePooling2D,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Dot,
    Dropout,
    Embedding,
    Flatten,
    GaussianDropout,
    GaussianNoise,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GroupNormalization,
    Layer,
    LayerNormalization,
    Maximum,
    MaxPooling1D,
    MaxPooling2D,
    Minimum,
    MultiHeadAttention,
    Multiply,
    Permute,
    RandomWarp,
    Reshape,
    RMSNormalization,
    SimpleRNN,
    SpatialDropout1D,
    SpatialDropout2D,
    Subtract,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)
from .losses import one_hot
from .model import Model
from .module import Module
from .neurons import as_neurons
from .optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Lamb, Lion, Muon, Nadam, Optimizer, RMSprop
from .pipeline import Dataset
from .random import random_generator, set_random_seed
from .saving import load_model, register
from .sequential import Sequential
from .symbol import Input, Symbol
