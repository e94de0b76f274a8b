"""Where batches come from: arrays, functions, Sequences, iterators, all in one interface."""

import itertools

import numpy as np
import pytest

import nn
import tinygrad_lite as tg
from nn.batch_form import Form
from nn.batches import as_source
from nn.data import batches

X = np.arange(10.0)[:, None]
Y = np.arange(10)


def ys(epoch):
    """The targets of each batch: which samples they are."""
    return [y.tolist() for _, y, _ in epoch]


def pairs(size=3, x=X, y=Y):
    """A generator of batches."""
    for start in range(0, len(x), size):
        yield x[start : start + size], y[start : start + size]


class Sequence:
    """As Keras's PyDataset."""

    def __init__(self, size=3):
        self.given = list(pairs(size))
        self.ended = 0

    def __len__(self):
        return len(self.given)

    def __getitem__(self, index):
        return self.given[index]

    def on_epoch_end(self):
        self.ended += 1


class Loader:
    """As PyTorch's DataLoader: iterable again and again, its batches are lists."""

    def __len__(self):
        return 4

    def __iter__(self):
        return map(list, pairs())


def test_arrays_in_order():
    source = as_source(X, Y, batch_size=4)
    assert source.steps == 3
    for number in range(2):
        assert ys(source.epoch(number)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    x, y, sample_weight = next(source.epoch(0))
    assert x.tolist() == [[0], [1], [2], [3]] and sample_weight is None and np.shares_memory(y, Y)
    assert as_source(X, Y).steps == 1 and as_source(X, Y, usual_batch_size=5).steps == 2


def test_each_epoch_of_shuffled_arrays_draws_one_permutation():
    nn.set_random_seed(3)
    orders = [nn.random_generator().permutation(10) for _ in range(2)]
    nn.set_random_seed(3)
    source = as_source(X, Y, np.arange(10) * 2.0, batch_size=4, shuffle=True)
    epochs = [source.epoch(number) for number in range(2)]  # drawn as each begins, not with its first batch
    for order, given in [*zip(orders, epochs, strict=True)][::-1]:
        for (x, y, weight), part in zip(given, batches(10, 4, order), strict=True):
            assert (x[:, 0] == part).all() and (y == part).all() and (weight == part * 2).all()


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("steps", [None, 2, 7])
@pytest.mark.parametrize("start", [0, 1, 2, 7])
def test_an_epoch_of_arrays_from_a_later_batch(shuffle, steps, start):
    source = as_source(X, Y, batch_size=4, shuffle=shuffle, steps_per_epoch=steps)
    nn.set_random_seed(1)
    whole = ys(source.epoch(1))
    assert len(whole) == (steps or 3)
    nn.set_random_seed(1)
    assert ys(source.epoch(1, start)) == whole[start:]


def test_steps_per_epoch_of_arrays_go_on_where_the_last_epoch_ended():
    source = as_source(X, Y, batch_size=4, steps_per_epoch=2)
    assert [ys(source.epoch(e)) for e in range(2)] == [[[0, 1, 2, 3], [4, 5, 6, 7]], [[8, 9], [0, 1, 2, 3]]]
    shuffled = as_source(X, Y, batch_size=4, steps_per_epoch=6, shuffle=True)
    seen = [*itertools.chain(*ys(shuffled.epoch(0)))]
    assert sorted(seen[:10]) == sorted(seen[10:]) == [*range(10)] and seen[:10] != seen[10:]


def test_arrays_in_lists_and_dicts_by_name():
    form = Form(lambda x: ["a", "b"], ["c", "d"])
    source = as_source({"b": X + 1, "a": X}, [Y, Y * 2], {"d": X[:, 0], "c": Y}, 4, form=form)
    (a, b), (c, d), (wc, wd) = list(source.epoch(0))[-1]
    assert a.tolist() == [[8], [9]] and b.tolist() == [[9], [10]] and d.tolist() == [16, 18]
    assert wc.tolist() == c.tolist() == wd.tolist() == [8, 9]
    one_for_all = as_source([X, X], [Y, Y], X[:, 0], 4, form=form)
    assert list(one_for_all.epoch(0))[-1][2].tolist() == [8, 9]
    with pytest.raises(ValueError, match="sample_weight needs c, d, given d"):
        as_source([X, X], [Y, Y], {"d": X[:, 0]}, form=form)


@pytest.mark.parametrize("x", [range(10), memoryview(X), X.tolist(), tg.tensor(X), np.array(X.tolist())])
def test_what_holds_numbers_is_an_array(x):
    assert as_source(x, Y, batch_size=5).steps == 2


EACH_TIME = {"function": lambda: pairs, "Sequence": Sequence, "Loader": Loader, "bound": lambda: Loader().__iter__}


@pytest.mark.parametrize("kind", EACH_TIME)
def test_what_gives_batches_again_and_again(kind):
    source = as_source(EACH_TIME[kind]())
    assert source.steps == (4 if kind in ("Sequence", "Loader") else None)
    whole = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]
    assert [ys(source.epoch(e)) for e in range(3)] == [whole] * 3
    assert [ys(source.epoch(1, start)) for start in range(5)] == [whole[start:] for start in range(5)]
    x, _, sample_weight = next(source.epoch(5))
    assert x.tolist() == [[0], [1], [2]] and sample_weight is None


