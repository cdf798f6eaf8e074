"""What cells leave on the page.

A figure without an alternative text is a warning, so the build (-W) fails; it names the notebook and the cell.
What a plotting call returns (`Text(0, 0.5, 'λ')`, `<Axes: ...>`) says nothing to a reader and goes.
"""
import re

from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)
IMG_WITHOUT_ALT = re.compile(r"<img\b(?![^>]*\balt\s*=\s*[\"'][^\"'\s])", re.IGNORECASE)

PLOT_OBJECT = re.compile(r"\(?\[?(Text\(|<(Axes|Figure|matplotlib)\b)")


def cell_of(node):
    """The number of the notebook cell that holds the node, counted from 1, or None on a prose page."""
    while node is not None:
        if node.get("nb_element") == "cell_code":
            return node["cell_index"] + 1
        node = node.parent
    return None


def lacks_alt(node):
    if isinstance(node, nodes.image):
        return not node.get("alt", "").strip()
    return "html" in node.get("format", "") and IMG_WITHOUT_ALT.search(node.astext())


def drop_plot_objects(doctree):
    """Take the plain form of such an object out of its output; a figure beside it stays."""
    for form in list(doctree.findall(lambda n: isinstance(n, nodes.container) and n.get("mime_type") == "text/plain")):
        if PLOT_OBJECT.match(form.astext()):
            form.parent.remove(form)


def check(app, doctree):
    drop_plot_objects(doctree)
    docname = app.env.docname
    for node in doctree.findall(lambda n: isinstance(n, (nodes.image, nodes.raw))):
        if lacks_alt(node):
            cell = cell_of(node)
            where = f"{docname}, cell {cell}" if cell else docname
            logger.warning("%s: a figure has no alternative text; give the cell an :alt: in both languages",
                           where, location=docname)


def setup(app):
    app.connect("doctree-read", check)
