"""English and Romanian from one grammar: every sentence is made in both languages at once, with its alignment.

Adjectives agree and follow their noun, the article is a suffix, the genitive and dative have forms of their own, a
dative is said twice, and "old" is another word for people than for things. The grammar is a toy: it knows no idiom, no
tense but the present, and no sentence that is hard to say.
"""

import random
import re
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from ..language import say

# Nouns: English, its plural (-: with s), Romanian gender, singular, plural; all other forms follow from these by rule.
PEOPLE = """
boy - m băiat băieți|girl - f fată fete|man men m bărbat bărbați|woman women f femeie femei
child children m copil copii
teacher - m profesor profesori|pupil - m elev elevi|doctor - m medic medici|neighbour - m vecin vecini
friend - m prieten prieteni|sister - f soră surori|brother - m frate frați|queen - f regină regine|king - m rege regi
cook - m bucătar bucătari|painter - m pictor pictori|aunt - f mătușă mătuși|nurse - f infirmieră infirmiere
singer - f cântăreață cântărețe|sailor - m marinar marinari
"""
ANIMALS = """
dog - m câine câini|cat - f pisică pisici|horse - m cal cai|cow - f vacă vaci
wolf wolves m lup lupi|fox foxes f vulpe vulpi
bird - f pasăre păsări|bear - m urs urși|hen - f găină găini|rabbit - m iepure iepuri
"""
THINGS = """
book - f carte cărți|house - f casă case|key - f cheie chei|table - f masă mese
flower - f floare flori|apple - n măr mere
pear - f pară pere|letter - f scrisoare scrisori|notebook - n caiet caiete|pencil - n creion creioane
train - n tren trenuri|town - n oraș orașe|village - n sat sate|bridge - n pod poduri|tree - m copac copaci
boat - f barcă bărci|window - f fereastră ferestre|door - f ușă uși|chair - n scaun scaune|bed - n pat paturi
picture - n tablou tablouri|hat - f pălărie pălării|coat - n palton paltoane|cup - f ceașcă cești
plate - f farfurie farfurii
lamp - f lampă lămpi|map - f hartă hărți|box boxes f cutie cutii|bag - f geantă genți|wheel - f roată roți
song - n cântec cântece|story stories f poveste povești|garden - f grădină grădini|road - n drum drumuri
stone - f piatră pietre|star - f stea stele|mountain - m munte munți|lake - n lac lacuri|mirror - f oglindă oglinzi
basket - n coș coșuri|blanket - f pătură pături|bell - n clopot clopote|ring - n inel inele|ticket - n bilet bilete
"""
# Adjectives, of anything, of the living and of things: English, then masculine and feminine singular, masculine and
# feminine plural; neuter is masculine in the singular and feminine in the plural.
ADJECTIVES = """
big mare mare mari mari|small mic mică mici mici|good bun bună buni bune|beautiful frumos frumoasă frumoși frumoase
dear drag dragă dragi dragi|strange ciudat ciudată ciudați ciudate|lost pierdut pierdută pierduți pierdute
"""
OF_THE_LIVING = """
old bătrân bătrână bătrâni bătrâne|young tânăr tânără tineri tinere|quiet tăcut tăcută tăcuți tăcute
cheerful vesel veselă veseli vesele|sad trist tristă triști triste
"""
OF_THINGS = """
old vechi veche vechi vechi|new nou nouă noi noi|white alb albă albi albe|black negru neagră negri negre
red roșu roșie roșii roșii|green verde verde verzi verzi|clean curat curată curați curate|heavy greu grea grei grele
light ușor ușoară ușori ușoare|round rotund rotundă rotunzi rotunde
"""
# Verbs: English, its third person (-: with s), then the six persons of the Romanian present.
VERBS = """
see - văd vezi vede vedem vedeți văd|buy - cumpăr cumperi cumpără cumpărăm cumpărați cumpără
look_for looks_for caut cauți caută căutăm căutați caută|find - găsesc găsești găsește găsim găsiți găsesc
love - iubesc iubești iubește iubim iubiți iubesc|take - iau iei ia luăm luați iau
draw - desenez desenezi desenează desenăm desenați desenează|hear - aud auzi aude auzim auziți aud
know - cunosc cunoști cunoaște cunoaștem cunoașteți cunosc|hide - ascund ascunzi ascunde ascundem ascundeți ascund
wash washes spăl speli spală spălăm spălați spală|keep - păstrez păstrezi păstrează păstrăm păstrați păstrează
bring - aduc aduci aduce aducem aduceți aduc|forget - uit uiți uită uităm uitați uită
want - vreau vrei vrea vrem vreți vor|sell - vând vinzi vinde vindem vindeți vând
"""
GIVING = """
give - dau dai dă dăm dați dau|show - arăt arăți arată arătăm arătați arată
send - trimit trimiți trimite trimitem trimiteți trimit|promise - promit promiți promite promitem promiteți promit
"""
PRONOUNS = {"I": ("eu", 0), "you": ("tu", 1), "he": ("el", 2), "she": ("ea", 2), "we": ("noi", 3), "they": ("ei", 5)}
JOINTS = {"and": "și", "but": "dar", "while": "iar"}
POSSESSIVE = {("m", 1): "al", ("f", 1): "a", ("n", 1): "al", ("m", 2): "ai", ("f", 2): "ale", ("n", 2): "ale"}


