"""A needle among more distractors than in training: an independent group's question, from scratch and small.

Source: github.com/mrtanke/adaptive-differential-attention, experiment 2 (2026). There: 6 layers of width 256, taken on
from a language model, 4 to 30 distractors in training, asked at up to 480.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...models.transformer import Config, MiniGPT
from ..training import train
from .plan import Experiment, Record

NEEDLE, DISTRACTOR, QUERY, ANSWER, END = range(5)
KEYS = VALUES = 32
FIRST_KEY, FIRST_VALUE = 5, 5 + KEYS


def facts(n: int, distractors: int, seed: int) -> tuple[Tensor, Tensor]:
    """n texts of so many distractors and one needle, anywhere among them, then the question; and the values asked for.

    A fact is [type, key, value, end], the question [query, key of the needle, answer]. No distractor has the needle's
    key. Returns integers (n, 4 * (distractors + 1) + 3) and (n,).
    """
    draw = torch.Generator().manual_seed(seed)
    key = torch.randint(KEYS, (n, 1), generator=draw)
    others = (key + torch.randint(1, KEYS, (n, distractors + 1), generator=draw)) % KEYS
    values = torch.randint(VALUES, (n, distractors + 1), generator=draw)
    place = torch.randint(distractors + 1, (n, 1), generator=draw)
    keys = others.scatter(1, place, key)
    kinds = torch.full_like(keys, DISTRACTOR).scatter(1, place, NEEDLE)
    text = torch.stack([kinds, FIRST_KEY + keys, FIRST_VALUE + values, torch.full_like(keys, END)], dim=2).flatten(1)
    question = torch.cat([torch.full_like(key, QUERY), FIRST_KEY + key, torch.full_like(key, ANSWER)], dim=1)
    return torch.cat([text, question], dim=1), values.gather(1, place)[:, 0]


def loss(model: MiniGPT, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Of the answer alone."""
    return F.cross_entropy(model(batch[0])[:, -1, FIRST_VALUE:], batch[1])


def run(
    arm: str, seed: int, rate: float, part: str, steps: int, batch: int, most: int, lengths: list[int], texts: int,
    **sizes: int,
) -> Record:  # fmt: skip
    torch.manual_seed(seed)
    model = MiniGPT(Config(FIRST_VALUE + VALUES, attention=arm, **sizes))

    def batches(step: int) -> tuple[Tensor, Tensor]:
        return facts(batch, 1 + step % most, 10**4 * (seed + 1) + step)

    history = train(model, batches, loss, steps, rate, progress=False)
    result = {"parameters": sum(p.numel() for p in model.parameters()), "loss": history[-1]["loss"]}
    with torch.no_grad():
        for n in lengths:
            text, answers = facts(texts, n, 10**8 + 1000 * n + (1 if part == "test" else 2))
            right = model(text)[:, -1, FIRST_VALUE:].argmax(-1) == answers
            result[f"accuracy_{n}"] = right.float().mean().item()
    return result


EXPERIMENTS = [
    Experiment(
        "needle-beyond", run, ("standard", "normed", "diff"), "accuracy_32",
        {"ro": "Un ac printre mai multe fapte de prisos decât la antrenare: antrenat cu cel mult 8, probat cu 32.",
         "en": "A needle among more distractors than in training: trained on 8 at most, tested on 32."},
        rates=(3e-3, 6e-3, 1.2e-2),
        settings={"steps": 300, "batch": 32, "most": 8, "lengths": [4, 8, 12, 16, 24, 32, 48], "texts": 512,
                  "dim": 64, "n_heads": 4, "n_layers": 2},
    )
]  # fmt: skip
