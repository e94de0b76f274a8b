// Boxes that fold in place. Graphviz laid the picture out once, with all boxes open. Where boxes are folded, the stretches
// of the x axis and of the y axis that only folded things occupy are shortened, and all the rest moves together: what was
// left of something stays left of it, what was above stays above, and nothing comes to lie upon anything.

const GAP = 14;  // what remains of a shortened stretch
const SHORT = 60;  // an edge up to this length stays as long as it is
const folded = new Set();  // places in `boxes`

// The outermost folded box that is, or holds, this box; -1 if there is none.
function holder(box) {
  let found = -1;
  for (let b = box; b >= 0; b = facts.boxes[b].parent) if (folded.has(b)) found = b;
  return found;
}

// The key of what is seen where an item is: its own, or that of the folded box around it.
function seen(id) {
  const box = holder(facts.items[id].box);
  return box < 0 ? `n${id}` : `b${box}`;
}

const holds = (box, inner) => inner >= 0 && (inner === box || holds(box, facts.boxes[inner].parent));
const membersOf = (box) => items.filter((item) => holds(box, item.fact.box));

for (const [b, box] of boxes.entries()) {
  const width = box.rect.right - box.rect.left;
  const { name, note } = box.fact;
  box.size = {
    width: Math.min(width, Math.max(130, 7.6 * name.length + 30, 5.3 * note.length + 24)),
    height: Math.min(box.rect.bottom - box.rect.top, 50),
  };
  const middle = width / 2;
  box.card = draw("g", { class: "card gone" }, box.group);
  draw("text", { class: "card-name", x: middle, y: 15 }, box.card).textContent = name;
  draw("text", { class: "card-note", x: middle, y: 28 }, box.card).textContent = 5.3 * note.length < box.size.width ? note : `${membersOf(b).length} values`;
  box.bar = draw("rect", { class: "bar", x: middle - box.size.width / 2 + 8, y: 33, width: box.size.width - 16, height: 12, rx: 4 }, box.card);
  box.barText = draw("text", { class: "bar-text", x: middle, y: 42.3 }, box.card);
  box.toggle = draw("g", { class: "toggle" }, box.group);
  draw("circle", { r: 6.5 }, box.toggle);
  box.sign = draw("path", { d: "M-3,0H3" }, box.toggle);
}

// Where everything is to be. A pose is one list of numbers, so that two of them can be mixed.
function arrange() {
  const holders = boxes.map((_, b) => holder(b));
  const tops = boxes.filter((_, b) => holders[b] === b);
  const open = boxes.filter((_, b) => holders[b] < 0);
  const shown = items.filter((item) => seen(item.id) === item.key);
  settle(tops);
  const titles = open.map(({ rect, titled }) => ({ ...rect, right: Math.min(titled, rect.right), bottom: rect.top + 18 }));
  const whole = edges.filter(({ fact }) => [fact.source, fact.target].every((id) => seen(id) === `n${id}`));
  const kept = [...shown.map((item) => item.rect), ...tops.map((box) => box.spot), ...titles];
  const axis = (low, high) => {
    const range = (rect) => [rect[low], rect[high]];
    const short = whole.map(({ points }) => range(extent(points))).filter(([from, to]) => to - from < SHORT);
    return squeeze(tops.map(({ rect }) => range(rect)), [...kept.map(range), ...short]);
  };
  const [fx, fy] = [axis("left", "right"), axis("top", "bottom")];
  const map = ({ x, y }) => ({ x: fx(x), y: fy(y) });
  const mapped = ({ left, top, right, bottom }) => ({ left: fx(left), top: fy(top), right: fx(right), bottom: fy(bottom) });
  for (const item of items) item.place = mapped(item.rect);
  for (const [b, box] of boxes.entries()) box.place = mapped(holders[b] === b ? box.spot : box.rect);
  const solid = new Map([...shown, ...tops].map(({ key, place }) => [key, place]));
  for (const edge of edges) {
    const [from, to] = [edge.fact.source, edge.fact.target].map((id) => boxes[holder(facts.items[id].box)]);
    edge.route = edge.points.map(map);
    if (!from && !to) continue;
    const ends = [edge.fact.source, edge.fact.target].map(seen);
    const obstacles = [...solid].filter(([key]) => !ends.includes(key)).map(([, rect]) => rect);
    edge.route = straight(edge.route, solid.get(ends[0]), solid.get(ends[1]), obstacles) ?? detour(edge, from, to);
  }
  bounds = [...solid.values(), ...open.map(({ place }) => place)].reduce(union);
  return { holders, solid };
}

// The places of the cards: each in the middle of its box's height and, as far as its box reaches, above and below what
// it is joined to. That may be another card, so they settle in a few rounds.
function settle(tops) {
  const lateral = new Map(items.map(({ key, rect }) => [key, (rect.left + rect.right) / 2]));
  for (const { key, rect } of tops) lateral.set(key, (rect.left + rect.right) / 2);
  const joined = new Map(tops.map(({ key }) => [key, []]));
  for (const edge of edges) {
    const [from, to] = [seen(edge.fact.source), seen(edge.fact.target)];
    if (from === to || edge.isFaint) continue;
    joined.get(from)?.push(to);
    joined.get(to)?.push(from);
  }
  for (let round = 0; round < 6; round++) {
    for (const { key, rect, size } of round % 2 ? tops : tops.toReversed()) {
      const around = joined.get(key).map((other) => lateral.get(other)).sort((a, b) => a - b);
      const wanted = around.length ? (around[(around.length - 1) >> 1] + around[around.length >> 1]) / 2 : lateral.get(key);
      lateral.set(key, Math.min(Math.max(wanted, rect.left + size.width / 2), rect.right - size.width / 2));
    }
  }
  for (const box of tops) {
    const { rect, size } = box;
    const [x, y] = [lateral.get(box.key) - size.width / 2, (rect.top + rect.bottom - size.height) / 2];
    box.spot = { left: x, top: y, right: x + size.width, bottom: y + size.height };
  }
}

