"""Retrieval among distractors: a few pairs matter, the rest is padding."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ...language import say
from .common import Seed, as_generator, require_sizes


class Pairs(NamedTuple):
    """A batch: pairs in a random order, and questions about some of them."""

    keys: Tensor  # (B, N)
    values: Tensor  # (B, N)
    queries: Tensor  # (B, M), the keys that are asked for
    answers: Tensor  # (B, M), their values
    places: Tensor  # (B, M), where each asked pair stands


@dataclass(frozen=True)
class Retrieval:
    """Pairs (key, value); n_asked of the length pairs have keys of their own and are asked for, the rest distract.

    Keys 0..n_keys-1 are those that can be asked for, each at most once in a text; the n_fillers keys after them only
    distract, and any number of times. Values are drawn alike for both, so that nothing but the key tells them apart.
    Guessing is right once in n_values. Raises TypeError or ValueError for sizes that are not whole numbers from 1 on,
    and where they leave no room.
    """

    length: int = 64
    n_asked: int = 8
    n_keys: int = 32
    n_fillers: int = 64
    n_values: int = 32

    def __post_init__(self) -> None:
        require_sizes(**vars(self))
        if self.n_asked > min(self.length, self.n_keys):
            raise ValueError(f"n_asked={self.n_asked}; from 1 to min(length={self.length}, n_keys={self.n_keys})")

    def describe(self) -> str:
        """The task in one sentence, in the language of the package."""
        return say(
            f"{self.length} de perechi cheie și valoare, dintre care {self.n_asked} contează; spune valoarea cheii.",
            f"{self.length} pairs of key and value, of which {self.n_asked} matter; say the value of a key.",
        )

    def batch(self, n: int, seed: Seed) -> Pairs:
        """n texts, the same for the same seed.

        >>> batch = Retrieval(length=4, n_asked=2).batch(1, seed=0)
        >>> bool((batch.values[0, batch.places[0]] == batch.answers[0]).all())
        True
        """
        require_sizes(n=n)
        generator = as_generator(seed, "seed")
        rest = self.length - self.n_asked
        asked = torch.rand(n, self.n_keys, generator=generator).argsort(1)[:, : self.n_asked]  # no key twice
        fillers = torch.randint(self.n_keys, self.n_keys + self.n_fillers, (n, rest), generator=generator)
        values = torch.randint(self.n_values, (n, self.length), generator=generator)
        order = torch.rand(n, self.length, generator=generator).argsort(1)
        places = order.argsort(1)[:, : self.n_asked]  # pair i goes to where the order says i
        keys = torch.cat([asked, fillers], dim=1).gather(1, order)
        return Pairs(keys, values.gather(1, order), asked, values[:, : self.n_asked], places)
