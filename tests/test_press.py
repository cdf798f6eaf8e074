"""Manuscripts become notebooks in two languages, or a list of what to mend; never half of anything."""
import ast
import errno
import os
import re
from pathlib import Path
from random import Random

import manuscript
import nbformat
import press
import pytest
import reading
from hypothesis import given
from hypothesis import strategies as st

HEAD = "---\njupytext: {}\nkernelspec: {name: python3}\n---\n\n"
BODY = '''+++ {"lang": "ro"}

(start)=
# Titlul

Text cu {term}`atenție <attention>`, {cite:t}`two` și [alt loc](page:notes#here). Vreo {minutes}.

+++ {"lang": "en"}

(start)=
# The title

Text with {term}`attention`, {cite:t}`two` and [another place](page:notes#here). About {minutes}.

```{code-cell} ipython3
:tags: [nbval-check-output]
# ro: un comentariu
# en: a comment
print(tr("pas", "step"), 1 + 1)    # ro: doi  # en: two
```

+++

$$ a = b $$

+++ {"lang": "ro"}

(more)=
## Mai mult

Vezi [începutul](01-first.md#start).

+++ {"lang": "en"}

(more)=
## More

See [the start](01-first.md#start).

```{code-cell} ipython3
:alt: {ro: "O linie.", en: "A line."}
plot_curve(1)
```

```{code-cell} ipython3
:tags: [exercise]
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
```

```{code-cell} ipython3
:tags: [check]
check("01.double", double)
```
'''


@pytest.fixture
def tree(tmp_path):
    """A small house with one manuscript; `tree(text)` writes another text of it."""
    (tmp_path / "_config.yml").write_text("repository: {url: https://github.com/o/r, branch: b}\n")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    for folder in ("book/chapters", "book/ro", "book/en"):
        (tmp_path / folder).mkdir(parents=True)
    for lang in ("ro", "en"):
        (tmp_path / f"book/{lang}/notes.md").write_text("(here)=\n# N\n")
    (tmp_path / "book/glossary.yml").write_text("- {en: attention, ro: atenție}\n", encoding="utf-8")
    (tmp_path / "book/references.bib").write_text(
        "@article{two, author={Ana Pop and Ion Rus}, title={T}, year={2020}, eprint={1234.5}}\n"
        "@article{solo, author={Han Solo}, title={S}, year={1999}, doi={10.1/x}}\n")

    def lay(body=BODY):
        (tmp_path / "book/chapters/01-first.md").write_text(HEAD + body, encoding="utf-8")
        return tmp_path

    lay()
    return lay


def cells(root, lang, solved=False):
    folder = Path("_build/solved") if solved else Path("notebooks")
    return press.editions(root)[folder / lang / "01-first.ipynb"].cells


def by_text(found, text):
    return next(cell for cell in found if text in cell.source)


# What comes out


def test_each_edition_is_in_one_language_and_reads_anywhere(tree):
    root = tree()
    ro, en = cells(root, "ro"), cells(root, "en")
    assert ro[0].source == (
        '<a id="start"></a>\n\n# 1. Titlul\n\nText cu *atenție* (*attention*), '
        "[Pop și Rus (2020)](https://arxiv.org/abs/1234.5) și [alt loc](../../book/ro/notes.md#here). Vreo 5 minute.")
    assert "*attention*, [Pop and Rus (2020)]" in en[0].source
    assert by_text(en, "See").source.endswith("[the start](01-first.ipynb#start).")
    assert by_text(ro, "print").source == '# un comentariu\nprint("pas", 1 + 1)    # doi'
    assert by_text(en, "print").source == '# a comment\nprint("step", 1 + 1)    # two'
    assert by_text(ro, "plot_curve").metadata.mystnb.image.alt == "O linie."
    assert "github/o/r/blob/b/notebooks/ro/01-first.ipynb" in ro[1].source
    assert "git+https://github.com/o/r@b" in ro[2].source and 'set_language("ro")' in ro[2].source


def test_while_the_repository_has_no_address_nothing_leads_to_one(tree):
    root = tree()
    (root / "_config.yml").write_text('repository: {url: "", branch: main}\n')
    for lang in ("ro", "en"):
        made = cells(root, lang)
        assert not any("github" in cell.source or "%pip" in cell.source for cell in made)
        assert f'import diffattn_mini\n\ndiffattn_mini.set_language("{lang}")' in made[1].source


