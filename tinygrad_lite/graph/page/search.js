// Search: every word must occur in what an item or a box is called, what it is, or where it stands.

const haystacks = [...parts.values()].map(({ key, fact }) =>
  [key, [fullName(key), fact.name, fact.operation, fact.kind, fact.family, fact.shape, fact.dtype, fact.line].join(" ").toLowerCase()]);
let matches = [], match = -1;

function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  matches = words.length ? haystacks.filter(([, hay]) => words.every((word) => hay.includes(word))).map(([key]) => key) : [];
  match = -1;
  const around = ({ key, id }) => (key.startsWith("n") ? seen(id) : `b${holder(id)}`);
  const lit = new Set(matches.flatMap((key) => [key, around(parts.get(key))]));
  for (const { key, group } of items) group.classList.toggle("unmatched", words.length > 0 && !lit.has(key));
  for (const { group } of edges) group.classList.toggle("unmatched", words.length > 0);
  $("matches").textContent = words.length ? String(matches.length) : "";
}

function findNext(step) {
  if (!matches.length) return;
  match = (match + step + matches.length) % matches.length;
  $("matches").textContent = `${match + 1}/${matches.length}`;
  choose(matches[match], { reveal: true });
}

$("search").addEventListener("input", (event) => find(event.target.value));
$("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") findNext(event.shiftKey ? -1 : 1);
});
