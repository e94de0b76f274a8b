"""The program of the article of 2016 runs as it was printed, apart from the import lines."""

import nn
from nn import Activation, Dense, Dropout, RMSprop, Sequential


def test_the_articles_program():
    nn.set_random_seed(1)
    (X_train, y_train), (X_test, y_test) = nn.datasets.digits.load_data()
    X_train = X_train.reshape(len(X_train), 784)
    X_test = X_test.reshape(len(X_test), 784)
    X_train = X_train.astype("float32")
    X_test = X_test.astype("float32")
    X_train /= 255
    X_test /= 255
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
        X_train, Y_train, batch_size=128, epochs=20, verbose=1, validation_data=(X_test, Y_test)
    )  # fmt: skip
    score = model.evaluate(X_test, Y_test, verbose=0)

    assert model.count_params() == 669_706
    assert len(history.history["val_accuracy"]) == 20
    assert score[1] > 0.95
