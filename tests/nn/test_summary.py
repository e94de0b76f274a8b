"""summary() prints what Keras prints: the texts below are Keras 3.15's for the same models, to the letter."""

import numpy as np
import pytest

import nn

ARTICLE = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┓
┃ Layer (type)                         ┃ Output Shape                ┃         Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━┩
│ dense (Dense)                        │ (None, 512)                 │         401,920 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ activation (Activation)              │ (None, 512)                 │               0 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ dropout (Dropout)                    │ (None, 512)                 │               0 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ dense_1 (Dense)                      │ (None, 512)                 │         262,656 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ activation_1 (Activation)            │ (None, 512)                 │               0 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ dropout_1 (Dropout)                  │ (None, 512)                 │               0 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ dense_2 (Dense)                      │ (None, 10)                  │           5,130 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ activation_2 (Activation)            │ (None, 10)                  │               0 │
└──────────────────────────────────────┴─────────────────────────────┴─────────────────┘
 Total params: 669,706 (2.55 MB)
 Trainable params: 669,706 (2.55 MB)
 Non-trainable params: 0 (0.00 B)
"""

TRAINED = """\
 Total params: 2,009,120 (7.66 MB)
 Trainable params: 669,706 (2.55 MB)
 Non-trainable params: 0 (0.00 B)
 Optimizer params: 1,339,414 (5.11 MB)
"""

MNIST_CNN = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┓
┃ Layer (type)                         ┃ Output Shape                ┃         Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━┩
│ conv2d (Conv2D)                      │ (None, 26, 26, 32)          │             320 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ conv2d_1 (Conv2D)                    │ (None, 24, 24, 64)          │          18,496 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ max_pooling2d (MaxPooling2D)         │ (None, 12, 12, 64)          │               0 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ dropout (Dropout)                    │ (None, 12, 12, 64)          │               0 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ flatten (Flatten)                    │ (None, 9216)                │               0 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ dense (Dense)                        │ (None, 128)                 │       1,179,776 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ dropout_1 (Dropout)                  │ (None, 128)                 │               0 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ dense_1 (Dense)                      │ (None, 10)                  │           1,290 │
└──────────────────────────────────────┴─────────────────────────────┴─────────────────┘
 Total params: 1,199,882 (4.58 MB)
 Trainable params: 1,199,882 (4.58 MB)
 Non-trainable params: 0 (0.00 B)
"""

RESIDUAL = """\
Model: "functional"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ Layer (type)                  ┃ Output Shape              ┃         Param # ┃ Connected to               ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│ input_layer (InputLayer)      │ (None, 28, 28, 1)         │               0 │ -                          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ conv2d (Conv2D)               │ (None, 28, 28, 8)         │              80 │ input_layer[0][0]          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ conv2d_1 (Conv2D)             │ (None, 28, 28, 8)         │             584 │ conv2d[0][0]               │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ batch_normalization           │ (None, 28, 28, 8)         │              32 │ conv2d_1[0][0]             │
│ (BatchNormalization)          │                           │                 │                            │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ add (Add)                     │ (None, 28, 28, 8)         │               0 │ conv2d[0][0],              │
│                               │                           │                 │ batch_normalization[0][0]  │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ activation (Activation)       │ (None, 28, 28, 8)         │               0 │ add[0][0]                  │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ global_average_pooling2d      │ (None, 8)                 │               0 │ activation[0][0]           │
│ (GlobalAveragePooling2D)      │                           │                 │                            │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ dense (Dense)                 │ (None, 10)                │              90 │ global_average_pooling2d[… │
└───────────────────────────────┴───────────────────────────┴─────────────────┴────────────────────────────┘
 Total params: 786 (3.07 KB)
 Trainable params: 770 (3.01 KB)
 Non-trainable params: 16 (64.00 B)
"""

