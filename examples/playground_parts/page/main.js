// The page's middle: what the server says goes to whoever shows it, what the user does goes to the server.

import { $, element, notice, number } from "./dom.js";
import { classColour, heatColour, isDark, setColours, variable } from "./colours.js";
import { chooseNeuron, connectCard, closeCard, lookAtNeuron, settle, updateCard } from "./card.js";
import { Connection } from "./connection.js";
import { buildControls, paintThumbnails, showControls } from "./controls.js";
import { drawCurves } from "./curves.js";
import { drawLinks, hottest, updateLinks } from "./links.js";
import { buildNetwork, classOf, connectNetwork, fit, mapOf, neurons, paintNeurons, showValues } from "./network.js";
import { drawPlane, onCursor } from "./plane.js";
import { showProgram, showShare, showStory } from "./dialogs.js";
import { openOwnData } from "./own.js";

let state = null;  // how things are set: {query, settings, sizes, names, counts}
let catalog = null;
let frame = null;
let kept = {};  // maps and points, which not every frame brings
let looked = null;  // the neuron under the cursor
let heat = false;  // whether the links show sensitivities

// From the server.

function show(answer) {
  if (!answer?.settings) return;
  const before = state;
  state = answer;
  const rebuild = ["hidden", "features", "hidden_activations", "hidden_controls"].some((name) => JSON.stringify(before?.settings[name]) !== JSON.stringify(state.settings[name]))
    || JSON.stringify(before?.names) !== JSON.stringify(state.names);
  if (rebuild) {
    looked = null;
    buildNetwork(state, catalog);
    settle();
  }
  showControls(state);
  const hash = `#${state.query}`;
  if (location.hash !== hash) history[before && location.hash ? "pushState" : "replaceState"](null, "", hash);
  legend();
  paint();
}

function arrived(next) {
  frame = next;
  for (const name of ["maps", "trainPoints", "testPoints"]) if (frame[name]) kept[name] = frame[name];
  document.documentElement.dataset.frames = Number(document.documentElement.dataset.frames ?? 0) + 1;
  $("play").setAttribute("aria-pressed", String(frame.playing));
  $("play").setAttribute("aria-label", frame.playing ? "Pause" : "Play");
  if (frame.stopped && frame.stopped !== arrived.said) notice(`Paused: ${frame.stopped}`, { bad: Number.isNaN(frame.train ?? NaN) });
  arrived.said = frame.stopped;
  paint();
}

// On the page.

function paint() {
  if (!frame || !state || JSON.stringify(frame.sizes) !== JSON.stringify(state.sizes) || !updateLinks(frame, heat)) return;
  paintNeurons(frame.maps, frame.biases);  // the canvases first: reading their sizes after a change of text costs a layout
  drawLinks({ heat });
  drawCurves(frame.history);
  plane();
  const { epoch, position, train, test, accuracy } = frame;
  $("epoch").textContent = epoch.toLocaleString("en");
  $("batch").textContent = position ? `+ ${position} of ${state.counts[0]} points` : `of ${state.counts[0]} points`;
  $("train-loss").textContent = number(train);
  $("test-loss").textContent = number(test);
  $("losses").querySelector(".accuracy").hidden = !accuracy;
  if (accuracy) $("accuracy").textContent = `${Math.floor(accuracy[1] * 1000) / 10} %`;
  showValues(frame.probe, heat);
  updateCard(frame);
  if (heat) {
    $("key").firstChild.textContent = `how strongly ${frame.probe ? `${answering()} at the cursor` : `the loss of the ${frame.updates ? "last" : "first"} batch`} answers to each weight: 0`;
    $("key").lastChild.textContent = number(hottest, 4);
  }
  read();
}

function plane() {
  const { maps } = kept;
  if (!maps) return;
  const { settings } = state;
  const outputs = neurons.at(-1);
  const shown = looked ? [looked] : outputs;
  drawPlane({
    maps: shown.map((made) => (made.map < 0 ? Int8Array.from(catalog.featureMaps[made.feature]) : mapOf(maps, made.map))),
    size: looked?.map < 0 ? Math.sqrt(catalog.featureMaps[0].length) : maps.shape[1],
    ofClass: looked ? classOf(looked) : null,
    discrete: settings.discretize && (!looked || looked.layer === outputs[0].layer),
    train: kept.trainPoints, test: settings.show_test_data ? kept.testPoints : null,
    classes: Math.max(2, outputs.length), axes: owned()?.axes,
  });
  $("shown").textContent = looked ? `what ${looked.name} says` : "";
}

