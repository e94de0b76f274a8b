// The small card beside a link or a neuron: its numbers, live; pinned by a click, they can be edited and explained.

import { $, element, number } from "./dom.js";
import { drawLinks, linkAt, links, placeLinks } from "./links.js";
import { neurons } from "./network.js";

let actions;
let subject = null;  // {neuron} or {link}
let pinned = false;
let rows = [];  // [{place: {layer, to, source or null}, field, slope}]
let numbers = null;  // of the last frame: what a row shows

// What the card can ask for: {edit(place, value), explain(place), mayNotExplain()}.
export function connectCard(given) { actions = given; }

const nameOf = (layer, index) => neurons[layer]?.[index]?.name ?? "?";

function reading({ layer, to, source }) {
  if (source !== null) {
    const link = links.find((found) => found.layer === layer && found.to === to && found.source === source);
    return link && [link.weight, link.gradient];
  }
  if (!numbers) return null;
  const before = neurons.slice(1, layer).reduce((sum, made) => sum + made.length, 0);
  return [numbers.biases.values[before + to], numbers.biasGradients.values[before + to]];
}

function row(label, place) {
  const slope = element("dd", { className: "hint" });
  let field;
  if (pinned) {
    field = element("input", { type: "text", inputMode: "decimal", "aria-label": label });
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") change(field, place);
      if (event.key === "Escape") closeCard();
      const nudge = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
      if (nudge) {
        event.preventDefault();
        field.value = String(Math.round((parse(field.value) + nudge) * 1e6) / 1e6);
        change(field, place);
      }
    });
    field.addEventListener("change", () => change(field, place));
  } else {
    field = element("b");
  }
  rows.push({ place, field, slope });
  return [element("dt", {}, label), element("dd", {}, field), slope];
}

const parse = (text) => Number(text.trim().replace("−", "-").replace(",", "."));

function change(field, place) {
  const value = parse(field.value);
  if (field.value.trim() && Number.isFinite(value)) actions.edit(place, value);
  field.dataset.edited = "";
}

function contents() {
  if (subject.link) {
    const { layer, source, to } = subject.link;
    const title = `${nameOf(layer - 1, source)} → ${nameOf(layer, to)}`;
    return [title, [row("weight", { layer, to, source })]];
  }
  const { layer, index } = subject.neuron;
  const all = [row("bias", { layer, to: index, source: null })];
  if (pinned) neurons[layer - 1].forEach((made, source) => all.push(row(`${made.name.replace(/neuron (\d+) of layer \d+/, "neuron $1")}`, { layer, to: index, source })));
  return [nameOf(layer, index), all];
}

function build() {
  rows = [];
  const [title, listed] = contents();
  const place = rows[0].place;
  const children = [element("h3", {}, title[0].toUpperCase() + title.slice(1)),
    element("div", { className: "scroll" }, element("dl", {}, element("dt", { className: "hint" }, subject.neuron && pinned ? "from" : ""), element("dd", { className: "hint" }, "value"),
      element("dd", { className: "hint", title: "How strongly the loss of the last batch answers to it" }, "sensitivity"), ...listed.flat()))];
  if (pinned) {
    children.push(element("button", { className: "close", "aria-label": "Close the card", onclick: closeCard }, "×"));
    children.push(element("div", { className: "row", hidden: actions.mayNotExplain() }, element("button", { type: "button", onclick: () => actions.explain(place) },
      subject.link ? "Explain this weight" : "Explain this bias")));
  } else {
    children.push(element("p", { className: "hint" }, subject.link ? "Click to change it" : "Click to change its weights"));
  }
  $("card").classList.toggle("pinned", pinned);
  $("card").replaceChildren(...children);
  $("card").hidden = false;
  updateCard();
}

function put(x, y) {
  const { clientWidth: width, clientHeight: height } = $("stage");
  const card = $("card");
  card.style.left = `${Math.max(0, Math.min(width - card.offsetWidth, x + 14))}px`;
  card.style.top = `${Math.max(0, Math.min(Math.max(height - 60, height - card.offsetHeight), y + 14))}px`;
}

// The last frame's numbers into the card.
export function updateCard(frame = numbers) {
  numbers = frame;
  for (const { place, field, slope } of rows) {
    const read = reading(place);
    if (!read) return closeCard();
    if (field.tagName === "B") field.textContent = number(read[0], 4);
    else if (document.activeElement !== field || field.dataset.edited !== undefined) {
      field.value = number(read[0], 4);
      delete field.dataset.edited;
    }
    slope.textContent = number(read[1], 5);
  }
}

export function closeCard() {
  const inside = $("card").contains(document.activeElement);
  const back = subject?.neuron?.button;
  subject = null;
  pinned = false;
  rows = [];
  $("card").hidden = true;
  drawLinks({ chosen: null });
  if (inside) back?.focus();
}

// Opens the card of a neuron, pinned.
export function chooseNeuron(neuron) {
  [subject, pinned] = [{ neuron }, true];
  build();
  const stage = $("stage").getBoundingClientRect(), { left, top, width } = neuron.button.getBoundingClientRect();
  put(left - stage.left + width - 6, top - stage.top);
  drawLinks({ chosen: null });
  $("card").querySelector("input")?.focus({ preventScroll: true });
}

// Shows the card of a neuron as long as the cursor is on it.
export function lookAtNeuron(neuron) {
  if (pinned) return;
  if (!neuron || neuron.layer === 0) return closeCard();
  subject = { neuron };
  build();
  const stage = $("stage").getBoundingClientRect(), { left, top, width, height } = neuron.button.getBoundingClientRect();
  put(left - stage.left + width, top - stage.top + height - 14);
}

const stage = $("stage");

function under(event, reach) {
  if (event.target.closest("#card, button, select")) return undefined;
  const { left, top } = stage.getBoundingClientRect();
  return linkAt(event.clientX - left, event.clientY - top, reach);
}

function show(link, event, pin) {
  const { left, top } = stage.getBoundingClientRect();
  [subject, pinned] = [{ link }, pin];
  build();
  put(event.clientX - left, event.clientY - top);
  drawLinks({ chosen: link });
}

stage.addEventListener("pointermove", (event) => {
  if (pinned || event.pointerType !== "mouse") return;
  const link = under(event, 5);
  stage.style.cursor = link ? "pointer" : "";
  if (link) show(link, event, false);
  else if (subject?.link) closeCard();
});
stage.addEventListener("pointerleave", () => !pinned && subject?.link && closeCard());
stage.addEventListener("click", (event) => {
  const link = under(event, matchMedia("(pointer: coarse)").matches ? 14 : 5);
  if (link) {
    show(link, event, true);
    $("card").querySelector("input").select();
  } else if (link === null && pinned) closeCard();
});
document.addEventListener("keydown", ({ key }) => key === "Escape" && subject && closeCard());

// After the neurons have moved.
export function settle() {
  placeLinks();
  closeCard();
}
