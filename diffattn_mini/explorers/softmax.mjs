// Scores in, weights out: every word has a slider for its score, and one slider sets the temperature.

const TEXT = {
  ro: { score: "scorul cuvântului", weight: "ponderea", temperature: "temperatura τ" },
  en: { score: "score of", weight: "weight", temperature: "temperature τ" },
};

export const softmax = (scores, temperature = 1) => {
  const top = Math.max(...scores);
  const e = scores.map((s) => Math.exp((s - top) / temperature));
  const sum = e.reduce((a, b) => a + b);
  return e.map((x) => x / sum);
};

const STYLE = `
.sx { --c1: var(--map1, #0072B2); --i: var(--ink, #1F2933); --m: var(--muted, #5B6673); --l: var(--wash, #EEF1F4);
  color: var(--i); max-width: 46rem; margin: 1.5rem 0; font-family: var(--sans, system-ui, sans-serif); }
.sx-row { display: grid; grid-template-columns: 5.5rem minmax(6rem, 1fr) 2.8rem minmax(6rem, 1.4fr) 3rem; gap: .6rem; align-items: center; min-height: 2.4rem; }
.sx-row input, .sx-t input { width: 100%; min-height: 28px; margin: 0; accent-color: var(--c1); }
.sx-word { font-weight: 600; }
.sx-track { background: var(--l); height: 1.4rem; border-radius: 2px; }
.sx-bar { background: var(--c1); height: 100%; border-radius: 2px; }
.sx-number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.sx-t { display: grid; grid-template-columns: auto minmax(8rem, 1fr) 3rem; gap: .6rem; align-items: center; margin-top: .8rem; }
@media (max-width: 34rem) { .sx-row { grid-template-columns: 4.8rem 1fr 2.8rem; } .sx-track { grid-column: 1 / 3; } .sx-row { margin-bottom: .6rem; } }
`;

const make = (tag, name, text = "") => Object.assign(document.createElement(tag), { className: name, textContent: text });
const range = (min, max, step, value, name) => {
  const input = Object.assign(document.createElement("input"), { type: "range", min, max, step, value });
  input.setAttribute("aria-label", name);
  return input;
};

function render({ model, el }) {
  const state = model.get("state") || {};
  const text = TEXT[state.lang || document.documentElement.lang] || TEXT.en;
  const words = state.words || ["a", "b", "c", "d"], scores = state.scores || [2, 1, -1, 0];
  const root = make("div", "sx");
  root.append(make("style", "", STYLE));
  const rows = words.map((word, i) => {
    const line = make("div", "sx-row"), track = make("div", "sx-track"), bar = make("div", "sx-bar");
    const input = range(-4, 4, 0.1, scores[i], `${text.score} ${word}`);
    const score = make("span", "sx-number"), weight = make("span", "sx-number");
    track.append(bar);
    line.append(make("span", "sx-word", word), input, score, track, weight);
    root.append(line);
    return { input, score, bar, weight };
  });
  const line = make("div", "sx-t"), temperature = range(-1, 1, 0.05, Math.log10(state.temperature || 1), text.temperature);
  const value = make("span", "sx-number");
  line.append(make("span", "", text.temperature), temperature, value);
  root.append(line);
  el.append(root);

  const draw = () => {
    const T = 10 ** Number(temperature.value);
    const weights = softmax(rows.map((r) => Number(r.input.value)), T);
    rows.forEach((r, i) => {
      r.score.textContent = Number(r.input.value).toFixed(1).replace("-", "−");
      r.bar.style.width = `${100 * weights[i]}%`;
      r.weight.textContent = weights[i].toFixed(2);
    });
    value.textContent = T.toFixed(2);
    temperature.setAttribute("aria-valuetext", T.toFixed(2));
  };
  for (const input of [...rows.map((r) => r.input), temperature]) input.addEventListener("input", draw);
  draw();
}

export default { render };
