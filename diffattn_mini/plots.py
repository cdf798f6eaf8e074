"""The book's pictures: each function takes data and an axis, draws just that, and returns the axis.

One colour for each map and one for the difference, through the whole book; purple means below zero. Data are lists,
arrays or tensors of numbers.
"""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

from .arrays import namespace

COLORS = {
    "map1": "#0072B2",
    "map2": "#C44F00",
    "difference": "#00795A",
    "negative": "#A23B72",
    "ink": "#1F2933",
    "muted": "#5B6673",
    "paper": "#FFFFFF",
}
MINUS = "\u2212"


def use_style() -> None:
    """Calm figures for page and notebook: transparent ground, large type, few lines."""
    plt.rcParams.update({
        "figure.figsize": (6.6, 3.9),
        "figure.dpi": 160,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "savefig.transparent": True,
        "figure.constrained_layout.use": True,
        "font.size": 12,
        "axes.titlesize": 13,
        "axes.labelsize": 12,
        "axes.titlepad": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": COLORS["muted"],
        "axes.labelcolor": COLORS["ink"],
        "text.color": COLORS["ink"],
        "xtick.color": COLORS["ink"],
        "ytick.color": COLORS["ink"],
        "lines.linewidth": 2.5,
        "legend.frameon": False,
    })


def plot_weights(
    values: Any, labels: list[str] | None = None, ax: Axes | None = None, kind: str = "map1", numbers: bool = True
) -> Axes:
    """Bars of the weights or scores of a few words, below zero in the negative colour.

    values: (n,). labels: n words. kind: "map1", "map2" or "difference". Returns the axis.
    """
    ax = ax or plt.subplots()[1]
    values = _numbers(values)
    colors = [COLORS["negative"] if value < 0 else _color(kind) for value in values]
    ax.bar(range(len(values)), values, color=colors, width=0.62)
    ax.axhline(0, color=COLORS["muted"], linewidth=1)
    ax.set_xticks(range(len(values)), labels if labels is not None else [str(i) for i in range(len(values))])
    ax.tick_params(length=0)
    ax.margins(y=0.18)
    if numbers:
        for i, value in enumerate(values):
            above = value >= 0
            ax.annotate(_number(value), (i, value), xytext=(0, 4 if above else -4), textcoords="offset points",
                        ha="center", va="bottom" if above else "top", fontsize=12)
    return ax


def plot_arrows(
    vectors: Any, labels: list[str] | None = None, ax: Axes | None = None, kinds: list[str] | None = None
) -> Axes:
    """Arrows from the origin, each with its name at the tip, on axes of one scale.

    vectors: (n, 2). labels: n names. kinds: n colours, by default "map1" for all. Returns the axis.
    Raises ValueError unless the vectors lie in the plane.
    """
    vectors = _numbers(vectors)
    if vectors.ndim != 2 or vectors.shape[1] != 2:
        raise ValueError(f"vectors has shape {vectors.shape}; arrows in the plane, (n, 2), are expected")
    ax = ax or plt.subplots()[1]
    colors = [_color(kind) for kind in kinds or ["map1"] * len(vectors)]
    origin = np.zeros(len(vectors))
    ax.quiver(origin, origin, *vectors.T, color=colors, angles="xy", scale_units="xy", scale=1, width=0.009)
    for (x, y), label, color in zip(vectors, labels or [""] * len(vectors), colors, strict=True):
        place = (6 if x >= 0 else -6, 7 if y >= 0 else -7)
        ax.annotate(label, (x, y), xytext=place, textcoords="offset points", color=color, va="center",
                    ha="left" if x >= 0 else "right")  # fmt: skip
    ax.set_aspect("equal", adjustable="box")
    ax.update_datalim([*vectors, (0, 0), *(vectors * 1.25)])
    ax.autoscale_view()
    return ax


def plot_map(
    weights: Any,
    ax: Axes | None = None,
    kind: str = "map1",
    rows: list[str] | None = None,
    columns: list[str] | None = None,
    numbers: bool | None = None,
    vmax: float = 1.0,
    title: str | None = None,
) -> Axes:
    """An attention map: the darker, the larger; a difference is signed, negative colour below zero.

    weights: (T, S). rows, columns: their words. vmax: the size at which the colour is full. numbers: in every cell;
    by default where the map has at most 64 cells. Returns the axis. Raises ValueError unless weights has two axes.
    """
    weights = _numbers(weights)
    if weights.ndim != 2:
        raise ValueError(f"weights has shape {weights.shape}; a map (T, S) is expected: take one head of one sentence")
    if ax is None:
        size = min(1.4 + 0.8 * max(weights.shape), 6.6)
        ax = plt.subplots(figsize=(size + 0.8, size))[1]
    ax.imshow(weights, cmap=_colormap(kind), vmin=-vmax, vmax=vmax)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xticks(range(weights.shape[1]), columns if columns is not None else [""] * weights.shape[1])
    ax.set_yticks(range(weights.shape[0]), rows if rows is not None else [""] * weights.shape[0])
    ax.tick_params(length=0)
    if columns is not None and sum(map(len, columns)) > 5 * weights.shape[1]:
        ax.tick_params(axis="x", rotation=45)
    if numbers or (numbers is None and weights.size <= 64):
        _write_numbers(ax, weights, kind, vmax)
    if title:
        ax.set_title(title)
    return ax


