"""English to Romanian, from a grammar that knows which word translates which."""

import hashlib
import random
import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ...language import say
from .common import Seed, Tensors, as_random, counted, number, require_known, require_sizes
from .grammar import Clause, Noun, Pair, Sentence, write
from .lexicon import (
    ADJECTIVES,
    ADVERBS,
    CONNECTIVES,
    GIVING,
    INTRANSITIVE,
    NOUNS,
    OWNED,
    PREPOSITIONS,
    PRONOUNS,
    RECIPIENTS,
    TRANSITIVE,
    english_words,
    romanian_words,
)

SPLITS = ("train", "validation", "test")
PAD, START, END = "<pad>", "<start>", "<end>"
OPEN, CLOSE = "[", "]"  # around what is to be translated, where other sentences stand beside it


def tokenise(text: str) -> list[str]:
    """The words and marks of a text, in small letters, except "I".

    >>> tokenise("Fata este într-o casă.")
    ['fata', 'este', 'într-o', 'casă', '.']
    """
    words = re.findall(r"\w+(?:-\w+)*|[^\w\s]", unicodedata.normalize("NFC", text))
    return [word if word == "I" else word.lower() for word in words]


def detokenise(words: list[str] | tuple[str, ...]) -> str:
    """A text as it is written: no space before a mark, a capital after a full stop.

    >>> detokenise(["fata", "doarme", ".", "eu", "râd", "."])
    'Fata doarme. Eu râd.'
    """
    text = re.sub(r" ([.,])", r"\1", " ".join(words))
    return re.sub(r"(?:^|(?<=\. ))\w", lambda match: match[0].upper(), text)


class Vocabulary:
    """Words and their numbers: 0 pads, 1 starts, 2 ends, and the words follow in order.

    >>> vocabulary = Vocabulary({"fata", "doarme"})
    >>> vocabulary.encode(["fata", "doarme"]), len(vocabulary)
    ([4, 3], 5)
    """

    def __init__(self, words: set[str]) -> None:
        self.words = (PAD, START, END, *sorted(words))
        self._numbers = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, words: list[str] | tuple[str, ...]) -> list[int]:
        """Their numbers. Raises ValueError for a word that is not in the vocabulary."""
        unknown = [word for word in words if word not in self._numbers]
        if unknown:
            raise ValueError(f"words holds {unknown[0]!r}, which the vocabulary lacks; tokenise the text first")
        return [self._numbers[word] for word in words]

    def decode(self, numbers: list[int] | Tensor) -> list[str]:
        """The words of these numbers, up to the end sign, without padding and start. Raises ValueError for others."""
        numbers = [int(number) for number in numbers]
        require_known(numbers, len(self))
        words = [self.words[number] for number in numbers]
        words = words[: words.index(END)] if END in words else words
        return [word for word in words if word not in (PAD, START)]


@dataclass(frozen=True)
class TranslationBatch(Tensors):
    """Sentences in both languages, padded with 0.

    source: (B, S), words alone. target: (B, T), with a start and an end sign: a decoder reads target[:, :-1] and
    predicts target[:, 1:]. source_lengths, target_lengths: (B,), signs included. alignment: booleans (B, T, S), True
    where a target word translates a source word. relevant: booleans (B, S), True for the words that are to be
    translated, all of them unless the task has distractors. pairs: the words themselves.
    """

    source: Tensor
    target: Tensor
    source_lengths: Tensor
    target_lengths: Tensor
    alignment: Tensor
    relevant: Tensor
    pairs: tuple[Pair, ...]

    @property
    def source_mask(self) -> Tensor:
        """True where there is a word, not padding: (B, S)."""
        return self.source != 0


