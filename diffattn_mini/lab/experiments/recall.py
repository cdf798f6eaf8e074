"""Delayed recall: recurrent networks and attention, and how much of the gradient comes back from the first token."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...attention.family import make_attention
from ...models.transformer import initialise
from ..tasks import DelayedRecall
from ..training import train
from .plan import Experiment, Record


class Reader(nn.Module):
    """Tokens in, the scores of what was to be remembered out, read at the last token: (B, T) -> (B, n_symbols).

    kind: "rnn", "gru", "lstm", or a kind of attention (one layer, with positions from rotation). forget: added to the
    offset of an LSTM's forget gate, so that it starts more open; refused for the others.
    """

    def __init__(self, task: DelayedRecall, kind: str, dim: int = 64, forget: float = 0.0) -> None:
        if forget and kind != "lstm":
            raise ValueError(f"forget={forget} is for an LSTM alone, not for kind={kind!r}; leave it out")
        super().__init__()
        self.embedding = nn.Embedding(task.vocabulary, dim)
        recurrent = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}.get(kind)
        self.body = recurrent(dim, dim, batch_first=True) if recurrent else make_attention(kind, dim, 4, rope=True)
        self.head = nn.Linear(dim, task.n_symbols)
        if not recurrent:
            initialise(self)
        elif forget:
            with torch.no_grad():
                self.body.bias_ih_l0[dim : 2 * dim] += forget  # torch keeps the gates as i, f, g, o

    def forward(self, tokens: Tensor, embedded: Tensor | None = None) -> Tensor:
        x = self.embedding(tokens) if embedded is None else embedded
        if isinstance(self.body, nn.RNNBase):
            return self.head(self.body(x)[0][:, -1])
        return self.head((x + self.body(x))[:, -1])


def gradient_path(model: Reader, task: DelayedRecall) -> float:
    """How long the gradient of the sum of squared scores is at the first token's vector, over that at the last.

    The lengths are taken in float64: the squares of a float32 gradient that has come a long way are below float32's
    smallest number, though the gradient is not.
    """
    tokens, _ = task.batch(32, seed=10**6)
    x = model.embedding(tokens).detach().requires_grad_()
    model(tokens, x).square().sum().backward()
    sizes = x.grad.double().norm(dim=-1).mean(0)  # (T,)
    return (sizes[0] / sizes[-1]).item()


def learn(model: Reader, task: DelayedRecall, seed: int, rate: float, steps: int) -> float:
    """Train, and say how often the answer on 512 new texts is right."""

    def batch(step: int) -> tuple:
        return task.batch(32, 10**4 * (seed + 1) + step)

    train(model, batch, lambda m, batch: F.cross_entropy(m(batch[0]), batch[1]), steps, rate, progress=False)
    tokens, answers = task.batch(512, seed=10**6 + 1)
    with torch.no_grad():
        return (model(tokens).argmax(-1) == answers).float().mean().item()


def run(arm: str, seed: int, rate: float, part: str, steps: int, delays: list[int]) -> Record:
    result: Record = {}
    for delay in delays:
        torch.manual_seed(seed)
        task = DelayedRecall(delay)
        model = Reader(task, arm)
        result[f"gradient_{delay}"] = gradient_path(model, task)
        result[f"accuracy_{delay}"] = learn(model, task, seed, rate, steps)
    return result | {"parameters": sum(p.numel() for p in model.parameters())}


def run_forget(
    arm: str, seed: int, rate: float, part: str, steps: int, more: int, delays: list[int]
) -> Record:
    """An LSTM whose forget gate starts open by arm, "forget=3", trained for few steps and, from the start, for more."""
    result: Record = {}
    for delay in delays:
        for n, name in ((steps, f"accuracy_{delay}"), (more, f"accuracy_{delay}_more")):
            torch.manual_seed(seed)
            task = DelayedRecall(delay)
            model = Reader(task, "lstm", forget=float(arm.removeprefix("forget=")))
            result[f"gradient_{delay}"] = gradient_path(model, task)
            result[name] = learn(model, task, seed, rate, n)
    return result | {"parameters": sum(p.numel() for p in model.parameters())}


# All or nothing: a network knows the token or it guesses. Five seeds, and rates chosen on the seeds that are shown.
BEFORE = {"seeds": (0, 1, 2, 3, 4), "validation": (), "test": "count", "success": 0.9}

EXPERIMENTS = [
    Experiment(
        "recall", run, ("rnn", "gru", "lstm", "standard", "normed", "diff", "diff2"), "accuracy_50",
        {"ro": "Primul semn, spus după 10 până la 100 de altele: rețele recurente și atenție, cu drumul gradientului.",
         "en": "The first token, said after 10 to 100 others: recurrent networks, attention, the gradient's path."},
        rates=(1e-3, 3e-3, 1e-2, 3e-2, 1e-1), **BEFORE, compared=("gru", "lstm", "standard"),
        settings={"steps": 300, "delays": [10, 25, 50, 100]},
    ),
    Experiment(
        "recall-forget", run_forget, ("forget=0", "forget=1", "forget=3", "forget=5"), "accuracy_50",
        {"ro": "Primul semn, spus de un LSTM cu poarta uitării pornită mai deschis, în 300 și în 1000 de pași.",
         "en": "The first token, said by an LSTM whose forget gate starts more open, in 300 steps and in 1000."},
        rates=(1e-3, 3e-3, 1e-2, 3e-2), **BEFORE,
        settings={"steps": 300, "more": 1000, "delays": [25, 50, 100]},
    ),
]  # fmt: skip