def test_a_citation_stands_in_brackets_or_in_the_sentence_and_shares_the_brackets_of_a_term(tree):
    body = BODY.replace("{cite:t}`two`", "{cite:t}`two, solo` ({term}`x <attention>` {cite:p}`two,solo`)")
    ro, en = cells(tree(body), "ro")[0].source, cells(tree(body), "en")[0].source
    two, solo = "(https://arxiv.org/abs/1234.5)", "(https://doi.org/10.1/x)"
    assert f"[Pop and Rus (2020)]{two} and [Solo (1999)]{solo}" in en
    assert f"(*x* ([Pop and Rus, 2020]{two}; [Solo, 1999]{solo}))" in en
    assert f"[Pop și Rus (2020)]{two} și [Solo (1999)]{solo}" in ro
    assert f"(*x* (*attention*; [Pop și Rus, 2020]{two}; [Solo, 1999]{solo}))" in ro


def test_a_sentence_about_a_stored_result_links_to_its_entry(tree):
    root = tree(BODY.replace("Vezi", "{result}`Cifrele <digits>` {result}`digits`: vezi")
                .replace("See", "{result}`The digits <digits>`, {result}`digits`: see"))
    (root / "book/results").mkdir()
    (root / "book/results/digits.json").write_text("{}")
    page = "../../book/{}/results.md#result-digits"
    ro, en = page.format("ro"), page.format("en")
    assert f"[Cifrele]({ro}) [`digits`]({ro}): vezi" in by_text(cells(root, "ro"), "vezi").source
    assert f"[The digits]({en}), [`digits`]({en}): see" in by_text(cells(root, "en"), ": see").source


def test_the_learner_gets_a_stub_and_a_folded_solution_and_the_solved_edition_the_code(tree):
    learner, solved = cells(tree(), "en"), cells(tree(), "en", solved=True)
    assert by_text(learner, "def double").source == "def double(x):\n    ..."
    assert learner[-1].source.startswith("<details>\n<summary>Solution</summary>")
    assert "return 2 * x" in learner[-1].source and learner[-2].source.startswith("check(")
    assert by_text(solved, "def double").source == "def double(x):\n    return 2 * x"
    assert not any("<details>" in cell.source for cell in solved)


def test_ids_are_equal_in_both_languages_and_stable_when_something_is_inserted(tree):
    before = {lang: [cell.id for cell in cells(tree(), lang)] for lang in ("ro", "en")}
    assert before["ro"] == before["en"] and len(set(before["ro"])) == len(before["ro"])
    inserted = BODY.replace("+++\n\n$$", "```{code-cell} ipython3\nx = 1\n```\n\n+++\n\n$$")
    after = [cell.id for cell in cells(tree(inserted), "ro")]
    assert set(before["ro"]) < set(after) and len(after) == len(before["ro"]) + 1


def test_code_is_the_same_in_both_editions_but_for_its_texts(tree):
    def shape(lang):
        tree_ = ast.parse("\n".join(c.source for c in cells(tree(), lang) if c.cell_type == "code" and c.id != "setup"))
        for node in ast.walk(tree_):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                node.value = ""
        return ast.dump(tree_)

    assert shape("ro") == shape("en")


@given(st.text(), st.text())
def test_tr_gives_back_any_text(ro, en):
    source = f"x = f(tr({ro!r}, {en!r}), 2)\ny = '''{{'''"
    for lang, text in (("ro", ro), ("en", en)):
        namespace = {"f": lambda *args: args}
        exec(manuscript.in_language(source, lang), namespace)
        assert namespace["x"] == (text, 2)


def test_tr_takes_f_strings_and_texts_over_several_lines():
    source = 'n = 3\nx = tr(f"{n} pași",\n       f"{n} "\n       f"steps") + "!"\n%pip install x'
    assert manuscript.in_language(source, "ro").startswith('n = 3\nx = f"{n} pași" + "!"')
    namespace = {}
    exec(manuscript.in_language(source, "en").replace("%pip", "#"), namespace)
    assert namespace["x"] == "3 steps!"


