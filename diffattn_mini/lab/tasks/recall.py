"""Delayed recall: the first token matters, and is asked for at the end."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ...language import say
from .common import Seed, as_generator, require_sizes


@dataclass(frozen=True)
class DelayedRecall:
    """A token to remember, delay tokens of another kind, and the question. Guessing is right once in n_symbols.

    Tokens: 0..n_symbols-1 to remember, the n_noise after them to wait through, and the last one asks. n_noise = 0: what
    is waited through is drawn from the very symbols that are remembered, and only the place tells the first apart.
    Raises TypeError or ValueError for a delay that is not a whole number from 0 on, and other sizes from 1 on.
    """

    delay: int = 25
    n_symbols: int = 8
    n_noise: int = 8

    def __post_init__(self) -> None:
        require_sizes(least=0, delay=self.delay, n_noise=self.n_noise)
        require_sizes(n_symbols=self.n_symbols)

    @property
    def vocabulary(self) -> int:
        return self.n_symbols + self.n_noise + 1

    def describe(self) -> str:
        """The task in one sentence, in the language of the package."""
        return say(
            f"Ține minte primul semn și spune-l după alte {self.delay}.",
            f"Remember the first token and say it after {self.delay} others.",
        )

    def batch(self, n: int, seed: Seed) -> tuple[Tensor, Tensor]:
        """Texts (n, delay + 2) and what was to be remembered (n,), the same for the same seed.

        >>> texts, answers = DelayedRecall(delay=2).batch(3, seed=0)
        >>> texts.shape, bool((texts[:, 0] == answers).all())
        (torch.Size([3, 4]), True)
        """
        require_sizes(n=n)
        generator = as_generator(seed, "seed")
        answers = torch.randint(self.n_symbols, (n,), generator=generator)
        lowest = self.n_symbols if self.n_noise else 0
        noise = torch.randint(lowest, self.vocabulary - 1, (n, self.delay), generator=generator)
        question = torch.full((n, 1), self.vocabulary - 1)
        return torch.cat([answers[:, None], noise, question], dim=1), answers
