"""The table that `model.summary()` prints."""

from .module import Module


def summary_text(model: Module) -> str:
    """Layer by layer: name and kind, the shape of what it gives, how many numbers it learns."""
    inner = [child for _, child in model._children()]
    rows = [("Layer (type)", "Output Shape", "Param #")]
    for layer in inner:
        kind = f"{layer.name or layer.kind} ({type(layer).__name__})"
        shape = "?" if layer.output_shape is None else str(layer.output_shape)
        rows.append((kind, shape, f"{layer.count_params():,}" if layer.built else "?"))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]

    def line(left: str, fill: str, middle: str, right: str) -> str:
        return left + middle.join(fill * (w + 2) for w in widths) + right

    def cells(row: tuple[str, str, str]) -> str:
        return f"│ {row[0]:<{widths[0]}} │ {row[1]:<{widths[1]}} │ {row[2]:>{widths[2]}} │"

    body = f"\n{line('├', '─', '┼', '┤')}\n".join(cells(row) for row in rows[1:])
    total = model.count_params()
    trainable = sum(weight.size for weight in model.trainable_weights)
    parts = [
        f'Model: "{model.name or model.kind}"',
        line("┏", "━", "┳", "┓"),
        cells(rows[0]).replace("│", "┃"),
        line("┡", "━", "╇", "┩"),
        *([body] if body else []),
        line("└", "─", "┴", "┘"),
        f" Total params: {total:,} ({_bytes(sum(w.nbytes for w in model.weights))})",
        f" Trainable params: {trainable:,}",
        f" Non-trainable params: {total - trainable:,}",
    ]
    return "\n".join(parts)


def _bytes(n: float) -> str:
    for unit in ("B", "KB", "MB"):
        if n < 1024:
            return f"{n:.2f} {unit}"
        n /= 1024
    return f"{n:.2f} GB"
