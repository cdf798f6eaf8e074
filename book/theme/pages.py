"""What each page tells its template: its language, its counterpart, its addresses, its notebook."""
from urllib.parse import urlsplit

from .languages import counterpart as counterpart_of
from .languages import language_of, other, published

NAMES = {"ro": "Română", "en": "English"}
# The page brings its own style and manners; of the rest it needs what Sphinx's search and MathJax need.
STYLES = ("book.css", "widgets.css")
UNUSED_SCRIPTS = ("sphinx-book-theme.js",)


def pages_address(repository):
    """Where GitHub Pages serves a repository: https://OWNER.github.io/REPO/"""
    owner, name = urlsplit(repository).path.strip("/").split("/")[:2]
    return f"https://{owner}.github.io/{name}/"


def addresses(base, name):
    """The published address of a page in each language, and the one for every other reader."""
    found = {language: f"{base}{language}/{name}.html" for language in NAMES}
    return found | {"x-default": base if name == "index" else found["en"]}


def colab_address(options, path):
    launch = options.get("launch_buttons", {}).get("colab_url", "").rstrip("/")
    repository = urlsplit(options["repository_url"]).path.strip("/")
    return f"{launch}/github/{repository}/blob/{options.get('repository_branch', 'main')}/{path}"


def describe_page(app, pagename, templatename, context, doctree):
    options, name = app.config.html_theme_options, published(pagename)
    language = language_of(pagename, app.config.language)
    all_addresses = addresses(pages_address(options["repository_url"]), name)
    context.update(
        language=language,
        pageurl=all_addresses[language],
        alternates=all_addresses,
        repository=options["repository_url"],
        other_language=other(language),
        other_name=NAMES[other(language)],
        other_page=context["pathto"](counterpart_of(pagename, language)),
    )
    if "ipynb" in (context.get("page_source_suffix") or ""):
        path = f"notebooks/{language}/{name}.ipynb"
        context["colab"] = colab_address(options, path)
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
