"""The differential layer with a piece taken out: the normalisation of a head, the factor, the learned lambda."""

import torch

from ..mistakes import PIECES
from .mistakes import SETTINGS, TASK, build, lambdas_of, loss, trained
from .plan import Experiment, Record


def run(arm: str, seed: int, rate: float, part: str, steps: int, length: int, dim: int, n_layers: int) -> Record:
    """arm: a name from PIECES."""
    model = build(PIECES[arm], seed, dim, n_layers)
    history, _ = trained(model, seed, rate, steps, length)
    with torch.no_grad():
        unseen = loss(model, TASK.batch(128, length, 10**6, part)).item()
    return {"parameters": sum(p.numel() for p in model.parameters()), "loss": unseen, "history": history,
            "lambdas": [lambdas_of(model)]}  # fmt: skip


EXPERIMENTS = [
    Experiment(
        "pieces", run, ("diff", "no norm", "no factor", "fixed lambda"), "loss",
        {"ro": "Stratul diferențial fără normalizare, fără factor sau cu λ fix: cât se schimbă pierderea pe fraze "
               "nevăzute?",
         "en": "The differential layer without its normalisation, without its factor, or with λ fixed: how much does "
               "the loss on unseen sentences change?"},
        rates=(5e-3, 1e-2, 2e-2), larger=False, margin=0.02, settings=SETTINGS,
    ),
]  # fmt: skip