@dataclass(frozen=True)
class Translation:
    """English sentences with their Romanian translations and alignments, drawn from a grammar.

    clauses: how many clauses each sentence joins. sentences: how many sentences make one text. distractors: how many
    other sentences stand before and after; only what stands between [ and ] is to be translated, so that the longer the
    text, the less of it matters. About one sentence in ten belongs to the test split and one in ten to the validation
    split; what a sentence belongs to is decided by its English words and split_seed alone, so that no sentence is in
    two splits. (A clause may well be in two.)

    The lexicon and the declensions are in `lexicon.py`, the rules in `grammar.py`.

    >>> pair = Translation().sentence(3)
    >>> len(pair.source) > 0 and len(pair.alignment) > 0
    True
    """

    clauses: int = 1
    sentences: int = 1
    split_seed: int = 0
    distractors: int = 0

    def __post_init__(self) -> None:
        require_sizes(clauses=self.clauses, sentences=self.sentences)
        require_sizes(least=0, split_seed=self.split_seed, distractors=self.distractors)

    @cached_property
    def source_vocabulary(self) -> Vocabulary:
        return Vocabulary(english_words() | ({OPEN, CLOSE} if self.distractors else set()))

    @cached_property
    def target_vocabulary(self) -> Vocabulary:
        return Vocabulary(romanian_words())

    def describe(self) -> str:
        """The task in a sentence or two, in the language of the package."""
        source, target = (len(words) - 5 for words in (Vocabulary(english_words()), self.target_vocabulary))  # no marks
        sentences, clauses = number(self.sentences), number(self.clauses)
        around = number(self.distractors)
        around = say(f" Fraze în jur, care nu se traduc: {around}.", f" Sentences around it, not translated: {around}.")
        told = say(
            f"Traducere din engleză în română (fraze într-un text: {sentences}, propoziții într-o frază: {clauses}); "
            "se știe care cuvânt pe care îl traduce. "
            f"Engleza are {counted(source, 'formă', 'forme')}, româna {counted(target, 'formă', 'forme')}.",
            f"Translation from English to Romanian (sentences in a text: {sentences}, clauses in a sentence: "
            f"{clauses}); it is known which word translates which. English has {number(source)} forms, Romanian has "
            f"{number(target)}.",
        )
        return told + (around if self.distractors else "")

    def sentence(self, rng: Seed | random.Random, clauses: int | None = None, split: str | None = None) -> Pair:
        """One sentence. rng: random.Random, a torch.Generator or a whole number. split: one of SPLITS, or any.

        Raises TypeError or ValueError for other values.
        """
        clauses = self.clauses if clauses is None else clauses
        require_sizes(clauses=clauses)
        if split is not None and split not in SPLITS:
            raise ValueError(f"split must be one of {', '.join(SPLITS)}, or None; it is {split!r}")
        rng = as_random(rng)
        while True:
            pair = write(_draw_sentence(rng, clauses))
            if split in (None, self.split_of(pair.source)):
                return pair

    def text(
        self,
        rng: Seed | random.Random,
        sentences: int | None = None,
        clauses: int | None = None,
        split: str | None = None,
    ) -> Pair:
        """A text of many sentences of one split, which have nothing to do with one another, among its distractors."""
        sentences = self.sentences if sentences is None else sentences
        require_sizes(sentences=sentences)
        rng, nothing = as_random(rng), Pair((), (), ())
        told = sum((self.sentence(rng, clauses, split) for _ in range(sentences)), nothing)
        if not self.distractors:
            return told
        others = [Pair(self.sentence(rng, clauses, split).source, (), ()) for _ in range(self.distractors)]
        place = rng.randint(0, self.distractors)
        before, after = (sum(part, nothing) for part in (others[:place], others[place:]))
        return before + Pair((OPEN,), (), ()) + told + Pair((CLOSE,), (), ()) + after

    def split_of(self, source: list[str] | tuple[str, ...]) -> str:
        """The split that a sentence belongs to, from its English words."""
        digest = hashlib.sha256(f"{self.split_seed} {' '.join(source)}".encode()).digest()
        return {0: "test", 1: "validation"}.get(int.from_bytes(digest[:8]) % 10, "train")

    def batch(self, n: int, generator: Seed, split: str = "train") -> TranslationBatch:
        """n texts of a split; the same seed gives the same ones. Raises TypeError or ValueError as sentence does."""
        require_sizes(n=n)
        rng = as_random(generator)
        return self.encode([self.text(rng, split=split) for _ in range(n)])

    def encode(self, pairs: list[Pair]) -> TranslationBatch:
        """Pairs as a padded batch. Raises ValueError for words outside the vocabularies, and for no pairs."""
        if not pairs:
            raise ValueError("pairs is empty; a batch needs at least one")
        sources = [self.source_vocabulary.encode(pair.source) for pair in pairs]
        targets = [self.target_vocabulary.encode((START, *pair.target, END)) for pair in pairs]
        source, target = _padded(sources), _padded(targets)
        alignment = torch.zeros(len(pairs), target.shape[1], source.shape[1], dtype=torch.bool)  # (B, T, S)
        for b, pair in enumerate(pairs):
            for i, j in pair.alignment:
                alignment[b, j + 1, i] = True  # the start sign comes before the first word
        relevant = source != 0
        for b, pair in enumerate(pairs):
            if OPEN in pair.source:
                first, last = pair.source.index(OPEN), pair.source.index(CLOSE)
                relevant[b, : first + 1] = relevant[b, last:] = False
        lengths = [torch.tensor([len(row) for row in rows]) for rows in (sources, targets)]
        return TranslationBatch(source, target, *lengths, alignment, relevant, tuple(pairs))


def _padded(rows: list[list[int]]) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows])


# Drawing a tree. What goes with what is decided by the kinds of the lexicon.


def _draw_sentence(rng: random.Random, clauses: int) -> Sentence:
    connectives = tuple(rng.choice(list(CONNECTIVES)) for _ in range(clauses - 1))
    return Sentence(tuple(_draw_clause(rng) for _ in range(clauses)), connectives)


