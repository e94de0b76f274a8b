"""Trains a network to read handwritten digits, and shows what happened.

The network of Keras's mnist_mlp: 784-512-512-10, relu, dropout 0.2, RMSprop, batches of 128. After training it writes

    weights.safetensors           what was learnt
    learning_curves.png   loss and accuracy, epoch by epoch
    digits.png            test digits with what the network read, its mistakes first
    gradient_graph.svg    the computation of one batch, and who is to blame for the error (also .png)

Run `python examples/mnist.py --help` for the options. It needs: pip install 'tinygrad_lite[examples]'
"""

import numpy as np

import mnist_parts as parts
import nn
from nn import Activation, Dense, Dropout, RMSprop, Sequential


def main() -> None:
    options = parts.parse_options(__doc__, epochs=20, output="output")
    folder = parts.prepared(options.output)
    nn.set_random_seed(options.seed)

    (x_train, y_train), (x_test, y_test) = parts.load_digits(options.data, options.samples)
    X_train, X_test = as_rows(x_train), as_rows(x_test)
    Y_train, Y_test = nn.one_hot(y_train, 10), nn.one_hot(y_test, 10)

    model = Sequential()
    model.add(Dense(512, input_shape=(784,)))
    model.add(Activation("relu"))
    model.add(Dropout(0.2))
    model.add(Dense(512))
    model.add(Activation("relu"))
    model.add(Dropout(0.2))
    model.add(Dense(10))
    model.add(Activation("softmax"))
    model.summary()

    model.compile(loss="categorical_crossentropy", optimizer=RMSprop(), metrics=["accuracy"])
    history = model.fit(
        X_train,
        Y_train,
        batch_size=options.batch_size,
        epochs=options.epochs,
        verbose=1,
        validation_data=(X_test, Y_test),
    )
    score = model.evaluate(X_test, Y_test, verbose=0)

    parts.write_results(folder, model, history, X_test, y_test, options.batch_size)

    print("Test score:", score[0])
    print("Test accuracy:", score[1])


def as_rows(images: np.ndarray) -> np.ndarray:
    """Each image as one row of numbers from 0 (paper) to 1 (ink)."""
    return images.reshape(len(images), 784).astype("float32") / 255


if __name__ == "__main__":
    main()
