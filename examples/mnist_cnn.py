"""Trains a convolutional network to read handwritten digits, and shows what it looks at.

The network of Keras's mnist_cnn of 2016: two convolutions of 3 x 3 with 32 and 64 filters, max pooling, 128 neurons,
10 answers; relu, dropout, Adadelta, batches of 128. After training it writes

    weights.safetensors           what was learnt
    learning_curves.png   loss and accuracy, epoch by epoch
    digits.png            test digits with what the network read, its mistakes first
    gradient_graph.svg    the computation of one batch, and who is to blame for the error (also .png)
    filters.png           the 32 patterns that the first convolution looks for
    activations.png       where both convolutions find theirs in one digit

Run `python examples/mnist_cnn.py --help` for the options. It needs: pip install 'tinygrad_lite[examples]'
"""

import numpy as np

import mnist_parts as parts
import nn
from nn import Adadelta, Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Sequential


def main() -> None:
    options = parts.parse_options(__doc__, epochs=12, output="output/mnist_cnn")
    folder = parts.prepared(options.output)
    nn.set_random_seed(options.seed)

    (x_train, y_train), (x_test, y_test) = parts.load_digits(options.data, options.samples)
    X_train, X_test = with_a_channel(x_train), with_a_channel(x_test)
    Y_train, Y_test = nn.one_hot(y_train, 10), nn.one_hot(y_test, 10)

    model = Sequential()
    model.add(Conv2D(32, (3, 3), activation="relu", input_shape=(28, 28, 1)))
    model.add(Conv2D(64, (3, 3), activation="relu"))
    model.add(MaxPooling2D((2, 2)))
    model.add(Dropout(0.25))
    model.add(Flatten())
    model.add(Dense(128, activation="relu"))
    model.add(Dropout(0.5))
    model.add(Dense(10, activation="softmax"))
    model.summary()

    model.compile(loss="categorical_crossentropy", optimizer=Adadelta(1.0), metrics=["accuracy"])
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
    parts.save_picture(folder / "filters.png", lambda: nn.plots.weights(model))
    parts.save_picture(folder / "activations.png", lambda: nn.plots.activations(model, X_test[0]))

    print("Test score:", score[0])
    print("Test accuracy:", score[1])


def with_a_channel(images: np.ndarray) -> np.ndarray:
    """Images of numbers from 0 (paper) to 1 (ink), (n, 28, 28, 1)."""
    return images[..., None].astype("float32") / 255


if __name__ == "__main__":
    main()
