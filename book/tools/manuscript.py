"""Read a manuscript: prose in two languages side by side, code once, each block with its line in the file."""
import ast
import io
import re
import tokenize
from dataclasses import dataclass, field

import yaml

LANGUAGES = ("ro", "en")
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


class Fault(Exception):
    """Something to mend in a manuscript: `line` counts from the start of the block it was raised for."""

    def __init__(self, message: str, line: int = 0):
        super().__init__(message)
        self.line = line


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


def read(text: str) -> list[Block]:
    """The blocks of a manuscript in order, its front matter left out."""
    lines = text.split("\n")
    i = lines.index("---", 1) + 1 if lines[0] == "---" else 0
    blocks: list[Block] = []
    while i < len(lines):
        if lines[i].startswith("```{code-cell}"):
            end = _closing(lines, i)
            blocks.append(_code(lines[i + 1 : end], i + 2))
            i = end + 1
            continue
        lang = None
        first = i
        if lines[i].startswith("+++"):
            lang = (yaml.safe_load(lines[i][3:].strip() or "{}") or {}).get("lang")
            first = i = i + 1
        while i < len(lines) and not lines[i].startswith(("+++", "```{code-cell}")):
            i += 1
        blocks.append(_markdown(lines[first:i], first + 1, lang))
    return [block for block in blocks if block.source or block.lang]


def _closing(lines: list[str], start: int) -> int:
    end = next((i for i in range(start + 1, len(lines)) if lines[i].rstrip() == "```"), None)
    if end is None:
        raise Fault("the code cell is never closed: add a line ``` after it", start + 1)
    return end


def _code(lines: list[str], line: int) -> Block:
    options, i = {}, 0
    while i < len(lines) and re.match(r":[\w-]+:", lines[i]):
        options |= yaml.safe_load(re.sub(r"^:([\w-]+):", r"\1:", lines[i]))
        i += 1
    return Block("code", "\n".join(lines[i:]), line + i, options=options)


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
