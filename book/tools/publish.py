"""Publish the book: _build/html/ro, _build/html/en, a start page, and one zip of it all, from one _config.yml and one
_toc.yml.

    python book/tools/publish.py

Each language is built in a folder of its own, both at once, and the finished sites are put in place at the end, so
that a build that is killed leaves the old site whole. Executed notebooks are kept for as long as the package and the
stored results are unchanged.
"""
import copy
import hashlib
import json
import os
import re
import shutil
import string
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "_build"
SITE, NEW, OLD = BUILD / "html", BUILD / "html.new", BUILD / "html.old"
STAMP = BUILD / "html.stamp"
LANGUAGES = ("ro", "en")
INPUTS = ["_config.yml", "_toc.yml", "requirements.txt", "book/**/*", "notebooks/**/*.ipynb", "diffattn_mini/**/*"]
ARCHIVE = "differential-attention.zip"
OFFLINE = re.compile(r'\s*<p class="offline">.*?</p>', re.DOTALL)  # the way to the archive
LINK = re.compile(r"(\]\()(?:\.\./)*(?:book|notebooks)/(?:ro|en)/")


class Failure(Exception):
    """What went wrong, for the person at the keyboard."""


def say(text):
    print(f"book: {text}", flush=True)


def digest(patterns):
    """One hash for the names and contents of all files that match."""
    found = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in ROOT.glob(pattern)}):
        if path.is_file() and "__pycache__" not in path.parts:
            found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def load(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


# One language out of the files for both

def language_toc(toc, language):
    """The part of the table of contents below book/LANG/index, with the pages in one flat folder."""
    entries = [entry for part in toc["subtrees"] for entry in part["entries"]]
    top = next(entry for entry in entries if entry["file"] == f"book/{language}/index")

    def flat(node):
        if isinstance(node, dict):
            return {key: Path(value).name if key == "file" else flat(value) for key, value in node.items()}
        return [flat(item) for item in node] if isinstance(node, list) else node

    return {"root": "index", "subtrees": flat(top["subtrees"])}


def pages_address(config):
    """Where GitHub Pages serves the repository, https://OWNER.github.io/REPO/; nothing while that has no address."""
    if not (url := config["repository"]["url"]):
        return ""
    owner, name = urlsplit(url).path.strip("/").split("/")[:2]
    return f"https://{owner}.github.io/{name}/"


def language_config(config, language):
    config = copy.deepcopy(config)
    sphinx = config["sphinx"]["config"]
    config["title"] = sphinx["book_titles"][language]
    config["execute"]["cache"] = str(execution_cache() / language)
    config["html"]["baseurl"] = (base := pages_address(config)) and f"{base}{language}/"
    config["sphinx"]["local_extensions"] = {"book.theme": str(ROOT)}
    sphinx["language"] = language
    sphinx["html_context"]["archive"] = f"../{ARCHIVE}"
    sphinx["locale_dirs"] = [str(BUILD / "locale")]
    return config


def execution_cache():
    """The cache keys on a notebook's code alone; this folder's name adds what the code reads, and its environment.

    Each language has a folder of its own inside, for the two are built at the same time.
    """
    return BUILD / "execution" / digest(["diffattn_mini/**/*.py", "book/results/*.json", "requirements.txt"])[:16]


def prune_executions():
    current = execution_cache()
    for folder in current.parent.glob("*"):
        if folder != current:
            shutil.rmtree(folder)


def stage(language):
    """A flat source folder with the language's pages and notebooks, links included."""
    folder = BUILD / "site" / language
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sources = [*(ROOT / "book" / language).glob("*.md"), *(ROOT / "notebooks" / language).glob("*.ipynb")]
    for source in sources:
        (folder / source.name).write_text(LINK.sub(r"\1", source.read_text(encoding="utf-8")), encoding="utf-8")
    for name, content in (("_config.yml", language_config(load("_config.yml"), language)),
                          ("_toc.yml", language_toc(load("_toc.yml"), language))):
        (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return folder


def compile_interface():
    """The Romanian strings, for Python (sphinx.mo) and for the browser (sphinx.js)."""
    source = ROOT / "book/theme/locale/ro/LC_MESSAGES/sphinx.po"
    folder = BUILD / "locale/ro/LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file:
        catalog = read_po(file, locale="ro")
    with (folder / "sphinx.mo").open("wb") as file:
        write_mo(file, catalog)
    messages = {message.id: message.string for message in catalog if message.id}
    script = json.dumps({"locale": "ro", "messages": messages, "plural_expr": "0"}, ensure_ascii=False)
    (folder / "sphinx.js").write_text(f"Documentation.addTranslations({script});\n", encoding="utf-8")


# Building

def show_progress(language, line):
    if found := re.search(r"([\w-]+)\.ipynb: Executing notebook", line):
        say(f"{language}: running {found.group(1)}")
    elif found := re.search(r"([\w-]+)\.ipynb: Executed notebook in ([\d.]+) seconds", line):
        say(f"{language}: {found.group(1)} ran in {float(found.group(2)):.0f} s")


def essential(output):
    """The lines of a failed build that say what is wrong: warnings, errors, and the cell that stopped."""
    marks = re.compile(r"(WARNING|ERROR):|Error|Exception|-{6,}")
    kept, following = [], 0
    for line in output:
        if marks.search(line):
            following = 3
        if following > 0 and line.strip():
            kept.append(line.rstrip())
            following -= 1
    return kept[-40:] or [line.rstrip() for line in output[-20:]]


def plain(line):
    return re.sub(r"\x1b\[[\d;]*m", "", line)


def build(language):
    """Build one language; the folder of the finished pages."""
    folder = stage(language)
    script = Path(sys.executable).parent / "jupyter-book"  # `python -m jupyter_book` does not exist
    command = [script, "build", folder, "--path-output", folder, "-W", "--keep-going", "--all"]
    environment = os.environ | {"PATH": f"{script.parent}{os.pathsep}{os.environ.get('PATH', '')}", "PYTHONUTF8": "1"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, encoding="utf-8", errors="replace",
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = []
    try:
        for line in process.stdout:
            output.append(plain(line))
            show_progress(language, output[-1])
    finally:
        if process.poll() is None and sys.exc_info()[0]:
            process.terminate()
    if process.wait() != 0:
        raise Failure("\n".join(essential(output)))
    pages = folder / "_build/html"
    lighten(pages / "_images")
    return pages


def lighten(folder):
    """Leave every picture at most 256 colours: a third of the bytes, and at most a few levels of 255 off."""
    for path in folder.glob("*.png"):
        with Image.open(path) as picture:
            few = picture.convert("RGBA").quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        few.save(path, optimize=True)


def timed(language):
    start = time.time()
    say(f"{language}: building")
    folder = build(language)
    say(f"{language}: built in {time.time() - start:.0f} s")
    return folder


def start_page():
    """The page that offers both languages; without an address of its own while the repository has none."""
    base = pages_address(load("_config.yml"))
    lines = (ROOT / "book/theme/start.html").read_text(encoding="utf-8").splitlines(keepends=True)
    template = string.Template("".join(line for line in lines if base or "${base}" not in line))
    return template.safe_substitute(base=base, archive=ARCHIVE)


def archive(site, target):
    """The finished site as one file, the same bytes for the same site; in it no page offers the file itself."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for path in sorted(path for path in site.rglob("*") if path.is_file() and not path.name.startswith(".")):
            entry = zipfile.ZipInfo(f"{target.stem}/{path.relative_to(site).as_posix()}", (1980, 1, 1, 0, 0, 0))
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            content = path.read_bytes()
            if path.suffix == ".html":
                content = OFFLINE.sub("", content.decode()).encode()
            file.writestr(entry, content)


def put_in_place(sites):
    """Beside the old site first; the change itself is two renames."""
    for leftover in (NEW, OLD):
        shutil.rmtree(leftover, ignore_errors=True)
    NEW.mkdir(parents=True)
    for language, folder in sites.items():
        folder.rename(NEW / language)
        (NEW / language / ".buildinfo").unlink(missing_ok=True)
        (NEW / language / "objects.inv").unlink(missing_ok=True)
    (NEW / "index.html").write_text(start_page(), encoding="utf-8")
    beside = NEW.with_name(ARCHIVE)
    archive(NEW, beside)
    beside.rename(NEW / ARCHIVE)
    (NEW / ".nojekyll").touch()  # GitHub Pages would hide folders that begin with an underscore
    if SITE.exists():
        SITE.rename(OLD)
    NEW.rename(SITE)
    shutil.rmtree(OLD, ignore_errors=True)


def is_current(inputs):
    """The stamp fits, and nobody (a plain `jupyter-book build .`, say) has written over the site."""
    try:
        return STAMP.read_text() == inputs and (SITE / "index.html").read_text(encoding="utf-8") == start_page()
    except OSError:
        return False


def publish():
    if not SITE.exists() and OLD.exists():
        OLD.rename(SITE)  # a kill between the two renames
    inputs = digest(INPUTS)
    if is_current(inputs):
        return say("nothing to do, _build/html is up to date")
    compile_interface()
    with ThreadPoolExecutor(len(LANGUAGES)) as together:
        sites = dict(zip(LANGUAGES, together.map(timed, LANGUAGES), strict=True))
    STAMP.unlink(missing_ok=True)
    put_in_place(sites)
    STAMP.write_text(inputs)
    prune_executions()
    shutil.rmtree(BUILD / "site", ignore_errors=True)
    say("ready: open _build/html/index.html, or 'make serve'")


def main():
    try:
        publish()
    except Failure as failure:
        sys.exit(f"{failure}\nbook: the build stopped; the lines above say where. "
                 "The site from before, if any, is untouched.")
    except KeyboardInterrupt:
        sys.exit("book: stopped; the site from before, if any, is untouched.")


if __name__ == "__main__":
    main()
