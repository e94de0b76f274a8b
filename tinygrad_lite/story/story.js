// Steps and drawing: what is read lights up, what is clicked is read.
const steps = [...document.querySelectorAll("#steps li[data-node]")];
const drawing = document.getElementById("drawing");
const [walk, back, play, on, theme, where] = ["walk", "back", "play", "on", "theme", "where"].map((id) => document.getElementById(id));
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
let now = -1;
let timer = 0;

const words = (text) => text.split(" ").filter(Boolean);

function light(step) {
  if (!drawing) return;
  drawing.querySelectorAll(".here, .to").forEach((part) => part.classList.remove("here", "to", "turned"));
  drawing.classList.toggle("lit", Boolean(step));
  if (!step) return;
  const mark = (id, kind) => document.getElementById(id)?.classList.add(kind);
  words(step.dataset.to).forEach((id) => mark(id, "to"));
  words(step.dataset.edges).forEach((id) => {
    mark(id, "here"); // drawn from the step to what it hands to: then the dashes run the other way
    const way = document.getElementById(id)?.querySelector("title")?.textContent ?? "";
    if (way.startsWith(`${step.dataset.node}->`)) mark(id, "turned");
  });
  mark(step.dataset.node, "here");
}

function bring(step, behavior) {
  const part = drawing && document.getElementById(step.dataset.node);
  if (!part) return;
  const a = part.getBoundingClientRect();
  const b = drawing.getBoundingClientRect();
  const [x, y] = [a.left + a.width / 2 - b.left - b.width / 2, a.top + a.height / 2 - b.top - b.height / 2];
  drawing.scrollBy({ left: x, top: y, behavior });
}

function go(place, scroll = true, behavior = still ? "instant" : "smooth") {
  now = Math.max(0, Math.min(place, steps.length - 1));
  steps.forEach((step, i) => step.classList.toggle("now", i === now));
  steps.forEach((step, i) => (i === now ? step.setAttribute("aria-current", "step") : step.removeAttribute("aria-current")));
  light(steps[now]);
  bring(steps[now], behavior);
  if (scroll) steps[now].scrollIntoView({ block: "nearest", behavior });
  where.textContent = `Step ${now + 1} of ${steps.length}`;
  back.disabled = now === 0;
  on.disabled = now === steps.length - 1;
}

function pause() {
  clearInterval(timer);
  timer = 0;
  play.textContent = "▶ Play";
}

function toggle() {
  if (timer) return pause();
  go(now < steps.length - 1 ? now + (now >= 0) : 0);
  play.textContent = "❚❚ Pause";
  timer = setInterval(() => (now < steps.length - 1 ? go(now + 1) : pause()), 2600);
}

function paint(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  theme.setAttribute("aria-pressed", String(dark));
}

steps.forEach((step, i) => {
  step.addEventListener("click", () => (pause(), go(i, false)));
  step.addEventListener("mouseenter", () => light(step));
  step.addEventListener("mouseleave", () => light(steps[now]));
  document.getElementById(step.dataset.node)?.addEventListener("click", () => (pause(), go(i)));
});
back.addEventListener("click", () => (pause(), go(now - 1)));
on.addEventListener("click", () => (pause(), go(now + 1)));
play.addEventListener("click", toggle);
theme.addEventListener("click", () => paint(document.documentElement.dataset.theme !== "dark"));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = { ArrowRight: () => go(now + 1), ArrowLeft: () => go(now - 1), Home: () => go(0), End: () => go(steps.length - 1) };
  const act = keys[event.key] ?? (event.key === " " && event.target.tagName !== "BUTTON" ? toggle : null);
  if (!act) return;
  event.preventDefault();
  if (act !== toggle) pause();
  act();
});
paint(matchMedia("(prefers-color-scheme: dark)").matches);
walk.hidden = false;
if (steps.length) go(0, false, "instant");
