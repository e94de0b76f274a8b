"""Pictures: what is shown is what was given, wrong input is told so, and nothing of matplotlib is left changed."""

import subprocess
import sys
from io import BytesIO

import matplotlib
import numpy as np
import pytest

import nn
import tinygrad_lite as tg

NASTY = ["$\\frac$", "<script>alert(1)</script>", "a\nb\0c", "\\", "x" * 300, "%s{}", "", "\ud800", "\u202eright", "🐈"]


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def pictures(figure):
    return [image.get_array() for image in figure.axes[0].images]


def drawn(figure):
    """The picture as a file; drawing it also finds what matplotlib finds only then."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=30)
    return file.getvalue()


def history(**values):
    told = nn.History()
    for epoch in range(max(map(len, values.values()))):
        told.on_epoch_end(epoch, {name: line[epoch] for name, line in values.items()})
    return told


def network():
    nn.set_random_seed(1)
    layers = [nn.Conv2D(4, 3, activation="relu", name="edges"), nn.Dropout(0.5), nn.BatchNormalization()]
    layers += [nn.Conv2D(6, 3, name="corners"), nn.MaxPooling2D(name="pool"), nn.Flatten(), nn.Dense(3, "softmax")]
    return nn.Sequential([nn.Input((8, 8, 1)), *layers])


RNG = np.random.default_rng(5)
IMAGE = np.random.default_rng(0).random((8, 8, 1)).astype(np.float32)


# The house rules.


def test_no_picture_touches_pyplot_or_a_setting():
    program = """
import sys, io, matplotlib, nn, numpy as np
def settings():
    return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams if name != "backend"}
before = settings()
model = nn.Sequential([nn.Conv2D(2, 3, input_shape=(8, 8, 1)), nn.Flatten(), nn.Dense(2)])
history = nn.History()
history.on_epoch_end(0, {"loss": 1.0})
for figure in (history.plot(), nn.plots.confusion([0, 1], [0, 1]), nn.plots.weights(model),
               nn.plots.activations(model, np.ones((8, 8, 1))),
               nn.plots.predictions(np.zeros((2, 8, 8)), [0, 1], [0, 1])):
    figure.savefig(io.BytesIO())
    assert figure._repr_png_()
assert "matplotlib.pyplot" not in sys.modules
assert before == settings()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_look_does_not_depend_on_the_user_s_settings():
    with matplotlib.rc_context(
        {"text.color": "red", "axes.facecolor": "black", "text.usetex": True, "axes.grid": True}
    ):
        figure = nn.plots.confusion([0, 1], [0, 1])
        panel = history(loss=[1.0, 0.5]).plot().axes[0]
        assert matplotlib.rcParams["text.color"] == "red"
    assert figure.axes[0].texts[0].get_color() == "#1F2933"
    assert panel.get_facecolor() == (1.0, 1.0, 1.0, 1.0)


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'tinygrad_lite\[plot\]'"):
        history(loss=[1.0]).plot()
    html = history(loss=[1.0])._repr_html_()
    assert "<table" in html and "<img" not in html


# Learning curves.


def test_each_metric_has_a_panel_with_a_line_for_training_and_validation():
    told = history(accuracy=[0.5, 0.9], loss=[2.0, 1.0], val_accuracy=[0.4, 0.8], val_loss=[2.5, 1.5], mse=[3.0, 4.0])
    panels = told.plot().axes
    assert [panel.get_title(loc="left") for panel in panels] == ["Loss", "Accuracy", "MSE"]
    lines = [[list(line.get_ydata()) for line in panel.lines] for panel in panels]
    assert lines == [[[2.0, 1.0], [2.5, 1.5]], [[0.5, 0.9], [0.4, 0.8]], [[3.0, 4.0]]]
    assert [list(line.get_xdata()) for line in panels[0].lines] == [[1, 2], [1, 2]]
    assert [text.get_text() for text in panels[0].texts] == ["training 1", "validation 1.5"]
    assert not any(panel.get_legend() for panel in panels)


