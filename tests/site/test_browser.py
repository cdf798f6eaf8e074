"""The site in a real browser: what it asks for, what moves, what it says to assistive technology."""
import re
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from conftest import settle, soup

CHAPTERS = [f"{language}/{path.stem}.html" for language in ("ro", "en")
            for path in sorted(Path("book/chapters").glob("*.md"))]
WITH_SLIDERS = ["ro/index.html", "en/index.html", *CHAPTERS]
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def test_a_page_asks_nobody_else_and_complains_of_nothing(visit, page_name):
    page = visit(page_name)
    page.evaluate("async () => { for (let y = 0; y < document.body.scrollHeight; y += 800)"
                  " { scrollTo(0, y); await new Promise(requestAnimationFrame); } }")
    settle(page)
    assert page.listener.foreign == [] and page.listener.complaints == []


def test_formulas_are_set(visit):
    page = visit("ro/11-differential-attention.html")
    assert page.locator("mjx-container").count() == page.locator(".math").count() > 30
    assert page.locator("mjx-merror").count() == 0


@pytest.mark.parametrize("where", ["ro/04-self-attention.html", "en/05-rnn-lstm.html", "ro/notation.html"])
def test_no_line_breaks_between_a_formula_and_what_touches_it(visit, where):
    """At every width of a phone: the character that touches a formula stands on its line, right beside it."""
    page, touching = visit(where, width=390), set()
    for width in range(360, 431, 5):
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate("""() => {
            const walker = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
            const texts = [];
            while (walker.nextNode())
                if (walker.currentNode.length && !walker.currentNode.parentElement.closest("mjx-container"))
                    texts.push(walker.currentNode);
            const place = (text, at) => {
                const range = document.createRange();
                range.setStart(text, at);
                range.setEnd(text, at + 1);
                return range.getBoundingClientRect();
            };
            const found = [];
            for (const formula of document.querySelectorAll("article mjx-container:not([display])")) {
                const box = formula.getBoundingClientRect();
                const next = texts.find((text) => formula.compareDocumentPosition(text) & 4);
                const before = texts.findLast((text) => formula.compareDocumentPosition(text) & 2);
                const block = (node) => node.parentElement.closest("p, li, td, th, dd, dt, h1, h2, h3");
                if (next && block(next) === block(formula) && /[^\s\w—–]/.test(next.data[0]))
                    found.push([next.data[0], Math.abs(place(next, 0).left - box.right)]);
                if (before && block(before) === block(formula) && /[(„“]/.test(before.data.at(-1)))
                    found.push([before.data.at(-1), Math.abs(place(before, before.length - 1).right - box.left)]);
            }
            return found;
        }""")
        touching |= {character for character, _ in found}
        assert found and not [(width, *pair) for pair in found if pair[1] > 3]
    assert touching >= {",", "."}


# Drawing code

def test_the_code_of_a_drawing_is_folded_and_opens_from_the_keyboard(visit):
    words = {"ro": "Codul desenului", "en": "The code of the drawing"}
    with_folds = [page for page in CHAPTERS if soup(page).select("details.hide")]
    assert {page[:2] for page in with_folds} == {"ro", "en"}
    for where in with_folds:
        assert {fold.summary.get_text() for fold in soup(where).select("details.hide")} == {words[where[:2]]}
    fold = visit(with_folds[0]).locator("details.hide").first
    assert not fold.locator("pre").is_visible()
    fold.locator("summary").focus()
    fold.page.keyboard.press("Enter")
    assert fold.locator("pre").is_visible()


# From a disk

def test_the_unpacked_archive_opens_from_its_first_page_and_finds_what_is_asked(open_file):
    page = open_file("index.html")
    assert page.locator(".offline").count() == 0
    page.click("text=English")
    page.wait_for_url("file://**/en/index.html")
    assert page.locator(".offline").count() == 0
    page.click(".contents >> text=11. Differential attention")
    page.wait_for_url("file://**/en/11-differential-attention.html")
    settle(page)
    assert page.locator("mjx-container").count() == page.locator(".math").count() > 30
    assert page.evaluate("() => [...document.fonts].filter((font) => font.status === 'loaded').length > 1")
    slider = page.locator("article .frames input[type=range]").first
    before = picture(slider)
    slider.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    assert picture(slider) != before
    page.keyboard.press("Control+k")
    page.keyboard.type("softmax")
    page.keyboard.press("Enter")
    page.wait_for_url("file://**/en/search.html?q=softmax")
    page.wait_for_function("() => /\\d/.test(document.querySelector('.search-summary')?.innerText ?? '')")
    page.click("#search-results a[href^='02-softmax.html']")
    page.wait_for_url("file://**/en/02-softmax.html*")
    assert page.listener.complaints == [] and page.listener.foreign == []


# Sliders

