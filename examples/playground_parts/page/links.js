// The links, drawn on one canvas beneath the neurons: as wide as the weight and of its sign, or as hot as its sensitivity.

import { $, sharp } from "./dom.js";
import { heatColour, valueColour, variable } from "./colours.js";
import { neurons } from "./network.js";

const POINTS = 14;  // of a link's curve, where it is looked for

// links[i] in the order of a frame's weights: {layer, source, to, from: [x, y], end: [x, y], weight, gradient, dead}
export let links = [];
export let hottest = 0;
let shown = { heat: false, chosen: null };

// Takes up where the neurons are. After a change of the network, or of the page's size.
export function placeLinks() {
  const stage = $("stage").getBoundingClientRect();
  const places = neurons.map((layer) => layer.map(({ button }) => {
    const { left, top, width, height } = button.getBoundingClientRect();
    return { x: left - stage.left, y: top - stage.top + height / 2, width };
  }));
  links = [];
  for (let layer = 1; layer < neurons.length; layer++) {
    places[layer - 1].forEach((from, source) => places[layer].forEach((to, index) => {
      links.push({ layer, source, to: index, from: [from.x + from.width, from.y], end: [to.x, to.y], weight: 0, gradient: 0, heat: 0, dead: 0 });
    }));
  }
}

// A frame's weights and sensitivities into the links. False if the frame is of another network. The heat is of the loss,
// or, if the cursor is on the plane, of the answer there.
export function updateLinks({ weights, gradients, dead, probe }, heat) {
  if (weights.values.length !== links.length) return false;
  const here = probe && heat ? probe.link_sensitivities.flat(2) : gradients.values;
  hottest = 0;
  links.forEach((link, i) => {
    link.weight = weights.values[i];
    link.gradient = gradients.values[i];
    link.heat = here[i];
    link.dead = dead.values[i];
    if (Number.isFinite(link.heat)) hottest = Math.max(hottest, Math.abs(link.heat));
  });
  return true;
}

const width = (weight) => (Number.isFinite(weight) ? 0.7 + Math.min(Math.abs(weight), 5) * 1.7 : 10);

function trace(context, { from: [x, y], end: [u, v] }) {
  const bend = (u - x) / 2;
  context.moveTo(x, y);
  context.bezierCurveTo(x + bend, y, u - bend, v, u, v);
}

export function drawLinks(options = {}) {
  shown = { ...shown, ...options };
  const { context } = sharp($("links"));
  const strength = (link) => (shown.heat ? Math.abs(link.heat) : Math.abs(link.weight));
  for (const link of [...links].sort((a, b) => strength(a) - strength(b))) {
    const hot = hottest > 0 ? Math.sqrt(Math.abs(link.heat || 0) / hottest) : 0;
    context.strokeStyle = shown.heat ? heatColour(hot) : valueColour(Math.sign(link.weight) * Math.max(0.14, Math.min(1, Math.abs(link.weight))));
    context.lineWidth = shown.heat ? 0.8 + hot * 5 : width(link.weight);
    context.globalAlpha = link.dead ? 0.35 : shown.heat ? 0.55 + 0.45 * hot : 0.9;
    context.setLineDash(link.dead ? [2, 4] : []);
    context.beginPath();
    trace(context, link);
    context.stroke();
  }
  context.globalAlpha = 1;
  context.setLineDash([]);
  const marked = shown.chosen && links.find((link) => ["layer", "source", "to"].every((part) => link[part] === shown.chosen[part]));
  if (marked) {
    for (const [colour, extra] of [[variable("--ink"), 4], [valueColour(marked.weight), 0]]) {
      context.strokeStyle = colour;
      context.lineWidth = width(marked.weight) + extra;
      context.beginPath();
      trace(context, marked);
      context.stroke();
    }
  }
}

// The link that passes within `reach` pixels of a point of the stage, or null.
export function linkAt(px, py, reach) {
  let best = null, least = reach;
  for (const link of links) {
    const { from: [x, y], end: [u, v] } = link, bend = (u - x) / 2;
    if (px < x - reach || px > u + reach || py < Math.min(y, v) - reach || py > Math.max(y, v) + reach) continue;
    let [ax, ay] = [x, y];
    for (let i = 1; i <= POINTS; i++) {
      const t = i / POINTS, s = 1 - t;
      const bx = s * s * s * x + 3 * s * s * t * (x + bend) + 3 * s * t * t * (u - bend) + t * t * t * u;
      const by = (s * s * s + 3 * s * s * t) * y + (3 * s * t * t + t * t * t) * v;
      const along = Math.max(0, Math.min(1, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2 || 1)));
      const away = Math.hypot(px - ax - along * (bx - ax), py - ay - along * (by - ay)) - width(link.weight) / 2;
      if (away < least) { least = away; best = link; }
      [ax, ay] = [bx, by];
    }
  }
  return best;
}
