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


def make(arm: str, seed: int, bound: float) -> Finder:
    """A retrieval layer. arm: "bounded" or "log_n" (the same layer, asked in another way), "softpick", "free"."""
    torch.manual_seed(seed)
    kind = "softpick" if arm == "softpick" else "standard"
    return Finder(Retrieval(TRAINED), kind, None if arm == "free" else bound, causal=False)


def loss(model: Finder, pairs: tuple) -> Tensor:
    return F.cross_entropy(model(*pairs[:3]).flatten(0, 1), pairs.answers.flatten())


def fit(model: Finder, seed: int, rate: float, steps: int) -> list[dict]:
    """Train on batches that are the same for every arm, far from those that it is asked on."""
    task = Retrieval(TRAINED)
    return train(model, lambda step: task.batch(32, 10**4 * (seed + 1) + step), loss, steps, rate, progress=False)


@lru_cache(maxsize=1)
def fitted(kind: str, seed: int, rate: float, bound: float, steps: int) -> Finder:
    """The last model is kept: "log_n" is "bounded", trained alike."""
    model = make(kind, seed, bound)
    fit(model, seed, rate, steps)
    return model


@torch.no_grad()
def ask(model: Finder, length: int, seed: int, texts: int) -> Record:
    """At so many pairs: right answers, the answer's share, the entropy and the largest weight, means over heads."""
    pairs = Retrieval(length).batch(texts, seed)
    scores, weights = model(*pairs[:3], return_weights=True)  # (B, M, values), (B, h, M, N)
    share = answer_share(weights, pairs.places[:, None].expand(weights.shape[:-1]))  # (B, h, M)
    return {f"accuracy_{length}": (scores.argmax(-1) == pairs.answers).float().mean().item(),
            f"share_{length}": share.nanmean().item(), f"best_head_{length}": share.nanmean((0, 2)).max().item(),
            f"entropy_{length}": entropy(weights).nanmean().item()}  # fmt: skip


def run(arm: str, seed: int, rate: float, part: str, bound: float, steps: int, lengths: list[int], texts: int) -> Record:
    model = fitted("bounded" if arm == "log_n" else arm, seed, rate, bound, steps)
    result: Record = {"parameters": sum(p.numel() for p in model.parameters())}
    for length in lengths:
        if arm in ("bounded", "log_n"):
            grown = math.log(length) / math.log(TRAINED) if arm == "log_n" else 1.0
            bound_scores(model.attention, bound * grown)
        result |= ask(model, length, 10**6 + (1 if part == "test" else 2), texts)
    return result


EXPERIMENTS = [
    Experiment(
        "noise", run, ("bounded", "log_n", "softpick", "free"), "accuracy_1024",
        {"ro": "Atenția obișnuită cu scoruri mărginite la 2, antrenată la 64 de perechi, probată la 1024. Ajută "
               "scorurile înmulțite cu log N, zerourile exacte (softpick), scorurile libere?",
         "en": "Ordinary attention with scores bounded by 2, trained on 64 pairs, tested on 1024. Do scores multiplied "
               "by log N help, exact zeros (softpick), free scores?"},
        rates=(3e-3, 1.6e-2, 6.4e-2, 1.28e-1, 2.56e-1), test="sign-flip", margin=0.02,
        settings={"bound": 2.0, "steps": 400, "lengths": [64, 128, 256, 512, 1024], "texts": 128},
    ),
]  # fmt: skip
