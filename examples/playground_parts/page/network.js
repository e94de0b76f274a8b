// The network on the page: columns of neurons with their maps. Which neuron is where, for whoever draws or asks.

import { $, element } from "./dom.js";
import { paintMap, valueColour } from "./colours.js";

const FEATURES = {
  x: ["X", "1"], y: ["X", "2"], xSquared: ["X", "1", "2"], ySquared: ["X", "2", "2"], xTimesY: ["X", "1", "", "X", "2"],
  sinX: ["sin X", "1"], sinY: ["sin X", "2"],
};
export const ACTIVATIONS = {
  relu: "ReLU", tanh: "Tanh", sigmoid: "Sigmoid", linear: "Linear", leaky_relu: "Leaky ReLU", elu: "ELU", gelu: "GELU",
  silu: "SiLU", softplus: "Softplus",
};
const MOST = { layers: 6, neurons: 8 };

// neurons[layer][i]: {layer, index, map (which of a frame's), name, box, button, canvas, bias, value}; layer 0: chosen features only.
export let neurons = [];
let actions;

// What the neurons do when they are used: {change(changes), reshape(hidden), look(neuron or null), choose(neuron)}.
export function connectNetwork(given) { actions = given; }

function featureLabel(name) {
  const [base, sub, sup, base2, sub2] = FEATURES[name];
  const label = element("span", {}, base, element("sub", {}, sub));
  if (sup) label.append(element("sup", {}, sup));
  if (base2) label.append(base2, element("sub", {}, sub2));
  return label;
}

const plainFeature = (name) => ({ xSquared: "X1 squared", ySquared: "X2 squared", xTimesY: "X1 times X2", sinX: "sin X1", sinY: "sin X2", x: "X1", y: "X2" })[name];

function neuron(layer, index, name, label, properties = {}) {
  const canvas = element("canvas", { width: 10, height: 10 });
  const bias = layer > 0 ? element("i", { className: "bias" }) : null;
  const value = element("span", { className: "value", hidden: true });
  const button = element("button", { type: "button", "aria-label": name, ...properties }, canvas, bias, value);
  const box = element("div", { className: "neuron" }, layer === 0 ? label : null, button, layer > 0 ? label : null);
  const made = { layer, index, name, box, button, canvas, bias, value, map: -1 };
  button.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && actions.look(made));
  button.addEventListener("pointerleave", () => actions.look(null));
  button.addEventListener("focus", () => button.matches(":focus-visible") && actions.look(made));
  button.addEventListener("blur", () => actions.look(null));
  return made;
}

function inputs(state, catalog) {
  const hidden = state.settings.hidden_controls;
  const column = element("div", { className: "column", role: "group", "aria-label": "Inputs" },
    element("div", { className: "head" }, "inputs"));
  const chosen = [];
  catalog.features.forEach((name, feature) => {
    const on = state.settings.features.includes(name);
    if (hidden.includes(name)) return;
    const made = neuron(0, on ? chosen.length : -1, plainFeature(name), featureLabel(name),
      { "aria-pressed": String(on), title: on ? "Click to leave this input out" : "Click to use this input" });
    made.feature = feature;
    made.box.classList.toggle("off", !on);
    made.button.addEventListener("click", () => actions.change({ [name]: String(!on) }));
    paintMap(made.canvas, catalog.featureMaps[feature], Math.sqrt(catalog.featureMaps[feature].length));
    if (on) chosen.push(made);
    column.append(made.box);
  });
  return [column, chosen];
}

