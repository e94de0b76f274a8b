"""Your own data: what is read of a text or a drawing, and what is said of one that can't be read."""

import time
import tracemalloc

import pytest

from playground_parts import Run, Settings, own_data


@pytest.mark.parametrize(
    "text",
    [
        "1,2,a\n-3,4.5,b\n5,-6,a\n0,0,b\n",
        "x,y,label\n1,2,a\n-3,4.5,b\n5,-6,a\n0,0,b",
        "\ufeffx;y;label\r\n1;2;a\r\n\r\n-3;4,5;b\r\n5;-6;a\r\n0;0;b\r\n",
        "x\ty\tlabel\n1\t2\ta\n-3\t4.5\tb\n5\t-6\ta\n0\t0\tb\n",
        "  1 2   a\n-3 4.5 b\n5 -6 a\n\n0 0 b\n",
        '"1", 2, "a"\n-3, 4.5, b\n5, -6, a\n0, 0, b\n',
    ],
)
def test_a_text_is_read_in_all_usual_forms(text):
    data = own_data(text)
    assert data.rows == ((1, 2, 0), (-3, 4.5, 1), (5, -6, 0), (0, 0, 1))
    assert data.class_names == ("a", "b")


def test_columns_are_chosen_by_name_or_number():
    text = "id,kind,long,wide\n7,a,1,2\n8,b,-3,4\n9,a,3,-4\n6,b,0,0\n"
    by_name = own_data(text, x1="long", x2="wide", target="kind")
    assert by_name == own_data(text, x1=2, x2=3, target=1)
    assert by_name.rows == ((1, 2, 0), (-3, 4, 1), (3, -4, 0), (0, 0, 1))
    assert [axis.name for axis in by_name.axes] == ["long", "wide", "kind"]
    assert own_data(text, target="kind").axes[0].name == "id"


def test_what_does_not_fill_the_plane_is_scaled_and_the_axes_lead_back():
    text = "1000,0.1,a\n2000,0.2,b\n3000,0.3,a\n1500,0.15,b\n"
    data = own_data(text)
    assert [row[0] for row in data.rows] == [-5, 0, 5, -2.5]
    for i, values in enumerate(([1000, 2000, 3000, 1500], [0.1, 0.2, 0.3, 0.15])):
        low, high = data.axes[i][1:]
        back = [low + (row[i] + 1) / 2 * (high - low) for row in data.rows]
        assert back == pytest.approx(values, rel=1e-9)


def test_values_of_regression_are_scaled_to_one_and_class_numbers_are_sorted_by_size():
    data = own_data("1,2,100\n-3,4,300\n5,-6,200\n0,0,150\n", "regression")
    assert [row[2] for row in data.rows] == [-1, 1, 0, -0.5]
    assert data.axes[2][1:] == (100, 300) and data.class_names == ()
    assert own_data("1,2,10\n-3,4,9\n5,-6,10\n0,0,9\n").class_names == ("9", "10")


def test_points_that_were_drawn_stay_where_they_are():
    data = own_data([[0.1, 0.2, 1], [0.12, 0.25, 0], [0.1, 0.3, "1"], [0, -0.0, 0]])
    assert data.rows == ((0.1, 0.2, 1), (0.12, 0.25, 0), (0.1, 0.3, 1), (0, 0, 0))
    assert str(data.rows[3][1]) == "0.0"
    with pytest.raises(ValueError, match=r"x1 must be a number from -6 to 6, given 6\.5"):
        own_data([[6.5, 0.2, 1], [0.12, 0.25, 0], [0.1, 0.3, 1], [0, 0, 0]])


