// Puts it all on the page, and listens to the keys.

const MANY = 60;  // items: of a picture with more, the innermost boxes are folded at first

function headline() {
  const { value } = toldOf(items[facts.result]);
  $("title").textContent = value === undefined ? facts.title : `${facts.title} = ${value}`;
  const nameOf = ({ kind, box, name, title }) =>
    (kind === "layer" && box >= 0 ? `${facts.boxes[box].path.at(-1)} / ${name}` : name || title);
  const worst = facts.failed ? [] : items.filter(({ fact }) => [facts.heats[heat]?.about, "layer"].includes(fact.kind))
    .map((item) => [toldOf(item).heats[heat], item.key, nameOf(item.fact)])
    .filter(([told]) => told).sort((a, b) => b[0][0] - a[0][0]).slice(0, 3);
  const words = worst.flatMap(([told, key, name], i) => [i ? ", " : `${facts.heats[heat].most}: `,
    element("button", { onclick: () => choose(key, { reveal: true }) }, name), ` ${told[1]}`]);
  const notes = [...facts.notes, ...facts.steps[moment].warnings].map((note, i) => element("span", {}, i || words.length ? ` \u00b7 ${note}` : note));
  $("subtitle").replaceChildren(...words, ...notes);
}

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").setAttribute("aria-pressed", String(dark));
  paint();
  describe();
}

function foldMany() {
  const depth = ({ fact }) => fact.path.length;
  const stays = (b) => facts.failed && holds(b, items[facts.result].fact.box);
  for (let deepest = Math.max(0, ...boxes.map(depth)); deepest > 0; deepest--) {
    if (new Set(items.map(({ id }) => seen(id))).size <= MANY) return;
    boxes.forEach((box, b) => depth(box) === deepest && !stays(b) && folded.add(b));
  }
}

function foldAll(closed) {
  boxes.forEach((box, b) => (closed ? folded.add(b) : folded.delete(b)));
  refold();
  glide(beginning(bounds));
}

for (const [name, { label }] of Object.entries(facts.heats)) $("heat").append(element("option", { value: name }, label));
$("heat").value = heat;
$("heat-label").hidden = !heat;
$("heat").addEventListener("change", (event) => {
  heat = event.target.value;
  paint();
  describe();
});
$("fold-all").disabled = $("open-all").disabled = !boxes.length;
$("fold-all").addEventListener("click", () => foldAll(true));
$("open-all").addEventListener("click", () => foldAll(false));
$("fit").addEventListener("click", () => glide(whole(bounds)));
$("zoom-in").addEventListener("click", () => zoom(1.4));
$("zoom-out").addEventListener("click", () => zoom(1 / 1.4));
$("theme").addEventListener("click", () => setTheme(!isDark()));
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
prefersDark.addEventListener("change", () => setTheme(prefersDark.matches));
document.addEventListener("painted", headline);

const keys = {
  "/": () => $("search").focus(),
  f: () => $("fit").click(),
  t: () => $("theme").click(),
  p: () => facts.steps.length > 1 && $("film-play").click(),
  ",": () => facts.steps.length > 1 && turnTo(moment - 1),
  ".": () => facts.steps.length > 1 && turnTo(moment + 1),
  "+": () => zoom(1.4),
  "-": () => zoom(1 / 1.4),
  " ": () => $("walk-play").click(),
  ArrowRight: () => stepBy(1),
  ArrowLeft: () => stepBy(-1),
  Home: () => stepBy(-Infinity),
  End: () => stepBy(Infinity),
  Escape: () => escape(),
};

function escape() {
  if (!$("panel").hidden) choose(null);
  else stepBy(-Infinity);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.target;
  if (at === $("search")) {
    if (event.key !== "Escape") return;
    at.value = "";
    find("");
    at.blur();
    return;
  }
  if (at.matches("select, input") && event.key !== "Escape" && event.key !== "/") return;
  if (at.matches("button") && event.key === " ") return;
  if (!(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});

new ResizeObserver(() => look(view)).observe($("stage"));
foldMany();
setTheme(prefersDark.matches);
refold(false);
prepareFilm();
rove(`n${items[0].id}`);
look(beginning(bounds));
if (facts.failed) bringIntoSight(items[facts.result].place);