def test_labels_of_lines_that_end_together_stand_apart():
    panel = history(loss=[1.0, 0.5], val_loss=[0.9, 0.5]).plot().axes[0]
    first, second = (text.xy[1] for text in panel.texts)
    assert abs(first - second) == pytest.approx(0.075)


def test_one_epoch_is_a_point_on_a_whole_number():
    figure = history(loss=[0.5]).plot()
    assert list(figure.axes[0].get_xticks()) == [1]
    assert drawn(figure)


def test_log_is_for_losses_or_for_the_metrics_that_are_named():
    told = history(loss=[2.0, 1.0], accuracy=[0.5, 0.9])
    assert [panel.get_yscale() for panel in told.plot(log=True).axes] == ["log", "linear"]
    assert [panel.get_yscale() for panel in told.plot(log=["accuracy"]).axes] == ["linear", "log"]
    with pytest.raises(ValueError, match="log must be True or names among loss, accuracy, given 'los'"):
        told.plot(log="los")
    with pytest.raises(ValueError, match="loss has values of 0 or below"):
        history(loss=[1.0, 0.0]).plot(log=True)


def test_a_loss_that_became_nan_is_drawn_as_far_as_it_went():
    figure = history(loss=[1.0, 2.0, float("nan")], val_loss=[float("inf")] * 3, mse=[float("nan")] * 3).plot()
    assert texts(figure) == ["training nan", "validation inf", "training nan"]
    assert figure.axes[0].get_xlim()[1] > 3
    assert drawn(figure)


def test_what_is_no_history_is_told_so():
    with pytest.raises(ValueError, match="there is nothing to plot: no epoch was finished"):
        nn.History().plot()
    with pytest.raises(TypeError, match="history must be what fit returned, or its dict of lists, given list"):
        nn.plots.curves([1.0, 2.0])
    assert texts(nn.plots.curves({"loss": [3.0, 2.0]})) == ["training 2"]


# Predictions.


def test_the_sheet_shows_the_mistakes_first_the_surest_in_front():
    images = np.arange(4 * 6 * 5).reshape(4, 6, 5).astype(np.uint8)
    confidences = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]]
    figure = nn.plots.predictions(images, [0, 1, 0, 1], confidences)
    assert texts(figure) == [
        *["2 of 4 right", "Mistakes, the surest first: all 2", "1, not 0", "80% sure", "0, not 1", "60% sure"],
        *["Right: all 2", "0", "90% sure", "1", "70% sure"],
    ]
    for shown, i in zip(pictures(figure), [2, 1, 0, 3], strict=True):
        np.testing.assert_array_equal(shown, images[i])
    assert figure.axes[0].images[0].get_clim() == (0, 255)


def test_the_sheet_has_room_for_so_many():
    labels = np.zeros(500, int)
    wrong_and_right = nn.plots.predictions(np.zeros((500, 2, 2)), labels, np.arange(500) % 2, rows=3, columns=4)
    assert texts(wrong_and_right)[1] == "Mistakes: 8 of 250"
    assert len(pictures(wrong_and_right)) == 12
    assert len(pictures(nn.plots.predictions(np.zeros((500, 2, 2)), labels, labels, rows=3, columns=4))) == 12
    assert len(pictures(nn.plots.predictions(np.zeros((500, 2, 2)), labels, labels + 1, rows=3, columns=4))) == 12
    few_right = np.where(np.arange(500) < 498, 1, 0)
    shown = texts(nn.plots.predictions(np.zeros((500, 2, 2)), labels, few_right))
    assert (shown[1], shown[-3]) == ("Mistakes: 60 of 498", "Right: all 2")


