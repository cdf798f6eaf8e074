"""Manuscripts in, notebooks out: a learner edition and a solved edition in each language.

    python book/tools/press.py            write what has changed
    python book/tools/press.py --check    write nothing; fail if a committed notebook is not what its manuscript gives
"""
import argparse
import ast
import hashlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

import nbformat
from manuscript import (
    FORM,
    LANGUAGES,
    Block,
    Fault,
    check_comments,
    in_language,
    load_yaml,
    parse,
    read,
    read_glossary,
    read_text,
    split_solution,
)
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from parity import ANCHOR, CODE, HEADING, ROLE, differences, names_of, shown_and_key
from pybtex.database import BibliographyData, parse_string
from pybtex.exceptions import PybtexError
from pybtex.scanner import PybtexSyntaxError
from reading import DRAWS, SHOWS_ITSELF, is_folded, minutes, rounded, too_long

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 84  # characters of code in the page's column
KEEP_OUTPUT = "nbval-check-output"
MINUTES = "{minutes}"  # in a manuscript: how long the chapter takes, counted by the press
READS = re.compile(r"\bstored\((.*)\)")  # the experiments whose stored results a cell reads
WORDS = {
    "solution": {"ro": "Soluția", "en": "Solution"},
    "colab": {"ro": "Deschide în Colab", "en": "Open in Colab"},
    "package": {"ro": "pachetul se instalează din dosarul cărții", "en": "the package installs from the book's folder"},
    "and": {"ro": "și", "en": "and"},
    "drawing": {"ro": "codul desenului", "en": "the code of the drawing"},
}


class Faults(Exception):
    """All that is wrong in what people write, a line each."""


class Stopped(Exception):
    """A cell that did not run to its end: its id, and what it said."""


@dataclass
class House:
    """What manuscripts may refer to, and the faults found on the way."""

    root: Path
    manuscripts: dict[str, list[Block]] = field(default_factory=dict)  # by name, without .md
    anchors: dict[str, set[str]] = field(default_factory=dict)  # by manuscript's name, or by page: book/ro/index.md
    glossary: dict[str, dict] = field(default_factory=dict)
    references: BibliographyData = field(default_factory=BibliographyData)
    repository: str = ""
    branch: str = ""
    faults: list[str] = field(default_factory=list)

    def fault(self, name: str, number: int, block: Block, message: str, line: int = 0) -> None:
        self.faults.append(f"book/chapters/{name}.md, cell {number}, line {block.line + line}: {message}")

    @contextmanager
    def file(self, name: str) -> Iterator[None]:
        """What is wrong with a whole file: faults in it are told with its name."""
        try:
            yield
        except Fault as fault:
            self.faults.append(f"{name}, line {fault.line}: {fault}")


def open_house(root: Path) -> House:
    house = House(root)
    with house.file("_config.yml"):
        house.repository, house.branch = read_address(read_text(root / "_config.yml"))
    with house.file("_toc.yml"):
        load_yaml(read_text(root / "_toc.yml"))
    with house.file("book/glossary.yml"):
        for entry in read_glossary(read_text(root / "book/glossary.yml")):
            house.glossary[entry.get("key", entry["en"])] = entry
    with house.file("book/references.bib"):
        house.references = read_references(read_text(root / "book/references.bib"))
    for path in sorted((root / "book/chapters").glob("*.md")):
        with house.file(f"book/chapters/{path.name}"):
            house.manuscripts[path.stem] = read(read_text(path))
    for path in sorted(path for lang in LANGUAGES for path in (root / "book" / lang).glob("*.md")):
        with house.file(name := path.relative_to(root).as_posix()):
            house.anchors[name] = set(ANCHOR.findall(read_text(path)))
    if house.faults:  # what refers to a file that does not read would only be told as missing
        raise Faults("\n".join(house.faults))
    for name, blocks in house.manuscripts.items():
        house.anchors[name] = {anchor for block in blocks for anchor in ANCHOR.findall(block.source)}
    return house


def read_address(text: str) -> tuple[str, str]:
    """The repository's address, empty until it is set, and its branch."""
    config = load_yaml(text)
    about = config.get("repository") if isinstance(config, dict) else None
    if not isinstance(about, dict) or not isinstance(about.get("url"), str):
        raise Fault("no address of the repository: add repository: {url: https://github.com/OWNER/REPO}", 1)
    return about["url"].rstrip("/"), str(about.get("branch", "main"))


