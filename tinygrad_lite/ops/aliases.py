"""The array API standard's names for operations that NumPy first had under another name."""

from .comparisons import invert
from .elementwise import arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, power
from .manipulation import concatenate, transpose

acos, acosh, asin, asinh, atan, atan2, atanh = arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh
bitwise_invert, pow = invert, power
concat, permute_dims = concatenate, transpose
