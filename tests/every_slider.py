"""Run by the kernel of every notebook under test before its first cell (PYTHONSTARTUP; see the Makefile).

In a solved edition each slider stands at all of its values as soon as it is made, so that a picture that fails off its
default fails its cell. A function that is deleted at the end: the notebook's own names stay what they are.
"""


def _watch_sliders():
    from pathlib import Path

    if Path.cwd().parent.name != "solved":
        return

    import matplotlib.pyplot as plt

    from diffattn_mini.widgets import Slider

    make = Slider.__init__

    def make_and_move(slider, *args, **options):
        make(slider, *args, **options)
        described = set()
        for value in slider.values:
            figure = slider.frame(value)
            assert any(ax.has_data() for ax in figure.axes), f"nothing is drawn at {value!r}"
            plt.close(figure)
            described.add(slider.describe(value))
        assert len(described) == len(slider.values), "two values are described alike"

    Slider.__init__ = make_and_move


_watch_sliders()
del _watch_sliders
