"""A synchronous grammar: one tree, written out in English and in Romanian at once, so that the alignment is known.

Every word carries the parts of the tree it comes from. Two words of different languages are aligned where they share a
part: "the book" and "cartea", because the suffix -a is the article; "does not" and "nu"; "boy" and both "îi" and
"băiatului". A word that the other language leaves out is aligned with nothing.
"""

from dataclasses import dataclass
from typing import NamedTuple

from .lexicon import (
    ADJECTIVES,
    ADVERBS,
    CONNECTIVES,
    DETERMINERS,
    NOUNS,
    PLURAL_DETERMINERS,
    POSSESSIVE_ARTICLES,
    PREPOSITIONS,
    PRONOUNS,
    RECIPIENTS,
    TO_BE,
    VERBS,
)


@dataclass(frozen=True)
class Noun:
    """A noun with what stands around it. word: English singular. plural: for "the"; others know their number.

    owner: of whom; with "the" or another determiner that has a genitive.
    """

    word: str
    determiner: str = "the"
    plural: bool = False
    adjective: str | None = None
    very: bool = False
    owner: "Noun | None" = None

    @property
    def many(self) -> bool:
        return self.plural or self.determiner in PLURAL_DETERMINERS


@dataclass(frozen=True)
class Clause:
    """Who does what. verb: English base, or "be" with an adjective or a place. Two of them may be pronouns."""

    subject: Noun | str
    verb: str
    object: Noun | None = None
    recipient: Noun | str | None = None
    place: tuple[str, Noun] | None = None
    adjective: str | None = None
    very: bool = False
    adverb: str | None = None
    negated: bool = False


