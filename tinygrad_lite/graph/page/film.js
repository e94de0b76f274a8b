// The steps of a training run: a slider changes all values, gradients and colours; the curve is that of the result.

let filming = 0;  // a timer

function turnTo(step) {
  moment = Math.min(Math.max(step, 0), facts.steps.length - 1);
  $("film-range").value = moment;
  const { label, number, items: values } = facts.steps[moment];
  const value = values[facts.result].value;
  $("film-label").textContent = `${label}, ${facts.title} ${value}`;
  $("film-range").setAttribute("aria-valuetext", $("film-label").textContent);
  const here = $("curve").querySelector(".here");
  here.setAttribute("d", number === null ? "" : `M${moment},${heightOf(number)}h0.0001`);
  paint();
  showEdges();
  show(position);
  describe();
}

const known = facts.steps.map(({ number }) => number).filter((number) => number !== null);
const [lowest, highest] = [Math.min(...known), Math.max(...known)];
const heightOf = (number) => (highest > lowest ? 36 - 36 * (number - lowest) / (highest - lowest) : 18);

function prepareFilm() {
  const last = facts.steps.length - 1;
  if (!last) return;
  $("film").hidden = false;
  $("film-range").max = last;
  $("curve").setAttribute("viewBox", `0 0 ${last} 36`);
  let pen = "M";
  const line = facts.steps.map(({ number }, i) => {
    if (number === null) return pen = "M", "";
    const word = `${pen}${i},${heightOf(number).toFixed(2)}`;
    return pen = "L", word;
  });
  draw("path", { d: line.join("") }, $("curve"));
  draw("path", { class: "here" }, $("curve"));
  turnTo(last);
}

function playFilm() {
  if (moment === facts.steps.length - 1) turnTo(0);
  const pace = Math.min(Math.max(12000 / facts.steps.length, 60), 600);
  filming = setInterval(() => {
    turnTo(moment + 1);
    if (moment === facts.steps.length - 1) pauseFilm();
  }, pace);
  $("film-play").textContent = "❚❚";
  $("film-play").setAttribute("aria-label", "Pause the film");
}

function pauseFilm() {
  clearInterval(filming);
  filming = 0;
  $("film-play").textContent = "▶";
  $("film-play").setAttribute("aria-label", "Play the film");
}

$("film-play").addEventListener("click", () => (filming ? pauseFilm() : playFilm()));
$("film-range").addEventListener("input", (event) => {
  pauseFilm();
  turnTo(Number(event.target.value));
});