def read_references(text: str) -> BibliographyData:
    """The bibliography, each entry with an author, a year and a place to read it."""

    def line_of(words: str) -> int:
        return text.count("\n", 0, max(text.rfind(words), 0)) + 1

    try:
        found = parse_string(text, "bibtex")
    except PybtexSyntaxError as error:
        raise Fault(f"the BibTeX does not read ({error.args[0]}): mend the line or the entry above it",
                    error.lineno) from None
    except PybtexError as error:
        words = re.search(r"(?:entry: |')([^']+)", str(error))
        raise Fault(f"{error}: mend that entry", line_of(words[1]) if words else 1) from None
    for key, entry in found.entries.items():
        has = {*entry.fields, *entry.persons}
        for names in (("author", "editor"), ("year",), ("url", "doi", "eprint")):
            if not has.intersection(names):
                raise Fault(f"{key} has no {names[0]}: add {names[0]} = {{...}} to it", line_of(f"{{{key},"))
    return found


# Editions


def editions(root: Path = ROOT) -> dict[Path, nbformat.NotebookNode]:
    """Every notebook that the manuscripts make, by its path below root. Raises Faults, all of them at once."""
    house = open_house(root)
    made = {}
    for name, blocks in house.manuscripts.items():
        check_pairs(house, name, blocks)
        for lang in LANGUAGES:
            made[Path("notebooks", lang, f"{name}.ipynb")] = edition(house, name, blocks, lang, solved=False)
            made[Path("_build/solved", lang, f"{name}.ipynb")] = edition(house, name, blocks, lang, solved=True)
    if house.faults:
        raise Faults("\n".join(dict.fromkeys(house.faults)))
    counts = reading_times(made)
    for path, notebook in made.items():
        head = notebook.cells[0]
        head.source = head.source.replace(MINUTES, in_minutes(rounded(counts[path.stem]), notebook.metadata.lang))
    return made


def reading_times(made: dict[Path, nbformat.NotebookNode]) -> dict[str, float]:
    """The minutes of each chapter: the longer of its two languages."""
    counts = {}
    for path, notebook in made.items():
        if path.parts[0] == "notebooks":
            counts[path.stem] = max(counts.get(path.stem, 0), minutes(notebook.cells))
    return counts


def in_minutes(count: int, lang: str) -> str:
    return f"{count} {'de ' if lang == 'ro' and count >= 20 else ''}{'minute' if lang == 'ro' else 'minutes'}"


def edition(house: House, name: str, blocks: list[Block], lang: str, solved: bool) -> nbformat.NotebookNode:
    cells, seen, folded = [], {}, None
    for number, block in enumerate(blocks, 1):
        if block.lang not in (None, lang):
            continue
        key = identify(blocks, number, seen)
        try:
            if block.kind == "markdown":
                text = prose(house, name, number, block, lang)
                if not cells:
                    text = numbered(name, text)
                cells.append(new_markdown_cell(text, id=key))
                if len(cells) == 1:
                    cells += opening(house, name, lang)
                continue
            check_comments(block.source)
            source = in_language(block.source, lang)
            stub, whole = split_solution(source) if "exercise" in block.tags else (source, source)
            check_code(house, name, number, blocks, whole)
            about = metadata(block, source, lang)
            cells.append(new_code_cell(whole if solved else stub, id=key, metadata=about))
            if "exercise" in block.tags:
                folded = new_markdown_cell(fold(whole, lang), id=f"{key}-solution")
            elif folded and not solved:
                cells.append(folded)
                folded = None
        except Fault as fault:
            house.fault(name, number, block, str(fault), fault.line)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}, "lang": lang}
    if read := results_read(cells, house.root):
        about["results"] = read  # kept outputs were made from these: others, and the notebook is run anew
    return new_notebook(cells=cells, metadata=about)


