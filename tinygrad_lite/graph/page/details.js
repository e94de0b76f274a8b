// What is known of one value or one layer, beside the picture.

let chosen = null;  // a key

const titleOf = (key) => parts.get(key).fact.title ?? parts.get(key).fact.name;
const fullName = (key) => {
  const { fact } = parts.get(key);
  return fact.path ? fact.path.join(" / ") : [...(facts.boxes[fact.box]?.path ?? []), fact.title].join(" / ");
};

function choose(key, { reveal = false } = {}) {
  chosen = key;
  for (const part of parts.values()) part.group.classList.toggle("chosen", part.key === key);
  $("panel").hidden = key === null;
  if (key !== null && reveal) {
    uncover(key);
    bringIntoSight(parts.get(key).place);
  }
  if (key !== null) rove(key);
  $("panel").scrollTop = 0;
  describe();
}

function describe() {
  for (const edge of edges) edge.group.classList.toggle("related", edge.ends.includes(chosen));
  if (chosen === null) return;
  const part = parts.get(chosen);
  const close = element("button", { class: "close", "aria-label": "Close the details", title: "Close (Esc)", onclick: () => choose(null) }, "✕");
  $("panel").replaceChildren(close, ...(part.fact.path ? aboutBox(part.id) : aboutItem(part.id)));
}

const section = (title, ...content) => (content.length ? [element("h3", {}, title), ...content] : []);
const link = (key, words = titleOf(key)) => element("button", { class: "link", onclick: () => choose(key, { reveal: true }) }, words);

function table(rows) {
  const list = element("dl");
  for (const [name, value, wrong, place] of rows) {
    const swatch = place === undefined ? null : element("i");
    if (swatch) swatch.style.background = colourAt(place);
    list.append(element("dt", {}, name), element("dd", wrong ? { class: "wrong" } : {}, swatch, value));
  }
  return list;
}

const measured = (told) => Object.entries(told).map(([name, [place, words]]) => [facts.heats[name].label, words, place > 1, place]);

function aboutItem(id) {
  const fact = facts.items[id], now = toldOf(items[id]);
  const kind = {
    operation: `${fact.operation}, family ${fact.family}`, parameter: "parameter, a leaf that learns",
    data: "data, no gradient is wanted", layer: "a folded layer", fold: "folded values", failed: "what failed",
  }[fact.kind];
  const into = edges.filter((edge) => edge.fact.target === id), out = edges.filter((edge) => edge.fact.source === id);
  const where = facts.boxes[fact.box];
  const rows = [["shape", fact.shape], ["dtype", fact.dtype], ["value", now.value, now.wrong?.includes("value")],
    ["gradient", now.gradient, now.wrong?.includes("gradient")], [facts.failed ? "given" : "settings", now.note], ["neurons", now.neurons]];
  return [
    element("h2", {}, fact.title),
    element("p", { class: "kind" }, kind, where ? ", in " : null, where ? link(`b${fact.box}`, where.path.join(" / ")) : null),
    ...section("It computes", ...[formulaOf(items[id]), now.numbers, fact.shapes].filter(Boolean).map((words) => element("code", {}, words))),
    ...section("It is", table([...rows.filter((row) => row[1]), ...measured({ ...now.flow, ...now.heats })])),
    ...section(facts.failed ? "Its arguments" : "Its arguments, and what it hands back to each", ...shares(into, ({ fact: { source } }) => source, true)),
    ...section(facts.failed ? "Used by" : "Used by, and what each hands back to it", ...shares(out, ({ fact: { target } }) => target, false)),
    ...section("Written in", ...[fact.line, fact.code].filter(Boolean).map((words) => element("code", {}, words))),
  ];
}

// A list of edges, each with what is handed back along it.
function shares(found, other, isOwn) {
  if (!found.length) return [];
  const list = element("ul");
  for (const edge of found) {
    const now = toldOf(edge);
    const handed = !handsBack(edge) ? "no gradient" : now.local ? now.share : `length ${now.length}`;
    const number = facts.failed ? facts.items[other(edge)].shape ?? "" : handed;
    const told = isOwn && handsBack(edge) ? calculation(edge, now) : [];
    list.append(element("li", {}, element("span", { class: "number" }, number), link(`n${other(edge)}`),
      ...told.map((words) => element("p", {}, words))));
  }
  const explained = isOwn && found.some((edge) => ruleOf(edge) && ruleOf(edge) !== "nothing");
  return explained ? [list, element("p", { class: "hint" }, "g is its own sensitivity (gradient).")] : [list];
}

// How what is handed back comes about: the rule and, for single numbers, sensitivity × local derivative.
function calculation(edge, now) {
  const own = toldOf(items[edge.fact.target]).gradient;
  const numbers = now.local && `${now.share} = its sensitivity ${own} × local derivative ${now.local}`;
  return [ruleOf(edge), numbers].filter(Boolean);
}

function aboutBox(b) {
  const { fact } = boxes[b];
  const members = membersOf(b);
  const parameters = members.filter(({ fact: { kind } }) => kind === "parameter");
  const isFolded = folded.has(b);
  const rows = parameters.map((item) => {
    const now = toldOf(item);
    return element("li", {}, element("span", { class: "number" }, now.heats.gradient?.[1] ?? "no gradient"), link(item.key), element("p", {}, `${item.fact.shape}, gradient ${now.gradient ?? "none"}`));
  });
  const inner = boxes.filter((box) => box.fact.parent === b);
  return [
    element("h2", {}, fact.name),
    element("p", { class: "kind" }, `layer: ${fact.note}`, fact.parent >= 0 ? ", in " : null, fact.parent >= 0 ? link(`b${fact.parent}`, facts.boxes[fact.parent].path.join(" / ")) : null),
    element("p", { class: "hint" }, element("button", { onclick: () => { uncover(`b${b}`); fold(b); } }, isFolded ? "Unfold" : "Fold")),
    ...section("All in it together", table(measured(toldOf(boxes[b]).heats))),
    ...section("Its parameters, and their sensitivity", ...(rows.length ? [element("ul", {}, ...rows)] : [])),
    ...section("Its parts", ...(inner.length ? [element("ul", {}, ...inner.map((box) => element("li", {}, link(box.key))))] : [])),
  ];
}

document.addEventListener("refolded", describe);
