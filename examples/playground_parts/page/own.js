// Your own data: drawn with the mouse, pasted, or from a file.

import { $, closeDialog, dialog, element, sharp } from "./dom.js";
import { classColour, valueColour, variable } from "./colours.js";

const EDGE = 6, MOST = 5000, LONGEST = 900_000;
let points = [];  // drawn: [x1, x2, class or value]
let brush = 0;

// send(message): a promise that is rejected with what is wrong with the data.
export function openOwnData(state, send) {
  const { problem } = state.settings;
  const error = element("p", { className: "error", role: "alert" });
  const use = async (message) => {
    error.textContent = "";
    try {
      await send({ problem, ...message });
      closeDialog();
    } catch (wrong) {
      error.textContent = wrong.message;
    }
  };
  const panels = { draw: drawing(problem, use), paste: pasting(problem, use) };
  const body = element("div");
  const pick = (name) => {
    body.replaceChildren(panels[name].panel);
    for (const button of choice.children) button.setAttribute("aria-checked", String(button.value === name));
    panels[name].shown?.();
  };
  const choice = element("div", { className: "segments", role: "radiogroup", "aria-label": "How" },
    element("button", { role: "radio", value: "draw", onclick: () => pick("draw") }, "Draw points"),
    element("button", { role: "radio", value: "paste", onclick: () => pick("paste") }, "Paste or upload"));
  dialog(problem === "classification" ? "Your own data, in classes" : "Your own data, with values", choice, body, error);
  pick("draw");
}

function drawing(problem, use) {
  const classes = problem === "classification";
  points = points.filter(([, , label]) => classes === (typeof label === "string"));
  brush = 0;
  const names = ["A", "B", "C", "D", "E", "F"];
  const canvas = element("canvas", { tabIndex: 0, "aria-label": "Plane to draw points on: click, drag, or press Enter at random places", id: "drawing" });
  const count = element("span", { className: "hint" });
  const colour = (label) => (classes ? (used() > 2 ? classColour(names.indexOf(label)) : valueColour(label === "A" ? -1 : 1)) : valueColour(label));
  const used = () => Math.max(2, ...points.map(([, , label]) => names.indexOf(label) + 1), classes ? brush + 1 : 0);
  const paint = () => {
    const { context, width, height } = sharp(canvas);
    context.strokeStyle = variable("--border");
    context.beginPath();
    context.moveTo(width / 2, 0); context.lineTo(width / 2, height);
    context.moveTo(0, height / 2); context.lineTo(width, height / 2);
    context.stroke();
    for (const [x, y, label] of points) {
      context.fillStyle = colour(label);
      context.strokeStyle = variable("--panel");
      context.beginPath();
      context.arc(((x + EDGE) / (2 * EDGE)) * width, ((EDGE - y) / (2 * EDGE)) * height, 4.2, 0, 6.3);
      context.fill();
      context.stroke();
    }
    count.textContent = `${points.length} point${points.length === 1 ? "" : "s"}`;
  };
  const put = (px, py) => {
    if (points.length >= MOST) return;
    const round = (value) => Math.round(Math.max(-EDGE, Math.min(EDGE, value)) * 1000) / 1000;
    points.push([round((px / canvas.clientWidth) * 2 * EDGE - EDGE), round(EDGE - (py / canvas.clientHeight) * 2 * EDGE), classes ? names[brush] : brush]);
    paint();
  };
  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = [event.offsetX, event.offsetY];
    put(...last);
  });
  canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
    if (!last || Math.hypot(offsetX - last[0], offsetY - last[1]) < 12) return;
    last = [offsetX, offsetY];
    put(offsetX + (Math.random() - 0.5) * 14, offsetY + (Math.random() - 0.5) * 14);
  });
  canvas.addEventListener("pointerup", () => { last = null; });
  canvas.addEventListener("keydown", ({ key }) => key === "Enter" && put(Math.random() * canvas.clientWidth, Math.random() * canvas.clientHeight));
  const swatches = classes ? names.map((name, i) => {
    const dot = element("i");
    return element("button", { type: "button", role: "radio", "aria-checked": String(i === brush), onclick: () => choose(i) }, dot, name);
  }) : [];
  const choose = (index) => {
    brush = index;
    swatches.forEach((button, i) => button.setAttribute("aria-checked", String(i === index)));
    colours();
    paint();
  };
  const colours = () => swatches.forEach((button, i) => { button.firstChild.style.background = used() > 2 || i > 1 ? classColour(i) : valueColour(i ? 1 : -1); });
  const slider = element("input", { type: "range", min: -1, max: 1, step: 0.1, value: 0, "aria-label": "Value" });
  const told = element("b", {}, "0");
  slider.addEventListener("input", () => { brush = Number(slider.value); told.textContent = slider.value; });
  const tools = element("div", {},
    element("p", {}, classes ? "Pick a class, then click or drag on the plane. Two classes or more." : "Pick a value, then click or drag on the plane."),
    classes ? element("div", { className: "swatches", role: "radiogroup", "aria-label": "Class" }, ...swatches) : element("label", { className: "field" }, element("span", {}, "Value", told), slider),
    element("p", {}, count),
    element("div", { className: "row" }, element("button", { className: "main", id: "use-drawn", onclick: () => use({ data: points }) }, "Learn these"),
      element("button", { onclick: () => { points.pop(); paint(); } }, "Undo"), element("button", { onclick: () => { points = []; paint(); } }, "Clear")));
  return { panel: element("div", { className: "draw" }, canvas, tools), shown: () => { colours(); paint(); } };
}

function pasting(problem, use) {
  const text = element("textarea", { id: "pasted", rows: 10, maxLength: LONGEST, spellcheck: false, "aria-label": "The data",
    placeholder: problem === "classification" ? "width,height,kind\n1.2,0.4,apple\n3.1,2.2,pear" : "width,height,price\n1.2,0.4,0.8\n3.1,2.2,1.9" });
  const file = element("input", { type: "file", id: "upload", accept: ".csv,.tsv,.txt,text/csv,text/plain", "aria-label": "A file" });
  const columns = { x1: "x₁ is column", x2: "x₂ is column", target: problem === "classification" ? "the class is column" : "the value is column" };
  const fields = Object.entries(columns).map(([name, label]) => {
    const input = element("input", { type: "text", name, placeholder: "by itself", maxLength: 100 });
    return element("label", { className: "field" }, element("span", {}, label), input);
  });
  const failed = element("p", { className: "error", role: "alert" });
  file.addEventListener("change", async () => {
    failed.textContent = "";
    const chosen = file.files[0];
    if (!chosen) return;
    if (chosen.size > LONGEST) failed.textContent = `The file has ${chosen.size.toLocaleString("en")} bytes, at most ${LONGEST.toLocaleString("en")} can be taken.`;
    else text.value = await chosen.text();
  });
  const send = () => use({ data: text.value, ...Object.fromEntries(fields.map((label) => label.querySelector("input"))
    .filter(({ value }) => value.trim()).map(({ name, value }) => [name, /^\d+$/.test(value.trim()) ? Number(value) : value.trim()])) });
  return {
    panel: element("div", {},
      element("p", { className: "hint" }, "Rows of numbers with commas, semicolons or tabs, with a line of names or without: two numbers and a ",
        problem === "classification" ? "class (2 to 6 of them)." : "value.", " It stays on this machine."),
      text, failed, element("div", { className: "row" }, file), element("div", { className: "row" }, ...fields),
      element("div", { className: "row" }, element("button", { className: "main", id: "use-pasted", onclick: send }, "Learn these"))),
  };
}
