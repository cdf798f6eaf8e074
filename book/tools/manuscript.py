"""Read a manuscript: prose in two languages side by side, code once, each block with its line in the file."""
import ast
import functools
import io
import re
import tokenize
from dataclasses import dataclass, field
from pathlib import Path

import yaml

LANGUAGES = ("ro", "en")
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
TAGS = {"exercise", "check", "nbval-check-output", "open"}  # besides package:..., the package's name for a definition
MARKER = re.compile(r"\+\+\+(?:\s|$)")
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
CELL = "```{code-cell}"
MARKERS = 'write +++ {"lang": "ro"}, +++ {"lang": "en"}, or +++ alone for both languages'
FORM = 'a manuscript begins with its front matter, between two lines ---, then a line +++ {"lang": "ro"}'


class Fault(Exception):
    """Something to mend: `line` counts from the start of the block, or of the `file`, that it was raised for."""

    def __init__(self, message: str, line: int = 0, file: Path | None = None):
        super().__init__(message)
        self.line, self.file = line, file


@dataclass
class Block:
    kind: str  # "markdown" or "code"
    source: str
    line: int  # of its first line in the file, from 1
    lang: str | None = None  # None: for both editions
    options: dict = field(default_factory=dict)

    @property
    def tags(self) -> list[str]:
        return self.options.get("tags", [])


# Files


def read_text(path: Path) -> str:
    """The text of a file that people write; a Fault where it is not plain UTF-8."""
    if not path.exists():
        raise Fault("there is no such file: put it back, the book is made from it", 1, path)
    data = path.read_bytes()
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8: save the file as UTF-8 and write the letter anew"
        raise Fault(message, line, path) from None
    if text.startswith("\ufeff"):
        raise Fault("the file begins with a byte-order mark: save it as UTF-8 without one", 1, path)
    for match in re.finditer(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060\ufeff]", text):
        line = text.count("\n", 0, match.start()) + 1
        raise Fault(f"an invisible character, U+{ord(match[0]):04X}: take it out", line, path)
    return text


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML in which a key stands once."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if (name := str(key.value)) in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {name} stands twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


def load_yaml(text: str, line: int = 1, cure: str = 'put a text that holds a colon, a comma or brackets in "..."'):
    """The value of a piece of YAML whose first line is the file's `line`; a Fault with the line of its mistake."""
    try:
        return yaml.load(text, Loader)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that is none
        mark = getattr(error, "problem_mark", None)
        at = min(mark.line, text.count("\n")) if mark else 0
        problem = (getattr(error, "problem", None) or str(error)).split("\n")[0]
        raise Fault(f"the YAML does not read ({problem}): {cure}", line + at) from None


@functools.cache
def read_glossary(text: str) -> list[dict]:
    """The entries of the glossary, each with both words; what else it needs the proofreader says."""
    found = load_yaml(text) or []
    lines = [number for number, line in enumerate(text.split("\n"), 1) if line.startswith("- ")]
    if not isinstance(found, list):
        raise Fault("the glossary is not a list: each entry begins with - en: at the start of a line", 1)
    for number, entry in enumerate(found):
        line = lines[number] if len(lines) == len(found) else 1
        if not (isinstance(entry, dict) and all(isinstance(entry.get(lang), str) for lang in LANGUAGES)):
            raise Fault("an entry without both words: write - en: and, below it, ro: with the word behind each", line)
        if unknown := set(entry) - {*LANGUAGES, "key", "never", "not", "definition"}:
            raise Fault(f"{unknown.pop()!r} in the entry “{entry['en']}”: write never, not, definition or key", line)
        for name, kind in (("never", list), ("not", list), ("definition", str)):
            value = entry.get(name, {})
            if not (isinstance(value, dict) and all(isinstance(part, kind) for part in value.values())):
                example = "{ro: [...], en: [...]}" if kind is list else '{ro: "...", en: "..."}'
                raise Fault(f"{name} in the entry “{entry['en']}” is not by language: write {name}: {example}", line)
    return found


# Blocks


def read(text: str) -> list[Block]:
    """The blocks of a manuscript in order, its front matter left out. A Fault where the form is broken."""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            raise Fault("a tab: write spaces", number)
    i = _front_matter(lines)
    blocks: list[Block] = []
    while i < len(lines):
        if lines[i].startswith(CELL):
            end = _closing(lines, i)
            blocks.append(_code(lines[i + 1 : end], i + 2))
            i = end + 1
            continue
        if MARKER.match(lines[i]):
            lang = _language(lines[i], i + 1)
            end = _end_of_prose(lines, i + 1)
            blocks.append(_markdown(lines[i + 1 : end], i + 2, lang))
            i = end
            continue
        if lines[i].strip():
            _end_of_prose(lines, i)  # a better name for the mistake, if it has one
            raise Fault(f"text that no line +++ begins: {FORM if not blocks else MARKERS}", i + 1)
        i += 1
    return [block for block in blocks if block.source or block.lang]


