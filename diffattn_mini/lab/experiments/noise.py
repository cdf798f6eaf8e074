"""Attention noise: what a bounded softmax loses in a longer context, and what keeps it sharp."""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ..measures import answer_share, entropy
from ..tasks import Retrieval
from ..training import train
from .plan import Experiment, Record
from .retrieval import Finder, bound_scores

TRAINED = 64  # pairs


@lru_cache(maxsize=1)
def fitted(seed: int, rate: float, bound: float, steps: int) -> Finder:
    """A retrieval layer with bounded scores. The last one is kept: both arms are the same model."""
    torch.manual_seed(seed)
    task = Retrieval(TRAINED)
    model = Finder(task, "standard", bound, causal=False)

    def loss(model: Finder, pairs: tuple) -> Tensor:
        return F.cross_entropy(model(*pairs[:3]).flatten(0, 1), pairs.answers.flatten())

    # seeds of the batches: far from those of the tests
    train(model, lambda step: task.batch(32, 10**4 * (seed + 1) + step), loss, steps, rate, progress=False)
    return model


@torch.no_grad()
def ask(model: Finder, length: int, seed: int, texts: int) -> Record:
    """At so many pairs: right answers, and the answer's share and the entropy in the mean over the heads."""
    pairs = Retrieval(length).batch(texts, seed)
    scores, weights = model(*pairs[:3], return_weights=True)  # (B, M, values), (B, h, M, N)
    share = answer_share(weights, pairs.places[:, None].expand(weights.shape[:-1]))  # (B, h, M)
    return {f"accuracy_{length}": (scores.argmax(-1) == pairs.answers).float().mean().item(),
            f"share_{length}": share.mean().item(), f"entropy_{length}": entropy(weights).mean().item()}  # fmt: skip


def run(
    arm: str, seed: int, rate: float, part: str, bound: float, steps: int, lengths: list[int], texts: int
) -> Record:
    """arm: "bounded", the scores as they were trained; "log_n", the same times log N / log 64 at N pairs."""
    model = fitted(seed, rate, bound, steps)
    result: Record = {"parameters": sum(p.numel() for p in model.parameters())}
    for length in lengths:
        grown = math.log(length) / math.log(TRAINED) if arm == "log_n" else 1.0
        bound_scores(model.attention, bound * grown)
        result |= ask(model, length, 10**6 + 1, texts)
    return result


EXPERIMENTS = [
    Experiment(
        "noise", run, ("bounded", "log_n"), "accuracy_1024",
        {"ro": "Atenția obișnuită cu scoruri mărginite la 2, antrenată la 64 de perechi, întrebată la 1024. Ajută dacă "
               "înmulțim scorurile, fără altă antrenare, cu log N / log 64?",
         "en": "Ordinary attention with scores bounded by 2, trained on 64 pairs, asked at 1024. Does it help to "
               "multiply the scores by log N / log 64, without more training?"},
        rates=(0.128,), validation=(), test="sign-flip", margin=0.02,
        settings={"bound": 2.0, "steps": 400, "lengths": [64, 128, 256, 512, 1024], "texts": 128},
    ),
]  # fmt: skip
