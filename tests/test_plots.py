"""What a picture shows is what it was given, and it can be read."""
import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import to_hex, to_rgb  # noqa: E402

from diffattn_mini import plots  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def luminance(color):
    """Relative luminance, straight from the definition of WCAG 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(a, b):
    light, dark = max(luminance(a), luminance(b)), min(luminance(a), luminance(b))
    return (light + 0.05) / (dark + 0.05)


def test_bars_have_the_height_of_their_values_and_the_colour_of_their_sign():
    ax = plots.plot_weights([0.5, -0.25, 0], ["a", "b", "c"], kind="map2")
    assert [bar.get_height() for bar in ax.patches] == [0.5, -0.25, 0]
    assert [to_hex(bar.get_facecolor()).upper() for bar in ax.patches] == ["#C44F00", "#A23B72", "#C44F00"]
    assert [text.get_text() for text in ax.texts] == ["0.50", "−0.25", "0.00"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]


@pytest.mark.parametrize("kind", ["map1", "map2", "difference"])
def test_every_number_in_a_map_can_be_read_against_its_cell(kind):
    values = np.linspace(-1, 1, 49).reshape(7, 7)
    ax = plots.plot_map(values, kind=kind)
    image = ax.images[0]
    colors = image.cmap(image.norm(values))
    for text in ax.texts:
        column, row = map(round, text.get_position())
        *rgb, alpha = colors[row, column]
        shown = alpha * np.array(rgb) + (1 - alpha)  # over white paper
        assert ratio(text.get_color(), shown) >= 4.5
        assert text.get_text().replace("−", "-") == f"{values[row, column]:.2f}".replace("-0.00", "0.00")


def test_a_map_is_clear_at_zero_and_takes_the_colour_of_the_sign():
    ax = plots.plot_map([[1.0, 0.0, -1.0]], kind="difference")
    image = ax.images[0]
    top, zero, bottom = image.cmap(image.norm([1.0, 0.0, -1.0]))
    assert to_hex(top).upper() == plots.COLORS["difference"] and top[3] == 1
    assert zero[3] < 0.01
    assert to_hex(bottom).upper() == plots.COLORS["negative"] and bottom[3] == 1


def test_the_triptych_shows_two_maps_and_their_difference_on_one_scale():
    map1, map2 = np.array([[1.0, 0.0], [0.25, 0.75]]), np.array([[1.0, 0.0], [0.5, 0.5]])
    figure = plots.plot_triptych(map1, map2, 0.5, labels=["a", "b"])
    shown = [ax.images[0] for ax in figure.axes]
    for image, expected in zip(shown, [map1, map2, [[0.5, 0.0], [0.0, 0.5]]], strict=True):
        np.testing.assert_array_equal(image.get_array(), expected)
    assert {image.get_clim() for image in shown} == {(-1.0, 1.0)}
    assert figure.axes[2].get_title() == "A₁ − 0.50 A₂"


def test_curves_and_shares_draw_the_data_and_nothing_else():
    ax = plots.plot_curve([1, 2], [0.1, 0.2], spread=np.array([0.01, 0.02]), kind="map2", label="x")
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 0.1], [2, 0.2]])
    band = ax.collections[0].get_paths()[0].vertices
    np.testing.assert_allclose([band[:, 1].min(), band[:, 1].max()], [0.09, 0.22])
    ax = plots.plot_shares([4, 8], [0.9, 0.7], [0.1, 0.3], ("a", "p"))
    assert [list(line.get_ydata()) for line in ax.lines] == [[0.9, 0.7], [0.1, 0.3]]
    assert [text.get_text() for text in ax.texts] == ["a", "p"]


def test_arrows_go_from_the_origin_to_their_vectors_in_their_colours():
    ax = plots.plot_arrows([[3, 1], [-2, 0.5]], ["a", "b"], kinds=["map1", "map2"])
    arrows = ax.collections[0]
    assert (list(arrows.U), list(arrows.V)) == ([3, -2], [1, 0.5]) and not np.any(arrows.get_offsets())
    assert [to_hex(c).upper() for c in arrows.get_facecolors()] == [plots.COLORS["map1"], plots.COLORS["map2"]]
    assert [text.get_text() for text in ax.texts] == ["a", "b"]
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert left < -2 and right > 3 and low <= 0 and high > 1


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.uint8])
def test_tensors_are_drawn_as_the_numbers_that_they_hold(dtype):
    x = torch.tensor([1.0, 2], dtype=dtype).requires_grad_(dtype.is_floating_point)
    assert [bar.get_height() for bar in plots.plot_weights(x).patches] == [1, 2]
    np.testing.assert_array_equal(plots.plot_map(x[None], vmax=2).images[0].get_array(), [[1, 2]])
    np.testing.assert_array_equal(plots.plot_triptych(x[None], x[None], 1).axes[2].images[0].get_array(), [[0, 0]])
    np.testing.assert_array_equal(plots.plot_curve(x, x, spread=x).lines[0].get_xydata(), [[1, 1], [2, 2]])
    shares = plots.plot_shares(x, x, x, ("a", "p"))
    assert [label.get_text() for label in shares.get_xticklabels()] == ["1", "2"]
    assert [text.get_text() for text in plots.plot_arrows(torch.stack([x, x]), ["a", "b"]).texts] == ["a", "b"]


def test_a_given_axis_is_the_one_that_is_drawn_on_and_returned():
    ax = plt.subplots()[1]
    for draw in (lambda: plots.plot_weights([1], ax=ax), lambda: plots.plot_curve([0, 1], [0, 1], ax=ax),
                 lambda: plots.plot_map([[1]], ax=ax), lambda: plots.plot_shares([1, 2], [0, 1], [1, 0], "ab", ax=ax)):
        assert draw() is ax
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("draw, said", [
    (lambda: plots.plot_map(np.zeros((2, 3, 3))), r"shape \(2, 3, 3\); a map \(T, S\) is expected"),
    (lambda: plots.plot_arrows([[1, 2, 3]]), r"shape \(1, 3\); arrows in the plane, \(n, 2\)"),
    (lambda: plots.plot_weights([1], kind="map3"), "kind='map3'; choose from map1, map2, difference"),
])
def test_a_wrong_input_is_named(draw, said):
    with pytest.raises(ValueError, match=said):
        draw()


def test_page_and_figures_have_the_same_colours():
    css = (ROOT / "book/theme/static/book.css").read_text(encoding="utf-8")
    light = css[css.index(":root"): css.index('html[data-theme="dark"]')]
    found = dict(re.findall(r"--(\w+):\s*(#[0-9A-Fa-f]{6})", light))
    assert {name: found[name].upper() for name in plots.COLORS} == plots.COLORS


def test_explorers_carry_the_same_colours_where_the_page_gives_none():
    for path in (ROOT / "diffattn_mini/explorers").glob("*.mjs"):
        for name, color in re.findall(r"var\(--(\w+), (#[0-9A-Fa-f]{6})\)", path.read_text(encoding="utf-8")):
            assert plots.COLORS.get(name, color) == color, f"{path.name}: --{name}"
