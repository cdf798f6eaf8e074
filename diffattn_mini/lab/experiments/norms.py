"""Where the norm stands: before each part of a deep Transformer or after it, with a warm-up of the rate and without."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ...models.transformer import Config, MiniGPT
from ..measures import gradient_norms
from ..tasks import Sentences
from ..training import train
from .plan import Experiment, Record

TASK = Sentences("en")


@cache
def _lesson(seed: int, steps: int, length: int) -> list[tuple[Tensor, Tensor]]:
    return [TASK.batch(16, length, 10**5 * (seed + 1) + step) for step in range(steps)]


def loss(model: MiniGPT, batch: tuple[Tensor, Tensor]) -> Tensor:
    return F.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten())


def gradients_by_layer(model: MiniGPT, batch: tuple[Tensor, Tensor]) -> list[float]:
    """For each block, from the first to the last, the length of the gradient of all its parameters together."""
    loss(model, batch).backward()
    norms = gradient_norms(model)
    model.zero_grad(set_to_none=True)
    layers = range(len(model.blocks))
    return [sum(n**2 for name, n in norms.items() if name.startswith(f"blocks.{i}.")) ** 0.5 for i in layers]


def run(
    arm: str, seed: int, rate: float, part: str, steps: int, length: int, dim: int, n_layers: int
) -> Record:
    """arm: "pre" or "post", alone or with ", no warm-up"."""
    torch.manual_seed(seed)
    model = MiniGPT(Config(len(TASK.vocabulary), dim, 4, n_layers, pre_norm=arm.startswith("pre")))
    lesson = _lesson(seed, steps, length)
    at_start = gradients_by_layer(model, lesson[0])
    warmup = 0.0 if arm.endswith("no warm-up") else 0.1
    history = train(model, lambda step: lesson[step], loss, steps, rate, warmup=warmup, progress=False)
    with torch.no_grad():
        unseen = loss(model, TASK.batch(128, length, 10**6, part)).item()
    return {"parameters": sum(p.numel() for p in model.parameters()), "loss": unseen, "gradients": at_start,
            "history": [round(record["loss"], 3) for record in history[9::10]]}  # fmt: skip


EXPERIMENTS = [
    Experiment(
        "norms", run, ("pre", "post", "pre, no warm-up", "post, no warm-up"), "loss",
        {"ro": "Un Transformer de opt straturi cu norma înainte sau după fiecare parte: pierderea pe fraze nevăzute.",
         "en": "A Transformer of eight layers, the norm before each part or after it: the loss on unseen sentences."},
        rates=(1e-3, 3e-3, 1e-2, 3e-2, 1e-1), larger=False,
        settings={"steps": 300, "length": 32, "dim": 32, "n_layers": 8},
    ),
]  # fmt: skip
