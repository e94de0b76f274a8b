"""Above the picture: what was computed, who is to blame, what the colours say. Written as Graphviz's tables."""

from . import style, words
from .measures import HEATS, said
from .structure import Graph
from .style import Scale
from .text import cell, row, small, table, visible

_STEPS = 12


def header(graph: Graph, scale: Scale) -> str:
    """The headline, what the reader must be told, and the legend."""
    heat = graph.heat
    rows = [row(cell(f'<FONT POINT-SIZE="16"><B>{visible(words.result(graph), 100)}</B></FONT>'))]
    if blamed := words.hottest(graph):
        names = ",&#160; ".join(
            f"<B>{visible(name)}</B>&#160;({visible(said(heat, number))})" for name, number in blamed
        )
        text = f"{HEATS[heat].most}: {names}"
        rows.append(row(cell(f'<FONT COLOR="{style.GREY}" POINT-SIZE="10">{text}</FONT>')))
    for warning in graph.warnings:
        text = f'<FONT COLOR="{style.WRONG}" POINT-SIZE="10"><B>{visible(warning, 200)}</B></FONT>'
        rows.append(row(cell(text)))
    rows += [row(cell(small(line))) for line in words.notes(graph)]
    if scale.used or any(x.sensitivity is not None for x in graph.edges):
        rows.append(row(f"<TD>{_legend(graph, scale)}</TD>"))
    return table(*rows, row('<TD HEIGHT="4"></TD>'), padding=3)


def _legend(graph: Graph, scale: Scale) -> str:
    families = sorted({style.family_of(x.operation) for x in graph.items if x.operation})
    keys = [f'<FONT COLOR="{f.border}">■</FONT> {small(f.name)}' for f in families]
    if any(x.sensitivity is None for x in graph.edges):
        keys.append(f'<FONT COLOR="{style.FAINT}">- - -</FONT> {small("no gradient")}')
    rows = [cell(small(HEATS[graph.heat].words)), cell(ramp(graph.heat, scale))]
    rows += [cell("&#160;&#160; ".join(keys))] if keys else []
    return table(*map(row, rows), padding=1)


def ramp(heat: str, scale: Scale) -> str:
    """The colours of a scale, with the numbers at its ends."""
    bar = "".join(
        f'<TD WIDTH="12" HEIGHT="9" FIXEDSIZE="TRUE" BGCOLOR="{style.ramp(i / (_STEPS - 1))}"></TD>'
        for i in range(_STEPS)
    )
    ends = [said(heat, scale.low, 2) if scale.low < scale.high else "0", said(heat, scale.high, 2)]
    looks = 'BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0" FIXEDSIZE="TRUE" WIDTH="264" HEIGHT="17"'
    return (
        f"<TABLE {looks}>"
        + row(
            f'<TD ALIGN="RIGHT" WIDTH="60" HEIGHT="17" FIXEDSIZE="TRUE">{small(ends[0])}&#160;</TD>{bar}'
            f'<TD ALIGN="LEFT" WIDTH="60" HEIGHT="17" FIXEDSIZE="TRUE">&#160;{small(ends[1])}</TD>'
        )
        + "</TABLE>"
    )
