// The Digits page: what is drawn goes to the server, what the network makes of it comes back and is shown.

import { isDark, setColours } from "/colours.js";
import { Connection } from "/connection.js";
import { $, element, notice } from "/dom.js";
import { Board } from "./board.js";
import { noLayers, showLayers } from "./layers.js";
import { painted, shades } from "./shades.js";

const LARGEST = 1024;  // pixels of a picture's longer side, when it is sent
const HEATS = {
  blame: "Blame: the darker a place, the more of the answer hangs on the ink there (|value × sensitivity|).",
  sensitivity: "Sensitivity: more ink at blue places would speak for the answer, at orange ones against it.",
  none: "Only what you drew.",
};
const SHOWS = {
  activations: "How strongly each neuron answers to the drawing; the strongest of a layer is darkest.",
  "for and against": "Value × sensitivity: blue neurons speak for the answer, orange ones against it.",
};
let heat = "blame", show = "activations", frame = null, tables = null;
const warmth = document.createElement("canvas");

// From the page to the server: at most one message on its way, always with the latest strokes.

let sending = false, waiting = false, drawn = 0;  // drawn: the number of the drawing, which comes back with what was read

async function send() {
  document.documentElement.dataset.drawn = ++drawn;
  buttons();
  if (sending) { waiting = true; return; }
  sending = true;
  do {
    waiting = false;
    const strokes = board.strokes;
    await connection.send("strokes", { strokes, number: drawn }).catch(complain);
  } while (waiting);
  sending = false;
}

function complain(error) {
  notice(error.message, { bad: true });
}

function buttons() {
  $("undo").disabled = $("clear").disabled = board.empty;
  $("invitation").hidden = !board.empty;
}

const board = new Board($("canvas"), send);

// The picture as a file in base64, made so small that the server takes it.
function encoded(image) {
  for (let longest = LARGEST; ; longest /= 2) {
    const scale = Math.min(1, longest / Math.max(image.width, image.height));
    const [width, height] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * scale)));
    const canvas = element("canvas", { width, height });
    canvas.getContext("2d").drawImage(image, 0, 0, width, height);
    const data = canvas.toDataURL(width * height < 40_000 ? "image/png" : "image/jpeg", 0.85).split(",")[1];
    if (data.length < 900_000) return data;
  }
}

async function look(file) {
  try {
    const image = await createImageBitmap(file, { imageOrientation: "from-image" });
    const { size } = await connection.send("picture", { data: encoded(image) });
    board.show(image, size);
    arrived(frame);
  } catch (error) {
    notice(error instanceof DOMException ? "This is no picture that the browser can open." : error.message, { bad: true });
  }
  buttons();
}

// From the server to the page.

function arrived(next) {
  frame = next;
  if (!frame) return;
  document.documentElement.dataset.read = frame.number;
  tables ??= shades();
  const { digit, lesson } = frame;
  const some = digit !== null && !board.empty;
  $("digit").textContent = some ? digit : "–";
  $("digit").classList.toggle("none", !some);
  const best = some ? frame.confidences[digit] : 0;
  $("sure").replaceChildren(...(some ? [element("b", {}, percent(best)), "sure of it"] : [board.empty ? "Nothing is drawn yet." : "Reading…"]));
  [...$("confidences").children].forEach((row, i) => {
    const share = some ? frame.confidences[i] : 0;
    row.children[1].style.setProperty("--part", share);
    row.children[2].textContent = some ? percent(share) : "";
    row.classList.toggle("best", some && i === digit);
  });
  $("confidences").setAttribute("aria-label", some ? `${digit}: ${percent(best)}` : "no digit yet");
  const image = some ? frame.image.values : new Uint8Array(784);
  painted($("image"), 28, 28, (i) => tables.ink[image[i]]);
  board.warm(some ? warm() : null, some ? frame.place : null);
  if (some) showLayers($("layers"), frame, show !== "activations", tables);
  else noLayers($("layers"), "What each layer makes of your digit appears here.");
  tell(lesson);
  document.documentElement.dataset.frames = Number(document.documentElement.dataset.frames ?? 0) + 1;
}

const percent = (share) => `${(100 * Math.min(share, share < 1 ? 0.9999 : 1)).toFixed(1).replace("100.0", "99.9")} %`;

