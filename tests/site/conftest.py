"""What the tests of the finished site share: the pages as built, a server, a browser."""
import functools
import threading
import zipfile
from pathlib import Path

import browser as browsers
import publish
import pytest
import serve
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build/html"
LANGUAGES = ("ro", "en")


def pages(language=None):
    """Addresses of all built pages relative to the site: "ro/02-softmax.html", ... None stands for both languages."""
    return [f"{lang}/{path.name}" for lang in LANGUAGES if language in (None, lang)
            for path in sorted((SITE / lang).glob("*.html"))]


@functools.cache
def soup(page):
    return BeautifulSoup((SITE / page).read_text(encoding="utf-8"), "html.parser")


def pytest_generate_tests(metafunc):
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", pages() or ["ro/index.html"])
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", [Path(page).name for page in pages("ro")] or ["index.html"])


@pytest.fixture(scope="session", autouse=True)
def built():
    if not (SITE / "index.html").exists() or not all((SITE / lang / "index.html").exists() for lang in LANGUAGES):
        pytest.exit("The site is not built: run 'make book', then these tests again.", returncode=1)


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory):
    """The folder that the published archive unpacks to."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(SITE / publish.ARCHIVE) as file:
        file.extractall(folder)
    return folder / Path(publish.ARCHIVE).stem


@pytest.fixture(scope="session")
def address():
    """The site on a free port of this machine."""
    with serve.make_server(0, SITE) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright
    try:
        path = browsers.find()
    except browsers.NoBrowser as reason:
        pytest.fail(str(reason), pytrace=False)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=browsers.FLAGS)
        yield running
        running.close()


class Listener:
    """What a page asked for and complained about."""

    def __init__(self, page, address):
        self.foreign, self.complaints = [], []
        page.on("request", lambda request: self.ask(request.url, address))
        page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", lambda it: it.status >= 400 and self.complaints.append(f"{it.status} {it.url}"))

    def ask(self, url, address):
        if not url.startswith((address, "data:", "blob:")):
            self.foreign.append(url)


@pytest.fixture
def visit(chromium, address):
    """visit("ro/x.html", width=390, scheme="dark", ...) -> an open page, page.listener; contexts close themselves."""
    contexts = []

    def open_page(where, width=1280, scheme="light", context=None, **options):
        if context is None:
            context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme,
                                           reduced_motion="reduce", **options)
            context.set_default_timeout(120_000)  # for a page that never stands, also on a busy machine
            contexts.append(context)
        page = context.new_page()
        page.listener = Listener(page, address)
        page.goto(f"{address}/{where}", wait_until="load")
        if options.get("java_script_enabled", True):
            settle(page)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def open_file(chromium, unpacked):
    """open_file("ro/x.html") -> the page of the unpacked archive, open as a local file; page.listener as in visit."""
    context = chromium.new_context(locale="fr-FR", reduced_motion="reduce")

    def open_page(where):
        page = context.new_page()
        page.listener = Listener(page, unpacked.as_uri())
        page.goto((unpacked / where).as_uri())
        settle(page)
        return page

    yield open_page
    context.close()


def settle(page):
    """Wait until formulas are set and widgets stand."""
    page.wait_for_function("() => [...document.querySelectorAll('.explorer')].every((box) => box.firstElementChild)")
    page.evaluate("() => window.MathJax?.startup?.promise.then(() => true)")