@dataclass(frozen=True)
class Sentence:
    """Clauses with connectives between them, one fewer."""

    clauses: tuple[Clause, ...]
    connectives: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair:
    """A text in both languages, as words, and which word translates which: (source index, target index)."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    alignment: tuple[tuple[int, int], ...]

    def __add__(self, other: "Pair") -> "Pair":
        """One text after the other."""
        moved = tuple((i + len(self.source), j + len(self.target)) for i, j in other.alignment)
        return Pair(self.source + other.source, self.target + other.target, self.alignment + moved)


class Word(NamedTuple):
    text: str
    parts: frozenset


class Both(NamedTuple):
    english: list[Word]
    romanian: list[Word]


def write(sentence: Sentence) -> Pair:
    """The sentence in both languages, with a full stop."""
    text = _clause(sentence.clauses[0])
    for connective, clause in zip(sentence.connectives, sentence.clauses[1:], strict=True):
        text = _join(text, _connective(connective), _clause(clause))
    stop = object()
    english, romanian = _join(text, Both(_words(".", stop), _words(".", stop)))
    alignment = [(i, j) for i, a in enumerate(english) for j, b in enumerate(romanian) if a.parts & b.parts]
    return Pair(tuple(word.text for word in english), tuple(word.text for word in romanian), tuple(alignment))


def _words(text: str, *parts: object) -> list[Word]:
    return [Word(word, frozenset(parts)) for word in text.split()]


def _also(words: list[Word], part: object) -> list[Word]:
    """The same words, the first of which belongs to one part more."""
    return [Word(words[0].text, words[0].parts | {part}), *words[1:]]


def _join(*pieces: Both) -> Both:
    return Both([word for piece in pieces for word in piece.english], [w for piece in pieces for w in piece.romanian])


def _connective(connective: str) -> Both:
    """Word for word where both have a comma; otherwise all with all."""
    english, romanian = connective.replace(", ", "").split(), CONNECTIVES[connective].replace(", ", "").split()
    comma, word = object(), object()
    commas = _words("," if connective.startswith(",") else "", comma)
    return Both(commas + _words(" ".join(english), word), commas + _words(" ".join(romanian), word))


def _article(words: list[Word], part: object) -> list[Word]:
    """a or an, as the next word sounds; no word of the lexicon sounds other than it is spelt."""
    return [*_words("an" if words[0].text[0] in "aeiou" else "a", part), *words]


def _noun(tree: Noun, oblique: bool = False, preposition: str | None = None, clitic: object = None) -> Both:
    """A noun phrase. In Romanian the adjective follows the noun, and the article is the noun's ending.

    oblique: genitive or dative. preposition: after it a noun alone drops its article ("în casă", "în casa mare").
    clitic: the part of the pronoun that announces this noun, if one does.
    """
    noun, many = NOUNS[tree.word], tree.many
    name, quality, degree, article, of = (object() for _ in range(5))
    alone = tree.adjective is None and tree.owner is None
    suffixed = tree.determiner == "the" and not (preposition and alone)

    english = _words(noun.english[many], name, *([clitic] if clitic else []))
    romanian = _words(noun.form(many, suffixed, oblique), name)
    if tree.adjective:
        very, foarte = (_words("very", degree), _words("foarte", degree)) if tree.very else ([], [])
        form = ADJECTIVES[tree.adjective].forms[noun.agreement(many, oblique)]
        english = [*very, *_words(tree.adjective, quality), *english]
        romanian = [*romanian, *foarte, *_words(form, quality)]
    if tree.determiner == "the":
        english = [*_words("the", *([name] if suffixed else [])), *english]
    elif tree.determiner == "a":
        english = _article(english, article)
    else:
        english = [*_words(tree.determiner, article), *english]
    if tree.determiner != "the":
        forms = DETERMINERS[tree.determiner][oblique]
        romanian = [*_words(forms[noun.agreement(many)], article), *romanian]
    if tree.owner:
        owner = _noun(tree.owner, oblique=True)
        english = [*english, *_words("of", of), *owner.english]
        if suffixed and not tree.adjective:  # "cartea fetei", but: "cartea roșie a fetei", "o carte a fetei"
            romanian = [*romanian, *_also(owner.romanian, of)]
        else:
            romanian = [*romanian, *_words(POSSESSIVE_ARTICLES[noun.agreement(many)], of), *owner.romanian]
    return Both(english, romanian)


def _clause(tree: Clause) -> Both:
    if isinstance(tree.subject, str):
        romanian, person, agreement = PRONOUNS[tree.subject]
        who = object()
        subject = Both(_words(tree.subject, who), _words(romanian, who))
    else:
        subject, person = _noun(tree.subject), 5 if tree.subject.many else 2
        agreement = NOUNS[tree.subject.word].agreement(tree.subject.many)

    pieces = [subject, *_verb(tree, person)]
    if tree.object:
        pieces.append(_noun(tree.object))
    if tree.adjective:
        degree, quality = object(), object()
        very = Both(_words("very", degree), _words("foarte", degree)) if tree.very else Both([], [])
        form = ADJECTIVES[tree.adjective].forms[agreement]
        pieces += [very, Both(_words(tree.adjective, quality), _words(form, quality))]
    if tree.place:
        pieces.append(_place(*tree.place))
    if tree.adverb:
        when = object()
        pieces.append(Both(_words(tree.adverb, when), _words(ADVERBS[tree.adverb], when)))
    return _join(*pieces)


def _verb(tree: Clause, person: int) -> list[Both]:
    """The verb with its "not", the pronoun that announces who receives (before the verb), and the recipient."""
    action, no = object(), object()
    base, third = ("be", "be") if tree.verb == "be" else VERBS[tree.verb].english
    if tree.verb == "be":
        english = _words(TO_BE[0][person], action) + (_words("not", no) if tree.negated else [])
        romanian = _words(TO_BE[1][person], action)
    else:
        romanian = _words(VERBS[tree.verb].romanian[person], action)
        if tree.negated:
            english = _words("does not" if person == 2 else "do not", no) + _words(base, action)
        else:
            english = _words(third if person == 2 else base, action)

    clitic, receiver = object(), Both([], [])
    if isinstance(tree.recipient, str):
        romanian = _words(RECIPIENTS[tree.recipient][0], clitic) + romanian
        receiver = Both(_words(tree.recipient, clitic), [])
    elif tree.recipient:
        romanian = _words("le" if tree.recipient.many else "îi", clitic) + romanian
        receiver = _noun(tree.recipient, oblique=True, clitic=clitic)
    if tree.negated:
        romanian = _words("nu", no) + romanian
    return [Both(english, romanian), receiver]


def _place(preposition: str, tree: Noun) -> Both:
    """Where: "în" and "un" or "o" become one word."""
    where, noun = object(), _noun(tree, preposition=preposition)
    english = _words(preposition, where) + noun.english
    if preposition == "in" and tree.determiner == "a":
        article, *rest = noun.romanian
        return Both(english, [Word(f"într-{article.text}", article.parts | {where}), *rest])
    return Both(english, _words(PREPOSITIONS[preposition][0], where) + noun.romanian)