function warm() {
  const { image: { values: ink }, sensitivity: { values: slope } } = frame;
  if (heat === "none") return null;
  const strength = Float32Array.from(slope, (value, i) => (heat === "blame" ? Math.abs(value * ink[i]) : value));
  const most = strength.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-12);
  return painted(warmth, 28, 28, heat === "blame"
    ? (i) => tables.heat[Math.round((255 * strength[i]) / most)]
    : (i) => tables.sides[128 + Math.round((127 * strength[i]) / most)]);
}

function tell(lesson) {
  $("lesson").hidden = !lesson || lesson.share >= 1;
  if ($("lesson").hidden) return;
  $("lesson").firstElementChild.value = lesson.share;
  $("lesson").lastElementChild.textContent = lesson.trouble || (lesson.digits
    ? `No network was trained here yet, so one learns now, from ${lesson.digits.toLocaleString("en")} digits: ${Math.round(100 * lesson.right)} of 100 right. It reads while it learns.`
    : "No network was trained here yet. The digits to learn from are being fetched…");
}

// Controls.

function choices(id, options, chosen, choose) {
  for (const name of options) {
    $(id).append(element("button", {
      type: "button", role: "radio", "aria-checked": String(name === chosen),
      onclick: ({ currentTarget }) => {
        for (const button of $(id).children) button.setAttribute("aria-checked", String(button === currentTarget));
        choose(name);
        explain();
        arrived(frame);
      },
    }, name));
  }
}

function explain() {
  $("legend").textContent = HEATS[heat];
  $("layers-legend").textContent = SHOWS[show];
}

choices("heat", Object.keys(HEATS), heat, (name) => { heat = name; });
choices("shows", Object.keys(SHOWS), show, (name) => { show = name; });
explain();
for (let i = 0; i < 10; i++) {
  $("confidences").append(element("div", { className: "share" }, element("span", {}, String(i)), element("i"), element("span")));
}

$("undo").addEventListener("click", () => board.undo());
$("clear").addEventListener("click", () => board.clear());
$("upload").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", () => { if ($("file").files[0]) look($("file").files[0]); $("file").value = ""; });
$("network").addEventListener("change", () => connection.send("network", { name: $("network").value }).catch((error) => {
  complain(error);
  if (frame) $("network").value = frame.network;
}));
$("theme").addEventListener("click", () => setTheme(!isDark()));
document.addEventListener("keydown", (event) => {
  if (event.target.closest?.("input, select, textarea")) return;
  const undo = event.key === "z" && (event.ctrlKey || event.metaKey);
  if (undo && !board.empty) board.undo();
  else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if ((event.key === "Delete" || event.key === "Backspace") && !board.empty) board.clear();
  else if (event.key === "t") setTheme(!isDark());
  else return;
  event.preventDefault();
});
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    $("board").classList.toggle("over", name === "dragover");
    if (name === "drop" && event.dataTransfer.files[0]) look(event.dataTransfer.files[0]);
  });
}
document.addEventListener("paste", (event) => event.clipboardData.files[0] && look(event.clipboardData.files[0]));
document.addEventListener("complaint", ({ detail }) => notice(detail, { bad: true }));

function setTheme(dark, keep = true) {
  setColours(dark);
  tables = shades();
  try { if (keep) localStorage.setItem("theme", dark ? "dark" : "light"); } catch { /* a private window */ }
  board.paint();
  arrived(frame);
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
let saved = null;
try { saved = localStorage.getItem("theme"); } catch { /* a private window */ }
setTheme(saved ? saved === "dark" : prefersDark.matches, false);
prefersDark.addEventListener("change", () => setTheme(prefersDark.matches, false));

const NAMES = {
  "output/mnist_best/weights.safetensors": "mnist_best.py's network",
  "output/mnist_cnn/weights.safetensors": "mnist_cnn.py's network",
  "output/weights.safetensors": "mnist.py's network",
  "output/read_digit/weights.safetensors": "mnist.py's network, trained quickly",
};

const connection = new Connection({
  path: "/digits/socket",
  onframe: arrived,
  async onopen() {
    notice("");
    const { networks, network, side, pen } = await connection.send("open");
    Object.assign(board, { side, pen });
    $("network").replaceChildren(...networks.map((name) => element("option", { value: name }, NAMES[name] ?? name)));
    $("network").value = network;
    board.paint();
    if (!board.picture) send();
    document.documentElement.dataset.ready = "yes";
  },
  onlost: (why) => notice(why, { bad: true, button: "Start again", action: () => connection.open() }),
});
