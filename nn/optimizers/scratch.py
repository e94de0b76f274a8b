"""Memory that is used again and again."""

import numpy as np


class Scratch:
    """Memory for one intermediate result, the same for all weights: an update makes no temporary arrays."""

    def __init__(self) -> None:
        self.memory = np.empty(0, np.float32)

    def like(self, array: np.ndarray) -> np.ndarray:
        """Memory of that shape and dtype; what is in it is whatever was left there."""
        if self.memory.size < array.size or self.memory.dtype != array.dtype:
            self.memory = np.empty(array.size, array.dtype)
        return self.memory[: array.size].reshape(array.shape)
