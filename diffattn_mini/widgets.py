"""Sliders and explorers: live with a kernel, and the same pictures behind a range input on the published page."""

import base64
import html
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from numbers import Real
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from .language import get_language, say

LAMBDAS = tuple(round(0.05 * i, 2) for i in range(21))
PAGE_WIDTH = 760  # of the page's column, in its pixels; a wider picture scrolls sideways on a phone


def publishing() -> bool:
    """Is this run drawn for the published page, where no kernel will answer?"""
    return os.environ.get("DIFFATTN_MINI_PUBLISH") == "1"


def slider(
    draw: Callable[[Any], Figure | None],
    values: Sequence[Any],
    label: str,
    describe: Callable[[Any], str] | None = None,
    start: Any = None,
) -> "Slider":
    """A picture that follows a slider.

    draw(value) makes a figure, or draws on the current one (plt.show() does nothing in it); values: what the slider
    runs over; label: its name; describe(value): the picture in words, shown below it and read aloud (required for
    publishing); start: the first value, by default the middle one. Raises ValueError for no values or a start that is
    not among them.
    """
    return Slider(draw, values, label, describe, start)


def lambda_slider(
    draw: Callable[[float], Figure | None],
    values: Sequence[float] = LAMBDAS,
    describe: Callable[[float], str] | None = None,
    start: float | None = None,
) -> "Slider":
    """A slider over lambda, by default from 0 to 1 in steps of 0.05. See slider."""
    return Slider(draw, values, "λ", describe, start)


class Slider:
    """What slider() returns; shows itself in a notebook. `frame(value)` draws one picture of it."""

    def __init__(self, draw, values, label, describe=None, start=None):
        self.draw, self.label, self.describe = draw, label, describe
        self.values = values.tolist() if hasattr(values, "tolist") else list(values)  # of an array, plain numbers
        if not self.values:
            raise ValueError("values is empty; give the slider at least one value to stand on")
        self.start = self.values[len(self.values) // 2] if start is None else start
        if self.start not in self.values:
            raise ValueError(f"start={start} is not among the values {self.values[0]} ... {self.values[-1]}")
        self.control = None

    def frame(self, value: Any) -> Figure:
        """The figure at one value. Raises RuntimeError that names the value when draw fails or leaves no figure."""
        try:
            with _showing_nothing():
                drawn = self.draw(value)
        except Exception as error:
            plt.close("all")
            raise RuntimeError(f"draw({value!r}) failed: {type(error).__name__}: {error}") from error
        figure = drawn if isinstance(drawn, Figure) else getattr(drawn, "figure", None)
        if figure is None and not plt.get_fignums():
            raise RuntimeError(f"draw({value!r}) leaves no figure; let it return the one that it makes")
        return figure or plt.gcf()

    def widget(self) -> Any:
        """The live slider, ipywidgets 7.7.1 or 8."""
        import ipywidgets
        from IPython.display import clear_output, display

        options = [(_text(value), value) for value in self.values]
        self.control = ipywidgets.SelectionSlider(
            options=options, value=self.start, description=self.label, layout={"width": "min(36em, 95%)"},
            style={"description_width": "initial"},
        )
        picture, words = ipywidgets.Output(), ipywidgets.HTML()

        def redraw(change=None):
            figure = self.frame(self.control.value)
            with picture:
                clear_output(wait=True)
                display(figure)
            plt.close(figure)
            words.value = html.escape(self.describe(self.control.value)) if self.describe else ""

        self.control.observe(redraw, names="value")
        redraw()
        return ipywidgets.VBox([self.control, picture, words])

    def to_html(self) -> str:
        """All the frames behind a range input; without JavaScript, the first picture."""
        if self.describe is None:
            raise ValueError("describe is missing: a published slider says in words what each picture shows")
        width, height = self._size()
        wide = ' class="sideways"' if width > PAGE_WIDTH else ""
        frames = [self._image(value) for value in self.values]
        alts = [self.describe(value) for value in self.values]
        at, start = self.values.index(self.start), html.escape(_text(self.start))
        data = json.dumps({"frames": frames, "alts": alts, "values": [_text(value) for value in self.values]})
        data = data.replace("</", "<\\/")
        return (
            '<div class="frames">'
            f'<div class="frames-control" hidden><label><span>{html.escape(self.label)}</span> '
            f'<input type="range" min="0" max="{len(frames) - 1}" step="1" value="{at}" '
            f'aria-valuetext="{start}"></label> <output>{start}</output></div>'
            f'<div{wide}><img width="{width}" height="{height}" src="{frames[at]}" '
            f'alt="{html.escape(alts[at])}"></div>'
            f'<p class="frames-words" aria-hidden="true">{html.escape(alts[at])}</p>'
            f'<script type="application/json">{data}</script></div>'
        )

    def _size(self) -> tuple[int, int]:
        """What a frame measures on the page, at 96 dots an inch."""
        figure = self.frame(self.start)
        plt.close(figure)
        return tuple(round(96 * inches) for inches in figure.get_size_inches())

    def _image(self, value: Any) -> str:
        figure, buffer = self.frame(value), io.BytesIO()
        figure.savefig(buffer, format="webp", dpi=150, pil_kwargs={"lossless": True})
        plt.close(figure)
        return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"

    def _ipython_display_(self) -> None:
        from IPython.display import HTML, display

        display(HTML(self.to_html()) if publishing() else self.widget())


def explorer(name: str, **state: Any) -> Any:
    """A picture that computes in the page, with a kernel or without: "cell", "correlation", "difference",
    "softmax".

    state: what it starts from: finite numbers, strings, lists and arrays. Raises ValueError for an unknown name.
    """
    folder = resources.files(__package__) / "explorers"
    known = sorted(path.name.removesuffix(".mjs") for path in folder.iterdir() if path.name.endswith(".mjs"))
    if name not in known:
        raise ValueError(say(f"nu există exploratorul {name!r}; alege: {', '.join(known)}",
                             f"no explorer {name!r}; choose: {', '.join(known)}"))
    state = {"lang": get_language(), **state}
    state = json.loads(json.dumps(state, default=lambda x: x.tolist(), allow_nan=False))
    if publishing():
        from IPython.display import HTML

        data = html.escape(json.dumps(state, ensure_ascii=False))
        return HTML(f'<div class="explorer" data-explorer="{name}" data-state="{data}"></div>')
    import anywidget
    import traitlets

    esm = (folder / f"{name}.mjs").read_text(encoding="utf-8")
    kind = type("Explorer", (anywidget.AnyWidget,), {"_esm": esm, "state": traitlets.Dict().tag(sync=True)})
    return kind(state=state)


@contextmanager
def _showing_nothing() -> Iterator[None]:
    """In a notebook plt.show() shows and closes what is drawn: the slider would be left with an empty picture."""
    show, plt.show = plt.show, lambda *args, **kwargs: None
    try:
        yield
    finally:
        plt.show = show


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, Real) else str(value)
