"""Where words stand in the book: every passage of prose, label or comment, with its language, file and line."""
import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import manuscript
from parity import ROLE, shown_and_key

GAP = "¤"  # stands for what is not prose: code, formulas, links, markup
CODE_FENCE = re.compile(r"(?ms)^ *(```|~~~|:::).*?^ *\1 *$")
FORMULA = re.compile(r"\$\$.*?\$\$|(?<![\\$])\$[^$\n]+?\$(?!\$)", re.S)
HUMAN_ATTRIBUTE = re.compile(r'\b(?:alt|title|aria-label)="([^"]*)"')
NOT_PROSE = [
    CODE_FENCE,
    re.compile(r"(?s)<!--.*?-->|<(script|style|svg)\b.*?</\1>"),
    re.compile(r"``.+?``|`[^`\n]+`"),
    FORMULA,
    re.compile(r"(?<=\])\([^()\s]*(\([^()\s]*\)[^()\s]*)*\)"),
    re.compile(r"https?://\S+|\b[\w.-]+@[\w-]+\.\w+"),
    re.compile(r"(?m)^\([\w-]+\)=$|^[|\-: ]+$"),
]


@dataclass
class Passage:
    path: str
    line: int  # of its first line, from 1
    lang: str  # "ro", "en" or "both"
    # "prose" | "alt" (of a figure) | "label" (text shown by code) | "figure" (text drawn by code) | "code" (comments,
    # errors) | "printed" (what a cell printed when it was run: here stand the numbers that an f-string filled in)
    kind: str
    raw: str
    end: int = 0  # last line, where the text's own line ends are not the file's (a string in code)
    names: frozenset = frozenset()  # identifiers of the file: a comment may use them

    def __post_init__(self):
        self.text = mask(self.raw, self.lang)
        if self.kind == "code":  # what a comment quotes is data; an error may begin with its tool's name
            self.text = re.sub(r'^\w+:(?= )|"[^"\n]*"|„[^”\n]*”', lambda match: GAP * len(match[0]), self.text)


def mask(text: str, lang: str) -> str:
    """The text with everything that is not prose made a gap of the same length."""
    text = ROLE.sub(words_of_role, text)
    other = "en" if lang == "ro" else "ro"
    foreign = re.compile(rf'<(\w+)[^>]*\blang="{other}"[^>]*>.*?</\1>')
    for pattern in [*NOT_PROSE[:2], foreign, *NOT_PROSE[2:], re.compile(r"<[^<>]+>")]:
        text = pattern.sub(lambda match: re.sub(r"[^\n]", GAP, match[0]), text)
    return text


def words_of_role(match: re.Match) -> str:
    """What a reader sees of {term}`words <key>`; of a citation, or of a key alone, nothing."""
    shown, key = shown_and_key(match[2])
    seen = "" if match[1].startswith("cite") or (match[1] == "result" and key == shown) else shown
    at = match[0].index("`") + 1
    return GAP * at + seen + re.sub(r"[^\n]", GAP, match[0][at + len(seen) :])


def passages(root: Path) -> Iterator[Passage]:
    """Every passage below root that readers or contributors see. A Fault, with its file, where one does not read."""
    for pattern, read in READERS.items():
        for path in sorted(root.glob(pattern)):
            try:
                yield from read(manuscript.read_text(path), path.relative_to(root).as_posix())
            except manuscript.Fault as fault:
                raise manuscript.Fault(str(fault), fault.line, path) from None


def in_page(path: str, line: int, lang: str, text: str) -> Iterator[Passage]:
    yield Passage(path, line, lang, "prose", text)
    for match in HUMAN_ATTRIBUTE.finditer(CODE_FENCE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)):
        yield Passage(path, line + text.count("\n", 0, match.start()), lang, "prose", match[1])


def language_parts(text: str) -> Iterator[tuple[str, int, str]]:
    """(language, line, text) of a file in two parts marked <a id="romana"> and <a id="english">."""
    marks = [text.find('<a id="romana">'), text.find('<a id="english">'), len(text)]
    if marks[0] < 0 or marks[1] < marks[0]:
        yield "both", 1, text
        return
    for lang, start, end in zip(("both", "ro", "en"), [0, *marks[:2]], marks, strict=True):
        yield lang, 1 + text.count("\n", 0, start), text[start:end]


def in_prose(text: str, name: str) -> Iterator[Passage]:
    yield from in_page(name, 1, name.split("/")[1], text)


