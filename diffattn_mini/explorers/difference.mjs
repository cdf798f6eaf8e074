// One query looks at eight words through two maps; the slider subtracts one from the other. Computed in the page.

const TEXT = {
  ro: {
    words: ["Ana", "a", "ascuns", "cheia", "sub", "preșul", "din", "hol"], answer: 3,
    query: "Ce a ascuns Ana?", map1: "prima hartă, A₁", map2: "a doua hartă, A₂", difference: "diferența, A₁ − λA₂",
    lam: "λ: cât scazi", shared: "cât din zgomot e comun",
    verdict: (word, share, below) => `„${word}” ține ${percent(share)} % din atenția rămasă, restul cuvintelor ${percent(1 - share)} %` +
      (below ? `; sub zero: ${below === 1 ? "un cuvânt" : below + " cuvinte"}.` : "."),
  },
  en: {
    words: ["Ana", "hid", "the", "key", "under", "the", "hall", "rug"], answer: 3,
    query: "What did Ana hide?", map1: "first map, A₁", map2: "second map, A₂", difference: "the difference, A₁ − λA₂",
    lam: "λ: how much you subtract", shared: "how much of the noise is shared",
    verdict: (word, share, below) => `“${word}” holds ${percent(share)}% of the attention that is left, the other words ${percent(1 - share)}%` +
      (below ? `; below zero: ${below === 1 ? "one word" : below + " words"}.` : "."),
  },
};
const percent = (share) => Math.round(100 * share);

// Noise of mean 0 and deviation 1 over the seven words that are not the answer, drawn once and kept; the second is at a
// right angle to the first, so that the slider is their correlation.
const NOISE1 = [0.80, 0.00, -1.20, 0, 1.20, 0.27, -1.73, 0.66];
const NOISE2 = [-0.13, 1.71, -0.06, 0, -0.40, -1.76, -0.23, 0.88];
const SIGNAL = 2.2;

export const softmax = (scores) => {
  const top = Math.max(...scores);
  const e = scores.map((s) => Math.exp(s - top));
  const sum = e.reduce((a, b) => a + b);
  return e.map((x) => x / sum);
};

// Both maps and their difference. shared: the correlation of the noise; 0: each map has its own, 1: both hear the same.
export const maps = (lam, shared, answer = 3) => {
  const own = Math.sqrt(1 - shared * shared);
  const scores1 = NOISE1.map((n, i) => (i === answer ? SIGNAL : n));
  const scores2 = NOISE1.map((n, i) => (i === answer ? -0.6 : shared * n + own * NOISE2[i]));
  const map1 = softmax(scores1), map2 = softmax(scores2);
  return { map1, map2, difference: map1.map((a, i) => a - lam * map2[i]) };
};

export const shareOf = (weights, answer = 3) =>
  Math.abs(weights[answer]) / weights.reduce((sum, w) => sum + Math.abs(w), 0);

const STYLE = `
.dx { --c1: var(--map1, #0072B2); --c2: var(--map2, #C44F00); --cd: var(--difference, #00795A); --cn: var(--negative, #A23B72);
  --i: var(--ink, #1F2933); --m: var(--muted, #5B6673); color: var(--i); max-width: 46rem; margin: 1.5rem 0; font-family: var(--sans, system-ui, sans-serif); }
.dx-query { font-size: 1.05rem; margin: 0 0 .75rem; font-style: italic; }
.dx-row { display: grid; grid-template-columns: repeat(8, minmax(0, 1fr)); gap: 0 4px; position: relative; }
.dx-name { font-size: .95rem; font-weight: 600; margin: .6rem 0 .1rem; }
.dx-cell { position: relative; }
.dx-bar { position: absolute; left: 12%; right: 12%; border-radius: 2px; min-height: 1px; }
.dx-value { position: absolute; left: -20%; right: -20%; text-align: center; font-size: .75rem; font-variant-numeric: tabular-nums; }
.dx-base { border-top: 1px solid var(--m); position: absolute; left: 0; right: 0; }
.dx-word { text-align: center; font-size: clamp(.72rem, 2.6vw, .9rem); padding-top: .25rem; line-height: 1.2; }
.dx-word.dx-answer { font-weight: 700; }
.dx-controls { display: grid; gap: .5rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); margin-top: 1rem; }
.dx-controls label { display: block; font-size: .95rem; }
.dx-controls input { width: 100%; min-height: 28px; margin: .15rem 0 0; accent-color: var(--cd); }
.dx-controls output { float: right; font-variant-numeric: tabular-nums; font-weight: 600; }
.dx-verdict { margin: .8rem 0 0; min-height: 3em; font-size: 1rem; line-height: 1.5; }
`;

