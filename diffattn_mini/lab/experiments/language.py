"""A character model: what the difference does to the loss, to the heads, and to scores of few bits; and Dex."""

from copy import deepcopy
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ...attention.dex import add_dex
from ...models.transformer import Config, MiniGPT
from ..measures import coarse_scores, head_likeness, lambdas
from ..tasks import CharacterText
from ..training import train
from .plan import Experiment, Record

TEXT = CharacterText()


@torch.no_grad()
def likeness_of_heads(model: MiniGPT, tokens: Tensor) -> list[float]:
    """Layer by layer, the mean cosine between the maps of two different heads."""
    found: list[float] = []
    x = model.embedding(tokens)
    for block in model.blocks:
        _, weights = block.attention(block.norm1(x), return_weights=True)  # (B, h, T, T)
        found.append(head_likeness(weights).item())
        x = block(x)
    return found


@torch.no_grad()
def loss_on_new_text(model: MiniGPT, length: int, texts: int = 128, part: str = "test") -> float:
    inputs, targets = TEXT.batch(texts, length, seed=10**6, part=part)
    losses = [F.cross_entropy(model(x).flatten(0, 1), y.flatten())
              for x, y in zip(inputs.split(32), targets.split(32), strict=True)]  # fmt: skip
    return torch.stack(losses).mean().item()


@torch.no_grad()
def largest_values(model: MiniGPT, tokens: Tensor) -> Record:
    """The largest size of a hidden activation, and the median size."""
    x = model.embedding(tokens)
    sizes = []
    for block in model.blocks:
        x = block(x)
        sizes.append(x.abs().flatten())
    sizes = torch.cat(sizes)
    return {"largest_activation": sizes.max().item(), "median_activation": sizes.median().item()}


@torch.no_grad()
def scores_of_few_bits(model: MiniGPT, length: int, part: str, texts: int = 32) -> Record:
    """The largest score of any layer, and the loss on new text with scores as they are and of 8, 6, 4 and 3 bits."""
    inputs, targets = TEXT.batch(texts, length, seed=10**6 + 2, part=part)
    result: Record = {}
    for bits in (None, 8, 6, 4, 3):
        with coarse_scores(model, bits) as largest:
            result[f"loss_{bits or 32}_bits"] = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten()).item()
        if bits is None:
            result["largest_score"] = max(largest)
    return result


def loss(model: MiniGPT, batch: tuple[Tensor, Tensor]) -> Tensor:
    return F.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten())


def trained(
    arm: str, seed: int, rate: float, steps: int, length: int, dim: int, n_heads: int, n_layers: int
) -> tuple[MiniGPT, list[list[float]]]:
    """The model, and the lambdas of its layers every fifty steps."""
    torch.manual_seed(seed)
    model = MiniGPT(Config(TEXT.vocabulary, dim, n_heads, n_layers, attention=arm))
    few, _ = TEXT.batch(4, length, seed=10**6 + 3)
    history = train(model, lambda step: TEXT.batch(16, length, 10**4 * (seed + 1) + step), loss, steps, rate, every=50,
                    evaluate=lambda model: {"lambdas": lambdas(model, lambda: model(few))}, progress=False)
    return model, [record["lambdas"] for record in history if record.get("lambdas")]


def run(arm: str, seed: int, rate: float, part: str, length: int, **settings: int) -> Record:
    model, history = trained(arm, seed, rate, length=length, **settings)
    tokens, _ = TEXT.batch(16, length, seed=10**6 + 1, part=part)
    return {"parameters": sum(p.numel() for p in model.parameters()), "lambdas": history,
            "loss": loss_on_new_text(model, length, part=part), "head_likeness": likeness_of_heads(model, tokens),
            **largest_values(model, tokens), **scores_of_few_bits(model, length, part)}  # fmt: skip


_trained = cache(trained)


def run_dex(
    arm: str, seed: int, rate: float, part: str, more: int, length: int, base_rate: float, **settings: int
) -> Record:
    """A trained ordinary model, and what so many steps more make of it.

    arm: "keys, values, output" trains what Dex trains, without its map; "dex" with it; "none" stops where it was.
    """
    base, _ = _trained("standard", seed, base_rate, length=length, **settings)
    model = deepcopy(base)
    adapters = []
    tokens, _ = TEXT.batch(16, length, seed=10**6 + 1)
    if arm == "dex":
        adapters = add_dex(model, tokens, steps=more // 2)
    else:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.split(".")[-2] in ("k_proj", "v_proj", "o_proj"))

    def and_count(model: MiniGPT, batch: tuple[Tensor, Tensor]) -> Tensor:
        value = loss(model, batch)
        for adapter in adapters:
            adapter.advance()
        return value

    def batch(step: int) -> tuple[Tensor, Tensor]:
        return TEXT.batch(16, length, 10**4 * (seed + 1) + 5000 + step)

    torch.manual_seed(seed)
    if arm != "none":
        train(model, batch, and_count, more, rate, progress=False)
    return {"loss": loss_on_new_text(model, length, part=part), "before": loss_on_new_text(base, length, part=part),
            "parameters": sum(p.numel() for p in model.parameters()),
            "head_likeness": likeness_of_heads(model, tokens),
            "lambdas": [adapter.lam.item() for adapter in adapters]}  # fmt: skip


MODEL = {"steps": 400, "length": 128, "dim": 64, "n_heads": 4, "n_layers": 2}

EXPERIMENTS = [
    Experiment(
        "characters", run, ("standard", "normed", "diff", "diff2"), "loss",
        {"ro": "Un model de caractere cu două straturi, pe documentația limbajului Python: pierderea pe text nevăzut.",
         "en": "A character model of two layers on the Python documentation: the loss on text it has not seen."},
        rates=(6e-3, 1.2e-2, 2.4e-2), larger=False, margin=0.01, settings=MODEL,
    ),
    Experiment(
        "dex", run_dex, ("keys, values, output", "dex", "none"), "loss",
        {"ro": "Dex pe un model de caractere antrenat, lângă aceiași pași fără scădere: pierderea pe text nevăzut.",
         "en": "Dex on a trained character model, beside the same steps without subtracting: the loss on new text."},
        rates=(1e-3, 3e-3, 1e-2), larger=False, margin=0.005,
        settings=MODEL | {"more": 200, "base_rate": 6e-3},
    ),
]  # fmt: skip
