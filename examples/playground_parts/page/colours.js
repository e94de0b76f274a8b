// One scale for values: negative, nothing, positive. One for heat. One colour for each class. In light and in dark.

const CLASSES = {
  light: ["#e8710a", "#1468b8", "#2a8f4f", "#8e44ad", "#d0315f", "#0b8f9c"],
  dark: ["#ff9d45", "#57aef5", "#5cc98a", "#c58ae6", "#ff7b9d", "#4cd0dc"],
};
const HEAT = { light: ["#c9d1da", "#f2b134", "#d7301f", "#7a0a2b"], dark: ["#3a4653", "#a3243b", "#f2762e", "#ffe28a"] };
let theme = "light";
let scale, pixels, heats, classes, shades;

export const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
export const mix = (a, b, t) => a.map((part, i) => Math.round(part + (b[i] - part) * t));
const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
const word = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;  // a pixel, as ImageData has it in memory

const variables = new Map();

// A colour of base.css, by its name there.
export function variable(name) {
  if (!variables.has(name)) variables.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return variables.get(name);
}

// Takes up the theme's colours; `dark` or not.
export function setColours(dark) {
  theme = dark ? "dark" : "light";
  document.documentElement.dataset.theme = theme;
  variables.clear();
  const [negative, middle, positive] = ["--negative", "--middle", "--positive"].map((name) => rgb(variable(name)));
  scale = Array.from({ length: 256 }, (_, i) => {
    const value = Math.max(-1, (i - 128) / 127);
    return mix(middle, value < 0 ? negative : positive, Math.abs(value) ** 0.8);
  });
  pixels = Uint32Array.from(scale, (colour) => word(mix(colour, middle, 0.22)));  // points stand out from it
  heats = Array.from({ length: 64 }, (_, i) => {
    const at = (i / 63) * 3, lower = Math.min(2, Math.floor(at));
    return css(mix(rgb(HEAT[theme][lower]), rgb(HEAT[theme][lower + 1]), at - lower));
  });
  classes = CLASSES[theme].map(rgb);
  shades = classes.map((colour) => Uint32Array.from({ length: 256 }, (_, i) => word(mix(middle, colour, 0.78 * Math.max(0, (i - 128) / 127)))));
}

const clamp = (value) => Math.max(-1, Math.min(1, value || 0));  // what is no number is nothing
// The colour of a value between -1 and 1.
export const valueColour = (value) => css(scale[128 + Math.round(clamp(value) * 127)]);
// The colour of a heat between 0 and 1.
export const heatColour = (heat) => heats[Math.round(Math.max(0, Math.min(1, heat)) * 63)];
export const classColour = (index) => css(classes[index % classes.length]);
export const isDark = () => theme === "dark";

// Fills a canvas with one map of values from -127 to 127: a pixel for each. Of a class: in its colour.
export function paintMap(canvas, values, size, ofClass = null) {
  const palette = ofClass === null ? pixels : shades[ofClass % shades.length];
  if (canvas.width !== size) canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  const image = context.createImageData(size, size);
  const target = new Uint32Array(image.data.buffer);
  for (let i = 0; i < target.length; i++) target[i] = palette[values[i] + 128];
  context.putImageData(image, 0, 0);
}

// A map made larger: between its values they are taken to be linear.
function enlarged(values, size, larger) {
  const out = new Float32Array(larger * larger);
  const step = (size - 1) / (larger - 1);
  for (let row = 0; row < larger; row++) {
    const y = row * step, top = Math.min(size - 2, Math.floor(y)), v = y - top;
    for (let column = 0; column < larger; column++) {
      const x = column * step, left = Math.min(size - 2, Math.floor(x)), u = x - left, at = top * size + left;
      out[row * larger + column] = (values[at] * (1 - u) + values[at + 1] * u) * (1 - v)
        + (values[at + size] * (1 - u) + values[at + size + 1] * u) * v;
    }
  }
  return out;
}

// Fills a canvas with what several maps say together: one is a scale of values (or a class), more are one a class.
export function paintPlane(canvas, maps, size, larger, discrete, ofClass = null) {
  if (canvas.width !== larger) canvas.width = canvas.height = larger;
  const context = canvas.getContext("2d");
  const image = context.createImageData(larger, larger);
  const target = new Uint32Array(image.data.buffer);
  const big = maps.map((map) => enlarged(map, size, larger));
  if (big.length === 1) {
    const palette = ofClass === null ? pixels : shades[ofClass % shades.length];
    for (let i = 0; i < target.length; i++) {
      const value = discrete ? (big[0][i] >= 0 ? 127 : -127) : Math.round(big[0][i]);
      target[i] = palette[128 + value];
    }
  } else {
    for (let i = 0; i < target.length; i++) {
      let best = 0, first = -Infinity, second = -Infinity;
      for (let k = 0; k < big.length; k++) {
        const value = big[k][i];
        if (value > first) { second = first; first = value; best = k; } else if (value > second) second = value;
      }
      const sure = discrete ? 1 : Math.min(1, 0.12 + (first - second) / 110);
      target[i] = shades[best][128 + Math.round(sure * 127)];
    }
  }
  context.putImageData(image, 0, 0);
}
