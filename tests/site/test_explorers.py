"""What the explorers show is what the formulas say, from a server and from a plain local file."""
import re

import numpy as np
import pytest

EXPLORERS = {"ro/index.html": "difference", "en/index.html": "difference", "en/02-softmax.html": "softmax",
             "en/04-self-attention.html": "cell",
             "ro/10-differential-amplifier.html": "correlation", "ro/11-differential-attention.html": "difference"}


def move(slider, value):
    slider.evaluate("(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", str(value))


def numbers(box, selector):
    return np.array([float(text.replace("−", "-")) for text in box.locator(selector).all_inner_texts()])


def softmax_by_hand(scores, temperature):
    powers = np.array([np.e ** (score / temperature) for score in scores])
    return powers / powers.sum()


@pytest.mark.parametrize("temperature", [-1, -0.3, 0, 1])  # log10 of it
def test_the_softmax_explorer_shows_softmax(visit, temperature):
    box = visit("en/02-softmax.html").locator(".explorer").first
    sliders = box.locator("input").all()
    scores = np.linspace(-4, 4, len(sliders) - 1).round(1)
    for slider, score in zip(sliders, [*scores, temperature], strict=True):
        move(slider, score)
    shown = numbers(box, ".sx-row .sx-number:last-child")
    assert np.abs(shown - softmax_by_hand(scores, 10 ** temperature)).max() <= 0.00501


@pytest.mark.parametrize("lam", [0, 0.2, 0.5, 0.8, 1])
@pytest.mark.parametrize("language", ["ro", "en"])
def test_the_difference_explorer_subtracts_and_counts_what_is_left(visit, language, lam):
    box = visit(f"{language}/index.html").locator(".explorer").first
    slider, shared = box.locator("input").all()
    for noise in (0, 0.95, 1):
        move(shared, noise)
        move(slider, lam)
        map1, map2, difference = numbers(box, ".dx-value").reshape(3, 8)
        assert abs(map1.sum() - 1) < 0.05 and abs(map2.sum() - 1) < 0.05
        assert np.abs(difference - (map1 - lam * map2)).max() <= 0.0151  # each rounded to two places
        words = box.locator(".dx-word").all_inner_texts()
        answer = words.index({"ro": "cheia", "en": "key"}[language])
        share, rest = map(int, re.findall(r"(\d+)\s*%", box.locator(".dx-verdict").inner_text()))
        assert share + rest in (99, 100, 101)
        # the shares as shown, to within what rounding eight weights can move them
        assert abs(share / 100 - abs(difference[answer]) / np.abs(difference).sum()) < 0.05


@pytest.mark.parametrize("lam", [0, 0.4, 1, 1.5])
@pytest.mark.parametrize("rho", [0, 0.5, 0.9, 1])
@pytest.mark.parametrize("language", ["ro", "en"])
def test_the_correlation_explorer_leaves_of_the_noise_what_the_parabola_says(visit, language, rho, lam):
    box = visit(f"{language}/10-differential-amplifier.html").locator(".explorer").first
    slider, correlation = box.locator("input").all()
    move(slider, lam)
    move(correlation, rho)
    verdict = box.locator(".kx-verdict").inner_text()
    left, least = map(int, re.findall(r"(\d+)\s*%", verdict))
    assert abs(left - 100 * (1 - 2 * lam * rho + lam**2) ** 0.5) <= 0.51
    assert abs(least - 100 * (1 - rho**2) ** 0.5) <= 0.51
    assert ({"ro": "strică", "en": "hurts"}[language] in verdict) == (left > 100)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("language", ["ro", "en"])
def test_every_cell_of_the_map_shows_its_four_steps(visit, language, causal):
    q, k = np.array([[0, 1], [2, 0], [0, 0], [1, 0], [2, 2]]), np.array([[2, 1], [0, 0], [2, 0], [0, 0], [0, 0]])
    scores = q @ k.T / np.sqrt(2)
    box = visit(f"{language}/04-self-attention.html").locator(".explorer").first
    box.locator("input").set_checked(causal)
    cells = box.locator(".cx-cell").all()
    for place, cell in enumerate(cells):
        row, column = divmod(place, 5)
        cell.click()
        seen = scores[row, : row + 1] if causal else scores[row]
        powers = np.exp(seen)
        weight = powers[column] / powers.sum() if column < len(seen) else 0
        lines = [text.replace(",", ".").replace("−", "-") for text in box.locator(".cx-steps li").all_inner_texts()]
        assert lines[0].endswith(f"= {q[row] @ k[column]}")
        assert abs(float(lines[1].split("=")[1]) - scores[row, column]) <= 0.0005
        assert ("∞" in lines[2]) == (column >= len(seen))
        assert abs(float(lines[3].split("=")[1]) - weight) <= 0.00051
        assert cell.get_attribute("aria-pressed") == "true"
        assert abs(float(cell.inner_text().replace(",", ".")) - weight) <= 0.0051
        assert lines[3].count("+") == len(seen) - 1  # the sum below has a term for each word that may be seen


@pytest.mark.parametrize("where", EXPLORERS)
def test_explorers_work_in_the_unpacked_archive(open_file, where):
    page = open_file(where)
    box = page.locator(f".explorer[data-explorer={EXPLORERS[where]}]").first
    control, before = box.locator("input").first, box.inner_text()
    control.focus()
    page.keyboard.press("Space" if control.get_attribute("type") == "checkbox" else "Home")
    assert box.inner_text() != before
    assert page.listener.complaints == []
