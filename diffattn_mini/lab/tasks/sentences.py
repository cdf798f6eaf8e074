"""Sentences of one language, from the grammar of the translation task, for a small language model."""

import random
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ...language import say
from .common import Seed, as_random, counted, number, require_sizes
from .lexicon import ADJECTIVES, ADVERBS, PRONOUNS, TO_BE, VERBS
from .translation import Translation, Vocabulary


@dataclass(frozen=True)
class Sentences:
    """Texts of short sentences in Romanian or in English, which have nothing to do with one another.

    language: "ro" or "en". clauses: each sentence joins one to so many. The splits are those of `Translation`: no
    sentence is in two of them.

    >>> inputs, targets = Sentences("en").batch(2, length=8, seed=0)
    >>> inputs.shape, bool((inputs[:, 1:] == targets[:, :-1]).all())
    (torch.Size([2, 8]), True)
    """

    language: str
    clauses: int = 2

    def __post_init__(self) -> None:
        if self.language not in ("ro", "en"):
            raise ValueError(f"language={self.language!r}; choose from ro, en")
        require_sizes(clauses=self.clauses)

    @cached_property
    def _source(self) -> Translation:
        return Translation()

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return self._source.target_vocabulary if self.language == "ro" else self._source.source_vocabulary

    def describe(self) -> str:
        """The task in a sentence, in the language of the package."""
        words = len(self.vocabulary) - 3
        return say(
            f"Fraze dintr-o gramatică, de una până la {number(self.clauses)} propoziții: textul curge mai departe, "
            f"iar modelul prezice cuvântul următor dintre {counted(words, 'formă', 'forme')}.",
            f"Sentences from a grammar, of one to {number(self.clauses)} clauses: the text runs on, and the model "
            f"predicts the next of {number(words)} forms.",
        )

    def sentence(self, rng: Seed | random.Random, split: str = "train") -> tuple[str, ...]:
        """The words of one sentence, its full stop included."""
        rng = as_random(rng, "rng")
        pair = self._source.sentence(rng, rng.randint(1, self.clauses), split)
        return pair.target if self.language == "ro" else pair.source

    def batch(self, n: int, length: int, seed: Seed, split: str = "train") -> tuple[Tensor, Tensor]:
        """n texts of so many words, each from the beginning of a sentence, and the same one word on: (n, length) each.

        The same seed gives the same texts. Raises TypeError or ValueError for sizes below 1 or an unknown split.
        """
        require_sizes(n=n, length=length)
        rng, rows = as_random(seed, "seed"), []
        for _ in range(n):
            words: list[str] = ["."]  # what comes before a sentence is the end of another
            while len(words) <= length:
                words += self.sentence(rng, split)
            rows.append(self.vocabulary.encode(words[: length + 1]))
        tokens = torch.tensor(rows)  # (n, length + 1)
        return tokens[:, :-1], tokens[:, 1:]

    def agreement(self, n: int, seed: Seed, split: str = "test") -> list[tuple[list[str], list[str]]]:
        """n pairs of one right sentence and the same with one word in a form that does not agree.

        In Romanian it is an adjective ("fata frumos"), in English a verb ("the girl sing"). Each sentence begins after
        the full stop of another. Source of the measure: Linzen et al., arXiv 1611.01368.
        """
        require_sizes(n=n)
        rng, pairs = as_random(seed, "seed"), []
        while len(pairs) < n:
            words = [".", *self.sentence(rng, split)]
            places = [i for i, word in enumerate(words) if word in self._forms]
            if places:
                place = rng.choice(places)
                others = sorted({form for forms in self._forms[words[place]] for form in forms} - {words[place]})
                if others:
                    pairs.append((words, [*words[:place], rng.choice(others), *words[place + 1 :]]))
        return pairs

    @cached_property
    def _forms(self) -> dict[str, list[tuple[str, ...]]]:
        """For every word that has to agree, the sets of forms that it is one of."""
        if self.language == "ro":
            texts = [*ADVERBS.values(), *(pronoun[0] for pronoun in PRONOUNS.values())]
            elsewhere = {word for text in texts for word in text.split()}
            families = [adjective.forms for adjective in ADJECTIVES.values()]
            families = [forms for forms in families if not elsewhere & set(forms)]  # "noi" is "we" as well as "new"
        else:
            families = [*(verb.english for verb in VERBS.values()), tuple(TO_BE[0])]
        found: dict[str, list[tuple[str, ...]]] = {}
        for forms in families:
            for form in forms:
                found.setdefault(form, []).append(forms)
        return found