NARROW = """\
Model: "functional"
┏━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━┳━━━━━━━━━━┳━━━━━━━━━━━━━━━┳━━━━━━┓
┃ Layer (type)    ┃ Output Shape   ┃  Param # ┃ Connected to  ┃ Tra… ┃
┡━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━━━━━━━╇━━━━━━┩
│ input_layer     │ (None, 28, 28, │        0 │ -             │  -   │
│ (InputLayer)    │ 1)             │          │               │      │
├─────────────────┼────────────────┼──────────┼───────────────┼──────┤
│ conv2d (Conv2D) │ (None, 28, 28, │       80 │ input_layer[… │  Y   │
│                 │ 8)             │          │               │      │
├─────────────────┼────────────────┼──────────┼───────────────┼──────┤
│ conv2d_1        │ (None, 28, 28, │      584 │ conv2d[0][0]  │  Y   │
│ (Conv2D)        │ 8)             │          │               │      │
├─────────────────┼────────────────┼──────────┼───────────────┼──────┤
│ batch_normaliz… │ (None, 28, 28, │       32 │ conv2d_1[0][… │  Y   │
│ (BatchNormaliz… │ 8)             │          │               │      │
├─────────────────┼────────────────┼──────────┼───────────────┼──────┤
│ add (Add)       │ (None, 28, 28, │        0 │ conv2d[0][0], │  -   │
│                 │ 8)             │          │ batch_normal… │      │
├─────────────────┼────────────────┼──────────┼───────────────┼──────┤
│ activation      │ (None, 28, 28, │        0 │ add[0][0]     │  -   │
│ (Activation)    │ 8)             │          │               │      │
├─────────────────┼────────────────┼──────────┼───────────────┼──────┤
│ global_average… │ (None, 8)      │        0 │ activation[0… │  -   │
│ (GlobalAverage… │                │          │               │      │
├─────────────────┼────────────────┼──────────┼───────────────┼──────┤
│ dense (Dense)   │ (None, 10)     │       90 │ global_avera… │  Y   │
└─────────────────┴────────────────┴──────────┴───────────────┴──────┘
 Total params: 786 (3.07 KB)
 Trainable params: 770 (3.01 KB)
 Non-trainable params: 16 (64.00 B)
"""

UNBUILT = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┓
┃ Layer (type)                         ┃ Output Shape                ┃         Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━┩
│ dense (Dense)                        │ ?                           │     0 (unbuilt) │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ activation (Activation)              │ ?                           │               0 │
├──────────────────────────────────────┼─────────────────────────────┼─────────────────┤
│ dropout (Dropout)                    │ ?                           │               0 │
└──────────────────────────────────────┴─────────────────────────────┴─────────────────┘
 Total params: 0 (0.00 B)
 Trainable params: 0 (0.00 B)
 Non-trainable params: 0 (0.00 B)
"""

NESTED = """\
Model: "outer"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ Layer (type)                  ┃ Output Shape              ┃         Param # ┃ Connected to               ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│ x (InputLayer)                │ (None, 2, 3)              │               0 │ -                          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ late (InputLayer)             │ (None, 4)                 │               0 │ -                          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ inner (Functional)            │ [(None, 9), (None, 3)]    │              35 │ x[0][0], late[0][0]        │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│    └ a (InputLayer)           │ (None, 2, 3)              │               0 │ -                          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│    └ b (InputLayer)           │ (None, 4)                 │               0 │ -                          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│    └ flatten (Flatten)        │ (None, 6)                 │               0 │ -                          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│    └ stack (Sequential)       │ (None, 3)                 │              35 │ -                          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│       └ dense (Dense)         │ (None, 4)                 │              20 │ -                          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│       └ dense_1 (Dense)       │ (None, 3)                 │              15 │ -                          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│    └ concatenate              │ (None, 9)                 │               0 │ -                          │
│ (Concatenate)                 │                           │                 │                            │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ head (Dense)                  │ (None, 3)                 │              30 │ inner[0][0]                │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ multiply (Multiply)           │ (None, 3)                 │               0 │ inner[0][1]                │
└───────────────────────────────┴───────────────────────────┴─────────────────┴────────────────────────────┘
 Total params: 65 (260.00 B)
 Trainable params: 65 (260.00 B)
 Non-trainable params: 0 (0.00 B)
