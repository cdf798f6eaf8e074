"""Sliders: every position draws, with a kernel and on the published page."""
import base64
import io
import json
import os
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import matplotlib
import nbformat
import numpy as np
import press
import pytest
import torch
from PIL import Image

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

from diffattn_mini import set_language, widgets  # noqa: E402


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    monkeypatch.delenv("DIFFATTN_MINI_PUBLISH", raising=False)
    set_language("en")
    yield
    plt.close("all")
    set_language("en")


class Page(HTMLParser):
    """The tags, attributes and texts of a piece of HTML; every tag that opens must close."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts = [], [], {}
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts[self.open[-1]] = data

    def first(self, tag):
        return next(attrs for name, attrs in self.tags if name == tag)


def draw(value):
    figure, ax = plt.subplots(figsize=(2, 1))
    ax.bar([0], [value])
    return figure


def test_every_chapter_has_a_slider():
    chapters = sorted(Path("book/chapters").glob("*.md"))
    assert chapters and [path.name for path in chapters
                         if not re.search(r"^(lambda_)?slider\(", path.read_text(encoding="utf-8"), re.M)] == []


def test_a_slider_that_fails_anywhere_fails_its_solved_notebook_in_make_test_notebooks(tmp_path):
    """That command itself, handed another notebook: tests/every_slider.py moves what the cells make."""
    cells = {"import matplotlib.pyplot as plt\nfrom diffattn_mini.widgets import slider": "",
             "slider(lambda value: plt.plot([value]), [1, 2, 3], 'x', str)": "",
             "slider(lambda value: plt.plot([1 / (value - 3)]), [1, 2, 3], 'x', str)": "draw(3) failed: ZeroDivision",
             "slider(lambda at: plt.figure() if at == 3 else plt.plot([1]), [1, 2, 3], 'x', str)": "nothing is drawn",
             "slider(lambda value: plt.plot([value]), [1, 2, 3], 'x', lambda value: 'a')": "described alike"}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    path = tmp_path / "solved/ro/one.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "IN_ORDER"))}
    told = subprocess.run(["make", "-n", "test-notebooks"], env=plain, capture_output=True, text=True).stdout
    command = re.search(r".*--nbval-lax.*(?= notebooks/ro)", told)[0]
    ran = subprocess.run(f"{command} -n 0 -p no:cacheprovider --color no {path}", shell=True, env=plain,
                         capture_output=True, text=True).stdout
    assert "3 failed, 2 passed" in ran, ran
    assert [said for said in cells.values() if said not in ran] == []


def test_moving_the_live_slider_draws_each_value_once_and_leaves_no_figure_open():
    drawn = []
    slider = widgets.slider(lambda value: drawn.append(value) or draw(value), [1, 2, 3], "x", describe=str, start=2)
    view = slider.widget()
    for value in (3, 1, 2):
        slider.control.value = value
        assert view.children[2].value == str(value)
    assert drawn == [2, 3, 1, 2]
    assert plt.get_fignums() == []


def test_a_draw_that_returns_an_axis_or_nothing_is_understood():
    assert widgets.slider(lambda value: draw(value).axes[0], [1], "x").frame(1).axes[0].patches[0].get_height() == 1
    assert widgets.slider(lambda value: draw(value) and None, [2], "x").frame(2).axes[0].patches[0].get_height() == 2


def test_a_draw_that_shows_its_picture_is_understood(monkeypatch):
    """In a notebook plt.show() shows every open figure, and closes them all."""
    monkeypatch.setattr(plt, "show", lambda *args, **kwargs: plt.close("all"))
    shown = widgets.slider(lambda value: draw(value) and plt.show(), [1, 2], "x", describe=str)
    for value in (1, 2):
        assert shown.frame(value).axes[0].patches[0].get_height() == value
        plt.show()
    assert plt.get_fignums() == [] and shown.widget().children[2].value == "2"
    with pytest.raises(RuntimeError, match=r"draw\(2\) leaves no figure; let it return the one that it makes"):
        widgets.slider(lambda value: draw(value) and plt.close(), [2], "x").frame(2)


def test_values_may_be_an_array_and_words_of_any_kind():
    for values in (np.float32([0.5, 1]), torch.tensor([0.5, 1]), np.array([0.5, 1], dtype=object)):
        slider = widgets.slider(draw, values, "x", describe=str, start=0.5)
        assert json.loads(Page(slider.to_html()).texts["script"])["values"] == ["0.5", "1"]
    quoted = Page(widgets.slider(lambda value: draw(1), ['<"a">'], "x", describe=str).to_html())
    assert quoted.first("input")["aria-valuetext"] == quoted.texts["output"] == '<"a">'


def test_a_draw_that_fails_off_its_default_names_the_value():
    slider = widgets.slider(lambda value: draw(1 / (value - 3)), [1, 2, 3], "x", start=1)
    slider.widget()
    with pytest.raises(RuntimeError, match=r"draw\(3\) failed: ZeroDivisionError"):
        slider.frame(3)


@pytest.mark.parametrize("values, start, said", [([], None, "values is empty"), ([1, 2], 3, "start=3 is not among")])
def test_a_slider_that_cannot_stand_is_refused(values, start, said):
    with pytest.raises(ValueError, match=said):
        widgets.slider(draw, values, "x", start=start)


def test_the_published_slider_holds_one_picture_and_one_description_for_each_value():
    slider = widgets.lambda_slider(draw, values=[0.2, 0.5, 0.8], describe=lambda lam: f"bar <{lam}>", start=0.5)
    page = Page(slider.to_html())
    data = json.loads(page.texts["script"])
    assert data["values"] == ["0.2", "0.5", "0.8"]
    assert data["alts"] == ["bar <0.2>", "bar <0.5>", "bar <0.8>"]
    pictures = [base64.b64decode(frame.removeprefix("data:image/webp;base64,")) for frame in data["frames"]]
    assert len(set(pictures)) == 3 and len({Image.open(io.BytesIO(picture)).size for picture in pictures}) == 1
    assert page.first("img") == {"src": data["frames"][1], "alt": "bar <0.5>", "width": "192", "height": "96"}
    control = page.first("input")
    assert (control["min"], control["max"], control["value"], control["aria-valuetext"]) == ("0", "2", "1", "0.5")
    assert page.texts["span"] == "λ" and page.texts["output"] == "0.5"


def test_a_slider_is_not_published_without_words(monkeypatch):
    with pytest.raises(ValueError, match="describe is missing"):
        widgets.lambda_slider(draw).to_html()


def test_lambda_runs_from_zero_to_one_by_default():
    values = widgets.lambda_slider(draw).values
    assert (values[0], values[-1], len(values)) == (0, 1, 21)


@pytest.mark.parametrize("name", ["cell", "difference", "softmax"])
def test_an_explorer_is_a_widget_with_a_kernel_and_a_place_on_the_page_without(name, monkeypatch):
    set_language("ro")
    live = widgets.explorer(name, lam=0.25)
    assert live.state == {"lang": "ro", "lam": 0.25}
    assert "export default" in str(live._esm)
    assert widgets.explorer(name, lam=np.float32(0.25), x=torch.ones(2)).state == live.state | {"x": [1, 1]}
    with pytest.raises(ValueError, match="Out of range float values"):
        widgets.explorer(name, lam=float("nan"))
    monkeypatch.setenv("DIFFATTN_MINI_PUBLISH", "1")
    place = Page(widgets.explorer(name, lam=0.25).data).first("div")
    assert place["data-explorer"] == name and json.loads(place["data-state"]) == {"lang": "ro", "lam": 0.25}


def test_an_unknown_explorer_is_told_which_exist():
    with pytest.raises(ValueError, match="choose: cell, correlation, difference, softmax"):
        widgets.explorer("diference")


def test_notebooks_carry_no_widget_state():
    for notebook in press.editions().values():
        assert "widgets" not in notebook.metadata
        nbformat.validate(notebook)
