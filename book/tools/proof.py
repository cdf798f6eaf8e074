"""The proofreader: spelling, typography, glossary, and the two languages of every page side by side.

    python book/tools/proof.py    print what is wrong, where, and how to mend it; exit 1 if anything is
"""
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import manuscript
from parity import FEATURES, differences
from passages import FORMULA, GAP, Passage, language_parts, passages
from spelling import Speller

ROOT = Path(__file__).resolve().parents[2]
SHOWN = ("prose", "alt", "label", "figure")  # what readers see; comments and errors follow fewer rules
Fault = tuple[int, str, str]  # where in the passage, what is wrong, how to mend it


def problems(root: Path = ROOT) -> list[str]:
    """Everything that is wrong below root, a line each: `file:line: what is wrong: how to mend it`."""
    try:
        return judge(Path(root), list(passages(Path(root))))
    except manuscript.Fault as fault:  # a file that does not read: no word of it can be judged
        return [f"{fault.file.relative_to(root)}:{fault.line}: {fault}"]


def judge(root: Path, book: list[Passage]) -> list[str]:
    spellers = {lang: Speller(lang, root) for lang in manuscript.LANGUAGES}
    glossary, found = read_glossary(root), []
    numbers = (path.name.split("-")[0] for path in (root / "book/chapters").glob("[0-9][0-9]*-*.md"))
    written = {int(number) for number in numbers if number.isdigit()}  # 14b stands beside its chapter
    for passage in book:
        faults = [fault for rule, kinds, langs in RULES if passage.kind in kinds and passage.lang in langs
                  for fault in rule(passage)]
        faults += spelling(passage, spellers) if passage.kind != "printed" else []
        faults += counting(passage, spellers["ro"]) + words_to_avoid(passage, glossary)
        faults += chapters_missing(passage, written)
        for at, what, mend in faults:
            found.append((passage.path, line_of(passage, at, root), what, mend))
    found += [*glossary_faults(root), *page_faults(root), *part_faults(root)]
    for speller in spellers.values():
        found += word_list_faults(speller, root)
        speller.remember()
    return [f"{path}:{line}: {what}: {mend}" for path, line, what, mend in sorted(set(found))]


def line_of(passage: Passage, at: int, root: Path) -> int:
    """The line of a place in a passage. A string in code may be spread over lines: look where its words stand."""
    if not passage.end:
        return passage.line + passage.raw.count("\n", 0, at)
    lines = (root / passage.path).read_text(encoding="utf-8").split("\n")
    start, end = passage.line, passage.end
    around = re.search(rf"[^\s{GAP}]*$", passage.text[:at])[0] + re.match(rf"[^\s{GAP}]*", passage.text[at:])[0]
    return next((n for n in range(start, end + 1) if around in lines[n - 1]), start)


# Spelling

LETTER = r"[^\W\d_₀-₉ⁿˣ]"
WORD = re.compile(rf"(?<![\w@/\\.&=<{{\[_-]){LETTER}+(?:[-'’]{LETTER}+)*(?![\w(=@\\]|[._/*]\w|\[\w)")
ABROAD = {  # where a word of the other language may stand: an English term in brackets, an example in italics
    "ro": re.compile(r"\([^()]*\)|\*[^*\n]+\*|_[^_\n]+_|\[[^\]\n]*\](?=¤)"),
    "en": re.compile(r"\*[^*\n]+\*|_[^_\n]+_"),
}
IZE = re.compile(r"^(?!prize|seize)(\w+)(?:iz|yz)(e|es|ed|er|ers|ing|ation|ations|able)$")
MENDED = {"sînt": "sunt", "sîntem": "suntem", "sînteți": "sunteți"}


def spelling(passage: Passage, spellers: dict) -> list[Fault]:
    lang = passage.lang if passage.lang != "both" else "ro"
    other = "en" if lang == "ro" else "ro"
    foreign = [match.span() for match in ABROAD[lang].finditer(passage.text)]
    found = []
    for match in WORD.finditer(passage.text):
        word = match[0].replace("’", "'")
        if skipped(word, passage) or spelled(word, spellers[lang]):
            if passage.lang == "en" and (british := british_form(word, spellers["en"])):
                found.append((match.start(), f"“{word}” is not the British spelling here", f"write “{british}”"))
            continue
        abroad = passage.lang == "both" or any(start <= match.start() < end for start, end in foreign)
        if not (abroad and spelled(word, spellers[other])):
            found.append((match.start(), f"“{word}” is not a known word", advice(word, spellers[lang])))
    return found


