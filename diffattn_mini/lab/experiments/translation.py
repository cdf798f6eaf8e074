"""Translation by length: one vector between two networks, additive attention, and a Transformer."""

from dataclasses import replace
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...models.generation import translate
from ...models.recurrent import Seq2Seq
from ...models.transformer import Config, EncoderDecoder
from ..tasks import Translation
from ..tasks.translation import TranslationBatch
from ..training import train
from .plan import Experiment, Record


def make_translator(arm: str, task: Translation, dim: int) -> nn.Module:
    """ "gru", "gru+attention", or a Transformer of two layers with the attention of that name."""
    source, target = len(task.source_vocabulary), len(task.target_vocabulary)
    if arm.startswith("gru"):
        return Seq2Seq(source, target, dim, attention=arm == "gru+attention")
    return EncoderDecoder(Config(target, dim, n_heads=4, n_layers=2, attention=arm), source)


def loss(model: nn.Module, batch: TranslationBatch) -> Tensor:
    """Of the next word, the mean over the words of the batch; padding does not count."""
    scores = model(batch.source, batch.target[:, :-1], batch.source_lengths)
    return F.cross_entropy(scores.flatten(0, 1), batch.target[:, 1:].flatten(), ignore_index=0)


def quality(model: nn.Module, task: Translation, batch: TranslationBatch, width: int = 1) -> tuple[float, float]:
    """How close what the model writes is to the one translation that is right.

    chrF, in [0, 100] (Popovic, W15-3049), and the share of sentences that come out word for word, in [0, 1].
    """
    import sacrebleu

    limit = batch.target.shape[1] + 5
    start, end = (int(batch.target[0, 0]), int(batch.target[0, batch.target_lengths[0] - 1]))
    said = translate(model, batch.source, batch.source_lengths, start, end, limit, width)
    said = [" ".join(task.target_vocabulary.decode(tokens)) for tokens, _ in said]
    right = [" ".join(pair.target) for pair in batch.pairs]
    exact = sum(ours == theirs for ours, theirs in zip(said, right, strict=True)) / len(right)
    return sacrebleu.corpus_chrf(said, [right]).score, exact


@cache
def _lesson(seed: int, steps: int, longest: int, size: int) -> list[TranslationBatch]:
    """The batches of a training, the same for every arm: step by step sentences of 1, 2, ... clauses."""
    tasks = [Translation(clauses) for clauses in range(1, longest + 1)]
    return [tasks[step % longest].batch(size, 10**5 * (seed + 1) + step) for step in range(steps)]


def run(
    arm: str, seed: int, rate: float, part: str, steps: int, dims: dict[str, int], longest: int, lengths: list[int],
    tests: int,
) -> Record:  # fmt: skip
    torch.manual_seed(seed)
    task = Translation()
    model = make_translator(arm, task, dims[arm])
    lesson = _lesson(seed, steps, longest, 64)
    history = train(model, lambda step: lesson[step], loss, steps, rate, progress=False)
    result: Record = {"parameters": sum(p.numel() for p in model.parameters()), "loss": history[-1]["loss"]}
    for clauses in lengths:
        batch = replace(task, clauses=clauses).batch(tests, 10**7 + clauses, part)
        with torch.no_grad():
            result[f"loss_{clauses}"] = loss(model, batch).item()
        result[f"chrf_{clauses}"], result[f"exact_{clauses}"] = quality(model, task, batch)
    return result


# The widths give each arm as many parameters as the others, to 2 %. chrF decides and not the share of exact sentences,
# which is 0 for the single vector whatever its rate.
EXPERIMENTS = [
    Experiment(
        "translation", run, ("gru+attention", "gru", "standard"), "chrf_3",
        {"ro": "Traducere din engleză în română: învățată pe 1 până la 3 propoziții, probată pe 1 până la 4.",
         "en": "English to Romanian: learned on one to three clauses, tested on one to four."},
        rates=(4e-3, 8e-3, 1.6e-2, 3.2e-2, 6.4e-2),
        settings={"steps": 600, "dims": {"gru+attention": 61, "gru": 80, "standard": 56}, "longest": 3,
                  "lengths": [1, 2, 3, 4], "tests": 300},
    )
]  # fmt: skip