"""

CHAIN = """\
Model: "functional"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━┳━━━━━━━━━┓
┃ Layer (type)                          ┃ Output Shape                  ┃        Param # ┃ Traina… ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━╇━━━━━━━━━┩
│ input_layer (InputLayer)              │ (None, 5)                     │              0 │    -    │
├───────────────────────────────────────┼───────────────────────────────┼────────────────┼─────────┤
│ dense (Dense)                         │ (None, 3)                     │             18 │    Y    │
├───────────────────────────────────────┼───────────────────────────────┼────────────────┼─────────┤
│ dense_1 (Dense)                       │ (None, 2)                     │              8 │    Y    │
└───────────────────────────────────────┴───────────────────────────────┴────────────────┴─────────┘
 Total params: 26 (104.00 B)
 Trainable params: 26 (104.00 B)
 Non-trainable params: 0 (0.00 B)
"""

BRANCHES = """\
Model: "functional"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ Layer (type)                  ┃ Output Shape              ┃         Param # ┃ Connected to               ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│ input_layer (InputLayer)      │ (None, 6)                 │               0 │ -                          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ first (Dense)                 │ (None, 5)                 │              35 │ input_layer[0][0]          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ second (Dense)                │ (None, 5)                 │              30 │ first[0][0]                │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ short (Dense)                 │ (None, 4)                 │              28 │ input_layer[0][0]          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ third (Dense)                 │ (None, 4)                 │              24 │ second[0][0]               │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ add (Add)                     │ (None, 4)                 │               0 │ short[0][0], third[0][0]   │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ late (InputLayer)             │ (None, 4)                 │               0 │ -                          │
├───────────────────────────────┼───────────────────────────┼─────────────────┼────────────────────────────┤
│ add_1 (Add)                   │ (None, 4)                 │               0 │ add[0][0], late[0][0]      │
└───────────────────────────────┴───────────────────────────┴─────────────────┴────────────────────────────┘
 Total params: 117 (468.00 B)
 Trainable params: 117 (468.00 B)
 Non-trainable params: 0 (0.00 B)