def skipped(word: str, passage: Passage) -> bool:
    """Names and signs: RMSNorm, CMRR, x; in a comment, whatever the code around it is called."""
    letters = word.split("-")[0].split("'")[0]
    mixed = any(letter.isupper() for letter in letters[1:])
    return len(letters) < 2 or mixed or word in passage.names or (passage.kind == "code" and len(word) < 3)


def spelled(word: str, speller: Speller) -> bool:
    plain = word.removesuffix("'s").removesuffix("'")
    parts = re.split(r"-", plain)
    return any(map(speller.known, (word, plain))) or (len(parts) > 1 and all(map(speller.known, parts)))


def british_form(word: str, speller: Speller) -> str | None:
    match = IZE.match(word)
    british = match and re.sub(r"([iy])z", r"\1s", word[len(match[1]) :])
    return match[1] + british if match and speller.known(match[1] + british) and word not in speller.own else None


def advice(word: str, speller: Speller) -> str:
    better = MENDED.get(word.lower()) or (speller.with_diacritics(word) if speller.lang == "ro" else None)
    return f"write “{better}”" if better else f"mend it; if it is a real word, add it to book/words/{speller.lang}.txt"


def word_list_faults(speller: Speller, root: Path) -> Iterator[tuple]:
    path, words = str(speller.list.relative_to(root)), [word for _, word in speller.lines]
    for (number, word), before in zip(speller.lines, [None, *words], strict=False):
        if speller.in_dictionary(word):
            yield path, number, f"the dictionary knows “{word}”", "take it out of the list"
        if before is not None and (before.casefold(), before) >= (word.casefold(), word):
            yield path, number, f"“{word}” stands after “{before}”", "keep the list sorted, each word once"


# Typography: a rule is a pattern, what is wrong, how to mend it

VERSION = re.compile(r"(?:Python|BY|torch|numpy|matplotlib|versiunea|CUDA|ipywidgets|IPython)[ \u00a0]$")
BOTH_LANGUAGES = [
    (r"[şţŞŢ]", "a letter with a cedilla", "write ș, ț with a comma below"),
    (r"(?<=\S)  +(?=\S)", "two spaces", "keep one"),
    (r"(?<=[\w)»”’%]) +(?=[,;:!?…](?!\w)|\.(?:\s|$))", "a space before a punctuation mark", "take it out"),
    (r"(?<=[^\W\d_])[,;](?=[^\W\d_])", "no space after a punctuation mark", "add one"),
    (r"\.\.\.", "three full stops", "write …"),
    (r"(?<=\S )(?:-|--)(?= \S)|—", "a wrong dash", "write – with a space on both sides, or a comma"),
    (r"(?<=[\w)”])– |(?<=[^\W\d_]) –(?=\w)", "a dash with a space on one side only", "put a space on both sides"),
    (r"(?<![\w.,/–-])\d+-\d+(?![\w/-])", "a hyphen between two numbers", "write –, or − for a difference"),
    (rf"(?<![\w)\]{GAP}–−./-])-(?=\d)", "a hyphen for a minus sign", "write −"),
]
ROMANIAN = [
    (r"(?:\d|¤) ?%", "no no-break space before %", "write the number, a no-break space (U+00A0), then %"),
    (r"\d{1,3}(?: \d{3})+(?!\d)", "thousands with a space", "separate them with a point: 10.000"),
    (r"(?<![\w.,])\d{5,}(?![\w.,]*\d)", "a long number without separators", "separate thousands with a point: 10.000"),
]
ENGLISH = [
    (r"(?:\d|¤)[ \u00a0\u202f]%", "a space before %", "take it out"),
    (r"(?<![\w.,])\d{5,}(?![\w.,]*\d)", "a long number without separators", "separate thousands with a comma: 10,000"),
]
DECIMAL = {  # not 1.000 in Romanian nor 1,000 in English: those are thousands
    "ro": re.compile(r"(?<![\w.,])(?![1-9]\d{0,2}(?:\.\d{3})+(?![\d.]))\d+\.\d+(?![\d.]*\d)"),
    "en": re.compile(r"(?<![\w.,])(?![1-9]\d{0,2}(?:,\d{3})+(?!\d))\d+,\d+(?![\d,]*\d)"),
}
FORMULA_DECIMAL = {
    "ro": re.compile(r"\d[.,]\d"),
    "en": re.compile(r"\d\{,\}\d|\d,\d"),
    "both": re.compile(r"\d\.\d|\d\{,\}\d"),
}