def results_read(cells: list[nbformat.NotebookNode], root: Path) -> dict[str, str]:
    """The stored results that the code reads, by name: a hash of each, empty where the file is not there."""
    read = {}
    for cell in cells:
        names = re.findall(r'"([\w-]+)"', " ".join(READS.findall(cell.source))) if cell.cell_type == "code" else []
        for name in names:
            path = root / "book/results" / f"{name}.json"
            read[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.exists() else ""
    return read


def identify(blocks: list[Block], number: int, seen: dict) -> str:
    """An id that both editions share and that nothing inserted elsewhere changes: a hash of what the cell holds."""
    block = blocks[number - 1]
    pair = {"ro": blocks[number - 1 : number + 1], "en": blocks[max(number - 2, 0) : number]}.get(block.lang, [block])
    key = hashlib.sha256("\n".join(part.source for part in pair).encode()).hexdigest()[:8]
    seen[key] = seen.get(key, 0) + 1
    return key if seen[key] == 1 else f"{key}-{seen[key]}"


def metadata(block: Block, source: str, lang: str) -> dict:
    tags, page = list(block.tags), {}
    if alt := block.options.get("alt", {}).get(lang):
        page["image"] = {"alt": alt}
    if is_folded(source, tags):
        tags.append("hide-input")  # on the page; a notebook shows it
        page |= {"code_prompt_show": WORDS["drawing"][lang], "code_prompt_hide": WORDS["drawing"][lang]}
    return ({"tags": tags} if tags else {}) | ({"mystnb": page} if page else {})


def opening(house: House, name: str, lang: str) -> list[nbformat.NotebookNode]:
    """What every edition begins with, below its title: the way to Colab, and the package.

    While the repository has no address there is no way to Colab, and the package is the one at hand.
    """
    hidden = {"tags": ["remove-cell"]}
    language = f'diffattn_mini.set_language("{lang}")'
    if not house.repository:
        setup = f"# {WORDS['package'][lang]}\nimport diffattn_mini\n\n{language}"
        return [new_code_cell(setup, id="setup", metadata=hidden)]
    place = house.repository.replace("https://github.com/", "https://colab.research.google.com/github/")
    link = f"[{WORDS['colab'][lang]}]({place}/blob/{house.branch}/notebooks/{lang}/{name}.ipynb)"
    setup = (
        "try:\n    import diffattn_mini\nexcept ModuleNotFoundError:\n"
        f'    %pip install -q "diffattn_mini @ git+{house.repository}@{house.branch}"\n'
        f"    import diffattn_mini\n\n{language}"
    )
    return [new_markdown_cell(link, id="colab", metadata=hidden), new_code_cell(setup, id="setup", metadata=hidden)]


def numbered(name: str, text: str) -> str:
    """The text with the chapter's number before its title. The file's name is the one place that knows it."""
    number = re.match(r"0*(\d+[a-z]?)-", name)
    return re.sub(r"^# ", f"# {number[1]}. ", text, count=1, flags=re.M) if number else text


def fold(source: str, lang: str) -> str:
    return f"<details>\n<summary>{WORDS['solution'][lang]}</summary>\n\n```python\n{source}\n```\n\n</details>"


# Prose


def prose(house: House, name: str, number: int, block: Block, lang: str) -> str:
    """A block as plain Markdown, which Colab, GitHub and the site all read."""

    def mark(match: re.Match) -> str:
        try:
            if match["link"]:
                return f"]({target(house, match['link'], lang)})"
            return ROLES[match[1]](house, match[2], lang)
        except Fault as fault:
            house.fault(name, number, block, str(fault), block.source.count("\n", 0, match.start()))
            return match[0]

    text = MARK.sub(mark, block.source)
    text = text.replace("*) ([", "*; [")  # a term in English and a citation behind it share one pair of brackets
    text = ANCHOR.sub(r'<a id="\1"></a>\n', text)
    for left in re.finditer(r"\{[\w:-]+\}`|^(```|:::)\s*\{", block.source, re.M):
        if not ROLE.match(block.source, left.start()):
            message = f"{left[0]} reads as markup on Colab and GitHub: write it in plain Markdown"
            house.fault(name, number, block, message, block.source.count("\n", 0, left.start()))
    return text


def cite_in_brackets(house: House, keys: str, lang: str) -> str:
    """“... has two halves (Cho et al., 2014; Sutskever et al., 2014).”"""
    found = [source(house, key, lang) for key in names_of(keys)]
    return "(" + "; ".join(f"[{who}, {year}]({url})" for who, year, url in found) + ")"


def cite_in_text(house: House, keys: str, lang: str) -> str:
    """“Cho et al. (2014) showed ...”"""
    found = [source(house, key, lang) for key in names_of(keys)]
    *most, last = [f"[{who} ({year})]({url})" for who, year, url in found]
    return f"{', '.join(most)} {WORDS['and'][lang]} {last}" if most else last


def cite_somehow(house: House, keys: str, lang: str) -> str:
    raise Fault(f"{{cite}} does not say how: {{cite:p}}`{keys}` becomes (Author, year), an aside in brackets; "
                f"{{cite:t}}`{keys}` becomes Author (year), a part of the sentence")


def source(house: House, key: str, lang: str) -> tuple[str, str, str]:
    """Who wrote it, when, and where it can be read."""
    if key not in house.references.entries:
        raise Fault(f"{key!r} is not in book/references.bib: add it there or mend the key")
    entry = house.references.entries[key]
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [" ".join(person.prelast_names + person.last_names).strip("{}") for person in people]
    if len(names) > 2:
        names = [f"{names[0]} et al."]
    fields = entry.fields
    url = fields.get("url") or (fields.get("doi") and f"https://doi.org/{fields['doi']}")
    url = url or f"https://arxiv.org/abs/{fields['eprint']}"
    return f" {WORDS['and'][lang]} ".join(names), fields["year"], url


def term(house: House, text: str, lang: str) -> str:
    shown, key = shown_and_key(text)
    if key not in house.glossary:
        raise Fault(f"{key!r} is not in book/glossary.yml: add it there or mend the key")
    entry = house.glossary[key]
    if lang == "en" or entry["en"] == shown:
        return f"*{shown}*"
    return f"*{shown}* (*{entry['en']}*)"


def result(house: House, text: str, lang: str) -> str:
    """A link from a sentence to the stored experiment that it rests on."""
    shown, key = shown_and_key(text)
    if not (house.root / f"book/results/{key}.json").exists():
        raise Fault(f"there is no stored result book/results/{key}.json: mend the name or run the experiment")
    return f"[{shown if shown != key else f'`{key}`'}](../../book/{lang}/results.md#result-{key})"


ROLES = {"cite:p": cite_in_brackets, "cite:t": cite_in_text, "cite": cite_somehow, "term": term, "result": result}
MARK = re.compile(rf"{ROLE.pattern}|\]\((?P<link>(?!https?:|#)[^)\s]+)\)")


def target(house: House, link: str, lang: str) -> str:
    place, _, anchor = link.partition("#")
    missing = None
    if place.startswith("page:"):
        page = f"book/{lang}/{place[5:]}.md"
        path = f"../../{page}"
        if page not in house.anchors:
            missing = page
        elif anchor and anchor not in house.anchors[page]:
            missing = f"({anchor})= in {page}"
    else:
        path = f"{place.removesuffix('.md')}.ipynb"
        if not place.endswith(".md") or place[:-3] not in house.manuscripts:
            missing = f"manuscript book/chapters/{place}"
        elif anchor and anchor not in house.anchors[place[:-3]]:
            missing = f"({anchor})= in book/chapters/{place}"
    if missing:
        raise Fault(f"the link {link} leads nowhere: there is no {missing}")
    return f"{path}#{anchor}" if anchor else path


# Gates


def check_pairs(house: House, name: str, blocks: list[Block]) -> None:
    """Every block has its counterpart right after it, and the two agree."""
    anchors: list[str] = []
    if not blocks or blocks[0].kind == "code":
        house.faults.append(f"book/chapters/{name}.md, line 1: no title: {FORM}, then (anchor)= and # Title")
    elif MINUTES not in blocks[0].source:
        message = f"the head does not say how long it takes: write {MINUTES} in both languages"
        house.fault(name, 1, blocks[0], message)
    for number, block in enumerate(blocks, 1):
        before = blocks[number - 2].lang if number > 1 else None
        after = blocks[number].lang if number < len(blocks) else None
        if block.lang == "ro" and after != "en":
            house.fault(name, number, block, 'a Romanian block with no counterpart: put a +++ {"lang": "en"} after it')
        elif block.lang == "en" and before != "ro":
            house.fault(name, number, block, 'an English block with no counterpart: put a +++ {"lang": "ro"} before it')
        elif block.lang == "ro":
            for difference in differences(block.source, blocks[number].source):
                house.fault(name, number, block, difference)
        if block.kind == "markdown" and block.lang != "en":
            check_headings(house, name, number, block, anchors)
        if block.kind == "code":
            check_alt(house, name, number, block)


def check_headings(house: House, name: str, number: int, block: Block, anchors: list[str]) -> None:
    plain = CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), block.source)
    lines = plain.split("\n")
    for i, line in enumerate(lines):
        if HEADING.match(line) and not (i and ANCHOR.match(lines[i - 1])):
            house.fault(name, number, block, "a heading without an anchor: put a line (name)= right above it", i)
    for anchor in ANCHOR.findall(plain):
        if anchor in anchors:
            house.fault(name, number, block, f"the anchor ({anchor})= stands twice: rename one")
        anchors.append(anchor)


