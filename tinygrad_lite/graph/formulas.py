"""What an operation computes and what it hands back, as formulas that a reader knows: `a × b`, and `g × b` to a.

`g` is the operation's own sensitivity. An operation without a row here, somebody's own, is written as a function.
"""

from .structure import Edge, Graph, Item
from .summary import MINUS, SIGNS, TIMES, figure
from .text import shown

# The formula, then what is handed back to each argument: {0}, {1} are the arguments, {out} is the result.
_ROWS: dict[str, tuple[str, ...]] = {
    "add": ("{0} + {1}", "g", "g"),
    "subtract": ("{0} − {1}", "g", "−g"),
    "multiply": ("{0} × {1}", "g × {1}", "g × {0}"),
    "divide": ("{0} / {1}", "g / {1}", "−g × {0} / {1}²"),
    "power": ("{0} ** {1}", "g × {1} × {0} ** ({1} − 1)", "g × {out} × log({0})"),
    "negative": ("−{0}", "−g"),
    "positive": ("{0}", "g"),
    "abs": ("|{0}|", "g × sign({0})"),
    "square": ("{0}²", "g × 2 × {0}"),
    "sqrt": ("√{0}", "g / (2 × {out})"),
    "cbrt": ("∛{0}", "g / (3 × {out}²)"),
    "reciprocal": ("1 / {0}", "−g × {out}²"),
    "exp": ("exp({0})", "g × {out}"),
    "expm1": ("exp({0}) − 1", "g × ({out} + 1)"),
    "log": ("log({0})", "g / {0}"),
    "log1p": ("log(1 + {0})", "g / (1 + {0})"),
    "sin": ("sin({0})", "g × cos({0})"),
    "cos": ("cos({0})", "−g × sin({0})"),
    "tan": ("tan({0})", "g × (1 + {out}²)"),
    "arctan": ("arctan({0})", "g / (1 + {0}²)"),
    "sinh": ("sinh({0})", "g × cosh({0})"),
    "cosh": ("cosh({0})", "g × sinh({0})"),
    "tanh": ("tanh({0})", "g × (1 − {out}²)"),
    "hypot": ("√({0}² + {1}²)", "g × {0} / {out}", "g × {1} / {out}"),
    "logaddexp": ("log(exp({0}) + exp({1}))", "g × exp({0} − {out})", "g × exp({1} − {out})"),
    "maximum": ("the larger of {0}, {1}", "g where {0} is larger", "g where {1} is larger"),
    "minimum": ("the smaller of {0}, {1}", "g where {0} is smaller", "g where {1} is smaller"),
    "where": ("{1} where {0}, else {2}", "nothing", "g where {0}, else 0", "0 where {0}, else g"),
    "sum": ("Σ {0}", "g, to each of its numbers"),
    "mean": ("Σ {0} / n", "g / n, to each of its n numbers"),
    "prod": ("Π {0}", "g × {out} / {0}"),
    "max": ("the largest of {0}", "g, to the largest"),
    "min": ("the smallest of {0}", "g, to the smallest"),
    "var": ("Σ ({0} − mean)² / n", "g × 2 × ({0} − mean) / n"),
    "std": ("√(Σ ({0} − mean)² / n)", "g × ({0} − mean) / (n × {out})"),
    "norm": ("√(Σ {0}²)", "g × {0} / {out}"),
    "logsumexp": ("log(Σ exp({0}))", "g × exp({0} − {out})"),
    "reshape": ("{0} in a new shape", "g, in the old shape"),
    "transpose": ("{0} with its axes turned", "g, with its axes turned back"),
    "broadcast_to": ("{0}, repeated", "g, summed over what was repeated"),
    "cast": ("{0} as another dtype", "g, as the old dtype"),
    "getitem": ("a part of {0}", "g at this part, 0 elsewhere"),
    "take_rows": ("rows of {0}", "g, added up at these rows"),
    "pad": ("{0} with a border", "g without its border"),
    "matmul": ("{0} @ {1}", "g @ {1}ᵀ", "{0}ᵀ @ g"),
    "affine": ("{0} @ {1} + {2}", "g @ {1}ᵀ", "{0}ᵀ @ g", "g, summed over the batch"),
    "conv": (
        "{0} ∗ {1} + {2}",
        "g, spread by {1} over the windows it saw",
        "the windows of {0}, weighed by g",
        "g, summed over all places",
    ),
    "max_pool": ("the largest of each window of {0}", "g, to the largest of each window"),
    "sum_pool": ("Σ each window of {0}", "g, to each place of a window"),
    "relu": ("max(0, {0})", "g where {0} > 0, else 0"),
    "sigmoid": ("1 / (1 + exp(−{0}))", "g × {out} × (1 − {out})"),
    "softplus": ("log(1 + exp({0}))", "g × sigmoid({0})"),
    "erf": ("erf({0})", "g × 2 / √π × exp(−{0}²)"),
    "softmax": ("exp({0}) / Σ exp({0})", "{out} × (g − Σ g × {out})"),
    "log_softmax": ("{0} − log(Σ exp({0}))", "g − softmax({0}) × Σ g"),
    "dropout": ("{0} × {1}", "g × {1}", "nothing"),
    "crossentropy": ("mean of −Σ {1} × log({0})", "−g × {1} / {0} / n", "nothing"),
    "softmax_crossentropy": (
        "mean of −Σ {1} × log(softmax({0}))",
        "g × (softmax({0}) − {1}) / n",
        "nothing",
    ),
}
_SHORTER = {  # without the last argument
    "affine": ("{0} @ {1}", "g @ {1}ᵀ", "{0}ᵀ @ g"),
    "conv": ("{0} ∗ {1}", *_ROWS["conv"][1:3]),
    "dropout": ("{0}, some of it set to 0", "g where {0} was kept, else 0"),
}