def typography(passage: Passage) -> Iterator[Fault]:
    rules = BOTH_LANGUAGES + {"ro": ROMANIAN, "en": ENGLISH}.get(passage.lang, [])
    for pattern, what, mend in rules:
        if what == "two spaces" and passage.kind != "prose":
            continue
        for match in re.finditer(pattern, passage.text):
            line = passage.text[passage.text.rfind("\n", 0, match.start()) + 1 :]
            if not (line.lstrip().startswith("|") and "space" in what):  # the columns of a table may be lined up
                yield match.start(), what, mend


def decimals(passage: Passage) -> Iterator[Fault]:
    wrong, right = ("point", "comma") if passage.lang == "ro" else ("comma", "point")
    for match in DECIMAL[passage.lang].finditer(passage.text):
        if not VERSION.search(passage.text[: match.start()]):
            yield match.start(), f"{match[0]} has a decimal {wrong}", f"write a decimal {right}"


def formulas(passage: Passage) -> Iterator[Fault]:
    """Decimals in mathematics: 0{,}5 in Romanian, 0.5 in English; a formula for both languages has none."""
    for formula in FORMULA.finditer(passage.raw):
        without_indices = re.sub(r"[_^]\{[^{}]*\}", lambda match: " " * len(match[0]), formula[0])
        for match in FORMULA_DECIMAL[passage.lang].finditer(without_indices):
            mend = "put the formula in the blocks of both languages"
            if passage.lang != "both":
                mend = "write 0{,}5" if passage.lang == "ro" else "write 0.5"
            yield formula.start() + match.start(), f"the decimal sign in {match[0]}", mend


OPENING = {"„": "”", "«": "»", "“": "”"}


def quotes(passage: Passage) -> Iterator[Fault]:
    """„…” with «…» inside it in Romanian, “…” in English, each one closed within its paragraph."""
    outer, mend = ("„", "write „…”, and «…» inside them") if passage.lang == "ro" else ("“", "write “…”")
    start = 0
    for paragraph in re.split(r"(\n\s*\n)", passage.text):
        open_marks = []
        for at, mark in ((m.start(), m[0]) for m in re.finditer('["„“”«»]', paragraph)):
            if mark == '"' or (mark in OPENING and mark != ("«" if open_marks and passage.lang == "ro" else outer)):
                yield start + at, f"the quotation mark {mark} here", mend
            elif mark in OPENING:
                open_marks.append((at, mark))
            elif not open_marks or OPENING[open_marks.pop()[1]] != mark:
                yield start + at, f"{mark} closes nothing", mend
        for at, mark in open_marks:
            yield start + at, f"{mark} is never closed", f"close it with {OPENING[mark]}"
        start += len(paragraph)


NUMBER = r"[−-]?\d+(?:(?:,|\{,\})\d+)?"
LISTED = re.compile(rf"(?<![\w.,}}]){NUMBER}(,\s+){NUMBER}(?![\d{{]|,\d)(?=[,;)\]$]|\s+(?:și|sau)\b|\.(?!\d)|\s*$)")


def lists(passage: Passage) -> Iterator[Fault]:
    """(0,964; −0,999): between decimal numbers a comma would be one comma too many."""
    for text, start in [(passage.text, 0), *((found[0], found.start()) for found in FORMULA.finditer(passage.raw))]:
        for match in LISTED.finditer(text):
            if re.search(r"\d(?:,|\{,\})\d", match[0]):
                yield start + match.start(), f"a comma between decimal numbers, „{match[0]}”", "write ; between them"


LONGEST = 75  # words in a paragraph


def paragraphs(passage: Passage) -> Iterator[Fault]:
    """One idea a paragraph: a reader who loses the line in a long one does not find it again."""
    if not passage.path.startswith("book/") or passage.path.endswith(".yml"):
        return
    start = 0
    for part in re.split(r"(\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) |[|#<]))", passage.text):
        if (count := len(re.findall(r"\S*\w\S*", part))) > LONGEST:
            at = start + len(part) - len(part.lstrip())
            yield at, f"a paragraph of {count} words", f"divide it where the thought turns: {LONGEST} at most"
        start += len(part)


