"""Finds the ink on a photo of paper: what differs from the paper, whichever of the two is darker."""

import numpy as np

from .mnist_form import resampled

LONGEST = 320  # pixels of the longer side, while ink is looked for


def find_ink(grey: np.ndarray) -> tuple[np.ndarray, float]:
    """The ink on grey (height, width), 0 for black to 1 for white: 0 for paper to 1 for ink, and the scale.

    Paper may be lit unevenly; ink may be darker or lighter. What is much smaller than the digit is dust, and what comes
    in from the border is the table. A big picture is made smaller: the scale says how many of its pixels went into one.
    Raises ValueError where nothing stands out from the paper.

    >>> grey = np.linspace(0.6, 0.9, 60 * 40).reshape(60, 40)
    >>> grey[20:40, 18:22] = 0.1
    >>> ink, scale = find_ink(grey)
    >>> scale, ink[20:40, 18:22].min() > 0.9, ink.sum() < 85
    (1.0, np.True_, np.True_)
    """
    scale = max(1.0, max(grey.shape) / LONGEST)
    if scale > 1:
        grey = resampled(grey, (0, 0), tuple(max(1, int(n / scale)) for n in grey.shape), scale)
    difference = grey - _paper(grey)
    if (difference**3).sum() < 0:
        difference = -difference
    reach = max(2, max(grey.shape) // 80)  # of an edge's blur
    table = _wider(_from_the_border(difference > _between(difference)), reach)
    threshold = _between(difference[~table])
    is_ink = (difference > threshold) & ~table
    noise = 1.4826 * np.median(np.abs(difference[~is_ink & ~table])) if not (is_ink | table).all() else 0.0
    if not is_ink.any() or difference[is_ink].mean() < max(0.08, 4 * noise):
        raise ValueError("nothing stands out from the paper")
    digit = _without_dust(is_ink)
    full = np.percentile(difference[digit], 60)
    floor = max(0.04 * full, min(3 * noise, threshold))
    inked = _wider(digit, reach) & (difference > floor) & ~table
    return np.where(inked, np.clip(difference / full, 0, 1), 0.0), scale


def _paper(grey: np.ndarray) -> np.ndarray:
    """How bright the paper is at each pixel: a smooth surface through all that it does not differ from much."""
    down, right = (np.linspace(-1, 1, n) for n in grey.shape)
    terms = [(i, j) for i in range(4) for j in range(4 - i)]
    surfaces = np.stack([np.outer(down**i, right**j) for i, j in terms], -1)
    step = max(1, max(grey.shape) // 80)
    seen, known = surfaces[::step, ::step].reshape(-1, len(terms)), grey[::step, ::step].ravel()
    paper = np.full(len(known), np.median(known))
    for _ in range(8):
        away = np.abs(known - paper)
        like_paper = away <= max(2.5 * np.median(away), 0.02)
        found = np.linalg.lstsq(seen[like_paper], known[like_paper], rcond=None)[0]
        paper = seen @ found
    return surfaces @ found


def _between(values: np.ndarray) -> float:
    """The threshold that parts the values into two kinds, each as much alike as can be: Otsu 1979."""
    counts, edges = np.histogram(values, 128)
    middles = (edges[:-1] + edges[1:]) / 2
    below, sums = np.cumsum(counts)[:-1], np.cumsum(counts * middles)[:-1]
    total, everything = counts.sum(), (counts * middles).sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (everything * below - total * sums) ** 2 / (below * (total - below))
    return float(edges[1 + np.nanargmax(np.where(np.isfinite(spread), spread, -1.0))])


def _from_the_border(is_ink: np.ndarray) -> np.ndarray:
    """The patches of ink that reach the border; none of them if they are nearly all there is."""
    patches = _patches(is_ink)
    outer = np.zeros(is_ink.shape, bool)
    for patch in patches:
        rows, columns = np.divmod(patch, is_ink.shape[1])
        if {0, is_ink.shape[0] - 1} & {*rows.tolist()} or {0, is_ink.shape[1] - 1} & {*columns.tolist()}:
            outer.ravel()[patch] = True
    inner = max((len(patch) for patch in patches if not outer.ravel()[patch[0]]), default=0)
    largest = max(map(len, patches), default=0)
    return outer if inner > 0.05 * min(largest, 0.02 * is_ink.size) else np.zeros(is_ink.shape, bool)


def _without_dust(is_ink: np.ndarray) -> np.ndarray:
    """The ink without patches much smaller than the largest."""
    patches = _patches(is_ink)
    largest = max(map(len, patches))
    kept = np.zeros(is_ink.shape, bool)
    kept.ravel()[np.concatenate([patch for patch in patches if len(patch) >= 0.06 * largest])] = True
    return kept


def _patches(is_ink: np.ndarray) -> list[np.ndarray]:
    """The connected patches (over corners too), each as the flat indices of its pixels."""
    labels = np.where(is_ink, np.arange(1, is_ink.size + 1).reshape(is_ink.shape), 0)
    while True:  # each pixel takes the largest label around it, and then that label's own: paths halve
        grown = np.where(is_ink, _largest_around(labels), 0)
        flat = np.concatenate([[0], grown.ravel()])
        grown = flat[grown]
        if (grown == labels).all():
            break
        labels = grown
    where = np.flatnonzero(is_ink)
    _, groups = np.unique(labels.ravel()[where], return_inverse=True)
    order = np.argsort(groups, kind="stable")
    return np.split(where[order], np.cumsum(np.bincount(groups))[:-1])


def _wider(mask: np.ndarray, reach: int) -> np.ndarray:
    """The mask and all that is at most so many pixels away from it."""
    for _ in range(reach):
        mask = _largest_around(mask.view(np.int8)).view(bool)
    return mask


def _largest_around(values: np.ndarray) -> np.ndarray:
    padded = np.pad(values, 1)
    rows = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    return np.maximum(np.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])
