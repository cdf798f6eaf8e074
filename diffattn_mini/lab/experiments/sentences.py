"""A small language model on sentences, beside counts of pairs of words: the loss, and mistakes in agreement."""

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ...models.transformer import Config, MiniGPT
from ..tasks import Sentences
from ..training import train
from .norms import loss
from .plan import Experiment, Record

Logs = Callable[[Tensor], Tensor]  # tokens (B, T) -> logarithms of the weights of each next one (B, T, vocabulary)


def bigram(lesson: list[tuple[Tensor, Tensor]], vocabulary: int, prior: float) -> Logs:
    """The next word from the last one alone: counted, and mixed with how often each word occurs at all.

    prior: what the words' frequencies weigh, in occurrences of the last word.
    """
    counts = torch.zeros(vocabulary, vocabulary)
    for inputs, targets in lesson:
        counts.index_put_((inputs.flatten(), targets.flatten()), torch.ones(inputs.numel()), accumulate=True)
    often = (counts.sum(0) + 1e-3) / (counts.sum(0) + 1e-3).sum()
    weights = (counts + prior * often) / (counts.sum(1, keepdim=True) + prior)
    return lambda tokens: weights.log()[tokens]


def mistakes(logs: Logs, task: Sentences, pairs: list[tuple[list[str], list[str]]]) -> float:
    """How often the sentence that does not agree is the more probable of its pair, in [0, 1]."""

    def total(words: list[str]) -> float:
        tokens = torch.tensor([task.vocabulary.encode(words)])
        return logs(tokens[:, :-1]).gather(-1, tokens[:, 1:, None]).sum().item()

    return sum(total(wrong) >= total(right) for right, wrong in pairs) / len(pairs)


@cache
def _lesson(language: str, seed: int, steps: int, length: int) -> list[tuple[Tensor, Tensor]]:
    task = Sentences(language)
    return [task.batch(32, length, 10**5 * (seed + 1) + step) for step in range(steps)]


@torch.no_grad()
def run(arm: str, seed: int, rate: float, part: str, language: str, steps: int, length: int, dim: int) -> Record:
    """arm: "bigram", with the best of three priors on the validation split, or a kind of attention."""
    torch.manual_seed(seed)
    task, lesson = Sentences(language), _lesson(language, seed, steps, length)
    tests = {split: task.batch(256, length, 10**6, split) for split in ("validation", "test")}
    result: Record = {"parameters": len(task.vocabulary) ** 2}

    def mean_loss(logs: Logs, split: str) -> float:
        inputs, targets = tests[split]
        return F.nll_loss(logs(inputs).flatten(0, 1), targets.flatten()).item()

    if arm == "bigram":
        choices = [bigram(lesson, len(task.vocabulary), prior) for prior in (1, 10, 30)]
        logs = min(choices, key=lambda choice: mean_loss(choice, "validation"))
    else:
        model = MiniGPT(Config(len(task.vocabulary), dim, n_heads=4, n_layers=2, attention=arm))
        with torch.enable_grad():
            train(model, lambda step: lesson[step], loss, steps, rate, progress=False)
        result["parameters"] = sum(p.numel() for p in model.parameters())
        logs = lambda tokens: model(tokens).log_softmax(-1)  # noqa: E731
    result["loss"] = mean_loss(logs, part)
    result["mistakes"] = mistakes(logs, task, task.agreement(500, 10**6 + 1, part))
    return result


EXPERIMENTS = [
    Experiment(
        f"sentences-{language}", run, ("bigram", "standard"), "loss", describe,
        rates=(3e-3, 6e-3, 1.2e-2, 2.4e-2), larger=False,
        settings={"language": language, "steps": 400, "length": 48, "dim": 64},
    )
    for language, describe in (
        ("ro", {"ro": "Un model lingvistic de două straturi pe fraze românești, lângă perechi de cuvinte numărate.",
                "en": "A language model of two layers on Romanian sentences, beside counting pairs of words."}),
        ("en", {"ro": "Un model lingvistic de două straturi pe fraze englezești, lângă perechi de cuvinte numărate.",
                "en": "A language model of two layers on English sentences, beside counting pairs of words."}),
    )
]  # fmt: skip