class Formula:
    """The formula of one operation of a graph; `edges` are those that lead into it, in the order of its arguments."""

    def __init__(self, graph: Graph, item: Item, edges: list[Edge]) -> None:
        self.item = item
        self.places: list[int | None] = []  # of each argument: its edge, None for a plain number
        names, numbers, shapes = [], [], []
        sources = [graph.items[edge.source] for edge in edges]
        for word in _arguments(item, len(edges)):
            if word == "·":
                place = sum(x is not None for x in self.places)
                self.places.append(place)
                names.append(called(sources[place]))
                numbers.append(_number(sources[place]))
                shapes.append(_shape(sources[place]))
            else:
                self.places.append(None)
                names.append(word)
                numbers.append(word)
                shapes.append(word)
        self.names, self._numbers, self._shapes = names, numbers, shapes
        row = _ROWS.get(item.operation, ())
        if len(row) - 1 != len(names):
            row = _SHORTER.get(item.operation, ())
        self.row = row if len(row) - 1 == len(names) else ()

    def _filled(self, template: str, arguments: list[str]) -> str:
        return template.format(*arguments, out="its value")

    def _written(self, arguments: list[str]) -> str:
        if self.row:
            return self._filled(self.row[0], arguments)
        return f"{shown(self.item.operation)}({', '.join(arguments)})"

    @property
    def words(self) -> str:
        """`weight × x`."""
        return self._written(self.names)

    @property
    def shapes(self) -> str:
        """`(128 × 784) @ (784 × 512) → (128 × 512)`, or nothing where all are single numbers."""
        if not self.item.shape and not any("(" in shape for shape in self._shapes):
            return ""
        return f"{self._written(self._shapes)} → {_shape(self.item)}"

    @property
    def numbers(self) -> str:
        """`0.5 × 2 = 1`, or nothing where arrays take part."""
        if "" in self._numbers or not self.names or not (result := _number(self.item)):
            return ""
        bracketed = [f"({x})" if x.startswith(MINUS) and len(self.names) > 1 else x for x in self._numbers]
        return f"{self._written(bracketed)} = {result}"

    @property
    def handed_back(self) -> list[str]:
        """For each edge, the rule of what is handed back there: `g × weight`; nothing where it isn't known."""
        if not self.row:
            return [""] * sum(place is not None for place in self.places)
        rules = zip(self.row[1:], self.places, strict=True)
        return [self._filled(rule, self.names) for rule, place in rules if place is not None]


def called(item: Item) -> str:
    """What an item is called in a formula."""
    return shown(item.name or item.operation or item.kind, 30) or "?"


def local_derivative(item: Item, edge: Edge) -> str:
    """How much the result of an operation moves with one argument, if both are single numbers."""
    if item.shape or not item.sensitivity or edge.handed is None or not item.gradient:
        return ""
    own = -item.sensitivity if item.gradient.text.startswith(MINUS) else item.sensitivity
    return figure(edge.handed / own, 3)


def _arguments(item: Item, edges: int) -> list[str]:
    """The arguments of an operation: `·` for each edge, plain numbers as its note says them."""
    sign = SIGNS.get(item.operation, "\0")
    if sign in item.note:
        words = item.note.split(", ")[0].split(sign)
    elif item.note.startswith("("):
        words = item.note[1 : item.note.index(")")].split(", ") if ")" in item.note else []
    else:
        words = []
    return words + ["·"] * (edges - words.count("·"))


def _number(item: Item) -> str:
    return item.value.text if item.value and not item.shape else ""


def _shape(item: Item) -> str:
    return f"({f' {TIMES} '.join(map(str, item.shape))})" if item.shape else "scalar"