class Noun(NamedTuple):
    english: tuple[str, str]  # singular, plural
    gender: str  # m, f, n
    bare: tuple[str, str]  # Romanian singular and plural: `carte`, `cărți`
    definite: tuple[str, str]  # `cartea`, `cărțile`
    oblique: tuple[str, str]  # genitive and dative with the article: `cărții`, `cărților`


class Adjective(NamedTuple):
    english: str
    forms: tuple[str, str, str, str]

    def agreeing(self, gender: str, number: int, oblique: bool = False) -> str:
        """The form that agrees; in the genitive and dative a feminine singular takes the form of its plural."""
        feminine = gender == "f" or (gender == "n" and number == 2)
        plural = number == 2 or (oblique and gender == "f")
        return self.forms[2 * plural + feminine]


class Verb(NamedTuple):
    english: tuple[str, str]  # see, sees
    romanian: tuple[str, ...]  # six persons


class Sentence(NamedTuple):
    """The words of both languages, and which source word each target word answers, as pairs (source, target)."""

    english: list[str]
    romanian: list[str]
    alignment: list[tuple[int, int]]


def decline(english: str, plural: str, gender: str, singular: str, many: str) -> Noun:
    """All forms of a noun from its singular, plural and gender.

    >>> decline("book", "books", "f", "carte", "cărți").definite
    ('cartea', 'cărțile')
    """
    if gender == "f":
        # `fată` -> `fata`, `stea` -> `steaua`, `carte` -> `cartea`, `cutie` -> `cutia`
        one = {"ă": singular[:-1] + "a", "a": singular + "ua"}.get(singular[-1], singular + "a")
        if singular.endswith("ie"):
            one = singular[:-1] + "a"
        to_one = singular + "i" if re.search("[^e]ie$", singular) else many + "i"  # `cutiei`, but `fetei`, `cheii`
        return Noun((english, plural), gender, (singular, many), (one, many + "le"), (to_one, many + "lor"))
    ends_in_e = singular.endswith("e")  # `câinele`, `câinelui`
    one, to_one = (singular + "le", singular + "lui") if ends_in_e else (singular + "ul", singular + "ului")
    if singular.endswith("u"):
        one, to_one = singular + "l", singular + "lui"  # `tabloul`, `tabloului`
    return Noun((english, plural), gender, (singular, many), (one, many + ("i" if gender == "m" else "le")),
                (to_one, many + "lor"))  # fmt: skip


@cache
def lexicon() -> dict[str, list]:
    """The words by their kind: people, animals, things; adjectives of the living and of things; verbs, giving."""

    def entries(table: str) -> list[list[str]]:
        return [entry.split() for entry in re.split(r"[|\n]", table) if entry]

    nouns = {name: [decline(e, e + "s" if p == "-" else p, *rest) for e, p, *rest in entries(table)]
             for name, table in (("people", PEOPLE), ("animals", ANIMALS), ("things", THINGS))}  # fmt: skip
    verbs = {name: [Verb((e, e + "s" if p == "-" else p), tuple(rest)) for e, p, *rest in entries(table)]
             for name, table in (("verbs", VERBS), ("giving", GIVING))}  # fmt: skip
    adjectives = {name: [Adjective(e, tuple(forms)) for e, *forms in entries(ADJECTIVES + table)]
                  for name, table in (("of the living", OF_THE_LIVING), ("of things", OF_THINGS))}  # fmt: skip
    return nouns | verbs | adjectives