"""


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def text(model, **options):
    printed = []
    model.summary(print_fn=printed.append, **options)
    return "".join(f"{line}\n" for line in printed)


def article():
    return nn.Sequential(
        [
            nn.Dense(512, input_shape=(784,)),
            nn.Activation("relu"),
            nn.Dropout(0.2),
            nn.Dense(512),
            nn.Activation("relu"),
            nn.Dropout(0.2),
            nn.Dense(10),
            nn.Activation("softmax"),
        ]
    )


def residual():
    x = nn.Input((28, 28, 1))
    y = nn.Conv2D(8, 3, padding="same", activation="relu")(x)
    z = nn.BatchNormalization()(nn.Conv2D(8, 3, padding="same")(y))
    y = nn.GlobalAveragePooling2D()(nn.Activation("relu")(y + z))
    return nn.Model(x, nn.Dense(10, activation="softmax")(y))


def test_the_network_of_the_article(capsys):
    article().summary()
    assert capsys.readouterr().out == ARTICLE


def test_what_the_optimizer_remembers_is_counted_after_training():
    model = article()
    model.compile("adam", "categorical_crossentropy")
    assert text(model) == ARTICLE
    model.fit(np.zeros((4, 784)), np.zeros((4, 10)), verbose=0)
    assert text(model).endswith(TRAINED)


def test_mnist_cnn():
    model = nn.Sequential(
        [
            nn.Input((28, 28, 1)),
            nn.Conv2D(32, 3, activation="relu"),
            nn.Conv2D(64, 3, activation="relu"),
            nn.MaxPooling2D(),
            nn.Dropout(0.25),
            nn.Flatten(),
            nn.Dense(128, activation="relu"),
            nn.Dropout(0.5),
            nn.Dense(10, activation="softmax"),
        ]
    )
    assert model.count_params() == 1_199_882
    assert text(model) == MNIST_CNN


def test_a_residual_network_says_what_is_connected_to_what():
    assert text(residual()) == RESIDUAL


def test_a_narrow_table_breaks_lines_and_cuts_words():
    assert text(residual(), line_length=70, show_trainable=True) == NARROW


def test_a_narrow_terminal_gets_a_narrow_table(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = text(residual()).splitlines()
    assert {len(line) for line in lines if line[0] in "┏┃┡│├└"} == {56}


def test_no_table_is_too_narrow_to_read():
    with pytest.raises(ValueError, match="a summary of 3 columns needs more than 9 characters"):
        text(article(), line_length=9)


def test_what_is_not_built_yet_says_so():
    assert text(nn.Sequential([nn.Dense(512), nn.Activation("relu"), nn.Dropout(0.2)])) == UNBUILT


def test_models_in_models_can_be_opened():
    stack = nn.Sequential([nn.Dense(4), nn.Dense(3)], name="stack")
    a, b, flat = nn.Input((2, 3), name="a"), nn.Input((4,), name="b"), nn.Flatten()
    y = stack(flat(b))
    inner = nn.Model([a, b], [nn.Concatenate()([flat(a), -y]), y], name="inner")
    x, late = nn.Input((2, 3), name="x"), nn.Input((4,), name="late")
    joined, y = inner([x, late])
    outer = nn.Model([x, late], [nn.Dense(3, name="head")(joined), y * 2], name="outer")
    assert text(outer, expand_nested=True) == NESTED


def test_a_chain_needs_no_connections():
    x = nn.Input((5,))
    assert text(nn.Model(x, nn.Dense(2)(nn.Dense(3)(x))), show_trainable=True) == CHAIN


def test_branches_come_in_keras_s_order():
    x = nn.Input((6,))
    short, y = nn.Dense(4, name="short")(x), nn.Dense(5, name="first")(x)
    y = nn.Dense(4, name="third")(nn.Dense(5, name="second")(y))
    late = nn.Input((4,), name="late")
    assert text(nn.Model([x, late], nn.Add()([short, y]) + late)) == BRANCHES


def test_what_is_frozen_is_said():
    model = nn.Sequential([nn.Input((3,)), nn.Dense(2), nn.Dense(2)])
    for weight in model.layers[0].weights:
        weight.requires_grad = False
    lines = text(model, show_trainable=True).splitlines()
    assert [line.split("│")[-2].strip() for line in lines if line.startswith("│")] == ["N", "Y"]
    assert lines[-3:] == [
        " Total params: 14 (56.00 B)",
        " Trainable params: 6 (24.00 B)",
        " Non-trainable params: 8 (32.00 B)",
    ]


def test_a_subclass_shows_its_layers():
    class Net(nn.Model):
        def build(self, input_shape):
            self.first, self.last = nn.Dense(3), nn.Dense(4, name="head")

        def call(self, x):
            return self.last(self.first(x))

    model = Net()
    model(np.ones((1, 2)))
    out = text(model)
    assert out.startswith('Model: "net"\n')
    assert "│ first (Dense)                        │ (None, 3)                   │               9 │" in out
    assert "│ head (Dense)                         │ (None, 4)                   │              16 │" in out


def test_the_shapes_of_several_outputs_are_all_shown():
    class Two(nn.Layer):
        def call(self, x):
            return [x, x[:, :1]]

    class Net(nn.Model):
        def build(self, input_shape):
            self.two = Two()

        def call(self, x):
            return self.two(x)[0]

    model = Net()
    model(np.ones((1, 2)))
    assert "[(None, 2), (None, 1)]" in text(model)
