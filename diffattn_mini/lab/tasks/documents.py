"""Several documents: the same questions have other answers in other documents, and some have none."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ...language import say
from .common import Seed, as_generator, require_sizes


class Library(NamedTuple):
    """A batch of texts, each of several documents, and questions about them."""

    subjects: Tensor  # (B, N), what the document of each fact is about
    keys: Tensor  # (B, N), what the fact is of
    values: Tensor  # (B, N), what it says
    asked_subjects: Tensor  # (B, M)
    asked_keys: Tensor  # (B, M)
    answers: Tensor  # (B, M), a value, or n_values where no document says it


@dataclass(frozen=True)
class Documents:
    """Documents, each about one subject, each with n_facts facts "key, value"; a question names a subject and a key.

    A fact shares its subject with the others of its document and its key with facts of other documents, so that half of
    a question fits many facts and the whole of it one. A key stands at most once in a document. One question in four
    asks for a key that the document does not have, and its right answer is to say so. Raises TypeError or ValueError
    for sizes that are not whole numbers from 1 on, for more documents than subjects, and where no key is left out.
    """

    n_documents: int = 4
    n_facts: int = 4
    n_subjects: int = 32
    n_keys: int = 8
    n_values: int = 32

    def __post_init__(self) -> None:
        require_sizes(**vars(self))
        if self.n_documents > self.n_subjects:
            raise ValueError(f"n_documents={self.n_documents}; at most n_subjects={self.n_subjects}, one for each")
        if self.n_facts >= self.n_keys:
            raise ValueError(f"n_facts={self.n_facts} leave no key untold; below n_keys={self.n_keys} is expected")

    def describe(self) -> str:
        """The task in one sentence, in the language of the package."""
        return say(
            f"{self.n_documents} documente a câte {self.n_facts} fapte; spune ce scrie în documentul cerut, sau că nu "
            "scrie.",
            f"{self.n_documents} documents of {self.n_facts} facts; say what the asked document says, or that it does "
            "not.",
        )

    def batch(self, n: int, seed: Seed, asked: int = 8) -> Library:
        """n texts with so many questions; the same for the same seed. Every fourth question, the first among them, has
        no answer.

        >>> Documents().batch(2, seed=0).answers[:, ::4].tolist()
        [[32, 32], [32, 32]]
        """
        require_sizes(n=n, asked=asked)
        generator = as_generator(seed, "seed")
        subjects = torch.rand(n, self.n_subjects, generator=generator).argsort(1)[:, : self.n_documents]
        keys = torch.rand(n, self.n_documents, self.n_keys, generator=generator).argsort(2)  # told ones first
        values = torch.randint(self.n_values, (n, self.n_documents, self.n_keys), generator=generator)
        values[:, :, self.n_facts :] = self.n_values
        document = torch.randint(self.n_documents, (n, asked), generator=generator)
        told = torch.randint(self.n_facts, (n, asked), generator=generator)
        untold = torch.randint(self.n_facts, self.n_keys, (n, asked), generator=generator)
        place = torch.where(torch.arange(asked) % 4 == 0, untold, told)
        rows = torch.arange(n)[:, None]
        facts = (part[:, :, : self.n_facts].flatten(1) for part in (keys, values))
        return Library(subjects.repeat_interleave(self.n_facts, 1), *facts, subjects.gather(1, document),
                       keys[rows, document, place], values[rows, document, place])  # fmt: skip