const owned = () => {
  const { settings } = state;
  return (settings.problem === "classification" ? settings.dataset : settings.regression_dataset) === "own" ? settings.own : null;
};

// What the output is called whose sensitivities the cursor shows.
function answering() {
  const names = state.names.at(-1);
  return names.length > 1 ? `“${names[frame.probe.of]}”` : "the answer";
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

function read() {
  const { probe } = frame;
  if (!probe) {
    $("reading").textContent = "Move over the plane: every neuron shows its value there.";
    return;
  }
  const axes = owned()?.axes;
  const place = probe.at.map((value, i) => (axes ? axes[i].low + ((value + 1) / 2) * (axes[i].high - axes[i].low) : value));
  const names = state.names.at(-1);
  const outputs = [probe.output].flat();
  const strongest = probe.sensitivities.slice(1, -1).flatMap((layer, l) => layer.map((value, i) => [Math.abs(value), value, neurons[l + 1]?.[i]?.name]))
    .sort((a, b) => b[0] - a[0])[0];
  $("reading").replaceChildren("At ", element("b", {}, place.map((value) => number(value, 2)).join(", ")), " it answers ",
    element("b", {}, outputs.length === 1 ? number(outputs[0]) : outputs.map((value, i) => `${names[i]} ${value === null ? "?" : value.toFixed(2)}`).join(", ")), ". ",
    ...(strongest ? [`${capital(answering())} depends most on ${strongest[2]}: sensitivity `, element("b", {}, number(strongest[1])), "."] : []));
}

function legend() {
  const swatch = (background, height, text) => {
    const mark = element("i");
    Object.assign(mark.style, { background, height: `${height}px` });
    return element("span", {}, mark, text);
  };
  const [negative, positive] = ["--negative", "--positive"].map(variable);
  if (heat) {
    const bar = swatch(`linear-gradient(90deg, ${[0, 0.33, 0.66, 1].map(heatColour).join(", ")})`, 8, "");
    bar.firstChild.style.width = "120px";
    $("key").replaceChildren(element("span"), bar, element("span"));
  } else {
    $("key").replaceChildren(swatch(positive, 6, "positive weight"), swatch(negative, 6, "negative weight"), element("span", {}, "the wider, the larger"));
  }
  const names = state.names.at(-1);
  const axis = owned()?.axes?.[2];
  const [low, high] = state.settings.problem === "regression"
    ? (axis ? [axis.low, axis.high].map((value) => number(value, 2)) : ["−1", "1"]) : owned()?.class_names ?? ["−1", "1"];
  $("scale").replaceChildren(...(names.length === 1 ? [low, element("i"), high] : names.map((name, i) => {
    const dot = element("b");
    dot.style.background = classColour(i);
    return element("span", {}, dot, name);
  })));
}

function repaint() {
  legend();
  paintThumbnails(catalog, state);
  buildNetwork(state, catalog);
  settle();
  frame = { ...frame, maps: kept.maps };
  paint();
}

// From the user.

const complain = (error) => notice(error.message, { bad: true });

async function ask(what, message) {
  try {
    const answer = await connection.send(what, message);
    show(answer);
    return answer;
  } catch (error) {
    complain(error);
    if (state) showControls(state);
    return null;
  }
}

const change = (changes) => ask("change", { changes });

// A network of another shape: each layer keeps its activation, a new one has that of the last.
function reshape(hidden) {
  const { hidden_activations: functions, activations, activation } = state.settings;
  const next = hidden.map((_, i) => functions[i] ?? functions.at(-1) ?? activation);
  return change({ networkShape: hidden.join(","), activations: activations.length ? next.join(",") : "" });
}

function pace() { connection.tell("pace", { unit: $("unit").value, speed: Number($("speed").value) }); }

const commands = {
  play: () => connection.tell("play", { on: !frame?.playing }),
  step: () => connection.tell("step", { unit: $("unit").value }),
  back: async () => {
    const answer = await ask("back", { unit: $("unit").value });
    if (answer && !answer.went) notice("There is nothing to go back to.");
  },
  reset: () => ask("reset"),
  regenerate: () => ask("regenerate"),
  python: async () => showProgram(await ask("program")),
  share: () => showShare(state, change, (query) => ask("open", { query })),
  theme: () => setTheme(!isDark()),
  "more-layers": () => reshape([...state.settings.hidden, state.settings.hidden.at(-1) ?? 2]),
  "fewer-layers": () => reshape(state.settings.hidden.slice(0, -1)),
};
for (const [id, command] of Object.entries(commands)) $(id).addEventListener("click", () => state && command());
$("unit").addEventListener("change", pace);
$("speed").addEventListener("change", pace);

for (const [value, label] of [[false, "weights"], [true, "sensitivities"]]) {
  $("heat").append(element("button", {
    type: "button", role: "radio", "aria-checked": String(!value),
    onclick: () => {
      heat = value;
      [...$("heat").children].forEach((button, i) => button.setAttribute("aria-checked", String(Boolean(i) === heat)));
      legend();
      paint();
    },
  }, label));
}

const keys = { " ": "play", ArrowRight: "step", ArrowLeft: "back", r: "reset", t: "theme" };
document.addEventListener("keydown", (event) => {
  const used = event.ctrlKey || event.metaKey || event.altKey || $("dialog").open;
  if (used || event.target.closest?.("input, select, textarea, button") || !keys[event.key]) return;
  const button = $(keys[event.key]);
  if (button.closest(".taught")) return;
  event.preventDefault();
  button.click();
});

connectNetwork({
  change,
  reshape,
  look(neuron) {
    looked = neuron;
    lookAtNeuron(neuron);
    plane();
  },
  choose: chooseNeuron,
});
connectCard({
  edit: (place, value) => ask("edit", { ...place, value }),
  mayNotExplain: () => state.settings.hidden_controls.includes("explain"),
  explain: (place) => showStory((of) => ask("explain", { ...place, of })),
});
let pointing = false;  // at most one message a picture
let pointed = null;
onCursor((place) => {
  pointed = place;
  if (pointing) return;
  pointing = true;
  requestAnimationFrame(() => {
    pointing = false;
    connection.tell("cursor", pointed ?? {});
  });
});
document.addEventListener("complaint", ({ detail }) => notice(detail, { bad: true }));

// Light and dark, sizes, the address.

function setTheme(dark, keep = true) {
  setColours(dark);
  try { if (keep) localStorage.setItem("theme", dark ? "dark" : "light"); } catch { /* a private window */ }
  if (frame && state) repaint();
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
let saved = null;
try { saved = localStorage.getItem("theme"); } catch { /* a private window */ }
setTheme(saved ? saved === "dark" : prefersDark.matches, false);
prefersDark.addEventListener("change", () => setTheme(prefersDark.matches, false));

new ResizeObserver(() => {
  if (!frame || !state) return;
  fit();
  settle();
  frame = { ...frame, maps: undefined };
  paint();
}).observe(document.querySelector("main"));

window.addEventListener("popstate", () => state && location.hash !== `#${state.query}` && ask("open", { query: location.hash }));

const connection = new Connection({
  path: "/socket",
  onframe: arrived,
  async onopen() {
    notice("");
    pace();
    const answer = await connection.send("open", { query: location.hash }).catch((error) => {
      complain(error);
      return connection.send("open", { query: "" });
    }).catch(() => null);
    if (!answer) return;
    if (!catalog) {
      catalog = answer.catalog;
      buildControls(catalog, change, () => openOwnData(state, (message) => connection.send("own", message).then(show)));
    }
    show(answer);
    paintThumbnails(catalog, state);
    document.documentElement.dataset.ready = "true";
  },
  onlost(why) {
    closeCard();
    $("play").setAttribute("aria-pressed", "false");
    notice(why, { bad: true, button: "Start again", action: () => connection.open() });
  },
});