@pytest.mark.parametrize(
    ("names", "columns"),
    [
        (None, None),
        (None, 24),
        ([f"{i:03}" for i in range(1000)], None),
        (["a long name", "another long name"] * 500, 9),
    ],
)
def test_what_stands_above_and_below_an_image_never_touches_the_next(names, columns):
    classes, images = 10 if names is None else 1000, RNG.random((30, 8, 8))
    confidences = np.eye(classes)[RNG.integers(0, classes, 30)]
    figure = nn.plots.predictions(images, RNG.integers(0, classes, 30), confidences, names, columns=columns)
    boxes = [text.get_window_extent() for text in figure.axes[0].texts[2:]]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_nobody_has_to_know_the_labels():
    figure = nn.plots.predictions(np.zeros((2, 8, 8)), None, [[0.2, 0.8], [1.0, 0.0]], names=["cat", "dog"])
    assert texts(figure) == ["2 images and what they were taken for", "dog", "80% sure", "cat", "100% sure"]


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (8, 8, 3), (8, 8, 4), (4, 40), (40, 4, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, bool, np.int64])
def test_images_of_all_kinds(shape, dtype):
    images = (np.random.default_rng(0).random((3, *shape)) * 255).astype(dtype)
    figure = nn.plots.predictions(tg.tensor(images), [0, 1, 2], [0, 1, 1])
    assert [np.shape(shown)[:2] for shown in pictures(figure)] == [shape[:2]] * 3
    assert drawn(figure)


def test_writing_is_dark_on_white_and_photographs_are_not_turned():
    writing, photograph = np.zeros((1, 9, 9)), np.random.default_rng(0).random((1, 9, 9))
    writing[0, 4] = 1
    for images, colours in ((writing, "gray_r"), (photograph, "gray")):
        assert nn.plots.predictions(images, [0], [0]).axes[0].images[0].get_cmap().name == colours


def test_colours_are_as_they_were_and_nan_has_a_colour_of_its_own():
    images = np.random.default_rng(0).random((1, 4, 4, 3))
    images[0, 1, 2, 0] = np.nan
    shown = pictures(nn.plots.predictions(images, [0], [0]))[0]
    other = np.ones((4, 4), bool)
    other[1, 2] = False
    np.testing.assert_allclose(shown[other], images[0][other])
    np.testing.assert_allclose(shown[1, 2], matplotlib.colors.to_rgb("#C77BE0"))


def test_names_may_be_anything():
    classes = np.arange(len(NASTY) - 1)
    for figure in (
        nn.plots.predictions(np.zeros((9, 2, 2)), classes, classes[::-1], NASTY[:-1]),
        nn.plots.confusion(classes, classes[::-1], NASTY[:-1]),
    ):
        assert r"\$\frac\$" in texts(figure)
        assert not any("\n" in text or len(text) > 300 for text in texts(figure))
        assert drawn(figure)


@pytest.mark.parametrize(
    ("images", "labels", "confidences", "error", "message"),
    [
        (np.zeros((2, 784)), [0, 1], [0, 1], ValueError, r"given \(2, 784\): write images.reshape\(-1, 28, 28\)"),
        (np.zeros((8, 8)), [0], [0], ValueError, r"a single image is images\[None\]"),
        (np.zeros((2, 3, 8, 8)), [0, 1], [0, 1], ValueError, r"last by np.moveaxis\(images, 1, -1\)"),
        (np.zeros((0, 8, 8)), [0], [0], ValueError, "images must be at least one image"),
        ([["a"]], [0], [0], TypeError, "images must be an array of numbers"),
        (np.zeros((2, 8, 8)), [0], [0, 1], ValueError, "there are 2 images and 1 labels"),
        (np.zeros((2, 8, 8)), [0, 1], [0], ValueError, "there are 2 images and 1 confidences"),
        (np.zeros((2, 8, 8)), [0, 1], [[4.0, -1.0], [2.0, 0.0]], ValueError, "given -1 to 4: logits go through"),
        (np.zeros((2, 8, 8)), [0, 1], [[np.nan, 1.0], [1.0, 0.0]], ValueError, "confidences has nan in 1 of 2 samples"),
        (np.zeros((2, 8, 8)), ["cat", "dog"], [0, 1], TypeError, "labels must be an array of numbers"),
        (np.zeros((2, 8, 8)), [0, 0.5], [0, 1], ValueError, "labels has 0.5, which is no class number"),
        (np.zeros((2, 8, 8)), [0, np.inf], [0, 1], ValueError, "labels has inf, which is no class number"),
        (np.zeros((2, 8, 8)), [0, -1], [0, 1], ValueError, "labels has -1, which is no class number"),
        (np.zeros((2, 8, 8)), [0, 7], [0, 1], ValueError, "a name for each of 8 classes, given 2"),
    ],
)
def test_wrong_predictions_are_told_so(images, labels, confidences, error, message):
    with pytest.raises(error, match=message):
        nn.plots.predictions(images, labels, confidences, names=["no", "yes"])


