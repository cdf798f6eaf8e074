"""Ten mistakes of public code, each trained on sentences: an illustration."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...models.transformer import initialise
from ..mistakes import MISTAKES, DiffGPT, DiffLayer, ask, rings
from ..tasks import Sentences
from ..training import train
from .plan import Experiment, Record

TASK = Sentences("en")


@cache
def _lesson(seed: int, steps: int, length: int) -> list[tuple[Tensor, Tensor]]:
    return [TASK.batch(16, length, 10**5 * (seed + 1) + step) for step in range(steps)]


def loss(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    return F.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten())


def build(kind: type[DiffLayer], seed: int, dim: int, n_layers: int) -> DiffGPT:
    """A fresh model, its weights drawn as those of MiniGPT."""
    torch.manual_seed(seed)
    model = DiffGPT(len(TASK.vocabulary), dim, 2, n_layers, round(8 * dim / 3), kind)
    initialise(model)
    return model


@torch.no_grad()
def lambdas_of(model: DiffGPT) -> list[float]:
    return [block.attention.lam().mean().item() for block in model.blocks]


@torch.no_grad()
def word_by_word(model: nn.Module, batch: tuple[Tensor, Tensor]) -> float:
    """The loss where the future is really missing: each word from the words before it, and nothing else in the text."""
    inputs, targets = batch
    losses = [F.cross_entropy(model(inputs[:, : t + 1])[:, -1], targets[:, t]) for t in range(inputs.shape[1])]
    return torch.stack(losses).mean().item()


def trained(model: nn.Module, seed: int, rate: float, steps: int, length: int) -> tuple[list[float], int]:
    """The loss of every tenth step, and how many steps there were before it was no number."""
    lesson = _lesson(seed, steps, length)
    try:
        history = train(model, lambda step: lesson[step], loss, steps, rate, progress=False)
    except FloatingPointError:
        return [], 0
    return [round(record["loss"], 3) for record in history[9::10]], len(history)


def run_mistake(
    arm: str, seed: int, rate: float, part: str, steps: int, length: int, dim: int, n_layers: int
) -> Record:
    """What a fresh layer answers, and what becomes of a model of such layers. The arm is "right" or a mistake."""
    kind = {"right": DiffLayer, **MISTAKES}[arm]
    answers = ask(kind, seed=seed)
    model = build(kind, seed, dim, n_layers)
    before = lambdas_of(model)
    history, done = trained(model, seed, rate, steps, length)
    result = {"parameters": sum(p.numel() for p in model.parameters()), "answers": answers, "history": history,
              "signs": sum(rings(name, x) for name, x in answers.items()), "steps_done": done,
              "lambdas_at_start": before, "lambdas_at_end": lambdas_of(model)}  # fmt: skip
    if done:
        unseen = TASK.batch(128, length, 10**6, part)
        with torch.no_grad():
            result["loss"] = loss(model, unseen).item()
        result["loss_word_by_word"] = word_by_word(model, TASK.batch(64, length, 10**6, part))
    return result


SETTINGS = {"steps": 200, "length": 24, "dim": 64, "n_layers": 2}

EXPERIMENTS = [
    Experiment(
        "mistakes", run_mistake, ("right", *MISTAKES), "signs",
        {"ro": "Zece greșeli din cod public, câte cinci antrenări, ca ilustrație: câte dintre cele nouă întrebări puse "
               "stratului o dau de gol pe fiecare?",
         "en": "Ten mistakes from public code, five trainings each, an illustration: how many of the nine questions "
               "put to a layer give each away?"},
        rates=(1e-2,), seeds=(0, 1, 2, 3, 4), validation=(), compared=(), settings=SETTINGS,
    ),
]  # fmt: skip
