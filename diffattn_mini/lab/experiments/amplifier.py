"""When does a differential amplifier help? Two maps with noise that they share, more or less. Nothing is trained."""

import numpy as np

from ...attention.softmax import softmax
from .plan import Experiment, Record

LAMBDAS = tuple(round(0.1 * i, 1) for i in range(13))


def run(arm: str, seed: int, rate: float, part: str, length: int, rows: int, signal: float) -> Record:
    """The answer's share of |A1 - lambda A2| for every lambda. The arm is "rho=..."; there is neither rate nor part."""
    rho = float(arm.removeprefix("rho="))
    noise = np.random.default_rng(seed)
    first = noise.normal(size=(rows, length))
    second = rho * first + np.sqrt(1 - rho**2) * noise.normal(size=(rows, length))
    first[:, 0], second[:, 0] = signal, 0
    map1, map2 = softmax(first), softmax(second)
    shares = []
    for lam in LAMBDAS:
        size = np.abs(map1 - lam * map2)
        shares.append(float((size[:, 0] / size.sum(1)).mean()))
    return {"lambdas": LAMBDAS, "shares": shares, "best_lambda": LAMBDAS[int(np.argmax(shares))],
            "gain": max(shares) - shares[0]}  # fmt: skip


EXPERIMENTS = [
    Experiment(
        "amplifier", run, tuple(f"rho={rho}" for rho in (0, 0.2, 0.5, 0.8, 0.9, 0.99)), "gain",
        {"ro": "Cât câștigă partea răspunsului când cele două hărți aud zgomot comun, fără antrenare.",
         "en": "What the answer's share gains where both maps hear the same noise; nothing is trained."},
        rates=(0.0,), seeds=(0, 1, 2, 3, 4), validation=(), compared=(),
        settings={"length": 256, "rows": 200, "signal": 3.0},
    )
]  # fmt: skip
