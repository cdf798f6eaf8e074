"""Two lists made from data, in the page's language: `{glossary-list}` and `{reference-list}`."""
import html
import re
from pathlib import Path

import pybtex.database
import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from .languages import language_of, other
from .romanian_search import fold

BOOK = Path(__file__).resolve().parents[1]
GLOSSARY, REFERENCES = BOOK / "glossary.yml", BOOK / "references.bib"

WORDS = {
    "ro": {"and": "și", "others": "și alții", "edition": "ediția a {}-a", "not": "Nu: {}.", "quote": "„{}”"},
    "en": {"and": "and", "others": "and others", "edition": "edition {}", "not": "Not: {}.", "quote": "“{}”"},
}


def slug(term):
    """`attention-map` for "attention map": the entry's anchor, equal in both languages."""
    return "term-" + re.sub(r"[^a-z0-9]+", "-", fold(term)).strip("-")


def glossary_entries():
    data = yaml.safe_load(GLOSSARY.read_text(encoding="utf-8")) if GLOSSARY.exists() else []
    return data.get("entries", data.get("terms", [])) if isinstance(data, dict) else data


def as_list(value):
    return [value] if isinstance(value, str) else list(value or [])


def first_form(entry, language):
    return entry[language] if isinstance(entry[language], str) else entry[language][0]


def foreign(text, language):
    return nodes.raw("", f'<span class="foreign" lang="{language}">{html.escape(text)}</span>', format="html")


def glossary_item(entry, language):
    """One term: its name here, its name in the other language, what it means, what we do not say."""
    term = nodes.term("", "", nodes.strong("", ", ".join(as_list(entry[language]))), nodes.Text(" "),
                      foreign(", ".join(as_list(entry[other(language)])), other(language)))
    term["ids"].append(slug(first_form(entry, "en")))
    meaning = nodes.paragraph("", (entry.get("definition") or {}).get(language, ""))
    avoided = [WORDS[language]["quote"].format(word) for field in ("never", "not")
               for word in (entry.get(field) or {}).get(language, [])]
    if avoided:
        meaning += nodes.inline("", " " + WORDS[language]["not"].format(", ".join(avoided)), classes=["avoided"])
    return nodes.definition_list_item("", term, nodes.definition("", meaning))


def person(name):
    return " ".join(name.first_names + name.middle_names + name.prelast_names + name.last_names)


def authors(entry, words):
    names = [person(name) for name in entry.persons["author"]]
    if len(names) > 4:
        return f"{names[0]} {words['others']}"
    return f" {words['and']} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def reference_item(key, entry, language):
    """Authors, title (as a link), where it appeared, year."""
    words, fields = WORDS[language], entry.fields
    place = [fields.get(name) for name in ("booktitle", "howpublished", "publisher") if name in fields]
    if "edition" in fields:
        place.append(words["edition"].format(fields["edition"]))
    if "eprint" in fields:
        place.append(f"arXiv {fields['eprint']}")
    title = nodes.reference("", "", nodes.emphasis("", fields["title"]), refuri=fields["url"], internal=False)
    paragraph = nodes.paragraph("", "", nodes.Text(authors(entry, words) + ". "), title,
                                nodes.Text(". " + ", ".join(place + [fields["year"]]) + "."))
    return nodes.list_item("", paragraph, ids=[key])


class FromData(SphinxDirective):
    def language(self):
        return language_of(self.env.docname, self.config.language)


class GlossaryList(FromData):
    def run(self):
        self.env.note_dependency(str(GLOSSARY))
        language = self.language()
        entries = sorted(glossary_entries(), key=lambda entry: fold(first_form(entry, language)))
        items = [glossary_item(entry, language) for entry in entries]
        return [nodes.definition_list("", *items, classes=["terms"])]


class ReferenceList(FromData):
    def run(self):
        self.env.note_dependency(str(REFERENCES))
        entries = pybtex.database.parse_file(str(REFERENCES), bib_format="bibtex").entries
        order = sorted(entries, key=lambda k: (fold(str(entries[k].persons["author"][0])), entries[k].fields["year"]))
        items = [reference_item(key, entries[key], self.language()) for key in order]
        return [nodes.bullet_list("", *items, classes=["references"])]


def setup(app):
    app.add_directive("glossary-list", GlossaryList)
    app.add_directive("reference-list", ReferenceList)
