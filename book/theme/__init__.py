"""The book's look and manners on top of sphinx-book-theme: a local Sphinx extension.

It builds one language (flat pages, `language` from the configuration) or both (pages under ro/ and en/).
"""
import os
from pathlib import Path

from . import anchors, assets, formulas, lists, outputs, pages, results, romanian_search

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def setup(app):
    # Kernels inherit both: the package from this tree, and figures "as drawn for the published page".
    os.environ["DIFFATTN_MINI_PUBLISH"] = "1"
    paths = [str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))

    app.config.templates_path.append(str(HERE / "templates"))
    app.config.html_static_path.append(str(HERE / "static"))
    for module in (anchors, formulas, outputs, lists, results, pages, assets, romanian_search):
        module.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