RULES = [
    (typography, SHOWN, ("ro", "en", "both")),
    (decimals, ("prose", "alt", "label"), ("ro", "en")),
    (formulas, ("prose", "alt"), ("ro", "en", "both")),
    (quotes, SHOWN, ("ro", "en")),
    (lists, ("prose", "alt", "label"), ("ro",)),
    (paragraphs, ("prose",), ("ro", "en")),
]
CHAPTER = re.compile(r"\b(?:capitol(?:ul|ului)?|chapter)[ \u00a0]\d+"
                     r"|\b(?:capitole(?:le|lor)?|chapters)[ \u00a0]\d+(?:(?:, | și | and | sau | or |–)\d+)*", re.I)


def chapters_missing(passage: Passage, written: set[int]) -> list[Fault]:
    """A reader who is sent to a chapter finds it."""
    if passage.kind not in (*SHOWN, "printed"):
        return []
    return [(match.start(), f"there is no chapter {number}", "point to one that is written, or say it without a number")
            for match in CHAPTER.finditer(passage.text) for number in re.findall(r"\d+", match[0])
            if int(number) not in written]


# Romanian counts: „19 capete”, „20 de capete”, „101 capete”, „120 de pași”

COUNT = re.compile(r"(?<![\w.,/:])(?:(\d{1,3}(?:\.\d{3})+|\d+)|(\w+zeci|sute|mii|milioane|o sută|o mie|un milion))"
                   r"[*_]{0,3}[ \u00a0](de )?([^\W\d_]+)(?![-\w]| \d)")
MONTHS = "ianuarie|februarie|martie|aprilie|mai|iunie|iulie|august|septembrie|octombrie|noiembrie|decembrie"
YEAR = re.compile(rf"\b(?:în|din|anul|anului|{MONTHS})[ \u00a0]$", re.I)
NOT_COUNTED = re.compile(
    "aceste|alte|altele|aproape|bine|care|ce|cele|cinci|cu|dintre|ele|mai|mei|mii|multe|nouă|noi|opt|patru|peste|puține"
    "|sau|sute|șapte|șase|tale|toate|toți|trei|unde|vine|voi|zece"
)


def counting(passage: Passage, speller: Speller) -> list[Fault]:
    if passage.lang != "ro":
        return []
    found = []
    for match in COUNT.finditer(passage.text):
        digits, words, de, noun = match.groups()
        number = int(digits.replace(".", "")) if digits else 100
        needs = number >= 20 and not 0 < number % 100 < 20
        year = 1900 <= number < 2100 and YEAR.search(passage.text[: match.start()])
        if number == 0 or year or needs == bool(de) or not is_plural(noun, speller):
            continue
        mend = f"write „{digits or words} {'de ' if needs else ''}{noun}”"
        found.append((match.start(), f"„{match[0]}” {'lacks “de”' if needs else 'has a “de” too many'}", mend))
    return found


def is_plural(word: str, speller: Speller) -> bool:
    """A plural noun without its article: one that can take it, as „capete” and „capetele”, „pași” and „pașii”."""
    if word == "ori":
        return True
    if len(word) < 3 or not word.islower() or NOT_COUNTED.fullmatch(word) or not speller.known(word):
        return False
    return speller.known(word + "le") or (word.endswith("i") and speller.known(word + "i"))


# Glossary

ENDINGS = {  # by language and last letter
    ("ro", "e"): "e|ea|a|ei|i|ii|ile|ilor|ele|elor",
    ("ro", "ă"): "ă|a|e|ei|ele|elor|i|ii|ile|ilor",
    ("ro", ""): "|-?(?:a|e|i|u|l|le|ul|lui|ului|ei|lor|ii|ile|ilor|uri|urile|urilor|ele|elor)",
    ("en", ""): "|s|es|ed|ing",
    ("foreign", ""): "|s|-?(?:ul|ului|uri|urile|urilor)",
}


def glossary_text(root: Path) -> str:
    path = root / "book/glossary.yml"
    return manuscript.read_text(path) if path.exists() else ""


def read_glossary(root: Path) -> dict[str, list[tuple[re.Pattern, str]]]:
    """What to avoid and what to write instead: in Romanian, in English, and the English terms that Romanian has."""
    terms = [entry for entry in manuscript.read_glossary(glossary_text(root)) if entry.get("en") and entry.get("ro")]
    foreign = {term["en"]: term["ro"] for term in terms if term["en"].casefold() not in term["ro"].casefold()}
    found = {"foreign": [(phrase(word, "foreign"), instead) for word, instead in foreign.items()]}
    for lang in manuscript.LANGUAGES:
        avoided = [(word, term[lang]) for term in terms for word in term.get("never", {}).get(lang, [])]
        found[lang] = [(phrase(word, lang), instead) for word, instead in avoided if word not in foreign]
    return found