@pytest.mark.parametrize("kind", EACH_TIME)
@pytest.mark.parametrize("steps", [1, 3, 4, 9])
def test_with_steps_per_epoch_the_passes_are_one_stream(kind, steps):
    source = as_source(EACH_TIME[kind](), steps_per_epoch=steps)
    assert source.steps == steps
    whole = list(itertools.islice(itertools.cycle([[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]), 4 * steps))
    for epoch in (0, 1, 2, 1, 3):  # in any order
        assert ys(source.epoch(epoch)) == whole[epoch * steps : (epoch + 1) * steps]
    assert ys(source.epoch(2, start=1)) == whole[2 * steps + 1 : 3 * steps]
    assert ys(source.epoch(2, start=steps + 1)) == []
    next(source.epoch(0))
    source.close()
    assert ys(source.epoch(3)) == whole[3 * steps :]


def test_a_stream_goes_on_without_going_through_what_is_past():
    asked = []

    def function():
        for i in itertools.count():
            asked.append(i)
            yield X, Y + i

    source = as_source(function, steps_per_epoch=3)
    assert [ys(source.epoch(e)) for e in range(3)] == [[(Y + i).tolist() for i in range(e, e + 3)] for e in (0, 3, 6)]
    assert asked == list(range(9))


def test_a_sequence_is_told_the_end_of_each_pass_and_shuffled_as_batches():
    given = Sequence()
    nn.set_random_seed(0)
    order = nn.random_generator().permutation(4)
    nn.set_random_seed(0)
    source = as_source(given, shuffle=True)
    assert ys(source.epoch(0)) == [given[i][1].tolist() for i in order]
    assert given.ended == 1
    assert ys(source.epoch(1)) != [given[i][1].tolist() for i in order]
    assert given.ended == 2


def test_an_iterator_is_cut_into_epochs():
    source = as_source(pairs(1), steps_per_epoch=3, epochs=3)
    assert [ys(source.epoch(e)) for e in (0, 1)] == [[[0], [1], [2]], [[3], [4], [5]]]
    assert ys(source.epoch(2, start=2)) == [[8]]
    given = source.epoch(3)
    assert next(given)[1].tolist() == [9]
    with pytest.raises(ValueError, match=r"ended after 10 batches, before batch 1 of epoch 3. Give the function that"):
        next(given)
    with pytest.raises(ValueError, match=r"epoch 4 has no batches: the iterator has ended"):
        source.epoch(4)


def test_an_iterator_that_ends_is_one_epoch():
    source = as_source(pairs(5))
    assert source.steps is None
    assert ys(source.epoch(0)) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    with pytest.raises(ValueError, match=r"has ended\. Give the function that makes it, function, not"):
        source.epoch(1)
    with pytest.raises(ValueError, match="can't be gone through 2 times: say how many of its batches are an epoch"):
        as_source(pairs(), epochs=2)
    with pytest.raises(ValueError, match="ended after 0 batches"):
        list(as_source(iter([])).epoch(0))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: as_source(X, Y[:-1]), ValueError, "x has 10 samples, y has 9"),
        (lambda: as_source(X), ValueError, "y is missing"),
        (lambda: as_source(X, Y, Y[:4]), ValueError, "x has 10 samples, sample_weight has 4"),
        (lambda: as_source(X, Y, ["a"] * 10), TypeError, "sample_weight must be an array of numbers"),
        (lambda: as_source(X, Y, batch_size=0), ValueError, "batch_size must be a whole number of at least 1"),
        (lambda: as_source(X, Y, steps_per_epoch=0), ValueError, "steps_per_epoch must be a whole number"),
        (lambda: as_source(pairs, Y), ValueError, "y is given beside x, but x is a function"),
        (lambda: as_source(Sequence(), None, Y), ValueError, "sample_weight is given beside x, but x is a Sequence"),
        (lambda: as_source(pairs(), Y), ValueError, "y is given beside x, but x is a generator"),
        (lambda: as_source(pairs(), batch_size=3), ValueError, "batch_size=3 is given, but x is a generator"),
        (lambda: as_source(None, Y), TypeError, "x must be an array of numbers, given NoneType"),
        (lambda: as_source("text", Y), TypeError, "x must be an array of numbers, given str"),
        (lambda: as_source(3, Y), ValueError, "at least one sample along its first axis"),
        (lambda: as_source(lambda: 3).epoch(0), TypeError, "must give an iterator of batches, gave int"),
    ],
)
def test_what_does_not_go_together_is_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("batch", "error", "words"),
    [
        ((X, Y[:3]), ValueError, "x of batch 1 has 10 samples, y of batch 1 has 3"),
        ((X,), ValueError, r"batch 1 has no y: it must be a tuple \(x, y\)"),
        (X, ValueError, "batch 1 has no y"),
        ((X, Y, Y, Y), ValueError, r"batch 1 has 4 parts, but .*: several inputs or outputs are a list or dict in"),
        ((), ValueError, "batch 1 has 0 parts"),
        ((X, Y, Y[:3]), ValueError, "x of batch 1 has 10 samples, sample_weight of batch 1 has 3"),
        ((X, ["a"] * 10), TypeError, "y of batch 1 must be an array of numbers"),
        ((X[:0], Y[:0]), ValueError, "x of batch 1 must have at least one sample"),
        ((X[0, 0], Y[0]), ValueError, "x of batch 1 must have at least one sample along its first axis"),
    ],
)
@pytest.mark.parametrize("make", [lambda given: iter(given), lambda given: lambda: given])
def test_a_wrong_batch_is_named(batch, error, words, make):
    epoch = as_source(make([(X, Y), batch])).epoch(0)
    next(epoch)
    with pytest.raises(error, match=words):
        next(epoch)


