// Values as pixels: ink, heat from none to most, for and against. Some are see-through where there is nothing.

import { isDark, mix, rgb, variable } from "/colours.js";

const HEAT = { light: ["#f7d9b0", "#f2b134", "#d7301f", "#7a0a2b"], dark: ["#5b2130", "#a3243b", "#f2762e", "#ffe28a"] };

function heatOf(share) {
  const colours = HEAT[isDark() ? "dark" : "light"], at = share * 3, lower = Math.min(2, Math.floor(at));
  return mix(rgb(colours[lower]), rgb(colours[lower + 1]), at - lower);
}

// A canvas of width x height whose pixel i is [r, g, b, alpha] = shade(i).
export function painted(canvas, width, height, shade) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) image.data.set(shade(i), 4 * i);
  context.putImageData(image, 0, 0);
  return canvas;
}

const table = (shade) => Array.from({ length: 256 }, (_, i) => shade(i));
const solid = (colour) => [...colour, 255];

// The four shades in today's theme: tables of 256 pixels.
export function shades() {
  const [board, ink, pro, contra] = ["--board", "--ink-drawn", "--for", "--against"].map((name) => rgb(variable(name)));
  const middle = rgb(variable("--middle"));
  return {
    ink: table((i) => solid(mix(board, ink, i / 255))),
    heat: table((i) => [...heatOf(i / 255), 255 * Math.min(1, (i / 255) ** 0.6 * 1.15)]),
    sides: table((i) => [...(i < 128 ? contra : pro), 230 * Math.min(1, Math.abs(i - 128) / 127) ** 0.8]),
    value: table((i) => solid(i ? mix(mix(board, heatOf(0), 0.35), heatOf(i / 255), 1) : middle)),
    part: table((i) => solid(mix(middle, i < 128 ? contra : pro, Math.min(1, Math.abs(i - 128) / 127) ** 0.6))),
  };
}
