"""What is written on cards, boxes and edges, and said of them when somebody points at them: alike in each format."""

from textwrap import wrap

from . import measures
from .measures import HEATS, said
from .structure import Box, Edge, Graph, Item, stem
from .summary import TIMES, figure
from .text import shown

_COPIES = 24  # that are told one by one
_NOTES, LONGEST_NOTE, _WIDTH = 5, 360, 96  # notes that are told; characters of one, and of a line


def title(item: Item) -> str:
    """Its name, without what the boxes around already say; or what it is."""
    if item.kind == "layer":
        return called(item.name, item.copies)
    if item.kind == "failed":
        return f"✗ {item.operation} failed"
    if not item.name:
        return item.operation or item.kind
    *path, last = item.name.split(".")
    if item.kind == "fold" or not last:
        return item.name
    said_before = max([i + 1 for i, part in enumerate(path) if part in item.scope], default=0)
    return ".".join([*path[said_before:], last])


def called(name: str, copies: tuple[Box, ...]) -> str:
    """What a box is called: its name or, if it stands for several, what they have in common and how many they are."""
    return f"{stem(name)} {TIMES} {len(copies)}" if copies else name


def beside(item: Item) -> str:
    """What stands beside the title: the operation of a step that has a name, its numbers and settings."""
    if item.kind == "operation" and item.name:
        return f"{item.operation} {item.note}".strip()
    return item.note if item.kind in ("operation", "layer", "failed") else ""


def array(item: Item) -> str:
    """Shape and dtype."""
    lengths = f" {TIMES} ".join(map(str, item.shape))
    return f"{lengths or 'scalar'} · {item.dtype}" if item.dtype else ""


def result(graph: Graph) -> str:
    """The headline: what was computed, and what came out."""
    item = graph.items[graph.result]
    if graph.failed:
        return shown(item.operation) + " failed" + " in " * bool(item.scope) + " / ".join(map(shown, item.scope))
    is_loss = "crossentropy" in item.operation or "loss" in item.scope
    name = item.name or ("loss" if is_loss else "result")
    return f"{shown(name)} = {item.value.text}" if item.value else shown(name)


def notes(graph: Graph) -> list[str]:
    """What the reader must be told, in lines."""
    lines = [line for note in graph.notes[:_NOTES] for line in wrap(shown(note, LONGEST_NOTE), _WIDTH)]
    return lines + [f"… and {len(graph.notes) - _NOTES} more"] * (len(graph.notes) > _NOTES)


def dead(item: Item) -> str:
    """The share of its neurons that are silent for the whole batch, if there are any."""
    share = item.measures.get("dead", 0.0)
    return f"{figure(100 * share, 2)} % are dead" if share else ""


def story(item: Item) -> list[str]:
    """All that is known about an item."""
    lines = [" / ".join([*map(shown, item.scope), shown(item.name or title(item))])]
    if item.operation:
        lines.append(f"{item.kind} {shown(item.operation)} {shown(item.note)}".strip())
    elif item.kind != "fold":
        lines.append(f"{item.kind} {shown(item.note)}".strip())
    lines += [f"shape {item.shape} {shown(item.dtype)}"] if item.dtype else []
    lines += [f"value {item.value.text}"] if item.value else []
    lines += [f"gradient {item.gradient.text}"] if item.gradient else []
    lines += _measured({kind: x for kind in HEATS if (x := item.heat(kind)) is not None})
    lines += [f"neurons: {share}"] if (share := dead(item)) else []
    lines += [f"{shown(item.line)}  {shown(item.code, 100)}"] if item.line else []
    return lines


def box_story(box: Box, heat: str) -> list[str]:
    """All that is known about a box."""
    lines = [" / ".join(map(shown, box.scope)), box.note + " each" * bool(box.copies)]
    lines += _measured({kind: x for kind in HEATS if (x := box.heat(kind)) is not None})
    if box.copies:
        lines.append(f"{HEATS[heat].label} of each:")
    for copy in box.copies[:_COPIES]:
        own = copy.heat_among(heat)
        lines.append(f"  {shown(copy.scope[-1])}  {'none' if own is None else said(heat, own)}")
    return lines + ["  …"] * (len(box.copies) > _COPIES)


def edge_story(graph: Graph, edge: Edge) -> list[str]:
    """Where it leads, and what is handed back along it."""
    source, target = graph.items[edge.source], graph.items[edge.target]
    lines = [f"{shown(title(source))} → {shown(title(target))}"]
    if graph.failed:
        return lines
    if edge.sensitivity is None:
        return [*lines, "no gradient flows here"]
    lines.append(f"sensitivity {figure(edge.sensitivity)}")
    return lines + ([f"blame {figure(edge.blame)}"] if edge.blame is not None else [])


def hottest(graph: Graph) -> list[tuple[str, float]]:
    """Those with the greatest heat, if they have names: the name and the heat."""
    found = []
    for x in graph.to_blame:
        name = x.name or " / ".join([*x.scope[-1:], x.operation]) * (x.kind == "operation")
        if name:
            found.append((name, x.heat(graph.heat) or 0.0))
    return found


def _measured(found: measures.Measures) -> list[str]:
    return [f"{HEATS[kind].label} {said(kind, number, 4)}" for kind, number in found.items()]