def test_a_network_learns_ones_own_three_classes():
    centers = {"red": (-3, -3), "green": (3, -2), "blue": (0, 4)}
    rows = [[x + 0.1 * i, y - 0.07 * i, name] for i in range(10) for name, (x, y) in centers.items()]
    data = own_data(rows)
    assert data.class_names == ("blue", "green", "red")
    run = Run(Settings(dataset="own", own=data, loss="cross-entropy", optimizer="adam", learning_rate=0.05))
    assert run.names[-1] == ["blue", "green", "red"] and run.sizes == [2, 4, 2, 3]
    run.step("epoch", 60)
    assert run.accuracy() == (1, 1)
    maps = run.maps(25)
    assert maps[-3:].sum(axis=0).ravel() == pytest.approx(1, abs=1e-5)
    at = {name: (round((6 - y) * 2), round((x + 6) * 2)) for name, (x, y) in centers.items()}
    assert [maps[-3:, i, j].argmax() for i, j in at.values()] == [2, 1, 0]


BAD = {
    "": "the text has no line with values",
    " \n\n,,\n": "the text has no line with values",
    "a,b,c": "there is no point, only a line of names",
    "1,2\n3,4": "the text must have 3 to 100 columns (x1, x2 and a class or value), its first line has 2",
    ",".join("1" * 101): "its first line has 101",
    "1,2,a\n3,4": "line 2 has 2 values, the first line has 3",
    "x,y,c\n1,2,a\n1,z,a": "line 3: 'y' must be a number, given 'z'",
    "1,2,a\n1,inf,a": "line 2: 'column 1' must be a number, given 'inf'",
    "1,2,a\n1e16,2,a": "line 2: 'column 0' must be a number from -1e+15 to 1e+15, given '1e16'",
    "nan,2,a\n1,2,b": "none is left for x1 and x2",
    "1,2,a\n" * 4: "there must be at least 2 classes, all points have 'a'",
    "1,2,a\n1,2,b\n1,2,a": "own data must have 4 to 5,000 points, given 3",
    "1,2,a\n" * 5002: "own data may have 5,000 points, given more",
    "\n".join(f"1,2,{i}" for i in range(9)): "there may be 6 classes, line 7 has one more, '6': for values choose",
    "1,2,a\n1,2,": "line 2 has no class",
    '"' + "a" * 200_000 + '",1,2': "line 1 can't be read as CSV: field larger than field limit",
    "x" * 1_000_001: "the text may have 1,000,000 characters, given 1,000,001",
    "\0,\0,\0\n1,2,3": "there must be at least 2 classes",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: repr(text[:20]))
def test_what_cant_be_read_is_said_with_its_line(text):
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises(ValueError) as caught:
        own_data(text)
    seconds, peak = time.perf_counter() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert BAD[text] in str(caught.value)
    assert len(str(caught.value)) < 300
    assert seconds < 5 and peak < 30e6


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (5, "own data is a text or a list of points, given 5"),
        ([[1, 2]], "point 1 must be a list [x1, x2, class or value], given a list"),
        ([[1, 2, "a"], "x"], "point 2 must be a list [x1, x2, class or value], given 'x'"),
        ([[1, 2, None]], "point 1 must be made of numbers and texts, given None"),
        ([[10**400, 2, "a"]] * 4, "two columns of numbers"),
        ([[1, 2, "a"], [1, "two", "b"]], "'X2' must be a number, given 'two'"),
        ([[1, 2, "a"]] * 5001, "own data may have 5,000 points, given more"),
        ([], "there is no point"),
    ],
)
def test_what_was_drawn_is_checked_too(source, words):
    with pytest.raises(ValueError) as caught:
        own_data(source)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"x1": "z"}, "a column is a number from 0 to 2 or a name ('x', 'y', 'c'), given 'z'"),
        ({"x2": 3}, "given 3"),
        ({"x1": "x", "x2": 0}, "three different columns"),
        ({"target": [1]}, "given a list"),
    ],
)
def test_columns_that_are_not_there(chosen, words):
    with pytest.raises(ValueError) as caught:
        own_data("x,y,c\n1,2,a\n3,4,b\n", **chosen)
    assert words in str(caught.value)


def test_names_are_cut_and_cleaned():
    data = own_data([[1, 2, "a" * 500], [1, 2, "b\nc\u202e"], [1, 2, "b\nc\u202e"], [1, 2, "a" * 500]])
    assert data.class_names == ("a" * 39 + "…", "b c")