def test_a_line_is_measured_in_the_edition_not_in_the_manuscript(tree):
    texts = f'tr("{"p" * 59}", "{"s" * 59}")'
    assert len(texts) > press.WIDTH
    assert by_text(cells(tree(BODY.replace('tr("pas", "step")', texts)), "ro"), "pppp")


# How long it takes

LINE = "x = 1\n"
TIMED = f'''+++ {{"lang": "ro"}}

(start)=
# Titlul

Durează {{minutes}}.

+++ {{"lang": "en"}}

(start)=
# The title

It takes {{minutes}}. {"word " * 313}

+++

$$ these are no words $$

| a | table |
|---|---|
| its words | do not count |

```{{code-cell}} ipython3
{LINE * 29}y = 2
```

```{{code-cell}} ipython3
:alt: {{ro: "O linie.", en: "A line."}}
{LINE * 10}plot_curve(x)
```

```{{code-cell}} ipython3
slider(x)
```

+++ {{"lang": "ro"}}

(exercise-one)=
## Exercițiu

Unu.

+++ {{"lang": "en"}}

(exercise-one)=
## Exercise

{"nothing of this counts " * 100}

```{{code-cell}} ipython3
:tags: [exercise]
### BEGIN SOLUTION
{LINE * 50}
### END SOLUTION
```

```{{code-cell}} ipython3
:tags: [check]
{LINE * 50}
```
'''


def test_the_minutes_are_those_counted_by_hand(tree):
    """320 words, the title's number among them: 2. Table, figure, slider: 3. 31 open lines: 3.1. All else: 0."""
    root = tree(TIMED)
    assert press.reading_times(press.editions(root)) == {"01-first": 2 + 3 + 3.1}
    assert cells(root, "ro")[0].source.endswith("Durează 10 minute.")
    assert "It takes 10 minutes." in cells(root, "en", solved=True)[0].source
    longer = tree(TIMED.replace("word " * 313, "word " * (313 + 160 * 12)))
    assert "Durează 20 de minute." in cells(longer, "ro")[0].source


def test_drawing_code_of_more_than_ten_lines_is_folded_on_the_page_unless_it_is_to_stay_open(tree):
    def drawing(lines, tags=""):
        code = "\n".join([*["x = 1"] * (lines - 1), "plot_curve(x)"])
        body = BODY.replace("plot_curve(1)", code).replace(':alt: {ro: "O linie."', f'{tags}:alt: {{ro: "O linie."')
        return [by_text(cells(tree(body), lang), "plot_curve").metadata for lang in ("ro", "en")]

    ro, en = drawing(11)
    assert "hide-input" in ro.tags and "hide-input" in en.tags
    assert (ro.mystnb.code_prompt_show, en.mystnb.code_prompt_show) == ("codul desenului", "the code of the drawing")
    assert (ro.mystnb.image.alt, en.mystnb.image.alt) == ("O linie.", "A line.")
    for metadata in (*drawing(10), *drawing(11, ":tags: [open]\n")):
        assert "hide-input" not in metadata.get("tags", []) and "code_prompt_show" not in metadata.mystnb


def test_a_chapter_over_the_limit_fails():
    assert reading.too_long({"01-first": 40.4}) == []
    assert "book/chapters/01-first.md takes 41 minutes to read, over 40" in reading.too_long({"01-first": 40.6})[0]


# What must be mended: manuscript, line and advice