def picture(slider):
    """What the reader sees of the slider's widget, without the slider's own handle."""
    return slider.evaluate("""(input) => {
        const box = input.closest(".frames, .explorer").cloneNode(true);
        box.querySelectorAll("input, output").forEach((part) => part.remove());
        return box.innerHTML;
    }""")


@pytest.mark.parametrize("where", WITH_SLIDERS)
def test_every_slider_moves_by_mouse_and_by_keyboard_and_the_picture_with_it(visit, where):
    page = visit(where)
    sliders = page.locator("article input[type=range]").all()
    assert sliders
    for slider in sliders:
        slider.scroll_into_view_if_needed()
        seen, box = [picture(slider)], slider.bounding_box()
        for place in (0.2, 0.8):
            page.mouse.click(box["x"] + place * box["width"], box["y"] + box["height"] / 2)
            seen.append(picture(slider))
        for key in ("Home", "End"):
            slider.focus()
            page.keyboard.press(key)
            seen.append(picture(slider))
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        seen.append(picture(slider))
        assert len({*seen[:3]}) >= 2, "the mouse moves nothing"
        assert len({*seen[3:]}) == 3, "the keyboard moves nothing"


@pytest.mark.parametrize("where", WITH_SLIDERS)
def test_every_slider_has_a_name_and_says_its_value(visit, where):
    for slider in visit(where).locator("article input[type=range]").all():
        assert slider.evaluate("(input) => [...input.labels].map((label) => label.innerText).join() || input.ariaLabel")
        # a frame's number says nothing, so there the value is put into words
        assert slider.get_attribute("aria-valuetext") or not slider.evaluate("(input) => input.closest('.frames')")


# A table that the reader fills

def test_what_a_reader_expects_is_kept_in_the_browser_for_both_languages_and_sent_nowhere(visit):
    page = visit("ro/14-claims.html")
    choices = page.locator(".guesses select")
    assert choices.count() == 12 and [choice.input_value() for choice in choices.all()] == [""] * 12
    assert choices.nth(2).get_attribute("aria-label").startswith("Ce crezi despre afirmația 3: Ace")
    choices.nth(2).select_option("se infirmă")
    choices.nth(4).select_option("se reproduce")
    choices.nth(4).select_option("–")
    page.click("#language-switch")
    page.wait_for_url("**/en/14-claims.html*")
    shown = page.locator(".guesses select")
    assert [choice.evaluate("(it) => it.selectedOptions[0].text") for choice in shown.all()] == [
        "–", "–", "contradicted", *"–" * 9]
    assert page.evaluate("() => Object.entries(localStorage).filter(([key]) => key.startsWith('guess.'))") == [
        ["guess.claims.3", "2"]]
    assert page.listener.foreign == [] and page.listener.complaints == []


def test_without_javascript_the_column_to_fill_stays_empty(visit):
    page = visit("en/14-claims.html", java_script_enabled=False)
    cells = page.locator(".guesses tbody tr td:last-child")
    assert cells.count() == 12 and {cell.inner_text().strip() for cell in cells.all()} == {""}


# The language switch

@pytest.mark.parametrize("here, there", [("ro", "en"), ("en", "ro")])
@pytest.mark.parametrize("anchor", ["never-zero", "exercise-axis", "questions"])
def test_the_switch_keeps_the_section_of_the_address(visit, here, there, anchor):
    page = visit(f"{here}/02-softmax.html#{anchor}")
    page.click("#language-switch")
    page.wait_for_url(f"**/{there}/02-softmax.html#{anchor}")
    settle(page)
    assert 0 <= page.locator(f"#{anchor} > :first-child").first.bounding_box()["y"] < 900


@pytest.mark.parametrize("here, there", [("ro", "en"), ("en", "ro")])
def test_the_switch_keeps_the_section_in_view(visit, here, there):
    page = visit(f"{here}/11-differential-attention.html")
    page.evaluate("() => document.querySelector('#triptych').scrollIntoView({behavior: 'instant'})")
    page.click("#language-switch")
    page.wait_for_url(f"**/{there}/11-differential-attention.html#triptych")


def test_the_switch_forgets_a_section_the_reader_has_left(visit):
    page = visit("ro/02-softmax.html#axis")
    page.evaluate("() => document.querySelector('#jacobian').scrollIntoView({behavior: 'instant'})")
    page.click("#language-switch")
    page.wait_for_url("**/en/02-softmax.html#jacobian")


def test_without_javascript_the_switch_still_leads_to_the_page_and_the_text_is_there(visit):
    page = visit("ro/02-softmax.html", java_script_enabled=False)
    assert page.locator("article h2").count() > 5
    assert not page.locator(".needs-script").first.is_visible()
    page.click("#language-switch")
    page.wait_for_url("**/en/02-softmax.html")


# The start page

@pytest.mark.parametrize("locale, language", [("ro-RO", "ro"), ("ro", "ro"), ("en-GB", "en")])
def test_the_start_page_follows_the_browser_at_first(visit, locale, language):
    page = visit("index.html", locale=locale)
    page.wait_for_url(f"**/{language}/index.html")


