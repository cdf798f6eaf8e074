"""Text for a character model: Python's own documentation, which is in every Python, or the prose of this book."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from ...language import say
from .common import Seed, as_generator, counted, number, require_known, require_numbers, require_sizes


def notebook_prose(folder: str | Path) -> str:
    """The prose of the notebooks in a folder, of this book's "notebooks/ro" or "notebooks/en" for instance.

    The Markdown cells in the order of the files' names, without formulas, tables, fenced blocks, HTML and marks of
    emphasis. Raises FileNotFoundError for a folder without notebooks, ValueError for a file that is none.
    """
    paths = sorted(Path(folder).glob("*.ipynb"))
    if not paths:
        raise FileNotFoundError(f"{folder} has no notebooks (*.ipynb); the book's are in notebooks/ro and notebooks/en")
    cells = []
    for path in paths:
        try:
            cells += json.loads(path.read_text(encoding="utf-8-sig"))["cells"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is not a notebook of version 4 in UTF-8: {error!r}") from error
    text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    for pattern, instead in (
        (r"(?ms)^(```+|:::+).*?^\1", ""),  # fenced blocks
        (r"(?s)\$\$.*?\$\$|\$[^$\n]*\$", ""),
        (r"(?m)^(\||#|\().*$", ""),  # tables, headings, anchors
        (r"</?\w[^>]*>|<!--.*?-->|\{[\w-]+\}", ""),
        (r"\[([^\]]*)\]\([^)]*\)", r"\1"),  # links keep their words
        (r"[*_`]", ""),
        (r"[ \t]+", " "),
        (r"\n\s*\n+", "\n"),
    ):
        text = re.sub(pattern, instead, text)
    return text.strip()


@dataclass(frozen=True)
class CharacterText:
    """A text, cut into one part to learn from and, after it, two of one size: to choose by, and to be tested on.

    text: notebook_prose("notebooks/ro") for instance; by default the topics of `pydoc_data`, in the order of their
    names, some 440,000 characters, which differ a little from one version of Python to the next. share: of the part to
    learn from, in [0, 1]. Characters are numbered in their order. Raises TypeError or ValueError for other values.
    """

    text: str = ""
    share: float = 0.9

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise TypeError(f"text must be a string; it is of type {type(self.text).__name__}")
        require_numbers(0, 1, share=self.share)

    def describe(self) -> str:
        """The task in one sentence, in the language of the package."""
        size = len(self.content)
        ro, en = ("al unui text", "of a text")
        if not self.text:
            ro, en = "al documentației Python", "of Python's documentation"
        return say(
            f"Prezice caracterul următor {ro} de {counted(size, 'caracter', 'caractere')}.",
            f"Predict the next character {en}, {number(size)} characters long.",
        )

    @cached_property
    def content(self) -> str:
        if self.text:
            return self.text
        from pydoc_data.topics import topics

        return "\n".join(topics[name] for name in sorted(topics))

    @cached_property
    def characters(self) -> list[str]:
        return sorted(set(self.content))

    @property
    def vocabulary(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> Tensor:
        """Numbers (n,). Raises ValueError for a character that the text does not have."""
        numbers = {character: i for i, character in enumerate(self.characters)}
        unknown = sorted(set(text) - set(numbers))
        if unknown:
            raise ValueError(f"the text has no {unknown[0]!r}; leave it out, or choose from {''.join(self.characters)}")
        return torch.tensor([numbers[character] for character in text], dtype=torch.long)

    def decode(self, numbers: Tensor) -> str:
        """The characters of numbers (n,). Raises ValueError for a number that no character has.

        >>> text = CharacterText("to be or not to be", share=0.5)
        >>> text.decode(text.encode("note"))
        'note'
        """
        require_known(numbers.tolist(), self.vocabulary)
        return "".join(self.characters[i] for i in numbers.tolist())

    @cached_property
    def _parts(self) -> dict[str, Tensor]:
        numbers = self.encode(self.content)
        cut = round(float(self.share) * len(numbers))
        middle = (cut + len(numbers)) // 2
        return {"train": numbers[:cut], "validation": numbers[cut:middle], "test": numbers[middle:]}

    def batch(self, n: int, length: int, seed: Seed, part: str = "train") -> tuple[Tensor, Tensor]:
        """n stretches (n, length) and what follows each of their characters, (n, length).

        part: "train", "validation" or "test". The same for the same seed. Raises TypeError or ValueError for sizes that
        are not whole numbers from 1 on, no seed, and a part that is too short, or has another name.
        """
        require_sizes(n=n, length=length)
        generator = as_generator(seed, "seed")
        if part not in self._parts:
            raise ValueError(f"part={part!r}; choose from {', '.join(self._parts)}")
        numbers = self._parts[part]
        if len(numbers) <= length:
            raise ValueError(f"the part has {len(numbers)} characters; length={length} needs at least {length + 1}")
        starts = torch.randint(len(numbers) - length, (n, 1), generator=generator)
        places = starts + torch.arange(length + 1)  # (n, length + 1)
        stretches = numbers[places]
        return stretches[:, :-1], stretches[:, 1:]