@pytest.mark.parametrize("make", [lambda: pairs, pairs])
def test_a_wrong_batch_of_an_epoch_that_begins_later_has_its_own_number(make):
    given = itertools.chain(pairs(), [(X, None)]) if make is pairs else lambda: [*pairs(), (X, None)]
    with pytest.raises(ValueError, match="batch 4 has no y"):
        list(as_source(given).epoch(0, start=2))


def test_what_gives_no_batches_is_told():
    for options in ({}, {"steps_per_epoch": 2}):
        with pytest.raises(ValueError, match="there are no batches"):
            list(as_source(list, **options).epoch(0))


def test_without_targets_x_alone_is_a_batch():
    form = Form(targets=False)
    assert [x.tolist() for x, y, w in as_source(lambda: [X, (X,), [X, Y]], form=form).epoch(0)] == [X.tolist()] * 3
    assert [y for _, y, _ in as_source(X, form=form, batch_size=5).epoch(0)] == [None, None]


def test_class_weights():
    y = np.array([0, 1, 2, 1])
    for given in (y, y[:, None], nn.one_hot(y, 3), y.astype(np.float32)):
        form = Form(class_weight={0: 0.5, 1: 3})
        for source in (as_source(X[:4], given, form=form), as_source(lambda given=given: [(X[:4], given)], form=form)):
            ((_, _, weights),) = source.epoch(0)
            assert weights.tolist() == [0.5, 3, 1, 3] and weights.dtype == np.float32
    with_steps = as_source(X[:4], y, np.arange(8.0).reshape(4, 2), form=Form(class_weight={1: 2}))
    assert next(with_steps.epoch(0))[2].tolist() == [[0, 1], [4, 6], [4, 5], [12, 14]]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Form(class_weight=[1, 2]), TypeError, r"class_weight must be a dict such as \{0: 1.0, 1: 5.0\}"),
        (lambda: Form(class_weight={"a": 2}), TypeError, "a class of class_weight must be a whole number"),
        (lambda: Form(class_weight={-1: 2}), ValueError, "a class of class_weight must be .* given -1"),
        (lambda: Form(class_weight={0: -2}), ValueError, "class_weight of class 0 must be a number, at least 0"),
        (lambda: Form(output_names=["a", "b"], class_weight={0: 2}), ValueError, "for a model with one output"),
        (
            lambda: list(as_source(X, Y + 0.5, form=Form(class_weight={0: 2})).epoch(0)),
            ValueError,
            "y has 0.5, which is no class number",
        ),
    ],
)
def test_what_are_no_class_weights_is_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()