FAULTS = {  # what is planted: the text, its replacement, where that is, the advice
    "a Romanian block alone": (
        '+++ {"lang": "en"}\n\n(more)=\n## More\n\nSee [the start](01-first.md#start).\n', "", '(more)=',
        'a Romanian block with no counterpart: put a +++ {"lang": "en"} after it'),
    "an English block alone": (
        '+++ {"lang": "ro"}\n\n(more)=\n## Mai mult\n\nVezi [începutul](01-first.md#start).\n', "", '(more)=',
        'an English block with no counterpart: put a +++ {"lang": "ro"} before it'),
    "tr with one text": (
        'tr("pas", "step")', 'tr("pas")', 'tr("pas")', "tr takes two texts, Romanian and English; it has 1"),
    "tr of a name": ('tr("pas", "step")', 'tr(pas, "step")', 'tr(pas', "tr takes plain strings or f-strings only"),
    "tr in an f-string": ('tr("pas", "step")', "f'{tr(\"a\", \"b\")}'", "f'{tr", "tr(...) inside an f-string"),
    "a solution left open": (
        "    ### END SOLUTION\n", "", '### BEGIN', "one ### BEGIN SOLUTION and, after it, one ### END"),
    "a solution never begun": (
        "    ### BEGIN SOLUTION\n", "", '### END', "one ### BEGIN SOLUTION and, after it, one ### END"),
    "an exercise without check": (":tags: [check]\n", "", 'def double', "the next cell must be tagged [check]"),
    "other equations": ("Text with", "Text $x$ with", '(start)=', "equations differ: Romanian nothing, English x"),
    "other numbers": ("Text with", "Text 3 with", '(start)=', "numbers differ: Romanian nothing, English 3"),
    "another heading level": ("## More", "### More", '(more)=', "heading levels differ: Romanian 2, English 3"),
    "no alt text": (
        ':alt: {ro: "O linie.", en: "A line."}\n', "", 'plot_curve(1)', "a figure without alt text: add :alt:"),
    "alt text in one language": (
        ', en: "A line."', "", 'plot_curve(1)', "the alt text has no en: say what this figure shows"),
    "an unknown term": ("`attention`", "`atention`", 'Text with', "'atention' is not in book/glossary.yml"),
    "an unknown citation": ("{cite:t}`two`", "{cite:t}`three`", 'Text cu', "'three' is not in book/references.bib"),
    "a citation that does not say how": (
        "{cite:t}`two`", "{cite}`two`", 'Text cu', "{cite:p}`two` becomes (Author, year), an aside in brackets;"),
    "a result that is not stored": (
        "Text cu", "Text cu {result}`cifre <digits>`", 'Text cu', "no stored result book/results/digits.json"),
    "a link to no manuscript": (
        "01-first.md#start", "02-no.md", 'Vezi', "there is no manuscript book/chapters/02-no.md"),
    "a link to no anchor": (
        "01-first.md#start", "01-first.md#end", 'Vezi', "there is no (end)= in book/chapters/01-first.md"),
    "a link to no page": ("page:notes", "page:note", 'Text cu', "there is no book/ro/note.md"),
    "code that does not parse": ("1 + 1", "1 +", 'print(', "the code does not parse"),
    "a comment in one language": (
        "# ro: doi  # en: two", "# two steps", "print(", "a comment in one language: write it"),
    "a comment without its pair": (
        "    # ro: doi  # en: two", "    # ro: doi", "# ro: un", "2 comments # ro: and 1 # en:"),
    "a head without its minutes": ("Vreo {minutes}.", "", '(start)=', "write {minutes} in both languages"),
    "a code line too long": (
        "plot_curve(1)", f"plot_curve({'1 + ' * 18}1)", 'plot_curve(', "a code line of 85 characters: 84 fit the page"),
    "a text too long in one language": (
        '"pas", "step"', f'"{"p" * 79}", "step"', 'print(', "a code line of 104 characters: 84 fit the page"),
    "a package's name for nothing": (
        ":tags: [exercise]", ":tags: [exercise, 'package:a.b.c']", 'def double', "package:a.b.c and defines no c"),
    "an anchor twice": ("(more)=", "(start)=", '(start)=\n## Mai', "the anchor (start)= stands twice"),
    "a heading without anchor": ("(more)=\n", "", '## Mai mult', "a heading without an anchor"),
    "markup that notebooks do not read": ("Text cu", "{ref}`x` cu", '{ref}', "write it in plain Markdown"),
}


