// The two curves of the loss: on the training points and on the test points, epoch by epoch.

import { $, number, sharp } from "./dom.js";
import { variable } from "./colours.js";

let logarithmic = false;
let last;

// history: {shape: [n, 3], values}: epoch, training loss, test loss.
export function drawCurves(history = last) {
  last = history;
  const { context, width, height } = sharp($("curves"));
  if (!history || !width) return;
  const { values } = history, count = history.shape[0];
  const from = 34, foot = height - 15;
  const [ink, border, train, test] = ["--grey", "--border", "--train", "--test"].map(variable);
  const finite = (i) => Number.isFinite(values[i]);
  let low = Infinity, high = 1e-12;
  for (let i = 0; i < values.length; i++) {
    if (i % 3 === 0 || !finite(i)) continue;
    high = Math.max(high, values[i]);
    if (values[i] > 0) low = Math.min(low, values[i]);
  }
  low = Math.max(Math.min(low, high), high * 1e-9);
  const base = Math.log10(low), decades = Math.max(0.5, Math.log10(high) - base);
  const y = (loss) => {
    const part = logarithmic ? (Math.log10(Math.max(loss, low)) - base) / decades : loss / high;
    return foot - Math.max(0, Math.min(1, part)) * (foot - 6);
  };
  const end = Math.max(1, values[(count - 1) * 3]);
  const x = (epoch) => from + (epoch / end) * (width - from - 6);
  context.font = "10px system-ui, sans-serif";
  context.fillStyle = ink;
  context.strokeStyle = border;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(from, 4); context.lineTo(from, foot + 0.5); context.lineTo(width - 4, foot + 0.5);
  context.stroke();
  context.textAlign = "right";
  context.fillText(number(high, high < 0.1 ? 3 : 2), from - 4, 12);
  context.fillText(logarithmic ? number(low, 3) : "0", from - 4, foot);
  context.fillText(`epoch ${Math.round(values[(count - 1) * 3]).toLocaleString("en")}`, width - 4, height - 3);
  context.textAlign = "left";
  context.fillText(logarithmic ? "loss, log scale" : "loss", from + 2, height - 3);
  context.lineWidth = 1.8;
  context.lineJoin = "round";
  for (const [column, colour] of [[2, test], [1, train]]) {
    context.strokeStyle = colour;
    context.beginPath();
    for (let i = 0, down = false; i < count; i++) {
      if (!finite(i * 3 + column)) { down = false; continue; }
      context[down ? "lineTo" : "moveTo"](x(values[i * 3]), y(values[i * 3 + column]));
      down = true;
    }
    context.stroke();
    if (count === 1) {
      context.beginPath();
      context.arc(x(0) + 1, y(values[column]), 2, 0, 7);
      context.stroke();
    }
  }
}

$("curves").addEventListener("click", () => { logarithmic = !logarithmic; drawCurves(); });
$("curves").title = "Click for a logarithmic scale, and back";
