"""An inline formula never parts from what touches it: the comma behind it, the bracket before it, an ending ("i-lea").

A browser may break a line on either side of a formula, whatever stands there, so the build puts the formula and all
that touches it into one piece (`together` in book.css).
"""
import re
from itertools import groupby

from docutils import nodes
from sphinx.transforms import SphinxTransform

PARTS = re.compile(r"[\s—–]+|[^\s—–]+")  # a line may break at spaces and at dashes, so those touch nothing


def parts(node):
    return map(nodes.Text, PARTS.findall(node)) if type(node) is nodes.Text else [node]


def touches(node):
    return isinstance(node, nodes.math) or (type(node) is nodes.Text and not re.match(r"[\s—–]", node))


def pieces(children):
    """The children, with a formula and what touches it in one piece; formulas that touch one another share it."""
    made = []
    for touching, group in groupby([part for child in children for part in parts(child)], key=touches):
        group = list(group)
        together = touching and len(group) > 1 and any(isinstance(node, nodes.math) for node in group)
        made += [nodes.inline("", "", *group, classes=["together"])] if together else group
    return made


class KeepTogether(SphinxTransform):
    default_priority = 800  # after the quotation marks have got their form

    def apply(self, **kwargs):
        for parent in {id(math.parent): math.parent for math in self.document.findall(nodes.math)}.values():
            parent[:] = pieces(parent.children)


def setup(app):
    app.add_transform(KeepTogether)