@pytest.mark.parametrize("old, new, at, advice", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_named_with_its_place_and_its_cure(tree, old, new, at, advice):
    assert old in BODY
    text = HEAD + BODY.replace(old, new)
    line = text[: text.index(at)].count("\n") + 1
    with pytest.raises(press.Faults) as raised:
        press.editions(tree(BODY.replace(old, new)))
    found = [row for row in str(raised.value).split("\n") if advice in row]
    assert found, str(raised.value)
    assert found[0].startswith("book/chapters/01-first.md, cell ") and f", line {line}: " in found[0], found[0]


def test_all_faults_are_told_at_once_and_nothing_is_written(tree):
    root = tree(BODY.replace("`attention`", "`atention`").replace("page:notes", "page:note"))
    with pytest.raises(press.Faults) as raised:
        press.press(root)
    assert "atention" in str(raised.value) and "note.md" in str(raised.value)
    assert not (root / "notebooks").exists()


FORM = {  # a mistake in the form of the file: what is replaced (nothing: the whole file), by what, the line, the advice
    "a byte-order mark": (HEAD, "\ufeff" + HEAD, 1, "begins with a byte-order mark: save it as UTF-8 without one"),
    "a space behind the first ---": (HEAD, HEAD.replace("---", "--- ", 1), 1, "--- alone on line 1"),
    "a blank first line": (HEAD, "\n" + HEAD, 1, "--- alone on line 1: no blank line before it"),
    "a space behind the second ---": (HEAD, HEAD[:-2] + " \n\n", 4, "--- alone: take out the spaces"),
    "front matter without its first line": (HEAD, HEAD[4:], 1, "begins with its front matter, between two lines ---"),
    "front matter left open": (HEAD, HEAD[:-5], 1, "the front matter is never closed: put a line --- after it"),
    "front matter that is no YAML": ("{name: python3}", "{name: python3", 3, "the YAML does not read"),
    "front matter that is a sentence": (HEAD, "---\nA chapter.\n---\n\n", 2, "not a list of `key: value` lines"),
    "text without a marker": ('+++ {"lang": "ro"}\n\n(start)', "(start)", 6, "text that no line +++ begins"),
    "a marker left open": ('+++ {"lang": "ro"}\n\n(s', '+++ {"lang": "ro"\n\n(s', 6, 'write +++ {"lang": "ro"}'),
    "a marker with another key": ('+++ {"lang": "ro"}\n\n(s', '+++ {"land": "ro"}\n\n(s', 6, "is not one: write +++"),
    "a marker of another language": ('+++ {"lang": "ro"}\n\n(s', '+++ {"lang": "fr"}\n\n(s', 6, "language 'fr': write"),
    "a marker glued": ('+++ {"lang": "ro"}\n\n(s', '+++{"lang": "ro"}\n\n(s', 6, "unknown marker"),
    "a marker of two signs": ('+++ {"lang": "en"}\n\n(s', '++ {"lang": "en"}\n\n(s', 13, "unknown marker"),
    "a tab": ("Text cu", "\tText cu", 11, "a tab: write spaces"),
    "an invisible character": ("Text cu", "Text\u200b cu", 11, "an invisible character, U+200B: take it out"),
    "an option that is no YAML": (":tags: [exercise]", ":tags: [exercise", 51, "write :tags: [exercise]"),
    "an option without a value": (":tags: [exercise]", ":tags:", 51, ":tags: is not a list of names"),
    "a tag alone": (":tags: [exercise]", ":tags: exercise", 51, ":tags: is not a list of names: write :tags:"),
    "an unknown tag": (":tags: [exercise]", ":tags: [exercize]", 51, "unknown tag 'exercize': the tags are check"),
    "an unknown option": (":tags: [exercise]", ":tag: [exercise]", 51, ":tag: is not an option of a cell"),
    "an option twice": (":tags: [exercise]", ":tags: [open]\n:tags: [exercise]", 52, ":tags: stands twice"),
    "a colon in an alt text": ('{ro: "O linie."', '{ro: pasul 2: linia', 46, "each text in quotes"),
    "a language twice in an alt text": ('en: "A line."', 'ro: "A line."', 46, "the key ro stands twice"),
    "a third language in an alt text": ('en: "A line."', 'en: "A.", fr: "B."', 46, "unknown language 'fr'"),
    "a cell left open": ("# ro: doi  # en: two\n```", "", 20, "the code cell is never closed: add a line ``` after"),
    "a fence left open": ("Text cu", "```text\nText cu", 11, "the fence ``` is never closed"),
    "a cell misspelt": ("```{code-cell} ipython3\n:alt", "```{code-cel} ipython3\n:alt", 45, "a cell begins with"),
    "a cell with four marks": ("```{code-cell} ipython3\n:alt", "````{code-cell}\n:alt", 45, "a cell begins with"),
}


@pytest.mark.parametrize("old, new, line, advice", FORM.values(), ids=FORM)
def test_a_mistake_of_form_is_named_with_its_line_and_its_cure_and_nothing_is_written(tree, old, new, line, advice):
    root, text = tree(), HEAD + BODY
    assert text.count(old) == 1
    (root / "book/chapters/01-first.md").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(press.Faults, match=re.escape(advice)) as raised:
        press.press(root)
    assert str(raised.value).startswith(f"book/chapters/01-first.md, line {line}: ")
    assert not (root / "notebooks").exists()


OTHER_FILES = {  # what a file holds, the line of its mistake, the advice
    "a manuscript in Windows' letters": (
        "book/chapters/01-first.md", (HEAD + BODY).encode("utf-8").replace(b"Text", b"T\xe3xt"), 11,
        "the byte 0xe3 is not UTF-8: save the file as UTF-8"),
    "a manuscript in UTF-16": ("book/chapters/01-first.md", HEAD.encode("utf-16"), 1, "is not UTF-8: save the file"),
    "a page in another encoding": ("book/ro/notes.md", b"# N\n\xba", 2, "the byte 0xba is not UTF-8"),
    "a glossary left open": ("book/glossary.yml", b"- {en: a, ro: b}\n- {en: c, ro: [d\n", 3, "the YAML does not read"),
    "a glossary of one entry": ("book/glossary.yml", b"en: a\nro: b\n", 1, "each entry begins with - en:"),
    "an entry in one language": ("book/glossary.yml", b"- en: a\n  ro: b\n- en: c\n", 3, "an entry without both words"),
    "a misspelt field": ("book/glossary.yml", b"- {en: a, ro: b}\n- {en: c, ro: d, nevr: {}}\n", 2, "write never, not"),
    "words without a language": ("book/glossary.yml", b"- {en: a, ro: b, never: [c]}\n", 1, "never: {ro: [...], en"),
    "a reference left open": ("book/references.bib", b"@misc{a,\n title = {x},\n\n@misc{b}\n", 4, "the BibTeX does"),
    "a reference twice": ("book/references.bib", b"@misc{a, year={1}}\n@misc{a, year={1}}", 2, "repeated bibliography"),
    "a reference without a year": ("book/references.bib", b"\n@misc{a, author={A}, url={b}}", 2, "a has no year: add"),
    "a configuration with a tab": ("_config.yml", b"title: t\nrepository:\n\turl: u\n", 3, "the YAML does not read"),
    "a configuration without address": ("_config.yml", b"title: t\n", 1, "add repository: {url: https://github.com/"),
    "a table of contents": ("_toc.yml", b"root: a\nsubtrees:\n  - b\n - c\n", 4, "the YAML does not read"),
}


@pytest.mark.parametrize("name, content, line, advice", OTHER_FILES.values(), ids=OTHER_FILES)
def test_a_file_that_does_not_read_is_named_with_its_line_and_its_cure(tree, name, content, line, advice):
    root = tree()
    (root / name).write_bytes(content)
    with pytest.raises(press.Faults, match=re.escape(advice)) as raised:
        press.press(root)
    assert str(raised.value).startswith(f"{name}, line {line}: ")
    assert not (root / "notebooks").exists()


def test_what_stands_in_a_fence_of_the_prose_is_no_marker(tree):
    body = BODY.replace("Text", "~~~text\n+++ a\n```\n~~~\nText")
    assert "+++ a\n```\n~~~" in cells(tree(body), "ro")[0].source


def test_any_text_gives_notebooks_or_faults_and_never_another_error(tree):
    """Pieces of a manuscript put together at random."""
    lines = re.split(r"(?<=\n)", HEAD + BODY)
    pieces = [*lines, "+++ {", "```", "~~~", "---\n", ":alt: {ro: 1}\n", "\t", "\ufeff", ": [\n"]
    root, random = tree(), Random(0)
    for _ in range(300):
        text = lines.copy()
        for _ in range(3):
            at = random.randrange(len(text))
            text[at : at + random.randrange(3)] = [random.choice(pieces)]
        (root / "book/chapters/01-first.md").write_text("".join(text), encoding="utf-8")
        try:
            press.editions(root)
        except press.Faults as faults:
            for row in str(faults).split("\n"):
                assert re.match(r"book/chapters/01-first.md, (cell \d+, )?line \d+: .+", row)


# Writing


@pytest.fixture
def quick(monkeypatch):
    """Pressing without kernels: the tagged cells print their own source."""
    ran = []

    def run(notebook, root):
        ran.append(notebook.metadata.lang)
        for cell in notebook.cells:
            if press.KEEP_OUTPUT in cell.metadata.get("tags", []):
                cell.outputs = [nbformat.v4.new_output("stream", text=cell.source)]
                cell.execution_count = 1

    monkeypatch.setattr(press, "run", run)
    return ran


def test_pressing_twice_changes_nothing_and_runs_nothing(tree, quick):
    root = tree()
    press.press(root)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.rglob("*.ipynb")}
    assert len(before) == 4 and quick == ["ro", "en"]
    for path in before:
        nbformat.validate(nbformat.read(path, as_version=4))
    press.press(root)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.rglob("*.ipynb")} == before
    assert quick == ["ro", "en"]


