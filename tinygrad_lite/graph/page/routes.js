// The ways of the edges where boxes are folded. An edge is a chain of cubic curves, as Graphviz drew it: a list of points,
// of which every third lies on the edge and those between pull at it.

const ARROW = 6;  // the length of its head

// The points of an edge that leads from one card right down to another, if nothing lies between.
function straight(points, from, to, obstacles) {
  if (from.bottom + 2 * ARROW > to.top) return null;
  const [low, high] = [Math.max(from.left, to.left) + 14, Math.min(from.right, to.right) - 14];
  const within = (x, { left, right }) => Math.min(Math.max(x, left + 14), right - 14);
  const [a, b] = low <= high ? [(low + high) / 2, (low + high) / 2]
    : [within((to.left + to.right) / 2, from), within((from.left + from.right) / 2, to)];
  const [start, end] = [{ x: a, y: from.bottom }, { x: b, y: to.top - ARROW }];
  const curve = [start, bend(start, end, true), bend(start, end, false), end];
  const meets = ({ left, top, right, bottom }) => Array.from({ length: 15 }, (_, i) => pointOn(curve, (i + 1) / 16))
    .some(({ x, y }) => x > left - 4 && x < right + 4 && y > top - 4 && y < bottom + 4);
  return obstacles.some(meets) ? null : points.map((_, k) => curve[Math.min(k, 3)]);
}

function pointOn([a, b, c, d], t) {
  const mix = (name) => (1 - t) ** 3 * a[name] + 3 * t * (1 - t) ** 2 * b[name] + 3 * t * t * (1 - t) * c[name] + t ** 3 * d[name];
  return { x: mix("x"), y: mix("y") };
}

// Else it goes where Graphviz led it: from card to card, and what lay inside the boxes shrinks to these ends.
function detour({ route: points, points: original }, from, to) {
  const last = points.length - 1;
  const inside = (box, i) => {
    const { left, top, right, bottom } = box.rect;
    return original[i].x > left && original[i].x < right && original[i].y > top && original[i].y < bottom;
  };
  let [i, j] = [0, last];
  if (from) for (i = 3; i < last && inside(from, i); ) i += 3;
  if (to) for (j = last - 3; j > 0 && inside(to, j); ) j -= 3;
  const direct = i > j;
  const start = from ? port(from.place, points[0], direct ? to?.place ?? points[last] : points[i], 0) : points[0];
  const end = to ? port(to.place, points[last], direct ? from?.place ?? points[0] : points[j], ARROW) : points[last];
  return points.map((p, k) => {
    if (direct) return k === 0 ? start : k < last ? bend(start, end, k === 1) : end;
    if (from && k < i) return k <= i - 3 ? start : k === i - 2 ? bend(start, points[i], true) : towards(points[i], p, start);
    if (to && k > j) return k >= j + 3 ? end : k === j + 2 ? bend(points[j], end, false) : towards(points[j], p, end);
    return p;
  });
}

// A point on the side of a card that faces `other`, `distance` outside, next to where the edge was.
function port(card, wanted, other, distance) {
  const above = other.bottom ?? other.y, below = other.top ?? other.y;
  const x = Math.min(Math.max(wanted.x, card.left + 14), card.right - 14);
  if (above <= card.top + 1) return { x, y: card.top - distance };
  if (below >= card.bottom - 1) return { x, y: card.bottom + distance };
  const y = (card.top + card.bottom) / 2;
  const left = (other.left ?? other.x) < card.left;
  return { x: left ? card.left - distance : card.right + distance, y };
}

// The control points of a curve that leaves and arrives upright.
function bend(start, end, first) {
  const half = (end.y - start.y) / 2;
  return first ? { x: start.x, y: start.y + half } : { x: end.x, y: end.y - half };
}

// From an anchor in the direction of its old control point, no farther than half the way to the end.
function towards(anchor, control, end) {
  const [dx, dy] = [control.x - anchor.x, control.y - anchor.y];
  const reach = Math.min(Math.hypot(end.x - anchor.x, end.y - anchor.y) / 2 / (Math.hypot(dx, dy) || 1), 1);
  return { x: anchor.x + dx * reach, y: anchor.y + dy * reach };
}

function arrowhead(points) {
  const end = points.at(-1);
  const before = points.findLast((p) => Math.hypot(p.x - end.x, p.y - end.y) > 0.5) ?? { x: end.x, y: end.y - 1 };
  const length = Math.hypot(end.x - before.x, end.y - before.y);
  const [dx, dy] = [(end.x - before.x) / length, (end.y - before.y) / length];
  return [[-dy * 2.1, dx * 2.1], [dx * ARROW, dy * ARROW], [dy * 2.1, -dx * 2.1]]
    .map(([x, y]) => `${(end.x + x).toFixed(2)},${(end.y + y).toFixed(2)}`).join(" ");
}

// The point halfway along a chain of curves.
function halfway(points) {
  const spots = [];
  for (let i = 0; i + 3 < points.length; i += 3) {
    for (let t = 0; t <= 1; t += 0.125) spots.push(pointOn(points.slice(i, i + 4), t));
  }
  const lengths = spots.map((p, i) => (i ? Math.hypot(p.x - spots[i - 1].x, p.y - spots[i - 1].y) : 0));
  let left = lengths.reduce((a, b) => a + b) / 2;
  return spots[lengths.findIndex((length) => (left -= length) <= 0)];
}
