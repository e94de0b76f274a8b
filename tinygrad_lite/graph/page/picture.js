// The picture: its parts, found by their ids, and the view of it, which can be moved and scaled.

const $ = (id) => document.getElementById(id);
const facts = JSON.parse($("facts").textContent);
const svg = $("picture");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

function draw(tag, attributes, parent) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent?.append(element);
  return element;
}

const numbersIn = (element) =>
  (element.getAttribute("d") ?? element.getAttribute("points")).match(/-?[\d.]+/g).map(Number);

const pairs = (numbers) => Array.from({ length: numbers.length / 2 }, (_, i) => ({ x: numbers[2 * i], y: numbers[2 * i + 1] }));

function extent(points) {
  const [xs, ys] = [points.map((p) => p.x), points.map((p) => p.y)];
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

const middle = ({ left, top, right, bottom }) => ({ x: (left + right) / 2, y: (top + bottom) / 2 });
const union = (a, b) => ({
  left: Math.min(a.left, b.left), top: Math.min(a.top, b.top), right: Math.max(a.right, b.right), bottom: Math.max(a.bottom, b.bottom),
});

const items = facts.items.map((fact, id) => {
  const group = $(`n${id}`);
  const part = (name) => group.querySelector(`.${name}`);
  const outline = part("outline"), texts = ["value", "gradient", "neurons", "beside"].map((name) => [name, part(name)]);
  const [bar, barText, cells] = [part("bar"), part("bar-text"), group.querySelectorAll(".cell")];
  const rect = extent(pairs(numbersIn(outline)));
  const { left, right, bottom } = rect;  // for a heat that the picture has no bar for, there is a thin line
  const line = bar ? null : draw("rect", { x: left + 10, y: bottom - 4.5, width: Math.max(right - left - 20, 4), height: 3, rx: 1.5, class: "bar" }, group);
  return { id, key: `n${id}`, fact, group, texts, bar: bar ?? line, barText, cells, rect };
});

const edges = facts.edges.map((fact, i) => {
  const group = $(`e${i}`);
  const line = group.querySelector(".line");
  const [head, share] = [group.querySelector(".head"), group.querySelector(".share")];
  const isFaint = line.hasAttribute("stroke-dasharray");
  return { id: i, key: `e${i}`, fact, group, line, head, share, isFaint, points: pairs(numbersIn(line)), ends: [] };
});

const boxes = facts.boxes.map((fact, i) => {
  const group = $(`b${i}`);
  const [frame, title] = group.children;
  const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => Number(frame.getAttribute(name)));
  const chip = { bar: title.querySelector(".bar"), barText: title.querySelector(".bar-text"), cells: title.querySelectorAll(".cell") };
  const ends = [chip.bar, ...chip.cells].filter(Boolean).map((shape) => extent(pairs(numbersIn(shape))).right);
  const titled = Math.max(left + 40 + 6.6 * fact.name.length, ...ends.map((end) => end + 24));
  const rect = { left, top, right: left + width, bottom: top + height };
  return { id: i, key: `b${i}`, fact, group, frame, title, chip, titled, rect };
});

const parts = new Map([...items, ...boxes].map((part) => [part.key, part]));

// The view: what point of the picture is at the stage's middle, and how many pixels a unit takes.

const view = { x: 0, y: 0, scale: 1 };
let stopGliding = () => {};
let aim = view;  // where the view is, or will be when it has come to rest

function look(to, isGliding = false) {
  Object.assign(view, to);
  if (!isGliding) aim = view;
  view.scale = Math.min(Math.max(view.scale, 0.02), 8);
  const [width, height] = [svg.clientWidth / view.scale, svg.clientHeight / view.scale];
  svg.setAttribute("viewBox", [view.x - width / 2, view.y - height / 2, width, height].map((x) => x.toFixed(2)).join(" "));
}

