"""The built pages, read as files."""
import copy
import json
import re
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
import yaml
from conftest import LANGUAGES, ROOT, SITE, pages, soup

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
OWNER, REPO = urlsplit(CONFIG["repository"]["url"]).path.strip("/").split("/")
BASE = f"https://{OWNER}.github.io/{REPO}/"
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
    assert [link["href"] for link in page.select('link[rel="canonical"]')] == [f"{BASE}{page_name}"]
    alternates = {link["hreflang"]: link["href"] for link in page.select("link[hreflang]")}
    fallback = BASE if name == "index.html" else f"{BASE}en/{name}"
    assert alternates == {"ro": f"{BASE}ro/{name}", "en": f"{BASE}en/{name}", "x-default": fallback}


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


def test_the_start_page_leads_to_both_languages():
    links = [tag["href"] for tag in soup("index.html").select("a[href]")]
    assert links == ["ro/index.html", "en/index.html"] and not any(broken("index.html", link) for link in links)


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
    if re.match(r"\d\d-", stem):
        path = f"notebooks/{language}/{stem}.ipynb"
        assert colab == [f"https://colab.research.google.com/github/{OWNER}/{REPO}/blob/main/{path}"]
        assert downloads == [path]
        assert (SITE / language / path).read_bytes() == (ROOT / path).read_bytes()
    else:
        assert not colab and not downloads


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
