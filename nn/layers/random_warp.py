"""Images moved, turned and bent at random while learning, so that no one is learnt by heart."""

from tinygrad_lite import Tensor, asarray

from ..augmentation import check_images, smooth_noise, warp
from ..checks import number
from ..random import random_generator
from .dropout import TrainingNoise


class RandomWarp(TrainingNoise):
    """While training, moves, turns, zooms, slants and bends each image at random. What comes in from outside is 0.

    x: (batch, height, width) or (batch, height, width, channels). Drawn evenly from -limit to limit, for each image:
    shift, in pixels, down and to the right. rotate, in degrees. zoom, below 1, the share by which it grows, vertically
    and horizontally. shear, the slant in degrees, below 90.

    elastic: each pixel is displaced, down and to the right, by random distances of this standard deviation in pixels.
    They are smoothed by a Gaussian of the standard deviation `sigma` pixels, so that neighbours go together: Simard et
    al. 2003. If elastic is more than about a quarter of sigma, strokes are torn.

    It belongs at the head of a model, as the images are constants to it: it raises RuntimeError if they want a gradient
    while it is training. Numbers that are not floating point become float32. For arrays see `nn.augmentation.warp`.

    >>> import nn, numpy as np
    >>> layer = nn.RandomWarp(shift=2, rotate=10, zoom=0.1, shear=10, elastic=1)  # as handwritten digits vary
    >>> layer.train()(np.ones((128, 28, 28, 1), np.float32)).shape
    (128, 28, 28, 1)
    """

    def __init__(
        self,
        shift: float = 0.0,
        rotate: float = 0.0,
        zoom: float = 0.0,
        shear: float = 0.0,
        elastic: float = 0.0,
        sigma: float = 4.0,
        input_shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, name=name)
        self.shift = number("shift", shift)
        self.rotate = number("rotate", rotate)
        self.zoom = number("zoom", zoom, below=1)
        self.shear = number("shear", shear, below=90)
        self.elastic = number("elastic", elastic)
        self.sigma = number("sigma", sigma)

    @property
    def amount(self) -> float:
        return max(self.shift, self.rotate, self.zoom, self.shear, self.elastic)

    def build(self, input_shape: tuple[int, ...]) -> None:
        check_images(f"the input of {self.name or 'RandomWarp'}", input_shape)

    def disturbed(self, x: Tensor) -> Tensor:
        if x.requires_grad:
            raise RuntimeError(
                f"{self.name or 'RandomWarp'} hands back no gradient while training, but its input wants one: put it"
                " first in the model, or write .detach() before it"
            )
        n, height, width = x.shape[:3]
        between = random_generator().uniform
        return asarray(
            warp(
                x.numpy(),
                shift=between(-self.shift, self.shift, (n, 2)),
                rotate=between(-self.rotate, self.rotate, n),
                zoom=between(1 - self.zoom, 1 + self.zoom, (n, 2)),
                shear=between(-self.shear, self.shear, n),
                displacement=self.elastic * smooth_noise((n, 2, height, width), self.sigma) if self.elastic else None,
            )
        )
