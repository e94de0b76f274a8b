// Elements in one line, numbers as people read them, and the page's one notice.

export const $ = (id) => document.getElementById(id);

// element("button", {title: "…", onclick: f, "aria-label": "…", hide: "noise"}, "text", child…)
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name === "hide") made.dataset.hide = value;
    else if (name in made && name !== "list") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Four digits that matter, a real minus sign.
export function number(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = size !== 0 && (size < 10 ** -digits || size >= 1e6) ? value.toExponential(2) : value.toFixed(size >= 100 ? 1 : digits);
  return (Number(text) === 0 && !text.includes("e") ? text.replace("-", "") : text).replace(/-/g, "−");
}

let fading;

// Says something at the foot of the page: for some seconds, or with a button until it is pressed.
export function notice(text, { bad = false, button, action } = {}) {
  const [told, pressed] = $("notice").children;
  clearTimeout(fading);
  $("notice").hidden = !text;
  $("notice").classList.toggle("bad", bad);
  told.textContent = text;
  pressed.hidden = !button;
  pressed.textContent = button ?? "";
  pressed.onclick = () => { notice(""); action?.(); };
  if (text && !button) fading = setTimeout(() => notice(""), bad ? 8000 : 4000);
}

// Opens the dialog with this title and these children.
export function dialog(title, ...children) {
  $("dialog-title").textContent = title;
  $("dialog").classList.toggle("wide", children.some(({ tagName }) => tagName === "IFRAME"));
  $("dialog-body").replaceChildren(...children);
  if (!$("dialog").open) $("dialog").showModal();
}

export const closeDialog = () => $("dialog").close();

// A canvas made as sharp as the screen: its context, in CSS pixels.
export function sharp(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}