def check_alt(house: House, name: str, number: int, block: Block) -> None:
    alt = block.options.get("alt")
    if alt is None:
        if DRAWS.search(block.source) and not SHOWS_ITSELF.search(block.source):
            house.fault(name, number, block, 'a figure without alt text: add :alt: {ro: "...", en: "..."} to its cell')
        return
    missing = [lang for lang in LANGUAGES if not (isinstance(alt, dict) and alt.get(lang))]
    for lang in missing:
        house.fault(name, number, block, f"the alt text has no {lang}: say what this figure shows")
    if not missing:
        for difference in differences(alt["ro"], alt["en"]):
            house.fault(name, number, block, f"alt text: {difference}")


def check_code(house: House, name: str, number: int, blocks: list[Block], source: str) -> None:
    block = blocks[number - 1]
    defined = {getattr(node, "name", None) for node in parse(source).body}
    for tag in block.tags:
        if tag.startswith("package:") and (wanted := tag.rsplit(".", 1)[-1].removeprefix("package:")) not in defined:
            raise Fault(f"the cell is tagged {tag} and defines no {wanted}: mend the tag or the name")
    for text in source.split("\n"):
        if len(text) > WIDTH:
            message = f"a code line of {len(text)} characters: {WIDTH} fit the page, break it"
            house.fault(name, number, block, message, line_in(block, text))
    if re.search(r"### (BEGIN|END) ", source):
        raise Fault("a solution marker outside an exercise: tag the cell [exercise] or close the marker")
    if "exercise" in block.tags and not (number < len(blocks) and "check" in blocks[number].tags):
        raise Fault("an exercise without a check: the next cell must be tagged [check]")