const UNIT = 150; // pixels for a weight of 1

function row(kind, height, below) {
  const element = document.createElement("div");
  element.className = "dx-row";
  element.style.height = `${height + below}px`;
  const base = document.createElement("div");
  base.className = "dx-base";
  base.style.top = `${height}px`;
  element.append(base);
  const cells = Array.from({ length: 8 }, () => {
    const cell = document.createElement("div"), bar = document.createElement("div"), value = document.createElement("div");
    cell.className = "dx-cell"; bar.className = "dx-bar"; value.className = "dx-value";
    cell.append(bar, value);
    element.append(cell);
    return { bar, value };
  });
  const draw = (weights) => weights.forEach((w, i) => {
    const size = Math.abs(w) * UNIT, { bar, value } = cells[i];
    bar.style.height = `${size}px`;
    bar.style.top = `${w >= 0 ? height - size : height}px`;
    bar.style.background = w < 0 ? "var(--cn)" : `var(--c${kind})`;
    value.style.top = w >= 0 ? `${height - size - 18}px` : `${height + size + 1}px`;
    value.textContent = w.toFixed(2).replace(/^-0\.00$/, "0.00").replace("-", "−");
  });
  return { element, draw };
}

function control(text, value) {
  const label = document.createElement("label"), output = document.createElement("output"), input = document.createElement("input");
  Object.assign(input, { type: "range", min: 0, max: 1, step: 0.05, value });
  input.setAttribute("aria-label", text);
  label.append(text, output, input);
  return { label, input, show: () => { output.textContent = Number(input.value).toFixed(2); } };
}

function render({ model, el }) {
  const state = model.get("state") || {};
  const text = TEXT[state.lang || document.documentElement.lang] || TEXT.en;
  const root = document.createElement("div");
  root.className = "dx";
  root.innerHTML = `<style>${STYLE}</style><p class="dx-query">${text.query}</p>`;
  const tall = { 1: [108, 0], 2: [72, 0], d: [108, 40] };
  const rows = {};
  for (const [kind, name] of [["1", text.map1], ["2", text.map2], ["d", text.difference]]) {
    rows[kind] = row(kind, ...tall[kind]);
    const heading = document.createElement("p");
    heading.className = "dx-name";
    heading.style.color = `var(--c${kind})`;
    heading.textContent = name;
    root.append(heading, rows[kind].element);
  }
  const words = document.createElement("div");
  words.className = "dx-row";
  text.words.forEach((word, i) => {
    const cell = document.createElement("div");
    cell.className = `dx-word${i === text.answer ? " dx-answer" : ""}`;
    cell.textContent = word;
    words.append(cell);
  });
  const controls = document.createElement("div"), verdict = document.createElement("p");
  controls.className = "dx-controls";
  verdict.className = "dx-verdict";
  verdict.setAttribute("role", "status");
  const lam = control(text.lam, state.lam ?? 0.5), shared = control(text.shared, state.shared ?? 0.95);
  controls.append(lam.label, shared.label);
  root.append(words, controls, verdict);
  el.append(root);

  const draw = () => {
    const now = maps(Number(lam.input.value), Number(shared.input.value), text.answer);
    rows[1].draw(now.map1); rows[2].draw(now.map2); rows.d.draw(now.difference);
    lam.show(); shared.show();
    const below = now.difference.filter((w) => w < -0.005).length;
    verdict.textContent = text.verdict(text.words[text.answer], shareOf(now.difference, text.answer), below);
  };
  lam.input.addEventListener("input", draw);
  shared.input.addEventListener("input", draw);
  draw();
}

export default { render };
