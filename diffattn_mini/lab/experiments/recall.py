"""Delayed recall: recurrent networks and attention on equal terms, and the gradient that comes back from the start."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...attention.multi_head import MultiHeadAttention
from ..tasks import DelayedRecall
from ..training import train
from .plan import Experiment, Record

RECURRENT = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
STATES = {"rnn": 98, "gru": 48, "lstm": 39}  # numbers; cell and head then have about 16,800 parameters
PARTS = {"test": 0, "validation": 1}


class Reader(nn.Module):
    """Tokens in, the scores of what was to be remembered out, read at the last token: (B, T) -> (B, n_symbols).

    Every kind reads the same vectors, the token's added to its place's, both learned; has the same head; starts from
    torch's own initialisation; and has no residual connection. kind: "rnn", "gru", "lstm", or "standard", one layer of
    ordinary attention with four heads. width: of the vectors. state: numbers in a recurrent state, by default those of
    STATES. forget: added to the bias of an LSTM's forget gate, so that it starts more open; refused for the others.
    """

    def __init__(
        self, task: DelayedRecall, kind: str, width: int = 64, state: int | None = None, forget: float = 0.0
    ) -> None:
        if forget and kind != "lstm":
            raise ValueError(f"forget={forget} is for an LSTM alone, not for kind={kind!r}; leave it out")
        super().__init__()
        self.embedding = nn.Embedding(task.vocabulary, width)
        self.places = nn.Embedding(task.delay + 2, width)
        if kind == "standard":
            state = width
            self.body: nn.Module = MultiHeadAttention(width, 4)
        else:
            state = state or STATES[kind]
            self.body = RECURRENT[kind](width, state, batch_first=True)
        self.head = nn.Linear(state, task.n_symbols)
        if forget:
            with torch.no_grad():
                self.body.bias_ih_l0[state : 2 * state] += forget  # torch keeps the gates as i, f, g, o

    def forward(self, tokens: Tensor, embedded: Tensor | None = None) -> Tensor:
        x = self.embedding(tokens) if embedded is None else embedded
        y = self.body(x + self.places.weight[: x.shape[1]])
        return self.head((y[0] if isinstance(self.body, nn.RNNBase) else y)[:, -1])


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


def learn(model: Reader, task: DelayedRecall, seed: int, rate: float, steps: int, part: str = "test") -> float:
    """Train, and say how often the answer on 512 new texts is right.

    part: "validation" or "test": both the texts of the training and the new ones are other draws.
    """
    start = 2 * 10**6 * PARTS[part]

    def batch(step: int) -> tuple:
        return task.batch(32, start + 10**4 * (seed + 1) + step)

    train(model, batch, lambda m, batch: F.cross_entropy(m(batch[0]), batch[1]), steps, rate, progress=False)
    tokens, answers = task.batch(512, seed=start + 10**6 + 1)
    with torch.no_grad():
        return (model(tokens).argmax(-1) == answers).float().mean().item()


def run(arm: str, seed: int, rate: float, part: str, steps: int, delays: list[int]) -> Record:
    """One network a distance. "accuracy" is the mean of their shares of right answers."""
    kind, _, forget = arm.partition(", forget=")
    result: Record = {}
    for delay in delays:
        torch.manual_seed(seed)
        task = DelayedRecall(delay, n_noise=0)
        model = Reader(task, kind, forget=float(forget or 0))
        result[f"gradient_{delay}"] = gradient_path(model, task)
        result[f"accuracy_{delay}"] = learn(model, task, seed, rate, steps, part)
    result["accuracy"] = sum(result[f"accuracy_{delay}"] for delay in delays) / len(delays)
    return result | {"parameters": sum(p.numel() for p in model.parameters())}


def run_forget(arm: str, seed: int, rate: float, part: str, steps: int, delays: list[int]) -> Record:
    """An LSTM whose forget gate starts open by arm, "forget=3"."""
    return run(f"lstm, {arm}", seed, rate, part, steps, delays)


# recall. Question: does a recurrent network, of the same size, reading the same vectors and trained on the same texts,
# keep the first symbol as a layer of attention does? Primary metric: accuracy, the mean over the distances, by which
# the rate is chosen too. A run succeeds where it is 0.9 or more, which means that the symbol is known at every
# distance. Ten seeds; successes against those of attention, Fisher's exact test, Holm over the three. The shares at
# each distance are shown, one dot a run, without verdicts.
#
# recall-forget. Question: is a forget gate that starts open enough for the LSTM to keep it? The same rule; the
# control is the ordinary start, a bias of 0 beside the random one. The same vectors, texts, size, steps and rates.
ALL_OR_NOTHING = {"test": "count", "success": 0.9, "rates": (3e-3, 1e-2, 3e-2, 1e-1)}

EXPERIMENTS = [
    Experiment(
        "recall", run, ("standard", "rnn", "gru", "lstm"), "accuracy",
        {"ro": "Primul simbol, spus după alte 10, 25 sau 50: rețele recurente și atenție, la condiții egale.",
         "en": "The first symbol, said after 10, 25 or 50 others: recurrent networks and attention on equal terms."},
        **ALL_OR_NOTHING, settings={"steps": 300, "delays": [10, 25, 50]},
    ),
    Experiment(
        "recall-forget", run_forget, ("forget=0", "forget=1", "forget=3", "forget=5"), "accuracy",
        {"ro": "Primul simbol, spus după alte 25 sau 50 de un LSTM cu poarta uitării pornită mai deschis.",
         "en": "The first symbol, said after 25 or 50 others by an LSTM whose forget gate starts more open."},
        **ALL_OR_NOTHING, settings={"steps": 300, "delays": [25, 50]},
    ),
]  # fmt: skip
