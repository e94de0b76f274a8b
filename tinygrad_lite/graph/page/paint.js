// What changes in the picture: the values of a step of training, and the colours of a heat, in the light or in the dark.

let moment = 0;  // the step of training that is shown
let heat = facts.heat;

// What this step says of an item, an edge or a box.
const toldOf = ({ key, id }) => facts.steps[moment][{ n: "items", e: "edges", b: "boxes" }[key[0]]][id];
const handsBack = (edge) => "length" in toldOf(edge);
const formulaOf = (item) => toldOf(item).formula ?? item.fact.formula;
const ruleOf = (edge) => toldOf(edge).rule ?? edge.fact.rule;

const isDark = () => document.documentElement.dataset.theme === "dark";

// Red, green and blue at a place of the scale: 0 faint, 1 strong.
function mixedAt(place) {
  const colours = facts.ramp[isDark() ? "dark" : "light"];
  const at = place * (colours.length - 1), i = Math.min(Math.floor(at), colours.length - 2);
  const channel = (colour, k) => parseInt(colour.slice(2 * k + 1, 2 * k + 3), 16);
  return [0, 1, 2].map((k) => Math.round(channel(colours[i], k) + (channel(colours[i + 1], k) - channel(colours[i], k)) * (at - i)));
}

// The colour there, and that of letters upon it. A place of 2 is not a number, or infinite.
const colourAt = (place) => (place > 1 ? "var(--wrong)" : `rgb(${mixedAt(place).join(" ")})`);

function inkAt(place) {
  if (place > 1) return "var(--paper)";
  const [red, green, blue] = mixedAt(place);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 118 ? "black" : "white";
}

function paint() {
  const step = facts.steps[moment];
  for (const [i, item] of items.entries()) {
    const now = step.items[i];
    for (const [name, text] of item.texts) write(text, now[name] ?? "", now.wrong?.includes(name));
    colourBar(item, now);
  }
  for (const [b, box] of boxes.entries()) {
    colourBar(box, step.boxes[b]);
    colourBar(box.chip, step.boxes[b], false);
  }
  for (const [i, edge] of edges.entries()) colourEdge(edge, step.edges[i]);
  legend();
  document.dispatchEvent(new Event("painted"));
}

function write(text, words, isWrong = false) {
  if (!text) return;
  const gap = text.textContent.match(/^\s*/)[0];
  if (text.textContent.trim() !== words) text.textContent = gap + words;
  text.style.fill = isWrong ? "var(--wrong)" : "";
  text.style.fontWeight = isWrong ? "bold" : "";
}

function colourBar({ bar, barText, cells = [] }, { heats, strips }, labelled = true) {
  const told = heats[heat];
  for (const part of [bar, barText]) part?.classList.toggle("gone", !told);
  if (told && bar) bar.style.fill = colourAt(told[0]);
  if (told && barText) {
    barText.textContent = labelled ? `${facts.heats[heat].label} ${told[1]}` : told[1];
    barText.style.fill = inkAt(told[0]);
  }
  for (const [i, cell] of cells.entries()) cell.style.fill = strips[heat][i] === null ? "var(--border)" : colourAt(strips[heat][i]);
}

function colourEdge({ line, head, share }, now) {
  const place = now.heats?.[heat];
  const colour = place === undefined ? "var(--faint)" : colourAt(place);
  const [thin, thick] = facts.widths;
  line.style.stroke = colour;
  line.style.strokeWidth = place === undefined ? thin : thin + (thick - thin) * Math.min(place, 1);
  if (head) head.style.fill = head.style.stroke = colour;
  if (now.share === undefined) return;  // no gradient flows here: it stays dashed
  line.style.strokeDasharray = now.length === "0" ? "1 5" : now.heats.gradient > 1 ? "5 2" : "none";
  if (share) share.textContent = `\u2002\u2002${now.share}`;
}

function legend() {
  const parts = [];
  const theme = isDark() ? "dark" : "light";
  const swatch = (background) => {
    const made = element("i");
    made.style.background = background;
    return made;
  };
  if (heat) {
    const { words, low, high } = facts.heats[heat];
    const ramp = swatch(`linear-gradient(to right, ${facts.ramp[theme].join()})`);
    parts.push(element("p", {}, words), element("p", { class: "scale" }, low, ramp, high));
  }
  const keys = facts.families.map((family) => element("span", {}, swatch(family[theme]), family.name));
  $("legend").replaceChildren(...parts, element("p", { class: "keys" }, ...keys));
}

// An HTML element. Words are put in as text, whatever they hold.
function element(tag, attributes = {}, ...content) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") made.addEventListener("click", value);
    else made.setAttribute(name, value);
  }
  made.append(...content.filter((x) => x !== null && x !== undefined));
  return made;
}
