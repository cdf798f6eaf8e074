"""Draw the README's picture, book/picture.svg: two maps and their difference, as in chapter 11."""
import io
import os
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np

from diffattn_mini import softmax
from diffattn_mini.plots import plot_triptych, use_style

PATH = Path(__file__).resolve().parents[1] / "picture.svg"


def picture():
    """The picture as SVG bytes, the same bytes every time."""
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(6, 6))
    scores1 = noise + 0.2 * rng.normal(size=(6, 6))
    scores1[np.arange(6), [0, 0, 0, 2, 3, 2]] += 2.5
    scores2 = noise + 0.2 * rng.normal(size=(6, 6))
    future = np.triu(np.ones((6, 6), dtype=bool), k=1)
    map1, map2 = (softmax(np.where(future, -np.inf, scores)) for scores in (scores1, scores2))

    use_style()
    with matplotlib.rc_context({"svg.hashsalt": "diffattn"}):
        figure = plot_triptych(map1, map2, 0.4)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None}, facecolor="white", transparent=False)
        plt.close(figure)
    return buffer.getvalue()


if __name__ == "__main__":
    fresh = picture()
    if not PATH.exists() or PATH.read_bytes() != fresh:
        beside = PATH.with_suffix(".new")
        beside.write_bytes(fresh)
        os.replace(beside, PATH)
        print(f"picture: {PATH.name}")