class _Maker:
    """Writes both languages at once. A target word names the source words that it answers."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.words = rng, lexicon()
        self.english: list[str] = []
        self.romanian: list[tuple[str, list[int]]] = []

    def say(self, *words: str) -> list[int]:
        """Source words; their places."""
        start = len(self.english)
        for word in words:
            self.english += word.split("_")
        return list(range(start, len(self.english)))

    def noun_phrase(
        self, nouns: list[Noun], number: int | None = None, definite: bool | None = None, oblique: bool = False
    ) -> tuple[list[tuple[str, list[int]]], Noun, int, bool]:
        """Says it in English; gives it in Romanian, with the noun, its number, and whether an adjective follows it."""
        noun = self.rng.choice(nouns)
        number = number or self.rng.choice((1, 1, 2))
        definite = self.rng.random() < 0.6 if definite is None else definite
        adjectives = self.words["of things" if noun in self.words["things"] else "of the living"]
        adjective = self.rng.choice(adjectives) if self.rng.random() < 0.4 else None
        starts_with_vowel = (adjective.english if adjective else noun.english[number - 1])[0] in "aeiou"
        article = "the" if definite else "some" if number == 2 else "an" if starts_with_vowel else "a"
        at_article = self.say(article)
        at_adjective = self.say(adjective.english) if adjective else []
        at_noun = self.say(noun.english[number - 1])
        if definite:
            form = (noun.oblique if oblique else noun.definite)[number - 1]
            phrase = [(form, at_article + at_noun)]
        else:
            word = "niște" if number == 2 else "o" if noun.gender == "f" else "un"
            phrase = [(word, at_article), (noun.bare[number - 1], at_noun)]
        if adjective:
            phrase.append((adjective.agreeing(noun.gender, number, oblique), at_adjective))
        return phrase, noun, number, adjective is not None

    def thing(self, given: bool) -> list[tuple[str, list[int]]]:
        """An object, and unless it is given, sometimes its owner: `cartea fetei`, or `cartea roșie a fetei`."""
        owned = not given and self.rng.random() < 0.3
        kind = self.words["things"] + ([] if owned else self.words["animals"])
        phrase, noun, number, described = self.noun_phrase(kind, definite=True if owned else None)
        if owned:
            at_of = self.say("of")
            owner, *_ = self.noun_phrase(self.words["people"], definite=True, oblique=True)
            if described:
                phrase.append((POSSESSIVE[noun.gender, number], at_of))
            else:
                owner[0] = (owner[0][0], at_of + owner[0][1])
            phrase += owner
        return phrase

    def clause(self) -> None:
        """Subject, perhaps a negation, a verb, an object, and where something is given, somebody."""
        if self.rng.random() < 0.3:
            pronoun = self.rng.choice(list(PRONOUNS))
            romanian, person = PRONOUNS[pronoun]
            subject = [(romanian, self.say(pronoun))]
        else:
            subject, _, number, _ = self.noun_phrase(self.words["people"] + self.words["animals"])
            person = 2 if number == 1 else 5
        giving, negated = self.rng.random() < 0.25, self.rng.random() < 0.2
        verb = self.rng.choice(self.words["giving" if giving else "verbs"])
        third = person == 2
        at_not = []
        if negated:
            self.say("does" if third else "do")
            at_not = self.say("not")
            at_not = [at_not[0] - 1, *at_not]
        at_verb = self.say(verb.english[third and not negated])
        said = [("nu", at_not)] if negated else []
        if giving:
            number = self.rng.choice((1, 1, 2))
            somebody, *_ = self.noun_phrase(self.words["people"], number, definite=True, oblique=True)
            # the pronoun says the dative a second time, before the verb
            said.append(("îi" if number == 1 else "le", [place for _, places in somebody[:1] for place in places]))
        said.append((verb.romanian[person], at_verb))
        thing = self.thing(giving)
        self.romanian += subject + said + thing + (somebody if giving else [])

    def sentence(self, clauses: int) -> Sentence:
        for i in range(clauses):
            if i:
                joint = self.rng.choice(list(JOINTS))
                if joint != "and":
                    self.romanian.append((",", self.say(",")))
                self.romanian.append((JOINTS[joint], self.say(joint)))
            self.clause()
        self.romanian.append((".", self.say(".")))
        pairs = [(source, target) for target, (_, places) in enumerate(self.romanian) for source in places]
        return Sentence(self.english, [word for word, _ in self.romanian], sorted(pairs))


def make_sentence(seed: int, clauses: int = 1) -> Sentence:
    """A sentence in both languages, the same for the same seed.

    >>> len(make_sentence(0).alignment) > 0
    True
    """
    return _Maker(random.Random(f"{seed} {clauses}")).sentence(clauses)


PAD, START, END = 0, 1, 2


class Sentences(NamedTuple):
    source: Tensor  # (B, S), padded with 0
    lengths: Tensor  # (B,)
    target: Tensor  # (B, T), begins with START, ends with END, padded with 0
    sentences: list[Sentence]


@dataclass(frozen=True)
class Translation:
    """Sentences of up to so many clauses, English to Romanian, as numbers. clauses: the least and the most.

    A sentence belongs to one part alone, "train" or "test", by a hash of its English words: no test sentence was seen
    in training. Numbers 0, 1, 2 are the padding, the start and the end.
    """

    clauses: tuple[int, int] = (1, 2)
    english: dict[str, int] = field(init=False, repr=False)
    romanian: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.clauses[0] <= self.clauses[1]:
            raise ValueError(f"clauses={self.clauses}; the least and the most, from 1 on, are expected")
        for name, words in zip(("english", "romanian"), all_words(), strict=True):
            numbers = {word: i for i, word in enumerate(["<pad>", "<start>", "<end>", *sorted(words)])}
            object.__setattr__(self, name, numbers)

    def describe(self) -> str:
        """The task in one sentence, in the language of the package."""
        return say("Traduce propoziții dintr-o gramatică mică, din engleză în română.",
                   "Translate sentences of a small grammar from English into Romanian.")  # fmt: skip

    def sentences(self, n: int, seed: int, part: str = "train") -> list[Sentence]:
        """n sentences of one part. Raises ValueError for a part of another name."""
        if part not in ("train", "test"):
            raise ValueError(f'part={part!r}; choose "train" or "test"')
        rng, found = random.Random(seed), []
        while len(found) < n:
            sentence = make_sentence(rng.randrange(2**48), rng.randint(*self.clauses))
            tested = sum(" ".join(sentence.english).encode()) % 10 == 0
            if tested == (part == "test"):
                found.append(sentence)
        return found

    def batch(self, n: int, seed: int, part: str = "train") -> Sentences:
        """n sentences as numbers, the same for the same seed."""
        found = self.sentences(n, seed, part)
        source = [[self.english[word] for word in sentence.english] for sentence in found]
        target = [[START, *(self.romanian[word] for word in sentence.romanian), END] for sentence in found]
        return Sentences(_padded(source), torch.tensor([len(row) for row in source]), _padded(target), found)


def join(words: list[str]) -> str:
    """Words as a reader writes them: a capital at the start, no space before the full stop.

    >>> join(["the", "dog", "sees", "a", "cat", "."])
    'The dog sees a cat.'
    """
    text = " ".join(words).replace(" .", ".").replace(" ,", ",")
    return text[:1].upper() + text[1:]


@cache
def all_words() -> tuple[frozenset[str], frozenset[str]]:
    """Every word that the grammar can say, in each language."""
    words = lexicon()
    english = {"the", "a", "an", "some", "of", "do", "does", "not", ".", ",", *PRONOUNS, *JOINTS}
    romanian = {"o", "un", "niște", "nu", "îi", "le", ".", ",", *JOINTS.values(), *POSSESSIVE.values()}
    romanian |= {word for word, _ in PRONOUNS.values()}
    for noun in words["people"] + words["animals"] + words["things"]:
        english.update(noun.english)
        romanian.update(noun.bare + noun.definite + noun.oblique)
    for adjective in words["of the living"] + words["of things"]:
        english.add(adjective.english)
        romanian.update(adjective.forms)
    for verb in words["verbs"] + words["giving"]:
        english.update(part for form in verb.english for part in form.split("_"))
        romanian.update(verb.romanian)
    return frozenset(english), frozenset(romanian)


def _padded(rows: list[list[int]]) -> Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [PAD] * (width - len(row)) for row in rows])
