"""Ink is brought into MNIST's form, wherever it is on the paper, however large, on whatever paper."""

import numpy as np
import pytest

from strokes import enlarged, strokes_of, thinned

MIDDLES = np.arange(28) + 0.5


def form(ink):
    from digit_parts import mnist_form

    return mnist_form.of_ink(ink)


def found(grey):
    from digit_parts import paper

    return form(paper.find_ink(grey)[0]).image


def alike(a, b):
    """How much two images are alike: 1 for the same up to brightness and contrast."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_what_has_the_form_keeps_it(digits):
    again = np.array([form(image).image for image in digits])
    same = np.abs(again - digits).max((1, 2)) < 1e-6
    assert same.mean() > 0.9  # the others' strokes are on the verge of being too thin or too fat


def test_the_real_mnist_has_this_form(mnist):
    (x, _), _ = mnist
    for image in x[:300] / 255:
        made = form(image)
        if made.scale == 1:  # the strokes are neither too thin nor too fat
            np.testing.assert_allclose(made.image, image, atol=1e-6)
        assert alike(made.image, image) > 0.7


def test_place_and_size_on_the_paper_do_not_matter(digits):
    for i, image in enumerate(digits[:30]):
        large = np.repeat(np.repeat(image, 5, 0), 5, 1)
        paper = np.zeros((400, 300))
        paper[3 * i : 3 * i + 140, 5 * i : 5 * i + 140] = large
        made = form(paper)
        np.testing.assert_allclose(made.image, form(image).image, atol=0.2)
        at = np.array([made.top, made.left]) + made.scale * np.array([14, 14])  # its middle, on the paper
        pixels = made.image.sum(1) @ MIDDLES / made.image.sum(), made.image.sum(0) @ MIDDLES / made.image.sum()
        assert all(14 - 1e-4 <= place < 15 + 1e-4 for place in pixels)  # as in every image of MNIST
        rows, columns = np.indices(paper.shape) + 0.5
        mass = np.array([(rows * paper).sum(), (columns * paper).sum()]) / paper.sum()
        np.testing.assert_allclose(at, mass, atol=made.scale)


def test_it_is_found_on_a_photo(digits, photo):
    likeness = [alike(found(photo(image, i)), image) for i, image in enumerate(digits[:20])]
    assert np.mean(likeness) > 0.9 and min(likeness) > 0.6, (np.mean(likeness), min(likeness))


def test_dust_and_the_edge_of_the_table_are_no_ink(digits):
    for i, image in enumerate(digits[:6]):
        grey = np.full((300, 300), 0.9)
        grey[80:220, 60:200] -= 0.7 * np.repeat(np.repeat(image, 5, 0), 5, 1)
        alone = found(grey)
        grey[20:24, 250:254] = 0.2
        grey[:, 292:] = 0.1
        assert alike(found(grey), alone) > 0.97, i


def test_an_empty_sheet_is_told_from_a_digit():
    rng = np.random.default_rng(0)
    sheet = 0.8 + 0.1 * np.linspace(-1, 1, 200) + rng.normal(0, 0.02, (150, 200))
    for grey in (sheet, np.full((50, 50), 0.5), np.ones((1, 1)), np.zeros((1, 500))):
        with pytest.raises(ValueError, match="nothing stands out from the paper"):
            found(grey)
    with pytest.raises(ValueError, match="there is no ink"):
        form(np.zeros((20, 20)))


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 2), (700, 30)])
def test_ink_of_any_shape_gives_an_image(shape):
    image = form(np.ones(shape)).image
    assert image.shape == (28, 28) and np.isfinite(image).all() and 0 <= image.min() < image.max() <= 1


def test_thin_and_fat_strokes_become_usual(digits):
    from digit_parts import mnist_form

    for image in digits[:10]:
        line = thinned(enlarged(image, 5) > 0.4).astype(float)
        for brush in (0.5, 1.5, 12):
            made = form(mnist_form.thicker(np.pad(line, 20), brush)).image
            assert 1.3 < mnist_form.stroke_width(made) < 4.8
        assert mnist_form.stroke_width(line) < 1.5


def test_strokes_give_the_image_that_they_were_taken_from(digits):
    from digit_parts import mnist_form

    likeness = []
    for image in digits[:20]:
        strokes = strokes_of(image)
        made = mnist_form.of_strokes(strokes, 2.5)
        moved = mnist_form.of_strokes([30 + 12 * stroke for stroke in strokes], 30)
        np.testing.assert_allclose(moved.image, made.image, atol=1e-5)
        np.testing.assert_allclose([moved.left, moved.scale], [30 + 12 * made.left, 12 * made.scale], atol=1e-6)
        likeness.append(alike(made.image, image))
    assert np.mean(likeness) > 0.75


def test_a_dot_stays_small_and_nothing_is_nothing():
    from digit_parts import mnist_form

    dot = mnist_form.of_strokes([np.array([[3.0, 4.0]])], 10).image
    assert dot.sum() < 12 and dot[12:16, 12:16].sum() > 0.9 * dot.sum()
    for strokes in ([], [np.empty((0, 2))]):
        with pytest.raises(ValueError, match="there is no ink"):
            mnist_form.of_strokes(strokes, 10)


def test_any_picture_gives_an_image_or_a_clear_error():
    rng = np.random.default_rng(4)
    told = set()
    for _ in range(80):
        grey = rng.random(rng.integers(1, 9, 2)).round(int(rng.integers(0, 3)))
        try:
            image = found(grey)
        except ValueError as error:
            told.add(str(error))
        else:
            assert image.shape == (28, 28) and np.isfinite(image).all() and 0 < image.max() <= 1
    assert told == {"nothing stands out from the paper"}
