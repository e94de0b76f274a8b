"""The words of each primitive, in one table: what its result is called, what its local derivative is, what to notice.

A primitive without a row gets the words of `OTHER`: the numbers of its story come from its rule, so they are right
without any words.
"""

from collections.abc import Callable
from typing import NamedTuple

from .notices import (
    Facts,
    Place,
    as_read,
    closed,
    equally,
    evenly,
    inside,
    matmul,
    of_crossentropy,
    of_power,
    of_softmax,
    only,
    read_minus_true,
    stretched,
    taken,
    used_by_rows,
)  # fmt: skip

Why = str | Callable[[Facts, Place, Place], str]  # a template, or of the places in the result and in the argument


class Words(NamedTuple):
    """noun: what an unnamed result is called. form: how it is written, with {} for each argument.

    local, for each argument (the last stands for those behind it): what the local derivative is called; nothing where
    it is just a number. why: where that number comes from, in arithmetic. notice: a remark on the arrays handed back to
    an argument; say: on the step, the first time it is told. `*` and `-` are shown as the signs on paper.
    """

    noun: str
    form: str = ""
    local: tuple[str, ...] = ("its local derivative",)
    why: tuple[Why, ...] = ()
    notice: Callable[[Facts, int], str] | None = None
    say: str = ""

    def label(self, i: int) -> str:
        return self.local[min(i, len(self.local) - 1)]

    def reason(self, i: int, facts: Facts, result: Place, argument: Place) -> str:
        """Where the local derivative comes from, in arithmetic; nothing where there is nothing to say."""
        why = self.why[i] if i < len(self.why) else ""
        if callable(why):
            return why(facts, result, argument)
        if not why:
            return ""
        out, *args = facts.at(result)
        return as_read(why).format(*map(inside, args), out=inside(out))


# The table.

_SLOPE = ("its slope",)
_OTHER_FACTOR = ("the other factor",)
_HANDED_ON = "A sum hands on what it is handed."
_STAIRCASE = "A staircase: between its steps nothing changes."
_STEEPEST = "It is steepest in its middle; far out it is flat and hands back little."
OTHER = Words("", "", ("its local derivative",))


def _function(noun: str, why: str, say: str = "", local: tuple[str, ...] = _SLOPE) -> Words:
    return Words(noun, "", local, (why,), None, say)


def _moved(noun: str, say: str = "The same numbers, in other places.") -> Words:
    return Words(noun, "", ("",), (), None, say)


