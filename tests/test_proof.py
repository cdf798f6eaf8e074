"""Each gate of the proofreader: a planted error is caught where it stands, with advice; what is right passes."""

import shutil
from pathlib import Path

import proof
import pytest

ROOT = Path(__file__).resolve().parents[1]
NBSP = "\u00a0"


@pytest.fixture
def house(tmp_path):
    """An empty book with the real glossary and word lists; put(file, text) adds to it and gives what is wrong."""
    for name in ("book/glossary.yml", "book/words/ro.txt", "book/words/en.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)

    def put(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return [line for line in proof.problems(tmp_path) if line.startswith(name)]

    return put


def manuscript(ro="Un rând.", en="A row.", code="", shared=""):
    """A manuscript with the Romanian text on line 5, the English one on line 9, code from line 12 on."""
    blocks = ["---", "jupytext: {}", "---", '+++ {"lang": "ro"}', ro, "", "", '+++ {"lang": "en"}', en, ""]
    return "\n".join([*blocks, "```{code-cell} ipython3", *code.split("\n"), "```", "", "+++", "", shared, ""])


ROMANIAN = {  # what is planted: (its advice, a neighbour that is right)
    "O atentie mare.": ("write “atenție”", "O atenție mare."),
    "Atenţia e mare.": ("comma below", "Atenția e mare."),
    "Ei sînt aici.": ("write “sunt”", "Ei sunt aici."),
    "Un vînt rece.": ("write “vânt”", "Un vânt rece și neînțeles."),
    "O pondre mică.": ("book/words/ro.txt", "O pondere mică, softmaxul."),
    'Scrie "zero" aici.': ("write „…”", "Scrie „zero” aici."),
    "Scrie “zero” aici.": ("write „…”", "Scrie „nu «zero» acum” aici."),
    "Scrie „zero aici.": ("close it with ”", "Scrie „zero” aici, apoi „unu”."),
    "Scrie «zero» aici.": ("write „…”", "Scrie „«zero»” aici."),
    "Scrie „un „zero” acum” aici.": ("«…»", "Scrie „un «zero» acum” aici."),
    "Are 0.5 la mijloc.": ("decimal comma", "Are 0,5 la mijloc și cere Python 3.11."),
    "Are $x = 0.5$ aici.": ("write 0{,}5", "Are $x = 0{,}5$ aici."),
    "Are $x = 0,5$ aici.": ("write 0{,}5", "Are $x_{1,2}$ aici, iar `0.5` în cod."),
    "Are 10000 de cuvinte.": ("10.000", "Are 10.000 de cuvinte."),
    "Are 20 tokeni.": ("write „20 de tokeni”", "Are 20 de tokeni."),
    "Are 100 capete.": ("write „100 de capete”", "Are 101 capete."),
    "Are 120 pași.": ("write „120 de pași”", "Are 119 pași, apoi 120 de pași."),
    "Are **64** tokeni.": ("write „64 de tokeni”", "Are 1.019 tokeni."),
    "Are 2.048 tokeni.": ("write „2.048 de tokeni”", "În 2024 capete mai multe n-avea nimeni."),
    "Are 15 de capete.": ("write „15 capete”", "Are 15 capete, iar 3 de aici."),
    "Repetă de 50 ori.": ("write „50 de ori”", "Repetă de 50 de ori, de 12 ori."),
    "Are treizeci capete.": ("write „treizeci de capete”", "Are treizeci și cinci de capete."),
    "Rămâne 87% acum.": ("no-break space", f"Rămâne 87{NBSP}% acum."),
    "Rămâne 87 % acum.": ("no-break space", f"Rămâne 8,7{NBSP}% acum."),
    "Două  spații.": ("keep one", "| a  | b |\n|---|---|\n| doi  | trei |"),
    "Un cuvânt , altul.": ("take it out", "Un cuvânt, altul."),
    "Un cuvânt,altul.": ("add one", "Un cuvânt, `a,b` și $(a,b)$."),
    "Un cuvânt - altul.": ("write –", "Un cuvânt – altul.\n\n- listă"),
    "Un cuvânt—altul.": ("write –", "Un cuvânt într-un rând."),
    "Un cuvânt –altul.": ("both sides", "Între 10–20 și 30."),
    "Între 10-20 și 30.": ("write –", "Între $10-20$ și 30."),
    "Scorul e -1 aici.": ("write −", "Scorul e −1 aici, `x = -1`."),
    "Și așa mai departe...": ("write …", "Și așa mai departe…"),
    "Greutățile fac unu.": ("write “ponderi de atenție”", "Ponderile fac unu."),
    "O rețea neurală mică.": ("write “rețea neuronală recurentă”", "O rețea neuronală mică."),
    "Un jeton și altul.": ("write “token”", "Un token și altul."),
    "Un transformator mare.": ("write “Transformer”", "Un Transformer mare."),
    "Un layer adânc.": ("write „strat”", "Un strat (*layer*) adânc."),
    "Are un batch mic.": ("write „lot”", "Are un lot (batch) mic."),
    "Perechea (0,964, −0,999) de aici.": ("write ; between them", "Perechea (0,964; −0,999), apoi 0,2, 0,31 la coadă."),
    "Ponderile sunt 0,5, 0,25 și 1.": ("write ; between them", "Ponderile sunt 0,5; 0,25 și 1, pe 3, 4 și 5."),
    "Are $(0{,}9, 0{,}1)$ aici.": ("write ; between them", "Are $(0{,}9; 0{,}1)$ și $(i, 1)$ aici."),
    "Rețeaua ghicește.": ("write “a răspunde la întâmplare”", "O ghicitoare grea."),
    "Perechile numărate ajută.": ("write “bigramă”", "Perechile ajută, numărate sau nu."),
    "E starea de artă.": ("write “cele mai bune rezultate cunoscute”", "E starea ascunsă."),
    "Transformerul citește.": ("write “Transformer”", "Un Transformer citește."),
    "Vezi capitolul 12.": ("there is no chapter 12", "Vezi capitolul 1, 12 pagini."),
    "Vezi capitolele 1 și 12.": ("there is no chapter 12", "Vezi capitolele, toate 12."),
}
ENGLISH = {
    "A wieght of one.": ("book/words/en.txt", "A weight of one; the model's softmax isn't."),
    "The word pisică here.": ("book/words/en.txt", "The word *pisică* here."),
    "The word *pisikă* here.": ("book/words/en.txt", "The word *pisica*, the cat, here."),
    "The color of it.": ("book/words/en.txt", "The colour of it."),
    "We normalize it.": ("write “normalise”", "We normalise the size and seize the prize."),
    'We say "zero" here.': ("write “…”", "We say “zero” here and don't."),
    "We say „zero” here.": ("write “…”", "We say “zero”, then “one”."),
    "We say “zero here.": ("close it with ”", "We say “zero”."),
    "It keeps 87 % of it.": ("take it out", "It keeps 87% of it."),
    "It is 0,5 here.": ("decimal point", "It is 0.5 here, of 1,000 words."),
    "It is $0{,}5$ here.": ("write 0.5", "It is $0.5$ at $(i, j)$."),
    "With 10000 words.": ("10,000", "With 10,000 words, or 1024."),
    "One word , another.": ("take it out", "One word, another: done."),
    "One word - another.": ("write –", "A well-known word – another."),
    "Counted pairs help.": ("write “bigram”", "Pairs that we counted help."),
    "See chapters 1, 2 and 12.": ("there is no chapter 12", "See chapter 1, 12 pages; the head gives (0.5, 0.25)."),
}


@pytest.mark.parametrize("wrong", ROMANIAN)
def test_a_romanian_error_is_caught_and_its_neighbour_passes(house, wrong):
    advice, right = ROMANIAN[wrong]
    found = house("book/chapters/01-a.md", manuscript(ro=f"Bine.\n{wrong}"))
    assert found and all(line.startswith("book/chapters/01-a.md:6: ") for line in found)
    assert any(advice in line for line in found), found
    assert house("book/chapters/01-a.md", manuscript(ro=f"Bine.\n{right}")) == []


@pytest.mark.parametrize("wrong", ENGLISH)
def test_an_english_error_is_caught_and_its_neighbour_passes(house, wrong):
    advice, right = ENGLISH[wrong]
    found = house("book/chapters/01-a.md", manuscript(en=wrong))
    assert found and all(line.startswith("book/chapters/01-a.md:9: ") for line in found)
    assert any(advice in line for line in found), found
    assert house("book/chapters/01-a.md", manuscript(en=right)) == []


CHAPTER, CHECKS, EXPLORER = "book/chapters/01-a.md", "diffattn_mini/check/ch01.py", "diffattn_mini/explorers/a.mjs"
PRINTED = "notebooks/ro/01-a.ipynb"
OUTPUT = '{{"cells": [{{"outputs": [{{"text": [\n"x 3\\n",\n"{}\\n"\n]}}]}}]}}'
CATALOGUE = "book/theme/locale/ro/LC_MESSAGES/sphinx.po"
PARTS = '<a id="romana"></a>\n\n{}\n\n<a id="english"></a>\n\n{}\n'
PLACES = [  # file, a text with an error, its line, the same text without it
    (CHAPTER, manuscript(code='tr("o pondre", "a weight")'), 12, manuscript(code='tr("o pondere", "a weight")')),
    (CHAPTER, manuscript(code="x = 1\n# ro: o pondre\n# en: a"), 13, manuscript(code="# ro: o pondere\n# en: a")),
    (CHAPTER, manuscript(code="x = 1  # a wieght"), 12, manuscript(code="wieght = 1  # the wieght is a name here")),
    (CHAPTER, manuscript(code='print(tr("perechi numărate", "a"))'), 12, manuscript(code='print(tr("bigrame", "a"))')),
    (CHAPTER, manuscript(code=':alt: {ro: "O pondre."}\nplot()'), 12, manuscript(code=':alt: {ro: "O axă."}\nplot()')),
    (CHAPTER, manuscript(shared="$$ x = 0.5 $$"), 17, manuscript(shared="$$ x = y $$")),
    (CHAPTER, manuscript(ro="{term}`pondre <lambda>`"), 5, manuscript(ro="{term}`pondere <wieght>`, {cite:p}`wieght`")),
    (CHECKS, 'x = say("bine",\n        "a wieght")', 2, 'x = say("bine",\n        "a weight")'),
    (CHECKS, 'Mistake(\n    ro="O axă "\n    "pondre.",\n    en="A row.")', 3, 'Mistake(ro="O pondere.", en="A row.")'),
    (CHECKS, '"""A wieght."""', 1, '"""A weight. `wieght` is code.\n\n>>> wieght\n1\n"""'),
    (CHECKS, 'raise ValueError(f"the wieght {x}")', 1, 'raise ValueError(f"the weight {x}")'),
    (EXPLORER, 'const T = {\n  ro: { a: "o pondre" },\n};', 2, 'const T = {\n  ro: { a: "o pondere" },\n};'),
    (EXPLORER, "const T = {\n  en: {\n  a: (x) => `a wieght ${x}` } };", 3, "const T = {\n  en: { a: `row ${x}` } };"),
    (CATALOGUE, 'msgid "Back"\nmsgstr "Inapoi"\n', 2, 'msgid "Back"\nmsgstr "Înapoi"\n'),
    ("book/tools/a.py", 'x = "there is a wieght missing here"', 1, 'x = "there is a weight missing here"'),
    (PRINTED, OUTPUT.format("262 cuvinte: 0.5"), 3, OUTPUT.format("262 de cuvinte: 0.5, wieght")),
    (PRINTED, OUTPUT.format("RNN ghicește"), 3, OUTPUT.format("RNN, LSTM, attention")),
    ("Makefile", 'a:\n\t@echo "a wieght"\n', 2, 'a:\n\t@echo "a weight"\n'),
    ("_toc.yml", "- caption: O pondre\n", 1, "- caption: O pondere\n- caption: A weight\n"),
    ("README.md", PARTS.format("O pondre.", "A weight."), 3, PARTS.format("O pondere.", "A weight.")),
    ("README.md", PARTS.format("Un rând.", "Un rând."), 7, "Un rând. A row."),
    ("README.md", PARTS.format("Sunt 2.", "There are 3."), 1, PARTS.format("Sunt 0,2.", "There are 0.2.")),
]


@pytest.mark.parametrize(("name", "wrong", "line", "right"), PLACES)
def test_every_place_is_read_and_its_line_is_right(house, name, wrong, line, right):
    found = house(name, wrong)
    assert found and all(problem.startswith(f"{name}:{line}: ") for problem in found), found
    assert house(name, right) == []


@pytest.mark.parametrize("lang", ["ro", "en"])
def test_a_paragraph_has_at_most_75_words_however_it_is_broken_into_lines(house, lang):
    def found(text):
        return house("book/chapters/01-a.md", manuscript(**{lang: text, {"ro": "en", "en": "ro"}[lang]: "A."}))

    word, line = {"ro": ("rând ", 7), "en": ("row ", 11)}[lang]
    assert found("A.\n\n" + word * 75 + "$x + y$ `x = 1`") == found("- " + word * 70 + "\n- " + word * 70) == []
    assert found("A.\n\n" + (word * 38 + "\n") * 2) == [
        f"book/chapters/01-a.md:{line}: a paragraph of 76 words: divide it where the thought turns: 75 at most"]


def test_a_file_that_does_not_read_is_named_with_its_line(house, tmp_path):
    house("README.md", "A row.\n")
    (tmp_path / "README.md").write_bytes(b"A row.\n\xba\n")
    assert proof.problems(tmp_path) == [
        "README.md:2: the byte 0xba is not UTF-8: save the file as UTF-8 and write the letter anew"]
    assert "the key ro stands twice" in house("book/chapters/01-a.md", manuscript(code=':alt: {ro: "a", ro: "b"}'))[0]


def test_a_page_needs_its_counterpart_with_the_same_anchors_numbers_and_links(house):
    ro, en = "(a)=\n# Unu\n\n(b)=\n## Doi\n\nSunt 20.\n", "(a)=\n# One\n\n(b)=\n## Two\n\nThere are 20.\n"
    assert house("book/ro/a.md", ro) == ["book/ro/a.md:1: there is no book/en/a.md: write it too"]
    house("book/en/a.md", en.replace("(b)=", "(c)="))
    assert "same, in the same order" in house("book/ro/a.md", ro)[0]
    house("book/en/a.md", en)
    found = house("book/ro/a.md", ro.replace("20", "21"))
    assert len(found) == 1 and found[0].startswith("book/ro/a.md:4: ") and "21" in found[0]
    assert house("book/ro/a.md", ro) == []


def test_a_word_list_holds_only_words_that_the_dictionary_lacks_sorted_once_each(house):
    assert house("book/words/ro.txt", "# first a comment\nsoftmax\ntoken\n") == []
    assert "the dictionary knows “pondere”" in house("book/words/ro.txt", "pondere\nsoftmax\n")[0]
    assert house("book/words/ro.txt", "token\nsoftmax\n")[0].startswith("book/words/ro.txt:2: ")
    assert "each word once" in house("book/words/ro.txt", "softmax\nsoftmax\n")[0]


def test_the_glossary_is_whole_sorted_and_spelled_right(house):
    entry = '- en: {}\n  ro: {}\n  definition:\n    ro: "Un {}."\n    en: "A {}."\n'
    good = [entry.format("row", "rând", "rând", "row"), entry.format("weight", "pondere", "număr", "number")]
    assert house("book/glossary.yml", "".join(good)) == []
    assert "sort by" in house("book/glossary.yml", "".join(good[::-1]))[0]
    misspelt = house("book/glossary.yml", good[0] + good[1].replace("număr", "numar"))
    assert len(misspelt) == 1 and misspelt[0].startswith("book/glossary.yml:9: ")
    assert "definition in each" in house("book/glossary.yml", good[0] + "- en: weight\n  ro: pondere\n")[0]


def test_a_stale_or_broken_cache_changes_nothing(house, tmp_path):
    text = manuscript(ro="O pondre mică.")
    first = house("book/chapters/01-a.md", text)
    cache = tmp_path / "_build/proof/ro.json"
    for content in ('{"key": "another", "words": {"pondre": true}}', "{", cache.read_text(encoding="utf-8")):
        cache.write_text(content, encoding="utf-8")
        assert house("book/chapters/01-a.md", text) == first != []


def test_the_book_itself_has_nothing_to_mend():
    assert proof.problems(ROOT) == []
