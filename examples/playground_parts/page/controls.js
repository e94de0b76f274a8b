// The menus and sliders: each shows one entry of the query, and asks for another.

import { valueColour } from "./colours.js";
import { $, element, sharp } from "./dom.js";
import { ACTIVATIONS } from "./network.js";

const OPTIMIZERS = { sgd: "SGD", momentum: "Momentum", nesterov: "Nesterov", rmsprop: "RMSprop", adadelta: "Adadelta", adam: "Adam", adamw: "AdamW" };
const SETS = { circle: "Circle", xor: "Exclusive or", gauss: "Two hills", spiral: "Spiral", "reg-plane": "Plane", "reg-gauss": "Hills" };
const RATES = [0.00001, 0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const PENALTIES = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];

let change;
const fields = [];  // functions that show a state

function field(place, label, control, hide, told) {
  const box = element("label", { className: "field", hide }, element("span", {}, label, told), control);
  $(place).append(box);
  return box;
}

// A menu. options: [[value, text], …] or a function of the state that gives them.
function menu(place, label, name, read, options, { hide, when, also } = {}) {
  const select = element("select");
  const box = field(place, label, select, hide);
  select.addEventListener("change", () => change({ [name]: select.value, ...also?.(select.value) }));
  fields.push((state) => {
    const value = String(read(state.settings));
    const list = typeof options === "function" ? options(state) : options;
    const known = list.some(([other]) => String(other) === value) ? list : [...list, [value, value]];
    select.replaceChildren(...known.map(([other, text]) => element("option", { value: other, selected: String(other) === value }, text)));
    box.classList.toggle("unwanted", when !== undefined && !when(state.settings));
    box.hidden = box.classList.contains("unwanted") || box.classList.contains("taught");
  });
}

function slider(place, label, name, read, low, high, show = String, { hide, step = 1, when } = {}) {
  const input = element("input", { type: "range", min: low, max: high, step });
  const told = element("b");
  const box = field(place, label, input, hide, told);
  input.addEventListener("input", () => { told.textContent = show(Number(input.value)); });
  input.addEventListener("change", () => change({ [name]: input.value }));
  fields.push((state) => {
    if (Number(input.max) < read(state.settings)) input.max = read(state.settings);
    input.value = read(state.settings);
    told.textContent = show(Number(read(state.settings)));
    box.classList.toggle("unwanted", when !== undefined && !when(state.settings));
    box.hidden = box.classList.contains("unwanted") || box.classList.contains("taught");
  });
}

function text(place, label, name, read, title) {
  const input = element("input", { type: "text", inputMode: "decimal", placeholder: "never", title });
  field(place, label, input, "stop");
  input.addEventListener("keydown", (event) => event.stopPropagation());
  input.addEventListener("change", () => change({ [name]: input.value.trim().replace(",", ".") || "0" }));
  fields.push((state) => { input.value = read(state.settings) || ""; });
}

function check(place, label, name, read, hide) {
  const input = element("input", { type: "checkbox" });
  $(place).append(element("label", { hide }, input, label));
  input.addEventListener("change", () => change({ [name]: String(input.checked) }));
  fields.push((state) => { input.checked = read(state.settings); });
}

