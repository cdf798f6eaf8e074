"""Files beside the pages: style and scripts, explorers, the notebooks to download, a small MathJax.

Third-party files come from their packages at build time; none is kept in the repository.
"""
import importlib.util
import shutil
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

# What a page asks of MathJax 3, out of the package's 24 MB. No menu: it speaks English only.
MATHJAX = ["startup.js", "core.js", "input/tex-base.js", "input/tex/extensions/ams.js", "output/chtml.js",
           "output/chtml/fonts/tex.js", "output/chtml/fonts/woff-v2", "a11y/assistive-mml.js"]
MATHJAX_CONFIG = {
    "loader": {"load": ["core", "input/tex-base", "[tex]/ams", "output/chtml", "a11y/assistive-mml"]},
    "tex": {"packages": ["base", "ams"]},
    "options": {"enableAssistiveMml": True},
    "chtml": {"displayAlign": "left", "displayIndent": "1.5em"},
}
# What else the pages ask for; the rest of what Sphinx and the themes put into _static is removed.
KEPT = ["book.css", "book.js", "widgets.css", "widgets.js", "guesses.js", "mark.svg", "mathjax",
        "documentation_options.js", "doctools.js", "sphinx_highlight.js", "searchtools.js", "language_data.js",
        "translations.js"]


def configure(app, config):
    config.mathjax_path = "mathjax/startup.js"
    config.mathjax3_config = MATHJAX_CONFIG
    app.add_css_file("book.css", priority=800)
    app.add_js_file("book.js", loading_method="defer")
    app.add_css_file("widgets.css", priority=810)
    app.add_js_file("widgets.js", loading_method="defer")
    app.add_js_file("guesses.js", loading_method="defer")


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


def copy_mathjax(static):
    package = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent
    for name in MATHJAX:
        copy(package / "static/mathjax" / name, static / "mathjax" / name)


def bundle_explorers(script):
    """The explorers' modules and what mounts them, as one plain script: browsers load no module from a local file."""
    parts = ["const EXPLORERS = {};"]
    for source in sorted((ROOT / "diffattn_mini/explorers").glob("*.mjs")):
        body = source.read_text(encoding="utf-8").replace("export default", "return").replace("export const", "const")
        parts.append(f"EXPLORERS.{source.stem} = (() => {{\n{body}}})();")
    parts.append((HERE / "static/widgets.js").read_text(encoding="utf-8"))
    script.write_text("\n".join(parts), encoding="utf-8")


def copy_notebooks(app, outdir):
    """The learner editions, as committed."""
    for source in ROOT.glob("notebooks/*/*.ipynb"):
        if app.config.language == source.parent.name or (ROOT / "_config.yml").parent == Path(app.srcdir):
            copy(source, outdir / source.relative_to(ROOT))


def finish(app, error):
    if error or app.builder.format != "html":
        return
    outdir = Path(app.outdir)
    static = outdir / "_static"
    copy_mathjax(static)
    copy_notebooks(app, outdir)
    bundle_explorers(static / "widgets.js")
    for path in static.iterdir():
        if path.name not in KEPT:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def setup(app):
    app.add_config_value("book_titles", {}, "html")
    app.add_config_value("comments_config", {}, "html")  # Jupyter Book sets it even without sphinx_comments
    app.connect("config-inited", configure)
    app.connect("build-finished", finish, priority=900)  # after the themes have written their files