# Confusions.


def test_the_confusion_matrix_counts_labels_in_rows_and_guesses_in_columns():
    labels, guesses = [0, 0, 1, 2, 2, 2], [0, 1, 1, 0, 2, 2]
    counts = nn.metrics.confusion_matrix(labels, guesses)
    np.testing.assert_array_equal(counts, [[1, 1, 0], [0, 1, 0], [1, 0, 2]])
    same = nn.metrics.confusion_matrix(nn.one_hot(np.array(labels), 3), np.eye(3)[guesses] * 0.8)
    np.testing.assert_array_equal(same, counts)
    assert nn.metrics.confusion_matrix(labels, guesses, classes=5).shape == (5, 5)
    yes = nn.metrics.confusion_matrix([0, 1, 1], [[0.2], [0.9], [0.4]])
    np.testing.assert_array_equal(yes, [[1, 0], [1, 1]])


def test_the_picture_of_confusions_shows_counts_recall_and_precision():
    shown = texts(nn.plots.confusion([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1], names=["cat", "dog"]))
    assert shown[:2] == ["5 of 6 right", "most often: cat taken for dog (1)"]
    numbers = shown[shown.index("dog", shown.index("dog") + 1) + 1 :]
    assert numbers == ["3", "1", "2", "recall", "precision", "75%", "100%", "100%", "67%"]


def test_the_diagonal_is_blue_the_rest_orange_and_nothing_white():
    colours = pictures(nn.plots.confusion([0, 0, 1, 2], [0, 1, 1, 2]))[0]
    red, blue = colours[..., 0], colours[..., 2]
    assert (blue > red).tolist() == np.eye(3, dtype=bool).tolist()
    assert (red > blue).nonzero() == (0, 1)
    np.testing.assert_array_equal(colours[2, 0], 1)


@pytest.mark.parametrize("classes", [1, 2, 11, 31, 61, 300])
def test_few_and_many_classes(classes):
    figure = nn.plots.confusion(np.arange(classes), np.arange(classes)[::-1])
    assert pictures(figure)[0].shape == (classes, classes, 3)
    assert max(figure.get_size_inches()) < 14
    assert ("recall" in texts(figure)) == (classes <= 30)
    assert drawn(figure)


def test_wrong_confusions_are_told_so():
    with pytest.raises(ValueError, match="there are 2 labels and 3 guesses"):
        nn.plots.confusion([0, 1], [0, 1, 1])
    with pytest.raises(ValueError, match="guesses has nan in 1 of 2 samples"):
        nn.plots.confusion([0, 1], [[np.nan, 1], [1, 0]])
    with pytest.raises(ValueError, match="at least one sample"):
        nn.plots.confusion([], [])
    with pytest.raises(ValueError, match="room for 1,000 classes, given 1,002"):
        nn.plots.confusion([1001], [0])
    with pytest.raises(ValueError, match="names must be a list with a name for each of 2 classes, given a string"):
        nn.plots.confusion([0, 1], [0, 1], names="ab")


# Weights.


def test_the_weights_of_a_convolution_are_its_kernel():
    model = network()
    figure = nn.plots.weights(model)
    kernel = model.layers[0].kernel.data
    for i, shown in enumerate(pictures(figure)[:4]):
        np.testing.assert_array_equal(shown, kernel[:, :, 0, i])
    low, high = figure.axes[0].images[0].get_clim()
    assert low == -high
    assert texts(figure)[0] == "edges: what its 4 filters look for"