def _front_matter(lines: list[str]) -> int:
    """Where the front matter ends; 0 if there is none."""
    first = next((i for i, line in enumerate(lines) if line.strip("\ufeff \n")), 0)
    if lines[first].strip("\ufeff ") != "---":
        return 0
    if first or lines[0] != "---":
        raise Fault("the front matter begins with --- alone on line 1: no blank line before it, nothing beside it", 1)
    end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
    if end is None or any(MARKER.match(line) for line in lines[:end]):
        raise Fault("the front matter is never closed: put a line --- after it", 1)
    if lines[end] != "---":
        raise Fault("the line that closes the front matter is --- alone: take out the spaces", end + 1)
    about = load_yaml("\n".join(lines[1:end]), 2)
    if not isinstance(about, dict):
        raise Fault("the front matter is not a list of `key: value` lines: write it as in another chapter", 2)
    return end + 1


def _language(line: str, number: int) -> str | None:
    about = load_yaml(line[3:].strip() or "{}", number, MARKERS)
    if not isinstance(about, dict) or set(about) - {"lang"}:
        raise Fault(f"the marker {line.strip()} is not one: {MARKERS}", number)
    if about and about["lang"] not in LANGUAGES:
        raise Fault(f"unknown language {about['lang']!r}: {MARKERS}", number)
    return about.get("lang")


def _end_of_prose(lines: list[str], i: int) -> int:
    """The next marker or cell after line i; what stands in a fence is neither."""
    opened = None
    for j in range(i, len(lines)):
        fence = FENCE.match(lines[j])
        if opened:
            if fence and fence[1].startswith(opened[0]) and not fence[2].strip():
                opened = None
            elif lines[j].startswith((CELL, '+++ {')):
                break
        elif MARKER.match(lines[j]) or lines[j].startswith(CELL):
            return j
        elif re.match(r"\s*\+{2,}\s*(\{|$)", lines[j]):
            raise Fault(f"unknown marker {lines[j].strip()}: at the start of the line {MARKERS}", j + 1)
        elif fence and fence[2].lstrip().startswith("{"):
            what = f"a cell begins with {CELL} ipython3 at the start of the line; all else is plain Markdown"
            raise Fault(f"unknown marker {lines[j].strip()}: {what}", j + 1)
        elif fence and "`" not in fence[2]:
            opened = fence[1], j + 1
    if opened:
        raise Fault(f"the fence {opened[0]} is never closed: add a line {opened[0]} after it", opened[1])
    return len(lines)


def _closing(lines: list[str], start: int) -> int:
    for i in range(start + 1, len(lines)):
        if lines[i].rstrip() == "```":
            return i
        if lines[i].startswith(CELL) or MARKER.match(lines[i]):
            break
    raise Fault("the code cell is never closed: add a line ``` after it", start + 1)


def _code(lines: list[str], line: int) -> Block:
    options, i = {}, 0
    while i < len(lines) and (match := re.match(r":([\w-]+):(.*)", lines[i])):
        name, value = match[1], load_yaml(match[2], line + i, EXAMPLES.get(match[1], "mend it"))
        if name not in EXAMPLES or name in options:
            what = "stands twice" if name in options else "is not an option of a cell"
            raise Fault(f":{name}: {what}: a cell has :tags: and :alt:, each at most once", line + i)
        _check_option(name, value, line + i)
        options[name] = value
        i += 1
    return Block("code", "\n".join(lines[i:]), line + i, options=options)


EXAMPLES = {"tags": "write :tags: [exercise]", "alt": 'write :alt: {ro: "...", en: "..."}, each text in quotes'}


def _check_option(name: str, value, line: int) -> None:
    if name == "alt":
        if not (isinstance(value, dict) and all(isinstance(text, str) for text in value.values())):
            raise Fault(f":alt: holds no texts: {EXAMPLES[name]}", line)
        if extra := set(value) - set(LANGUAGES):
            raise Fault(f":alt: in an unknown language {extra.pop()!r}: {EXAMPLES[name]}", line)
        return
    if not (isinstance(value, list) and value and all(isinstance(tag, str) for tag in value)):
        raise Fault(f":tags: is not a list of names: {EXAMPLES[name]}", line)
    for tag in value:
        if tag not in TAGS and not tag.startswith("package:"):
            raise Fault(f"unknown tag {tag!r}: the tags are {', '.join(sorted(TAGS))} and package:...", line)


