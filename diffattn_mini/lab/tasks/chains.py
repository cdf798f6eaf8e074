"""Chains of look-ups: each answer is the next question, among facts that lead nowhere."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ...language import say
from .common import Seed, as_generator, require_sizes


class Facts(NamedTuple):
    """A batch: facts "key leads to value" in a random order, and walks along them."""

    keys: Tensor  # (B, N)
    values: Tensor  # (B, N)
    walks: Tensor  # (B, walks, hops + 1): where a walk begins, then the place after each hop


@dataclass(frozen=True)
class Chains:
    """Facts "key leads to value": n_ring of the length facts make one ring, the others distract.

    Signs 0..n_signs-1 may stand on the ring, each at most once in a text; the n_fillers keys after them only distract,
    any number of times, and lead to signs drawn alike. A walk begins somewhere on the ring and takes hops steps along
    it. Guessing a step is right once in n_signs. Raises TypeError or ValueError for sizes that are not whole numbers
    from 1 on, and where the ring or a walk finds no room.
    """

    length: int = 32
    hops: int = 4
    n_ring: int = 8
    n_signs: int = 32
    n_fillers: int = 64

    def __post_init__(self) -> None:
        require_sizes(**vars(self))
        if self.n_ring > min(self.length, self.n_signs):
            raise ValueError(f"n_ring={self.n_ring}; from 1 to min(length={self.length}, n_signs={self.n_signs})")
        if self.hops >= self.n_ring:
            raise ValueError(f"hops={self.hops} come back to where they began; below n_ring={self.n_ring} is expected")

    def describe(self) -> str:
        """The task in one sentence, in the language of the package."""
        return say(
            f"{self.length} de fapte „de la cheie la valoare”; urmează-le de {self.hops} ori, una după alta.",
            f"{self.length} facts “from key to value”; follow them {self.hops} times, one after another.",
        )

    def batch(self, n: int, seed: Seed, walks: int = 1) -> Facts:
        """n texts with so many walks, which begin at different signs; the same for the same seed.

        >>> facts = Chains(length=3, hops=2, n_ring=3).batch(1, seed=0)
        >>> leads = dict(zip(facts.keys[0].tolist(), facts.values[0].tolist()))
        >>> start, first, second = facts.walks[0, 0].tolist()
        >>> leads[start] == first, leads[first] == second
        (True, True)
        """
        require_sizes(n=n, walks=walks)
        if walks > self.n_ring:
            raise ValueError(f"walks={walks} begin at different signs; at most n_ring={self.n_ring} is expected")
        generator = as_generator(seed, "seed")
        rest = self.length - self.n_ring
        ring = torch.rand(n, self.n_signs, generator=generator).argsort(1)[:, : self.n_ring]
        fillers = torch.randint(self.n_signs, self.n_signs + self.n_fillers, (n, rest), generator=generator)
        leads = torch.randint(self.n_signs, (n, rest), generator=generator)
        order = torch.rand(n, self.length, generator=generator).argsort(1)
        keys = torch.cat([ring, fillers], dim=1).gather(1, order)
        values = torch.cat([ring.roll(-1, 1), leads], dim=1).gather(1, order)
        starts = torch.rand(n, self.n_ring, generator=generator).argsort(1)[:, :walks]
        places = (starts[:, :, None] + torch.arange(self.hops + 1)) % self.n_ring  # (n, walks, hops + 1)
        return Facts(keys, values, ring.gather(1, places.flatten(1)).view_as(places))
