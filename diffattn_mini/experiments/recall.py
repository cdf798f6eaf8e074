"""Delayed recall: recurrent networks and attention, and how much of the gradient comes back from the first token."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..family import make_attention
from ..tasks import DelayedRecall
from ..training import train
from ..transformer import initialise
from .sweep import Experiment, Record


class Reader(nn.Module):
    """Tokens in, the scores of what was to be remembered out, read at the last token: (B, T) -> (B, n_symbols).

    kind: "rnn", "gru", "lstm", or a kind of attention (one layer, with positions from rotation).
    """

    def __init__(self, task: DelayedRecall, kind: str, dim: int = 64) -> None:
        super().__init__()
        self.embedding = nn.Embedding(task.vocabulary, dim)
        recurrent = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}.get(kind)
        self.body = recurrent(dim, dim, batch_first=True) if recurrent else make_attention(kind, dim, 4, rope=True)
        self.head = nn.Linear(dim, task.n_symbols)
        if not recurrent:
            initialise(self)

    def forward(self, tokens: Tensor, embedded: Tensor | None = None) -> Tensor:
        x = self.embedding(tokens) if embedded is None else embedded
        if isinstance(self.body, nn.RNNBase):
            return self.head(self.body(x)[0][:, -1])
        return self.head((x + self.body(x))[:, -1])


def gradient_path(model: Reader, task: DelayedRecall) -> float:
    """The gradient of the scores with respect to the first token's vector, over that of the last: its length."""
    tokens, _ = task.batch(32, seed=10**6)
    x = model.embedding(tokens).detach().requires_grad_()
    model(tokens, x).square().sum().backward()
    sizes = x.grad.norm(dim=-1).mean(0)  # (T,)
    return (sizes[0] / sizes[-1]).item()


def run(arm: str, seed: int, rate: float, steps: int, delays: list[int]) -> Record:
    result: Record = {}
    for delay in delays:
        torch.manual_seed(seed)
        task = DelayedRecall(delay)
        model = Reader(task, arm)
        result[f"gradient_{delay}"] = gradient_path(model, task)

        def batch(step: int, task: DelayedRecall = task) -> tuple:
            return task.batch(32, 10**4 * (seed + 1) + step)

        train(model, batch, lambda m, batch: F.cross_entropy(m(batch[0]), batch[1]), steps, rate, progress=False)
        tokens, answers = task.batch(512, seed=10**6 + 1)
        with torch.no_grad():
            result[f"accuracy_{delay}"] = (model(tokens).argmax(-1) == answers).float().mean().item()
    return result | {"parameters": sum(p.numel() for p in model.parameters())}


EXPERIMENTS = [
    Experiment(
        "recall", run, ("rnn", "gru", "lstm", "standard", "normed", "diff", "diff2"), "accuracy_50",
        {"ro": "Primul semn, spus după 10 până la 100 de altele: rețele recurente și atenție, cu drumul gradientului.",
         "en": "The first token, said after 10 to 100 others: recurrent networks, attention, the gradient's path."},
        rates=(1e-3, 3e-3), settings={"steps": 300, "delays": [10, 25, 50, 100]},
    )
]  # fmt: skip