@pytest.mark.parametrize(
    ("input_shape", "shape", "shown"),
    [((784,), None, (28, 28)), ((12, 5), None, (12, 5)), ((60,), (12, 5), (12, 5)), ((48,), None, (4, 4, 3))],
)
def test_the_weights_of_a_dense_layer_have_the_shape_of_the_image(input_shape, shape, shown):
    layers = [nn.Dense(70)] if len(input_shape) == 1 else [nn.Flatten(), nn.Dense(70)]
    model = nn.Sequential([nn.Input(input_shape), *layers])
    figure = nn.plots.weights(model, shape, limit=9)
    assert [image.shape for image in pictures(figure)[:9]] == [shown] * 9
    assert texts(figure)[0] == "dense: what its first 9 of 70 units look for"
    if len(shown) == 2:
        np.testing.assert_array_equal(pictures(figure)[8], model.layers[-1].kernel.data[:, 8].reshape(shown))


def test_weights_of_colours_are_grey_at_0_and_nan_is_marked():
    layer = nn.Conv2D(2, 3)
    layer(np.zeros((1, 8, 8, 3), np.float32))
    kernel = np.zeros((3, 3, 3, 2), np.float32)
    kernel[0, 0, :, 0] = [1, -1, 0.5]
    kernel[1, 1, 0, 1] = np.nan
    layer.kernel.data = kernel
    figure = nn.plots.weights(layer)
    assert any(text.endswith("speaks for it; violet: nan or infinite") for text in texts(figure))
    first, second = pictures(figure)
    np.testing.assert_allclose(first[2, 2], 0.5)
    np.testing.assert_allclose(first[0, 0], [1, 0, 0.75])
    np.testing.assert_allclose(second[1, 1], matplotlib.colors.to_rgb("#C77BE0"))


def test_wrong_weights_are_told_so():
    with pytest.raises(ValueError, match="the weights of dense are not made yet"):
        nn.plots.weights(nn.Dense(3))
    with pytest.raises(ValueError, match="the 7 inputs of dense are no square image: give its shape"):
        nn.plots.weights(nn.Sequential([nn.Dense(3, input_shape=(7,))]))
    with pytest.raises(ValueError, match=r"784 numbers in all, given \(7, 7\)"):
        nn.plots.weights(nn.Sequential([nn.Dense(3, input_shape=(784,))]), shape=(7, 7))
    with pytest.raises(ValueError, match="corners looks at 4 channels: only weights for 1 or 3 are an image"):
        nn.plots.weights(network().layers[3])
    with pytest.raises(TypeError, match="has no Dense or Conv2D layer"):
        nn.plots.weights(nn.Sequential([nn.Flatten()]))
    with pytest.raises(TypeError, match="given str 'model'"):
        nn.plots.weights("model")


# Activations.


def test_activations_are_what_flows_when_the_model_predicts():
    model = network()
    edges = nn.Sequential(model.layers[:1]).predict(IMAGE[None])[0]
    corners = nn.Sequential(model.layers[:4]).predict(IMAGE[None])[0]
    shown = pictures(nn.plots.activations(model, IMAGE))
    np.testing.assert_array_equal(shown[0], IMAGE[..., 0])
    for i, image in enumerate(shown[1:5]):
        np.testing.assert_array_equal(image, edges[..., i])
    for i, image in enumerate(shown[5:]):
        np.testing.assert_array_equal(image, corners[..., i])
    assert len(shown) == 1 + 4 + 6


def test_the_model_is_left_as_it_was():
    model = network()
    model.train()
    modes, inside = [m.training for m in model.modules()], [set(vars(m)) for m in model.modules()]
    weights, state = model.get_weights(), str(nn.random_generator().bit_generator.state)
    nn.plots.activations(model, IMAGE)
    with pytest.raises(ValueError):
        nn.plots.activations(model, np.zeros((9, 9, 2, 2)))
    assert [m.training for m in model.modules()] == modes
    assert [set(vars(m)) for m in model.modules()] == inside
    assert str(nn.random_generator().bit_generator.state) == state
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_layers_are_chosen_by_name_or_as_objects_and_each_call_has_a_panel():
    x = nn.Input((8, 8, 3))
    twice = nn.Conv2D(3, 3, padding="same", name="twice")
    y = nn.MaxPooling2D(name="pool")(twice(twice(x)))
    model = nn.Model(x, nn.Dense(2)(nn.Flatten()(y)))
    image = np.random.default_rng(0).random((8, 8, 3)).astype(np.float32)
    figure = nn.plots.activations(model, image[None], names=["no", "yes"])
    assert texts(figure).count("twice") == 2
    once = twice(image[None]).detach().numpy()[0]
    np.testing.assert_allclose(pictures(figure)[1], once[..., 0], rtol=1e-6)
    assert "largest of 2 outputs" in texts(figure)[3]
    pooled = nn.plots.activations(model, image, layers=["pool", twice])
    assert [name for name in texts(pooled) if name in ("pool", "twice")] == ["twice", "twice", "pool"]
    assert len(pictures(nn.plots.activations(model, image, layers="pool"))) == 1 + 3