def test_only_tagged_cells_keep_output_and_changed_code_makes_them_run_again(tree, quick):
    press.press(tree())
    kept = [cell for cell in nbformat.read(tree() / "notebooks/ro/01-first.ipynb", 4).cells if cell.get("outputs")]
    assert [press.KEEP_OUTPUT in cell.metadata.tags for cell in kept] == [True]
    press.press(tree(BODY.replace("Text cu", "Alt text cu")))
    assert quick == ["ro", "en"]
    press.press(tree(BODY.replace("1 + 1", "1 + 2")))
    assert quick == ["ro", "en"] * 2


def test_another_stored_result_makes_the_notebooks_that_read_it_stale(tree, quick):
    root = tree(BODY.replace("1 + 1", 'stored("recall")'))
    path = root / "book/results/recall.json"
    for number, content in enumerate([None, "{}", "[]"]):
        if content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        assert len(press.stale(root)) == 2
        press.press(root)
        assert press.stale(root) == [] and quick == ["ro", "en"] * (number + 1)


def test_stale_missing_and_stray_notebooks_are_named(tree, quick):
    root = tree()
    assert "notebooks/ro/01-first.ipynb is missing" in press.stale(root)
    press.press(root)
    assert press.stale(root) == []
    path = root / "notebooks/en/01-first.ipynb"
    path.write_text(path.read_text().replace("The title", "Edited by hand"))
    (root / "notebooks/ro/99-old.ipynb").write_text("{}")
    assert press.stale(root) == ["notebooks/en/01-first.ipynb is not what its manuscript gives",
                                 "notebooks/ro/99-old.ipynb comes from no manuscript"]
    press.press(root)
    assert press.stale(root) == [] and not (root / "notebooks/ro/99-old.ipynb").exists()


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_notebook_whole(tree, quick, monkeypatch, step):
    root = tree()
    press.press(root)
    before = {path: path.read_bytes() for path in root.rglob("*.ipynb")}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        press.press(tree(BODY.replace("Text cu", "Alt text cu")))
    assert {path: path.read_bytes() for path in root.rglob("*.ipynb")} == before
    assert not list(root.rglob("*.new"))


def test_a_cell_that_stops_is_named_with_its_place_and_leaves_the_notebook_as_it_was(tree):
    """This test and the next start a kernel."""
    root = tree(BODY.replace("plot_curve(1)", "plot_curve(1)\n1 / 0").replace('set_language', "print"))
    (root / "diffattn_mini.py").write_text("def set_language(lang): globals()['plot_curve'] = print\n")
    line = (HEAD + BODY)[: (HEAD + BODY).index("plot_curve")].count("\n") + 1
    with pytest.raises(press.Faults, match=rf"01-first.md, cell 7, line {line}: the code stopped: NameError") as raised:
        press.press(root)
    assert "notebooks/ro/01-first.ipynb is as before" in str(raised.value)
    assert not (root / "notebooks").exists()


def test_outputs_come_from_a_real_run(tree):
    body = BODY.split("+++ {\"lang\": \"ro\"}\n\n(more)=")[0]
    root = tree(body)
    (root / "diffattn_mini.py").write_text("def set_language(lang): pass\n")
    press.press(root)
    cell = by_text(nbformat.read(root / "notebooks/en/01-first.ipynb", 4).cells, "print")
    assert [output.text for output in cell.outputs] == ["step 2\n"]