def _markdown(lines: list[str], line: int, lang: str | None) -> Block:
    while lines and not lines[0].strip():
        lines, line = lines[1:], line + 1
    return Block("markdown", "\n".join(lines).rstrip(), line, lang)


# Code in one language


def in_language(source: str, lang: str) -> str:
    """The cell in one language: tr(...) becomes a literal, comments go to their edition.

    A comment line begins with `# ro:` or `# en:`; behind code, both stand on the line: `# ro: rând  # en: row`.
    """
    source = _replace_tr(source, lang)
    other = LANGUAGES[1 - LANGUAGES.index(lang)]
    source = re.sub(r"(?<=\S)( +)# ro: (.*?) +# en: (.*)", rf"\1# \{2 if lang == 'ro' else 3}", source)
    lines = [line for line in source.split("\n") if not re.match(rf"\s*# {other}: ", line)]
    return "\n".join(re.sub(rf"^(\s*)# {lang}: ", r"\1# ", line) for line in lines)


def check_comments(source: str) -> None:
    """A comment in words is there in both languages; shapes and formulas need none."""
    parse(source)
    comments = [t for t in tokenize.generate_tokens(io.StringIO(_plain(source)).readline) if t.type == tokenize.COMMENT]
    for comment in comments:
        marked = re.match(r"# (ro|en): |### (BEGIN|END) SOLUTION", comment.string)
        words = re.sub(r"\([^()]*\)", "", comment.string)
        if not marked and re.search(r"[^\W\d_]{4,}", words):
            raise Fault("a comment in one language: write it as # ro: ... and # en: ...", comment.start[0] - 1)
    counts = [sum(comment.string.count(f"# {lang}: ") for comment in comments) for lang in LANGUAGES]
    if counts[0] != counts[1]:
        raise Fault(f"{counts[0]} comments # ro: and {counts[1]} # en: ; every comment stands in both languages")


def parse(source: str) -> ast.Module:
    """The syntax tree of a cell; IPython's own lines (%pip, !ls) count as comments."""
    try:
        return ast.parse(_plain(source))
    except SyntaxError as error:
        raise Fault(f"the code does not parse: {error.msg}", (error.lineno or 1) - 1) from None


def _plain(source: str) -> str:
    return re.sub(r"(?m)^(\s*)[%!]", r"\1#", source)


def _replace_tr(source: str, lang: str) -> str:
    tree = parse(source)
    inside = {id(node) for outer in ast.walk(tree) if isinstance(outer, ast.JoinedStr) for node in ast.walk(outer)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr"]
    lines = [line.encode() for line in source.split("\n")]  # ast counts columns in bytes
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        if id(call) in inside:
            raise Fault("tr(...) inside an f-string: give it a name on a line before", call.lineno - 1)
        literal = _literal(call, lang, lines)
        head, tail = lines[call.lineno - 1][: call.col_offset], lines[call.end_lineno - 1][call.end_col_offset :]
        lines[call.lineno - 1 : call.end_lineno] = [head + literal + tail]
    return b"\n".join(lines).decode()


def _literal(call: ast.Call, lang: str, lines: list[bytes]) -> bytes:
    if len(call.args) != 2 or call.keywords:
        raise Fault(f"tr takes two texts, Romanian and English; it has {len(call.args)}", call.lineno - 1)
    if any(not _is_text(arg) for arg in call.args):
        raise Fault("tr takes plain strings or f-strings only", call.lineno - 1)
    arg = call.args[LANGUAGES.index(lang)]
    rows = lines[arg.lineno - 1 : arg.end_lineno]
    rows[-1] = rows[-1][: arg.end_col_offset]
    rows[0] = rows[0][arg.col_offset :]
    text = b"\n".join(rows)
    return b"(" + text + b")" if len(rows) > 1 else text


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


# Exercises


def split_solution(source: str) -> tuple[str, str]:
    """(the stub, the solved cell) of an exercise: `...` stands where the solution was."""
    lines = source.split("\n")
    marks = [(i, line.strip()) for i, line in enumerate(lines) if line.strip() in (BEGIN, END)]
    if [mark for _, mark in marks] != [BEGIN, END]:
        at = marks[0][0] if marks else 0
        raise Fault(f"an exercise holds one {BEGIN} and, after it, one {END}", at)
    begin, end = marks[0][0], marks[1][0]
    indent = lines[begin][: len(lines[begin]) - len(lines[begin].lstrip())]
    return (
        "\n".join([*lines[:begin], indent + "...", *lines[end + 1 :]]),
        "\n".join([*lines[:begin], *lines[begin + 1 : end], *lines[end + 1 :]]),
    )
