"""Six faults put into a small GPT on purpose: what the curves show, and which sign betrays each.

An illustration, no verdict: five seeds, one rate for all (that of the whole model in `sentences-en`), nothing chosen.
Every tenth step has the mean training loss of the ten steps, and the loss on unseen sentences read word by word: each
word is predicted from what stands before it, as when the model writes. The whole model stands beside each fault.

The signs, written before the run; a fault is betrayed on a seed where its sign holds:

    mask       the training loss ends below the entropy of the grammar (2 is taken, which should lie below it),
               and word by word the loss ends at least 1 above it
    targets    the training loss is below 0.1 after 50 steps, and word by word the loss is above ln V
    cache      the training loss is that of the whole model, and word by word the loss ends at least 0.5 above it
    positions  the two losses end within 0.15 of each other, and word by word at least 0.1 above the whole model
    skip       the same, and after 100 steps word by word at least 0.3 above the whole model
    sqrt       after 150 steps word by word at least 0.1 above the whole model, at the end within 0.1 of it
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ...attention.multi_head import MultiHeadAttention
from ...attention.scaled import scaled_scores
from ...models.transformer import Config, MiniGPT
from ..tasks import Sentences
from ..training import train
from .plan import Experiment, Record

TASK = Sentences("en")
PLACES = range(3, 48, 4)  # of the words that are predicted, every fourth


def mask_after_softmax(q, k, v, *_):
    weights = scaled_scores(q, k).softmax(-1)  # the words to come take their share
    return weights.tril() @ v, weights.tril()


def without_root(q, k, v, *_):
    causal = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
    weights = (q @ k.mT).masked_fill(~causal, -torch.inf).softmax(-1)
    return weights @ v, weights


def without_skip(x, norm, part):
    return part(norm(x))  # and no x +


def sabotaged(fault: str, vocabulary: int, dim: int = 64) -> MiniGPT:
    """A small GPT with one fault, drawn from torch's seed as the whole one is."""
    model = MiniGPT(Config(vocabulary, dim, 4, 2, positions="none" if fault == "positions" else "rope"))
    for block in model.blocks:
        if fault == "mask":
            block.attention.attend = mask_after_softmax
        if fault == "sqrt":
            block.attention.attend = without_root
        if fault == "skip":
            block.around = without_skip
    return model


def unplaced(attention: MultiHeadAttention):
    """Turn every word as if it were the first: what a cache does that forgets how many words it holds."""
    return lambda x, start: MultiHeadAttention.rotate(attention, x, 0)


def loss(model: MiniGPT, batch: tuple[Tensor, Tensor], shifted: bool = True) -> Tensor:
    inputs, targets = batch  # (B, T)
    return F.cross_entropy(model(inputs).flatten(0, 1), (targets if shifted else inputs).flatten())


@torch.no_grad()
def word_by_word(model: MiniGPT, batch: tuple[Tensor, Tensor]) -> float:
    """The mean loss at PLACES, each word predicted from the words before it alone, as in writing without a cache."""
    inputs, targets = batch
    scores = torch.stack([model(inputs[:, : t + 1])[:, -1] for t in PLACES], dim=1)  # (B, places, V)
    return F.cross_entropy(scores.flatten(0, 1), targets[:, PLACES].flatten()).item()


@torch.no_grad()
def through_cache(model: MiniGPT, batch: tuple[Tensor, Tensor], placed: bool = True) -> float:
    """The same through a cache, a word at a time; placed: each word is turned by its own place, not by the first."""
    inputs, targets = batch
    if not placed:
        for block in model.blocks:
            block.attention.rotate = unplaced(block.attention)
    caches = model.new_caches()
    scores = torch.cat([model(inputs[:, t : t + 1], caches) for t in range(inputs.shape[1])], dim=1)  # (B, T, V)
    if not placed:
        for block in model.blocks:
            del block.attention.rotate
    return F.cross_entropy(scores[:, PLACES].flatten(0, 1), targets[:, PLACES].flatten()).item()


@cache
def _curves(fault: str, seed: int, rate: float, part: str, steps: int, length: int, texts: int) -> Record:
    torch.manual_seed(seed)
    model, unseen = sabotaged(fault, len(TASK.vocabulary)), TASK.batch(32, length, 10**6, part)

    def evaluate(model: MiniGPT) -> dict[str, float]:
        found = {"used": word_by_word(model, unseen)}
        return found | ({"cache": through_cache(model, unseen, placed=False)} if fault == "whole" else {})

    history = train(
        model, lambda step: TASK.batch(texts, length, 10**5 * (seed + 1) + step),
        lambda model, batch: loss(model, batch, fault != "targets"), steps, rate, every=10, evaluate=evaluate,
        progress=False,
    )  # fmt: skip
    tens = [history[i : i + 10] for i in range(0, steps, 10)]
    curves: Record = {"train": [sum(record["loss"] for record in ten) / len(ten) for ten in tens]}
    return curves | {key: [ten[-1][key] for ten in tens] for key in ("used", "cache") if key in history[-1]}


def run(arm: str, seed: int, rate: float, part: str, steps: int, length: int, texts: int) -> Record:
    """arm: "whole" or a fault. A cache without positions is a fault of use: its model is the whole one."""
    curves = _curves("whole" if arm == "cache" else arm, seed, rate, part, steps, length, texts)
    used = curves["cache" if arm == "cache" else "used"]
    rounded = {"train": curves["train"], "used": used}
    return {"loss": used[-1]} | {key: [round(x, 3) for x in values] for key, values in rounded.items()}


EXPERIMENTS = [
    Experiment(
        "sabotage", run, ("whole", "mask", "sqrt", "positions", "skip", "cache", "targets"), "loss",
        {"ro": "Șase greșeli puse dinadins într-un GPT mic: pierderea la antrenare și la citirea cuvânt cu cuvânt.",
         "en": "Six faults put into a small GPT on purpose: the loss in training, and when it reads word by word."},
        rates=(1.2e-2,), compared=(), seeds=(0, 1, 2, 3, 4), validation=(), larger=False,
        settings={"steps": 400, "length": 48, "texts": 8},
    ),
]  # fmt: skip
