"""The built pages, read as files."""
import copy
import json
import os
import re
import zipfile
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import publish
import pytest
import yaml
from conftest import LANGUAGES, ROOT, SITE, pages, soup

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
ADDRESS = CONFIG["repository"]["url"]  # of the repository; empty until a fork sets it
OWNER, REPO = urlsplit(ADDRESS).path.strip("/").split("/") if ADDRESS else ("", "")
BASE = f"https://{OWNER}.github.io/{REPO}/" if ADDRESS else ""
LOADED = [("script", "src"), ("link", "href"), ("img", "src"), ("source", "src"), ("iframe", "src"), ("video", "src"),
          ("audio", "src"), ("object", "data"), ("embed", "src"), ("input", "src"), ("use", "href")]
POINTERS = ("canonical", "alternate", "prev", "next")  # links that say something and load nothing


def split(page_name):
    return page_name.split("/")


def test_both_languages_have_the_same_pages():
    assert [Path(p).name for p in pages("ro")] == [Path(p).name for p in pages("en")]
    assert {"02-softmax.html", "11-differential-attention.html", "index.html", "search.html"} <= {
        Path(p).name for p in pages("ro")}


def test_a_page_says_its_language_and_its_addresses(page_name):
    language, name = split(page_name)
    page = soup(page_name)
    assert page.html["lang"] == language
    canonical = [link["href"] for link in page.select('link[rel="canonical"]')]
    alternates = {link["hreflang"]: link["href"] for link in page.select("link[hreflang]")}
    fallback = BASE if name == "index.html" else f"{BASE}en/{name}"
    assert canonical == ([f"{BASE}{page_name}"] if BASE else [])
    assert alternates == (
        {"ro": f"{BASE}ro/{name}", "en": f"{BASE}en/{name}", "x-default": fallback} if BASE else {})


@pytest.mark.parametrize("url, base", [("https://github.com/ana/carte", "https://ana.github.io/carte/"), ("", "")])
def test_every_address_follows_from_that_of_the_repository(monkeypatch, url, base):
    from book.theme.pages import addresses, colab_address
    config = CONFIG | {"repository": {"url": url, "branch": "main"}}
    monkeypatch.setattr(publish, "load", lambda name: config)
    site = publish.language_config(config, "ro")["html"]["baseurl"]
    assert site == (base and f"{base}ro/")
    assert addresses(site, "x") == (base and {
        "ro": f"{base}ro/x.html", "en": f"{base}en/x.html", "x-default": f"{base}en/x.html"} or {})
    assert colab_address(url, "main", "x.ipynb") == (
        url and "https://colab.research.google.com/github/ana/carte/blob/main/x.ipynb")
    start = publish.start_page()
    assert re.findall(r'<link rel="(\w+)"[^>]* href="(https:[^"]*)"', start) == (base and [
        ("canonical", base), ("alternate", f"{base}ro/index.html"), ("alternate", f"{base}en/index.html"),
        ("alternate", base)] or [])
    assert "$" not in start.split("<body>")[1]


def test_a_chapter_is_named_with_its_number(page_name):
    page = soup(page_name)
    here = re.match(r"0*(\d+[a-z]?)-", split(page_name)[1])
    if here:
        assert page.h1.get_text().startswith(f"{here[1]}. ")
        assert page.title.get_text().strip().startswith(f"{here[1]}. ")
    links = [(link["href"] if link["href"] != "#" else split(page_name)[1], link.find("small"), link)
             for link in page.select(".contents a[href], .prev-next a[href]")]
    named = [(number[1], link.get_text(" ", strip=True).removeprefix(small.get_text() if small else "").strip())
             for href, small, link in links if (number := re.match(r"0*(\d+[a-z]?)-[\w-]+\.html$", href))]
    assert {number for number, _ in named} >= {"1", "2", "11"}
    assert all(text.startswith(f"{number}. ") for number, text in named)


def test_the_language_switch_leads_to_the_same_page(page_name):
    language, name = split(page_name)
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    [switch] = soup(page_name).select("#language-switch")
    assert switch["href"] == f"../{other}/{name}" and switch["hreflang"] == switch["lang"] == other
    assert switch.get_text() == {"ro": "Română", "en": "English"}[other]


def test_the_sections_of_a_page_have_the_same_addresses_in_both_languages(name):
    ids = [[section["id"] for section in soup(f"{lang}/{name}").select("article section[id]")] for lang in LANGUAGES]
    assert ids[0] == ids[1]


def test_section_addresses_are_those_the_authors_wrote():
    written = re.findall(r'<a id=\\"([\w-]+)\\">', (ROOT / "notebooks/ro/02-softmax.ipynb").read_text(encoding="utf-8"))
    built = [section["id"] for section in soup("ro/02-softmax.html").select("article section[id]")]
    assert len(built) > 10 and built == written
    contents = [link["href"] for link in soup("ro/02-softmax.html").select(".page-toc a")]
    assert contents == [f"#{anchor}" for anchor in written[1:]]


