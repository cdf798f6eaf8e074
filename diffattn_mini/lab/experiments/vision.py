"""Digits with clutter in a small vision transformer."""

import torch
import torch.nn.functional as F

from ...models.transformer import Config, VisionTransformer
from ..measures import lambdas
from ..tasks import Digits
from ..training import train
from .plan import Experiment, Record


def run(
    arm: str, seed: int, rate: float, part: str, steps: int, dim: int, n_heads: int, n_layers: int
) -> Record:
    torch.manual_seed(seed)
    task = Digits()
    model = VisionTransformer(Config(10, dim, n_heads, n_layers, attention=arm), task.canvas, patch=2)
    pictures, labels = task.batch(64 * 100, seed=seed)  # a hundred batches, seen again and again

    def batch(step: int) -> tuple:
        part = slice(64 * (step % 100), 64 * (step % 100 + 1))
        return pictures[part], labels[part]

    history = train(model, batch, lambda model, batch: F.cross_entropy(model(batch[0]), batch[1]), steps, rate,
                    evaluate=lambda model: {"lambdas": lambdas(model, lambda: model(pictures[:64]))}, every=50,
                    progress=False)  # fmt: skip
    tests, answers = task.batch(1000, seed=10**6, part=part)
    with torch.no_grad():
        right = (model(tests).argmax(-1) == answers).float().mean().item()
    return {"parameters": sum(p.numel() for p in model.parameters()), "accuracy": right, "loss": history[-1]["loss"],
            "lambdas": [record["lambdas"] for record in history if record.get("lambdas")]}  # fmt: skip


EXPERIMENTS = [
    Experiment(
        "digits", run, ("standard", "normed", "diff", "diff2"), "accuracy",
        {"ro": "Cifre printre bucăți de cifre, cu un mic Transformer pentru imagini: cât nimerește pe cifre nevăzute.",
         "en": "Digits among pieces of digits, in a small vision transformer: how often it is right on new ones."},
        rates=(3e-3, 6e-3, 1.2e-2), margin=0.02,
        settings={"steps": 600, "dim": 32, "n_heads": 4, "n_layers": 2},
    )
]  # fmt: skip
