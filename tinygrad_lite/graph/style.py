"""How the picture looks: the colours of the families of operations, the scale of blame, the type.

The scale runs from light grey through brown and orange to dark red. It gets darker by equal steps as the eye judges
them (evenly in the lightness of Oklab), also for the colour-blind and in grey print. The families keep to the cool
hues, so that nothing but heat is ever red.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

FONT = "DejaVu Sans,Verdana,Geneva,sans-serif"  # of one width: the layout fits wherever the picture is opened
INK, GREY, FAINT, PAPER = "#1F2933", "#52606D", "#9AA5B1", "#FFFFFF"
BOX_FILLS, BOX_BORDER = ("#F6F7F9", "#EEF1F4"), "#D3DAE2"
WRONG, FAILED = "#7A00CC", "#F6ECFD"  # nan and infinite, and what raised an error

_RAMP = ((216, 212, 205), (213, 169, 118), (208, 120, 55), (192, 66, 3), (155, 25, 25), (104, 16, 31))
_DECADES = 6  # a scale longer than this is cut at its faint end
_WIDTHS = (1.2, 4.5)


class Family(NamedTuple):
    name: str
    fill: str
    border: str


_NEUTRAL = Family("other", "#ECEFF2", "#7B8794")
_FAMILIES: dict[Family, str] = {
    Family("arithmetic", "#DDEBF8", "#4A86BD"): (
        "add subtract multiply divide power floor_divide remainder negative positive abs square sqrt cbrt reciprocal"
        " hypot"
    ),
    Family("function", "#D8F0EE", "#2E8F88"): (
        "exp exp2 expm1 log log2 log10 log1p logaddexp sin cos tan arcsin arccos arctan arctan2 sinh cosh arcsinh"
        " arccosh arctanh tanh sinc sign floor ceil trunc round erf masked_exp"
    ),
    Family("product", "#E6E0F5", "#7A5FB5"): (
        "matmul einsum affine conv conv_input conv_kernel dot_product_attention simple_rnn gru lstm"
    ),
    Family("activation", "#DFF1DA", "#559A45"): (
        "relu softplus sigmoid softmax log_softmax maximum minimum where clip dropout scale_shift where_positive"
    ),
    Family("reduction", "#FBF2CF", "#B0902A"): (
        "sum mean max min prod var std norm logsumexp cumsum cumprod total total_product moments mean_square sum_rows"
        " sum_of_tiles add_rows max_pool sum_pool spread pick put_back"
    ),
    Family("loss", "#D9E1F2", "#2F4A8A"): ("softmax_crossentropy crossentropy"),
    Family("shape", "#ECE6DF", "#8B7355"): (
        "reshape transpose broadcast_to flip roll concatenate pad tril triu cast getitem setitem scatter"
        " take_rows repeat_positions"
    ),
}
_FAMILY_OF = {name: family for family, names in _FAMILIES.items() for name in names.split()}


def family_of(operation: str) -> Family:
    """The family of an operation, by its name; an unknown one is neutral."""
    return _FAMILY_OF.get(operation, _NEUTRAL)


@dataclass(frozen=True, slots=True)
class Scale:
    """Sensitivities as colours and widths: logarithmic, from the smallest to the largest."""

    low: float
    high: float
    used: bool = True  # False where there is nothing to be coloured

    @classmethod
    def of(cls, sensitivities: list[float]) -> "Scale":
        found = [s for s in sensitivities if 0 < s < math.inf]
        high = max(found, default=1.0)
        return cls(max(min(found, default=1.0), high / 10**_DECADES), high, bool(sensitivities))

    def place(self, sensitivity: float) -> float:
        """0 at the faint end, 1 at the strong end."""
        if not sensitivity > self.low:
            return 0.0 if self.low < self.high else 1.0 if sensitivity else 0.0
        if sensitivity >= self.high:
            return 1.0
        return math.log(sensitivity / self.low) / math.log(self.high / self.low)

    def colour(self, sensitivity: float) -> str:
        return WRONG if not math.isfinite(sensitivity) else ramp(self.place(sensitivity))

    def ink(self, sensitivity: float) -> str:
        """The colour of letters that stand on `colour`."""
        return PAPER if not math.isfinite(sensitivity) or self.place(sensitivity) > 0.535 else "#000000"

    def width(self, sensitivity: float) -> float:
        thin, thick = _WIDTHS
        return thick if not math.isfinite(sensitivity) else round(thin + (thick - thin) * self.place(sensitivity), 2)


def ramp(place: float) -> str:
    """The colour at a place between 0 and 1 of the scale."""
    at = place * (len(_RAMP) - 1)
    i = min(int(at), len(_RAMP) - 2)
    return "#" + "".join(f"{round(a + (b - a) * (at - i)):02X}" for a, b in zip(_RAMP[i], _RAMP[i + 1], strict=True))