function hiddenLayer(state, layer, catalog) {
  const { hidden, hidden_activations: functions } = state.settings;
  const count = hidden[layer - 1];
  const shape = (change) => hidden.map((size, i) => size + (i === layer - 1 ? change : 0));
  const select = element("select", { "aria-label": `Activation of layer ${layer}`, title: "What a neuron of this layer makes of its sum", hide: "activation" },
    ...catalog.choices.activation.map((name) => element("option", { value: name, selected: name === functions[layer - 1] }, ACTIVATIONS[name] ?? name)));
  select.addEventListener("change", () => actions.change({ activations: functions.map((name, i) => (i === layer - 1 ? select.value : name)).join(",") }));
  const grow = (change, sign, label) => element("button", {
    type: "button", "aria-label": `${label} layer ${layer}`, disabled: count + change < 1 || count + change > MOST.neurons,
    onclick: () => actions.reshape(shape(change)),
  }, sign);
  const head = element("div", { className: "head" },
    element("span", {}, String(count), element("span", { className: "word" }, ` neuron${count === 1 ? "" : "s"}`)),
    element("span", { className: "pair", hide: "numHiddenLayers" }, grow(-1, "−", "Remove a neuron from"), grow(1, "+", "Add a neuron to")), select);
  const column = element("div", { className: "column", role: "group", "aria-label": `Hidden layer ${layer}` }, head);
  const made = Array.from({ length: count }, (_, i) => neuron(layer, i, `neuron ${i + 1} of layer ${layer}`, null, { title: "Click for its numbers" }));
  column.append(...made.map(({ box }) => box));
  return [column, made];
}

function outputs(state, layer) {
  const names = state.names.at(-1);
  const many = names.length > 1;
  const column = element("div", { className: "column", role: "group", "aria-label": "Output" },
    element("div", { className: "head" }, many ? "outputs" : "output"));
  const made = names.map((name, i) => neuron(layer, i, many ? `output ${name}` : "the output",
    many ? element("span", { className: "name", title: name }, name) : null, { title: "Click for its numbers" }));
  column.append(...made.map(({ box }) => box));
  return [column, made];
}

// Builds the columns anew. The focus stays on the control of the same name.
export function buildNetwork(state, catalog) {
  const focus = $("columns").contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  const depth = state.settings.hidden.length;
  const columns = [inputs(state, catalog)];
  for (let layer = 1; layer <= depth; layer++) columns.push(hiddenLayer(state, layer, catalog));
  columns.push(outputs(state, depth + 1));
  neurons = columns.map(([, made]) => made);
  neurons.flat().forEach((made, i) => {
    made.map = i;
    if (made.layer > 0) made.button.addEventListener("click", () => actions.choose(made));
  });
  $("columns").replaceChildren(...columns.map(([column]) => column));
  $("layers").textContent = `${depth} hidden layer${depth === 1 ? "" : "s"}`;
  $("fewer-layers").disabled = depth === 0;
  $("more-layers").disabled = depth === MOST.layers;
  fit();
  if (focus) [...$("columns").querySelectorAll("[aria-label]")].find((found) => found.getAttribute("aria-label") === focus)?.focus();
}

// Neurons as large as there is room for them.
export function fit() {
  const width = $("stage").clientWidth, count = neurons.length;
  const size = Math.max(22, Math.min(44, (width - 40) / (count * (width < 500 ? 1.5 : 1.9))));
  $("columns").classList.toggle("tight", width / count < 84);
  $("columns").style.setProperty("--size", `${Math.round(size)}px`);
}

// A frame's maps into the neurons, and the colour of each bias.
export function paintNeurons(maps, biases) {
  const size = maps?.shape[1];
  let at = 0;
  for (const made of neurons.flat()) {
    if (maps) paintMap(made.canvas, mapOf(maps, made.map), size, classOf(made));
    if (made.bias) made.bias.style.background = valueColour(biases.values[at++]);
  }
}

// One neuron's map, of a frame's maps.
export const mapOf = ({ shape: [, size], values }, index) => values.subarray(index * size * size, (index + 1) * size * size);

function badge(value) {
  if (value === null) return "?";
  const size = Math.abs(value);
  return (size && size < 0.0005 ? value.toExponential(0) : value.toFixed(size && size < 0.095 ? 3 : 2)).replace(/-/g, "−");
}

// The class that an output stands for, where there are several; else null.
export const classOf = ({ layer, index }) => (layer === neurons.length - 1 && neurons[layer].length > 1 ? index : null);

// The neurons' values at the cursor, or how strongly the output answers to each, or none.
export function showValues(probe, sensitivities) {
  const shown = probe && (sensitivities ? probe.sensitivities : probe.neurons);
  neurons.forEach((layer, l) => layer.forEach((made, i) => {
    made.value.hidden = !shown;
    made.value.classList.toggle("hot", sensitivities);
    if (shown) made.value.textContent = badge(shown[l][i]);
  }));
}