def in_parts(text: str, name: str) -> Iterator[Passage]:
    for lang, line, part in language_parts(text):
        yield from in_page(name, line, lang, part)


def in_manuscript(text: str, name: str) -> Iterator[Passage]:
    for block in manuscript.read(text):
        if block.kind == "markdown":
            yield from in_page(name, block.line, block.lang or "both", block.source)
            continue
        alt = block.options.get("alt")
        for lang, words in alt.items() if isinstance(alt, dict) else ():
            yield Passage(name, text[: text.find(words)].count("\n") + 1, lang, "alt", words)
        plain = re.sub(r"(?m)^(\s*)[%!]", r"\1#", block.source)
        yield from in_python(plain, name, block.line)


# Python: texts in two languages, comments, docstrings, errors


def in_python(source: str, name: str, first: int = 1) -> Iterator[Passage]:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return  # ruff or the press says so
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    names = frozenset(token.string for token in tokens if token.type == tokenize.NAME)
    tests = name.startswith("tests/")  # what they hold may be wrong on purpose
    paired = [] if tests else list(pairs(tree, name.startswith("diffattn_mini/")))
    for node, lang, kind in paired:
        yield Passage(name, first + node.lineno - 1, lang, kind, literal(node), first + node.end_lineno - 1)
    done = {id(part) for node, *_ in paired for part in ast.walk(node)}
    for node in [*(() if tests else errors(tree)), *docstrings(tree)]:
        if id(node) not in done:
            done.update(id(part) for part in ast.walk(node))
            line, end = first + node.lineno - 1, first + node.end_lineno - 1
            yield Passage(name, line, "en", "code", without_examples(literal(node)), end, names)
    for token in tokens:
        if token.type == tokenize.COMMENT and not re.match(r"#(!|:|##| noqa| type:| fmt:)", token.string):
            match = re.match(r"#\s*(?:(ro|en): )?(.*)", token.string)
            yield Passage(name, first + token.start[0] - 1, match[1] or "en", "code", match[2], names=names)