def test_the_start_page_offers_both_and_remembers_the_choice(visit, address):
    page = visit("index.html", locale="fr-FR")
    assert page.locator("a[href$='/index.html']").count() == 2 and page.url == f"{address}/index.html"
    page.click("text=Română")
    page.wait_for_url("**/ro/index.html")
    again = visit("index.html", context=page.context)
    again.wait_for_url("**/ro/index.html")


def test_a_switch_on_a_page_is_a_choice_too(visit):
    page = visit("ro/02-softmax.html", locale="ro-RO")
    page.click("#language-switch")
    page.wait_for_url("**/en/02-softmax.html")
    again = visit("index.html", context=page.context)
    again.wait_for_url("**/en/index.html")


def test_the_start_page_works_without_javascript(visit):
    page = visit("index.html", java_script_enabled=False)
    page.click("text=English")
    page.wait_for_url("**/en/index.html")


# Search

@pytest.mark.parametrize("language, question, finds", [
    ("ro", "atenție", "11-differential-attention.html"),
    ("ro", "atentie", "11-differential-attention.html"),
    ("ro", "atentia", "11-differential-attention.html"),
    ("ro", "exercițiile", "02-softmax.html"),
    ("ro", "exercitiile", "02-softmax.html"),
    ("en", "exercises", "02-softmax.html"),
])
def test_search_finds(visit, language, question, finds):
    page = visit(f"{language}/search.html?q={question}")
    page.wait_for_function("() => /\\d/.test(document.querySelector('.search-summary')?.innerText ?? '')")
    found = [link.get_attribute("href") for link in page.locator("#search-results li a").all()]
    assert any(link.split("#")[0].split("?")[0] == finds for link in found), found
    assert page.listener.complaints == []


def test_search_finds_nothing_where_there_is_nothing(visit):
    page = visit("ro/search.html?q=ornitorinc")
    page.wait_for_function("() => document.querySelector('.search-summary')?.innerText")
    assert page.locator("#search-results li").count() == 0
    assert page.locator(".search-summary").inner_text().startswith("Nicio pagină")


def test_search_opens_from_the_keyboard_and_from_the_bar(visit):
    page = visit("ro/index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("softmax")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ro/search.html?q=softmax")
    page = visit("en/index.html")
    page.click(".search-toggle")
    assert page.locator("#search-dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#search-dialog").is_visible()


# Light and dark, narrow and wide

def test_the_theme_button_goes_round_and_is_remembered(visit):
    page = visit("ro/index.html", scheme="light")
    themes = []
    for _ in range(3):
        page.click(".theme-toggle")
        themes.append((page.evaluate("document.documentElement.dataset.mode"),
                       page.evaluate("document.documentElement.dataset.theme")))
    assert themes == [("dark", "dark"), ("light", "light"), ("auto", "light")]
    page.click(".theme-toggle")
    again = visit("ro/notation.html", context=page.context)
    assert again.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("width", [390, 320])
def test_no_page_scrolls_sideways_on_a_phone(visit, page_name, width):
    page = visit(page_name, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_the_columns_are_drawers(visit):
    page = visit("ro/02-softmax.html", width=390)
    assert not page.locator(".contents").is_visible() and not page.locator(".page-toc").is_visible()
    page.click(".contents-toggle")
    assert page.locator("#contents-dialog .contents").is_visible()
    page.keyboard.press("Escape")
    page.click(".page-toc-toggle")
    page.click("#page-toc-dialog a[href='#never-zero']")
    page.wait_for_url("**#never-zero")
    assert not page.locator("#page-toc-dialog").is_visible()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit, page_name, scheme, width):
    page = visit(page_name, width=width, scheme=scheme)
    page.evaluate("() => document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    findings = Axe().run(page, options=AXE)["violations"]
    assert not [(f["id"], f["help"], [node["html"][:200] for node in f["nodes"][:4]]) for f in findings]


def test_axe_finds_nothing_on_the_start_page(visit):
    for scheme in ("light", "dark"):
        page = visit("index.html", locale="fr-FR", scheme=scheme)
        assert Axe().run(page, options=AXE)["violations"] == []


def test_the_colours_of_the_page_are_those_of_the_plots(visit):
    from diffattn_mini.plots import COLORS
    page = visit("en/index.html")
    for name in ("map1", "map2", "difference", "negative", "ink", "muted"):
        css = page.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('--{name}')")
        assert css.strip().lower() == COLORS[name].lower()


def test_copying_gives_the_code_as_it_stands(visit, address):
    page = visit("en/11-differential-attention.html")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
    block = page.locator(".cell_input div.highlight").filter(has_text="def diff_head")
    block.first.hover()
    block.first.locator(".copy").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.match(r"def diff_head\(q1, k1, q2, k2, v, lam\):\n", copied)
