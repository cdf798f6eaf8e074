// Mounts what the chapters leave on the page: frames behind a range input, and explorers. The build puts
// EXPLORERS, made of diffattn_mini/explorers/*.mjs, before this script (book/theme/assets.py).

function mountFrames(box) {
  const { frames, alts, values } = JSON.parse(box.querySelector("script[type='application/json']").textContent);
  const [input, output, image, words] = ["input", "output", "img", ".frames-words"].map((part) => box.querySelector(part));
  const show = () => {
    const at = Number(input.value);
    image.src = frames[at];
    image.alt = words.textContent = alts[at];
    output.textContent = values[at];
    input.setAttribute("aria-valuetext", values[at]);
  };
  input.addEventListener("input", show);
  show();
  box.querySelector(".frames-control").hidden = false;
  box.querySelector(".sideways")?.scrollTo(1e4, 0); // on a phone, begin at the panel that moves: the last
}

function mountExplorer(box) {
  const state = { lang: document.documentElement.lang, ...JSON.parse(box.dataset.state || "{}") };
  EXPLORERS[box.dataset.explorer].render({ model: { get: (name) => (name === "state" ? state : undefined), set() {}, on() {}, save_changes() {} }, el: box });
}

document.querySelectorAll(".frames").forEach(mountFrames);
document.querySelectorAll(".explorer[data-explorer]").forEach(mountExplorer);
