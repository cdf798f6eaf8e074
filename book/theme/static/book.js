// The manners of a page: light and dark, search, drawers, where the reader is, copying code.
// Without this script everything can still be read, and every link works.
const page = document.documentElement;
const find = (selector) => document.querySelector(selector);
const findAll = (selector) => [...document.querySelectorAll(selector)];

function remember(key, value) {
  try { localStorage.setItem(key, value); } catch { /* storage may be blocked: then we forget */ }
}

// Light, dark, or as the system has it: the button goes round.
const systemDark = matchMedia("(prefers-color-scheme: dark)");
function showMode(mode) {
  page.dataset.mode = mode;
  page.dataset.theme = mode === "auto" ? (systemDark.matches ? "dark" : "light") : mode;
}
find(".theme-toggle").addEventListener("click", () => {
  const [same, opposite] = systemDark.matches ? ["dark", "light"] : ["light", "dark"];
  showMode({ auto: opposite, [opposite]: same, [same]: "auto" }[page.dataset.mode]);
  remember("mode", page.dataset.mode);
});
systemDark.addEventListener("change", () => showMode(page.dataset.mode));

// Dialogs close on Escape by themselves, if Sphinx does not catch the key first, and here on a click beside them.
findAll("dialog").forEach((dialog) => {
  dialog.addEventListener("keydown", (event) => { if (event.key === "Escape") event.stopPropagation(); });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
});

const searchDialog = find("#search-dialog");
const openSearch = () => (searchDialog.open ? searchDialog.close() : searchDialog.showModal());
find(".search-toggle").addEventListener("click", openSearch);
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openSearch();
  }
});

// On a narrow screen a side column is a drawer: its content moves into a dialog and back.
function drawer(button, column, dialog) {
  if (!button || !column) return;
  button.addEventListener("click", () => {
    dialog.append(...column.childNodes);
    dialog.showModal();
  });
  dialog.addEventListener("close", () => column.append(...dialog.childNodes));
  dialog.addEventListener("click", (event) => event.target.closest("a") && dialog.close());
}
drawer(find(".contents-toggle"), find("#contents"), find("#contents-dialog"));
drawer(find(".page-toc-toggle"), find("#page-toc"), find("#page-toc-dialog"));

// Where the reader is: the section of the address while its heading is on the screen, else the last heading passed.
const sections = findAll("article section[id]");
const headingTop = (section) => section.firstElementChild.getBoundingClientRect().top;
function currentSection() {
  const named = sections.find((section) => "#" + section.id === decodeURIComponent(location.hash));
  if (named && headingTop(named) >= 0 && headingTop(named) < innerHeight) return named;
  return sections.filter((section) => headingTop(section) < innerHeight / 3).pop();
}

const languageSwitch = find("#language-switch");
const otherPage = languageSwitch.getAttribute("href").split("#")[0];
const pageLinks = findAll(".page-toc a");
function follow() {
  const section = currentSection();
  const first = !section || section === sections[0];
  languageSwitch.setAttribute("href", otherPage + location.search + (first ? "" : "#" + section.id));
  for (const link of pageLinks) {
    if (section && link.hash === "#" + section.id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}
let waiting = false;
function followSoon() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; follow(); });
}
addEventListener("scroll", followSoon, { passive: true });
addEventListener("resize", followSoon);
addEventListener("hashchange", followSoon);
// A switch may come before the next frame: a click sees the newest place.
languageSwitch.addEventListener("pointerdown", follow);
languageSwitch.addEventListener("focus", follow);
languageSwitch.addEventListener("click", () => { follow(); remember("language", languageSwitch.hreflang); });
follow();

// Code can be copied.
if (navigator.clipboard) {
  const { copy, copied, copyLabel } = document.body.dataset;
  findAll("div.highlight").filter((block) => !block.closest(".cell_output")).forEach((block) => {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "copy", textContent: copy });
    button.title = copyLabel;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("pre").textContent.trimEnd());
      button.textContent = copied;
      setTimeout(() => { button.textContent = copy; }, 1500);
    });
    block.append(button);
  });
}

// What scrolls sideways can be reached by keyboard.
function reachScrollable() {
  for (const box of findAll("pre, .output, .sideways, .pst-scrollable-table-container, mjx-container[display]")) {
    if (box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
addEventListener("load", () => {
  reachScrollable();
  new ResizeObserver(reachScrollable).observe(find("article"));
});

// Printed, everything folded is open.
addEventListener("beforeprint", () => findAll("article details:not([open])").forEach((d) => { d.open = true; d.dataset.printed = ""; }));
addEventListener("afterprint", () => findAll("details[data-printed]").forEach((d) => { d.open = false; delete d.dataset.printed; }));
