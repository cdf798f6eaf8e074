"""Pairs of a right sentence and the same with its verb in the other number, split by what stands before the verb."""

from typing import NamedTuple

from .common import Seed, as_random, require_sizes
from .lexicon import NOUNS, VERBS
from .sentences import Sentences

BREAKS = {".", ",", "and", "but", "because", "while", "și", "dar", "fiindcă", "ce"}  # a clause begins after them
FORMS = {  # third person, singular and plural
    "en": [("is", "are"), ("does", "do"), *(verb.english[::-1] for verb in VERBS.values())],
    "ro": [("este", "sunt"), *((verb.romanian[2], verb.romanian[5]) for verb in VERBS.values())],
}
OF_ONE = {"unui", "unei", "acestui", "acestei", *(noun.oblique[0] for noun in NOUNS.values())}
OF_MANY = {"unor", "acestor", *(noun.oblique[1] for noun in NOUNS.values())}
NOUNS_OF_MANY = {noun.english[1] for noun in NOUNS.values()}


class NumberPair(NamedTuple):
    """right, wrong: words, each after the full stop of another sentence. owner: "none" where the subject has no owner
    ("the clock is"), "same" where the owner has the subject's number, "other" where it has the other one."""

    right: list[str]
    wrong: list[str]
    owner: str


def number_pairs(language: str, n: int, seed: Seed, split: str = "test") -> list[NumberPair]:
    """n pairs from sentences of one split, one verb in each chosen by lot.

    >>> pair = number_pairs("en", 1, seed=0)[0]
    >>> sum(a != b for a, b in zip(pair.right, pair.wrong))
    1
    """
    require_sizes(n=n)
    task, rng, pairs = Sentences(language), as_random(seed, "seed"), []
    other = {a: b for one, many in FORMS[language] for a, b in ((one, many), (many, one)) if one != many}
    plural = {many for one, many in FORMS[language] if one != many}
    while len(pairs) < n:
        words = [".", *task.sentence(rng, split)]
        places = [i for i, word in enumerate(words) if word in other and words[i - 1] != "not"]
        if places:
            place = rng.choice(places)
            start = max(i for i in range(place) if words[i] in BREAKS) + 1
            owner = _owner(language, words[start:place], words[place] in plural)
            pairs.append(NumberPair(words, [*words[:place], other[words[place]], *words[place + 1 :]], owner))
    return pairs


def _owner(language: str, subject: list[str], many: bool) -> str:
    if language == "en":
        if "of" not in subject:
            return "none"
        return "same" if (subject[-1] in NOUNS_OF_MANY) == many else "other"
    found = [word for word in subject[1:] if word in OF_ONE | OF_MANY]  # the first word may be "bunicii", grandfathers
    return ("same" if (found[0] in OF_MANY) == many else "other") if found else "none"
