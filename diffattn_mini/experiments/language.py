"""A character model: what the difference does to the loss, to the heads, and to models of few bits."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..measures import head_likeness
from ..tasks import CharacterText
from ..training import train
from ..transformer import Config, MiniGPT
from .sweep import Experiment, Record

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
def loss_on_new_text(model: MiniGPT, length: int, texts: int = 128) -> float:
    inputs, targets = TEXT.batch(texts, length, seed=10**6, part="test")
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


def run(arm: str, seed: int, rate: float, steps: int, length: int, dim: int, n_heads: int, n_layers: int) -> Record:
    torch.manual_seed(seed)
    model = MiniGPT(Config(TEXT.vocabulary, dim, n_heads, n_layers, attention=arm))

    def loss(model: MiniGPT, batch: tuple) -> Tensor:
        return F.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten())

    train(model, lambda step: TEXT.batch(16, length, 10**4 * (seed + 1) + step), loss, steps, rate, progress=False)
    tokens, _ = TEXT.batch(16, length, seed=10**6 + 1, part="test")
    return {"parameters": sum(p.numel() for p in model.parameters()), "loss": loss_on_new_text(model, length),
            "head_likeness": likeness_of_heads(model, tokens), **largest_values(model, tokens)}  # fmt: skip


EXPERIMENTS = [
    Experiment(
        "characters", run, ("standard", "normed", "diff", "diff2"), "loss",
        {"ro": "Un model de caractere cu două straturi, pe documentația limbajului Python: pierderea pe text nevăzut.",
         "en": "A character model of two layers on the Python documentation: the loss on text it has not seen."},
        rates=(3e-3, 6e-3), larger=False,
        settings={"steps": 400, "length": 128, "dim": 64, "n_heads": 4, "n_layers": 2},
    )
]  # fmt: skip