def plot_triptych(map1: Any, map2: Any, lam: float, labels: list[str] | None = None, axes: Any = None) -> Figure:
    """A1 | A2 | A1 - lambda A2, in their colours and on one scale. map1, map2: (T, T). Returns the figure."""
    if axes is None:
        axes = plt.subplots(1, 3, figsize=(11, 4.2))[1]
    map1, map2 = _numbers(map1), _numbers(map2)
    plot_map(map1, axes[0], "map1", rows=labels, columns=labels, title="A₁")
    plot_map(map2, axes[1], "map2", columns=labels, title="A₂")
    plot_map(map1 - lam * map2, axes[2], "difference", columns=labels, title=f"A₁ {MINUS} {lam:.2f} A₂")
    for ax, kind in zip(axes, ("map1", "map2", "difference"), strict=True):
        ax.title.set_color(_color(kind))
    return axes[0].figure


def plot_shares(x: Any, answer: Any, padding: Any, labels: tuple[str, str], ax: Axes | None = None) -> Axes:
    """The answer's share and the padding's, against the length. x, answer, padding: (n,). Returns the axis."""
    ax = ax or plt.subplots()[1]
    x, answer, padding = map(_numbers, (x, answer, padding))
    for y, kind, label in ((answer, "map1", labels[0]), (padding, "muted", labels[1])):
        ax.plot(x, y, color=_color(kind), marker="o")
        ax.annotate(label, (x[-1], y[-1]), xytext=(8, 0), textcoords="offset points", va="center", color=_color(kind))
    ax.set_xscale("log", base=2)
    ax.set_xticks(x, [f"{n:g}" for n in x])
    ax.minorticks_off()
    ax.set_ylim(0, 1.04)
    return ax


def plot_curve(
    x: Any, y: Any, spread: Any = None, ax: Axes | None = None, kind: str = "map1", label: str | None = None
) -> Axes:
    """A curve, with a band of one spread to each side and its name at its end. x, y, spread: (n,). Returns the axis."""
    ax = ax or plt.subplots()[1]
    x, y = _numbers(x), _numbers(y)
    ax.plot(x, y, color=_color(kind))
    if spread is not None:
        spread = _numbers(spread)
        ax.fill_between(x, y - spread, y + spread, color=_color(kind), alpha=0.2, linewidth=0)
    if label:
        ax.annotate(label, (x[-1], y[-1]), xytext=(8, 0), textcoords="offset points", va="center", color=_color(kind))
    return ax


def contrast(a: Any, b: Any) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    light, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Any) -> float:
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def _numbers(x: Any) -> np.ndarray:
    """Floats that can be drawn: of a tensor whatever its device, its precision and its gradient."""
    return np.asarray(x if namespace(x) is np else x.detach().cpu().double(), dtype=float)


def _color(kind: str) -> str:
    if kind not in COLORS:
        raise ValueError(f"kind={kind!r}; choose from {', '.join(COLORS)}")
    return COLORS[kind]


def _colormap(kind: str) -> LinearSegmentedColormap:
    """Transparent at zero; the kind's colour at the top, the negative colour at the bottom."""
    low, high = to_rgb(COLORS["negative"]), to_rgb(_color(kind))
    stops = [(0, (*low, 1)), (0.5, (*low, 0)), (0.5, (*high, 0)), (1, (*high, 1))]
    return LinearSegmentedColormap.from_list(kind, stops)


def _write_numbers(ax: Axes, weights: np.ndarray, kind: str, vmax: float) -> None:
    colormap = _colormap(kind)
    for (row, column), value in np.ndenumerate(weights):
        *rgb, alpha = colormap((value / vmax + 1) / 2)
        shown = alpha * np.array(rgb) + (1 - alpha) * np.array(to_rgb(COLORS["paper"]))
        color = max(("white", "black"), key=lambda ink: contrast(ink, shown))
        if value:
            ax.text(column, row, _number(value), ha="center", va="center", fontsize=11, color=color)


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", MINUS)  # + 0.0: no negative zero
