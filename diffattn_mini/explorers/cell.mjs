// A map of attention, cell by cell: pick one and read its four steps, from the dot product to the weight.

const TEXT = {
  ro: {
    asks: "întreabă", answers: "răspunde", causal: "mască cauzală: nimeni nu se uită înainte",
    hint: "Rândul întreabă, coloana răspunde. Alege o căsuță.",
    steps: ["produs scalar", "împărțire la √d", "mască", "softmax"],
    open: "are voie să se uite, scorul rămâne", shut: "vine mai târziu: scorul devine −∞",
    weight: "ponderea", decimal: ",",
  },
  en: {
    asks: "asks", answers: "answers", causal: "causal mask: nobody looks ahead",
    hint: "The row asks, the column answers. Pick a cell.",
    steps: ["dot product", "division by √d", "mask", "softmax"],
    open: "may look, the score stays", shut: "comes later: the score becomes −∞",
    weight: "weight", decimal: ".",
  },
};

// Everything the explorer shows: scores, scaled scores, masked ones, weights. q, k: one row for each word.
export const steps = (q, k, causal) => {
  const dots = q.map((a) => k.map((b) => a.reduce((sum, x, i) => sum + x * b[i], 0)));
  const scaled = dots.map((row) => row.map((s) => s / Math.sqrt(q[0].length)));
  const masked = scaled.map((row, t) => row.map((s, j) => (causal && j > t ? -Infinity : s)));
  const weights = masked.map((row) => {
    const e = row.map((s) => Math.exp(s - Math.max(...row)));
    const sum = e.reduce((a, b) => a + b);
    return e.map((x) => x / sum);
  });
  return { dots, scaled, masked, weights };
};

const STYLE = `
.cx { --c1: var(--map1, #0072B2); --i: var(--ink, #1F2933); --m: var(--muted, #5B6673); --l: var(--wash, #EEF1F4); --p: var(--paper, #FFFFFF);
  color: var(--i); max-width: 46rem; margin: 1.5rem 0; font-family: var(--sans, system-ui, sans-serif); }
.cx-map { display: grid; gap: 3px; max-width: 34rem; }
.cx-word { font-size: clamp(.72rem, 2.8vw, .95rem); align-self: center; }
.cx-word.cx-row { text-align: right; padding-right: .5rem; }
.cx-word.cx-column { text-align: center; }
.cx-cell { position: relative; min-height: 2.6rem; border: 1px solid var(--m); border-radius: 3px; background: none; color: var(--i); cursor: pointer;
  font: inherit; font-size: .9rem; font-variant-numeric: tabular-nums; overflow: hidden; padding: 0; }
.cx-cell span { position: relative; background: var(--p); padding: 0 .2rem; border-radius: 2px; }
.cx-cell::before { content: ""; position: absolute; left: 0; right: 0; bottom: 0; height: var(--h, 0%); background: var(--c1); opacity: .55; }
.cx-cell[aria-pressed="true"] { outline: 3px solid var(--i); outline-offset: -1px; font-weight: 700; }
.cx label { display: inline-flex; gap: .5rem; align-items: center; margin: .8rem 0; min-height: 28px; }
.cx label input { width: 1.2rem; height: 1.2rem; accent-color: var(--c1); }
.cx-steps { margin: .4rem 0 0; padding-left: 1.4rem; min-height: 9.5em; }
.cx-steps li { margin: .25rem 0; line-height: 1.5; }
.cx-steps b { font-weight: 600; }
.cx-pair { font-weight: 600; margin: .4rem 0; }
`;

const make = (tag, name, text = "") => Object.assign(document.createElement(tag), { className: name, textContent: text });

function render({ model, el }) {
  const state = model.get("state") || {};
  const text = TEXT[state.lang || document.documentElement.lang] || TEXT.en;
  const words = state.words || ["a", "b"], q = state.q || [[1, 0], [0, 1]], k = state.k || [[1, 1], [0, 1]];
  let [row, column] = state.cell || [words.length - 1, 0];
  const number = (x, digits = 2) =>
    x === -Infinity ? "−∞" : x.toFixed(digits).replace(/^-(0\.?0*)$/, "$1").replace("-", "−").replace(".", text.decimal);
  const whole = (x) => (Number.isInteger(x) ? number(x, 0) : number(x));
  const bracket = (x) => (x < 0 ? `(${whole(x)})` : whole(x));

  const root = make("div", "cx"), map = make("div", "cx-map"), list = make("ol", "cx-steps"), pair = make("p", "cx-pair");
  root.append(make("style", "", STYLE), make("p", "", text.hint), map);
  map.style.gridTemplateColumns = `minmax(3.2rem, auto) repeat(${words.length}, minmax(0, 1fr))`;
  map.append(make("span", ""));
  for (const word of words) map.append(make("span", "cx-word cx-column", word));
  const cells = words.map((asking, i) => {
    map.append(make("span", "cx-word cx-row", asking));
    return words.map((_, j) => {
      const cell = make("button", "cx-cell");
      cell.type = "button";
      cell.append(make("span", ""));
      cell.addEventListener("click", () => { row = i; column = j; draw(); });
      map.append(cell);
      return cell;
    });
  });
  const label = make("label", ""), causal = Object.assign(document.createElement("input"), { type: "checkbox", checked: Boolean(state.causal) });
  label.append(causal, text.causal);
  root.append(label, pair, list);
  pair.setAttribute("role", "status");
  el.append(root);

  const draw = () => {
    const now = steps(q, k, causal.checked);
    cells.forEach((line, i) => line.forEach((cell, j) => {
      const weight = now.weights[i][j];
      cell.firstChild.textContent = number(weight);
      cell.style.setProperty("--h", `${100 * weight}%`);
      cell.setAttribute("aria-pressed", String(i === row && j === column));
      cell.setAttribute("aria-label", `${words[i]} ${text.asks}, ${words[j]} ${text.answers}: ${text.weight} ${number(weight)}`);
    }));
    const [dot, scaled, masked, weight] = ["dots", "scaled", "masked", "weights"].map((name) => now[name][row][column]);
    pair.textContent = `${words[row]} ${text.asks}, ${words[column]} ${text.answers}: ${text.weight} ${number(weight, 3)}`;
    const terms = q[row].map((x, i) => `${bracket(x)}·${bracket(k[column][i])}`).join(" + ");
    const lines = [
      `${terms} = ${whole(dot)}`,
      `${whole(dot)} / √${q[0].length} = ${number(scaled, 3)}`,
      masked === -Infinity ? text.shut : text.open,
      masked === -Infinity ? `0 / (${now.masked[row].filter((s) => s > -Infinity).map((s) => number(Math.exp(s))).join(" + ")}) = 0`
        : `${number(Math.exp(masked))} / (${now.masked[row].filter((s) => s > -Infinity).map((s) => number(Math.exp(s))).join(" + ")}) = ${number(weight, 3)}`,
    ];
    list.replaceChildren(...lines.map((line, i) => {
      const item = make("li", "");
      item.append(make("b", "", `${text.steps[i]}: `), line);
      return item;
    }));
  };
  causal.addEventListener("input", draw);
  draw();
}

export default { render };