def phrase(words: str, lang: str) -> re.Pattern:
    """The words in any of their forms: „mapă de atenție” also as „mapele de atenție”."""
    forms = []
    for word in words.split():
        last = word[-1] if (lang, word[-1]) in ENDINGS else ""
        forms.append(rf"{re.escape(word.removesuffix(last))}(?:{ENDINGS[lang, last]})")
    return re.compile(r"(?<![\w-])" + r"\s+".join(forms) + r"(?![\w-])", re.I)


def words_to_avoid(passage: Passage, glossary: dict) -> list[Fault]:
    if passage.lang == "both" or passage.path.endswith("glossary.yml"):
        return []
    found = [(match.start(), f"“{match[0]}” is a word we avoid", f"write “{instead}”")
             for pattern, instead in glossary[passage.lang] for match in pattern.finditer(passage.text)]
    if passage.lang == "ro" and passage.kind != "printed":  # what is printed may be the names of arms
        plain = ABROAD["ro"].sub(lambda match: GAP * len(match[0]), passage.text)
        found += [(match.start(), f"“{match[0]}” in Romanian", f"write „{instead}”, the English term only in brackets")
                  for pattern, instead in glossary["foreign"] for match in pattern.finditer(plain)]
    return found


def glossary_faults(root: Path) -> Iterator[tuple]:
    text, before = glossary_text(root), ""
    for entry in manuscript.read_glossary(text):
        name, meaning = entry.get("en") or "", entry.get("definition") or {}
        line = text[: max(text.find(f"- en: {name}\n"), 0)].count("\n") + 1
        if not all((name, entry.get("ro"), meaning.get("ro"), meaning.get("en"))):
            yield "book/glossary.yml", line, f"“{name}” is not whole", "give it en, ro and a definition in each"
        elif name.casefold() <= before:
            yield "book/glossary.yml", line, f"“{name}” is out of order", "sort by the English word, each once"
        before = name.casefold()


# Prose pages and the two parts of a file


def page_faults(root: Path) -> Iterator[tuple]:
    names = {lang: {path.name for path in (root / "book" / lang).glob("*.md")} for lang in manuscript.LANGUAGES}
    for lang, other in (("ro", "en"), ("en", "ro")):
        for name in names[lang] - names[other]:
            yield f"book/{lang}/{name}", 1, f"there is no book/{other}/{name}", "write it too"
    for name in names["ro"] & names["en"]:
        ro, en = (sections((root / "book" / lang / name).read_text(encoding="utf-8")) for lang in manuscript.LANGUAGES)
        if [anchor for anchor, *_ in ro] != [anchor for anchor, *_ in en]:
            yield f"book/ro/{name}", 1, f"not the anchors of book/en/{name}", "give both the same, in the same order"
            continue
        for (_, line, left), (_, _, right) in zip(ro, en, strict=True):
            for difference in differences(left.replace("/ro/", "/en/"), right):
                yield f"book/ro/{name}", line, f"book/en/{name}: {difference}", "make the two agree"


def sections(text: str) -> list[tuple[str, int, str]]:
    """(anchor, line, text) of each part of a page that begins with an anchor."""
    starts = [(match[1], match.start()) for match in re.finditer(r"(?m)^\(([\w-]+)\)=$", text)]
    starts = starts if starts and starts[0][1] == 0 else [("", 0), *starts]
    ends = [start for _, start in starts[1:]] + [len(text)]
    return [(anchor, text.count("\n", 0, at) + 1, text[at:end]) for (anchor, at), end in zip(starts, ends, strict=True)]


def part_faults(root: Path) -> Iterator[tuple]:
    """README and CONTRIBUTING: the same headings and numbers in both parts."""
    for name in ("README.md", "CONTRIBUTING.md"):
        parts = list(language_parts((root / name).read_text(encoding="utf-8"))) if (root / name).exists() else []
        texts = {lang: text for lang, _, text in parts}
        for feature in ("heading levels", "numbers") if "ro" in texts else ():
            if FEATURES[feature](texts["ro"], "ro") != FEATURES[feature](texts["en"], "en"):
                yield name, parts[1][1], f"{feature} differ between the two languages", "make them agree"


def main() -> None:
    found = problems()
    print("\n".join(found) if found else "proof: every word in its place")
    if found:
        sys.exit(f"proof: {len(found)} to mend")


if __name__ == "__main__":
    main()
