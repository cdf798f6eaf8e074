"""What each page tells its template: its language, its counterpart, its addresses, its notebook."""
import re

from .languages import counterpart as counterpart_of
from .languages import language_of, other, published

NAMES = {"ro": "Română", "en": "English"}
# The page brings its own style and manners; of the rest it needs what Sphinx's search and MathJax need.
STYLES = ("book.css", "widgets.css")
UNUSED_SCRIPTS = ("sphinx-book-theme.js",)


def addresses(site, name):
    """The published address of a page in each language, and the one for every other reader.

    site: the address of this language's pages, or nothing where the book has no address yet: then there are none.
    """
    if not site:
        return {}
    base = re.sub(r"[^/]+/$", "", site)
    found = {language: f"{base}{language}/{name}.html" for language in NAMES}
    return found | {"x-default": base if name == "index" else found["en"]}


def colab_address(repository, branch, path):
    """Where Colab opens a file of the repository; nothing where that has no address yet."""
    place = repository.replace("https://github.com/", "https://colab.research.google.com/github/")
    return place and f"{place}/blob/{branch}/{path}"


def describe_page(app, pagename, templatename, context, doctree):
    options, name = app.config.html_theme_options, published(pagename)
    language = language_of(pagename, app.config.language)
    repository = options["repository_url"].rstrip("/")
    context.update(
        language=language,
        alternates=addresses(app.config.html_baseurl, name),
        repository=repository,
        other_language=other(language),
        other_name=NAMES[other(language)],
        other_page=context["pathto"](counterpart_of(pagename, language)),
    )
    if "ipynb" in (context.get("page_source_suffix") or ""):
        path = f"notebooks/{language}/{name}.ipynb"
        context["colab"] = colab_address(repository, options["repository_branch"], path)
        context["notebook"] = context["pathto"](path, 1)


def filename(asset):
    return str(getattr(asset, "filename", asset) or "")


def drop_unused_files(app, pagename, templatename, context, doctree):
    styles, scripts = context["css_files"], context["script_files"]
    styles[:] = [style for style in styles if filename(style).endswith(STYLES)]
    scripts[:] = [script for script in scripts if not filename(script).endswith(UNUSED_SCRIPTS)]


def setup(app):
    app.connect("html-page-context", describe_page, priority=400)  # before the theme's own at 500
    app.connect("html-page-context", drop_unused_files, priority=900)
