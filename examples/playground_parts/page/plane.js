// The plane on the right: what the output, or the neuron under the cursor, answers everywhere; and the points.

import { $, number, sharp } from "./dom.js";
import { classColour, paintPlane, valueColour, variable } from "./colours.js";

const EDGE = 6, LEFT = 24, FOOT = 18;  // the plane is [-6, 6]²; room for the ticks
const colours = document.createElement("canvas");
let drawn;
let at = null;
let listener = () => {};

// view: {maps: [Int8Array…], size, ofClass (whose the one map is, or null), discrete, train, test ({shape, values} or null), classes, axes}
export function drawPlane(view = drawn) {
  drawn = view;
  const { context, width, height } = sharp($("plane"));
  if (!view?.maps.length || !width) return;
  const side = width - LEFT, tall = height - FOOT;
  paintPlane(colours, view.maps, view.size, view.maps.length > 3 ? 120 : 160, view.discrete, view.ofClass);
  context.imageSmoothingEnabled = true;
  context.drawImage(colours, LEFT, 0, side, tall);
  const px = (x) => LEFT + ((x + EDGE) / (2 * EDGE)) * side;
  const py = (y) => ((EDGE - y) / (2 * EDGE)) * tall;
  ticks(context, view.axes, px, py, height);
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, side, tall);
  context.clip();
  const panel = variable("--panel"), ink = variable("--ink");
  for (const [points, ring] of [[view.test, ink], [view.train, panel]]) if (points) dots(context, points, ring, px, py, view.classes);
  if (at) cross(context, px(at.x), py(at.y), ink, panel);
  context.restore();
}

function ticks(context, axes, px, py, height) {
  context.fillStyle = variable("--grey");
  context.font = "10px system-ui, sans-serif";
  const own = (axis, value) => (axis ? axis.low + ((value + 1) / 2) * (axis.high - axis.low) : value);
  const short = (value) => (Number.isInteger(value) ? String(value).replace("-", "−") : number(value, Math.abs(value) < 10 ? 1 : 0));
  context.textAlign = "center";
  for (const x of [-5, 0, 5]) context.fillText(short(own(axes?.[0], x)), px(x), height - 5);
  context.textAlign = "right";
  for (const y of [-5, 0, 5]) context.fillText(short(own(axes?.[1], y)), LEFT - 4, py(y) + 3.5);
  context.textAlign = "center";
  context.fillText(axes ? axes[0].name.slice(0, 14) : "X₁", px(2.5), height - 5);
  context.save();
  context.translate(9, py(2.5));
  context.rotate(-Math.PI / 2);
  context.fillText(axes ? axes[1].name.slice(0, 14) : "X₂", 0, 3);
  context.restore();
}

function dots(context, { shape: [count], values }, ring, px, py, classes) {
  const radius = count > 1500 ? 2 : 3;
  context.lineWidth = 1;
  context.strokeStyle = ring;
  for (let i = 0; i < count; i++) {
    const label = values[i * 3 + 2];
    context.fillStyle = classes > 2 ? classColour(label) : valueColour(label);
    context.beginPath();
    context.arc(px(values[i * 3]), py(values[i * 3 + 1]), radius, 0, 6.3);
    context.fill();
    context.stroke();
  }
}

function cross(context, x, y, ink, panel) {
  for (const [colour, size] of [[panel, 4], [ink, 1.6]]) {
    context.strokeStyle = colour;
    context.lineWidth = size;
    context.beginPath();
    context.arc(x, y, 7, 0, 6.3);
    context.moveTo(x - 12, y); context.lineTo(x - 4, y);
    context.moveTo(x + 4, y); context.lineTo(x + 12, y);
    context.moveTo(x, y - 12); context.lineTo(x, y - 4);
    context.moveTo(x, y + 4); context.lineTo(x, y + 12);
    context.stroke();
  }
}

// Calls tell({x, y}) where the cursor is on the plane, and tell(null) when it leaves.
export function onCursor(tell) { listener = tell; }

function move(place) {
  at = place;
  listener(place);
  drawPlane();
}

const plane = $("plane");
for (const event of ["pointerdown", "pointermove"]) plane.addEventListener(event, ({ offsetX, offsetY }) => {
  const x = ((offsetX - LEFT) / (plane.clientWidth - LEFT)) * 2 * EDGE - EDGE;
  const y = EDGE - (offsetY / (plane.clientHeight - FOOT)) * 2 * EDGE;
  move(Math.abs(x) <= EDGE && Math.abs(y) <= EDGE ? { x, y } : null);
});
plane.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && move(null));
plane.addEventListener("blur", () => move(null));
plane.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const size = event.shiftKey ? 0.05 : 0.25, hold = (value) => Math.max(-EDGE, Math.min(EDGE, value));
  const from = at ?? { x: 0, y: 0 };
  move({ x: hold(from.x + step[0] * size), y: hold(from.y + step[1] * size) });
});