def line_in(block: Block, text: str) -> int:
    """Which line of the block became this one in an edition: the one that is most like it."""
    rows = block.source.split("\n")
    return rows.index(max(rows, key=lambda row: SequenceMatcher(None, row, text, autojunk=False).ratio()))


def definitions(root: Path = ROOT) -> list[tuple[str, int, str, str, ast.stmt]]:
    """(manuscript, line, name, dotted path in the package, tree) of every definition that the package also has."""
    found = []
    for name, blocks in open_house(root).manuscripts.items():
        for block in blocks:
            for tag in block.tags:
                if tag.startswith("package:"):
                    path = tag.removeprefix("package:")
                    wanted = path.rsplit(".", 1)[-1]
                    tree = next(node for node in parse(block.source).body if getattr(node, "name", None) == wanted)
                    found.append((f"{name}.md", block.line, wanted, path, tree))
    return found


# Outputs


def keep_outputs(fresh: nbformat.NotebookNode, path: Path) -> bool:
    """Take the kept outputs over from the notebook at path, if it has the same code and results. False: run it."""
    if not any(KEEP_OUTPUT in cell.metadata.get("tags", []) for cell in fresh.cells):
        return True
    try:
        old = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError):
        return False
    code = [[c.source for c in nb.cells if c.cell_type == "code"] for nb in (fresh, old)]
    if code[0] != code[1] or old.metadata.get("results") != fresh.metadata.get("results"):
        return False
    outputs = {cell.id: cell for cell in old.cells}
    for cell in fresh.cells:
        if KEEP_OUTPUT in cell.metadata.get("tags", []):
            if cell.id not in outputs or not outputs[cell.id].outputs:
                return False
            cell.outputs, cell.execution_count = outputs[cell.id].outputs, outputs[cell.id].execution_count
    return True