def targets(path):
    page = soup(path.relative_to(SITE).as_posix())
    return {tag["id"] for tag in page.select("[id]")} | {tag["name"] for tag in page.select("a[name]")}


def broken(page_name, address):
    """Why the link is broken, or None."""
    link, anchor = urldefrag(address)
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None if parts.scheme in ("https", "mailto") and (parts.netloc or parts.path) else "not a proper address"
    target = (SITE / page_name).parent / unquote(parts.path) if parts.path else SITE / page_name
    if not target.resolve().is_file():
        return "no such file"
    if anchor and target.suffix == ".html" and unquote(anchor) not in targets(target.resolve()):
        return "no such anchor"
    return None


def test_every_link_leads_somewhere(page_name):
    links = [tag["href"] for tag in soup(page_name).select("a[href]")]
    assert links and not {link: why for link in links if (why := broken(page_name, link))}


def test_the_start_page_leads_to_both_languages_and_to_the_whole_book_in_one_file():
    links = [tag["href"] for tag in soup("index.html").select("a[href]")]
    assert links == ["ro/index.html", "en/index.html", publish.ARCHIVE]
    assert not any(broken("index.html", link) for link in links)


@pytest.mark.parametrize("pattern", ["index.html", "*/*.html"])
def test_no_page_loads_anything_from_elsewhere(pattern):
    for path in SITE.glob(pattern):
        page = soup(path.relative_to(SITE).as_posix())
        for tag_name, attribute in LOADED:
            for tag in page.select(f"{tag_name}[{attribute}]"):
                if not set(tag.get("rel", [])) & set(POINTERS):
                    assert not re.match(r"(https?:)?//", tag[attribute]), (path.name, tag)


def test_no_style_asks_for_anything_from_elsewhere():
    for path in SITE.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", path.read_text(encoding="utf-8")), path


def test_every_picture_has_words(page_name):
    for image in soup(page_name).select("img"):
        alt = image.get("alt", "")
        assert len(alt) > 10 and not re.search(r"\.(png|svg|webp|jpe?g)$|^_images", alt), image


def test_a_chapter_opens_in_colab_and_downloads_in_its_language(page_name):
    language, name = split(page_name)
    stem = Path(name).stem
    links = [link["href"] for link in soup(page_name).select(".bar a[href]")]
    colab = [link for link in links if "colab.research.google.com" in link]
    downloads = [link for link in links if link.endswith(".ipynb") and link not in colab]
    if re.match(r"\d\d[a-z]?-", stem):
        path = f"notebooks/{language}/{stem}.ipynb"
        where = f"https://colab.research.google.com/github/{OWNER}/{REPO}/blob/{CONFIG['repository']['branch']}/{path}"
        assert colab == ([where] if ADDRESS else [])
        assert downloads == [path]
        assert (SITE / language / path).read_bytes() == (ROOT / path).read_bytes()
    else:
        assert not colab and not downloads


# The results

