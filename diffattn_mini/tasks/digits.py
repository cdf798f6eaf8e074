"""Digits with clutter: a handwritten digit somewhere on a canvas, among pieces of others."""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from ..language import say


@dataclass(frozen=True)
class Digits:
    """The digits of `scikit-learn`, 8 by 8, on a canvas, with n_pieces square pieces of other digits pasted before.

    The digit itself is pasted last, with its own background, so that it is whole. The first share of the digits is for
    training, the rest for tests: pieces too come from the same part. Guessing is right once in ten. Raises ValueError
    for a canvas that is too small.
    """

    canvas: int = 12
    n_pieces: int = 4
    piece: int = 4
    share: float = 0.8

    def __post_init__(self) -> None:
        if self.canvas < 8 or not 1 <= self.piece <= 8:
            raise ValueError(f"canvas={self.canvas}, piece={self.piece}; at least 8, and from 1 to 8, are expected")

    def describe(self) -> str:
        """The task in one sentence, in the language of the package."""
        return say(
            f"Recunoaște cifra de pe o pânză de {self.canvas} pe {self.canvas}, printre bucăți de alte cifre.",
            f"Recognise the digit on a canvas of {self.canvas} by {self.canvas}, among pieces of other digits.",
        )

    def batch(self, n: int, seed: int, part: str = "train") -> tuple[Tensor, Tensor]:
        """Pictures (n, 1, canvas, canvas) in [0, 1] and their digits (n,), the same for the same seed."""
        if part not in ("train", "test"):
            raise ValueError(f'part={part!r}; choose "train" or "test"')
        pictures, labels = _pictures()
        cut = round(self.share * len(labels))
        pictures, labels = (x[:cut] if part == "train" else x[cut:] for x in (pictures, labels))
        generator = torch.Generator().manual_seed(seed)

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
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError("the digits need a package: `pip install scikit-learn`") from None
    data = load_digits()
    # in a fixed random order: the set is sorted by writer, and the test should have every hand
    order = torch.randperm(len(data.target), generator=torch.Generator().manual_seed(0))
    return torch.tensor(data.images / 16, dtype=torch.float32)[order], torch.tensor(data.target)[order]