// The map of one axis: stretches within `hidden` intervals and outside all `kept` ones shrink to GAP.
function squeeze(hidden, kept) {
  const cuts = [...new Set([...hidden, ...kept].flat())].sort((a, b) => a - b);
  const stretches = [];
  for (let i = 1; i < cuts.length; i++) {
    const middle = (cuts[i - 1] + cuts[i]) / 2;
    const within = ([from, to]) => from < middle && middle < to;
    if (!hidden.some(within) || kept.some(within)) continue;
    if (stretches.at(-1)?.[1] === cuts[i - 1]) stretches.at(-1)[1] = cuts[i];
    else stretches.push([cuts[i - 1], cuts[i]]);
  }
  return (x) => {
    let cut = 0;
    for (const [from, to] of stretches) {
      if (x <= from) break;
      cut += (Math.min(x, to) - from) * Math.max(1 - GAP / (to - from), 0);
    }
    return x - cut;
  };
}

const poseNow = () => [
  ...items.flatMap(({ rect, place }) => [middle(place).x - middle(rect).x, middle(place).y - middle(rect).y]),
  ...boxes.flatMap(({ place }) => [place.left, place.top, place.right, place.bottom]),
  ...edges.flatMap(({ route }) => route.flatMap(({ x, y }) => [x, y])),
];

function assume(pose) {
  let at = 0;
  const next = () => pose[at++].toFixed(2);
  for (const { group } of items) group.setAttribute("transform", `translate(${next()} ${next()})`);
  for (const box of boxes) {
    const [left, top, right, bottom] = [pose[at++], pose[at++], pose[at++], pose[at++]];
    for (const [name, number] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top })) {
      box.frame.setAttribute(name, number.toFixed(2));
    }
    box.title.setAttribute("transform", `translate(${left - box.rect.left} ${top - box.rect.top})`);
    box.toggle.setAttribute("transform", `translate(${right - 12} ${top + 11})`);
    box.card.setAttribute("transform", `translate(${(left + right) / 2 - (box.rect.right - box.rect.left) / 2} ${(top + bottom) / 2 - 25})`);
  }
  for (const edge of edges) {
    const points = edge.points.map(() => ({ x: pose[at++], y: pose[at++] }));
    const words = points.map(({ x, y }) => `${x.toFixed(2)},${y.toFixed(2)}`);
    edge.line.setAttribute("d", `M${words[0]}C${words.slice(1).join(" ")}`);
    edge.head?.setAttribute("points", arrowhead(points));
    if (edge.share) {
      const [old, now] = [halfway(edge.points), halfway(points)];
      edge.share.setAttribute("transform", `translate(${now.x - old.x} ${now.y - old.y})`);
    }
  }
}

// What is seen of the edges: none inside a card, one between any two where a card is, the strongest.
function showEdges() {
  const strongest = new Map();
  for (const edge of edges) {
    edge.ends = [seen(edge.fact.source), seen(edge.fact.target)];
    edge.shown = edge.ends[0] !== edge.ends[1];
    if (!edge.shown || edge.ends.every((key) => key.startsWith("n"))) continue;
    const strength = (edge) => toldOf(edge).heats?.gradient ?? -1;
    const known = strongest.get(edge.ends.join());
    if (known && strength(known) >= strength(edge)) edge.shown = false;
    else {
      if (known) known.shown = false;
      strongest.set(edge.ends.join(), edge);
    }
  }
  for (const edge of edges) edge.group.classList.toggle("gone", !edge.shown);
}

let pose = null;
let bounds;  // of all that is seen
let stopFolding = () => {};

function refold(move = true) {
  const { holders, solid } = arrange();
  for (const item of items) item.group.classList.toggle("gone", !solid.has(item.key));
  for (const [b, box] of boxes.entries()) {
    const isFolded = holders[b] === b;
    box.group.classList.toggle("gone", !isFolded && holders[b] >= 0);
    box.group.classList.toggle("folded", isFolded);
    box.card.classList.toggle("gone", !isFolded);
    box.title.classList.toggle("gone", isFolded);
    box.sign.setAttribute("d", isFolded ? "M-3,0H3M0,-3V3" : "M-3,0H3");
    box.group.setAttribute("aria-expanded", String(!isFolded));
  }
  showEdges();
  const before = pose, after = poseNow();
  stopFolding();
  if (before && move) stopFolding = animate(380, (t) => assume(pose = after.map((x, i) => before[i] + (x - before[i]) * t)));
  else assume(pose = after);
  document.dispatchEvent(new Event("refolded"));
}

function fold(box, closed = !folded.has(box)) {
  const before = boxes[box].place;
  if (closed) folded.add(box);
  else folded.delete(box);
  refold();
  const after = boxes[box].place;  // what was clicked stays under the eye
  glide({ x: aim.x + middle(after).x - middle(before).x, y: aim.y + after.top - before.top, scale: aim.scale });
}

// Opens all boxes around something, so that it is seen.
function uncover(key) {
  const { fact } = parts.get(key);
  let box = fact.box ?? fact.parent;
  let changed = false;
  for (; box >= 0; box = facts.boxes[box].parent) changed = folded.delete(box) || changed;
  if (changed) refold();
}
