"""Outliers: how far the largest activations and scores of a trained character model stand out from the others."""

import torch
from torch import Tensor

from ...models.transformer import MiniGPT
from ..measures import coarse_scores
from .language import MODEL, TEXT, loss_on_new_text, trained
from .plan import Experiment, Record

PLACES = (1, 2, 3, 10, 100)  # the largest, the second, …: those of the paper's table


def sizes(values: Tensor) -> list[float]:
    """The sizes |x| at these places from the top, then the median."""
    found = values.abs().flatten()
    top = found.topk(PLACES[-1]).values
    return [*(top[place - 1].item() for place in PLACES), found.median().item()]


@torch.no_grad()
def hidden_states(model: MiniGPT, tokens: Tensor) -> Tensor:
    """What every block gives out: (n_layers, B, T, dim)."""
    x, found = model.embedding(tokens), []
    for block in model.blocks:
        x = block(x)
        found.append(x)
    return torch.stack(found)


def run(arm: str, seed: int, rate: float, part: str, rates: dict[str, float], length: int, **settings: int) -> Record:
    """rate: times the arm's own, from `rates`, which were chosen on the validation data of `characters`."""
    model, _ = trained(arm, seed, rate * rates[arm], length=length, **settings)
    tokens, _ = TEXT.batch(16, length, seed=10**6 + 1, part=part)
    hidden = sizes(hidden_states(model, tokens))
    with torch.no_grad(), coarse_scores(model) as largest:
        model(tokens)
    return {"parameters": sum(p.numel() for p in model.parameters()),
            "loss": loss_on_new_text(model, length, part=part), "hidden": hidden,
            "largest_over_median": hidden[0] / hidden[-1], "largest_scores": largest}  # fmt: skip


EXPERIMENTS = [
    Experiment(
        "outliers", run, ("standard", "normed", "diff", "diff2"), "largest_over_median",
        {"ro": "De câte ori mediana este cea mai mare valoare dintre stările ascunse ale unui model de caractere?",
         "en": "How many times the median is the largest value among the hidden states of a character model?"},
        rates=(1.0,), validation=(), larger=False, seeds=tuple(range(100, 110)),  # not those of `characters`
        settings=MODEL | {"rates": {"standard": 1.2e-2, "normed": 6e-3, "diff": 1.2e-2, "diff2": 1.2e-2}},
    )
]  # fmt: skip
