"""Digits with clutter: a handwritten digit somewhere on a canvas, among pieces of others."""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from ...language import say
from .common import Seed, as_generator, require_numbers, require_sizes


@dataclass(frozen=True)
class Digits:
    """The digits of `scikit-learn`, 8 by 8, on a canvas, with n_pieces square pieces of other digits pasted before.

    The digit itself is pasted last, with its own background, so that it is whole. The first share of the digits is for
    training, half of the rest for choosing, half for tests: pieces too come from the same part. Guessing is right once
    in ten. Raises TypeError or ValueError for a canvas below 8, n_pieces below 0, a piece outside 1..8, and a share
    outside [0, 1].
    """

    canvas: int = 12
    n_pieces: int = 4
    piece: int = 4
    share: float = 0.7

    def __post_init__(self) -> None:
        require_sizes(least=8, canvas=self.canvas)
        require_sizes(least=0, n_pieces=self.n_pieces)
        require_sizes(piece=self.piece)
        if self.piece > 8:
            raise ValueError(f"piece={self.piece}; a digit is 8 by 8: choose piece from 1 to 8")
        require_numbers(0, 1, share=self.share)

    def describe(self) -> str:
        """The task in one sentence, in the language of the package."""
        return say(
            f"Recunoaște cifra de pe o pânză de {self.canvas} pe {self.canvas}, printre bucăți de alte cifre.",
            f"Recognise the digit on a canvas of {self.canvas} by {self.canvas}, among pieces of other digits.",
        )

    def batch(self, n: int, seed: Seed, part: str = "train") -> tuple[Tensor, Tensor]:
        """Pictures (n, 1, canvas, canvas) in [0, 1] and their digits (n,), the same for the same seed.

        part: "train", "validation" or "test". Raises TypeError or ValueError for another n, seed or part, and a part
        without digits.

        >>> pictures, digits = Digits().batch(3, seed=0)
        >>> pictures.shape, digits.shape
        (torch.Size([3, 1, 12, 12]), torch.Size([3]))
        """
        require_sizes(n=n)
        generator = as_generator(seed, "seed")
        pictures, labels = _pictures()
        cut = round(float(self.share) * len(labels))
        middle = (cut + len(labels)) // 2
        parts = {"train": slice(cut), "validation": slice(cut, middle), "test": slice(middle, None)}
        if part not in parts:
            raise ValueError(f"part={part!r}; choose from {', '.join(parts)}")
        pictures, labels = pictures[parts[part]], labels[parts[part]]
        if not len(labels):
            raise ValueError(f"share={self.share} leaves no digits in part={part!r}; choose a share between 0 and 1")

        def draw(top: int) -> int:
            return int(torch.randint(top, (), generator=generator))

        canvas = torch.zeros(n, 1, self.canvas, self.canvas)
        chosen = torch.randint(len(labels), (n,), generator=generator)
        for i in range(n):
            for _ in range(self.n_pieces):
                row, column = draw(9 - self.piece), draw(9 - self.piece)
                piece = pictures[draw(len(labels)), row : row + self.piece, column : column + self.piece]
                row, column = draw(self.canvas - self.piece + 1), draw(self.canvas - self.piece + 1)
                canvas[i, 0, row : row + self.piece, column : column + self.piece] = piece
            row, column = draw(self.canvas - 7), draw(self.canvas - 7)
            canvas[i, 0, row : row + 8, column : column + 8] = pictures[chosen[i]]
        return canvas, labels[chosen]


@cache
def _pictures() -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits  # here: who needs no digits does not wait for it

    data = load_digits()
    # in a fixed random order: the set is sorted by writer, and the test should have every hand
    order = torch.randperm(len(data.target), generator=torch.Generator().manual_seed(0))
    return torch.tensor(data.images / 16, dtype=torch.float32)[order], torch.tensor(data.target)[order]
