"""The layers, one a file."""

from .activation import Activation
from .attention import MultiHeadAttention
from .bidirectional import Bidirectional
from .convolution import Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D
from .dense import Dense
from .dropout import AlphaDropout, Dropout, SpatialDropout1D, SpatialDropout2D
from .embedding import Embedding
from .flatten import Flatten
from .gru import GRU
from .layer import Layer
from .lstm import LSTM
from .merge import Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract
from .noise import GaussianDropout, GaussianNoise
from .normalization import BatchNormalization, GroupNormalization, LayerNormalization, RMSNormalization
from .padding import ZeroPadding1D, ZeroPadding2D
from .pooling import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
)
from .random_warp import RandomWarp
from .reshape import Permute, Reshape
from .simple_rnn import SimpleRNN
from .upsampling import UpSampling1D, UpSampling2D
