// Two noises, point by point: how much of the first is left when lambda times the second is subtracted from it.

const TEXT = {
  ro: {
    lam: "λ: cât scazi", rho: "ρ: corelația zgomotelor",
    x: "zgomotul al doilea, z₂", y: "zgomotul întâi, z₁", line: "λz₂", left: "abaterea standard rămasă", none: "fără scădere",
    cloud: "Norul de puncte: zgomotul întâi față de al doilea, dreapta λz₂ și distanțele până la ea.",
    curve: "Cât rămâne din zgomot, după λ; punctul arată valoarea aleasă.",
    verdict: (left, best, least) => `Rămâne ${left} % din abaterea standard a zgomotului` + (left > 100 ? ": scăderea strică. " : ". ") +
      `La ρ acesta, cel mai puțin rămâne la λ = ${best}: ${least} %.`,
  },
  en: {
    lam: "λ: how much you subtract", rho: "ρ: correlation of the noises",
    x: "second noise, z₂", y: "first noise, z₁", line: "λz₂", left: "standard deviation left", none: "nothing subtracted",
    cloud: "The cloud of points: the first noise against the second, the line λz₂ and the distances to it.",
    curve: "How much of the noise is left, against λ; the dot shows the value chosen.",
    verdict: (left, best, least) => `${left}% of the standard deviation of the noise is left` + (left > 100 ? ": subtracting hurts. " : ". ") +
      `At this ρ the least is left at λ = ${best}: ${least}%.`,
  },
};

// 90 pairs, drawn once by a small generator, then made exact: mean 0, deviation 1, the two at a right angle.
const COUNT = 90;
const PAIRS = (() => {
  let seed = 7;
  const uniform = () => ((seed = (seed * 48271) % 2147483647) - 0.5) / 2147483646;
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0) / COUNT;
  const standard = (a) => {
    const mean = a.reduce((sum, x) => sum + x, 0) / COUNT, centred = a.map((x) => x - mean);
    const size = Math.sqrt(dot(centred, centred));
    return centred.map((x) => x / size);
  };
  const first = standard(Array.from({ length: COUNT }, normal)), raw = standard(Array.from({ length: COUNT }, normal));
  const along = dot(first, raw);
  return [first, standard(raw.map((x, i) => x - along * first[i]))];
})();

// The two noises, of correlation rho, and what is left of the first: its deviation, where it was 1.
export const noises = (rho) => [PAIRS[0], PAIRS[0].map((x, i) => rho * x + Math.sqrt(1 - rho * rho) * PAIRS[1][i])];
export const leftOf = (first, second, lam) => Math.sqrt(first.reduce((sum, x, i) => sum + (x - lam * second[i]) ** 2, 0) / COUNT);

const STYLE = `
.kx { --c1: var(--map1, #0072B2); --c2: var(--map2, #C44F00); --cd: var(--difference, #00795A); --cn: var(--negative, #A23B72);
  --i: var(--ink, #1F2933); --m: var(--muted, #5B6673); color: var(--i); max-width: 46rem; margin: 1.5rem 0; font-family: var(--sans, system-ui, sans-serif); }
.kx-pictures { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); }
.kx svg { width: 100%; height: auto; display: block; }
.kx text { fill: var(--i); font-size: 13px; }
.kx-controls { display: grid; gap: .5rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); margin-top: 1rem; }
.kx-controls label { display: block; font-size: .95rem; }
.kx-controls input { width: 100%; min-height: 28px; margin: .15rem 0 0; accent-color: var(--cd); }
.kx-controls output { float: right; font-variant-numeric: tabular-nums; font-weight: 600; }
.kx-verdict { margin: .8rem 0 0; min-height: 3em; font-size: 1rem; line-height: 1.5; }
`;

const SVG = "http://www.w3.org/2000/svg";
const draw = (parent, tag, attributes, text = "") => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text) element.textContent = text;
  parent.append(element);
  return element;
};
const move = (element, attributes) => {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
};

// The cloud: 3.2 deviations to each side of the middle of 300 by 300 pixels.
const px = (x) => 150 + 46 * x, py = (y) => 150 - 46 * y;
// The curve: lambda from 0 to 1.5, what is left from 0 to 1.8.
const cx = (lam) => 46 + 156 * lam, cy = (left) => 256 - 132 * left;

const picture = (parent, label) => draw(parent, "svg", { viewBox: "0 0 300 300", role: "img", "aria-label": label });

