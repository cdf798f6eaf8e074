"""Sequences that ask for a kind of memory: needles by depth, selective copying, classes shown in the text itself."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ...language import say
from .common import Seed, as_generator, require_numbers, require_sizes


@dataclass(frozen=True)
class Needles:
    """A long text of words without meaning, with n_needles pairs (key, value) at chosen depths, then a question.

    Tokens: 0..n_words-1 are the words, then n_keys keys, then n_values values. A needle takes two places. depth: where
    the one that is asked for begins, from 0, the start, to 1, the end; the others stand anywhere. The last token is the
    key that is asked for. Guessing is right once in n_values. Raises TypeError or ValueError for sizes that are not
    whole numbers from 1 on, a depth outside [0, 1], and where the needles find no room.
    """

    length: int = 128
    n_needles: int = 1
    depth: float = 0.5
    n_words: int = 32
    n_keys: int = 16
    n_values: int = 16

    def __post_init__(self) -> None:
        require_sizes(length=self.length, n_needles=self.n_needles)
        require_sizes(n_words=self.n_words, n_keys=self.n_keys, n_values=self.n_values)
        require_numbers(0, 1, depth=self.depth)
        if self.n_needles > min(self.n_keys, (self.length - 1) // 4):
            raise ValueError(f"n_needles={self.n_needles}; from 1 to min(n_keys, (length - 1) / 4) find room")

    @property
    def vocabulary(self) -> int:
        return self.n_words + self.n_keys + self.n_values

    def describe(self) -> str:
        """The task in one sentence, in the language of the package."""
        return say(
            f"Găsește perechea căutată printre {self.length} de semne; ea stă la adâncimea {self.depth:.0%}.",
            f"Find the pair that is asked for among {self.length} tokens; it stands at a depth of {self.depth:.0%}.",
        )

    def batch(self, n: int, seed: Seed) -> tuple[Tensor, Tensor]:
        """Texts (n, length) and the value that is asked for, as a token (n,); the same for the same seed.

        >>> texts, answers = Needles(length=9, depth=0).batch(1, seed=0)
        >>> bool(texts[0, 0] == texts[0, -1]), bool(texts[0, 1] == answers[0])
        (True, True)
        """
        require_sizes(n=n)
        generator = as_generator(seed, "seed")
        texts = torch.randint(self.n_words, (n, self.length), generator=generator)
        keys = self.n_words + torch.rand(n, self.n_keys, generator=generator).argsort(1)[:, : self.n_needles]
        first_value = self.n_words + self.n_keys
        values = torch.randint(first_value, self.vocabulary, (n, self.n_needles), generator=generator)
        start = round(float(self.depth) * (self.length - 3))
        for i in range(n):
            # the others begin at even distances from the first, so that no two overlap
            free = [p for p in range(start % 2, self.length - 2, 2) if p != start]
            chosen = torch.randperm(len(free), generator=generator)[: self.n_needles - 1].tolist()
            for place, key, value in zip([start, *(free[c] for c in chosen)], keys[i], values[i], strict=True):
                texts[i, place], texts[i, place + 1] = key, value
        texts[:, -1] = keys[:, 0]
        return texts, values[:, 0]


@dataclass(frozen=True)
class SelectiveCopying:
    """Letters among blanks, at random places; then the letters are asked for in their order.

    Tokens: 0 is the blank, 1..n_letters the letters, n_letters + 1 asks. A text is length places with n_marked letters,
    and then n_marked times the token that asks. Guessing a letter is right once in n_letters.
    Raises TypeError or ValueError for sizes that are not whole numbers from 1 on, and where the letters find no room.
    """

    length: int = 64
    n_marked: int = 8
    n_letters: int = 16

    def __post_init__(self) -> None:
        require_sizes(**vars(self))
        if self.n_marked > self.length:
            raise ValueError(f"n_marked={self.n_marked}; from 1 to length={self.length}")

    @property
    def vocabulary(self) -> int:
        return self.n_letters + 2

    def describe(self) -> str:
        """The task in one sentence, in the language of the package."""
        return say(
            f"Scrie în ordine cele {self.n_marked} litere răspândite printre {self.length} de locuri.",
            f"Write in their order the {self.n_marked} letters scattered over {self.length} places.",
        )

    def batch(self, n: int, seed: Seed) -> tuple[Tensor, Tensor]:
        """Texts (n, length + n_marked) and the letters (n, n_marked); the same for the same seed.

        >>> texts, letters = SelectiveCopying(length=6, n_marked=2).batch(3, seed=0)
        >>> texts.shape, bool((texts[0, :6][texts[0, :6] > 0] == letters[0]).all())
        (torch.Size([3, 8]), True)
        """
        require_sizes(n=n)
        generator = as_generator(seed, "seed")
        letters = torch.randint(1, self.n_letters + 1, (n, self.n_marked), generator=generator)
        places = torch.rand(n, self.length, generator=generator).argsort(1)[:, : self.n_marked].sort(1).values
        text = torch.zeros(n, self.length, dtype=torch.long).scatter(1, places, letters)
        questions = torch.full((n, self.n_marked), self.n_letters + 1)
        return torch.cat([text, questions], dim=1), letters


class Shots(NamedTuple):
    """Points with their classes, and one point without."""

    points: Tensor  # (B, n_shots + 1, dim), the last one is asked for
    classes: Tensor  # (B, n_shots), 0 or 1
    answer: Tensor  # (B,)


@dataclass(frozen=True)
class InContextClasses:
    """Points on the two sides of a plane through the origin, another plane in every text, and a point to be classed.

    order: "random", or "alternating", class 0 and class 1 by turns. Guessing is right half of the time.
    Raises TypeError or ValueError for sizes that are not whole numbers from 1 on, another order, or an odd n_shots
    where they alternate.
    """

    n_shots: int = 32
    dim: int = 4
    order: str = "random"

    def __post_init__(self) -> None:
        require_sizes(n_shots=self.n_shots, dim=self.dim)
        if self.order not in ("random", "alternating"):
            raise ValueError(f'order={self.order!r}; choose "random" or "alternating"')
        if self.order == "alternating" and self.n_shots % 2:
            raise ValueError(f"n_shots={self.n_shots} is odd; two classes alternate over an even number")

    def describe(self) -> str:
        """The task in one sentence, in the language of the package."""
        return say(
            f"După {self.n_shots} de puncte cu clasa lor, spune clasa unui punct nou.",
            f"After {self.n_shots} points with their class, say the class of a new one.",
        )

    def batch(self, n: int, seed: Seed) -> Shots:
        """n texts, the same for the same seed.

        >>> batch = InContextClasses(n_shots=6, dim=2).batch(3, seed=0)
        >>> batch.points.shape, batch.classes.shape, batch.answer.shape
        (torch.Size([3, 7, 2]), torch.Size([3, 6]), torch.Size([3]))
        """
        require_sizes(n=n)
        generator = as_generator(seed, "seed")
        normal = torch.randn(n, self.dim, generator=generator)
        points = torch.randn(n, self.n_shots + 1, self.dim, generator=generator)
        side = (points @ normal[:, :, None])[..., 0]  # (n, n_shots + 1)
        if self.order == "alternating":  # a point on the wrong side is taken to the other, through the origin
            wanted = torch.arange(self.n_shots) % 2 * 2 - 1
            flip = torch.cat([torch.sign(side[:, :-1]) * wanted, torch.ones(n, 1)], dim=1)
            points, side = points * flip[..., None], side * flip
        classes = (side > 0).long()
        return Shots(points, classes[:, :-1], classes[:, -1])
