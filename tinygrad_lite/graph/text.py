"""Text from outside. A name may hold anything; a picture holds nothing of it that is active, endless or invisible."""

import html
import re
import unicodedata

from . import style

LONGEST = 40  # characters of a name that are shown

# Controls, lone surrogates, private and unassigned characters, invisible ones that turn the direction of the text.
_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # of letters and of emoji
_ENTITY = re.compile(r"&(?=#?\w+;)")


def shown(text: str, longest: int = LONGEST) -> str:
    """The text as one line of visible characters, cut with an ellipsis.

    >>> shown("a\\nb\\0c"), shown("x" * 50, 10)
    ('a b\\ufffdc', 'xxxxxxxxx…')
    """
    text = " ".join(text[: 4 * longest].split())
    text = "".join("\ufffd" if unicodedata.category(c) in _UNSHOWN and c not in _JOINERS else c for c in text)
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def markup(text: str) -> str:
    """A text as it is written inside a Graphviz label.

    What looks like an entity gets an invisible space, because older Graphviz copies it into the SVG as it is, also
    `&#0;`. A backslash would start an escape, of which there are many: a look-alike stands in.
    """
    return html.escape(_ENTITY.sub("&\u200b", text.replace("\\", "\N{SET MINUS}")))


def hint(lines: list[str]) -> str:
    """Lines of text as a tooltip."""
    return "&#10;".join(map(markup, lines))


# Graphviz's tables, which look like HTML.


def visible(text: str, longest: int = LONGEST) -> str:
    """A text for a table: never empty, which Graphviz does not take."""
    return markup(shown(text, longest)) or "&#160;"


def small(text: str, gap: str = "", longest: int = 100) -> str:
    """A side remark."""
    return f'<FONT POINT-SIZE="9" COLOR="{style.GREY}">{visible(text, longest)}{gap}</FONT>'


def cell(content: str, span: int = 1) -> str:
    """One cell of a row."""
    return f'<TD COLSPAN="{span}">{content}</TD>' if span > 1 else f"<TD>{content}</TD>"


def row(*cells: str) -> str:
    """One row of a table."""
    return f"<TR>{''.join(cells)}</TR>"


def table(*rows: str, padding: int = 1, spacing: int = 0) -> str:
    """A table without lines."""
    looks = f'BORDER="0" CELLBORDER="0" CELLPADDING="{padding}" CELLSPACING="{spacing}"'
    return f"<TABLE {looks}>{''.join(rows)}</TABLE>"
