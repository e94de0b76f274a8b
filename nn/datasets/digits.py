"""1,797 real handwritten digits that need no network: those that scikit-learn ships, brought to MNIST's form."""

import numpy as np

Arrays = tuple[np.ndarray, np.ndarray]


def load_data() -> tuple[Arrays, Arrays]:
    """(x_train, y_train), (x_test, y_test) as `mnist.load_data()` gives them, but 1,541 and 256 samples.

    x is uint8 of shape (samples, 28, 28), 0 to 255; y is uint8, 0 to 9. Every seventh digit of the set is a test digit.
    Each digit was 8 x 8 (Alpaydin and Kaynak 1998) and is drawn at 20 x 20 in the middle.
    Raises ImportError with the command to install scikit-learn and Pillow if they are not there.
    """
    try:
        from PIL import Image
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(f"the embedded digits need {error.name}: pip install 'tinygrad_lite[examples]'") from error
    digits = load_digits()
    x = np.zeros((len(digits.images), 28, 28), np.uint8)
    for to, small in zip(x, digits.images, strict=True):
        image = Image.fromarray(np.uint8(np.minimum(small * 16, 255)))
        to[4:24, 4:24] = np.asarray(image.resize((20, 20), Image.Resampling.BICUBIC))
    y = digits.target.astype(np.uint8)
    test = np.arange(len(x)) % 7 == 6
    return (x[~test], y[~test]), (x[test], y[test])