function glide(to) {
  const from = { ...view };
  stopGliding();
  aim = to;
  stopGliding = animate(300, (t) => look({
    x: from.x + (to.x - from.x) * t,
    y: from.y + (to.y - from.y) * t,
    scale: from.scale * (to.scale / from.scale) ** t,
  }, true));
}

// Calls show(t) with t from 0 to 1, and returns what stops it. Without motion, where that is wished, it is 1 at once.
function animate(duration, show) {
  if (calm.matches) {
    show(1);
    return () => {};
  }
  const start = performance.now();
  let id = requestAnimationFrame(function frame(now) {
    const t = Math.min(Math.max(now - start, 0) / duration, 1);
    show(1 - (1 - t) ** 3);
    if (t < 1) id = requestAnimationFrame(frame);
  });
  return () => cancelAnimationFrame(id);
}

// The view that shows all of `rect`, no larger than life-size and a half.
function whole(rect, margin = 24) {
  const [width, height] = [rect.right - rect.left, rect.bottom - rect.top];
  const scale = Math.min((svg.clientWidth - 2 * margin) / width, (svg.clientHeight - 2 * margin) / height, 1.5);
  return { ...middle(rect), scale: Math.max(scale, 0.02) };
}

// The view at the start: whole if that can be read, else its top.
function beginning(rect) {
  const all = whole(rect);
  const scale = Math.max(all.scale, Math.min(0.9, (svg.clientWidth - 24) / (rect.right - rect.left), 1));
  return { x: all.x, y: scale > all.scale ? rect.top - 24 / scale + svg.clientHeight / scale / 2 : all.y, scale };
}

function zoom(factor, at = { x: svg.clientWidth / 2, y: svg.clientHeight / 2 }, move = glide) {
  const scale = Math.min(Math.max(view.scale * factor, 0.02), 8);
  const [dx, dy] = [at.x - svg.clientWidth / 2, at.y - svg.clientHeight / 2];
  move({ x: view.x + dx / view.scale - dx / scale, y: view.y + dy / view.scale - dy / scale, scale });
}

// Moves the view if the rect is not in sight.
function bringIntoSight(rect) {
  const [width, height] = [svg.clientWidth / aim.scale / 2, svg.clientHeight / aim.scale / 2];
  const inset = Math.min(width, height) * 0.15;
  const hidden = rect.left < aim.x - width + inset || rect.right > aim.x + width - inset
    || rect.top < aim.y - height + inset || rect.bottom > aim.y + height - inset;
  if (hidden) glide({ ...middle(rect), scale: aim.scale });
}

// Mouse, pen and fingers. One moves the picture, two also scale it.
const pointers = new Map();
let dragged = false;

function placeOf(event) {
  const stage = svg.getBoundingClientRect();
  return { x: event.clientX - stage.left, y: event.clientY - stage.top };
}

svg.addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, placeOf(event));
  if (pointers.size === 1) dragged = false;
});

addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const now = placeOf(event);
  if (!dragged && pointers.size === 1 && Math.hypot(now.x - before.x, now.y - before.y) < 4) return;
  stopGliding();
  dragged = true;
  svg.classList.add("dragged");
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  pointers.set(event.pointerId, now);
  const share = other ? 2 : 1;
  look({ x: view.x - (now.x - before.x) / view.scale / share, y: view.y - (now.y - before.y) / view.scale / share });
  if (other) {
    const distance = (p) => Math.max(Math.hypot(p.x - other.x, p.y - other.y), 1);
    zoom(distance(now) / distance(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }, look);
  }
});

for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, (event) => {
    pointers.delete(event.pointerId);
    if (!pointers.size) svg.classList.remove("dragged");
  });
}

const embedded = window.self !== window.top;  // in a notebook a plain wheel scrolls the notebook

svg.addEventListener("wheel", (event) => {
  if (embedded && !event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  stopGliding();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : event.ctrlKey ? 0.01 : 0.0016)), placeOf(event), look);
}, { passive: false });
