"""Several steps: a text of facts, and a chain of look-ups that the model writes down, each step asking for the next."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...models.transformer import Block, Config, initialise
from ..measures import lambdas
from ..tasks import Chains
from ..tasks.chains import Facts
from ..training import train
from .plan import Experiment, Record


class Walker(nn.Module):
    """Facts, then signs, in one causal text: blocks with RoPE, and a head that says the next sign.

    forward(keys, values, written): integers (B, N), (B, N), (B, T), the signs written so far -> (B, T, n_signs).
    """

    def __init__(self, task: Chains, attention: str, dim: int = 64, n_heads: int = 4, n_layers: int = 2) -> None:
        super().__init__()
        self.key, self.value = nn.Embedding(task.n_signs + task.n_fillers, dim), nn.Embedding(task.n_signs, dim)
        config = Config(task.n_signs, dim, n_heads, n_layers, attention=attention)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(1, n_layers + 1))
        self.norm, self.head = config.make_norm(), nn.Linear(dim, task.n_signs)
        initialise(self)
        for table in (self.key, self.value):
            nn.init.normal_(table.weight)

    def forward(self, keys: Tensor, values: Tensor, written: Tensor) -> Tensor:
        x = torch.cat([self.key(keys) + self.value(values), self.key(written)], dim=1)  # (B, N + T, D)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x[:, keys.shape[1] :]))


def loss(model: Walker, facts: Facts) -> Tensor:
    """Of every step of every walk, the steps before it given; the walks stand one after another."""
    scores = model(facts.keys, facts.values, facts.walks.flatten(1)).view(*facts.walks.shape, -1)
    return F.cross_entropy(scores[:, :, :-1].flatten(0, 2), facts.walks[:, :, 1:].flatten())


@torch.no_grad()
def walk(model: Walker, facts: Facts) -> list[float]:
    """The share of texts in which the first 1, 2, … steps are all right, each written after those before it."""
    goal = facts.walks[:, 0]  # (B, hops + 1)
    written = goal[:, :1]
    for _ in range(goal.shape[1] - 1):
        step = model(facts.keys, facts.values, written)[:, -1].argmax(-1)
        written = torch.cat([written, step[:, None]], dim=1)
    return (written == goal)[:, 1:].cummin(1).values.float().mean(0).tolist()


def run(
    arm: str, seed: int, rate: float, part: str, steps: int, trained: list[int], lengths: list[int], texts: int,
    **sizes: int,
) -> Record:  # fmt: skip
    torch.manual_seed(seed)
    tasks = [Chains(length) for length in trained]
    model = Walker(tasks[0], arm, **sizes)
    history = train(model, lambda step: tasks[step % len(tasks)].batch(32, 10**4 * (seed + 1) + step, walks=4), loss,
                    steps, rate, progress=False)  # fmt: skip
    few = tasks[0].batch(32, 10**6)
    result = {"parameters": sum(p.numel() for p in model.parameters()), "loss": history[-1]["loss"],
              "lambdas": lambdas(model, lambda: loss(model, few))}  # fmt: skip
    for length in lengths:
        right = walk(model, Chains(length).batch(texts, 10**6 + (1 if part == "test" else 2)))
        result |= {f"right_{length}_{hops}": share for hops, share in enumerate(right, 1)}
    return result


EXPERIMENTS = [
    Experiment(
        "chains", run, ("standard", "normed", "diff", "diff2"), "right_128_4",
        {"ro": "Patru căutări una după alta printre 128 de fapte, învățate pe cel mult 32: cât de des sunt toate bune?",
         "en": "Four look-ups one after another among 128 facts, learned on at most 32: how often are all right?"},
        rates=(3e-3, 6e-3, 1.2e-2, 2.4e-2), margin=0.02,
        settings={"steps": 300, "trained": [16, 24, 32], "lengths": [32, 64, 128, 256], "texts": 512, "dim": 64,
                  "n_heads": 4, "n_layers": 2},
    )
]  # fmt: skip