def test_channels_first_are_shown_as_what_they_are():
    model = nn.Sequential([nn.Conv2D(4, 3, data_format="channels_first", input_shape=(1, 8, 9))])
    image = np.random.default_rng(0).random((1, 8, 9)).astype(np.float32)
    shown = pictures(nn.plots.activations(model, image))
    np.testing.assert_array_equal(shown[0], image[0])
    np.testing.assert_array_equal(shown[1:], model.predict(image[None])[0])


@pytest.mark.parametrize("given", [(36,), (6, 6), (1, 36), (1, 6, 6)])
def test_the_model_may_make_an_image_of_what_it_is_given(given):
    shape = (36,) if given[-1] == 36 else (6, 6)
    model = nn.Sequential([nn.Input(shape), nn.Reshape((6, 6, 1)), nn.Conv2D(2, 3)])
    image = np.arange(36, dtype=np.float32).reshape(given)
    np.testing.assert_array_equal(pictures(nn.plots.activations(model, image))[0], np.arange(36).reshape(6, 6))


def test_of_many_convolutions_five_are_shown_unless_they_are_chosen():
    model = nn.Sequential([nn.Input((6, 6, 1)), *(nn.Conv2D(2, 1) for _ in range(9))])
    figure = nn.plots.activations(model, IMAGE[:6, :6])
    names = ["conv2d", "conv2d_2", "conv2d_4", "conv2d_6", "conv2d_8"]
    assert [text for text in texts(figure) if text.startswith("conv")] == names
    assert len(pictures(nn.plots.activations(model, IMAGE[:6, :6], layers=model.layers))) == 1 + 9 * 2


def test_nan_is_seen():
    model = network()
    model.layers[0].bias.data = [np.nan, 0, 0, 0]
    figure = nn.plots.activations(model, IMAGE)
    assert np.ma.getmaskarray(pictures(figure)[1]).all()
    assert not np.ma.getmaskarray(pictures(figure)[2]).any()
    assert texts(figure)[-1] == "violet: nan or infinite"
    assert not any("violet" in text for text in texts(nn.plots.activations(network(), IMAGE)))
    assert drawn(figure)


def test_wrong_activations_are_told_so():
    model = network()
    with pytest.raises(ValueError, match=r"the model has no layer 'edge'\. There are: edges, "):
        nn.plots.activations(model, IMAGE, layers=["edge"])
    with pytest.raises(ValueError, match=r"results of flatten are no images: .* not \(1, 24\)"):
        nn.plots.activations(model, IMAGE, layers=["flatten"])
    with pytest.raises(ValueError, match=r"given the shape \(2, 8, 8, 1\): write image\[:1\]"):
        nn.plots.activations(model, np.zeros((2, 8, 8, 1)))
    with pytest.raises(ValueError, match="no two-dimensional convolution"):
        nn.plots.activations(nn.Sequential([nn.Dense(2, input_shape=(4,))]), np.zeros(4))
    with pytest.raises(ValueError, match="layers must name at least one layer"):
        nn.plots.activations(model, IMAGE, layers=[])
    with pytest.raises(RuntimeError, match="the model has no weights yet"):
        nn.plots.activations(nn.Sequential([nn.Conv2D(2, 3)]), IMAGE)
    with pytest.raises(TypeError, match="activations are shown of a model, given Conv2D"):
        nn.plots.activations(nn.Conv2D(2, 3), IMAGE)