// Makes all of them. `ask(changes)` asks for a change; `own()` opens the user's own data.
export function buildControls(catalog, ask, own) {
  change = ask;
  const named = (names) => (names ?? []).map((name) => [name, OPTIMIZERS[name] ?? ACTIVATIONS[name] ?? name]);
  const classification = (settings) => settings.problem === "classification";
  const owned = (settings) => (classification(settings) ? settings.dataset : settings.regression_dataset) === "own";
  menu("settings", "Problem", "problem", (s) => s.problem, [["classification", "Classification"], ["regression", "Regression"]],
    { hide: "problem", also: (value) => (value === "regression" ? { loss: "squared" } : {}) });
  menu("settings", "Classes", "classes", (s) => s.classes, [2, 3, 4, 5, 6].map((n) => [n, n]), { hide: "classes", when: (s) => classification(s) && !owned(s) });
  menu("settings", "Optimizer", "optimizer", (s) => s.optimizer, named(catalog.choices.optimizer), { hide: "optimizer", also: (name) => ({ learningRate: String(catalog.rates[name]) }) });
  menu("settings", "Learning rate", "learningRate", (s) => s.learning_rate, RATES.map((rate) => [rate, rate]), { hide: "learningRate" });
  menu("settings", "Loss", "loss", (s) => s.loss, ({ settings }) => [["squared", "Squared"], ...(classification(settings) ? [["cross-entropy", "Cross-entropy"]] : [])], { hide: "loss" });
  menu("settings", "Activation", "activation", (s) => (new Set(s.hidden_activations).size > 1 ? "" : s.hidden_activations[0] ?? s.activation),
    ({ settings }) => [...(new Set(settings.hidden_activations).size > 1 ? [["", "mixed"]] : []), ...named(catalog.choices.activation)],
    { hide: "activation", also: () => ({ activations: "" }) });
  menu("settings", "Regularization", "regularization", (s) => s.regularization, [["none", "None"], ["L1", "L1"], ["L2", "L2"]], { hide: "regularization" });
  menu("settings", "its rate", "regularizationRate", (s) => s.regularization_rate, PENALTIES.map((rate) => [rate, rate]), { hide: "regularizationRate" });
  menu("settings", "Dropout", "dropout", (s) => s.dropout, [0, 0.1, 0.2, 0.3, 0.5].map((part) => [part, part ? `${part * 100} %` : "none"]), { hide: "dropout" });
  text("settings", "Stop at epoch", "stopEpoch", (s) => s.stop_epoch, "Learning pauses at this epoch");
  text("settings", "or at test loss", "stopLoss", (s) => s.stop_loss, "Learning pauses when the test loss is below this");

  slider("data-settings", "Training part", "percTrainData", (s) => s.train_percent, 10, 90, (v) => `${v} %`, { hide: "percTrainData", step: 10 });
  slider("data-settings", "Noise", "noise", (s) => s.noise, 0, 50, (v) => `${v} %`, { hide: "noise", step: 5, when: (s) => !owned(s) });
  slider("data-settings", "Batch size", "batchSize", (s) => s.batch_size, 1, 30, String, { hide: "batchSize" });
  check("output-settings", "Show test points", "showTestData", (s) => s.show_test_data, "showTestData");
  check("output-settings", "Discretize output", "discretize", (s) => s.discretize, "discretize");
  fields.push((state) => datasets(state, catalog, own));
}

function datasets({ settings }, catalog, own) {
  const name = settings.problem === "classification" ? "dataset" : "regDataset";
  const current = settings.problem === "classification" ? settings.dataset : settings.regression_dataset;
  const focus = $("datasets").contains(document.activeElement);
  const pick = (value) => element("button", {
    type: "button", role: "radio", "aria-checked": String(value === current), onclick: () => change({ [name]: value }), tabIndex: value === current ? 0 : -1,
  }, element("canvas", { width: 64, height: 64 }), SETS[value]);
  const all = Object.keys(catalog.thumbnails[settings.problem]).map(pick);
  const mine = element("button", { type: "button", className: "own", hide: "ownData", role: "radio", "aria-checked": String(current === "own"), onclick: own, tabIndex: current === "own" ? 0 : -1 },
    settings.own && current === "own" ? `Your ${settings.own.points} points` : "Your own data…");
  $("datasets").replaceChildren(...all, mine);
  paintThumbnails(catalog, { settings });
  if (focus) $("datasets").querySelector('[aria-checked="true"]').focus();
}

// The points of each data set, small.
export function paintThumbnails(catalog, { settings }) {
  const all = Object.values(catalog.thumbnails[settings.problem]);
  [...$("datasets").querySelectorAll("canvas")].forEach((canvas, i) => {
    const { context, width } = sharp(canvas);
    for (const [x, y, label] of all[i]) {
      context.fillStyle = valueColour(label);
      context.beginPath();
      context.arc(((x + 6.3) / 12.6) * width, ((6.3 - y) / 12.6) * width, 1.7, 0, 6.3);
      context.fill();
    }
  });
}

$("datasets").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  const all = [...$("datasets").children];
  all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
});

// Shows how things are set, and leaves out what a teacher hid.
export function showControls(state) {
  const hidden = state.settings.hidden_controls;
  for (const box of document.querySelectorAll("[data-hide]")) {
    box.classList.toggle("taught", hidden.includes(box.dataset.hide));
    box.hidden = box.classList.contains("taught");
  }
  fields.forEach((show) => show(state));
}

// The names of a teacher's controls, as the share dialog lists them.
export const HIDABLE = {
  playButton: "play", stepButton: "steps", resetButton: "start over", problem: "problem", dataset: "data set", percTrainData: "training part",
  noise: "noise", batchSize: "batch size", learningRate: "learning rate", activation: "activations", regularization: "regularization",
  regularizationRate: "its rate", numHiddenLayers: "hidden layers", showTestData: "show test points", discretize: "discretize output",
  classes: "classes", optimizer: "optimizer", loss: "loss", dropout: "dropout", stop: "when to stop", backButton: "step back", ownData: "own data",
  explain: "explanations", program: "Python",
};