def pairs(tree: ast.AST, package: bool) -> Iterator[tuple[ast.expr, str, str]]:
    """(string, language, kind) of the texts of tr("ro", "en"), say("ro", "en"), f(ro=, en=) and {"ro": , "en": }."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            kind = {"tr": "figure", "say": "label"}.get(getattr(node.func, "id", ""))
            if kind and (package or kind == "figure"):
                both = zip(node.args, manuscript.LANGUAGES, strict=False)
                yield from ((arg, lang, kind) for arg, lang in both if is_text(arg))
            for keyword in node.keywords:
                if keyword.arg in manuscript.LANGUAGES:
                    yield from ((text, keyword.arg, "label") for text in texts(keyword.value))
                elif keyword.arg == "measured":  # a pair in the exercises
                    both = zip(texts(keyword.value), manuscript.LANGUAGES, strict=False)
                    yield from ((text, lang, "label") for text, lang in both)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in manuscript.LANGUAGES:
                    yield from ((text, key.value, "label") for text in texts(value))


def texts(node: ast.expr) -> list[ast.expr]:
    """The strings in a value: itself, or the values of a dictionary, or the members of a list."""
    if isinstance(node, ast.Dict):
        return [text for value in node.values for text in texts(value)]
    if isinstance(node, ast.List | ast.Tuple):
        return [text for value in node.elts for text in texts(value)]
    return [node] if is_text(node) else []


def errors(tree: ast.AST) -> Iterator[ast.expr]:
    """Strings that somebody reads in a terminal: what is raised or told, and whatever reads like a sentence."""
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        call = node.exc if isinstance(node, ast.Raise) else node
        if isinstance(call, ast.Call):
            called = getattr(call.func, "id", getattr(call.func, "attr", ""))
            told = call is not node or called in ("print", "exit", "fault", "Fault", "say")
            yield from (arg for arg in call.args if told and is_text(arg))
            yield from (word.value for word in call.keywords if word.arg == "help" and is_text(word.value))
        elif is_text(node) and id(node) not in inner and is_sentence(literal(node)):
            yield node


def is_sentence(text: str) -> bool:
    words = re.findall(r"(?<!\S)[A-Za-z]{2,}[,.;:]?(?!\S)", text)
    return len(words) >= 4 and not re.search(r"[{<=|\\]|; [\w-]+: ", text)


def docstrings(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            yield node.body[0].value


def is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def literal(node: ast.expr) -> str:
    """The text of a string, a gap where an f-string fills something in."""
    if isinstance(node, ast.Constant):
        return node.value
    return "".join(part.value if isinstance(part, ast.Constant) else GAP for part in node.values)


def without_examples(text: str) -> str:
    return re.sub(r"(?m)^ *>>>.*(\n.+)*|^ {4,}(make|python|jupyter)\b.*", GAP, text)


# Other files


def in_notebook(text: str, name: str) -> Iterator[Passage]:
    """What its cells print, as far as the committed notebook keeps it."""
    lang = name.split("/")[1]
    for cell in json.loads(text)["cells"]:
        for output in cell.get("outputs", []):
            words = output.get("text") or output.get("data", {}).get("text/plain", "")
            for row in "".join(words).splitlines():
                line = text.count("\n", 0, text.find(json.dumps(row, ensure_ascii=False)[1:-1])) + 1
                yield Passage(name, line, lang, "printed", row)


def in_glossary(text: str, name: str) -> Iterator[Passage]:
    for entry in manuscript.read_glossary(text):
        for lang in manuscript.LANGUAGES:
            for words in (entry.get(lang), (entry.get("definition") or {}).get(lang)):
                if words:
                    line = text[: max(text.find(f'{lang}: "{words}'), text.find(f"{lang}: {words}"), 0)].count("\n") + 1
                    yield Passage(name, line, lang, "prose", words)


def in_explorer(text: str, name: str) -> Iterator[Passage]:
    """The string tables `ro: {...}` and `en: {...}` of a front-end module."""
    for table in re.finditer(r"(?m)^\s*(ro|en): \{", text):
        depth, end = 1, table.end()
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        for match in re.finditer(r'"([^"\n]*)"|`([^`]*)`', text[table.end() : end]):
            line = text.count("\n", 0, table.end() + match.start()) + 1
            template = match[2] or ""
            for words in (match[1] or re.sub(r"\$\{[^{}]*\}", GAP, template), *re.findall(r'"([^"]*)"', template)):
                yield Passage(name, line, table[1], "label", words)


def in_catalogue(text: str, name: str) -> Iterator[Passage]:
    """Translations of the interface: each `msgstr`, its continuation lines included."""
    lang = "ro" if "/ro/" in f"/{name}" else "en"
    for match in re.finditer(r'(?m)^msgstr(?:\[\d\])? ("[^\n]*"(?:\n"[^\n]*")*)', text):
        words = "".join(re.findall(r'"(.*)"', match[1]))
        if "Content-Type" not in words:
            words = re.sub(r"\$?\{\w+\}", GAP, words)
            yield Passage(name, text.count("\n", 0, match.start()) + 1, lang, "label", words)


def in_contents(text: str, name: str) -> Iterator[Passage]:
    for match in re.finditer(r'(?m)^[ -]*(?:caption|title): *"?([^"\n]+)', text):
        yield Passage(name, text.count("\n", 0, match.start()) + 1, "both", "prose", match[1])


def in_shell(text: str, name: str) -> Iterator[Passage]:
    for match in re.finditer(r"""(?m)^# (.+)|\becho ["']([^"'\n]+)""", text):
        yield Passage(name, text.count("\n", 0, match.start()) + 1, "en", "code", match[1] or match[2])


def in_two_languages(text: str, name: str) -> Iterator[Passage]:
    yield from in_page(name, 1, "both", text)


READERS = {
    "book/chapters/*.md": in_manuscript,
    "book/ro/*.md": in_prose,
    "book/en/*.md": in_prose,
    "README.md": in_parts,
    "CONTRIBUTING.md": in_parts,
    "diffattn_mini/**/*.py": in_python,
    "book/tools/*.py": in_python,
    "book/theme/**/*.py": in_python,
    "tests/**/*.py": in_python,
    "diffattn_mini/explorers/*.mjs": in_explorer,
    "book/theme/locale/**/*.po": in_catalogue,
    "book/glossary.yml": in_glossary,
    "notebooks/*/*.ipynb": in_notebook,
    "Makefile": in_shell,
    ".ci/run": in_shell,
    "_toc.yml": in_contents,
    "_config.yml": in_contents,
    "book/index.md": in_two_languages,
    "book/theme/start.html": in_two_languages,
}
