"""How long a chapter takes to read, counted on its notebook: prose, figures, tables, and the code that stands open."""
import re
from collections.abc import Iterable

import nbformat

WORDS_A_MINUTE, LINES_A_MINUTE = 160, 10
FOLDED = 10  # drawing code of more lines is folded on the page
LIMIT = 40  # minutes
LONG = {"07-transformer"}  # over the limit until they are rewritten
DRAWS = re.compile(r"\b(plot_\w+|imshow|plt\.(?!close)\w+)\(")
SHOWS_ITSELF = re.compile(r"\b(slider|lambda_slider|explorer)\(")  # these describe themselves
NOT_READ = [  # of a Markdown cell
    re.compile(r"(?ms)^ *(```|~~~).*?^ *\1 *$|\$\$.*?\$\$"),
    re.compile(r"(?m)^\|.*$"),
    re.compile(r"(?<=\])\([^()\s]*(\([^()\s]*\)[^()\s]*)*\)|<[^<>]+>"),
]
TABLE = re.compile(r"(?m)^\|[-:| ]+\|$")


def lines_of(code: str) -> int:
    return sum(bool(line.strip()) for line in code.split("\n"))


def is_folded(code: str, tags: Iterable[str]) -> bool:
    """Does the page fold it? It draws, has over ten lines, and is no exercise, no definition, not tagged `open`."""
    kept = any(tag in ("exercise", "check", "open") or tag.startswith("package:") for tag in tags)
    return bool(DRAWS.search(code) or SHOWS_ITSELF.search(code)) and lines_of(code) > FOLDED and not kept


def minutes(cells: Iterable[nbformat.NotebookNode]) -> float:
    """Prose at 160 words a minute, a figure or table a minute, ten lines of open code a minute; no exercises."""
    words = shown = lines = 0
    in_exercise = False
    for cell in cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown":
            in_exercise = in_exercise or bool(re.search(r'<a id="exercise', cell.source))
        if in_exercise or "exercise" in tags or "remove-cell" in tags or cell.id.endswith("-solution"):
            in_exercise = in_exercise and "check" not in tags
            continue
        if cell.cell_type == "markdown":
            text, shown = cell.source, shown + len(TABLE.findall(cell.source)) + cell.source.count("![")
            for pattern in NOT_READ:
                text = pattern.sub(" ", text)
            words += len(re.findall(r"\S*\w\S*", text))
        else:
            shown += bool(DRAWS.search(cell.source) or SHOWS_ITSELF.search(cell.source))
            lines += 0 if "hide-input" in tags else lines_of(cell.source)
    return words / WORDS_A_MINUTE + shown + lines / LINES_A_MINUTE


def rounded(count: float) -> int:
    """To five minutes: nobody reads by the minute."""
    return max(5, 5 * round(count / 5))


def too_long(counts: dict[str, float]) -> list[str]:
    """What is wrong with the chapters' minutes, a line each: one over the limit, an exception no longer needed."""
    over = {name for name, count in counts.items() if round(count) > LIMIT}
    return [f"book/chapters/{name}.md takes {counts[name]:.0f} minutes to read, over {LIMIT}: shorten or divide it"
            for name in sorted(over - LONG)] + [
            f"book/chapters/{name}.md keeps to {LIMIT} minutes: take it out of LONG in book/tools/reading.py"
            for name in sorted(LONG & counts.keys() - over)]
