"""The Fragile Principle, asked of digits: does subtracting make a model easier to deceive, and do the maps' gradients
oppose each other?"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...attention.diff_layers import DiffAttention
from ...models.transformer import Config, VisionTransformer
from ..attacks import fgsm, pgd, separate_paths, slope
from ..tasks import Digits
from ..training import train
from .plan import Experiment, Record

TASK = Digits(canvas=8, n_pieces=0)


def fitted(arm: str, seed: int, rate: float, steps: int, dim: int, n_heads: int, n_layers: int) -> VisionTransformer:
    """A vision transformer for clean digits of 8 by 8, trained on fifty batches that come round again."""
    torch.manual_seed(seed)
    model = VisionTransformer(Config(10, dim, n_heads, n_layers, attention=arm), TASK.canvas, patch=2)
    pictures, labels = TASK.batch(64 * 50, seed=seed)

    def batch(step: int) -> tuple[Tensor, Tensor]:
        part = slice(64 * (step % 50), 64 * (step % 50 + 1))
        return pictures[part], labels[part]

    train(model, batch, lambda model, batch: F.cross_entropy(model(batch[0]), batch[1]), steps, rate, progress=False)
    return model


@torch.no_grad()
def accuracy(model: VisionTransformer, pictures: Tensor, labels: Tensor) -> float:
    return (model(pictures).argmax(-1) == labels).float().mean().item()


def opposition(model: VisionTransformer, pictures: Tensor, labels: Tensor) -> Record:
    """Of every differential layer: the cosine of the two maps' gradients by the layer's input, one a picture.

    g1 is the gradient that comes through the first map, g2 that through the second without its -lambda; each is taken
    over all tokens of a picture. "cosines": the mean; "opposed": the share of pictures with a cosine below 0;
    "amplified": the mean of |g1 - lambda g2|^2 over |g1|^2 + |lambda g2|^2, above 1 where the two oppose each other.
    """
    with separate_paths(model) as paths:
        F.cross_entropy(model(pictures), labels, reduction="sum").backward()
    result: Record = {"cosines": [], "opposed": [], "amplified": []}
    for block, path in zip(model.blocks, paths, strict=True):
        first, second = (path[name].grad.flatten(1).double() for name in ("map 1", "map 2"))
        # the second has -lambda in it, which in version 1 may be of either sign and in version 2 is negative
        sign = block.attention.lam.sign().item() if isinstance(block.attention, DiffAttention) else 1.0
        cosines = -sign * F.cosine_similarity(first, second)
        both = (first + second).square().sum(1) / (first.square().sum(1) + second.square().sum(1))
        for name, value in (("cosines", cosines), ("opposed", (cosines < 0).double()), ("amplified", both)):
            result[name].append(value.mean().item())
    return result


def run(
    arm: str, seed: int, rate: float, part: str, steps: int, dim: int, n_heads: int, n_layers: int,
    strengths: list[float], attack_steps: int, tests: int,
) -> Record:  # fmt: skip
    model = fitted(arm, seed, rate, steps, dim, n_heads, n_layers)
    pictures, labels = TASK.batch(tests, seed=10**6, part=part)
    result: Record = {"parameters": sum(p.numel() for p in model.parameters()),
                      "clean": accuracy(model, pictures, labels),
                      "slope": slope(model, pictures, labels).flatten(1).norm(dim=1).mean().item()}  # fmt: skip
    for strength in strengths:
        moved = {"fgsm": fgsm(model, pictures, labels, strength),
                 "pgd": pgd(model, pictures, labels, strength, attack_steps)}  # fmt: skip
        result |= {f"{name}_{strength:g}": accuracy(model, x, labels) for name, x in moved.items()}
    if arm.startswith("diff"):
        result |= opposition(model, pictures, labels)
        result["lambdas"] = [layer.attention.lam.item() for layer in model.blocks] if arm == "diff" else []
    return result


def digits(n_layers: int, arms: tuple[str, ...]) -> Experiment:
    depth_ro = "un strat" if n_layers == 1 else f"{n_layers} straturi"
    depth_en = "one layer" if n_layers == 1 else f"{n_layers} layers"
    return Experiment(
        f"robustness-{n_layers}", run, arms, "pgd_0.05",
        {"ro": f"Cifre curate, apoi schimbate de un adversar cu cel mult 0,05 pe pixel (PGD): câte mai recunoaște un "
               f"model cu {depth_ro}?",
         "en": f"Clean digits, then changed by an adversary by at most 0.05 a pixel (PGD): how many does a model of "
               f"{depth_en} still recognise?"},
        rates=(6e-3, 1.2e-2, 2.4e-2, 4.8e-2),
        settings={"steps": 300, "dim": 32, "n_heads": 4, "n_layers": n_layers,
                  "strengths": [0.0125, 0.025, 0.05, 0.1, 0.2], "attack_steps": 10, "tests": 500},
    )  # fmt: skip


EXPERIMENTS = [
    digits(1, ("standard", "diff")),
    digits(2, ("standard", "normed", "diff", "diff2")),
    digits(3, ("standard", "diff")),
    digits(4, ("standard", "diff")),
]
