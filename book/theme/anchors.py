"""Anchors written in the source become the id of their section, equal in both languages.

Notebooks carry `<a id="x"></a>` before a heading (Colab and GitHub understand it), prose pages `(x)=`.
Both end as `<section id="x">`, so the page's table of contents, the search and the language switch use it.
They are no Sphinx labels: two chapters may both have an `(experiment)=`.
"""
import re

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)
TARGET = re.compile(r"^\(([a-z0-9-]+)\)=[ \t]*\n+(?=#)", re.MULTILINE)
ANCHOR = re.compile(r'<a id="([a-z0-9.-]+)">\s*</a>')


def targets_to_anchors(app, docname, source):
    source[0] = TARGET.sub(r'<a id="\1"></a>\n\n', source[0])


def anchor_in(paragraph):
    """The name, if the paragraph is nothing but an anchor."""
    found = ANCHOR.fullmatch("".join(child.astext() for child in paragraph.children).strip())
    return found and found.group(1)


class AnchorsToSections(SphinxTransform):
    default_priority = 20  # early: before the title collectors and before MyST resolves `#x`

    def apply(self, **kwargs):
        waiting = None
        slugs = getattr(self.document, "myst_slugs", {})
        for node in list(self.document.findall(lambda n: isinstance(n, (nodes.paragraph, nodes.section)))):
            if isinstance(node, nodes.paragraph):
                name = anchor_in(node)
                if name:
                    node.parent.remove(node)
                    waiting = name
            elif waiting:
                node["ids"] = [waiting]  # the one made from the title would differ between the languages
                slugs[waiting] = (node.line, waiting, node[0].astext())
                waiting = None
        if waiting:
            logger.warning("the anchor '%s' stands before no heading", waiting, location=self.env.docname)
        self.document.myst_slugs = slugs
        self.env.metadata[self.env.docname]["myst_slugs"] = slugs


def setup(app):
    app.connect("source-read", targets_to_anchors)
    app.add_transform(AnchorsToSections)
