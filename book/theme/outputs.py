"""What cells leave on the page.

A figure without an alternative text is a warning, so the build (-W) fails; it names the notebook and the cell.
What a plotting call returns (`Text(0, 0.5, 'λ')`, `<Axes: ...>`) says nothing to a reader and goes.
A figure gets its size on the page, so that nothing jumps while it loads, and a wide one scrolls on a phone.
Code that only draws (a cell tagged `hide-input`) is folded; in the notebook it is open.
"""
import re
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from PIL import Image
from sphinx.util import logging

from diffattn_mini.widgets import PAGE_WIDTH

from .languages import language_of

logger = logging.getLogger(__name__)
IMG_WITHOUT_ALT = re.compile(r"<img\b(?![^>]*\balt\s*=\s*[\"'][^\"'\s])", re.IGNORECASE)
FIGURE = re.compile(r'<img\b[^>]*\bsrc="[^"]*_images/([^"/]+\.png)"[^>]*>')
SUMMARY = {"ro": "Codul desenului", "en": "The code of the drawing"}
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


def sized(app, tag, name):
    """The `img` tag with the size its figure has at 96 dots an inch."""
    source = next(Path(app.srcdir, path) for path, target in app.builder.images.items() if target == name)
    with Image.open(source) as image:
        inch = image.info.get("dpi", (96, 96))[0]
        width, height = (round(pixels * 96 / inch) for pixels in image.size)
    tag = tag.replace("<img ", f'<img width="{width}" height="{height}" ')
    return f'<div class="sideways">{tag}</div>' if width > PAGE_WIDTH else tag


def place_figures(app, pagename, templatename, context, doctree):
    if "body" in context:
        context["body"] = FIGURE.sub(lambda found: sized(app, found[0], found[1]), context["body"])


def open_fold(translator, node):
    language = language_of(translator.builder.current_docname, translator.config.language)
    translator.body.append(f'<details class="hide">\n<summary>{SUMMARY[language]}</summary>\n')


def close_fold(translator, node):
    translator.body.append("</details>\n")


def setup(app):
    app.add_node(HideCodeCellNode, override=True, html=(open_fold, close_fold))  # the original speaks English
    app.connect("doctree-read", check)
    app.connect("html-page-context", place_figures)
