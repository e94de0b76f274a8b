// What clicks and keys do on a part of the picture. One part is in the order of Tab; from there the arrows up and down
// lead from part to part.

function rove(key) {
  for (const part of parts.values()) part.group.setAttribute("tabindex", part.key === key ? "0" : "-1");
}

function stations() {
  return [...parts.values()].filter(({ group }) => !group.classList.contains("gone"))
    .sort((a, b) => parts.get(a.key).place.top - parts.get(b.key).place.top || parts.get(a.key).place.left - parts.get(b.key).place.left);
}

function stepTo(from, by) {
  const all = stations();
  const next = all[all.findIndex(({ key }) => key === from) + by];
  if (!next) return;
  rove(next.key);
  next.group.focus({ preventScroll: true });
  bringIntoSight(parts.get(next.key).place);
}

for (const part of parts.values()) {
  const { key, id, group } = part;
  group.setAttribute("role", "button");
  group.setAttribute("aria-label", fullName(key));
  group.addEventListener("click", (event) => {
    if (dragged) return;
    event.stopPropagation();
    if (event.target.closest(".toggle")) fold(id);
    else choose(key);
  });
  group.addEventListener("dblclick", (event) => {
    event.stopPropagation();
    if (key.startsWith("b")) fold(id);
  });
  group.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) stepTo(key, by);
    else if (event.key === "Enter") choose(key);
    else if ((event.key === "+" || event.key === "-") && key.startsWith("b")) fold(id, event.key === "-");
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

svg.addEventListener("click", () => {
  if (!dragged) choose(null);
});