STORED = sorted(path.stem for path in (ROOT / "book/results").glob("*.json"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_stored_experiment_has_an_entry_that_says_how_it_was_run_and_what_came_out(language):
    sections = soup(f"{language}/results.html").select("article section section")
    assert [section["id"] for section in sections] == [f"result-{name}" for name in STORED]
    for name, section in zip(STORED, sections, strict=True):
        result = json.loads((ROOT / f"book/results/{name}.json").read_text(encoding="utf-8"))
        text = re.sub(r"\s+", " ", section.get_text(" ")).replace("’", "'")
        assert section.h2.code.get_text() == name and len(section.select("tbody tr")) >= len(result.get("arms", "ab"))
        for known in ("command", "processor", "metric", "commit"):
            assert result.get(known, "")[:12] in text, (name, known)
        assert result.get("question", {language: ""})[language] in text
        # rates chosen on the seeds that are reported carry no verdict
        chosen_fairly = result.get("compared") and (result["validation"] or len(result["rates"]) == 1)
        assert bool(section.select("ul strong")) == bool(chosen_fairly), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_numbers_of_an_entry_are_those_of_the_package(language):
    from diffattn_mini.lab.experiments import stored, summarise
    page, compared = soup(f"{language}/results.html"), 0
    for name in STORED:
        result = stored(name)
        if "arms" not in result:
            continue
        rows = [row for row in summarise(result) if row.get("mean") is not None]
        shown = {line.code.get_text(): line.get_text(" ").replace(",", ".").replace("−", "-").replace("\u00a0", " ")
                 for line in page.select(f'[id="result-{name}"] tbody tr')}
        for row in rows:
            words = {"ro": "din", "en": "of"}[language]
            numbers = f"{row['mean']:.4f} ± {row['deviation']:.4f}"
            counts = f"{row.get('successes')} {words} {row['n']}"
            assert (counts if "successes" in row else numbers) in shown[row["arm"]], (name, row)
            compared += 1
    assert compared > 50


@pytest.mark.parametrize("language, verdict", [("ro", "mai bun"), ("en", "better")])
def test_a_planned_result_shows_what_scipy_finds_and_its_verdict(language, verdict):
    import numpy as np
    from scipy import stats

    from book.theme.results import Words, entry
    draw = np.random.default_rng(0)
    control, arm = draw.normal(0.5, 0.1, 10), draw.normal(0.7, 0.1, 10)
    records = [{"part": part, "arm": name, "rate": 0.01, "seed": first + seed, "x": float(x)}
               for part, first in (("validation", 50), ("test", 0))
               for name, numbers in (("plain", control), ("new", arm)) for seed, x in enumerate(numbers)]
    result = {"name": "it", "arms": ["plain", "new"], "compared": ["new"], "metric": "x", "larger": True,
              "margin": 0.05, "rates": [0.01, 0.1], "seeds": list(range(10)), "validation": list(range(50, 60)),
              "test": "t", "success": None, "question": {"ro": "Care?", "en": "Which?"}, "settings": {"n": 3},
              "records": records, "command": "run it", "date": "2026-11-28", "commit": "abc", "processor": "P",
              "versions": {"torch": "2"}}
    text = entry("it", result, Words(language))[1].astext().replace(",", ".").replace("−", "-").replace("\u00a0", " ")
    low, high = stats.ttest_rel(arm, control).confidence_interval()
    for number in (f"{arm.mean() - control.mean():+.4f}", f"({low:.4f}{';' if language == 'ro' else '.'} {high:.4f})",
                   f"{stats.ttest_rel(arm, control).pvalue:.4f}", verdict, "28", "run it", "0.05"):
        assert number in text, (number, text)


def test_the_archive_is_the_site_and_the_same_bytes_for_the_same_site(tmp_path):
    made = []
    for seconds in (1e9, 1.5e9):
        site = tmp_path / str(seconds)
        (site / "ro").mkdir(parents=True)
        (site / "ro/index.html").write_text('<p>ș</p>\n<p class="offline"><a href="../book.zip">book</a></p>', "utf-8")
        (site / "index.html").write_text("start")
        os.utime(site / "index.html", (seconds, seconds))
        publish.archive(site, tmp_path / "book.zip")
        made.append((tmp_path / "book.zip").read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(tmp_path / "book.zip") as file:
        assert file.read("book/ro/index.html").decode() == "<p>ș</p>"
    with zipfile.ZipFile(SITE / publish.ARCHIVE) as file:
        names = {name.partition("/")[2] for name in file.namelist()}
    there = {path.relative_to(SITE).as_posix() for path in SITE.rglob("*") if path.is_file()}
    assert names == there - {publish.ARCHIVE, ".nojekyll"}


# Nothing of the interface is English on a Romanian page: whatever stands outside the text must differ from what
# stands at the same place in the English edition, but for the names below.
SAME_IN_BOTH = {"#"}
WORDS = ("aria-label", "title", "placeholder", "alt", "data-copy", "data-copied", "data-copy-label", "aria-description")


def interface(page):
    """All words of the frame around the text, and the labels that the machinery puts inside it."""
    page = copy.copy(page)
    labels = {tag[attribute].strip() for tag in page.select("*") for attribute in WORDS if tag.get(attribute)
              if tag.name != "img"}
    for part in page.select("article, script, style, .contents, .page-toc ul"):
        part.decompose()
    for title in page.select(".prev-next a > span"):
        title.replace_with(title.small)
    words = {text.strip() for text in page.body.find_all(string=True) if re.search(r"[^\W\d_]{2}", text)}
    return labels | words


def test_no_english_word_is_left_in_the_romanian_interface(name):
    romanian, english = (interface(soup(f"{lang}/{name}")) for lang in LANGUAGES)
    assert len(romanian) > 10
    assert romanian & english <= SAME_IN_BOTH


def test_the_romanian_search_speaks_romanian():
    script = (SITE / "ro/_static/translations.js").read_text(encoding="utf-8")
    spoken = re.findall(r'_\(\s*"([^"]+)"', "".join(
        (SITE / "ro/_static" / file).read_text(encoding="utf-8") for file in ("searchtools.js", "sphinx_highlight.js")))
    spoken += re.findall(r'gettext\(\s*"([^"]+)"', (SITE / "ro/_static/searchtools.js").read_text(encoding="utf-8"))
    assert len(spoken) >= 6
    messages = json.loads(script[script.index("{"):script.rindex("}") + 1])["messages"]
    assert all(messages.get(text) and messages[text] != text for text in spoken)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_site_carries_no_file_that_nobody_asks_for(language):
    static = {path.name for path in (SITE / language / "_static").iterdir()}
    text = "".join(path.read_text(encoding="utf-8") for path in (SITE / language).glob("*.html"))
    modules = {"mathjax"}  # its parts are asked for by MathJax itself
    assert {name for name in static - modules if name not in text} == set()


def test_a_site_is_small():
    size = sum(path.stat().st_size for path in (SITE / "ro").rglob("*") if path.is_file())
    assert size < 15e6
