"""Films how a network learns "exclusive or": a page with a slider that goes through the whole training.

One of two, but not both: no single neuron can learn that, four and one can. Open the page it writes, move the slider,
and see which weights are to blame at first, how the blame fades as the loss does, and where it ends up.

    python examples/film.py [--output film.html]

It needs nothing but tinygrad_lite and what draws pictures, and takes about two seconds.
"""

import argparse

import numpy as np

import nn
from nn import Adam, Dense, Sequential

parser = argparse.ArgumentParser(description="Films how a network learns exclusive or.")
parser.add_argument("--output", default="film.html", help="the page to write (film.html)")
parser.add_argument("--epochs", type=int, default=300, help="how long to train (300)")
options = parser.parse_args()

nn.set_random_seed(3)
x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
y = np.array([[0], [1], [1], [0]], dtype=np.float32)

model = Sequential([Dense(4, "tanh", input_shape=(2,)), Dense(1, "sigmoid")])
model.compile(optimizer=Adam(0.05), loss="binary_crossentropy")
film = nn.Film(x, y)
model.fit(x, y, batch_size=4, epochs=options.epochs, verbose=0, callbacks=[film])

for pair, answer in zip(x, model.predict(x)[:, 0], strict=True):
    print(f"{pair[0]:.0f} xor {pair[1]:.0f} = {answer:.3f}")
print(f"wrote {film.save(options.output)}: {len(film.drawings)} steps, open it in a browser")
