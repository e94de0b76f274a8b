"""The closed formula of a derivative, in the forms in which it is read: SymPy's expression, text, LaTeX, MathML."""

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

HOW_TO = "the closed formula needs SymPy: pip install 'tinygrad_lite[formulas]'"


class NoFormula(ValueError):
    """There is no closed formula that could be read; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Formula:
    """The derivative of one number by another, as SymPy's expression and in forms to be read.

    symbols: by the name that the Tensor has (with its index, as in `w[0, 1]`), the symbol that stands for it.
    point: the values that the symbols had. Numbers that have no name stand in the formula as they are.
    """

    of: str
    by: str
    value: Any  # the result itself, in symbols
    derivative: Any
    symbols: dict[str, Any]
    point: dict[Any, float]
    short: Any  # the derivative to be read: with names for what occurs more than once, and numbers of few digits
    where: tuple[tuple[Any, Any], ...]  # what these names stand for
    notes: tuple[str, ...]

    def evaluate(self, values: Mapping[str, float] | None = None) -> float:
        """The derivative at the point where it was recorded, or with other values for some of the names."""
        at = dict(self.point)
        for name, number in (values or {}).items():
            if name not in self.symbols:
                raise ValueError(f"the formula has no {name!r}, it has {', '.join(map(repr, self.symbols))}")
            at[self.symbols[name]] = float(number)
        numbers = {s: kit().sympy.Float(v, 17) for s, v in at.items()}
        return float(kit().plain(self.derivative.subs(numbers)).evalf(17))

    def _as_read(self, expression: Any) -> Any:
        """The same with symbols whose names SymPy writes as people do: words apart, the index below the line."""
        sympy, names = kit().sympy, {}
        for label, symbol in self.symbols.items():
            name, index = _parts(label)
            names[symbol] = sympy.Symbol(name.replace("_", " ") + (f"_{index}" if index else ""))
        with sympy.evaluate(False):  # it stays as it was factored
            return expression.xreplace(names)

    @property
    def text(self) -> str:
        """In one line for each equation, as Python would write it."""
        sstr = kit().sympy.sstr
        by = self.symbols[self.by].name
        lines = [f"{self.of} = {sstr(self.value)}", f"d {self.of} / d {by} = {sstr(self.short)}"]
        lines += [f"where {sstr(name)} = {sstr(x)}" for name, x in self.where]
        return "\n".join([*lines, *self.notes])

    def pretty(self, width: int = 76) -> str:
        """As it is written on paper, in characters; in one line each, where that would be too wide or too high."""
        sympy, lines = kit().sympy, []
        by = self.symbols[self.by]
        drawn_by = sympy.pretty(self._as_read(by), use_unicode=True)
        rows = [(f"d {self.of} / d {drawn_by}", f"d {self.of} / d {by.name}", self.short)]
        rows += [(n.name, n.name, x) for n, x in self.where]
        for i, (name, plain, x) in enumerate(rows):
            equation = sympy.Eq(sympy.Symbol(name), self._as_read(x), evaluate=False)
            drawn = sympy.pretty(equation, use_unicode=True, wrap_line=False)
            block = [line.rstrip() for line in drawn.splitlines()]
            if max(map(len, block)) > width or len(block) > 9:
                block = textwrap.wrap(f"{plain} = {sympy.sstr(x)}", width, subsequent_indent="    ")
            lines += ([""] if i and len(block) > 1 else []) + block
        return "\n".join([*lines, *[x for note in self.notes for x in textwrap.wrap(note, width)]])

    @property
    def latex(self) -> str:
        """As LaTeX, one equation a line; the derivative first."""
        sympy = kit().sympy
        names = {symbol: _upright(*_parts(label)) for label, symbol in self.symbols.items()}
        print_ = lambda x: sympy.latex(x, symbol_names=names, mul_symbol=r" \cdot ")
        left = rf"\frac{{\partial\, {_upright(inert(self.of))}}}{{\partial\, {print_(self.symbols[self.by])}}}"
        return " \\\\\n".join(
            [f"{left} = {print_(self.short)}", *[f"{print_(n)} = {print_(x)}" for n, x in self.where]]
        )

    def __str__(self) -> str:
        return self.text

    def _repr_latex_(self) -> str:
        """What a notebook shows."""
        return "$$\n\\begin{gathered}\n" + self.latex + "\n\\end{gathered}\n$$"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython shows in a terminal."""
        printer.text(self.pretty())

    @property
    def mathml(self) -> str:
        """As MathML, which browsers show without any library."""

        def mathml(x: Any) -> str:
            return kit().mathml(self._as_read(x))

        left = _fraction(inert(self.of).replace("_", " "), mathml(self.symbols[self.by]))
        rows = [(left, mathml(self.short)), *[(mathml(n), mathml(x)) for n, x in self.where]]
        return "".join([f'<math display="block"><mrow>{a}<mo>=</mo>{b}</mrow></math>' for a, b in rows])


def _parts(label: str) -> tuple[str, str]:
    """The name of a Tensor as a symbol, and which of its numbers is meant: ("w", "01") of `w[0, 1]`."""
    name, index, primes = re.fullmatch(r"(.*?)(?:\[(\d+(?:, \d+)*)\])?('*)", label, re.DOTALL).groups()  # type: ignore[union-attr]
    places = (index or "").split(", ")
    return inert(name) + primes, ("" if max(map(len, places)) < 2 else ",").join(places)


def _upright(name: str, index: str = "") -> str:
    name = name if len(name) == 1 else rf"\mathrm{{{name}}}".replace("_", r"\_")
    return name + (f"_{{{index}}}" if index else "")


def _fraction(of: str, by: str) -> str:
    return f"<mfrac><mrow><mo>∂</mo><mi>{of}</mi></mrow><mrow><mo>∂</mo>{by}</mrow></mfrac>"


def inert(name: str) -> str:
    """A name as a symbol: letters, digits and _, nothing else."""
    kept = re.sub(r"[\W_]+", "_", name).strip("_")[:24].rstrip("_")
    return kept if kept and not kept[0].isdigit() else f"x_{kept}".rstrip("_")


def _browsers(mathml: str) -> str:
    """SymPy's MathML as readers of words like it: a dot between names of several letters, a Greek sigma."""
    mathml = mathml.replace("<mo>-</mo>", "<mo>&#8722;</mo>").replace("<mn>-", "<mn>&#8722;")
    return mathml.replace("&InvisibleTimes;", "&#8901;").replace("<mi>sigma</mi>", "<mi>&#963;</mi>")


@cache
def kit() -> Any:
    """SymPy, and what each primitive is in its language. Imported when a formula is asked for."""
    try:
        import sympy
        from sympy.printing.mathml import MathMLPresentationPrinter
    except ImportError as error:
        raise ImportError(HOW_TO) from error
    from .symbolic import Symbolic

    symbolic = Symbolic(sympy)
    printer = MathMLPresentationPrinter
    return SimpleNamespace(
        sympy=sympy, apply=symbolic.apply, constants=symbolic.constants, plain=symbolic.plain, notes=symbolic.notes,
        mathml=lambda x: _browsers(printer().doprint(x)),
    )  # fmt: skip
