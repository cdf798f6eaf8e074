// A table whose last column the reader fills: one choice a row, kept in this browser and sent nowhere.
// A place in the list of words is what is kept, so that both languages show the same choice.
document.querySelectorAll(".guesses").forEach((box) => {
  const { key, about, words } = box.dataset;
  const kept = (row) => `guess.${key}.${row}`;
  box.querySelectorAll("tbody tr").forEach((row) => {
    const cells = [...row.cells], name = cells[0].innerText.trim(), what = cells[1].innerText.trim();
    const choice = document.createElement("select");
    choice.setAttribute("aria-label", `${about} ${name}: ${what}`);
    choice.append(...["–", ...words.split("|")].map((word, i) => new Option(word, i || "")));
    try { choice.value = localStorage.getItem(kept(name)) ?? ""; } catch { /* storage may be blocked */ }
    if (choice.selectedIndex < 0) choice.value = "";
    choice.addEventListener("change", () => {
      try {
        if (choice.value) localStorage.setItem(kept(name), choice.value);
        else localStorage.removeItem(kept(name));
      } catch { /* then the choice lasts as long as the page */ }
    });
    cells.at(-1).replaceChildren(choice);
  });
});
