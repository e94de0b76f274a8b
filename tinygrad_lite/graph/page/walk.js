// Forward, oldest first: each operation computes its value. Backward, newest first: each hands its sensitivity on.

let walk = [];  // the steps: { way, key }
let position = 0;  // how many of them are done; 0 is the picture at rest
let walking = 0;  // a timer
const marks = draw("g", { id: "marks" }, $("world"));

// One step for each operation or folded box that is seen, at the place of its last operation.
function planWalk() {
  const before = walk[position - 1];
  const last = new Map();
  for (const { id, fact } of items) {
    if (fact.kind !== "parameter" && fact.kind !== "data") last.set(seen(id), id);
  }
  const forward = [...last].sort((a, b) => a[1] - b[1]).map(([key]) => ({ way: "forward", key }));
  const handsOn = ({ key }) => edges.some((edge) => edge.ends[1] === key && handsBack(edge));
  const backward = forward.filter(handsOn).reverse().map(({ key }) => ({ way: "backward", key }));
  walk = [...forward, ...backward];
  $("walk-range").max = walk.length;
  for (const [i, part] of [forward, backward].entries()) {
    $("walk-parts").children[i].style.flex = String(part.length);
    $("walk-parts").children[i].hidden = !part.length;
  }
  const same = before ? walk.findIndex(({ way, key }) => way === before.way && key === before.key) : -1;
  show(same + 1);
}

function show(to) {
  position = Math.min(Math.max(to, 0), walk.length);
  $("walk-range").value = position;
  const step = walk[position - 1];
  svg.classList.toggle("walking", Boolean(step));
  svg.classList.toggle("backward", step?.way === "backward");
  marks.replaceChildren();
  if (step) {
    const done = new Set(walk.slice(0, position).filter(({ way }) => way === step.way).map(({ key }) => key));
    const forward = step.way === "forward";
    // Lit are, on the way forward, what is computed and what that was computed from; on the way back, what was reached.
    const lit = new Set(done);
    for (const edge of edges) {
      if (edge.shown && done.has(edge.ends[1]) && (forward || handsBack(edge))) lit.add(edge.ends[0]);
    }
    for (const { key, group } of parts.values()) {
      group.classList.toggle("ahead", !lit.has(key));
      group.classList.toggle("now", key === step.key);
    }
    for (const edge of edges) {
      const flows = forward || handsBack(edge);
      const isNow = edge.shown && flows && edge.ends[1] === step.key;
      edge.group.classList.toggle("ahead", !(flows && done.has(edge.ends[1])));
      edge.group.classList.toggle("now", isNow);
      if (!forward && isNow) pill(edge);
    }
    bringIntoSight(parts.get(step.key).place);
  } else {
    for (const part of [...parts.values(), ...edges]) part.group.classList.remove("ahead", "now");
    if (walking) pause();
  }
  $("sentence").replaceChildren(...(step ? tell(step) : greeting()));
}

// The number that is handed back, on its edge.
function pill(edge) {
  const words = toldOf(edge).share, width = 6.6 * words.length + 12;
  const { x, y } = halfway(edge.route), { top, bottom } = extent(edge.route);
  const above = bottom - top < 12 ? 22 : 0;  // a level edge is short, and between two cards
  const group = draw("g", { class: "pill", transform: `translate(${x} ${y - above})` }, marks);
  draw("rect", { x: -width / 2, y: -8, width, height: 16, rx: 8 }, group);
  draw("text", { y: 3.6 }, group).textContent = words;
}

const bold = (words) => element("b", {}, words);

function greeting() {
  const { value } = toldOf(items[facts.result]);
  const count = walk.filter(({ way }) => way === "forward").length;
  if (facts.failed) return [bold(facts.title), `, after ${count - 1} step${count === 2 ? "" : "s"}. Play them: space, or the arrows ← →.`];
  return ["The result is ", bold(value ?? "not known"), `, computed in ${count} step${count === 1 ? "" : "s"}. `,
    "Play it forward and backward: space, or the arrows ← →."];
}

function tell({ way, key }) {
  const of = walk.filter((step) => step.way === way);
  const mark = element("span", { class: "way" }, `${way} ${of.findIndex((step) => step.key === key) + 1} of ${of.length}`);
  return [mark, ...(way === "forward" ? tellForward(key) : tellBackward(key))];
}

function tellForward(key) {
  const name = bold(titleOf(key));
  if (key.startsWith("b")) return [name, ` does its ${parts.get(key).fact.note}.`];
  const { fact } = parts.get(key), now = toldOf(parts.get(key)), formula = formulaOf(parts.get(key));
  if (fact.kind === "failed") return [name, `, given ${now.note}.`];
  if (!formula) return [name, ` gives ${now.value ?? "values"}.`];
  const result = now.numbers ?? `${formula}, which is ${now.value}`;
  const more = now.numbers && now.numbers.split(" = ")[0] !== formula ? `${formula}: ` : "";
  return [name, " computes ", more, bold(result), fact.shape === "scalar" ? "." : ` (${fact.shape}).`];
}

function tellBackward(key) {
  const name = bold(titleOf(key));
  const own = toldOf(parts.get(key)).gradient;
  const start = key === seen(facts.result) ? " starts the walk back: its sensitivity to itself is 1."
    : ` has been handed ${own ? `the sensitivity ${own}` : "its sensitivity"}.`;
  const handed = edges.filter((edge) => edge.shown && edge.ends[1] === key && handsBack(edge))
    .map((edge) => {
      const now = toldOf(edge);
      const to = bold(titleOf(edge.ends[0]));
      if (key.startsWith("b")) return [to, ` an array of length ${now.length}`];
      if (!now.local) return [to, ruleOf(edge) ? `: ${ruleOf(edge)}, of length ` : " an array of length ", bold(now.length)];
      return [to, " ", bold(now.share), ` = ${own} × ${now.local}`];
    });
  const all = handed.flatMap((words, i) => (i ? [i === handed.length - 1 ? " and to " : ", to ", ...words] : words));
  return [name, start, " It hands back to ", ...all, "."];
}

function play() {
  if (position === walk.length) show(0);
  const tick = () => {
    show(position + 1);
    if (position === walk.length) pause();
    else walking = setTimeout(tick, Number($("walk-speed").value));
  };
  $("walk-play").textContent = "❚❚";
  $("walk-play").setAttribute("aria-label", "Pause");
  walking = setTimeout(tick, 0);
}

function pause() {
  clearTimeout(walking);
  walking = 0;
  $("walk-play").textContent = "▶";
  $("walk-play").setAttribute("aria-label", "Play");
}

const stepBy = (by) => {
  pause();
  show(position + by);
};

$("walk-start").addEventListener("click", () => stepBy(-Infinity));
$("walk-back").addEventListener("click", () => stepBy(-1));
$("walk-on").addEventListener("click", () => stepBy(1));
$("walk-end").addEventListener("click", () => stepBy(Infinity));
$("walk-play").addEventListener("click", () => (walking ? pause() : play()));
$("walk-range").addEventListener("input", (event) => {
  pause();
  show(Number(event.target.value));
});
document.addEventListener("refolded", planWalk);
