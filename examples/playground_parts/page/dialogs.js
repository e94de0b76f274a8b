// What opens above the page: the program, the link to share, a weight's story.

import { $, dialog, element, notice } from "./dom.js";
import { HIDABLE } from "./controls.js";

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    notice("Copied.");
  } catch {
    notice("The browser doesn't let the page copy: select the text and copy it yourself.", { bad: true });
  }
}

// The program that repeats the run: to copy, or to save.
export function showProgram(answer) {
  if (!answer) return;
  const { program } = answer;
  const save = () => {
    const link = element("a", { href: URL.createObjectURL(new Blob([program], { type: "text/x-python" })), download: "playground_run.py" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  dialog("This run as Python",
    element("p", { className: "hint" }, "Run it beside tinygrad_lite: it builds this network, trains it as far as here, and prints the same losses."),
    element("div", { className: "row" }, element("button", { className: "main", onclick: () => copy(program) }, "Copy"),
      element("button", { onclick: save }, "Save as playground_run.py")),
    element("pre", { id: "program", tabIndex: 0 }, program));
}

// The link, what a teacher hides in it, and the way to another. `open(link)` is a promise of whether it could be opened.
export function showShare(state, change, open) {
  const field = element("input", { type: "text", readOnly: true, value: location.href, id: "link", "aria-label": "The link", onclick: () => field.select() });
  field.style.flex = "1 1 300px";
  const hidden = new Set(state.settings.hidden_controls);
  const box = ([name, label]) => {
    const input = element("input", { type: "checkbox", checked: hidden.has(name) });
    input.addEventListener("change", async () => {
      await change({ [`${name}_hide`]: String(input.checked) });
      field.value = location.href;
    });
    return element("label", {}, input, label);
  };
  const other = element("input", { type: "text", id: "other-link", placeholder: "https://playground.tensorflow.org/#…", "aria-label": "Another link" });
  other.style.flex = "1 1 300px";
  const go = async () => { if (other.value.trim() && await open(other.value.trim())) $("dialog").close(); };
  other.addEventListener("keydown", ({ key }) => key === "Enter" && go());
  dialog("Share",
    element("p", {}, "The address holds everything: settings, data and what is hidden. Whoever opens it on a playground starts from here."),
    element("div", { className: "row" }, field, element("button", { className: "main", onclick: () => copy(field.value) }, "Copy")),
    element("h3", {}, "Open another link, also one of the TensorFlow Playground"),
    element("div", { className: "row" }, other, element("button", { id: "open-link", onclick: go }, "Open")),
    element("h3", {}, "For a lesson: hide"),
    element("div", { className: "row" }, ...Object.entries(HIDABLE).map(box)));
  field.select();
}

// A weight's story. `tell(of)` asks for it: of the next batch, or of the next point alone.
export async function showStory(tell) {
  const frame = element("iframe", { title: "The story of this weight", sandbox: "allow-scripts" });
  const apart = element("a", { target: "_blank", rel: "noopener" }, "Open in a tab of its own");
  const load = async (of) => {
    const answer = await tell(of);
    if (!answer) return false;
    frame.src = apart.href = answer.path;
    for (const button of choice.children) button.setAttribute("aria-checked", String(button.value === of));
    return true;
  };
  const choice = element("div", { className: "segments", role: "radiogroup", "aria-label": "Of what" },
    element("button", { role: "radio", value: "sample", onclick: () => load("sample") }, "one point"),
    element("button", { role: "radio", value: "batch", onclick: () => load("batch") }, "the next batch"));
  if (await load("sample")) {
    dialog("Why the loss answers to it", element("div", { className: "row" }, element("span", { className: "label" }, "told for"), choice, apart), frame);
  }
}

$("dialog").addEventListener("close", () => $("dialog").open || $("dialog-body").replaceChildren());  // it may be open again
$("dialog").addEventListener("click", (event) => event.target === $("dialog") && $("dialog").close());