def _draw_clause(rng: random.Random) -> Clause:
    kind = rng.choices(("intransitive", "transitive", "giving", "quality", "place"), (3, 5, 4, 3, 1))[0]
    negated = rng.random() < 0.2
    if kind in ("quality", "place"):
        return _draw_state(rng, kind, negated)
    verbs = {"intransitive": INTRANSITIVE, "transitive": TRANSITIVE, "giving": GIVING}[kind]
    name, verb = rng.choice(list(verbs.items()))
    subject = rng.choice(list(PRONOUNS)) if rng.random() < 0.3 else _draw_noun(rng, verb.subjects)
    thing = _draw_noun(rng, verb.objects, avoid=_word(subject)) if verb.objects else None
    recipient = _draw_recipient(rng, subject) if kind == "giving" else None
    ending = rng.random()
    place = _draw_place(rng, avoid=(_word(subject), _word(thing))) if ending < 0.25 else None
    adverb = rng.choice(list(ADVERBS)) if ending > 0.8 else None
    return Clause(subject, name, thing, recipient, place, adverb=adverb, negated=negated)


def _draw_state(rng: random.Random, kind: str, negated: bool) -> Clause:
    """Somebody or something is so, or is there."""
    if kind == "place":
        things = {"person", "animal", "text", "food", "thing"}
        subject = rng.choice(list(PRONOUNS)) if rng.random() < 0.3 else _draw_noun(rng, things)
        return Clause(subject, "be", place=_draw_place(rng, avoid=(_word(subject),)), negated=negated)
    very = rng.random() < 0.2
    if rng.random() < 0.2:
        subject = rng.choice([pronoun for pronoun, (_, _, agreement) in PRONOUNS.items() if agreement is not None])
        return Clause(subject, "be", adjective=_draw_adjective(rng, "person"), very=very, negated=negated)
    subject = _draw_noun(rng, {noun.kind for noun in NOUNS.values()}, plain=True)
    adjective = _draw_adjective(rng, NOUNS[subject.word].kind)
    return Clause(subject, "be", adjective=adjective, very=very, negated=negated)


def _draw_noun(rng: random.Random, kinds: set[str] | frozenset[str], avoid: str = "", plain: bool = False) -> Noun:
    """A noun of these kinds; plain: without an adjective."""
    word = rng.choice([word for word, noun in NOUNS.items() if noun.kind in kinds and word != avoid])
    return _dress(rng, word, plain=plain, numerals=True)


def _dress(rng: random.Random, word: str, plain: bool = False, owned: bool = True, numerals: bool = False) -> Noun:
    """A noun with a determiner and perhaps an adjective and an owner, where it is a thing that one can have."""
    determiners = {"the": 8, "a": 4, "some": 1, "this": 1, "these": 1}
    if numerals:  # these have no genitive or dative of their own
        determiners |= {"two": 1, "three": 1, "many": 1}
    determiner = rng.choices(list(determiners), list(determiners.values()))[0]
    plural = determiner == "the" and rng.random() < 0.3
    adjective = None if plain or rng.random() < 0.6 else _draw_adjective(rng, NOUNS[word].kind)
    very = adjective is not None and rng.random() < 0.1
    owner = None
    ownable = word in OWNED or NOUNS[word].kind not in ("person", "place")
    if owned and ownable and rng.random() < 0.2:
        owner = _dress(rng, rng.choice(_people(word)), owned=False)
    return Noun(word, determiner, plural, adjective, very, owner)


def _draw_adjective(rng: random.Random, kind: str) -> str:
    return rng.choice([word for word, adjective in ADJECTIVES.items() if kind in adjective.kinds])


def _draw_recipient(rng: random.Random, subject: Noun | str) -> Noun | str:
    if rng.random() < 0.3:
        person = PRONOUNS[subject][1] if isinstance(subject, str) else 2
        # Not "I give me" or "we give me": the first person gives to the second or third, and so on.
        return rng.choice([word for word, (_, to) in RECIPIENTS.items() if to % 3 == 2 or to % 3 != person % 3])
    return _dress(rng, rng.choice(_people(_word(subject))), owned=False)


def _draw_place(rng: random.Random, avoid: tuple[str, ...]) -> tuple[str, Noun]:
    preposition = rng.choice(list(PREPOSITIONS))
    words = [word for word in PREPOSITIONS[preposition][1].split() if word not in avoid]
    return preposition, _dress(rng, rng.choice(words))


def _people(avoid: str) -> list[str]:
    return [word for word, noun in NOUNS.items() if noun.kind == "person" and word != avoid]


def _word(tree: Noun | str | None) -> str:
    return tree.word if isinstance(tree, Noun) else ""