function cloud(parent, text) {
  const svg = picture(parent, text.cloud);
  const axis = { stroke: "var(--m)", "stroke-width": 1 };
  draw(svg, "line", { x1: 4, x2: 296, y1: 150, y2: 150, ...axis });
  draw(svg, "line", { x1: 150, x2: 150, y1: 4, y2: 296, ...axis });
  draw(svg, "text", { x: 296, y: 292, "text-anchor": "end", style: "fill: var(--c2)" }, text.x);
  draw(svg, "text", { x: 4, y: 16, style: "fill: var(--c1)" }, text.y);
  const gaps = PAIRS[0].map(() => draw(svg, "line", { stroke: "var(--cn)", "stroke-width": 1, opacity: 0.55 }));
  const points = PAIRS[0].map(() => draw(svg, "circle", { r: 2.6, fill: "var(--i)" }));
  const line = draw(svg, "line", { stroke: "var(--cd)", "stroke-width": 3 });
  const name = draw(svg, "text", { x: 292, "text-anchor": "end", style: "fill: var(--cd); font-weight: 600" }, text.line);
  return (first, second, lam) => {
    second.forEach((x, i) => {
      move(points[i], { cx: px(x), cy: py(first[i]) });
      move(gaps[i], { x1: px(x), x2: px(x), y1: py(first[i]), y2: py(lam * x) });
    });
    move(line, { x1: px(-3.2), x2: px(3.2), y1: py(-3.2 * lam), y2: py(3.2 * lam) });
    move(name, { y: Math.max(14, py(3.2 * Math.min(lam, 0.93)) - 10) });
  };
}

function curve(parent, text) {
  const svg = picture(parent, text.curve);
  for (const left of [0, 0.5, 1, 1.5]) {
    draw(svg, "text", { x: 38, y: cy(left) + 4, "text-anchor": "end" }, `${100 * left}%`);
    draw(svg, "line", { x1: 42, x2: 46, y1: cy(left), y2: cy(left), stroke: "var(--m)" });
  }
  for (const lam of [0, 0.5, 1, 1.5]) draw(svg, "text", { x: cx(lam), y: 274, "text-anchor": "middle" }, `${lam}`);
  draw(svg, "path", { d: `M46 8 V${cy(0)} H${cx(1.5)}`, fill: "none", stroke: "var(--m)" });
  draw(svg, "text", { x: cx(1.5), y: 294, "text-anchor": "end" }, "λ");
  draw(svg, "text", { x: 52, y: 16, style: "fill: var(--cd); font-weight: 600" }, text.left);
  draw(svg, "line", { x1: cx(0), x2: cx(1.5), y1: cy(1), y2: cy(1), stroke: "var(--m)", "stroke-dasharray": "5 4" });
  draw(svg, "text", { x: cx(1.5), y: cy(1) + 16, "text-anchor": "end" }, text.none);
  const path = draw(svg, "path", { fill: "none", stroke: "var(--cd)", "stroke-width": 3 });
  const dot = draw(svg, "circle", { r: 6, fill: "var(--cd)" });
  return (first, second, lam) => {
    const at = Array.from({ length: 61 }, (_, i) => i / 40);
    path.setAttribute("d", at.map((x, i) => `${i ? "L" : "M"}${cx(x)} ${cy(leftOf(first, second, x))}`).join(" "));
    move(dot, { cx: cx(lam), cy: cy(leftOf(first, second, lam)) });
  };
}

function control(text, value, max) {
  const label = document.createElement("label"), output = document.createElement("output"), input = document.createElement("input");
  Object.assign(input, { type: "range", min: 0, max, step: 0.05, value });
  input.setAttribute("aria-label", text);
  label.append(text, output, input);
  return { label, input, show: () => { output.textContent = Number(input.value).toFixed(2); } };
}

function render({ model, el }) {
  const state = model.get("state") || {};
  const text = TEXT[state.lang || document.documentElement.lang] || TEXT.en;
  const root = document.createElement("div");
  root.className = "kx";
  root.innerHTML = `<style>${STYLE}</style><div class="kx-pictures"></div>`;
  const pictures = root.querySelector(".kx-pictures");
  const parts = [cloud(pictures, text), curve(pictures, text)];
  const controls = document.createElement("div"), verdict = document.createElement("p");
  controls.className = "kx-controls";
  verdict.className = "kx-verdict";
  verdict.setAttribute("role", "status");
  const lam = control(text.lam, state.lam ?? 0.5, 1.5), rho = control(text.rho, state.rho ?? 0.9, 1);
  controls.append(lam.label, rho.label);
  root.append(controls, verdict);
  el.append(root);

  const show = () => {
    const l = Number(lam.input.value), r = Number(rho.input.value), [first, second] = noises(r);
    for (const part of parts) part(first, second, l);
    lam.show(); rho.show();
    const percent = (x) => Math.round(100 * x);
    verdict.textContent = text.verdict(percent(leftOf(first, second, l)), r.toFixed(2), percent(leftOf(first, second, r)));
  };
  lam.input.addEventListener("input", show);
  rho.input.addEventListener("input", show);
  show();
}

export default { render };
