"""Do two texts in two languages say the same, as far as a machine can see?"""
import re
from collections import Counter

MATHS = re.compile(r"\$\$.*?\$\$|\$[^$\n]+?\$", re.S)
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.S)
ROLE = re.compile(r"\{(cite(?::[pt])?|term|result)\}`([^`]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"(?m)^(#+) ")
ANCHOR = re.compile(r"(?m)^\(([\w-]+)\)=$")
NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*")


def differences(ro: str, en: str) -> list[str]:
    """What the two texts do not share, a sentence each; nothing if they agree."""
    found = []
    for name, extract in FEATURES.items():
        left, right = extract(ro, "ro"), extract(en, "en")
        if left == right:
            continue
        if isinstance(left, Counter):
            left, right = list((left - right).elements()), list((right - left).elements())
        found.append(f"{name} differ: Romanian {_show(left)}, English {_show(right)}")
    return found


def equation(text: str, lang: str) -> str:
    """An equation without what the languages may write differently: decimal sign, separators, words, spaces."""
    if lang == "ro":
        text = text.replace("{,}", ".")
    text = re.sub(r"\\text\{[^{}]*\}", r"\\text", text)
    return re.sub(r"\s|\$", "", text.replace(";", ","))


def numbers(text: str, lang: str) -> Counter:
    """The numbers in prose, as 1234.5; those in code and equations are compared elsewhere."""
    for pattern in (ROLE, CODE, MATHS, LINK, re.compile(r"<[^>]+>")):
        text = pattern.sub(" ", text)
    group, point = (".", ",") if lang == "ro" else (",", ".")
    found = Counter()
    for number in NUMBER.findall(text):
        if re.fullmatch(rf"\d{{1,3}}(\{group}\d{{3}})+(\{point}\d+)?", number):
            number = number.replace(group, "")
        found[number.replace(point, ".") if number.count(point) == 1 else number] += 1
    return found


def names_of(keys: str) -> list[str]:
    return [key.strip() for key in keys.split(",")]


def shown_and_key(words: str) -> tuple[str, str]:
    """("words", "key") of the inside of a role, `words <key>`; a key alone is its own words."""
    shown, key = re.fullmatch(r"(.*?)(?:\s*<(.+)>)?", words, re.S).groups()
    return shown, key or shown


FEATURES = {
    "heading levels": lambda text, _: [len(level) for level in HEADING.findall(CODE.sub("", text))],
    "anchors": lambda text, _: ANCHOR.findall(text),
    "equations": lambda text, lang: Counter(equation(m, lang) for m in MATHS.findall(CODE.sub(" ", text))),
    "numbers": numbers,
    "links": lambda text, _: Counter(LINK.findall(text)),
    "citations": lambda text, _: Counter(key for role, keys in ROLE.findall(text) if role[:4] == "cite"
                                         for key in names_of(keys)),
    "results": lambda text, _: Counter(shown_and_key(words)[1] for role, words in ROLE.findall(text)
                                       if role == "result"),
    "code spans": lambda text, _: Counter(CODE.findall(ROLE.sub(" ", text))),
}


def _show(items: list) -> str:
    rows = [" ".join(str(item).split()) for item in items]
    return ", ".join(row if len(row) <= 80 else f"{row[:79]}…" for row in rows) or "nothing"