WORDS: dict[str, Words] = {
    # Arithmetic.
    "add": Words("the sum", "{} + {}", ("",), (), stretched, _HANDED_ON),
    "subtract": Words("the difference", "{} - {}", ("",), (), stretched),
    "multiply": Words("the product", "{} * {}", _OTHER_FACTOR, (), stretched),
    "divide": Words("the quotient", "{} / {}", _SLOPE,
                    ("1 / {1}", "-{0} / {1} ** 2"), stretched),
    "power": Words("the power", "{} ** {}", _SLOPE, (of_power, "{out} * log({0})"), stretched),
    "floor_divide": Words("the whole quotient", "{} // {}", _SLOPE, (), stretched, _STAIRCASE),
    "remainder": Words("the remainder", "{} % {}", ("", "its slope"), (), stretched),
    "negative": Words("the opposite", "-{}", ("",)),
    "positive": Words("the copy", "{}", ("",)),
    "abs": Words("the magnitude", "|{}|", ("its sign",)),
    "square": _function("the square", "2 * {0}")._replace(form="{} ** 2"),
    "sqrt": _function("the root", "1 / (2 * {out})"),
    "cbrt": _function("the cube root", "1 / (3 * {out} ** 2)"),
    "reciprocal": _function("the reciprocal", "-{out} ** 2")._replace(form="1 / {}"),
    "hypot": Words("the length", "", _SLOPE, ("{0} / {out}", "{1} / {out}"), stretched),
    # Functions.
    "exp": _function("the exponential", "{out}", "The exponential is its own slope."),
    "exp2": _function("the power of 2", "{out} * log(2)"),
    "expm1": _function("the exponential less 1", "{out} + 1"),
    "log": _function("the logarithm", "1 / {0}"),
    "log2": _function("the logarithm", "1 / ({0} * log(2))"),
    "log10": _function("the logarithm", "1 / ({0} * log(10))"),
    "log1p": _function("the logarithm", "1 / (1 + {0})"),
    "logaddexp": Words("the sum of exponentials", "", ("its share",), ("exp({0} - {out})", "exp({1} - {out})"),
                       stretched),
    "sin": _function("the sine", "cos({0})"),
    "cos": _function("the cosine", "-sin({0})"),
    "tan": _function("the tangent", "1 + {out} ** 2"),
    "arcsin": _function("the angle", "1 / sqrt(1 - {0} ** 2)"),
    "arccos": _function("the angle", "-1 / sqrt(1 - {0} ** 2)"),
    "arctan": _function("the angle", "1 / (1 + {0} ** 2)"),
    "arctan2": Words("the angle", "", _SLOPE,
                     ("{1} / ({0} ** 2 + {1} ** 2)", "-{0} / ({0} ** 2 + {1} ** 2)"), stretched),
    "sinh": _function("the hyperbolic sine", "cosh({0})"),
    "cosh": _function("the hyperbolic cosine", "sinh({0})"),
    "tanh": _function("the tanh", "1 - {out} ** 2", _STEEPEST),
    "arcsinh": _function("the inverse of sinh", "1 / sqrt({0} ** 2 + 1)"),
    "arccosh": _function("the inverse of cosh", "1 / sqrt({0} ** 2 - 1)"),
    "arctanh": _function("the inverse of tanh", "1 / (1 - {0} ** 2)"),
    "sinc": Words("the sinc", "", _SLOPE),
    "sigmoid": _function("the sigmoid", "{out} * (1 - {out})",
                         _STEEPEST),
    "softplus": _function("the softplus", "1 / (1 + exp(-{0}))"),
    "erf": _function("the error function", "2 / sqrt(pi) * exp(-({0}) ** 2)"),
    **{name: Words(f"the {noun}", "", _SLOPE, (), None, _STAIRCASE)
       for name, noun in [("sign", "sign"), ("floor", "floor"), ("ceil", "ceiling"), ("trunc", "whole part"),
                          ("round", "rounded value")]},
    # Choices.
    "relu": Words("the relu", "", ("",), (), closed),
    "where_positive": Words("what passed the gate", "", ("",), (), only("what passed")),
    "where": Words("the choice", "", ("",), (), taken),
    "maximum": Words("the larger", "", ("its share",), (), only("the larger", "the larger")),
    "minimum": Words("the smaller", "", ("its share",), (), only("the smaller", "the smaller")),
    "clip": Words("the clipped value", "", ("",), (), only("what lay between the bounds")),
    "dropout": Words("what was not dropped", "", ("its scale",), (), only("what was kept")),
    # Sums of products.
    "matmul": Words("the product", "{} @ {}", _OTHER_FACTOR, (), matmul),
    "affine": Words("the weighted sum", "{} @ {} + {}", ("its weight", "its input", ""), (), used_by_rows),
    "einsum": Words("the sum of products", "", ("the other factors",)),
    "conv": Words("the convolution", "", ("its weight", "its input", "")),
    "conv_input": Words("the convolution back", "", ("its weight", "its input")),
    "conv_kernel": Words("the correlation", "", _OTHER_FACTOR),
    "scale_shift": Words("the scaled values", "", ("the other factor", "the other factor", "")),
    "dot_product_attention": Words("the attention"),
    "simple_rnn": Words("the states"),
    "gru": Words("the states"),
    "lstm": Words("the states"),
    # Reductions.
    "sum": Words("the sum", "", ("",), (), equally),
    "mean": Words("the mean", "", ("",), (), evenly),
    "max": Words("the largest", "", ("its share",), (), only("the largest")),
    "min": Words("the smallest", "", ("its share",), (), only("the smallest")),
    "prod": Words("the product", "", ("the other factors",)),
    "var": Words("the variance", "", _SLOPE),
    "std": Words("the standard deviation", "", _SLOPE),
    "norm": Words("the length", "", ("its part of the length",)),
    "logsumexp": Words("the sum of exponentials", "", ("its share",)),
    "mean_square": Words("the mean of the squares", "", _SLOPE),
    "moments": Words("the mean and the variance", "", _SLOPE),
    "sum_pool": Words("the sums of windows", "", ("",)),
    "cumsum": Words("the running sums", "", ("",), (), None,
                    "A number is in its own sum and in all behind it; what they hand back is added up."),
    "cumprod": Words("the running products", "", ("the other factors",)),
    "softmax": Words("the softmax", "", _SLOPE, (), None,
                     "What one class gains the others lose: each is handed something."),
    "log_softmax": Words("the log of the softmax", "", _SLOPE),
    "max_pool": Words("the pooled values", "", ("",), (), only("the largest of a window")),
    # Losses.
    "softmax_crossentropy": Words("the cross-entropy", "", ("read minus true",), (of_softmax,), read_minus_true),
    "crossentropy": Words("the cross-entropy", "", _SLOPE, (of_crossentropy,), only("the true class")),
    # The same elements elsewhere.
    **{name: _moved(noun) for name, noun in [
        ("reshape", "the reshaped values"), ("transpose", "the transposed values"), ("flip", "the reversed values"),
        ("roll", "the moved values"), ("concatenate", "the joined values")]},
    "broadcast_to": Words("the repeated values", "", ("",), (), stretched),
    "getitem": Words("what was read", "{}[…]", ("",), (), only("what was read")),
    "take_rows": Words("the rows", "", ("",), (), only("what was looked up")),
    "setitem": Words("the values with some replaced", "", ("",), (), only("what was not replaced")),
    "pad": _moved("the padded values", "The border is a constant; the inside hands on what it is handed."),
    "tril": Words("the lower triangle", "", ("",), (), only("what was kept")),
    "triu": Words("the upper triangle", "", ("",), (), only("what was kept")),
    "cast": _moved("the same values in another dtype", ""),
}  # fmt: skip


def words_of(operation: str) -> Words:
    """The words of a primitive, by its name; an unknown one is called by its name."""
    found = WORDS.get(operation)
    return found or OTHER._replace(noun=f"the {operation.replace('_', ' ')}")
