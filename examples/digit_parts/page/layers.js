// Each layer as a picture: neurons as a field of cells, a convolution's filters as maps side by side.

import { element } from "/dom.js";
import { painted } from "./shades.js";

const GAP = 1;
let shown = "";
let panels = [];

// frame: as the server sent it; parts: for and against instead of the activations; shades: of today's theme.
export function showLayers(box, frame, parts, shades) {
  const layout = JSON.stringify(frame.layers);
  if (layout !== shown) {
    shown = layout;
    panels = frame.layers.map(([name, shape], i) => {
      const canvas = element("canvas", { role: "img" });
      const many = shape.length === 1 ? `${shape[0]} neurons` : `${shape[2]} maps of ${shape[0]} × ${shape[1]}`;
      const strongest = element("span");
      box.append(element("div", { className: "layer" }, element("h3", {}, `${i + 1}. ${many}`, strongest), canvas));
      return { canvas, strongest, many, shape };
    });
    box.replaceChildren(...panels.map(({ canvas }) => canvas.parentElement));
  }
  panels.forEach((panel, i) => {
    const { values } = frame[`${parts ? "parts" : "values"}${i}`];
    const table = parts ? shades.part : shades.value;
    const colour = parts ? (value) => table[128 + value] : (value) => table[value];
    panel.shape.length === 1 ? field(panel, values, colour) : maps(panel, values, colour);
    const active = frame[`values${i}`].values.reduce((count, value) => count + (value > 0), 0);
    panel.strongest.textContent = `${Math.round((100 * active) / values.length)} % active`;
    panel.canvas.setAttribute("aria-label", `Layer ${i + 1}: ${panel.many}, ${panel.strongest.textContent}`);
  });
}

// No layers to show, but these words.
export function noLayers(box, words) {
  shown = "";
  box.replaceChildren(element("p", { className: "empty" }, words));
}

const CLEAR = [0, 0, 0, 0];

function field({ canvas, shape: [count] }, values, colour) {
  const columns = count > 64 ? 32 : 16, rows = Math.ceil(count / columns), cell = 8;
  painted(canvas, columns * cell, rows * cell, (i) => {
    const x = i % (columns * cell), y = Math.floor(i / (columns * cell));
    if (x % cell === cell - 1 || y % cell === cell - 1) return CLEAR;
    const neuron = Math.floor(y / cell) * columns + Math.floor(x / cell);
    return neuron < count ? colour(values[neuron]) : CLEAR;
  });
}

function maps({ canvas, shape: [height, width, filters] }, values, colour) {
  const columns = filters > 32 ? 16 : Math.min(filters, 8), rows = Math.ceil(filters / columns);
  const wide = width + GAP, tall = height + GAP, across = columns * wide - GAP;
  painted(canvas, across, rows * tall - GAP, (i) => {
    const x = i % across, y = Math.floor(i / across), column = x % wide, row = y % tall;
    if (column === width || row === height) return CLEAR;
    const filter = Math.floor(y / tall) * columns + Math.floor(x / wide);
    return filter < filters ? colour(values[(row * width + column) * filters + filter]) : CLEAR;
  });
}