def run(notebook: nbformat.NotebookNode, root: Path) -> None:
    """Run a copy of the notebook and keep the text that its tagged cells print."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellControlSignal, DeadKernelError

    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    copy = nbformat.from_dict(notebook)
    copy = nbformat.reads(nbformat.writes(copy), as_version=4)
    begun = []
    client = NotebookClient(copy, timeout=600, kernel_name="python3", coalesce_streams=True,
                            extra_arguments=["--IPKernelApp.log_level=ERROR"],
                            on_cell_execute=lambda cell, cell_index: begun.append(cell.id))
    try:
        client.execute()
    except (CellControlSignal, DeadKernelError) as error:
        said = f"{error.ename}: {error.evalue}" if hasattr(error, "ename") else str(error).split("\n")[0]
        raise Stopped(begun[-1], said) from None
    for cell, done in zip(notebook.cells, copy.cells, strict=True):
        if KEEP_OUTPUT in cell.metadata.get("tags", []):
            cell.outputs = [plain(output) for output in done.outputs if output.get("name") != "stderr"]
            cell.execution_count = done.execution_count


def plain(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    if "data" in output:
        output.data = {"text/plain": output.data["text/plain"]}
        output.metadata = {}
    return output


def place_of(root: Path, path: Path, key: str) -> str:
    """Where the cell with this id stands in its manuscript."""
    name = f"book/chapters/{path.stem}.md"
    blocks, seen = read(read_text(root / name)), {}
    for number, block in enumerate(blocks, 1):
        if block.lang in (None, path.parent.name) and identify(blocks, number, seen) == key:
            return f"{name}, cell {number}, line {block.line}:"
    return f"{name}, the first cell of every notebook:"


# Writing


def text_of(notebook: nbformat.NotebookNode) -> str:
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4) + "\n"


def write(path: Path, text: str) -> bool:
    """Write beside, then rename: the file is the old one or the new one, never half of it. False: nothing to do."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    try:
        with open(beside, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return True


def strays(root: Path, made: dict) -> list[Path]:
    """Notebooks that no manuscript makes any more."""
    folders = {path.parent for path in made} | {Path("notebooks", lang) for lang in LANGUAGES}
    there = [path.relative_to(root) for folder in folders for path in sorted((root / folder).glob("*.ipynb"))]
    return [path for path in there if path not in made]


def press(root: Path = ROOT) -> None:
    made = editions(root)
    for path, notebook in made.items():
        if path.parts[0] == "notebooks" and not keep_outputs(notebook, root / path):
            print(f"press: running {path.stem} ({path.parts[1]})", flush=True)
            try:
                run(notebook, root)
            except Stopped as stopped:
                key, said = stopped.args
                message = f"{place_of(root, path, key)} the code stopped: {said}: mend the code; {path} is as before"
                raise Faults(message) from None
        if write(root / path, text_of(notebook)):
            print(f"press: {path}")
    for path in strays(root, made):
        (root / path).unlink()
        print(f"press: {path} removed, no manuscript makes it")


def stale(root: Path = ROOT) -> list[str]:
    """What `make notebooks` would change among the committed notebooks, a line each."""
    made = {path: notebook for path, notebook in editions(root).items() if path.parts[0] == "notebooks"}
    found = []
    for path, notebook in made.items():
        kept = keep_outputs(notebook, root / path)
        if not (root / path).exists():
            found.append(f"{path} is missing")
        elif not kept or (root / path).read_text(encoding="utf-8") != text_of(notebook):
            found.append(f"{path} is not what its manuscript gives")
    return found + [f"{path} comes from no manuscript" for path in strays(root, made)]


def check(root: Path = ROOT) -> None:
    """Print what each chapter takes to read; stop if one takes too long or a notebook is stale."""
    counts = reading_times(editions(root))
    print("press: minutes to read: " + ", ".join(f"{name} {count:.0f}" for name, count in counts.items()))
    long, old = too_long(counts), stale(root)
    if old:
        old.append("press: stale notebooks; run: make notebooks")
    if long or old:
        sys.exit("\n".join([*long, *old]))
    print("press: the notebooks are fresh")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if anything is stale")
    options = parser.parse_args()
    try:
        if not options.check:
            press()
        else:
            check()
    except Faults as faults:
        sys.exit(f"{faults}\npress: what these make was not written; mend the lines above")


if __name__ == "__main__":
    main()
