"""When does subtracting help? Two maps whose noise is shared, more or less. Nothing is trained."""

import numpy as np

from ...attention.softmax import softmax
from .plan import Experiment, Record

SHARED = (0, 0.25, 0.5, 0.75, 0.99)


def two_maps(
    rho: float, seed: int, length: int, rows: int, answer: float, spread: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Two maps, (rows, length) each. Word 0 is the answer: score `answer` in the first map, 0 in the second.

    The scores of the other words are normal, mean 0 and standard deviation `spread`, with correlation rho between the
    maps.
    """
    rng = np.random.default_rng(seed)
    first = rng.normal(size=(rows, length))
    own = rng.normal(size=(rows, length))
    second = rho * first + np.sqrt(1 - rho**2) * own
    first, second = spread * first, spread * second
    first[:, 0], second[:, 0] = answer, 0
    return softmax(first), softmax(second)


def signal_to_noise(weights: np.ndarray) -> float:
    """In decibels: the answer's mean weight squared, over the mean sum of squares of the others. (rows, length)."""
    noise = (weights[:, 1:] ** 2).sum(axis=1).mean()
    return float(10 * np.log10(weights[:, 0].mean() ** 2 / noise))


def run(arm: str, seed: int, rate: float, part: str, lam: float, **sizes: float) -> Record:
    """The arm is "rho=..." or "alone", the first map without a second. There is neither rate nor part."""
    rho = float(arm.removeprefix("rho=")) if arm != "alone" else 0.0
    map1, map2 = two_maps(rho, seed, **sizes)
    left = map1 - (0 if arm == "alone" else lam) * map2
    noise1, noise2 = map1[:, 1:], map2[:, 1:]
    return {"snr_db": signal_to_noise(left), "best_lambda": float((noise1 * noise2).sum() / (noise2**2).sum())}


EXPERIMENTS = [
    Experiment(
        "amplifier", run, ("alone", *(f"rho={rho}" for rho in SHARED)), "snr_db",
        {"ro": "Raportul semnal-zgomot al ieșirii când se scade 0,8 dintr-o a doua hartă care aude, mai mult sau mai "
               "puțin, același zgomot; fără antrenare.",
         "en": "The signal-to-noise ratio of the output when 0.8 of a second map is subtracted that hears, more or "
               "less, the same noise; nothing is trained."},
        rates=(0.0,), validation=(), settings={"lam": 0.8, "length": 256, "rows": 200, "answer": 3.0},
    )
]  # fmt: skip
